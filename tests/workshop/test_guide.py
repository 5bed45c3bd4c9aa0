"""The leader's guide and the handout say what the notebooks say: minutes, questions, numbers, sections."""

import copy
import re

import guide
import pytest
import reading
from run_notebooks import PROJECT

THERE = guide.notebooks()
GUIDE = guide.GUIDE.read_text(encoding="utf-8")
CHAPTERS = dict(re.findall(r"^### (\d\d) · [^\n]+\n(.*?)(?=^### |\Z)", GUIDE, re.M | re.S))
PARTS = ["**Must land.**", "<!-- begin: minutes {:02} -->", "| ask |", "**Stuck?**", "**When late**", "**In pairs.**"]
PARTS += ["**Exit question.**"]
MINUTES = {"45 minutes": 45, "90 minutes": 90, "Half a day": 210, "A full day": 420}
NUMBER = re.compile(r"\d[\d,]*\d(?:\.\d+)?|\d(?:\.\d+)?")
each_chapter = pytest.mark.parametrize("number", sorted(THERE), ids=lambda n: f"{n:02}")


def by_hand(number):
    """A chapter without the table that is written from the notebook."""
    return guide.BLOCK.sub("", CHAPTERS[f"{number:02}"])


def everything_in(notebook):
    """All that a reader of the notebook sees as text, and its code."""
    texts = ["".join(cell["source"]) for cell in notebook["cells"]]
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", [])]
    texts += ["".join(output.get("text", "")) for output in outputs]
    texts += ["".join(text) for o in outputs for kind, text in o.get("data", {}).items() if kind.startswith("text/")]
    return "\n".join(texts).replace("{,}", ",")


def predictions(notebook):
    """The section in which each prediction of the spine is asked for, and the cell."""
    asked = [(heading, cell) for heading, cells in guide.parts(guide.spine(notebook)).items() for cell in cells]
    asked = [(heading, cell["id"]) for heading, cell in asked if "**Predict" in "".join(cell["source"])]
    return [(re.sub(r"(\d+) · .*", r"§\1", heading), name) for heading, name in asked]


def numbers_not_in(text, notebook):
    there = set(NUMBER.findall(everything_in(notebook)))
    return [number for number in NUMBER.findall(text) if number not in there]


def test_make_guide_changes_nothing():
    for page in (guide.GUIDE, guide.README):
        assert guide.filled(page.read_text(encoding="utf-8"), THERE) == page.read_text(encoding="utf-8"), (
            "run make guide"
        )
    assert guide.handout(THERE) == guide.HANDOUT.read_text(encoding="utf-8"), "run make guide"


def longer(minutes):
    """The notebooks, with so many minutes more to read in 06's section on the sphere."""
    changed = copy.deepcopy(THERE)
    heading = next(cell for cell in changed[6]["cells"] if cell["id"] == "norm-seen")
    heading["source"] = "".join(heading["source"]) + " word" * 150 * minutes
    return changed


def test_a_section_that_takes_longer_changes_the_tables_and_the_end_of_a_plan():
    before, after = guide.sections(THERE[6]), guide.sections(longer(2)[6])
    assert [(n, title, minutes + 2 * (n == 2)) for n, title, minutes in before] == after
    assert f": {', '.join(str(minutes) for _, _, minutes in after)}; opening" in guide.minutes("06", longer(2))
    was, now = (guide.plan("45 minutes", there).splitlines() for there in (THERE, longer(2)))
    ends = [int(plan[-4].split("|")[2]) for plan in (was, now)]
    assert ends[0] - ends[1] == 2 and was[-3] == now[-3] == "| 0:45 | | **end: 45 minutes** |"
    assert len(set(guide.filled(GUIDE, longer(2)).splitlines()) - set(GUIDE.splitlines())) > 8
    with pytest.raises(ValueError, match=r"'45 minutes' has -?\d+ minutes left for 'Exit question"):
        guide.plan("45 minutes", longer(ends[0] - 4))


@pytest.mark.parametrize("name, total", MINUTES.items())
def test_a_plan_takes_as_long_as_it_says(name, total):
    assert f"**end: {total} minutes**" in guide.plan(name, THERE)
    assert f"### {name}\n\n<!-- begin: plan {name} -->" in GUIDE


TABLE = ["| a | b |\n", "|---|---:|\n", "| 1 | 2 |"]
PRINTED = [{"text": "one\n\ntwo\n"}, {"data": {"text/markdown": "<details>words</details>"}}]
SHOWN = [{"data": {"image/png": "", "text/plain": "a picture"}}, {"data": {"text/plain": "A slider, size: 1 to 9."}}]


