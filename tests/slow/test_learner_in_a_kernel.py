"""What a learner does in a real kernel: a loop that is stopped, too much of everything; and the kernel lives."""

import time

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient

from helpers.data import PROJECT

pytestmark = pytest.mark.slow

STUB = "def unit_of(v):\n    {}\ncheck('0.1', unit_of)"


@pytest.fixture(scope="module")
def client():
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(PROJECT / "notebooks"))
    client.manager = manager
    said(client, "from helpers.exercises import check\nimport numpy as np")
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def said(client, code, interrupt_after=None):
    """What a cell shows and prints, as one text."""
    number = client.execute(code)
    if interrupt_after:
        time.sleep(interrupt_after)
        client.manager.interrupt_kernel()
    texts = []
    while True:
        message = client.get_iopub_msg(timeout=60)
        if message["parent_header"].get("msg_id") != number:
            continue
        content = message["content"]
        if message["msg_type"] == "status" and content["execution_state"] == "idle":
            return "\n".join(texts)
        texts += [content.get("text") or content.get("evalue") or content.get("data", {}).get("text/markdown") or ""]


@pytest.mark.parametrize("body", ["while True: pass", "while True: np.sqrt(-1)", "import time; time.sleep(600)"])
def test_what_never_ends_is_stopped_and_told(client, body):
    assert "You stopped it. If it would not end, look for a loop" in said(client, STUB.format(body), interrupt_after=3)
    assert said(client, "print(6 * 7)").strip() == "42"


@pytest.mark.parametrize(
    "body, words",
    [
        ("for i in range(20000): print(i)\n    return v / np.linalg.norm(v)", "**✓ 0.1 is right.**"),
        ("return unit_of(v)", "It raised `RecursionError"),
        ("return np.ones((10**7, 10**7))", "It raised `MemoryError"),
        ("return np.zeros((10**5, 10**4))", "It returned an array of shape (100000, 10000)"),
        ("v[:] = 0\n    return v", "not yet"),
        ("raise SystemExit", "It raised `SystemExit"),
        ("import os; os.chdir('/'); return None", "It returned None"),
        ("import warnings; warnings.warn('look'); return v", "not yet"),
    ],
)
def test_too_much_of_anything_leaves_the_kernel_alive(client, body, words):
    assert words in said(client, STUB.format(body))
    assert said(client, "print(6 * 7)").strip() == "42"


@pytest.mark.parametrize("name", ["01_text_to_token_ids.ipynb", "05_three_rulers.ipynb"])
def test_a_notebook_that_was_moved_elsewhere_runs_all_the_same(tmp_path, name):
    notebook = nbformat.read(PROJECT / "notebooks" / name, as_version=4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()  # an error raises
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
