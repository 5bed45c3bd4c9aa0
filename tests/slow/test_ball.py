"""The ball that turns, as its page stands in a browser: who wins, and what hands, keys and voices can do with it."""

import shutil
import subprocess

import numpy as np
import pytest
from run_notebooks import PROJECT

from helpers.data import saved
from helpers.figures import ball_pixels
from helpers.geometry import facing_frame, random_directions, winners

pytestmark = pytest.mark.slow
BALL = "document.getElementById('ball').ball"


@pytest.fixture
def opened(open_file):
    def open_page(**how):
        page = open_file(PROJECT / "data" / "ball.html", **how)
        page.wait_for_function(f"{BALL} && {BALL}.picture.image")
        return page

    return open_page


def test_the_module_alone():
    node = shutil.which("node")
    assert node, "The ball's own tests need Node.js 18 or newer (.ci/run installs it): apt-get install nodejs"
    done = subprocess.run([node, "--test", "tests/figures"], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("chance", [False, True], ids=["real", "null"])
def test_each_pixel_is_painted_as_if_all_targets_competed_there(lm, opened, chance):
    page, found = opened(), saved("ball")
    size = 800
    x = ball_pixels(size).astype(float)
    inside = np.flatnonzero(np.add.outer(*[np.linspace(-1, 1, size) ** 2] * 2).ravel() <= 1)
    some = np.random.default_rng(0).choice(len(x), 3000, replace=False)
    u = lm.targets.astype(float)
    if chance:
        u = np.linalg.norm(u, axis=1, keepdims=True) * random_directions(lm.n_vocab, lm.width, seed=1)
    for n, ball in list(enumerate(found["scenes"][1:]))[:: 4 if chance else 2]:
        ids = np.array(ball["nulls" if chance else "tokens"]["ids"])
        frame = facing_frame(np.stack([lm.run(text).sphere_states[-1] for text in ball["texts"]]).astype(float))
        for slid in (0,) if chance else (0, 0.63, 1):
            c = slid * u.mean(axis=0)
            p, sizes = (u - c) @ frame.T, np.linalg.norm(u - c, axis=1)
            z = lm.radius * x[some]
            brute = {-1: winners(z, p, -(sizes**2) / 2), 0: winners(z, p), 1: winners(z, p / sizes[:, None])}
            for place, won in brute.items():
                what = {"n": n, "place": place, "slid": slid, "chance": chance, "T": 0}
                draw = f"what => {{ const b = {BALL}; b.change(what); b.picture.draw(b.now(), false) }}"
                page.evaluate(draw, what)
                painted = ids[
                    page.evaluate(f"at => at.map(k => {BALL}.picture.disc({size}).ids[k])", inside[some].tolist())
                ]
                assert (painted == won).mean() > 0.997, (ball["name"], what)  # slivers, and rounding at borders


def test_by_keyboard_alone_it_turns_the_sliders_move_and_the_answers_are_said(opened):
    page = opened()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "CANVAS"
    for key in ("ArrowRight", "ArrowUp"):
        page.keyboard.press(key)
    assert page.evaluate(f"{BALL}.state.R[8]") < 0.999
    here = page.get_by_role("status").filter(has_text="In the middle")
    assert "logits ahead of" in here.inner_text()
    page.keyboard.press("Home")
    assert page.evaluate(f"{BALL}.state.R[8]") == 1
    ruler, said = page.get_by_role("slider", name="Ruler"), page.locator("[aria-live=polite]")
    while page.evaluate("document.activeElement.ariaLabel") != "Ruler":
        page.keyboard.press("Tab")
    for key, value, answer in (("End", "direction alone", "game ✗"), ("Home", "nearest point", "C ✗")):
        page.keyboard.press(key)
        assert ruler.get_attribute("aria-valuetext") == value and answer in said.inner_text()
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    origin = page.get_by_role("slider", name="Origin").get_attribute("aria-valuetext")
    assert origin == "the mean of all targets, 4.4 from zero" and "Celsius ✓" in said.inner_text().replace("\xa0", " ")


def test_what_is_said_of_a_place_follows_the_ruler_and_goes_with_the_ball(opened):
    page = opened()
    page.locator("canvas").hover()
    here = page.get_by_role("status").filter(has_text="Here: ")
    assert "logits ahead" in here.inner_text()
    page.get_by_role("slider", name="Ruler").press("Home")
    assert "at distance" in here.inner_text()
    page.get_by_role("slider", name="Origin").press("End")
    page.get_by_role("checkbox").check()  # of random directions, who wins is known from zero only
    assert page.get_by_role("slider", name="Origin").input_value() == "0" and here.count() == 0
    assert page.evaluate(f"{BALL}.now().slid") == 0
    page.get_by_role("combobox").select_option("Three sayings")
    assert "To be or not to" in page.locator("[aria-live=polite]").inner_text()


def test_a_button_glides_or_jumps_for_whoever_wants_no_motion(opened):
    page = opened(reduced_motion="reduce")
    page.get_by_role("button", name="nearest point").click()
    assert page.evaluate(f"{BALL}.state.place") == -1
    page = opened()
    page.get_by_role("button", name="direction alone").click()
    page.wait_for_function(f"{BALL}.state.place === 1")
    assert page.get_by_role("button", name="direction alone").get_attribute("aria-pressed") == "true"


def test_on_a_phone_it_fits_a_tap_tells_who_wins_and_a_finger_turns_it(opened):
    page = opened(viewport={"width": 390, "height": 844}, has_touch=True, device_scale_factor=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    box = page.locator("canvas").bounding_box()
    assert abs(box["width"] - box["height"]) < 0.5  # a circle is round
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.touchscreen.tap(x, y)
    assert page.get_by_role("status").filter(has_text="Here: ").count() == 1
    finger = page.context.new_cdp_session(page)
    for kind, at in (("touchStart", 0), ("touchMove", 60), ("touchEnd", None)):
        points = [] if at is None else [{"x": x + at, "y": y}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert page.evaluate(f"{BALL}.state.R[2]") > 0.2  # what faced us has gone to the right


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_breaks_no_serious_rule_of_accessibility(opened, faults, scheme):
    assert faults(opened(color_scheme=scheme)) == []
