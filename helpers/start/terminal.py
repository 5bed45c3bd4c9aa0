"""What a command says in a terminal."""

import sys

FROM_THE_FOLDER = "pip install -c constraints.txt -e ."


def lacks(missing):
    """What a command says where a package cannot be imported: it was started by a Python that is not the project's."""
    return (
        f"{sys.executable} lacks the package {missing.name}. Use the project's own Python (.venv/bin/python; on "
        f"Windows .venv\\Scripts\\python), or run  {FROM_THE_FOLDER}  in the project's folder."
    )


def say(text):
    """Print a line of a command, whatever the terminal can show, and also where nobody reads it any more."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        print(text, flush=True)
    except OSError:  # the reader has closed the pipe, or the disk is full: the exit code still tells
        sys.stdout = None
