"""The site, as a reader without a network meets it: from files on a disk, in a browser."""

import re
import subprocess
import sys

import nbformat
import pytest
from bs4 import BeautifulSoup
from run_notebooks import NOTEBOOKS, PROJECT

pytestmark = pytest.mark.slow
SITE = PROJECT / "build" / "site"
NAMES = [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]
PAGES = ["index", *NAMES, "questions", "models", "guide", "hub", "get", "changelog", "cite"]
ALONE = ["ball", "handout", "smollm2-135m-instruct", "gemma-3-270m"]


@pytest.fixture(scope="module")
def site():
    """Each page's text; the site is built as `make site` does it, unless nothing has changed since that was done."""
    folders = [PROJECT / name for name in ("notebooks", "workshop", "helpers", "data/results")]
    sources = [path for folder in folders for path in folder.rglob("*.*") if path.suffix != ".pyc"]
    made = SITE / "objects.inv"  # written last
    if not made.exists() or made.stat().st_mtime < max(path.stat().st_mtime for path in sources):
        done = subprocess.run([sys.executable, "workshop/build_site.py"], cwd=PROJECT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
    return {name: (SITE / f"{name}.html").read_text(encoding="utf-8") for name in [*PAGES, *ALONE]}


@pytest.fixture(scope="module")
def soups(site):
    return {name: BeautifulSoup(text, "html.parser") for name, text in site.items()}


@pytest.fixture
def opened(open_file, site):
    return lambda name, **how: open_file(SITE / f"{name}.html", **how)


def test_every_link_leads_somewhere(soups):
    ids = {f"{name}.html": {node["id"] for node in soup.find_all(id=True)} for name, soup in soups.items()}
    lost = []
    for name, soup in soups.items():
        for link in soup.find_all("a", href=re.compile("^(?!https?:|mailto:|javascript:)")):
            path, _, anchor = link["href"].partition("#")
            path = path.partition("?")[0] or f"{name}.html"
            if not (SITE / path).exists() or (anchor and path in ids and anchor not in ids[path]):
                lost.append(f"{name}: {link['href']}")
    assert lost == []


def test_every_picture_has_its_words(soups):
    for name, soup in soups.items():
        pictures = [image for image in soup.find_all("img") if not image.find_parent(class_="frames")]
        assert all(image.get("alt") for image in pictures), name
    for path in NOTEBOOKS.glob("*.ipynb"):
        outputs = [o for cell in nbformat.read(path, as_version=4).cells for o in cell.get("outputs", [])]
        said = [output.data["text/plain"] for output in outputs if "image/png" in output.get("data", {})]
        shown = [
            image["alt"] for image in soups[path.stem].select("article img") if not image.find_parent(class_="frames")
        ]
        assert shown == said and said


def test_solutions_answers_deeper_parts_and_exit_questions_are_folded(soups):
    for name in NAMES:
        soup = soups[name]
        folded = [cell for tag in ("solution", "reveal") for cell in soup.select(f"div.cell.tag_{tag}")]
        assert folded and all(cell.find("details") for cell in folded), name
        for cell in folded:
            shown = cell.select(".cell_output")
            assert all(output.find_parent("details") for output in shown), name
        deeper = [heading for heading in soup.find_all("h3") if heading.find_parent("section", id="deeper")]
        assert deeper and all(heading.find_next_sibling("details", class_="deeper") for heading in deeper), name
        assert soup.find("summary", string="Exit question"), name


@pytest.mark.parametrize("name", PAGES)
def test_a_page_asks_for_nothing_fits_a_phone_keeps_circles_round_and_is_light(opened, name):
    page = opened(name, viewport={"width": 390, "height": 844})
    page.evaluate("document.querySelectorAll('details').forEach(folded => folded.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    shapes = """[...document.querySelectorAll('article img')].filter(i => i.naturalWidth && i.clientWidth)
      .map(i => i.clientWidth / i.clientHeight * i.naturalHeight / i.naturalWidth)"""
    assert all(abs(shape - 1) < 0.02 for shape in page.evaluate(shapes))
    asked = page.evaluate("performance.getEntriesByType('resource').map(e => e.name)")
    files = {re.sub("^file://|[?#].*$", "", url) for url in [*asked, page.url] if url.startswith("file:")}
    assert sum((PROJECT / file).stat().st_size for file in files) < 2.5e6


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_breaks_no_serious_rule_of_accessibility(opened, faults, name, scheme):
    page = opened(name, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(folded => folded.open = true)")
    assert faults(page) == []


def test_every_slider_moves_without_a_kernel(opened, soups):
    moved = 0
    for name in NAMES:
        if not soups[name].select(".frames"):
            continue
        page = opened(name)
        page.evaluate("document.querySelectorAll('details').forEach(folded => folded.open = true)")
        for n in range(page.locator(".frames").count()):
            frames = page.locator(".frames").nth(n)
            slider = frames.get_by_role("slider")
            for key in ("Home", "End"):  # it starts where the last still is, which is no beginning
                slider.press(key)
                page.wait_for_function(
                    "i => i.complete && i.naturalWidth > 0", arg=frames.locator("img").element_handle()
                )
                value = slider.get_attribute("aria-valuetext")
                assert (
                    value and frames.get_by_role("status").inner_text() and value in frames.locator("span").inner_text()
                )
            moved += 1
    assert moved == 7


def test_without_scripts_the_stills_show(opened):
    page = opened("01_text_to_token_ids", java_script_enabled=False)
    assert page.locator("article img").count() > 3 and page.locator(".frames:visible").count() == 0


def test_the_ball_turns_on_the_front_page_and_in_its_notebooks(opened):
    for name in ("index", "00_start_here", "10_grow_your_own_sphere"):
        page = opened(name)
        page.evaluate("document.querySelectorAll('details').forEach(folded => folded.open = true)")
        page.locator("#ball canvas").focus()
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.getElementById('ball').ball.state.R[2]") > 0.05, name


def test_search_finds_a_word_without_a_network(opened):
    page = opened("search")
    page.goto((SITE / "search.html").as_uri() + "?q=temperature")
    page.locator("#search-results li a", has_text="04 · Logits to probabilities").first.wait_for(timeout=10_000)


def test_by_keyboard_from_the_front_page_to_the_answer_of_a_prediction(opened):
    page = opened("index")
    now = "(document.activeElement.innerText || '').trim()"
    page.locator("article h1").click()

    def tab_to(text):
        for _ in range(200):
            page.keyboard.press("Tab")
            if page.evaluate(now).startswith(text):
                return
        raise AssertionError(f"no way to {text!r}")

    tab_to("Start here")
    page.keyboard.press("Enter")
    page.wait_for_url("**/00_start_here.html")
    tab_to("Show")
    answer = "document.activeElement.closest('details')"
    assert not page.evaluate(f"{answer}.open")
    page.keyboard.press("Enter")
    assert page.evaluate(f"{answer}.open") and "chooses D" in page.evaluate(f"{answer}.innerText")


def test_a_link_into_a_deeper_part_opens_it(opened):
    page = opened("00_start_here")
    page.goto(page.url + "#would-any-vectors-do")
    assert page.evaluate("document.querySelector('#would-any-vectors-do details').open")


def test_on_paper_no_line_of_code_is_cut(opened):
    page = opened("04_logits_to_probabilities")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 1000})
    wide = (
        "[...document.querySelectorAll('pre')].filter(p => p.clientWidth && p.scrollWidth > p.clientWidth + 1).length"
    )
    assert page.evaluate(wide) == 0
