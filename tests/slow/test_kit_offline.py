"""The kit where there is no network: one command, a running notebook; then an update over a learner's work.

The test starts this file again inside a network of its own that has nothing but the machine itself in it.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import loopback
import pytest
from loopback import CHROMIUM, FLAGS
from test_browser import code_cells, comparable, run_all

PORT = 8899
PROJECT = Path(__file__).resolve().parents[2]
CUT = ["unshare", "--user", "--map-root-user", "--net"]
pytestmark = pytest.mark.slow


@pytest.mark.skipif(
    shutil.which("unshare") is None or subprocess.run([*CUT, "true"]).returncode != 0,
    reason="this system lets no process have a network of its own",
)
def test_one_command_reaches_a_running_notebook_and_an_update_keeps_the_work(tmp_path):
    import kit

    archive = PROJECT / "build" / kit.archive_name()
    if not archive.exists():
        pytest.fail("There is no kit in build/: run `make kit` first, which needs a network.")
    (tmp_path / "home").mkdir()
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8"}
    clean["PYTHONPATH"] = str(PROJECT / "tests" / "tools")
    here = [*CUT, sys.executable, __file__, str(archive), str(tmp_path)]
    done = subprocess.run(here, capture_output=True, text=True, env=clean, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("an update kept the answer\n"), done.stdout
    shutil.rmtree(tmp_path / "directions-not-points")  # 3 GB


def with_the_network_cut(archive, place):
    loopback.up()
    with pytest.raises(OSError):
        socket.create_connection(("192.0.2.1", 80), timeout=5)
    shutil.unpack_archive(archive, place)
    folder = place / "directions-not-points"
    assert (folder / "site" / "index.html").exists()
    lead_astray(place)
    check = subprocess.run([sys.executable, "start.py", "--check"], cwd=folder, capture_output=True, text=True)
    assert check.returncode == 0 and check.stdout.endswith("\nReady.\n"), check.stdout + check.stderr
    with started(folder) as notebook:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
            run_all(browser.new_page(), PORT, notebook.name)
            cells = [code_cells(path) for path in (notebook, folder / "notebooks" / notebook.name)]  # once saved
            browser.close()
        assert all(comparable(ran.outputs) == comparable(saved.outputs) for ran, saved in zip(*cells, strict=True))
    answer(notebook)
    shutil.unpack_archive(archive, place)  # the next kit, over this one, with a notebook that has changed
    answer(folder / "notebooks" / notebook.name, "a new sentence of ours")
    begun = time.monotonic()
    with started(folder):
        assert time.monotonic() - begun < 30  # nothing is installed again
        assert "an answer of theirs" in notebook.read_text()
        assert "a new sentence of ours" in notebook.with_suffix(".new.ipynb").read_text()
    print("an update kept the answer")


def lead_astray(place):
    """What a learner's computer may have set, and must not matter."""
    (place / "home" / ".config" / "pip").mkdir(parents=True)
    (place / "home" / ".config" / "pip" / "pip.conf").write_text("[install]\nuser = true\n")
    (place / "astray").mkdir()
    (place / "astray" / "numpy.py").write_text("raise ImportError('another numpy')")
    os.environ |= {"PYTHONPATH": str(place / "astray"), "PIP_TARGET": str(place / "astray"), "PIP_INDEX_URL": "x"}


@contextmanager
def started(folder):
    """The server that `start.py` starts, until the block ends; gives the learner's copy of the first notebook."""
    command = [sys.executable, "start.py", "--no-browser", f"--port={PORT}", "--IdentityProvider.token=t"]
    server = subprocess.Popen(command, cwd=folder, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        loopback.wait_for(server, PORT)
        yield folder / "my-work" / "notebooks" / "00_start_here.ipynb"
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
        time.sleep(1)  # until the port is free again


def answer(path, text="an answer of theirs"):
    notebook = json.loads(path.read_text())
    notebook["cells"][1]["source"] = [text]
    path.write_text(json.dumps(notebook))


if __name__ == "__main__":
    with_the_network_cut(Path(sys.argv[1]), Path(sys.argv[2]))
