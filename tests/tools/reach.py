"""Where else does the suite pass? Other Pythons, the oldest and newest versions, odd places: part of `make deep`.

python tests/tools/reach.py [NAME ...]     all, or some of: 3.12 3.13 3.14 oldest newest space read-only
One environment at a time, 1.7 GB in build/reach, removed afterwards. What is not on this machine is named and left out.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from run_notebooks import NOT_COPIED, PROJECT

PLACE = PROJECT / "build" / "reach"


def oldest():
    """The lowest version of each requirement that pyproject.toml allows, as pip wants it."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["test"]
    return [re.sub(r">=([\d.]+).*", r"==\1.*", line) for line in wanted]


def tested(python, folder, *arguments, before=()):
    """The last line of pytest's, run by a Python in a folder."""
    model = {"DIRECTIONS_MODEL_HOME": str(PROJECT / "data" / "model")}
    command = [*before, str(python), "-m", "pytest", "-q", "--no-header", *arguments]
    run = subprocess.run(command, cwd=folder, env=os.environ | model, capture_output=True, text=True)
    failed = re.findall(r"^FAILED (.*)$", run.stdout, re.M)
    last = (run.stdout.strip().splitlines() or run.stderr.strip().splitlines() or ["nothing was said"])[-1]
    return "\n    ".join([last, *failed])


def in_an_environment(python, install):
    shutil.rmtree(PLACE, ignore_errors=True)
    subprocess.run([python, "-m", "venv", PLACE], check=True)
    ours = PLACE / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([ours, "-m", "pip", "install", "--quiet", *install], cwd=PROJECT, check=True)
    try:
        return tested(ours, PROJECT)
    finally:
        shutil.rmtree(PLACE)


def other_python(version):
    near = (Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python")
    for python in filter(None, [shutil.which(f"python{version}"), *near]):
        if subprocess.run([python, "-c", ""], capture_output=True).returncode == 0:  # pyenv's own stand-ins may not run
            return in_an_environment(python, ["-c", "constraints.txt", "-e", ".[test]"])
    return "not on this machine"


def in_a_copy(name, *arguments, before=()):
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / name
        shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
        return tested(sys.executable, copy, *arguments, before=[part.format(copy=copy) for part in before])


MOUNTED = 'mount --bind "{copy}" "{copy}" && mount -o remount,bind,ro "{copy}" && cd "{copy}" && exec "$@"'
READ_ONLY = ["unshare", "--mount", "sh", "-c", MOUNTED, "sh"]
LOADING = ["tests/test_model.py", "tests/report", "notebooks"]
WAYS = {f"3.{minor}": lambda minor=minor: other_python(f"3.{minor}") for minor in (12, 13, 14)}
WAYS |= {
    "oldest": lambda: in_an_environment(sys.executable, [*oldest(), "-e", "."]),
    "newest": lambda: in_an_environment(sys.executable, ["-e", ".[test]"]),
    "space": lambda: in_a_copy("a folder with ä"),
    "read-only": lambda: in_a_copy("project", *LOADING, before=READ_ONLY),
}

if __name__ == "__main__":
    said = {}
    for name in sys.argv[1:] or WAYS:
        said[name] = WAYS[name]()
        print(f"{name}: {said[name]}", flush=True)
    sys.exit(int(any(" failed" in words or " error" in words for words in said.values())))
