"""Is this machine ready? One row a question, a fix for each that fails; without any package it answers, too."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from helpers.start.terminal import FROM_THE_FOLDER, lacks, say

HERE = Path(__file__).resolve().parents[2]  # as helpers.data finds the project's folder, with numpy
FIX = f"Run  {FROM_THE_FOLDER}  in the project's folder."
if (HERE / "kit.json").exists():  # there may be no network
    FIX = "Delete the folder .venv and run  start.py  again."
MEMORY_NEEDED = 2e9  # the largest notebook's kernel 1.0 GB, the weights 0.5, JupyterLab and its page in a browser
DISK_NEEDED = 1e8  # for the reader's copies and what Jupyter keeps; a model that is yet to come needs more
PATIENCE = 60  # seconds for a kernel to start, on a slow machine with a virus scanner


class Row(NamedTuple):
    """A question; what was found, which differs from machine to machine; what is wrong or "", and what to do."""

    question: str
    found: str = ""
    wrong: str = ""
    fix: str = ""


def checks():
    """A list of Rows. Those that need the packages are left out where the packages are not as they should be."""
    rows = [_python(), _packages()]
    if not any(row.wrong for row in rows):
        from helpers.data import PROJECT

        if PROJECT is None:
            fix = f"Get it, and run  {FROM_THE_FOLDER}  in it."
            rows.append(Row("Is the project's folder here?", "", "the package was installed without it.", fix))
        rows += [_memory(), _disk(), _kernel(), *_model_and_canary()]
    return rows


def answer():
    """Say the rows in a terminal. The command's exit code: 1 where a row fails."""
    rows = checks()
    for row in rows:
        say(f"{'NO' if row.wrong else 'ok':3} {row.question} {row.wrong or row.found}")
        if row.wrong and row.fix:
            say(f"    {row.fix}")
    failed = sum(bool(row.wrong) for row in rows)
    say(f"Not ready: {failed} of {len(rows)} answers no." if failed else "Ready.")
    return int(failed > 0)


def ready():
    """The table as Markdown; every question with ok, or with what is wrong and what to do."""
    try:
        from helpers.figures import Words
    except ModuleNotFoundError:  # the row on the packages says so
        from IPython.display import Markdown as Words

    lines = [f"| {row.question} | {f'**no**: {row.wrong} {row.fix}' if row.wrong else 'ok'} |" for row in checks()]
    return Words("\n".join(["| question | answer |", "|---|---|", *lines]))


def _python():
    found = ".".join(map(str, sys.version_info[:3]))
    wrong = "" if sys.version_info >= (3, 11) else f"this is Python {found}."
    return Row("Is this Python 3.11 or newer?", found, wrong, "Make the environment with Python 3.11.")


def _packages():
    question = "Are the packages here, in versions that are known to work?"
    try:
        from packaging.requirements import Requirement
    except ModuleNotFoundError as missing:
        return Row(question, wrong=lacks(missing))
    try:
        lines = importlib.metadata.requires("directions-not-points") or []
    except importlib.metadata.PackageNotFoundError:
        wrong = "this kernel does not have the project."
        return Row(question, wrong=wrong, fix=f"{FIX} Or choose the kernel of its environment.")
    problems = []
    for wanted in map(Requirement, lines):
        asked, version = not wanted.marker or wanted.marker.evaluate({"extra": ""}), _version(wanted.name)
        if asked and (version is None or version not in wanted.specifier):
            problems.append(f"{wanted.name} is {version or 'missing'}, wanted {wanted.specifier}")
    return Row(question, _against_the_pins(), "; ".join(problems), FIX)


def _version(package):
    """The installed version, without what it says of its build (+cpu); None where the package is missing."""
    try:
        return importlib.metadata.version(package).split("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def _against_the_pins():
    """How the installed versions differ from the exact ones of constraints.txt, with which everything was run."""
    pins = HERE / "constraints.txt"
    if not pins.exists():  # the package was installed without the project's folder
        return ""
    pinned = (line.split("==") for line in pins.read_text(encoding="utf-8").split())
    other = [f"{name} {found}, not {pin}" for name, pin in pinned if (found := _version(name)) not in (None, pin)]
    more = f" and {len(other) - 3} more" if len(other) > 3 else ""
    return f"not as pinned, which may do: {'; '.join(other[:3])}{more}" if other else "as pinned in constraints.txt"


def _memory():
    from helpers.weights.opening import memory_free

    free = memory_free()
    wrong = f"{free / 1e9:.1f} GB is free." if free < MEMORY_NEEDED else ""
    fix = "Close other programs, and shut down notebooks that you have finished."
    return Row(f"Are {MEMORY_NEEDED / 1e9:.0f} GB of memory free?", f"{free / 1e9:.1f} GB", wrong, fix)


def _disk():
    from helpers.data import PROJECT
    from helpers.weights.home import BYTES_NEEDED, NAME, FetchError, is_complete, model_home

    question = "Is there room on the disk?"
    try:
        home = model_home()
    except FetchError as error:
        return Row(question, wrong=str(error))
    place, needed = (PROJECT or home, DISK_NEEDED) if is_complete(home / NAME) else (home, BYTES_NEEDED)
    free = shutil.disk_usage(next(folder for folder in [place, *place.parents] if os.path.exists(folder))).free
    wrong = f"{needed / 1e9:.1f} GB is needed in {place}, and {free / 1e9:.1f} GB is free." if free < needed else ""
    return Row(question, f"{free / 1e9:.1f} GB", wrong, "Make room there.")


def _kernel():
    from jupyter_client.manager import KernelManager, start_new_kernel

    question, quiet = "Does a kernel start, in this Python?", dict.fromkeys(("stdout", "stderr"), subprocess.DEVNULL)
    try:
        python = Path(KernelManager(kernel_name="python3").format_kernel_cmd()[0])
        if python.parent != Path(sys.executable).parent:  # some other environment has put itself in its place
            wrong = f"the kernel named python3 would start {python}."
            return Row(question, wrong=wrong, fix=f"Run  {sys.executable} -m jupyter kernelspec remove python3")
        manager, client = start_new_kernel(startup_timeout=PATIENCE, kernel_name="python3", **quiet)
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    except Exception as error:  # of jupyter_client, of zmq, of the system: the reader gets a row and a fix
        wrong = f"it does not ({type(error).__name__}: {next(iter(str(error).splitlines()), 'no reason given')})."
        fix = f"{FIX} If that changes nothing, a firewall may be closing 127.0.0.1 to Python."
        return Row(question, wrong=wrong, fix=fix)
    return Row(question, str(python))


def _model_and_canary():
    from helpers.model import load_model
    from helpers.weights.home import KNOWN, NAME, FetchError

    try:
        lm = load_model()
    except FetchError as error:
        return [Row("Is the model here?", wrong=str(error))]
    text, token, _ = KNOWN[NAME].answer
    question, wrong, fix = f"Does it continue “{text}” with “{token}”, as it should?", "", ""
    try:
        lm.run(text)  # a wrong answer raises
    except (FetchError, ValueError) as error:
        wrong = str(error)
    except Exception as error:  # whatever is wrong with its files, the reader gets a row and a fix
        wrong = f"it cannot be run ({type(error).__name__})."
        fix = f"Delete the folder {lm.folder} and run this again; it will be made anew."
    return [Row("Is the model here?", str(lm.folder)), Row(question, wrong=wrong, fix=fix)]
