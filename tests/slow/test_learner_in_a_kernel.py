"""What a learner does in a real kernel: a loop that is stopped, too much of everything; and the kernel lives."""

import time

import pytest
from jupyter_client.manager import start_new_kernel

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
        ("raise SystemExit", "It raised `SystemExit"),
        ("import os; os.chdir('/'); return None", "It returned None"),
    ],
)
def test_too_much_of_anything_leaves_the_kernel_alive(client, body, words):
    assert words in said(client, STUB.format(body))
    assert said(client, "print(6 * 7)").strip() == "42"
