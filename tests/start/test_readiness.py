"""Is this machine ready? Every row can fail, and says what to do."""

import json
import re
import shutil
import subprocess
import sys
from importlib import metadata
from unittest.mock import Mock

import pytest

from helpers.data import PROJECT
from helpers.start import readiness
from helpers.start.readiness import Row
from helpers.weights.home import FetchError


def test_all_is_well_here(capsys):
    table = readiness.ready().data
    assert table.count("| ok |") == 7 and "**no**" not in table
    assert readiness.answer() == 0
    said = capsys.readouterr().out
    assert len(re.findall("^ok ", said, re.M)) == 7 and said.endswith("\nReady.\n")


def test_what_is_wrong_is_said_with_its_fix_and_an_exit_code(monkeypatch, capsys):
    rows = [Row("Is it?", "a", "no.", "Make it so."), Row("Is?", "b", "", "c")]
    monkeypatch.setattr(readiness, "checks", lambda: rows)
    assert readiness.answer() == 1
    said = "NO  Is it? no.\n    Make it so.\nok  Is? b\nNot ready: 1 of 2 answers no.\n"
    assert capsys.readouterr().out == said
    assert readiness.ready().data.endswith("\n| Is it? | **no**: no. Make it so. |\n| Is? | ok |")


def test_an_old_python(monkeypatch):
    monkeypatch.setattr(readiness.sys, "version_info", (3, 9, 1))
    python, _ = readiness.checks()  # what depends on it is not even tried
    assert python[1:] == ("3.9.1", "this is Python 3.9.1.", "Make the environment with Python 3.11.")


@pytest.mark.parametrize("found, said", [("1.0", "numpy is 1.0, wanted <3,>=2.0"), (None, "numpy is missing, wanted")])
def test_a_package_too_old_or_missing_and_a_kernel_without_the_project(monkeypatch, found, said):
    real = readiness._version
    monkeypatch.setattr(readiness, "_version", lambda name: found if name == "numpy" else real(name))
    row = readiness._packages()
    assert said in row.wrong and "pip install -c constraints.txt -e ." in row.fix
    monkeypatch.setattr(metadata, "requires", Mock(side_effect=metadata.PackageNotFoundError()))
    row = readiness._packages()
    assert row.wrong == "this kernel does not have the project." and "choose the kernel" in row.fix


def test_versions_that_are_not_the_pinned_ones_are_named_and_no_reason_to_stop(pinned, monkeypatch):
    row = readiness._packages()
    assert row.wrong == "" and row.found == "as pinned in constraints.txt"
    others, real = ["huggingface_hub", "numpy", "scipy", "torch"], metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "0.1+local" if name in others else real(name))
    said = r"not as pinned, which may do: huggingface_hub 0.1, not [\d.]+; numpy 0.1, not [\d.]+; scipy 0.1, not [\d.]+"
    assert re.fullmatch(said + " and 1 more", readiness._packages().found)
    monkeypatch.setattr(metadata, "version", lambda name: real(name).split("+")[0] + "+cpu")
    assert readiness._packages().found == "as pinned in constraints.txt"


def test_the_table_comes_also_where_matplotlib_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "helpers.figures", None)
    monkeypatch.setattr(readiness, "checks", lambda: [Row("Well?", wrong="it is missing.", fix="Get it.")])
    assert "| Well? | **no**: it is missing. Get it. |" in readiness.ready().data


def test_installed_without_the_projects_folder(monkeypatch, tmp_path):
    monkeypatch.setattr("helpers.data.PROJECT", None)
    monkeypatch.setattr(readiness, "HERE", tmp_path)
    monkeypatch.setattr(readiness, "_kernel", lambda: Row("Does a kernel start?"))
    monkeypatch.setattr(readiness, "_model_and_canary", list)
    _, packages, folder, *others = readiness.checks()
    assert packages.found == packages.wrong == ""  # there are no pins to compare with
    assert folder[:3] == ("Is the project's folder here?", "", "the package was installed without it.")
    assert folder.fix.startswith("Get it, and run  ") and not any(row.wrong for row in others)


