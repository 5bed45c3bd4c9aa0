"""The kit for computers without a network: what goes in, and what its start script says on a bad day.

That it reaches a running notebook with the network cut is shown in tests/slow/test_kit_offline.py.
"""

import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections import namedtuple

import kit
import pytest
import start
from run_notebooks import PROJECT


@pytest.fixture
def unpacked(tmp_path, monkeypatch):
    """A kit with two small files in place of its wheels and its model."""
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / "a.whl").write_bytes(b"a wheel")
    (tmp_path / "model.gguf").write_bytes(b"a model")
    names = ["wheels/a.whl", "model.gguf"]
    known = {
        "target": start.target_of([sys.executable]),
        "packages": 1,
        "pip": "wheels/a.whl",
        "model": "model.gguf",
        "files": {name: start.size_and_digest(tmp_path / name) for name in names},
    }
    (tmp_path / "kit.json").write_text(json.dumps(known))
    monkeypatch.setattr(start, "HERE", str(tmp_path))
    monkeypatch.setattr(start, "ENVIRONMENT", str(tmp_path / ".venv"))
    monkeypatch.setattr(start, "READY", str(tmp_path / ".venv" / "kit-ready"))
    monkeypatch.setattr(start, "PYTHON", str(tmp_path / ".venv" / "bin" / "python"))
    monkeypatch.setattr(start.sys, "argv", ["start.py"])
    return tmp_path, known


def rewrite(folder, known, **changes):
    (folder / "kit.json").write_text(json.dumps(known | changes))


def test_a_kit_for_another_system_or_another_python(unpacked):
    folder, known = unpacked
    assert re.fullmatch(r"CPython 3\.\d+ for \w+ \w+ (32|64) bit", known["target"])
    for other in ("CPython 3.1 for Linux x86_64 64 bit", known["target"].replace(" for ", " for Plan9 or ")):
        rewrite(folder, known, target=other)
        with pytest.raises(SystemExit) as stopped:
            start.main()
        assert str(stopped.value).startswith(f"This kit is for {other}; this is {known['target']}. Install that Python")


def test_another_python_of_the_machine_is_found(unpacked, monkeypatch, tmp_path):
    _, known = unpacked
    other = tmp_path / f"python{known['target'].split()[1]}"
    other.symlink_to(sys.executable)
    monkeypatch.setattr(start.sys, "_base_executable", "/nowhere/python")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert start.matching_python(known) == [other.name]


@pytest.mark.parametrize("harm", [lambda p: p.unlink(), lambda p: p.write_text('{"python":')])
def test_a_kit_without_its_description(unpacked, harm):
    harm(unpacked[0] / "kit.json")
    with pytest.raises(SystemExit, match="kit.json is not beside start.py, or is cut short: unpack the whole archive"):
        start.main()


def test_too_little_room_is_said_before_anything_is_made(unpacked, monkeypatch):
    folder, _ = unpacked
    monkeypatch.setattr(start.shutil, "disk_usage", lambda folder: namedtuple("Usage", "free")(1e9))
    with pytest.raises(SystemExit, match=r"needs 2\.4 GB free in .*Make room there, or move the folder"):
        start.main()
    assert not (folder / ".venv").exists()


def test_an_environment_that_cannot_be_made_is_begun_again_at_the_next_start(unpacked):
    for _ in range(2):  # the wheel is none, so pip cannot start
        with pytest.raises(SystemExit, match=r"The environment could not be made: .*can't open file .*start\.log"):
            start.main()
        assert start.installed() == ""


def test_an_environment_whose_python_is_gone_is_made_anew(unpacked):
    folder, known = unpacked
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "kit-ready").write_text(start.fingerprint(known))
    (folder / ".venv" / "old").write_text("of another time")
    assert start.installed() == ""  # its link leads nowhere
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    assert start.installed() == start.fingerprint(known)
    (folder / ".venv" / "bin" / "python").unlink()
    with pytest.raises(SystemExit, match="could not be made"):
        start.main()
    assert not (folder / ".venv" / "old").exists()


