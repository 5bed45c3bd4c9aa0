"""How long does a notebook take? A reading model, written down in this one place. It is a model; no class was timed.

Prose at 150 words a minute, code 5 s a line, a printed line or a row of a table 2 s, a displayed formula 20 s, a
picture 36 s, a prediction 42 s. Exercises take what their rows state, so their texts, stubs, hints and solutions count
nothing here; nor do the words folded under a picture or the line under a slider or a ball, which repeat what is seen.
"""

import re

from helpers.exercises import EXERCISES

WORD, LINE, ROW, FORMULA, PICTURE, PREDICTION = 60 / 150, 5, 2, 20, 36, 42
STATED = re.compile(r"^\*Spine: .*$", re.M)  # the opening's line of minutes, whatever it says
RULER = re.compile(r"\|[\s:|-]+\|")
NOT_READ = ("**Exercise ", "<details>", "A slider, ", "A ball to turn, ")


def words(text):
    """How many words prose has: inline mathematics is one, the target of a link and a lone sign are none."""
    text = re.sub(r"\$[^$]+\$", "x", re.sub(r"\]\([^)]*\)", "]", text))
    return sum(bool(re.search(r"\w", word)) for word in text.split())


def seconds(cell):
    """How long one cell takes, with what it shows."""
    source = "".join(cell["source"])
    if {"exercise", "solution"} & set(cell["metadata"].get("tags", [])) or source.startswith(NOT_READ):
        return 0
    if cell["cell_type"] == "code":
        return LINE * len(_lines(source)) + sum(map(_seconds_of_output, cell.get("outputs", [])))
    source = re.sub(r"<details>.*?</details>", "", source, flags=re.S)
    prose, formulas = re.subn(r"\$\$.+?\$\$", "", source, flags=re.S)
    rows = [line for line in _lines(prose) if line.startswith("|")]
    said = words("\n".join(line for line in _lines(prose) if line not in rows))
    return WORD * said + ROW * len(rows) + FORMULA * formulas + PREDICTION * prose.count("**Predict")


def _seconds_of_output(output):
    data = output.get("data", {})
    if "image/png" in data:
        return PICTURE
    text = "".join(output.get("text") or data.get("text/markdown") or data.get("text/plain") or "")
    return 0 if text.startswith(NOT_READ) else ROW * len(_lines(text))


def _lines(text):
    """Those that say something: not the blank ones, nor the ruler of a table."""
    return [line.strip() for line in text.splitlines() if line.strip() and not RULER.fullmatch(line.strip())]


def minutes(cells):
    """Whole minutes of reading, exercises not counted."""
    return round(sum(map(seconds, cells)) / 60)


def spine(notebook):
    """(minutes, minutes of its exercise) of what every reader reads."""
    return _both([cell for cell in notebook["cells"] if "deeper" not in cell["metadata"].get("tags", [])])


def everything(notebook):
    return _both(notebook["cells"])


def _both(cells):
    stubs = [cell["id"] for cell in cells if "exercise" in cell["metadata"].get("tags", [])]
    return minutes(cells), sum(EXERCISES[".".join(stub.split("-")[1:])].minutes for stub in stubs)


def stated(notebook):
    """The line in which an opening says its minutes."""
    (short, one), (whole, more) = spine(notebook), everything(notebook)
    return f"*Spine: {short} minutes, exercise {one}. With all that is deeper: {whole} minutes, exercises {more}.*"


def state(notebook):
    """Put that line into the opening, in place of the one that is there."""
    opening = notebook["cells"][0]
    for _ in range(2):  # twice: the line is read, too
        opening["source"] = STATED.sub(stated(notebook), "".join(opening["source"]))