def test_in_a_kit_the_fix_needs_no_network(tmp_path):
    shutil.copytree(PROJECT / "helpers" / "start", tmp_path / "helpers" / "start")
    (tmp_path / "kit.json").write_text("{}")
    command = [sys.executable, "-c", "from helpers.start.readiness import FIX; print(FIX)"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert run.stdout == "Delete the folder .venv and run  start.py  again.\n"


def test_the_first_cell_says_what_a_kernel_without_the_project_lacks(tmp_path):
    cells = json.loads((PROJECT / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8"))["cells"]
    first = "".join(next(cell for cell in cells if cell["cell_type"] == "code")["source"])
    bare = [sys.executable, "-S", "-I", "-c", first]
    run = subprocess.run(bare, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 1 and run.stderr.startswith("No module named 'numpy'. Choose the project's kernel")
    (tmp_path / "helpers.py").write_text("mine = 1")
    run = subprocess.run([sys.executable, "-c", first], capture_output=True, text=True, cwd=tmp_path)
    assert run.stderr.startswith("No module named 'helpers.figures'") and "rename a helpers.py of yours" in run.stderr


@pytest.mark.parametrize("complete, needed", [(True, "0.1 GB"), (False, "0.8 GB")])
def test_too_little_memory_or_disk(monkeypatch, tmp_path, complete, needed):
    monkeypatch.setattr("helpers.weights.home.is_complete", lambda folder: complete)
    monkeypatch.setenv("DIRECTIONS_MODEL_HOME", str(tmp_path / "not" / "made" / "yet"))
    assert readiness._disk().wrong == ""
    monkeypatch.setattr(readiness.shutil, "disk_usage", lambda folder: Mock(free=5e7))
    row = readiness._disk()
    assert row.wrong.startswith(f"{needed} is needed in {PROJECT if complete else tmp_path}")
    assert row.wrong.endswith("and 0.1 GB is free.") and row.fix == "Make room there."
    monkeypatch.setattr("helpers.weights.opening.memory_free", lambda: 1.5e9)
    row = readiness._memory()
    assert row.question == "Are 2 GB of memory free?" and row.wrong == "1.5 GB is free." and "Close other" in row.fix


ELSEWHERE = ["/elsewhere/bin/python3", "-m", "ipykernel_launcher", "-f"], "would start /elsewhere/bin/python3."
DIES = ["python", "-c", "raise SystemExit"], "does not (RuntimeError: Kernel died before replying to kernel_info)."


@pytest.mark.parametrize("kernel, fix", [(ELSEWHERE, "jupyter kernelspec remove python3"), (DIES, "firewall")])
def test_a_kernel_of_another_python_and_one_that_dies(monkeypatch, tmp_path, kernel, fix):
    command, wrong = kernel
    spec = {"argv": [*command, "{connection_file}"], "display_name": "Python 3", "language": "python"}
    (tmp_path / "kernels" / "python3").mkdir(parents=True)
    (tmp_path / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    row = readiness._kernel()
    assert row.wrong.endswith(wrong) and fix in row.fix


def test_a_model_that_cannot_be_had(monkeypatch):
    monkeypatch.setattr("helpers.model.fetch", Mock(side_effect=FetchError("No network, and this is what to do.")))
    assert readiness._model_and_canary() == [("Is the model here?", "", "No network, and this is what to do.", "")]


ALTERED = "helpers.weights.opening.WITHIN", -1, "' Paris', probability 0.77.*Delete that folder"
NO_MEMORY = "needs 0.5 GB of memory for its weights in float32, and 0.3 GB is free. Close other programs"
FULL = "helpers.weights.opening.memory_free", lambda: 3e8, NO_MEMORY
BROKEN = (
    "helpers.model.LanguageModel.run",
    Mock(side_effect=OSError("a")),
    r"cannot be run \(OSError\)\. Delete the folder",
)


@pytest.mark.parametrize("place, harm, said", [ALTERED, FULL, BROKEN])
def test_a_model_that_answers_wrongly_or_not_at_all(monkeypatch, place, harm, said):
    monkeypatch.setattr(place, harm)
    _, row = readiness._model_and_canary()
    assert "as it should?" in row.question and re.search(said, f"{row.wrong} {row.fix}")
    assert ("Delete" in row.wrong + row.fix) == (said != NO_MEMORY)  # which is no reason to delete it
