"""The pre-flight check: every row can fail, and says what to do."""

import json
import os
import re
import subprocess
import sys
from collections import namedtuple
from importlib import metadata

import pytest

from helpers import download, preflight
from helpers.preflight import Row


def rows(checks=None):
    return {row.question: (row.wrong, row.fix) for row in checks or preflight.checks()}


def test_all_is_well_here():
    assert len(rows()) == 7 and not any(wrong for wrong, _ in rows().values())
    table = preflight.preflight().data
    assert table.count("| ok |") == 7 and "**no**" not in table


def test_an_old_python(monkeypatch):
    Version = namedtuple("Version", "major minor micro")
    monkeypatch.setattr(preflight.sys, "version_info", Version(3, 9, 1))
    wrong, fix = rows()["Is this Python 3.11 or newer?"]
    assert wrong == "this is Python 3.9.1." and "3.11" in fix
    assert len(rows()) == 2  # what depends on it is not even tried


@pytest.mark.parametrize("found, said", [("1.0", "numpy is 1.0, wanted <3,>=2.0"), (None, "numpy is missing, wanted")])
def test_a_package_too_old_or_missing(monkeypatch, found, said):
    real = metadata.version

    def version(name):
        if name == "numpy":
            if found is None:
                raise metadata.PackageNotFoundError(name)
            return found
        return real(name)

    monkeypatch.setattr(preflight.importlib.metadata, "version", version)
    wrong, fix = rows([preflight._packages()])[preflight._packages()[0]]
    assert said in wrong and "pip install -c constraints.txt -e ." in fix


def test_in_a_kit_the_fix_needs_no_network(tmp_path):
    (tmp_path / "helpers").mkdir()
    for name in ("__init__.py", "preflight.py"):
        (tmp_path / "helpers" / name).write_bytes((download.PROJECT / "helpers" / name).read_bytes())
    (tmp_path / "kit.json").write_text("{}")
    command = [sys.executable, "-c", "from helpers.preflight import FIX; print(FIX)"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert run.stdout == "Delete the folder .venv and run  start.py  again.\n"


def test_versions_that_are_not_the_pinned_ones_are_named_and_no_reason_to_stop(monkeypatch):
    class Installed:
        def __init__(self, name, version):
            self.metadata, self.version = {"Name": name}, version

    assert preflight._packages().found == "as pinned in constraints.txt"
    others = [
        Installed(name, "0.1+local") for name in ("NumPy", "huggingface-hub", "torch", "scipy", "not-pinned", None)
    ]
    monkeypatch.setattr(preflight.importlib.metadata, "distributions", lambda: others)
    assert re.fullmatch(
        r"not as pinned, which may do: huggingface_hub 0.1, not [\d.]+; numpy 0.1, not [\d.]+; "
        r"scipy 0.1, not [\d.]+ and 1 more",
        preflight._against_the_pins(),
    )
    others[:] = [Installed(name, f"{metadata.version(name)}+cpu") for name in ("numpy", "torch")]
    assert preflight._against_the_pins() == "as pinned in constraints.txt"


def test_too_little_memory(monkeypatch):
    from helpers import model

    monkeypatch.setattr(model, "memory_free", lambda: 1.5e9)
    row = preflight._memory()
    assert row.question == "Are 2 GB of memory free?" and row.wrong == "1.5 GB is free." and "Close other" in row.fix


@pytest.mark.parametrize("ready, needed", [(True, "0.1 GB"), (False, "0.8 GB")])
def test_too_little_disk(monkeypatch, tmp_path, ready, needed):
    monkeypatch.setattr(download, "is_complete", lambda folder: ready)
    monkeypatch.setenv("DIRECTIONS_MODEL_HOME", str(tmp_path / "not" / "made" / "yet"))
    assert preflight._disk().wrong == ""
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda folder: namedtuple("Usage", "free")(5e7))
    assert f"{needed} is needed in {download.PROJECT if ready else tmp_path}" in preflight._disk().wrong
    assert preflight._disk().wrong.endswith("and 0.1 GB is free.") and preflight._disk().fix == "Make room there."
    monkeypatch.setenv("DIRECTIONS_MODEL_HOME", "~nobody-of-that-name")
    assert "there is no such user" in preflight._disk().wrong


def kernel_of(folder, *command):
    spec = {"argv": [*command, "{connection_file}"], "display_name": "Python 3", "language": "python"}
    (folder / "kernels" / "python3").mkdir(parents=True)
    (folder / "kernels" / "python3" / "kernel.json").write_text(json.dumps(spec))


def test_a_kernel_of_another_python_in_the_place_of_ours(monkeypatch, tmp_path):
    kernel_of(tmp_path, "/elsewhere/bin/python3", "-m", "ipykernel_launcher", "-f")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    row = preflight._kernel()
    assert row.wrong == "the kernel named python3 would start /elsewhere/bin/python3."
    assert f"{sys.executable} -m jupyter kernelspec remove python3" in row.fix


