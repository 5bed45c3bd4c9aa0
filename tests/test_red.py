"""Proof that the comparison of notebooks can fail: faults planted in a copy of the project turn pytest red."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from run_notebooks import PROJECT

NAME = "01_text_to_token_ids.ipynb"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project in which notebook 01 ends after its first cells, to be quick; it must be green as it is."""
    copy = tmp_path_factory.mktemp("red") / "project"
    ignore = shutil.ignore_patterns(".git", ".venv*", "model", "my-work", "*.egg-info", "__pycache__", "build")
    shutil.copytree(PROJECT, copy, ignore=ignore)
    notebook = json.loads((copy / "notebooks" / NAME).read_text())
    notebook["cells"] = [*notebook["cells"][:4], *_cells_with(notebook, "neighbours-compute", "relatives")]
    (copy / "notebooks" / NAME).write_text(json.dumps(notebook))
    run = run_pytest(copy, "notebooks/" + NAME)
    assert run.returncode == 0, run.stdout
    return copy


def _cells_with(notebook, *names):
    """The cells with these ids, and what they need."""
    needed = {"merges-list", "id-is-order", "between", "sentences"} | set(names)
    return [cell for cell in notebook["cells"] if cell["id"] in needed]


def run_pytest(project, *targets):
    """pytest in the copy, with the copy's own helpers first on the path, and the real project's model."""
    env = os.environ | {"PYTHONPATH": str(project), "DIRECTIONS_MODEL_HOME": str(PROJECT / "data" / "model")}
    command = [sys.executable, "-m", "pytest", "-q", "-x", *targets]
    return subprocess.run(command, cwd=project, env=env, capture_output=True, text=True)


def outputs_of(notebook, cell_id):
    return next(cell for cell in notebook["cells"] if cell["id"] == cell_id)["outputs"]


def changed_digit(notebook):
    [output] = outputs_of(notebook, "relatives")
    text = "".join(output["text"])
    output["text"] = re.sub(r"0\.(\d)", lambda m: f"0.{(int(m[1]) + 1) % 10}", text, count=1)


def dropped_output(notebook):
    outputs_of(notebook, "relatives").clear()


def changed_word(notebook):
    [output] = outputs_of(notebook, "encode")
    output["data"]["text/markdown"] = [line.replace("France", "Frence") for line in output["data"]["text/markdown"]]


@pytest.mark.parametrize("plant", [changed_digit, dropped_output, changed_word])
def test_a_fault_in_a_saved_output_turns_it_red(project, tmp_path, plant):
    path = project / "notebooks" / NAME
    sound = path.read_text()
    notebook = json.loads(sound)
    plant(notebook)
    path.write_text(json.dumps(notebook))
    try:
        run = run_pytest(project, "notebooks/" + NAME)
    finally:
        path.write_text(sound)
    assert run.returncode == 1 and "1 failed" in run.stdout, run.stdout


def test_a_swapped_sign_in_cosine_turns_tests_and_notebook_red(project):
    path = project / "helpers" / "geometry.py"
    sound = path.read_text()
    line = "return np.clip(np.einsum("
    assert line in sound
    path.write_text(sound.replace(line, line.replace("np.einsum", "-np.einsum")))
    try:
        by_tests = run_pytest(project, "tests/test_geometry.py")
        by_notebook = run_pytest(project, "notebooks/" + NAME)
    finally:
        path.write_text(sound)
    assert by_tests.returncode == 1 and "1 failed" in by_tests.stdout, by_tests.stdout
    assert by_notebook.returncode == 1 and "1 failed" in by_notebook.stdout, by_notebook.stdout
