"""Write the guide's tables and the handout from the notebooks: `make guide`.

In README.md it fills the blocks between "<!-- begin: … -->" and "<!-- end -->"; the rest is written by hand. The
minutes are those of the notebooks' metadata and of the exercises; plans.json says who does what when.
"""

import html
import json
import re
import sys
from pathlib import Path

from helpers.download import PROJECT
from helpers.exercises import EXERCISES

HERE = Path(__file__).resolve().parent
GUIDE, HANDOUT, PLANS = HERE / "README.md", HERE / "handout.html", HERE / "plans.json"
BLOCK = re.compile(r"(<!-- begin: (\w+)(?: (.+?))? -->\n).*?(<!-- end -->)", re.S)

# What the series rests on, each with the notebook and the section in which a cell computes it.
FACTS = [
    (
        "Every state stands on one sphere.",
        "‖z‖² = d‖x‖² / (‖x‖² + dε): d but for a hair, as long as ‖x‖² is far above dε.",
        (6, 2),
    ),
    ("A logit is direction and size.", "ℓ_i = z · u_i = ‖z‖ ‖u_i‖ cos θ_i, and ‖z‖ is √d for every state.", (6, 4)),
    (
        "The largest logit is not the nearest target.",
        "‖z − u‖² = ‖z‖² + ‖u‖² − 2 z · u, so distance and dot product rank alike for every z only if all sizes ‖u_i‖ "
        "are equal. The winner has the smallest ‖z − u_i‖² − ‖u_i‖²: a distance, with a bonus for size.",
        (5, 2),
    ),
    (
        "Only differences count.",
        "ℓ_i − ℓ_j = z · (u_i − u_j) is the log of the odds of i against j, at T = 1. Adding one vector to all targets "
        "changes no probability and no distance between two of them. It does change sizes and angles.",
        (4, 2),
    ),
    ("Temperature and radius are one knob.", "Dividing all logits by T puts the states at radius √d / T.", (4, 3)),
    (
        "The dot product is no distance.",
        "It is not 0 from a vector to itself, it may be negative, and a detour may be shorter.",
        (5, 6),
    ),
]

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
    """One A4 page: the words of notebook 00, the facts, its picture."""
    start = there[0]
    cell = next(cell for cell in start["cells"] if cell["id"] == "words")
    rows = re.findall(r"^\| (.+?) \| (.*?) ?\| (.+) \|$", "".join(cell["source"]), re.M)[1:]
    words = "\n".join(f"<tr><th scope=row>{plain(a)}<td>{plain(b)}<td>{plain(c)}" for a, b, c in rows)
    facts = "\n".join(
        f"<li><b>{html.escape(name)}</b> {subscripts(html.escape(fact))} <small>{where(n, section, there)}</small>"
        for name, fact, (n, section) in FACTS
    )
    parts = {"words": words, "facts": facts, "alt": html.escape(alt_of_the_idea(start))}
    return re.sub(r"\{(words|facts|alt)\}", lambda match: parts[match[1]], PAGE)


def where(number, section, there):
    title = there[number]["metadata"]["directions"]["title"]
    if section not in [n for n, _, _ in sections(there[number])]:
        raise ValueError(f"Notebook {number:02} has no section {section}.")
    return f"{number:02} {html.escape(title)}, {section}"


def plain(text):
    """A cell of the table without TeX: its few signs as characters, indices as subscripts."""
    for tex, sign in TEX.items():
        text = text.replace(tex, sign)
    if "\\" in text:
        raise ValueError(f"TEX has no sign for what is in {text!r}.")
    return subscripts(html.escape(text))


def subscripts(text):
    return re.sub(r"_(\w)", r"<sub>\1</sub>", text)


def alt_of_the_idea(start):
    pictures = [output for cell in start["cells"] for output in cell.get("outputs", [])]
    return next(o["metadata"]["image/png"]["alt"] for o in pictures if "image/png" in o.get("data", {}))


PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Directions, not points: words, symbols, facts</title>
<style>
@page { size: A4; margin: 12mm 14mm }
body { font: 9.6pt/1.36 "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; color: #111;
  max-width: 182mm; margin: 0 auto }
h1 { font-size: 17pt; margin: 0 0 1mm }
h2 { font-size: 11.5pt; margin: 3.5mm 0 1mm }
p { margin: 0 0 1.5mm }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .5mm 3mm .5mm 0; border-bottom: .2mm solid #ccc }
th { font-weight: 600; white-space: nowrap }
td:nth-child(2) { white-space: nowrap; font-family: "Times New Roman", "DejaVu Serif", serif; font-style: italic }
ol { margin: 0; padding-left: 5mm }
li { margin-bottom: 1mm }
small { color: #555; white-space: nowrap }
sub { font-size: 72%; line-height: 0 }
figure { margin: 2mm 0 0 }
img { width: 100% }
figcaption { font-size: 8.6pt }
</style>
<h1>Directions, not points</h1>
<p>A transformer's token vectors are better understood as directions on a hypersphere, each with a size, than as points
in space. Whether that holds, and where it does not, you measure yourself.</p>
<h2>Words and symbols</h2>
<table>
{words}
</table>
<h2>What it rests on
<small>(an RMSNorm, no offsets, no soft cap; each is computed in the notebook and section named)</small></h2>
<ol>
{facts}
</ol>
<figure><img src="../data/idea.png" alt="{alt}">
<figcaption>A real language model after (1) “The capital of France is”, (2) “The opposite of hot is”, (3) “Shakespeare
wrote Romeo and”. At every point of the ball all 49,152 tokens compete, by three rulers. (Notebook 00)
</figcaption></figure>
</html>
"""


def main():
    there = notebooks()
    GUIDE.write_text(filled(GUIDE.read_text(encoding="utf-8"), there), encoding="utf-8")
    HANDOUT.write_text(handout(there), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
