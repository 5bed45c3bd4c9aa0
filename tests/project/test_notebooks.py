"""What every notebook keeps, whatever it teaches. Each rule is a function from a notebook to its offences,
and each rule is itself tested: a fault is planted, and the rule must find it."""

import ast
import base64
import copy
import re
import subprocess
import sys
from io import BytesIO
from symtable import symtable

import guide
import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbval.plugin import find_comment_markers
from PIL import Image
from run_notebooks import NOTEBOOKS, PROJECT, WIDGET_VIEW, normalise

from helpers.exercises import EXERCISES

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
MACHINE = re.compile(
    r"0x[0-9a-f]{8}|(?<![\w.])/(?:home|root|tmp|work|Users|usr)/|[A-Z]:\\|\b\d{4}-\d\d-\d\d\b|\b\d+(\.\d+)? ?m?s\b"
)
HEADING = re.compile(r"^##? ", re.M)
TAGS = {"exercise", "solution", "deeper", "reveal"}
FOLDED = {"outputs_hidden": True, "source_hidden": True}
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*\.?\d*")
WORDS = re.compile(r"<details><summary>In words</summary>\n\n(.+)\n\n</details>")


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def pictures(notebook):
    """Each picture with the output that follows it."""
    for cell in code_cells(notebook):
        for i, output in enumerate(cell.outputs):
            if "image/png" in output.get("data", {}):
                yield output, (cell.outputs[i + 1] if i + 1 < len(cell.outputs) else {})


def executed_once_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    return [] if counts == list(range(1, len(counts) + 1)) else [f"execution counts are {counts}"]


def no_errors_no_stderr(notebook):
    return [str(o)[:80] for o in outputs(notebook) if o.output_type == "error" or o.get("name") == "stderr"]


def nothing_is_silenced(notebook):
    found = [cell.id for cell in notebook.cells if set(cell.metadata.get("tags", [])) - TAGS]
    found += [cell.id for cell in notebook.cells if cell.cell_type == "raw"]  # a code cell that nobody runs
    return found + [cell.id for cell in code_cells(notebook) if list(find_comment_markers(cell.source))]


def pictures_have_words_and_alt(notebook):
    """The alt text is the sentence with which the words under the picture begin, backticks aside."""
    found = []
    for picture, after in pictures(notebook):
        alt = picture.metadata.get("image/png", {}).get("alt", "")
        begins = (said(after) or "").replace("`", "").startswith(f"{alt} ")
        if not begins or not 40 <= len(alt) <= 160 or alt != picture.data["text/plain"]:
            found.append(f"{alt!r} / {after!r}")
    return found


def said(output):
    """The words in an output; None where it holds none."""
    words = WORDS.fullmatch(output.get("data", {}).get("text/markdown", ""))
    return words and words[1]


def pictures_are_those_of_their_words(notebook):
    """Each opens, is twice as large as it is shown, and carries in itself the words that stand under it."""
    found = [] if len(list(pictures(notebook))) == sum(map(bool, map(said, outputs(notebook)))) else ["words alone"]
    for picture, after in pictures(notebook):
        shown = picture.metadata["image/png"]
        try:
            image = Image.open(BytesIO(base64.b64decode(picture.data["image/png"])))
            image.load()
            off = np.abs(np.subtract(image.size, (2 * shown["width"], 2 * shown["height"]))).max()
            found += [] if off <= 1 and image.text["Description"] == said(after) else [str(said(after))[:60]]
        except (OSError, ValueError, KeyError) as error:
            found.append(repr(error))
    return found


def numbers_in_prose_are_computed(notebook):
    """Decimals, percentages and counts stand, at least as precisely, in some output or in the code."""
    code = [re.sub(r"(?<=\d)_(?=\d)", "", cell.source) for cell in code_cells(notebook)]
    known = [float(n.replace(",", "")) for n in NUMBER.findall(" ".join(texts(notebook) + code))]
    known = np.array([*known, 49_152])  # V, which notebook 00 prints
    percents = [float(n) for n in re.findall(r"(\d+(?:\.\d+)?)%", " ".join(texts(notebook) + code))]
    fractions = [
        float(n) for n in NUMBER.findall(" ".join(texts(notebook))) if "." in n and float(n.replace(",", "")) < 1
    ]
    shares = np.array([*percents, *(100 * share for share in fractions)])
    found = []
    for text in prose(notebook):
        text = re.sub(r"`[^`]*`|\$[^$]*\$|arXiv \S+|\]\([^)]*\)", "", text)
        for match in re.finditer(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+|\d+\.\d+|\d+(?=%))(%?)", text):
            if re.search(r"(about|roughly|more than|nearly)\W+(\w+ ){0,3}$", text[: match.start()]):
                continue
            number = match[0].rstrip("%")
            value, places = float(number.replace(",", "")), len(number.partition(".")[2])
            many = shares if match[1] else known
            if not (np.abs(many - value) <= 0.5001 * 10.0**-places).any():
                found.append(text[max(0, match.start() - 30) : match.end() + 10])
    return found