def test_a_kernel_that_dies(monkeypatch, tmp_path):
    kernel_of(tmp_path, "python", "-c", "raise SystemExit")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    row = preflight._kernel()
    assert row.wrong == "it does not (RuntimeError: Kernel died before replying to kernel_info)."
    assert "firewall" in row.fix


def test_a_kernel_without_the_project(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(preflight.importlib.metadata, "requires", missing)
    _, _, wrong, fix = preflight._packages()
    assert wrong == "this kernel does not have the project." and "choose the kernel" in fix


def test_a_wrong_answer_of_the_model(monkeypatch):
    from helpers import model

    monkeypatch.setattr(model, "CANARY_PROBABILITY", 0.5)
    *_, (question, _, wrong, _) = preflight._model_and_canary()
    assert "as it should?" in question and "' Paris', probability 0.77" in wrong and "Delete that folder" in wrong
    assert "**no**: The model in " in preflight.preflight().data


def test_too_little_memory_is_a_row_without_a_call_to_delete(monkeypatch):
    from helpers import model

    monkeypatch.setattr(model, "memory_free", lambda: 3e8)
    *_, (_, _, wrong, fix) = preflight._model_and_canary()
    assert "needs 0.5 GB of memory for its weights in float32, and 0.3 GB is free. Close other programs" in wrong
    assert "elete" not in wrong + fix


def test_a_model_that_cannot_be_run(monkeypatch):
    from helpers.model import LanguageModel

    def broken(self, text):
        raise OSError("half a file")

    monkeypatch.setattr(LanguageModel, "run", broken)
    *_, (_, _, wrong, fix) = preflight._model_and_canary()
    assert wrong == "it cannot be run (OSError)." and "Delete the folder" in fix


def test_a_model_that_cannot_be_had(monkeypatch):
    def fails(source=None):
        raise download.FetchError("No network, and this is what to do.")

    monkeypatch.setattr(download, "fetch", fails)
    assert preflight._model_and_canary() == [("Is the model here?", "", "No network, and this is what to do.", "")]


def test_the_command_has_an_exit_code(monkeypatch, capsys):
    command = [sys.executable, "-m", "helpers.preflight"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0 and len(re.findall("^ok ", run.stdout, re.M)) == 7 and run.stdout.endswith("\nReady.\n")
    monkeypatch.setattr(preflight, "checks", lambda: [Row("Is it?", "a", "it is not.", "Make it so."), Row("Is?", "b")])
    with pytest.raises(SystemExit) as stopped:
        preflight.main()
    lines = ["NO  Is it? it is not.", "    Make it so.", "ok  Is? b", "Not ready: 1 of 2 answers no.", ""]
    assert stopped.value.code == 1 and capsys.readouterr().out == "\n".join(lines)


@pytest.mark.parametrize("command", ["preflight", "lab", "report"])
def test_a_python_without_any_package_is_told_in_a_sentence(command):
    bare = [sys.executable, "-S", "-m", f"helpers.{command}"]  # -S: nothing that was installed
    run = subprocess.run(bare, capture_output=True, text=True, cwd=download.PROJECT)
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert " lacks the package " in run.stdout + run.stderr and ".venv/bin/python" in run.stdout + run.stderr


@pytest.mark.parametrize("how", ["> /dev/full", "| head -0", "2>&1 > /dev/null"])
def test_a_table_that_nobody_can_read_still_has_its_exit_code(how):
    command = f'set -o pipefail; "{sys.executable}" -S -m helpers.preflight {how}'
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=download.PROJECT)
    assert run.returncode == 1 and "Traceback" not in run.stderr


def test_a_terminal_without_quotation_marks_of_its_own():
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    code = "from helpers.preflight import say; say('“ü”')"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert run.returncode == 0 and run.stdout == "\\u201c\\xfc\\u201d\n"


def test_an_interrupted_check_says_so(monkeypatch):
    def interrupted():
        raise KeyboardInterrupt

    monkeypatch.setattr(preflight, "checks", interrupted)
    with pytest.raises(SystemExit, match="Stopped"):
        preflight.main()


def test_the_first_cell_says_what_a_kernel_without_the_project_lacks(tmp_path):
    cells = json.loads((download.PROJECT / "notebooks" / "00_start_here.ipynb").read_text(encoding="utf-8"))["cells"]
    first = "".join(next(cell for cell in cells if cell["cell_type"] == "code")["source"])
    bare = [sys.executable, "-S", "-I", "-c", first]
    run = subprocess.run(bare, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 1 and run.stderr.startswith("This kernel lacks helpers: choose the project's kernel")
