"""Write the notebooks in nbgrader's form into build/grader: `make grader`. The guide says how to grade with it.

Each exercise becomes an answer cell, and behind it stands a locked test that asks the series' own checker. Solutions
are left out. Nothing here needs an account or a network.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat

from helpers.data import PROJECT
from helpers.exercises import EXERCISES

COURSE = PROJECT / "build" / "grader"
ASSIGNMENT = "directions"
POINTS = {"easy": 1, "medium": 2, "hard": 3}
STUB = "    # your code here, in place of the three dots\n    ..."
REGION = f"    ### BEGIN SOLUTION\n{STUB}\n    ### END SOLUTION"
CONFIG = f"""c = get_config()
c.CourseDirectory.course_id = "directions-not-points"
c.ClearSolutions.code_stub = {{"python": {STUB.replace("    ", "")!r}}}
c.ExecutePreprocessor.timeout = 300  # of one cell: the first one opens the model
"""


def graded(notebook):
    """A notebook in nbgrader's source form."""
    cells = []
    for cell in notebook.cells:
        if "solution" in cell.metadata.get("tags", []):
            continue
        cells.append(cell)
        asked = re.search(r'^check\("([\d.]+)", (\w+)\)$', cell.source, re.M) if cell.cell_type == "code" else None
        if asked:
            number, answer = asked.groups()
            cell.source = cell.source.replace(STUB, REGION)
            cell.metadata["nbgrader"] = _marks(f"answer-{number}", solution=True)
            points = POINTS[EXERCISES[number].difficulty]
            cells.append(_test(number, answer, points))
    notebook.cells = cells
    return notebook


def _test(number, answer, points):
    lines = [f"solved({number!r}, {answer})", f"verdict({number!r}, {answer})"]
    cell = nbformat.v4.new_code_cell(f"from helpers.exercises import solved, verdict\n\nassert {', '.join(lines)}")
    cell.id = f"test-{number.replace('.', '-')}"
    cell.metadata["nbgrader"] = _marks(cell.id, grade=True, locked=True, points=points)
    return cell


def _marks(name, **more):
    marks = dict(grade=False, solution=False, locked=False, task=False, schema_version=3)
    return marks | {"grade_id": name.replace(".", "-")} | more


def write(course=COURSE, names="*.ipynb"):
    """The course's folder: the source form, the form to hand out (its path), and nbgrader's settings."""
    source = course / "source" / ASSIGNMENT
    source.mkdir(parents=True, exist_ok=True)
    for path in sorted((PROJECT / "notebooks").glob(names)):
        nbformat.write(graded(nbformat.read(path, as_version=4)), source / path.name)
    (course / "nbgrader_config.py").write_text(CONFIG)
    nbgrader(course, "generate_assignment", ASSIGNMENT, "--force", "--log-level=ERROR")
    return course / "release" / ASSIGNMENT


def nbgrader(course, *arguments):
    """Run a command of nbgrader in a course's folder. It finds alembic, which it calls, beside this Python."""
    found = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    command = [sys.executable, "-m", "nbgrader", *arguments]
    subprocess.run(command, cwd=course, env=os.environ | {"PATH": found}, check=True)


if __name__ == "__main__":
    print(f"Hand out {write()}")