@pytest.mark.parametrize(
    "kind, source, more, seconds",
    [
        ("markdown", "Some $a + b$ [words here](a page) — ·", {}, 4 * 0.4),
        ("markdown", TABLE, {}, 4),
        ("markdown", "**Predict** it:\n\n$$a\nb$$\n", {}, 42 + 2 * 0.4 + 20),
        ("markdown", "**Exercise 0.1 · Keep** it", {}, 0),
        ("markdown", "<details><summary>Hint</summary>this</details>", {}, 0),
        ("code", "a\n\nb", {"outputs": PRINTED}, 2 * 5 + 2 * 2),
        ("code", "a", {"outputs": SHOWN}, 5 + 36),
        ("code", "a", {"outputs": PRINTED, "metadata": {"tags": ["exercise"]}}, 0),
    ],
)
def test_the_reading_model(kind, source, more, seconds):
    assert reading.seconds({"cell_type": kind, "source": source, "metadata": {}} | more) == pytest.approx(seconds)


def test_what_a_plan_names_is_there():
    for row in ({"notebook": 6, "sections": [99]}, {"notebook": 6, "sections": [1], "exercises": ["6.9"]}):
        with pytest.raises(KeyError):
            guide.plan_row(row, THERE)


@each_chapter
def test_each_notebook_has_its_chapter_with_all_parts(number):
    title, chapter = THERE[number]["metadata"]["directions"]["title"], CHAPTERS[f"{number:02}"]
    assert f"### {number:02} · {title}\n" in GUIDE
    places = [chapter.find(part.format(number)) for part in PARTS if part in chapter or part != "**In pairs.**"]
    assert -1 not in places and places == sorted(places)
    assert "<b>Exit question</b>" in "".join(guide.parts(THERE[number])["What you have seen"][0]["source"])


@each_chapter
def test_each_prediction_has_its_row(number):
    assert re.findall(r"^\| (§\d+|deeper) .*<!--([\w-]+)-->", by_hand(number), re.M) == predictions(THERE[number])
    asked = {"cell_type": "markdown", "id": "A", "source": "## 1 · A\n**Predict**", "metadata": {}}
    further = asked | {"id": "B", "metadata": {"tags": ["deeper"]}}
    assert predictions({"cells": [asked, further]}) == [("§1", "A")]


@each_chapter
def test_each_number_is_the_notebooks_own(number):
    assert numbers_not_in(by_hand(number), THERE[number]) == []
    assert numbers_not_in("37,498 places, and 79.9° at 24.", THERE[3]) == ["37,498", "79.9"]


@each_chapter
def test_the_sections_and_exercises_it_names_are_there(number):
    sections, text = {n for n, _, _ in guide.sections(THERE[number])}, by_hand(number)
    named = re.findall(r"[Ss]ections? ((?:\d(?:, | and |\b))+)", text)
    assert {int(n) for group in named for n in re.findall(r"\d", group)} <= sections
    assert set(re.findall(r"exercises? (\d+\.\d)", text, re.I)) <= set(guide.spine_exercises(number, THERE))


@each_chapter
def test_what_it_quotes_can_be_met(number):
    """Tokens and names in backquotes stand in the notebook, or in what its checker says; calls may be a learner's."""
    said = " ".join(sentence for exercise in guide.exercises(number) for _, sentence in exercise.wrong)
    known = everything_in(THERE[number]) + said
    quoted = re.findall(r"`([^`]+)`", by_hand(number))
    assert [text for text in quoted if text not in known and not re.search(r"[()\[\]*]", text)] == []


def test_the_handout_has_all_words_and_names_sections_that_exist():
    page = guide.handout(THERE)
    words = next(cell for cell in THERE[0]["cells"] if cell["id"] == "words")
    assert page.count("<tr>") == "".join(words["source"]).count("\n| ") - 1
    assert page.count("<li>") == page.count("<small>") - 1 == 6 and "$" not in page and "\\" not in page
    assert (guide.HERE / re.search(r'<img src="(\.[^"]+)"', page)[1]).resolve() == PROJECT / "data" / "idea.png"
    with pytest.raises(ValueError, match="Notebook 06 has no section 99"):
        guide.where(THERE, 6, 99)
    with pytest.raises(ValueError, match="TEX has no sign"):
        guide.plain(r"$\aleph$")


def test_the_commands_it_gives_exist():
    makefile = (PROJECT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"(?:`|^)make ([a-z]+)", GUIDE, re.M)):
        assert re.search(rf"^{target}:", makefile, re.M), target
    door = (PROJECT / "helpers" / "__main__.py").read_text(encoding="utf-8")
    for command in set(re.findall(r"-m helpers(\S* \w+)", GUIDE)):
        assert f'add_parser("{command.strip()}"' in door, command