def test_wheels_of_an_older_kit_are_taken_away(unpacked):
    folder, known = unpacked
    (folder / "wheels" / "old.whl").write_bytes(b"an old wheel")
    start.check_files(known)
    assert [path.name for path in (folder / "wheels").iterdir()] == ["a.whl"]


def test_what_sends_pip_or_python_elsewhere_is_left_out(monkeypatch):
    for name in ("PIP_TARGET", "PIP_USER", "PYTHONPATH", "PYTHONHOME"):
        monkeypatch.setenv(name, "elsewhere")
    monkeypatch.setenv("KEPT", "yes")
    environment = start.ours()
    assert environment["KEPT"] == "yes" and "elsewhere" not in environment.values()
    assert environment["PIP_CONFIG_FILE"] == start.os.devnull


@pytest.mark.parametrize("checked, arguments, asked", [(False, [], 2), (True, [], 0), (True, ["--check"], 2)])
def test_the_check_is_made_until_it_has_said_yes(unpacked, monkeypatch, checked, arguments, asked):
    folder, known = unpacked
    (folder / ".venv").mkdir()
    monkeypatch.setattr(start, "installed", lambda: start.fingerprint(known))
    monkeypatch.setattr(start, "CHECKED", str(folder / ".venv" / "kit-checked"))
    monkeypatch.setattr(start.sys, "argv", ["start.py", *arguments])
    answers, called = {"helpers.download": 0, "helpers.preflight": 1, "helpers.lab": 0}, []
    monkeypatch.setattr(start, "call", lambda command, **how: called.append(command[2]) or answers[command[2]])
    if checked:
        (folder / ".venv" / "kit-checked").touch()
    codes = [start.main(), start.main()]  # a check that fails is made again at the next start
    assert called.count("helpers.preflight") == asked and codes == [int(asked > 0)] * 2
    assert called.count("helpers.lab") == (0 if asked else 2)


def test_ctrl_c_is_left_to_what_runs():
    """A first Ctrl-C must not end the script before JupyterLab has asked whether to stop."""
    script = "import os, signal, time; signal.signal(2, lambda *_: (os.write(1, b'asked\\n'), os._exit(7)));"
    script += "time.sleep(0.2); os.write(1, b'up\\n'); time.sleep(20)"
    code = f"import start, sys; start.HERE = '.'; sys.exit(start.call([sys.executable, '-c', {script!r}]))"
    begun = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=PROJECT / "workshop",
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert begun.stdout.readline() == "up\n"
    os.killpg(begun.pid, signal.SIGINT)
    assert begun.wait(10) == 7 and begun.stdout.read() == "asked\n"


def test_another_kit_or_another_place_needs_another_environment(unpacked, monkeypatch):
    _, known = unpacked
    first = start.fingerprint(known)
    assert first == start.fingerprint(json.loads(json.dumps(known)))
    assert first != start.fingerprint(known | {"packages": 2})
    monkeypatch.setattr(start, "HERE", "/moved")
    assert first != start.fingerprint(known)


def test_the_start_script_answers_under_an_old_python_too():
    """Its own sentence about versions must be reached: no syntax newer than 3.7."""
    import ast

    ast.parse((PROJECT / "workshop" / "start.py").read_text(encoding="utf-8"), feature_version=(3, 7))


