"""The shared server as a class meets it: many at once, the password, and a hub that dies with people in it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import load
import nbformat
import psutil
import pytest
from run_notebooks import PROJECT

proxy = (PROJECT / "build" / "node" / "node_modules").exists()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not proxy, reason="npm could not install the hub's proxy")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("hub")


def run(coroutine):
    """Its result; in a thread of its own, since a browser's loop may be running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def test_three_at_once_open_the_lab_run_two_spines_move_a_slider_and_save(place):
    async def way(hub):
        await load.there(hub)
        return await load.round_of(3, False, place)

    with load.running(place) as hub:
        told = run(way(hub))
    assert told["failed"] == [] and told["ended"] == 3
    assert told["PSS, USS each, MB"][1] < 1100  # private: what README.md counts with


def test_a_hub_that_is_killed_and_started_again_loses_nobodys_work(place):
    path = "/user/ada/api/contents/notebooks/mine.ipynb"
    mine = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 41")])

    async def before_and_while_it_is_gone(hub):
        await load.there(hub)
        await load.start("ada")
        kernel = await load.Kernel.of("ada", "notebooks/mine.ipynb")
        await kernel.send("execute_request", {"code": "x = 41", "silent": False})
        await load.ask("PUT", path, {"type": "notebook", "content": mine})
        culler = [child for child in psutil.Process(hub.pid).children() if "jupyterhub_idle_culler" in child.cmdline()]
        hub.kill()
        hub.wait()
        culler[0].kill()  # which a service manager would end with the hub
        await kernel.send("execute_request", {"code": "x += 1", "silent": False})
        return kernel.id

    async def afterwards(hub):
        await load.there(hub)
        server = (await load.ask("GET", "/hub/api/users/ada"))["servers"][""]
        running = [one["id"] for one in await load.ask("GET", "/user/ada/api/kernels")]
        kernel = await load.Kernel.of("ada", "notebooks/mine.ipynb")
        await kernel.send("execute_request", {"code": "assert x == 42", "silent": False})
        saved = (await load.ask("GET", path))["content"]["cells"][0]["source"]
        await load.ask("DELETE", "/hub/api/users/ada/server")
        return server["ready"], running, kernel.id, saved

    with load.running(place) as hub:
        kernel_id = run(before_and_while_it_is_gone(hub))
    with load.running(place) as hub:
        assert run(afterwards(hub)) == (True, [kernel_id], kernel_id, "x = 41")


def test_the_password_opens_the_first_notebook_and_another_opens_nothing(place, page):
    with load.running(place) as hub:
        run(load.there(hub))
        for password in ("not the password", (place / "password-for-learners").read_text()):
            page.goto(f"http://{load.AT}/hub/login")
            page.get_by_label("Username").fill("bob")
            page.get_by_label("Password").fill(password)
            page.get_by_role("button", name="Sign in").click()
            if password.startswith("not"):
                assert "Invalid username or password" in page.locator(".login_error").inner_text()
        page.get_by_role("heading", name="Directions, not points").wait_for(timeout=90_000)
        assert page.url.endswith("/user/bob/lab/tree/notebooks/00_start_here.ipynb")
        own = place / "homes" / "bob" / "directions-not-points" / "notebooks"
        assert len(list(own.glob("*.ipynb"))) == len(list((PROJECT / "notebooks").glob("*.ipynb")))
        run(load.ask("DELETE", "/hub/api/users/bob/server"))