def texts(notebook):
    """All that the outputs say."""
    streams = ["".join(o.get("text", "")) for o in outputs(notebook)]
    return streams + [t for o in outputs(notebook) for kind, t in o.get("data", {}).items() if kind.startswith("text/")]


def nothing_of_this_machine(notebook):
    return [match.group() for text in texts(notebook) for match in [MACHINE.search(text)] if match]


def no_widget_left(notebook):
    views = [o.output_type for o in outputs(notebook) if WIDGET_VIEW in o.get("data", {})]
    return views + (["widget state"] if "widgets" in notebook.metadata else [])


def says_what_is_agreed(notebook):
    opening, *_, closing = prose(notebook)
    minutes, words = notebook.metadata["directions"]["minutes"], len(opening.split())
    wanted = [(opening, r"^# "), (opening, r"\*\*After this notebook"), (opening, r"^- .*\n- .*\n- ")]
    wanted += [(opening, rf"About {minutes} minutes"), ("\n".join(prose(notebook)), r"\*\*Predict")]
    wanted += [(closing, "^## What you have seen"), (closing, "Next: ")]
    missing = [pattern for text, pattern in wanted if not re.search(pattern, text, re.M)]
    return missing + ([] if 100 <= words <= 250 else [f"{words} words"])


def minutes_add_up(notebook):
    """Each section but the exercises' says its minutes; with those of the exercises they make the notebook's."""
    heads = [cell for cell in notebook.cells if cell.cell_type == "markdown" and HEADING.search(cell.source)]
    silent = [c.id for c in heads if "directions" not in c.metadata and not re.search(r"· Exercises$", c.source, re.M)]
    exercises = sum(exercise.minutes for exercise in exercises_of(notebook))
    total = sum(c.metadata["directions"]["minutes"] for c in heads if "directions" in c.metadata) + exercises
    wrong = [] if total == notebook.metadata["directions"]["minutes"] else [f"they add up to {total}"]
    said = f", {exercises} of them for the exercise"
    return silent + wrong + ([] if said in prose(notebook)[0] else [f"the opening does not say {said!r}"])


def exercises_of(notebook):
    number = re.search(r"^# (\d\d)", notebook.cells[0].source)
    return guide.exercises(int(number[1]) if number else 0)


def exercises_are_complete(notebook):
    mine = [exercise.number for exercise in exercises_of(notebook)]
    by_id, found = {cell.id: cell for cell in notebook.cells}, []
    for n in mine:
        slug, exercise = n.replace(".", "-"), EXERCISES[n]
        stub, hint, solution = (by_id.get(f"{kind}-{slug}") for kind in ("exercise", "hint", "solution"))
        heading = f"**Exercise {n} · {exercise.title}** ({exercise.difficulty}, {exercise.minutes} minutes)"
        said = [str(cell and [o.get("data") for o in cell.get("outputs", [])]) for cell in (stub, solution)]
        if not any(heading in text for text in prose(notebook)):
            found.append(f"{n}: no heading {heading!r}")
        if "is waiting for you" not in said[0] or "is right" not in said[1]:
            found.append(f"{n}: stub or solution does not say what it should")
        if not hint or not re.search(r"<details>.*</summary>.{30,}</details>", hint.source, re.S):
            found.append(f"{n}: no folded hint")
        about = solution.metadata if solution else {}
        if "solution" not in about.get("tags", []) or about.get("jupyter") != FOLDED:
            found.append(f"{n}: no folded, tagged solution")
    return found or ([] if mine else ["no exercises"])


def sliders_keep_their_names(notebook):
    """A slider is moved after the whole notebook has run: no later cell may bind anew what its function looks up."""
    cells = code_cells(notebook)
    tables = [symtable(cell.source, cell.id, "exec") for cell in cells]
    functions = {scope.get_name(): scope for table in tables for scope in table.get_children()}
    found = []
    for i, cell in enumerate(cells):
        calls = [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Call)]
        drawn = [call.args[0] for call in calls if ast.unparse(call.func) == "slider"]
        wanted, used = {node.id for arg in drawn for node in ast.walk(arg) if isinstance(node, ast.Name)}, set()
        while wanted - used:  # what it looks up, and what the notebook's own functions among that look up
            used |= wanted
            wanted = {name for one in used & set(functions) for name in looked_up(functions[one])}
        later = [symbol for table in tables[i + 1 :] for symbol in table.get_symbols()]
        bound = {symbol.get_name() for symbol in later if symbol.is_assigned() and not symbol.is_imported()}
        found += [f"{name} is bound anew after {cell.id}" for name in sorted(used & bound)]
    return found