def test_what_goes_into_the_archive(tmp_path, monkeypatch):
    def collect(folder):
        folder.mkdir()
        (folder / "pip-1-py3-none-any.whl").write_bytes(b"pip")
        return [folder / "pip-1-py3-none-any.whl"]

    def obtain(folder):
        (folder / "somewhere.gguf").write_bytes(b"the model")
        return folder / "somewhere.gguf"

    monkeypatch.setattr(kit, "refuse_gigabytes", lambda wanted: None)
    monkeypatch.setattr(kit, "collect_wheels", collect)
    monkeypatch.setattr(kit, "obtain", obtain)
    archive = kit.make(tmp_path / "new" / "kit.zip")
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(tmp_path)
    here = tmp_path / kit.FOLDER
    tracked = kit.files_of_project()
    assert {"helpers/lab.py", "notebooks/00_start_here.ipynb", "constraints.txt", "LICENSE-TEXT"} <= set(tracked)
    own = {"start.py", "kit.json", "wheels/pip-1-py3-none-any.whl", f"model/{kit.GGUF}"}
    own |= {"model/LICENSE", "model/README.txt"}
    assert {path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file()} == set(tracked) | own
    assert not [name for name in tracked if name.startswith(("my-work", "data/model", ".venv"))]
    known = json.loads((here / "kit.json").read_text())
    carried = ["model/" + kit.GGUF, "wheels/pip-1-py3-none-any.whl"]
    assert known["files"] == {name: start.size_and_digest(here / name) for name in carried}
    assert known["pip"] == "wheels/pip-1-py3-none-any.whl" and known["packages"] == 1
    assert "Apache License" in (here / "model" / "LICENSE").read_text()
    assert [path.name for path in archive.parent.iterdir()] == ["kit.zip"]  # nothing half-made beside it


@pytest.mark.parametrize("names, refused", [(["torch", "numpy"], False), (["nvidia-cublas", "torch", "triton"], True)])
def test_gigabytes_of_cuda_are_refused_before_they_come(monkeypatch, names, refused):
    report = json.dumps({"install": [{"metadata": {"name": name}} for name in names]})
    monkeypatch.setattr(kit, "pip", lambda *arguments: report)
    if refused:
        with pytest.raises(kit.KitError, match="2 packages of CUDA .*PIP_EXTRA_INDEX_URL"):
            kit.refuse_gigabytes([])
    else:
        kit.refuse_gigabytes([])


@pytest.mark.parametrize(
    "error, said",
    [
        (kit.KitError("a reason"), "a reason"),
        (kit.FetchError("no model"), "no model"),
        (OSError(28, "No space left on device"), r"could not be written in .*build: No space left on device\. Nothing"),
        (KeyboardInterrupt(), "Stopped; nothing half-made was kept"),
    ],
)
def test_a_kit_that_cannot_be_made_says_why(monkeypatch, error, said):
    def fails(archive):
        raise error

    monkeypatch.setattr(kit, "make", fails)
    with pytest.raises(SystemExit, match=said):
        kit.main()


def test_package_descriptions_in_any_script_are_read(monkeypatch):
    monkeypatch.setenv("PYTHONIOENCODING", "cp1252")
    code = "import sys; print('\N{GREEK SMALL LETTER GAMMA}')"
    real = subprocess.run
    monkeypatch.setattr(kit.subprocess, "run", lambda call, **how: real([sys.executable, "-c", code], **how))
    assert kit.pip("install") == "γ\n"


def test_without_a_network_or_without_git(monkeypatch, tmp_path):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(kit.KitError, match=r"pip could not collect the packages \(.*\)\. Is there a network\?"):
        kit.collect_wheels(tmp_path / "wheels")
    monkeypatch.setattr(kit, "PROJECT", tmp_path)
    with pytest.raises(kit.KitError, match="Make the kit in a clone of it"):
        kit.files_of_project()


def test_the_start_script_runs_as_a_command(unpacked):
    folder, known = unpacked
    (folder / "start.py").write_bytes((PROJECT / "workshop" / "start.py").read_bytes())
    rewrite(folder, known, target="CPython 9.9 for abacus")
    run = subprocess.run([sys.executable, folder / "start.py"], capture_output=True, text=True, cwd="/")
    assert run.returncode == 1 and "This kit is for CPython 9.9" in run.stderr and "Traceback" not in run.stderr
