"""The kit: what goes in, what its start script says on a bad day. tests/slow/test_kit_offline.py starts a real one."""

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from unittest.mock import Mock

import kit
import pytest
import start
from run_notebooks import PROJECT

WHEEL = "pip-1-py3-none-any.whl"


def written(path, data):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture
def unpacked(tmp_path, monkeypatch):
    """A kit with two small files in place of its wheels and its model."""
    carried = [written(tmp_path / "wheels" / "a.whl", b"a wheel"), written(tmp_path / "model.gguf", b"a model")]
    files = {path.relative_to(tmp_path).as_posix(): start.size_and_digest(path) for path in carried}
    target = start.target_of([sys.executable])
    known = {"packages": 1, "pip": "wheels/a.whl", "model": "model.gguf", "files": files, "target": target}
    (tmp_path / "kit.json").write_text(json.dumps(known))
    here = tmp_path / ".venv"
    places = {"HERE": tmp_path, "ENVIRONMENT": here, "READY": here / "kit-ready", "CHECKED": here / "kit-checked"}
    for name, place in (places | {"PYTHON": here / "bin" / "python"}).items():
        monkeypatch.setattr(start, name, str(place))
    monkeypatch.setattr(start.sys, "argv", ["start.py"])
    return tmp_path, known


def test_a_kit_for_another_system_or_another_python(unpacked):
    folder, known = unpacked
    assert re.fullmatch(r"CPython 3\.\d+ for \w+ \w+ (32|64) bit", known["target"])
    for other in ("CPython 3.1 for Linux x86_64 64 bit", known["target"].replace(" for ", " for Plan9 or ")):
        (folder / "kit.json").write_text(json.dumps(known | {"target": other}))
        with pytest.raises(SystemExit) as stopped:
            start.main()
        assert str(stopped.value).startswith(f"This kit is for {other}; this is {known['target']}. Install that Python")
    (folder / "start.py").write_bytes((PROJECT / "workshop" / "start.py").read_bytes())
    run = subprocess.run([sys.executable, folder / "start.py"], capture_output=True, text=True, cwd="/")  # as a command
    assert run.returncode == 1 and run.stderr.startswith(f"This kit is for {other}")
    ast.parse((folder / "start.py").read_text(encoding="utf-8"), feature_version=(3, 7))  # an old Python says so


def test_another_python_of_the_machine_is_found(unpacked, monkeypatch, tmp_path):
    _, known = unpacked
    other = tmp_path / f"python{known['target'].split()[1]}"
    other.symlink_to(sys.executable)
    monkeypatch.setattr(start.sys, "_base_executable", "/nowhere/python")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert start.matching_python(known) == [other.name]


def test_too_little_room_or_no_description_is_said_before_anything_is_made(unpacked, monkeypatch):
    monkeypatch.setattr(start.shutil, "disk_usage", lambda folder: Mock(free=1e9))
    with pytest.raises(SystemExit, match=r"needs 2\.4 GB free in .*Make room there, or move the folder"):
        start.main()
    for harm in (lambda path: path.write_text('{"python":'), lambda path: path.unlink()):
        harm(unpacked[0] / "kit.json")
        with pytest.raises(SystemExit, match="kit.json is not beside start.py, or is cut short: unpack the whole"):
            start.main()
    assert not (unpacked[0] / ".venv").exists()


def test_an_environment_that_cannot_be_made_or_has_lost_its_python_is_begun_again(unpacked, monkeypatch):
    folder, known = unpacked
    old = written(folder / ".venv" / "bin" / "old", b"of another time")
    written(folder / ".venv" / "kit-ready", start.fingerprint(known).encode())
    old.with_name("python").symlink_to(sys.executable)
    assert start.installed() == start.fingerprint(known)
    old.with_name("python").unlink()
    for _ in range(2):  # the wheel is none, so pip cannot start
        assert start.installed() == ""
        with pytest.raises(SystemExit, match=r"The environment could not be made: .*can't open file .*start\.log"):
            start.main()
    assert not old.exists()
    first = start.fingerprint(known)  # another kit, or the same in another place, needs another environment
    assert first == start.fingerprint(dict(known)) != start.fingerprint(known | {"packages": 2})
    monkeypatch.setattr(start, "HERE", "/moved")
    assert first != start.fingerprint(known)