def draws_are_seeded_where_they_are_drawn(notebook):
    """A cell run twice prints the same: no cell and no function draws from a generator that was made elsewhere."""
    tables = [(cell.id, symtable(cell.source, cell.id, "exec")) for cell in code_cells(notebook)]
    made = re.findall(
        r"(\w+) = np\.random\.default_rng\(\w+\)$", "\n".join(c.source for c in code_cells(notebook)), re.M
    )
    found = []
    for name, table in tables:
        used = {s.get_name() for s in table.get_symbols() if not s.is_assigned()}
        for scope in table.get_children():  # a comprehension may use its own cell's
            own = {s.get_name() for s in table.get_symbols() if s.is_assigned()}
            used |= looked_up(scope) - (own if scope.get_name() in ("listcomp", "genexpr", "dictcomp") else set())
        found += [f"{name} draws from {generator}" for generator in sorted(set(made) & used)]
    return found


def looked_up(scope):
    """The names that a function takes from the notebook, its inner functions included."""
    own = {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
    return own.union(*map(looked_up, scope.get_children()))


def cells_are_small(notebook):
    lines = {cell.id: len(cell.source.splitlines()) for cell in code_cells(notebook)}
    return [f"{name}: {n} lines" for name, n in lines.items() if n > 20]


def saved_as_make_run_saves_it(notebook):
    again = copy.deepcopy(notebook)
    normalise(again)
    return [] if again == notebook else ["run `make run`"]


def with_output(**output):
    return lambda notebook: code_cells(notebook)[0].outputs.append(nbformat.v4.new_output(**output))


def in_picture(change):
    return lambda notebook: change(*next(pictures(notebook)))


def replace_prose(old, new):
    def plant(notebook):
        assert old in "".join(prose(notebook))
        for cell in notebook.cells:
            cell.source = cell.source.replace(old, new)

    return plant


def exchange(one, other):
    one["image/png"], other["image/png"] = other["image/png"], one["image/png"]


def cell(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def drop(name):
    return lambda notebook: notebook.cells.remove(cell(notebook, name))


DRAWS_IN_A_FUNCTION = "rng = np.random.default_rng(0)\ndef drawn():\n    return rng.normal()\ndrawn()"


def other_words(sentence):
    def plant(notebook):
        picture, words = next(pictures(notebook))
        picture.metadata["image/png"]["alt"] = picture.data["text/plain"] = sentence
        words.data["text/markdown"] = f"<details><summary>In words</summary>\n\n{sentence} 1\n\n</details>"

    return plant


FAULTS = [
    (executed_once_from_top_to_bottom, lambda nb: code_cells(nb)[3].update(outputs=[], execution_count=None)),
    (no_errors_no_stderr, with_output(output_type="stream", name="stderr", text="warning")),
    (no_errors_no_stderr, with_output(output_type="error", ename="E", evalue="", traceback=[])),
    (nothing_is_silenced, lambda nb: code_cells(nb)[1].metadata.update(tags=["nbval-skip"])),
    (nothing_is_silenced, lambda nb: code_cells(nb)[1].metadata.update(tags=["raises-exception"])),
    (nothing_is_silenced, lambda nb: code_cells(nb)[0].update(source="# NBVAL_SKIP")),
    (nothing_is_silenced, lambda nb: code_cells(nb)[1].metadata.update(tags=["remove-cell"])),
    (nothing_is_silenced, lambda nb: code_cells(nb)[1].update(cell_type="raw")),
    (pictures_are_those_of_their_words, lambda nb: [p.data.pop("image/png") for p, _ in list(pictures(nb))]),
    (pictures_are_those_of_their_words, in_picture(lambda picture, words: picture.data.update({"image/png": "AAAA"}))),
    (pictures_are_those_of_their_words, lambda nb: exchange(*[p.data for p, _ in pictures(nb)][1:3])),
    (pictures_are_those_of_their_words, in_picture(lambda p, words: p.metadata["image/png"].update(width=9))),
    (numbers_in_prose_are_computed, lambda nb: cell(nb, "slide-seen").update(source="It is 0.4631 of them.")),
    (numbers_in_prose_are_computed, lambda nb: cell(nb, "slide-seen").update(source="Of 48,901 tokens.")),
    (numbers_in_prose_are_computed, lambda nb: cell(nb, "slide-seen").update(source="So 97% of them.")),
    (pictures_have_words_and_alt, in_picture(lambda picture, words: picture.metadata["image/png"].pop("alt"))),
    (pictures_have_words_and_alt, in_picture(lambda picture, words: picture.data.update({"text/plain": "Figure"}))),
    (pictures_have_words_and_alt, in_picture(lambda picture, words: words.data.update({"text/markdown": "other"}))),
    (pictures_have_words_and_alt, other_words("Too short.")),
    (pictures_have_words_and_alt, other_words("Too long. " * 17)),
    (nothing_of_this_machine, with_output(output_type="stream", name="stdout", text="in /home/ada/x")),
    (nothing_of_this_machine, with_output(output_type="stream", name="stdout", text="took 3.2 s")),
    (nothing_of_this_machine, with_output(output_type="stream", name="stdout", text="<f at 0x7f3a2b1c9d00>")),
    (nothing_of_this_machine, with_output(output_type="stream", name="stdout", text="on 2026-01-31")),
    (nothing_of_this_machine, with_output(output_type="display_data", data={"text/markdown": "in `/tmp/x`"})),
    (no_widget_left, with_output(output_type="display_data", data={WIDGET_VIEW: {}})),
    (no_widget_left, lambda nb: nb.metadata.update(widgets={})),
    (says_what_is_agreed, replace_prose("**After this notebook", "**Perhaps")),
    (says_what_is_agreed, replace_prose("About ", "Some ")),
    (says_what_is_agreed, replace_prose("Next: ", "")),
    (says_what_is_agreed, replace_prose("**Predict", "**Guess")),
    (minutes_add_up, lambda nb: nb.metadata["directions"].update(minutes=1)),
    (minutes_add_up, lambda nb: nb.cells[0].metadata.pop("directions")),
    (minutes_add_up, replace_prose(", 31 of them", ", some of them")),
    (exercises_are_complete, drop("hint-1-2")),
    (exercises_are_complete, drop("solution-1-3")),
    (exercises_are_complete, lambda nb: cell(nb, "solution-1-3").metadata.jupyter.pop("outputs_hidden")),
    (exercises_are_complete, lambda nb: cell(nb, "hint-1-2").update(source="<details></summary></details>")),
    (exercises_are_complete, drop("exercise-1-4")),
    (sliders_keep_their_names, lambda nb: code_cells(nb)[-1].update(source="recipe = 1")),
    (draws_are_seeded_where_they_are_drawn, lambda nb: cell(nb, "shuffled").update(source="rng.permutation(3)")),
    (draws_are_seeded_where_they_are_drawn, lambda nb: cell(nb, "shuffled").update(source=DRAWS_IN_A_FUNCTION)),
    (cells_are_small, lambda nb: code_cells(nb)[0].update(source="1\n" * 21)),
    (saved_as_make_run_saves_it, lambda nb: code_cells(nb)[0].metadata.update(execution={"x": 1})),
]

RULES = list(dict.fromkeys(rule for rule, _ in FAULTS))  # no rule without a fault that it finds


@pytest.mark.parametrize("rule, plant", FAULTS, ids=[f"{rule.__name__}-{i}" for i, (rule, _) in enumerate(FAULTS)])
def test_rule_finds_a_planted_fault(rule, plant):
    notebook = read(NOTEBOOKS / "01_text_to_token_ids.ipynb")
    plant(notebook)
    assert rule(notebook)


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule(rule, path):
    assert rule(read(path)) == []


def test_notebooks_are_small_and_numbered():
    assert len({path.name[:2] for path in PATHS}) == len(PATHS) > 0
    assert all(re.fullmatch(r"\d\d_[a-z_]+\.ipynb", path.name) for path in PATHS)
    assert sum(path.stat().st_size for path in PATHS) < 10e6


def test_html_pages_have_every_alt_text(tmp_path):
    command = [sys.executable, "-m", "nbconvert", "--to=html", "--template=accessible", f"--output-dir={tmp_path}"]
    command += [f"--TemplateExporter.extra_template_basedirs={PROJECT / 'helpers'}", *map(str, PATHS)]
    subprocess.run(command, check=True, capture_output=True)
    for path in PATHS:
        page = (tmp_path / path.with_suffix(".html").name).read_text()
        assert "No description has been provided" not in page
        alts = [image.get("alt", "") for image in BeautifulSoup(page, "html.parser").find_all("img")]
        assert alts == [picture.data["text/plain"] for picture, _ in pictures(read(path))]
        assert page.count("<summary>In words</summary>") == len(alts)
        solutions = [cell for cell in code_cells(read(path)) if "solution" in cell.metadata.get("tags", [])]
        assert page.count("<summary style") == len(solutions)
