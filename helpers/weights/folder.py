"""What stands in a model's folder? Found, here or on the hub, and read without torch."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from helpers.weights.home import KNOWN, is_complete, model_home


def find_folder(source):
    """The local folder of `source`, which holds a config and safetensors; from the model hub's cache or the hub."""
    if not isinstance(source, str | Path) or not str(source).strip():
        raise TypeError(f"load_model takes a folder or a model hub's id as text; got {source!r}.")
    folder = Path(os.path.expanduser(source))
    if source in KNOWN and not folder.is_dir():
        if not is_complete(folder := model_home() / source):
            raise ValueError(f"{source} is not here yet. Fetch it once:  python -m helpers fetch {source}")
        return folder
    if os.path.isfile(folder):
        why = "GGUF files are read for the fetched models only; give a" if folder.suffix == ".gguf" else "give the"
        raise ValueError(f"{folder} is a file; {why} folder that it is in, in the Hugging Face layout.")
    if not os.path.isdir(folder):  # pathlib's own would raise for a name that is too long
        from huggingface_hub import snapshot_download

        wanted = ["*.json", "model*.safetensors", "*.model", "*.txt"]
        try:
            folder = Path(snapshot_download(str(source), allow_patterns=wanted))
        except Exception as error:  # the hub's client raises its own and its transport's exceptions
            raise ValueError(
                f"{str(source)!r:.80} is no folder here and could not be had from the model hub "
                f"({type(error).__name__}). Check the name, or the network, or give a local folder."
            ) from error
    if not (folder / "config.json").is_file():
        raise ValueError(f"{folder} holds no config.json, so it is not a model in the Hugging Face layout.")
    for path in [*(weights := sorted(folder.glob("model*.safetensors"))), *sorted(folder.glob("*.json"))]:
        if instead := next((what for begin, what in NO_MODEL.items() if _begins(path).startswith(begin)), None):
            raise ValueError(f"{path} is {instead}.")
    if not weights:
        raise ValueError(
            f"{folder} holds no model in safetensors. Pickled weights can run code when opened and are never loaded; "
            "save the model with save_pretrained, which writes safetensors."
        )
    if (folder / "adapter_config.json").exists():
        raise ValueError(
            f"{folder} holds adapter_config.json beside a whole model: where peft is installed, the adapter would be "
            "added once more. If it is merged into the weights, move its two files away."
        )
    return folder


NO_MODEL = {
    (b"version https://git-lfs",): "a Git LFS pointer, not the file itself: run  git lfs pull  in its folder",
    (b"<!doctype html", b"<html"): "a saved web page, not the file itself: download it by the page's download button",
}


def _begins(path):
    with open(path, "rb") as file:
        return file.read(40).lstrip().lower()


def open_tokenizer(folder):
    """The tokenizer of a model's folder, set to cut and fill up nothing. ValueError where there is none to read."""
    from tokenizers import Tokenizer

    try:
        # AutoTokenizer would import transformers' model code: seconds, for the same tokenizer.
        if (folder / "tokenizer.json").is_file():
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        else:
            from transformers import AutoTokenizer

            how = dict(local_files_only=True, trust_remote_code=False)
            tokenizer = AutoTokenizer.from_pretrained(folder, **how).backend_tokenizer
    except BaseException as error:  # the library raises a bare Exception, and where it panics not even that
        if isinstance(error, KeyboardInterrupt):
            raise
        packages = {"sentencepiece": "sentencepiece", "tiktoken": "tiktoken", "google.protobuf": "protobuf"}
        lacking = [package for name, package in packages.items() if not _is_here(name)]
        needed = lacking and not (folder / "tokenizer.json").is_file()
        todo = f" Without a tokenizer.json it takes packages: pip install {' '.join(lacking)}" if needed else ""
        raise ValueError(f"{folder} holds no tokenizer that can be read ({reason(error)}).{todo}") from error
    tokenizer.no_truncation()  # a file may ask for both; the text would be cut or filled up without a word
    tokenizer.no_padding()
    return tokenizer


def mapped_tensor(path, name):
    """One float32 tensor of a safetensors file, memory-mapped: shared by every process that reads it."""
    header, start = safetensors_header(path)
    start += header[name]["data_offsets"][0]
    return np.memmap(path, "<f4", mode="r", offset=start, shape=tuple(header[name]["shape"])).view(np.ndarray)


def safetensors_header(path):
    """What a safetensors file says it holds, and where that begins (the format: huggingface.co/docs/safetensors)."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(min(length, path.stat().st_size))), 8 + length


def _is_here(module):
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def reason(error):
    """Why a library could not do something; in our words where its own give advice that does not help here."""
    said = str(error)
    if "trust_remote_code" in said:
        return "it needs code of its own, which is never run here"
    if "ignore_mismatched_sizes" in said:
        return "its weights have other shapes than its config says"
    return first_line(error)


def first_line(error):
    """The first line of an error's message that is not blank; where it has none, the error's kind."""
    return next(filter(str.strip, str(error).splitlines()), type(error).__name__)
