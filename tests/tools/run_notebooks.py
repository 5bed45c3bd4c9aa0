"""Re-execute the notebooks and save them, normalised: `make run`. An unchanged notebook gives an empty diff.

python tests/tools/run_notebooks.py [notebooks/01_text_to_token_ids.ipynb ...]
"""

import base64
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

PROJECT = Path(__file__).resolve().parents[2]
# What a copy of the project goes without, to be small or to be a stranger to this machine.
NOT_COPIED = (".git", ".venv*", "model", "my-work", "*.egg-info", "__pycache__", "build")
NOTEBOOKS = PROJECT / "notebooks"
IDEA = PROJECT / "data" / "idea.png"  # the README's picture: balls of notebook 00 about which nothing is asked
KEPT = ("directions", "jp-MarkdownHeadingCollapsed", "jupyter", "tags")  # of a cell's metadata
# Whole, as JupyterLab would write it, so that opening a notebook does not change it; but the same on every machine.
LANGUAGE = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": "3.11.7",
}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


def execute(notebook):
    """Run all cells from top to bottom in a fresh kernel; raises CellExecutionError at the first that fails."""
    where = {"metadata": {"path": str(NOTEBOOKS)}}
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()


def normalise(notebook):
    """Take out whatever differs from run to run or from machine to machine and says nothing to a reader."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
        "language_info": LANGUAGE,
        "directions": notebook.metadata["directions"],
    }
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in sorted(cell.metadata.items()) if key in KEPT}
        if cell.cell_type == "code":
            cell.outputs = _joined_streams(cell.outputs)
            for output in cell.outputs:
                # A live widget needs a kernel; without its state, GitHub would not show the notebook at all.
                output.get("data", {}).pop(WIDGET_VIEW, None)


def _joined_streams(outputs):
    """How many chunks a stream arrives in depends on timing; the text does not."""
    joined = []
    for output in outputs:
        if joined and output.output_type == "stream" == joined[-1].output_type and output.name == joined[-1].name:
            joined[-1].text += output.text
        else:
            joined.append(output)
    return joined


def idea(notebook):
    """The output that is the README's picture."""
    shown = next(cell for cell in notebook.cells if cell["id"] == "other-ball")["outputs"]
    return next(output for output in shown if "image/png" in output.get("data", {}))


def main(paths):
    sys.path.append(str(PROJECT / "workshop"))
    from reading import state  # how long a notebook takes is the workshop's to say

    for path in map(Path, paths or sorted(NOTEBOOKS.glob("*.ipynb"))):
        notebook, start = nbformat.read(path, as_version=4), time.perf_counter()
        execute(notebook)
        normalise(notebook)
        state(notebook)
        nbformat.write(notebook, path.with_suffix(".writing"))
        path.with_suffix(".writing").replace(path)  # a full disk leaves the old one whole
        if path.name.startswith("00_"):
            IDEA.write_bytes(base64.b64decode(idea(notebook).data["image/png"]))
        print(f"{path.name}: {time.perf_counter() - start:.1f} s")


if __name__ == "__main__":
    main(sys.argv[1:])
