"""Write the guide's tables, the handout and the project's table of notebooks from the notebooks: `make guide`.

In this README.md and the project's it fills the blocks between "<!-- begin: … -->" and "<!-- end -->"; the rest is
written by hand. The minutes are reading.py's and those of the exercises; plans.json says who does what when.
"""

import json
import re
import sys
from functools import partial
from pathlib import Path

import reading
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from helpers.data import PROJECT
from helpers.exercises import EXERCISES

HERE = Path(__file__).resolve().parent
GUIDE, HANDOUT, PLANS = HERE / "README.md", HERE / "handout.html", HERE / "plans.json"
README = PROJECT / "README.md"
BLOCK = re.compile(r"(<!-- begin: (\w+)(?: (.+?))? -->\n).*?(<!-- end -->)", re.S)
SHORTEST_END = 5  # minutes that a plan leaves for its last row
QUESTIONS = (
    "What will I learn, and is my machine ready?",
    "What does a model see instead of text?",
    "What is a token vector?",
    "How does a vector become a score for every token?",
    "What does softmax reward?",
    "Is the nearest token the predicted token?",
    "Why a sphere?",
    "What does a token's size buy it?",
    "How does a prediction get there?",
    "Directions from where?",
    "Where do directions and sizes come from?",
    "So: points or directions?",
)

# The notation of notebook 00's table of words, for a page that has nothing to set mathematics with.
TEX = {
    r"\gamma": "γ", r"\circ": "∘", r"\theta": "θ", r"\ell": "ℓ", r"\cdot": "·", r"\lVert ": "‖", r" \rVert": "‖",
    r"\sqrt ": "√", r"\cos": "cos ", r"\mathrm{softmax}": "softmax", r"\, ": "", "$": "", "`": "",
}  # fmt: skip


def notebooks():
    """The notebooks by number."""
    paths = sorted((PROJECT / "notebooks").glob("*.ipynb"))
    return {int(path.name[:2]): json.loads(path.read_text(encoding="utf-8")) for path in paths}


def parts(notebook):
    """The cells from one heading of the second order to the next, by heading; what stands before the first is ""'s."""
    found, heading = {}, ""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown" and (match := re.search(r"^## (.+)$", "".join(cell["source"]), re.M)):
            heading = match[1]
        found.setdefault(heading, []).append(cell)
    return found


def sections(notebook):
    """(number, title, minutes of reading) of every section that has a number."""
    numbered = [(re.match(r"(\d+) · (.+)", heading), cells) for heading, cells in parts(notebook).items()]
    return [(int(match[1]), match[2], max(1, reading.minutes(cells))) for match, cells in numbered if match]


def ends(notebook):
    """The minutes of the opening and the closing together."""
    there = parts(notebook)
    return max(1, reading.minutes(there[""] + there["What you have seen"]))


def spine(notebook):
    """The notebook without what is deeper."""
    return {"cells": [cell for cell in notebook["cells"] if "deeper" not in cell["metadata"].get("tags", [])]}


def exercises(number):
    return [exercise for name, exercise in EXERCISES.items() if name.split(".")[0] == str(number)]


def spine_exercises(number, there):
    """The numbers of those that the spine holds."""
    inside = {cell["id"] for cell in spine(there[number])["cells"]}
    return [e.number for e in exercises(number) if f"exercise-{e.number.replace('.', '-')}" in inside]


# ---------------------------------------------------------------- the guide's tables


def plan(name, there):
    """One plan as a table with its clock: a row takes its sections and exercises, the last one what is left.

    ValueError where that is too little.
    """
    chosen = next(plan for plan in json.loads(PLANS.read_text(encoding="utf-8")) if plan["name"] == name)
    lines = [f"*{chosen['for']}.*", "", "| from | minutes | what |", "|---|---|---|"]
    clock, total = 0, chosen["minutes"]
    *rows, last = chosen["rows"]
    for minutes, what in [plan_row(row, there) for row in rows]:
        lines.append(f"| {clock // 60}:{clock % 60:02} | {minutes} | {what} |")
        clock += minutes
    if total - clock < SHORTEST_END:
        raise ValueError(f"The plan {name!r} has {total - clock} minutes left for {last['say']!r}, not {SHORTEST_END}.")
    lines.append(f"| {clock // 60}:{clock % 60:02} | {total - clock} | {last['say']} |")
    lines.append(f"| {total // 60}:{total % 60:02} | | **end: {total} minutes** |")
    return "\n".join([*lines, "", chosen["missing"]])


