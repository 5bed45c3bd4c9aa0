"""Is this machine ready? One row a question, a fix for each that fails.

python -m helpers.preflight     # the same table on the command line; exit code 1 if a row fails
"""

import importlib.metadata
import sys

FROM_THE_FOLDER = "pip install -c constraints.txt -e ."


def checks():
    """A list of (question, what is wrong or "", what to do); a row that depends on a failed one is left out."""
    rows = [_python(), _packages()]
    if all(not wrong for _, wrong, _ in rows):
        rows += _model_and_canary()
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

    lines = [f"| {question} | {f'**no**: {wrong} {fix}' if wrong else 'ok'} |" for question, wrong, fix in checks()]
    return Markdown("\n".join(["| question | answer |", "|---|---|", *lines]))


def _python():
    found = ".".join(map(str, sys.version_info[:3]))
    wrong = "" if sys.version_info >= (3, 11) else f"this is Python {found}."
    return "Is this Python 3.11 or newer?", wrong, "Make the environment with Python 3.11."


def _packages():
    question = "Are the packages here, in versions that are known to work?"
    try:
        from packaging.requirements import Requirement
    except ModuleNotFoundError as missing:
        return question, lacks(missing), ""
    try:
        lines = importlib.metadata.requires("directions-not-points") or []
    except importlib.metadata.PackageNotFoundError:
        fix = f"Run  {FROM_THE_FOLDER}  in the project's folder, or choose the kernel of its environment."
        return question, "this kernel does not have the project.", fix
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
    return question, "; ".join(problems), f"Run  {FROM_THE_FOLDER}  in the project's folder."


def _model_and_canary():
    from helpers.download import FetchError
    from helpers.model import CANARY, CANARY_TOKEN, load_model

    try:
        lm = load_model()
    except FetchError as error:
        return [("Is the model here?", str(error), "")]
    try:
        lm.run(CANARY)  # a wrong answer raises
        wrong, fix = "", ""
    except (FetchError, ValueError) as error:
        wrong, fix = str(error), ""
    except Exception as error:  # whatever is wrong with its files, the reader gets a row and a fix
        wrong = f"it cannot be run ({type(error).__name__})."
        fix = f"Delete the folder {lm.folder} and run this again; it will be made anew."
    return [
        ("Is the model here?", "", ""),
        (f"Does it continue “{CANARY}” with “{CANARY_TOKEN}”, as it should?", wrong, fix),
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
    failed = False
    try:
        for question, wrong, fix in checks():
            failed |= bool(wrong)
            say(f"{question:<75} {f'NO: {wrong} {fix}' if wrong else 'ok'}")
    except KeyboardInterrupt:
        sys.exit("Stopped.")
    sys.exit(int(failed))


if __name__ == "__main__":
    main()
