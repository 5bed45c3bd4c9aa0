"""What every notebook keeps, whatever it teaches. Each rule is a function from a notebook to its offences,
and each rule is itself tested: a fault is planted, and the rule must find it."""

import ast
import copy
import re
import subprocess
import sys

import guide
import nbformat
import pytest
from bs4 import BeautifulSoup
from run_notebooks import NOTEBOOKS, PROJECT, WIDGET_VIEW, normalise

from helpers.exercises import EXERCISES

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
MACHINE = re.compile(
    r"0x[0-9a-f]{8}|(?<![\w.])/(?:home|root|tmp|work|Users|usr)/|[A-Z]:\\|\b\d{4}-\d\d-\d\d\b|\b\d+(\.\d+)? ?m?s\b"
)
HEADING = re.compile(r"^##? ", re.M)
SILENCED = {"nbval-skip", "nbval-ignore-output", "raises-exception"}


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


# ---------------------------------------------------------------- the rules


def executed_once_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook)]
    return [] if counts == list(range(1, len(counts) + 1)) else [f"execution counts are {counts}"]


def no_errors_no_stderr(notebook):
    return [str(o)[:80] for o in outputs(notebook) if o.output_type == "error" or o.get("name") == "stderr"]


def nothing_is_silenced(notebook):
    return [cell.id for cell in code_cells(notebook) if SILENCED & set(cell.metadata.get("tags", []))]


def pictures_have_words_and_alt(notebook):
    found = []
    for picture, after in pictures(notebook):
        alt = picture.metadata.get("image/png", {}).get("alt", "")
        words = after.get("data", {}).get("text/markdown", "")
        if len(alt) < 40 or alt != picture.data["text/plain"] or words.replace("`", "") != f"*In words:* {alt}":
            found.append(f"{alt!r} / {words!r}")
    return found


def nothing_of_this_machine(notebook):
    texts = ["".join(o.get("text", "")) for o in outputs(notebook)]
    texts += [text for o in outputs(notebook) for kind, text in o.get("data", {}).items() if kind.startswith("text/")]
    return [match.group() for text in texts for match in [MACHINE.search(text)] if match]


def no_widget_left(notebook):
    views = [o.output_type for o in outputs(notebook) if WIDGET_VIEW in o.get("data", {})]
    return views + (["widget state"] if "widgets" in notebook.metadata else [])


def opens_as_agreed(notebook):
    opening, minutes = prose(notebook)[0], notebook.metadata["directions"]["minutes"]
    wanted = [r"^# ", r"\*\*After this notebook", r"^- .*\n- .*\n- ", rf"About {minutes} minutes"]
    words = len(opening.split())
    missing = [pattern for pattern in wanted if not re.search(pattern, opening, re.M)]
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


def closes_as_agreed(notebook):
    closing = prose(notebook)[-1]
    return [word for word in ("## What you have seen", "Next: ") if word not in closing]


def asks_for_predictions(notebook):
    return [] if sum("**Predict" in text for text in prose(notebook)) >= 1 else ["no prediction asked for"]


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
        if not hint or "<details>" not in hint.source:
            found.append(f"{n}: no folded hint")
        if not solution or "solution" not in solution.metadata.get("tags", []) or not solution.metadata.get("jupyter"):
            found.append(f"{n}: no folded, tagged solution")
    return found or ([] if mine else ["no exercises"])


def sliders_keep_their_names(notebook):
    """A slider is moved after the whole notebook has run: no later cell may bind anew what its function looks up."""
    cells = [ast.parse(cell.source) for cell in code_cells(notebook)]
    functions = {node.name: node for tree in cells for node in tree.body if isinstance(node, ast.FunctionDef)}
    found = []
    for i, tree in enumerate(cells):
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "slider"]
        wanted = {node.id for call in calls for node in ast.walk(call.args[0]) if isinstance(node, ast.Name)}
        used = set()
        while wanted - used:  # what it looks up, and what the notebook's own functions among that look up
            used |= wanted
            wanted = {name for one in used & set(functions) for name in looked_up(functions[one])}
        later = {name for other in cells[i + 1 :] for name in bound(other)}
        found += [f"{name} is bound anew after {code_cells(notebook)[i].id}" for name in sorted(used & later)]
    return found


def bound(tree):
    """The names that a cell binds at its top level, imports aside."""
    names, inside = set(), (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef):
            names.add(node.name)
        if is_binding(node):
            names.add(node.id)
        if not isinstance(node, inside):
            names |= bound(node)
    return names


