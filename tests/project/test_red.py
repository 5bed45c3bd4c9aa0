"""Proof that the comparison of notebooks can fail: faults planted in a copy of the project turn pytest red."""

import json
import re
import subprocess
import sys
from contextlib import contextmanager

import pytest

NAME = "01_text_to_token_ids.ipynb"
# What is kept of each notebook, to be quick: these cells, in their order.
KEPT = {
    NAME: ["encode", "merges-list", "between", "relatives", "sentences", "id-is-order"],
    "02_token_ids_to_vectors.ipynb": ["load", "rotation", "sizes-compute", "copies", "around-copies"],
    "03_vectors_to_logits.ipynb": ["toy", "toy-logits", "unembed"],
    "06_the_hypersphere.ipynb": ["sizes-draw", "layernorm-draw"],
    "07_targets_on_the_sphere.ipynb": ["arcs", "ball-slider", "wins", "decided"],
}


@pytest.fixture(scope="module")
def project(copied_project):
    """The copy's notebooks, shortened; what is tested quickly must be green as it is."""
    copy, environment = copied_project
    for name, ids in KEPT.items():
        notebook = json.loads((copy / "notebooks" / name).read_text())
        first = next(i for i, cell in enumerate(notebook["cells"]) if cell["id"] == ids[0])
        kept = [cell for cell in notebook["cells"][first:] if cell["id"] in ids]
        notebook["cells"] = [*notebook["cells"][: first + 1], *kept[1:]]
        (copy / "notebooks" / name).write_text(json.dumps(notebook))
    run = run_pytest(copy, environment, f"notebooks/{NAME}")
    assert run.returncode == 0, run.stdout
    return copy, environment


def run_pytest(copy, environment, *targets):
    command = [sys.executable, "-m", "pytest", "-q", "-x", *targets]
    return subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)


def outputs_of(notebook, cell_id):
    return next(cell for cell in notebook["cells"] if cell["id"] == cell_id)["outputs"]


def changed_digit(notebook):
    [output] = outputs_of(notebook, "relatives")
    text = "".join(output["text"])
    output["text"] = re.sub(r"0\.(\d)", lambda m: f"0.{(int(m[1]) + 1) % 10}", text, count=1)


def changed_word(notebook):
    [output] = outputs_of(notebook, "encode")
    output["data"]["text/markdown"] = [line.replace("France", "Frence") for line in output["data"]["text/markdown"]]


@pytest.mark.parametrize("plant", [changed_digit, changed_word, lambda nb: outputs_of(nb, "relatives").clear()])
def test_a_fault_in_a_saved_output_turns_it_red(project, plant):
    copy, environment = project
    path = copy / "notebooks" / NAME
    notebook = json.loads(path.read_text())
    plant(notebook)
    with changed(path, json.dumps(notebook)):
        run = run_pytest(copy, environment, f"notebooks/{NAME}")
    assert run.returncode == 1 and "1 failed" in run.stdout, run.stdout


@contextmanager
def changed(path, text):
    sound = path.read_text()
    path.write_text(text)
    try:
        yield
    finally:
        path.write_text(sound)


HELPER_FAULTS = {
    "a sign in cosine": ("geometry.py", "return np.clip(", "return -np.clip(", "test_geometry.py", "01"),
    "the wrong ruler": ("geometry.py", 'elif by == "euclidean":', 'elif by == "x":', "test_geometry.py", "02"),
    "the gain dropped": ("model.py", " * self.gain", "", "test_model.py", "03"),
    "a ball from behind": ("figures/balls.py", "near = vectors[:, 2] >=", "near = vectors[:, 2] <", "figures", "06"),
    "a loser that wins": ("targets.py", ".min() > ENOUGH:", ".min() > -9:", "test_targets.py", "07"),
}


@pytest.mark.slow
@pytest.mark.parametrize("file, sound, fault, tests, number", HELPER_FAULTS.values(), ids=HELPER_FAULTS)
def test_a_fault_in_a_helper_turns_tests_and_notebook_red(project, file, sound, fault, tests, number):
    copy, environment = project
    path = copy / "helpers" / file
    assert path.read_text().count(sound) == 1
    [notebook] = [f"notebooks/{name}" for name in KEPT if name.startswith(number)]
    run = run_pytest(copy, environment, notebook)
    assert run.returncode == 0, run.stdout  # green as it is
    with changed(path, path.read_text().replace(sound, fault)):
        for target in (f"tests/{tests}", notebook):
            run = run_pytest(copy, environment, target)
            assert run.returncode == 1 and "1 failed" in run.stdout, run.stdout
