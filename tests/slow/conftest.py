import pytest
from loopback import CHROMIUM, FLAGS


@pytest.fixture(scope="module")
def browser():
    if CHROMIUM is None:
        pytest.skip("needs Chromium or Chrome, which is not on this machine; .ci/run installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def page(browser):
    return browser.new_page(viewport={"width": 1300, "height": 1000})


@pytest.fixture
def open_file(browser):
    """A function that opens a page from the disk in a context of its own; it may ask for nothing but files."""
    contexts, asked = [], []

    def open_page(path, **how):
        contexts.append(browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | how))
        page = contexts[-1].new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: asked.append(str(error)))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [what for what in asked if not what.startswith(("file:", "data:"))] == []


@pytest.fixture
def faults():
    """A function: the rules of accessibility that a page breaks and that axe holds for serious, with a place each."""
    from axe_playwright_python.sync_playwright import Axe

    def found(page):
        page.wait_for_function("document.getAnimations().every(one => one.playState !== 'running')")  # faded in
        violations = Axe().run(page).response["violations"]
        return [(v["id"], v["nodes"][0]["html"]) for v in violations if v["impact"] in ("serious", "critical")]

    return found