def plan_row(row, there):
    if "say" in row:
        return row["minutes"], row["say"]
    number, known = row["notebook"], {n: (title, minutes) for n, title, minutes in sections(there[row["notebook"]])}
    done = [EXERCISES[name] for name in row.get("exercises", [])]
    names = [f"{n} {known[n][0]}" for n in row["sections"]]
    names += ["exercise" + "s" * (len(done) > 1) + " " + " and ".join(e.number for e in done)] if done else []
    minutes = sum(known[n][1] for n in row["sections"]) + sum(exercise.minutes for exercise in done)
    return minutes, f"**{number:02} {there[number]['metadata']['directions']['title']}:** {'; '.join(names)}"


def minutes(number, there):
    """A notebook's minutes in one line: its sections, its two ends, and its spine with what is exercised there."""
    notebook, done = there[int(number)], " and ".join(spine_exercises(int(number), there))
    read = ", ".join(str(minutes) for _, _, minutes in sections(notebook))
    both = added(reading.spine(notebook))
    return f"*Minutes by section: {read}; opening and closing {ends(notebook)}. Spine {both} (exercise {done}).*"


def added(both):
    return "{} + {}".format(*both)


def notebooks_table(_, there):
    """The series as a table: what each notebook asks, and how long its spine and all of it take."""
    lines = ["| | notebook | the question | spine, minutes | all, minutes |", "|---|---|---|---|---|"]
    for number, question in enumerate(QUESTIONS):
        [path] = (PROJECT / "notebooks").glob(f"{number:02}_*.ipynb")
        title = f"[{there[number]['metadata']['directions']['title']}](notebooks/{path.name})"
        times = map(added, (reading.spine(there[number]), reading.everything(there[number])))
        lines.append(f"| {number:02} | {title} | {question} | {' | '.join(times)} |")
    return "\n".join([*lines, "", "*Reading + exercises, by a model of reading; no class was timed.*"])


def filled(text, there):
    """A page with every block written anew."""
    tables = {"plan": plan, "minutes": minutes, "notebooks": notebooks_table}
    return BLOCK.sub(lambda block: f"{block[1]}\n{tables[block[2]](block[3], there)}\n\n{block[4]}", text)


# ---------------------------------------------------------------- the handout


def handout(there):
    """One A4 page: notebook 00's chain, words and pictures, and where the facts are. handout.html.j2 has the text."""
    templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    templates.filters["split_at_indices"] = lambda text: re.split(r"_(\w)", text)
    page = templates.get_template("handout.html.j2")
    start, chain = there[0], "".join(there[0]["cells"][0]["source"]).split("\n")[2]
    about = {"chain": re.sub(r"\*+(\(.+?\))?", "", chain), "arrows": picture(start, "sweep")}
    about["alt"] = picture(start, "other-ball")[1]
    return page.render(words=words(start), where=partial(where, there), **about) + "\n"


def words(start):
    """The rows of notebook 00's table of words: word, symbol, meaning."""
    table = next("".join(cell["source"]) for cell in start["cells"] if cell["id"] == "words")
    return [map(plain, row) for row in re.findall(r"^\| (.+?) \| (.*?) ?\| (.+) \|$", table, re.M)[1:]]


def plain(text):
    """A cell of the table with TeX's few signs as characters; indices stay."""
    for tex, sign in TEX.items():
        text = text.replace(tex, sign)
    if "\\" in text:
        raise ValueError(f"TEX has no sign for what is in {text!r}.")
    return text


def where(there, number, section):
    """The place in which a cell computes a fact, a section's number or a deeper part, in words. ValueError if none."""
    deeper = ["".join(c["source"]).split("\n")[0].removeprefix("### ") for c in there[number]["cells"]]
    if section not in [n for n, _, _ in sections(there[number])] + deeper:
        raise ValueError(f"Notebook {number:02} has no section {section}.")
    return f"{number:02} {there[number]['metadata']['directions']['title']}, {section}"


def picture(notebook, name):
    """A cell's picture, as base64, and its alt text."""
    shown = next(cell["outputs"] for cell in notebook["cells"] if cell["id"] == name)
    found = next(o for o in shown if "image/png" in o.get("data", {}))
    return "".join(found["data"]["image/png"]).replace("\n", ""), found["metadata"]["image/png"]["alt"]


def main():
    there = notebooks()
    for page in (GUIDE, README):
        page.write_text(filled(page.read_text(encoding="utf-8"), there), encoding="utf-8")
    HANDOUT.write_text(handout(there), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
