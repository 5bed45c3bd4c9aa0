"""Open the series in JupyterLab, on copies that are yours.

    python -m helpers.lab

The notebooks under notebooks/ belong to the project. Yours are copies in my-work/notebooks/, which git ignores:
change, run and break them as you like. When the project is updated, a copy in which you changed nothing is replaced
by the new version, outputs and all; one in which you changed a cell is kept, and the new version is put beside it as
NAME.new.ipynb.
"""

import json
import os
import shutil
import sys

from helpers.download import PROJECT, FetchError, fetch
from helpers.preflight import lacks, say

FIRST = "00_start_here.ipynb"


def update_copies(project, work):
    """Bring the copies in `work`/notebooks up to date with `project`/notebooks; the names written, in order.

    `work`/.handed-out keeps what was handed out last, to tell the reader's changes from the project's.
    """
    mine, handed_out = work / "notebooks", work / ".handed-out"
    mine.mkdir(parents=True, exist_ok=True)
    handed_out.mkdir(exist_ok=True)
    written = []
    for source in sorted((project / "notebooks").glob("*.ipynb")):
        copy, last = mine / source.name, handed_out / source.name
        if copy.exists() and last.exists() and last.read_bytes() == source.read_bytes():
            continue
        theirs, new, old = _cells(copy), _cells(source), _cells(last)
        changed_by_reader = copy.exists() and (theirs is None or theirs not in (new, old))
        if not changed_by_reader:
            target = copy
        elif new != old:
            target = _free_name(copy)
        else:  # only saved outputs differ: nothing a reader would want beside their own work
            target = None
        if target:
            _copy_whole(source, target)
            written.append(target.name)
        _copy_whole(source, last)
    return written


def _copy_whole(source, target):
    """Written aside and renamed: a full disk or a closed lid leaves the old file or the new one, never a half."""
    aside = target.with_suffix(".partial")
    try:
        shutil.copyfile(source, aside)
        os.replace(aside, target)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def _cells(path):
    """The sources of a notebook's cells: what a reader changes, without the outputs that running it changes."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [(cell["cell_type"], "".join(cell["source"]), cell.get("attachments")) for cell in cells]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _free_name(copy):
    n, target = 1, copy.with_suffix(".new.ipynb")
    while target.exists():
        n, target = n + 1, copy.with_suffix(f".new{n + 1}.ipynb")
    return target


def _without_announcements(work):
    """Keep JupyterLab from asking about news and looking for updates: a reader's first screen is the notebook."""
    settings = work / ".jupyter" / "labconfig"
    settings.mkdir(parents=True, exist_ok=True)
    off = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (settings / "page_config.json").write_text(json.dumps(off))
    paths = [str(settings.parent), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))


def main():
    """The command `python -m helpers.lab`; further arguments go to JupyterLab."""
    try:
        from jupyterlab.labapp import LabApp

        fetch()
    except FetchError as error:
        sys.exit(str(error))
    except ModuleNotFoundError as missing:
        sys.exit(lacks(missing))
    except KeyboardInterrupt:
        sys.exit("Stopped.")
    work = PROJECT / "my-work"
    try:
        for name in update_copies(PROJECT, work):
            say(f"my-work/notebooks/{name}: {'the new version, beside yours' if '.new' in name else 'up to date'}")
        _without_announcements(work)
    except OSError as error:
        place = error.filename or work
        sys.exit(f"Your copies could not be brought up to date: {place}: {error.strerror}. Nothing of yours was lost.")
    # As the default address, not as a file to open: Jupyter then also prints it, for those without a browser here.
    options = [f"--LabApp.default_url=/lab/tree/notebooks/{FIRST}", f"--ServerApp.root_dir={work}"]
    if getattr(os, "geteuid", lambda: 1)() == 0:  # in a container everyone is root, and Jupyter would refuse to start
        options.append("--allow-root")
    LabApp.launch_instance([*options, *sys.argv[1:]])


if __name__ == "__main__":
    main()
