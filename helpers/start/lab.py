"""Open the series in JupyterLab, on copies that are yours.

The notebooks under notebooks/ belong to the project. Yours are copies in my-work/notebooks/, which git ignores: change,
run and break them as you like. They come without what answers a prediction, so that you can make it. After an update of
the project, a copy in which you changed nothing is replaced, outputs and all; one in which you changed a cell is kept,
and the new version put beside it as NAME.new.ipynb.
"""

import json
import os
from itertools import chain, count
from pathlib import Path

from filelock import FileLock

from helpers import data
from helpers.start.progress import progress
from helpers.start.terminal import say
from helpers.weights.fetch import fetch


def update_copies(project, work):
    """Bring the copies in `work`/notebooks up to date with `project`/notebooks; the names written, in order.

    `work`/.handed-out keeps what was handed out last, to tell the reader's changes from the project's.
    """
    mine, handed_out = work / "notebooks", work / ".handed-out"
    mine.mkdir(parents=True, exist_ok=True)
    handed_out.mkdir(exist_ok=True)
    with FileLock(work / ".lock", timeout=60):  # somebody may start twice
        return _update(project, mine, handed_out)


def _update(project, mine, handed_out):
    written = []
    for source in sorted((project / "notebooks").glob("*.ipynb")):
        copy, last = mine / source.name, handed_out / source.name
        if copy.exists() and last.exists() and last.read_bytes() == source.read_bytes():
            continue
        theirs, new, old = _cells(copy), _cells(source), _cells(last)
        changed_by_reader = copy.exists() and (theirs is None or theirs not in (new, old))
        target = _free_name(copy) if changed_by_reader else copy
        if not changed_by_reader or new != old:  # else only saved outputs differ, which nobody wants beside their work
            _write_whole(target, _unrevealed(source.read_bytes()))
            written.append(target.name)
        _write_whole(last, source.read_bytes())
    return written


def _unrevealed(notebook):
    """A notebook's bytes without what its cells tagged `reveal` have shown; what is no notebook stays as it is."""
    try:
        told = json.loads(notebook)
        answers = [cell for cell in told["cells"] if "reveal" in cell.get("metadata", {}).get("tags", [])]
    except (ValueError, KeyError, TypeError, AttributeError):
        return notebook
    for cell in answers:
        cell.update(outputs=[], execution_count=None)
    return (json.dumps(told, indent=1, ensure_ascii=False) + "\n").encode() if answers else notebook


def _write_whole(target, content):
    """Written aside and renamed: a full disk or a closed lid leaves the old file or the new one, never a half."""
    aside = target.with_suffix(".partial")
    try:
        aside.write_bytes(content)
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
    names = (copy.with_suffix(f".new{n}.ipynb") for n in chain([""], count(2)))
    return next(name for name in names if not name.exists())


def _without_announcements(work):
    """Keep JupyterLab from asking about news and looking for updates: a reader's first screen is the notebook."""
    settings = work / ".jupyter" / "labconfig"
    settings.mkdir(parents=True, exist_ok=True)
    off = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (settings / "page_config.json").write_text(json.dumps(off))
    paths = [str(settings.parent), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))


def work_folder():
    """Where a reader's own files are: my-work in the project's folder, or where DIRECTIONS_WORK says."""
    return Path(os.environ.get("DIRECTIONS_WORK") or (data.PROJECT or Path.cwd()) / "my-work")


FIRST = "/lab/tree/notebooks/00_start_here.ipynb"


def prepare():
    """Bring the reader's folder up to date and say what was written and solved: the folder. OSError: what hinders."""
    work = work_folder()
    try:
        for name in update_copies(data.project_folder(), work):
            say(f"{work.name}/notebooks/{name}: {'the new version, beside yours' if '.new' in name else 'up to date'}")
        _without_announcements(work)
    except OSError as error:
        said = f"Your copies could not be brought up to date: {error.filename or work}: {error.strerror or error}."
        raise OSError(f"{said} Nothing of yours was lost.") from error
    say(progress(work)[-1])
    return work


def open_lab(arguments):
    """Run JupyterLab on the reader's copies; further `arguments` go to it. An OSError says what is in the way."""
    from jupyterlab.labapp import LabApp

    data.project_folder()  # or it says, before anything is fetched, that it is not here
    fetch()
    work = prepare()
    # As the default address, not as a file to open: Jupyter then also prints it, for those without a browser here.
    # In a container everyone is root, and Jupyter would refuse to start.
    LabApp.launch_instance(
        [f"--LabApp.default_url={FIRST}", f"--ServerApp.root_dir={work}", "--allow-root", *arguments]
    )