def is_binding(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def looked_up(function):
    """The names that a function takes from outside."""
    own = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    own |= {node.id for node in ast.walk(function) if is_binding(node)}
    return {node.id for node in ast.walk(function) if isinstance(node, ast.Name)} - own


def cells_are_small(notebook):
    lines = {cell.id: len(cell.source.splitlines()) for cell in code_cells(notebook)}
    return [f"{name}: {n} lines" for name, n in lines.items() if n > 20]


def saved_as_make_run_saves_it(notebook):
    again = copy.deepcopy(notebook)
    normalise(again)
    return [] if again == notebook else ["run `make run`"]


RULES = [
    executed_once_from_top_to_bottom,
    no_errors_no_stderr,
    nothing_is_silenced,
    pictures_have_words_and_alt,
    nothing_of_this_machine,
    no_widget_left,
    opens_as_agreed,
    minutes_add_up,
    closes_as_agreed,
    asks_for_predictions,
    exercises_are_complete,
    sliders_keep_their_names,
    cells_are_small,
    saved_as_make_run_saves_it,
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_rule(rule, path):
    assert rule(read(path)) == []


def test_notebooks_are_small_and_numbered():
    assert len({path.name[:2] for path in PATHS}) == len(PATHS) > 0
    assert all(re.fullmatch(r"\d\d_[a-z_]+\.ipynb", path.name) for path in PATHS)
    assert sum(path.stat().st_size for path in PATHS) < 10e6


# ---------------------------------------------------------------- each rule finds its fault


def with_output(**output):
    def plant(notebook):
        code_cells(notebook)[0].outputs.append(nbformat.v4.new_output(**output))

    return plant


def strip_a_cell(notebook):
    code_cells(notebook)[3].outputs, code_cells(notebook)[3].execution_count = [], None


def tag(name):
    return lambda notebook: code_cells(notebook)[1].metadata.update(tags=[name])


def in_picture(change):
    return lambda notebook: change(*next(pictures(notebook)))


def replace_prose(index, old, new):
    def plant(notebook):
        cell = [cell for cell in notebook.cells if cell.cell_type == "markdown"][index]
        assert old in cell.source
        cell.source = cell.source.replace(old, new)

    return plant


def drop(cell_id):
    return lambda notebook: notebook.cells.remove(next(cell for cell in notebook.cells if cell.id == cell_id))


def swap_predictions(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.replace("**Predict", "**Guess")


FAULTS = [
    (executed_once_from_top_to_bottom, strip_a_cell),
    (executed_once_from_top_to_bottom, lambda nb: code_cells(nb)[2].update(execution_count=99)),
    (no_errors_no_stderr, with_output(output_type="stream", name="stderr", text="warning")),
    (no_errors_no_stderr, with_output(output_type="error", ename="E", evalue="", traceback=[])),
    (nothing_is_silenced, tag("nbval-skip")),
    (nothing_is_silenced, tag("nbval-ignore-output")),
    (pictures_have_words_and_alt, in_picture(lambda picture, words: picture.metadata["image/png"].pop("alt"))),
    (pictures_have_words_and_alt, in_picture(lambda picture, words: words.data.update({"text/markdown": "other"}))),
    (pictures_have_words_and_alt, in_picture(lambda picture, words: picture.data.update({"text/plain": "Figure"}))),
    (nothing_of_this_machine, with_output(output_type="stream", name="stdout", text="in /home/ada/x")),
    (nothing_of_this_machine, with_output(output_type="stream", name="stdout", text="took 3.2 s")),
    (nothing_of_this_machine, with_output(output_type="stream", name="stdout", text="<f at 0x7f3a2b1c9d00>")),
    (nothing_of_this_machine, with_output(output_type="stream", name="stdout", text="on 2026-01-31")),
    (nothing_of_this_machine, with_output(output_type="display_data", data={"text/markdown": "in `/tmp/x`"})),
    (no_widget_left, with_output(output_type="display_data", data={WIDGET_VIEW: {}})),
    (no_widget_left, lambda nb: nb.metadata.update(widgets={})),
    (opens_as_agreed, replace_prose(0, "**After this notebook", "**Perhaps")),
    (opens_as_agreed, replace_prose(0, "About ", "Some ")),
    (minutes_add_up, lambda nb: nb.metadata["directions"].update(minutes=1)),
    (minutes_add_up, lambda nb: nb.cells[0].metadata.pop("directions")),
    (minutes_add_up, replace_prose(0, ", 31 of them", ", some of them")),
    (closes_as_agreed, replace_prose(-1, "Next: ", "")),
    (asks_for_predictions, swap_predictions),
    (exercises_are_complete, drop("hint-1-2")),
    (exercises_are_complete, drop("solution-1-3")),
    (exercises_are_complete, drop("exercise-1-4")),
    (sliders_keep_their_names, lambda nb: code_cells(nb)[-1].update(source="recipe = 1")),
    (cells_are_small, lambda nb: code_cells(nb)[0].update(source="1\n" * 21)),
    (saved_as_make_run_saves_it, lambda nb: code_cells(nb)[0].metadata.update(execution={"x": 1})),
]


@pytest.mark.parametrize("rule, plant", FAULTS, ids=[f"{rule.__name__}-{i}" for i, (rule, _) in enumerate(FAULTS)])
def test_rule_finds_a_planted_fault(rule, plant):
    notebook = read(NOTEBOOKS / "01_text_to_token_ids.ipynb")
    plant(notebook)
    assert rule(notebook)


# ---------------------------------------------------------------- the page without a kernel


def test_html_pages_have_every_alt_text(tmp_path):
    command = [
        sys.executable,
        "-m",
        "nbconvert",
        "--to",
        "html",
        "--template",
        "accessible",
        f"--output-dir={tmp_path}",
    ]
    command += [f"--TemplateExporter.extra_template_basedirs={PROJECT / 'helpers'}", *map(str, PATHS)]
    subprocess.run(command, check=True, capture_output=True)
    for path in PATHS:
        page = (tmp_path / path.with_suffix(".html").name).read_text()
        assert "No description has been provided" not in page
        alts = [image.get("alt", "") for image in BeautifulSoup(page, "html.parser").find_all("img")]
        assert alts == [picture.data["text/plain"] for picture, _ in pictures(read(path))]
        assert page.count("<summary style") == sum(
            "solution" in cell.metadata.get("tags", []) for cell in code_cells(read(path))
        )
