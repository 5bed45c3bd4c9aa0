"""The series as a reader meets it: JupyterLab, in a browser, every cell run, the outputs as saved."""

import base64
import re
import socket
import subprocess
import sys
import time
from contextlib import suppress
from io import BytesIO
from unittest.mock import patch

import loopback
import matplotlib
import nbformat
import numpy as np
import pytest
from PIL import Image
from run_notebooks import NOTEBOOKS, PROJECT, normalise

from helpers.figures import LINES, canvas, draw_curves, png

pytestmark = pytest.mark.slow
PINNED = f"matplotlib=={matplotlib.__version__}" in (PROJECT / "constraints.txt").read_text().split()


@pytest.fixture(scope="module")
def lab(copied_project):
    """The port of a running `python -m helpers lab`, over a copy of the project: no work of yours is touched."""
    copy, environment = copied_project
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = {name: str(copy / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTERLAB_SETTINGS_DIR")}
    environment = environment | settings | {"JUPYTERLAB_WORKSPACES_DIR": str(copy / "spaces")}
    command = [sys.executable, "-m", "helpers", "lab", "--no-browser", f"--port={port}", "--IdentityProvider.token=t"]
    with open(copy / "lab.log", "w") as log:
        server = subprocess.Popen(command, cwd=copy, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        loopback.wait_for(server, port, copy / "lab.log")
        yield port, copy
    finally:
        server.terminate()
        server.wait(20)


def test_the_lab_says_where_it_is_and_opens_the_first_notebook(lab):
    port, copy = lab
    log = (copy / "lab.log").read_text()
    assert re.search(rf"http://(127\.0\.0\.1|localhost):{port}/lab/tree/notebooks/00_start_here\.ipynb", log), log
    assert (copy / "my-work" / "notebooks" / "00_start_here.ipynb").exists()


def code_cells(path):
    """A notebook's code cells, normalised, once all of them have run: a page saves in its own time."""
    for _ in range(40):
        with suppress(nbformat.reader.NotJSONError):  # it is being written
            notebook = nbformat.read(path, as_version=4)
            cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
            if all(cell.execution_count for cell in cells):
                break
        time.sleep(0.25)
    normalise(notebook)
    return cells


def comparable(outputs):
    """What of a cell's outputs nbval would compare: the text of each, and whether it is a picture."""
    kinds = ("text/plain", "text/markdown", "text/html")
    shown = [output.get("data", {"text": output.get("text")}) for output in outputs]
    return [[data.get(kind) for kind in ("text", *kinds)] + ["image/png" in data] for data in shown]


def thumbnails(outputs):
    """Each picture in 32 × 32 colours: a wrong hue, a curve turned round or a group left out shows in it."""
    for output in outputs:
        if picture := output.get("data", {}).get("image/png"):
            image = Image.open(BytesIO(base64.b64decode(picture))).convert("RGB")
            yield np.asarray(image.resize((32, 32), Image.Resampling.BOX), float)


def look_alike(saved, ran):
    """Whether pictures differ by no more than another processor's last digits may do to an edge."""
    pairs = list(zip(thumbnails(saved), thumbnails(ran), strict=True))
    return all(np.abs(one - other).max() < 12 for one, other in pairs)


AT_REST = """() => {
  const waiting = [...document.querySelectorAll(".jp-InputPrompt")].some(prompt => prompt.textContent.includes("*"));
  const idle = !waiting && document.body.innerText.includes("Python 3 (ipykernel) | Idle");
  window.since = idle ? window.since || Date.now() : 0; return idle && Date.now() - window.since > 2000 }"""


def run_all(page, port, name):
    """Open a notebook, clear its outputs, run all cells, save."""
    page.goto(f"http://127.0.0.1:{port}/lab/tree/notebooks/{name}?token=t&reset")
    page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    for menu, command in (("Edit", "Clear Outputs of All Cells"), ("Run", "Run All Cells")):
        page.get_by_role("menuitem", name=menu, exact=True).click()
        page.get_by_role("menuitem", name=command, exact=True).click()
    page.get_by_text("Python 3 (ipykernel) | Busy").wait_for(timeout=10_000)
    page.wait_for_function(AT_REST, polling=100, timeout=120_000)  # the kernel is idle between two cells, too
    page.keyboard.press("Control+s")


@pytest.mark.parametrize("name", [path.name for path in sorted(NOTEBOOKS.glob("*.ipynb"))])
def test_run_in_the_browser_each_notebook_gives_its_saved_outputs(lab, page, name):
    port, copy = lab
    outside = []
    page.on("request", lambda request: outside.append(request.url) if "127.0.0.1" not in request.url else None)
    run_all(page, port, name)
    saved, ran = (code_cells(path) for path in (NOTEBOOKS / name, copy / "my-work" / "notebooks" / name))
    for before, after in zip(saved, ran, strict=True):
        assert comparable(after.outputs) == comparable(before.outputs), before.source
        assert not PINNED or look_alike(before.outputs, after.outputs), before.source
    assert [url for url in outside if url.startswith("http")] == []


def test_a_wrong_colour_a_turned_curve_and_a_missing_group_are_seen():
    def picture(x, y, *more):
        fig, ax = canvas(6, 3)
        draw_curves(ax, x, {"one": np.array(y), **dict(more)}, "Title", "x", "y")
        return [{"data": {"image/png": base64.b64encode(png(fig)).decode()}}]

    sound = picture([0, 1, 2], [0, 1, 5])
    assert look_alike(sound, picture([0, 1, 2], [0, 1 + 1e-5, 5]))
    assert not look_alike(sound, picture([0, 1, 2], [5, 1, 0]))
    assert not look_alike(sound, picture([0, 1, 2], [0, 1, 5], ("two", np.array([5, 4, 4]))))
    with patch.dict("helpers.figures.style.__dict__", LINES=LINES[1:]):
        assert not look_alike(sound, picture([0, 1, 2], [0, 1, 5]))


def test_the_slider_moves_by_keyboard_says_its_name_and_value_and_its_words_are_announced(lab, page):
    run_all(page, lab[0], "01_text_to_token_ids.ipynb")
    slider, words = page.get_by_role("slider", name="merges allowed"), page.get_by_role("status")
    words.filter(has_text="Boxed text: 10 merges: ").wait_for(timeout=10_000)  # what no still shows
    slider.focus()  # which also scrolls there
    for key, value, said in (("End", "48,900", "2 pieces"), ("Home", "0", "13 pieces"), ("ArrowRight", "10", "")):
        page.keyboard.press(key)
        words.filter(has_text=f"Boxed text: {value} merges: {said}").wait_for(timeout=10_000)
        assert slider.get_attribute("aria-valuetext") == value


def test_the_handout_prints_on_one_a4_page(page):
    page.goto((PROJECT / "workshop" / "handout.html").as_uri())
    assert page.evaluate("document.images[0].naturalWidth") > 0
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
    width, height = re.search(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed).groups()
    assert (round(float(width)), round(float(height))) == (595, 842)  # A4, in points
    page.evaluate("document.querySelector('ol').style.fontSize = '40pt'")  # a page that is too full is two
    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(prefer_css_page_size=True))) > 1
