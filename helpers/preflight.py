"""Is this machine ready? One row a question, a fix for each that fails.

python -m helpers.preflight     # the same table on the command line; exit code 1 if a row fails
"""

import importlib.metadata
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent.parent
FROM_THE_FOLDER = "pip install -c constraints.txt -e ."
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
        rows += [_memory(), _disk(), _kernel(), *_model_and_canary()]
    return rows


def lacks(missing):
    """What a command says where a package cannot be imported: it was started by a Python that is not the project's."""
    return (
        f"{sys.executable} lacks the package {missing.name}. Use the project's own Python (.venv/bin/python; on "
        f"Windows .venv\\Scripts\\python), or run  {FROM_THE_FOLDER}  in the project's folder."
    )


def preflight():
    """The table as Markdown; every question with ok, or with what is wrong and what to do."""
    from IPython.display import Markdown

    lines = [f"| {row.question} | {f'**no**: {row.wrong} {row.fix}' if row.wrong else 'ok'} |" for row in checks()]
    return Markdown("\n".join(["| question | answer |", "|---|---|", *lines]))


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
        fix = f"{FIX} Or choose the kernel of its environment."
        return Row(question, wrong="this kernel does not have the project.", fix=fix)
    problems = []
    for requirement in map(Requirement, lines):
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = importlib.metadata.version(requirement.name)
        except importlib.metadata.PackageNotFoundError:
            version = "missing"
        if version == "missing" or version.split("+")[0] not in requirement.specifier:
            problems.append(f"{requirement.name} is {version}, wanted {requirement.specifier}")
    return Row(question, _against_the_pins(), "; ".join(problems), FIX)


def _against_the_pins():
    """How the installed versions differ from the exact ones of constraints.txt, with which everything was run."""
    from packaging.utils import canonicalize_name as plain

    pins = HERE / "constraints.txt"
    if not pins.exists():  # the package was installed without the project's folder
        return "constraints.txt is not here to compare with"
    found = ((d.metadata["Name"], d.version) for d in importlib.metadata.distributions())
    installed = {plain(name): version.split("+")[0] for name, version in found if name}
    wanted = (line.split("==") for line in pins.read_text(encoding="utf-8").split())
    other = [f"{n} {installed[plain(n)]}, not {v}" for n, v in wanted if installed.get(plain(n), v) != v]
    more = f" and {len(other) - 3} more" if len(other) > 3 else ""
    return f"not as pinned, which may do: {'; '.join(other[:3])}{more}" if other else "as pinned in constraints.txt"


def _memory():
    from helpers.model import memory_free

    free = memory_free()
    wrong = f"{free / 1e9:.1f} GB is free." if free < MEMORY_NEEDED else ""
    return Row(
        f"Are {MEMORY_NEEDED / 1e9:.0f} GB of memory free?",
        f"{free / 1e9:.1f} GB",
        wrong,
        "Close other programs, and shut down notebooks that you have finished.",
    )


def _disk():
    from helpers.download import BYTES_NEEDED, NAME, PROJECT, FetchError, is_complete, model_home

    question = "Is there room on the disk?"
    try:
        home = model_home()
    except FetchError as error:
        return Row(question, wrong=str(error))
    place, needed = (PROJECT, DISK_NEEDED) if is_complete(home / NAME) else (home, BYTES_NEEDED)
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
    from helpers.download import FetchError
    from helpers.model import CANARY, CANARY_TOKEN, load_model

    try:
        lm = load_model()
    except FetchError as error:
        return [Row("Is the model here?", wrong=str(error))]
    try:
        lm.run(CANARY)  # a wrong answer raises
        wrong, fix = "", ""
    except (FetchError, ValueError) as error:
        wrong, fix = str(error), ""
    except Exception as error:  # whatever is wrong with its files, the reader gets a row and a fix
        wrong = f"it cannot be run ({type(error).__name__})."
        fix = f"Delete the folder {lm.folder} and run this again; it will be made anew."
    return [
        Row("Is the model here?", str(lm.folder)),
        Row(f"Does it continue “{CANARY}” with “{CANARY_TOKEN}”, as it should?", wrong=wrong, fix=fix),
    ]


def say(text):
    """Print a line of a command, whatever the terminal can show, and also where nobody reads it any more."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        print(text, flush=True)
    except OSError:  # the reader has closed the pipe, or the disk is full: the exit code still tells
        sys.stdout = None


def main():
    """The command `python -m helpers.preflight`."""
    try:
        rows = checks()
    except KeyboardInterrupt:
        sys.exit("Stopped.")
    for row in rows:
        say(f"{'NO' if row.wrong else 'ok':3} {row.question} {row.wrong or row.found}")
        if row.wrong and row.fix:
            say(f"    {row.fix}")
    failed = sum(bool(row.wrong) for row in rows)
    say(f"Not ready: {failed} of {len(rows)} answers no." if failed else "Ready.")
    sys.exit(int(bool(failed)))


if __name__ == "__main__":
    main()
