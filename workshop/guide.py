"""Write the guide's tables and the handout from the notebooks: `make guide`.

In README.md it fills the blocks between "<!-- begin: … -->" and "<!-- end -->"; the rest is written by hand. The
minutes are those of the notebooks' metadata and of the exercises; plans.json says who does what when.
"""

import json
import re
import sys
from functools import partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from helpers.data import PROJECT
from helpers.exercises import EXERCISES

HERE = Path(__file__).resolve().parent
GUIDE, HANDOUT, PLANS = HERE / "README.md", HERE / "handout.html", HERE / "plans.json"
BLOCK = re.compile(r"(<!-- begin: (\w+)(?: (.+?))? -->\n).*?(<!-- end -->)", re.S)

# The notation of notebook 00's table of words, for a page that has nothing to set mathematics with.
TEX = {
    r"\gamma": "γ", r"\circ": "∘", r"\theta": "θ", r"\ell": "ℓ", r"\cdot": "·", r"\lVert ": "‖", r" \rVert": "‖",
    r"\sqrt ": "√", r"\cos": "cos ", r"\mathrm{softmax}": "softmax", r"\, ": "", "$": "", "`": "",
}  # fmt: skip


def notebooks():
    """The notebooks by number."""
    paths = sorted((PROJECT / "notebooks").glob("*.ipynb"))
    return {int(path.name[:2]): json.loads(path.read_text(encoding="utf-8")) for path in paths}


def sections(notebook):
    """(number, title, minutes) of every section that has a number and minutes of its own."""
    found = []
    for cell in notebook["cells"]:
        heading = re.search(r"^## (\d+) · (.+)$", "".join(cell["source"]), re.M)
        if heading and "directions" in cell["metadata"]:
            found.append((int(heading[1]), heading[2], cell["metadata"]["directions"]["minutes"]))
    return found


def ends(notebook):
    """The minutes of the opening and the closing together."""
    said = [cell["metadata"]["directions"]["minutes"] for cell in notebook["cells"] if "directions" in cell["metadata"]]
    return said[0] + said[-1]


def exercises(number):
    return [exercise for name, exercise in EXERCISES.items() if name.split(".")[0] == str(number)]


# ---------------------------------------------------------------- the guide's tables


def plan(name, there):
    """One plan as a table with its clock; the minutes of a row are those of its sections and exercises."""
    chosen = next(plan for plan in json.loads(PLANS.read_text(encoding="utf-8")) if plan["name"] == name)
    lines = [f"*{chosen['for']}.*", "", "| from | minutes | what |", "|---|---|---|"]
    clock = 0
    for row in chosen["rows"]:
        minutes, what = plan_row(row, there)
        lines.append(f"| {clock // 60}:{clock % 60:02} | {minutes} | {what} |")
        clock += minutes
    return "\n".join([*lines, f"| {clock // 60}:{clock % 60:02} | | **end: {clock} minutes** |", "", chosen["missing"]])


def plan_row(row, there):
    if "say" in row:
        return row["minutes"], row["say"]
    number, known = row["notebook"], {n: (title, minutes) for n, title, minutes in sections(there[row["notebook"]])}
    done = [EXERCISES[name] for name in row.get("exercises", [])]
    parts = [f"{n} {known[n][0]}" for n in row["sections"]] + [f"exercise {e.number} {e.title}" for e in done]
    minutes = sum(known[n][1] for n in row["sections"]) + sum(exercise.minutes for exercise in done)
    return minutes, f"**{number:02} {there[number]['metadata']['directions']['title']}** · {' · '.join(parts)}"


def minutes(number, there):
    """A notebook's sections and exercises in one table with their minutes."""
    notebook = there[int(number)]
    lines = ["| section | minutes |", "|---|---|"]
    lines += [f"| {n} · {title} | {minutes} |" for n, title, minutes in sections(notebook)]
    lines.append(f"| opening and closing | {ends(notebook)} |")
    done = exercises(int(number))
    said = ", ".join(f"{exercise.number} ({exercise.difficulty}) {exercise.minutes}" for exercise in done)
    lines.append(f"| exercises: {said} | {sum(exercise.minutes for exercise in done)} |")
    return "\n".join([*lines, f"| **in all** | **{notebook['metadata']['directions']['minutes']}** |"])


def filled(guide, there):
    """The guide with every block written anew."""
    tables = {"plan": plan, "minutes": minutes}
    return BLOCK.sub(lambda block: f"{block[1]}\n{tables[block[2]](block[3], there)}\n\n{block[4]}", guide)


# ---------------------------------------------------------------- the handout


def handout(there):
    """One A4 page: the words of notebook 00, the facts with their places, its picture. handout.html.j2 is its text."""
    templates = Environment(loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    templates.filters["split_at_indices"] = lambda text: re.split(r"_(\w)", text)
    page = templates.get_template("handout.html.j2")
    return page.render(words=words(there[0]), where=partial(where, there), alt=alt_of_the_idea(there[0])) + "\n"


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
    """The place in which a cell computes a fact, in words. ValueError if it is not there."""
    if section not in [n for n, _, _ in sections(there[number])]:
        raise ValueError(f"Notebook {number:02} has no section {section}.")
    return f"{number:02} {there[number]['metadata']['directions']['title']}, {section}"


def alt_of_the_idea(start):
    pictures = [output for cell in start["cells"] for output in cell.get("outputs", [])]
    return next(o["metadata"]["image/png"]["alt"] for o in pictures if "image/png" in o.get("data", {}))


def main():
    there = notebooks()
    GUIDE.write_text(filled(GUIDE.read_text(encoding="utf-8"), there), encoding="utf-8")
    HANDOUT.write_text(handout(there), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
