"""A course in nbgrader's form, graded from end to end: one learner is right, one is wrong, one did nothing."""

import csv
import re

import nbformat
import pytest

from helpers.exercises import EXERCISES

pytestmark = pytest.mark.slow
NAME = "01_text_to_token_ids.ipynb"
ASK = "given = [*locals().values()]; import helpers.exercises as e; return e.EXERCISES['{}'].reference(*given)"
RIGHT = {f"1-{n}": ASK.format(f"1.{n}") for n in (1, 2, 3, 4)}
LEARNERS = {"ada": RIGHT, "bob": RIGHT | {"1-1": 'return " ".join(tokens)', "1-4": "return 1 / 0"}, "cy": {}}


def test_right_wrong_and_untouched_get_what_they_earn_and_are_told_why(tmp_path):
    from grader import ASSIGNMENT, POINTS, nbgrader, write

    handed_out = nbformat.read(write(tmp_path, NAME) / NAME, as_version=4)
    code = "\n".join(cell.source for cell in handed_out.cells if cell.cell_type == "code")
    assert "_solution" not in code and code.count("    # your code here, in place of the three dots\n    ...\n") == 4
    assert not any(cell.get("outputs") for cell in handed_out.cells)
    for learner, answers in LEARNERS.items():
        notebook = nbformat.from_dict(handed_out)
        for number, answer in answers.items():
            cell = next(cell for cell in notebook.cells if cell.id == f"exercise-{number}")
            cell.source = cell.source.replace("    ...", f"    {answer}")
        folder = tmp_path / "submitted" / learner / ASSIGNMENT
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / NAME)
        handed_out = nbformat.read(tmp_path / "release" / ASSIGNMENT / NAME, as_version=4)
    for command in (["autograde", ASSIGNMENT, "--create"], ["generate_feedback", ASSIGNMENT], ["export"]):
        nbgrader(tmp_path, *command)
    points = [POINTS[EXERCISES[f"1.{n}"].difficulty] for n in (1, 2, 3, 4)]
    earned = {row["student_id"]: float(row["score"]) for row in csv.DictReader((tmp_path / "grades.csv").open())}
    assert earned == {"ada": sum(points), "bob": points[1] + points[2], "cy": 0}
    told = {
        name: (tmp_path / "feedback" / name / ASSIGNMENT / NAME).with_suffix(".html").read_text() for name in LEARNERS
    }
    assert "You put a space between the tokens" in told["bob"] and "ZeroDivisionError" in told["bob"]
    assert len(re.findall("is waiting for you", told["cy"])) >= 4 and "not yet" not in told["ada"]
