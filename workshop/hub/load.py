"""How many learners can a machine bear? So many at once open the lab, run two spines, move a slider and save.

    make load ARGS="5 10 20"     # so many learners, one number after the other, on a hub of its own on 127.0.0.1

Each speaks to the hub as a browser does, by HTTP and by the kernels' websockets, without drawing a page. The memory is
counted process by process as PSS (what several share is split between them) and USS (what is private).
"""

import argparse
import asyncio
import json
import os
import secrets
import struct
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from statistics import median

import psutil
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

HERE = Path(__file__).resolve().parent
PORT, TOKEN = 18100, secrets.token_hex(16)
AT = f"127.0.0.1:{PORT}"
PATIENCE = 1200  # seconds for one learner; whoever needs longer has failed
RESERVE = 2e9  # bytes: with less memory free, a round is stopped
HUB = f"""load_subconfig({str(HERE / "jupyterhub_config.py")!r})
scopes = ["admin:users", "servers", "access:servers"]
c.JupyterHub.services.append(dict(name="load", api_token={TOKEN!r}))
c.JupyterHub.load_roles.append(dict(name="load", services=["load"], scopes=scopes))
"""
# What the table in README.md counts with, as seen on two cores with 20 learners (README.md, "What was measured").
EACH = 1.1  # GB: a learner's two notebooks 0.83, and a third more
SYSTEM, WEIGHTS = 2.0, 0.54  # GB on each machine: the system and the hub; the model, which all kernels map
SECONDS, WAIT = 25, 100  # of one core: server and two spines; how long everybody may wait who starts at once
NODE = (64, 16)  # GB and cores of a cluster's machine
SPINES = ("00_start_here.ipynb", "01_text_to_token_ids.ipynb")


async def ask(method, path, body=None):
    """The answer of the hub, or of a learner's server, as JSON where it is."""
    heads = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
    body = json.dumps(body) if body is not None else "" if method == "POST" else None
    request = HTTPRequest(f"http://{AT}{path}", method, heads, body, request_timeout=300, connect_timeout=300)
    answer = (await AsyncHTTPClient().fetch(request)).body
    return json.loads(answer) if answer[:1] in (b"{", b"[") else answer


async def start(name):
    """Have a learner's server started, as often as it takes: so many may start at once, the others come later."""
    await ask("POST", f"/hub/api/users/{name}")
    while True:
        try:
            await ask("POST", f"/hub/api/users/{name}/server")
            break
        except HTTPClientError as refused:
            if refused.code != 429:
                raise
        await asyncio.sleep(2)
    while True:
        server = (await ask("GET", f"/hub/api/users/{name}"))["servers"].get("")
        if server is None:
            raise ConnectionError("the server did not start")
        if server["ready"]:
            return
        await asyncio.sleep(0.5)