def test_wheels_of_an_older_kit_are_taken_away_and_altered_files_refused(unpacked):
    folder, known = unpacked
    written(folder / "wheels" / "old.whl", b"an old wheel")
    start.check_files(known)
    assert [path.name for path in (folder / "wheels").iterdir()] == ["a.whl"]
    written(folder / "wheels" / "a.whl", b"a wh33l")
    (folder / "model.gguf").unlink()
    with pytest.raises(SystemExit, match=r"not whole: wheels/a.whl and 1 more is missing or altered\. Copy"):
        start.check_files(known)


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
    monkeypatch.setattr(start, "installed", lambda: start.fingerprint(known))
    monkeypatch.setattr(start.sys, "argv", ["start.py", *arguments])
    called = []
    monkeypatch.setattr(start, "call", lambda command, **how: called.append(command[1:4]) or command[3] == "ready")
    if checked:
        written(folder / ".venv" / "kit-checked", b"")
    codes = [start.main(), start.main()]  # a check that fails is made again at the next start
    assert called.count(["-m", "helpers", "ready"]) == asked and codes == [asked > 0] * 2
    assert called.count(["-m", "helpers", "lab"]) == (0 if asked else 2)


def test_ctrl_c_is_left_to_what_runs():  # the script must not end before JupyterLab has asked whether to stop
    script = "import os, signal, time; signal.signal(2, lambda *_: (os.write(1, b'asked\\n'), os._exit(7)));"
    script += "time.sleep(0.2); os.write(1, b'up\\n'); time.sleep(20)"
    code = f"import start, sys; start.HERE = '.'; sys.exit(start.call([sys.executable, '-c', {script!r}]))"
    how = dict(cwd=PROJECT / "workshop", stdout=subprocess.PIPE, text=True, start_new_session=True)
    begun = subprocess.Popen([sys.executable, "-c", code], **how)
    assert begun.stdout.readline() == "up\n"
    os.killpg(begun.pid, signal.SIGINT)
    assert begun.wait(10) == 7 and begun.stdout.read() == "asked\n"


def test_what_goes_into_the_archive(tmp_path, monkeypatch):
    monkeypatch.setattr(kit, "refuse_gigabytes", lambda wanted: None)
    monkeypatch.setattr(kit, "collect_wheels", lambda folder: [written(folder / WHEEL, b"pip")])
    monkeypatch.setattr(kit, "obtain", lambda folder, known: written(folder / "somewhere.gguf", b"the model"))
    monkeypatch.setattr(kit, "SITE", written(tmp_path / "site" / "index.html", b"pages").parent)
    archive = kit.make(tmp_path / "new" / "kit.zip")
    shutil.unpack_archive(archive, tmp_path)
    here = tmp_path / kit.FOLDER
    tracked = kit.files_of_project()
    assert {"helpers/__init__.py", "notebooks/00_start_here.ipynb", "constraints.txt", "LICENSE-TEXT"} <= set(tracked)
    carried = [f"model/{kit.GGUF}", f"wheels/{WHEEL}"]
    own = {"start.py", "kit.json", "model/LICENSE", "model/README.txt", "site/index.html", *carried}
    assert {path.relative_to(here).as_posix() for path in here.rglob("*") if path.is_file()} == set(tracked) | own
    assert not [name for name in tracked if name.startswith(("my-work", "data/model", ".venv"))]
    known = json.loads((here / "kit.json").read_text())
    assert known["files"] == {name: start.size_and_digest(here / name) for name in carried}
    assert known["pip"] == f"wheels/{WHEEL}" and known["packages"] == 1
    assert "Apache License" in (here / "model" / "LICENSE").read_text()
    assert [path.name for path in archive.parent.iterdir()] == ["kit.zip"]  # nothing half-made beside it


def test_gigabytes_of_cuda_are_refused_before_they_come(monkeypatch):
    wanted = [{"metadata": {"name": name}} for name in ("torch", "numpy", "triton", "nvidia-cublas")]
    monkeypatch.setattr(kit, "pip", lambda *arguments: json.dumps({"install": wanted}))
    with pytest.raises(kit.KitError, match=r"2 packages of CUDA .*Run  export PIP_EXTRA_INDEX_URL=https://.*/whl/cpu "):
        kit.refuse_gigabytes([])
    del wanted[2:]
    kit.refuse_gigabytes([])


FULL = OSError(28, "No space left on device"), r"not be written in .*build: No space left on device\. Nothing half-made"
STOPPED = KeyboardInterrupt(), "Stopped; nothing half-made was kept"


@pytest.mark.parametrize("error, said", [(kit.KitError("a"), "a"), (kit.FetchError("b"), "b"), FULL, STOPPED])
def test_a_kit_that_cannot_be_made_says_why(monkeypatch, error, said):
    monkeypatch.setattr(kit, "make", Mock(side_effect=error))
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