class Kernel:
    """A notebook's kernel, over its websocket."""

    @classmethod
    async def of(cls, name, notebook):
        self, path = cls(), f"/user/{name}/api"
        asked = {"path": notebook, "name": notebook, "type": "notebook", "kernel": {"name": "python3"}}
        self.id = (await ask("POST", f"{path}/sessions", asked))["kernel"]["id"]
        url = HTTPRequest(
            f"ws://{AT}{path}/kernels/{self.id}/channels",
            headers={"Authorization": f"token {TOKEN}"},
            connect_timeout=300,
            request_timeout=300,
        )
        self.socket, self.sliders = await websocket_connect(url, max_message_size=2**28), {}
        return self

    async def send(self, kind, content):
        """Send a message, and wait until the kernel has done what it asks; an error of the kernel is raised."""
        head = {"msg_id": uuid.uuid4().hex, "msg_type": kind, "session": self.id, "username": "", "version": "5.3"}
        head["date"] = "2020-01-01T00:00:00Z"
        sent = {"header": head, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        await self.socket.write_message(json.dumps(sent))
        while True:
            told = await self.socket.read_message()
            if told is None:
                raise ConnectionError("the kernel is gone")
            if isinstance(told, bytes):  # with a picture: how many parts, where each begins, the message, the picture
                told = told[slice(*struct.unpack_from(">2I", told, 4))]
            told = json.loads(told)
            kind, content = told["msg_type"], told["content"]
            if kind == "comm_open" and "place" in content["data"].get("state", {}):
                self.sliders[content["comm_id"]] = content["data"]["state"]
            if told["parent_header"].get("msg_id") != head["msg_id"]:
                continue
            if kind == "error":
                raise RuntimeError(content["evalue"])
            if kind == "status" and content["execution_state"] == "idle":
                return


async def learn(name, began, prestarted):
    """One learner's way, and the seconds that its parts took."""
    took, user = {}, f"/user/{name}"
    if not prestarted:
        await start(name)
    for path in (f"{user}/lab", f"{user}/api/contents/notebooks"):
        await ask("GET", path)
    took["lab"] = time.monotonic() - began
    for spine in SPINES:
        path = f"{user}/api/contents/notebooks/{spine}"
        notebook = (await ask("GET", path))["content"]
        before = time.monotonic()
        kernel = await Kernel.of(name, f"notebooks/{spine}")
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code" and not {"deeper", "solution"} & set(cell["metadata"].get("tags", [])):
                await kernel.send("execute_request", {"code": cell["source"], "silent": False, "store_history": True})
                took.setdefault(f"{spine[:2]}, first cell", time.monotonic() - before)
        took[f"{spine[:2]}, spine"] = time.monotonic() - before
        notebook["cells"][0]["source"] += f"\n\n{name} was here."
        await ask("PUT", path, {"type": "notebook", "content": notebook})
    slider, state = next(iter(kernel.sliders.items()))
    before = time.monotonic()
    moved = {"method": "update", "state": {"place": 0 if state["place"] else 1}, "buffer_paths": []}
    await kernel.send("comm_msg", {"comm_id": slider, "data": moved})
    took["slider"] = time.monotonic() - before
    saved = await ask("GET", f"{user}/api/contents/notebooks/{SPINES[0]}")
    assert f"{name} was here." in str(saved["content"]["cells"][0]["source"])
    return took


def memory(home):
    """Megabytes of each learner, server and kernels: (PSS, USS)."""
    sums = {}
    for process in psutil.process_iter():
        try:
            whose = process.environ().get("JUPYTERHUB_USER")
            if whose and str(home) in process.environ().get("HOME", ""):
                found, (pss, uss) = process.memory_full_info(), sums.get(whose, (0, 0))
                sums[whose] = pss + found.pss / 1e6, uss + found.uss / 1e6
        except psutil.Error:
            continue
    return list(sums.values())


async def watch(free):
    """Note the least memory that is free; stop a round that would use it up."""
    while True:
        free.append(psutil.virtual_memory().available)
        if free[-1] < RESERVE:
            raise MemoryError(f"less than {RESERVE / 1e9:.0f} GB free")
        await asyncio.sleep(0.5)


async def round_of(n, prestarted, home):
    """So many learners at once: what they met, as a dict of numbers."""
    names, free = [f"learner{n}-{i}" for i in range(n)], []
    if prestarted:
        await asyncio.gather(*map(start, names))
    guard, began, cpu = asyncio.create_task(watch(free)), time.monotonic(), psutil.cpu_times()
    ways = [asyncio.create_task(asyncio.wait_for(learn(name, began, prestarted), PATIENCE)) for name in names]
    everybody = asyncio.gather(*ways, return_exceptions=True)
    await asyncio.wait([everybody, guard], return_when=asyncio.FIRST_COMPLETED)
    stopped = [str(guard.exception())] if guard.done() else []
    everybody.cancel() if stopped else guard.cancel()
    met = [way.result() for way in ways if way.done() and not way.cancelled() and not way.exception()]
    failed = [repr(way.exception()) for way in ways if way.done() and not way.cancelled() and way.exception()]
    used, after = memory(home), psutil.cpu_times()
    told = {
        "learners": n,
        "ended": len(met),
        "seconds": round(time.monotonic() - began),
        "failed": stopped + failed[:3],
    }
    told |= {part: [round(f([one[part] for one in met]), 1) for f in (median, max)] for part in (met[0] if met else ())}
    told["cpu seconds each"] = round((after.user + after.system - cpu.user - cpu.system) / n, 1)
    told["PSS, USS each, MB"] = [round(median(kind)) for kind in zip(*used, strict=True)]
    told["least free, GB"] = round(min(free) / 1e9, 1)
    for name in names:
        await ask("DELETE", f"/hub/api/users/{name}/server")
    return told


def table():
    """How much so many learners need who all come at once: Markdown, by arithmetic from the numbers above."""
    rows = ["| learners at once | memory, GB | cores | machines |", "|---|---|---|---|"]
    each_node = int(min((NODE[0] - SYSTEM - WEIGHTS) // EACH, NODE[1] * WAIT // SECONDS))
    for n in (10, 25, 50, 100, 500, 5000):
        nodes = 1 if n <= 100 else ceil(n / each_node)
        memory, cores = ceil((SYSTEM + WEIGHTS) * nodes + EACH * n), ceil(n * SECONDS / WAIT)
        what = "one" if nodes == 1 else f"{nodes}, each {NODE[0]} GB and {NODE[1]} cores"
        rows.append(f"| {n:,} | {memory:,} | {cores:,} | {what} |")
    return "\n".join(rows)


@contextmanager
def running(folder):
    """A hub with its files in a folder, as a process; whoever speaks to it waits for `there`."""
    config = Path(folder) / "config.py"
    config.write_text(HUB)
    environment = os.environ | {"DIRECTIONS_HUB": str(folder), "DIRECTIONS_HUB_PORT": str(PORT)}
    with open(Path(folder) / "hub.log", "a") as log:
        command = [sys.executable, "-m", "jupyterhub", "-f", str(config)]
        hub = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)
    try:
        yield hub
    finally:
        hub.terminate()
        hub.wait(120)


async def there(hub):
    """Wait until the hub answers; RuntimeError where its process has ended."""
    AsyncHTTPClient.configure(None, max_clients=500, max_body_size=2**28)
    while True:
        try:
            return await ask("GET", "/hub/api")
        except (OSError, HTTPClientError):  # nobody there yet, or only the proxy
            if hub.poll() is not None:
                raise RuntimeError("the hub has ended; hub.log says why") from None
            await asyncio.sleep(0.5)


async def rounds(hub, numbers, prestarted, home):
    await there(hub)
    for n in sorted(set(numbers)):
        print(json.dumps(await round_of(n, prestarted, home)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("learners", type=int, nargs="+", choices=range(1, 201), metavar="LEARNERS")
    parser.add_argument("--prestarted", action="store_true", help="their servers run before they come")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running(folder) as hub:
        asyncio.run(rounds(hub, chosen.learners, chosen.prestarted, folder))


if __name__ == "__main__":
    main()
