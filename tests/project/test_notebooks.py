"""What every notebook keeps, whatever it teaches. Each rule is a function from a notebook to its offences,
and each rule is itself tested: a fault is planted, and the rule must find it."""

import base64
import copy
import re
import subprocess
import sys
from io import BytesIO
from symtable import symtable
from urllib.parse import unquote

import guide
import nbformat
import numpy as np
import pytest
import reading
from nbval.plugin import find_comment_markers
from PIL import Image
from run_notebooks import IDEA, NOTEBOOKS, WIDGET_VIEW, normalise

from helpers.exercises import EXERCISES
from helpers.geometry import nearest, winners

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
MACHINE = re.compile(
    r"0x[0-9a-f]{8}|(?<![\w.])/(?:home|root|tmp|work|Users|usr)/|[A-Z]:\\|\b\d{4}-\d\d-\d\d\b|\b\d+(\.\d+)? ?m?s\b"
)
TAGS = {"exercise", "solution", "deeper", "reveal"}
FOLDED = {"outputs_hidden": True, "source_hidden": True}
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*\.?\d*")
CHAIN = "text → token IDs → rows → layers → residual → final norm → state z → logits z·u → probabilities"
HERE = " *(you are here)*"
README = reading.STATED.sub("", guide.BLOCK.sub("", guide.README.read_text(encoding="utf-8")))
WORDS = re.compile(r"<details><summary>In words</summary>\n\n(.+)\n\n</details>")


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def tagged(cell, tag):
    return tag in cell.metadata.get("tags", [])


def spine(notebook):
    return [cell for cell in notebook.cells if not tagged(cell, "deeper")]


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
    said = " ".join(texts(notebook))
    both = " ".join([said, *(re.sub(r"(?<=\d)_(?=\d)", "", cell.source) for cell in code_cells(notebook))])
    known = np.array([float(n.replace(",", "")) for n in NUMBER.findall(both)] + [49_152])  # V, which 00 prints
    fractions = [float(n) for n in NUMBER.findall(said) if n.startswith("0.")]
    shares = np.array([*map(float, re.findall(r"(\d+(?:\.\d+)?)%", both)), *(100 * n for n in fractions)])
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
    return [text for cell in code_cells(notebook) for text in texts_of(cell)]


def texts_of(cell):
    streams = [output.get("text", "") for output in cell.outputs]
    return streams + [t for o in cell.outputs for kind, t in o.get("data", {}).items() if kind.startswith("text/")]


def nothing_of_this_machine(notebook):
    return [match.group() for text in texts(notebook) for match in [MACHINE.search(text)] if match]


def opens_and_closes_as_agreed(notebook):
    """The heading, the chain with the place in it, what the reader can do afterwards, the minutes; and how it ends."""
    opening, closing, title = notebook.cells[0], spine(notebook)[-1], notebook.metadata["directions"]["title"]
    heading = "# Directions, not points" if title == "Start here" else rf"# \d\d · {title}"
    wanted = [(opening, rf"\A{heading}$"), (opening, r"\*\*After this notebook you [^*]+\*\*")]
    wanted += [(opening, r"\*\*" + re.escape(HERE)), (closing, r"\A## What you have seen$"), (closing, "Next: ")]
    wanted += [(closing, r"\*\*The thought so far:\*\*")]
    found = [f"once, in {c.id}: {pattern}" for c, pattern in wanted if len(re.findall(pattern, c.source, re.M)) != 1]
    chain = CHAIN in opening.source.replace("**", "").replace(HERE, "").splitlines()
    found += [] if chain and (opening.id, closing.id) == ("opening", "closing") else ["the chain, or a cell's name"]
    found += [f"make run writes {s}" for s in [reading.stated(notebook)] if s not in opening.source.splitlines()]
    return found + [f"{n} words" for n in [reading.words(opening.source)] if n > 120]


def all_stands_in_its_place(notebook):
    """Sections 1, 2, … and the closing; then, tagged, the folded parts under Deeper, and last the folded solutions."""
    cells, heads = notebook.cells, re.findall(r"^## (.+)$", "\n".join(prose(notebook)), re.M)
    n = sum(bool(re.match(r"\d+ · ", head)) for head in heads)
    wanted = [[f"{i}" for i in range(1, n + 1)], ["What you have seen", "Solutions"]]
    shown = [[head.split(" · ")[0] for head in heads[:n]], [head for head in heads[n:] if head != "Deeper"]]
    found = [] if shown == wanted and "Deeper" not in heads[n + 2 :] else [f"headings: {heads}"]
    end = len(spine(notebook))
    start = next((i for i, cell in enumerate(cells) if cell.source.startswith("## Solutions")), len(cells))
    found += [f"{cell.id} is deeper before the closing" for cell in cells[:end] if tagged(cell, "deeper")]
    closing = next((i for i, cell in enumerate(cells) if cell.id == "closing"), len(cells))
    found += [f"{cell.id} lacks the tag deeper" for cell in cells[closing + 1 :] if not tagged(cell, "deeper")]
    found += [f"{c.id}: a solution?" for i, c in enumerate(cells) if tagged(c, "solution") != (i >= start)]
    found += [f"{cell.id} is no code" for cell in cells[start + 1 :] if cell.cell_type != "code"]
    for cell in cells[end:]:
        first, *more = [line for line in cell.source.splitlines() if cell.cell_type == "markdown"] or [""]
        folded = first == "## Deeper" or cell.metadata.get("jp-MarkdownHeadingCollapsed") is True
        if (re.match("###? ", first) and not folded) or re.search("^###? ", "\n".join(more), re.M):
            found.append(f"{cell.id}: a heading that does not fold or is not its cell's first line")
    return found


def deeper_parts(notebook):
    """The parts under Deeper by heading, each with its cells."""
    found, heading = {}, None
    for cell in notebook.cells:
        if match := re.match("(###?) (.+)", cell.source) if cell.cell_type == "markdown" else None:
            heading = match[2] if match[1] == "###" else None
        if heading and tagged(cell, "deeper"):
            found.setdefault(heading, []).append(cell)
    return found


def parts_are_linked_there_and_back(notebook):
    """Each deeper part from the spine, and back to a heading of it; every link inside the page leads somewhere."""
    parts, ours = deeper_parts(notebook), spine(notebook)
    there, known = links(ours), anchors(notebook.cells)
    found = [f"nothing is called {link}" for link in sorted(links(notebook.cells) - known)]
    for heading, cells in parts.items():
        found += [] if anchors(cells[:1]) & there else [f"the spine does not lead to {heading!r}"]
        found += [] if links(cells) & anchors(ours) else [f"no way back from {heading!r}"]
    return found if parts else ["nothing is deeper"]


def links(cells):
    return {unquote(link) for cell in cells for link in re.findall(r"\]\(#([^)]+)\)", cell.source)}


def anchors(cells):
    """What JupyterLab calls the headings: as they are shown, with hyphens for spaces."""
    shown = [h for c in cells if c.cell_type == "markdown" for h in re.findall("^#+ (.+)$", c.source, re.M)]
    return {re.sub("[`*]", "", heading).replace(" ", "-") for heading in shown}


def every_prediction_is_answered(notebook):
    """By a cell tagged `reveal`, before the next prediction and the next heading."""
    kinds = "".join(map(kind_of, notebook.cells))
    unanswered = [notebook.cells[match.start()].id for match in re.finditer("P(?!-*R)", kinds)]
    return unanswered if "P" in kinds else ["nothing is predicted"]


def kind_of(cell):
    """P, a prediction; H, another heading; R, a cell that reveals."""
    if cell.cell_type == "markdown":
        return "P" if "**Predict" in cell.source else "H" if re.search("^##", cell.source, re.M) else "-"
    return "R" if tagged(cell, "reveal") else "-"


def answers_cannot_be_read_before(notebook):
    """Each answer stands in what its cell shows, and in nothing that a learner sees before running it."""
    seen, found = {"README.md": README}, []
    if notebook.metadata["directions"]["title"] == "Start here":
        seen["idea.png"] = Image.open(IDEA).text["Description"]
    for cell in notebook.cells:
        seen[f"cell {cell.id}"] = reading.STATED.sub("", cell.source)
        shown = "\n".join(texts_of(cell)) if cell.cell_type == "code" else ""
        if tagged(cell, "reveal"):
            answers, me = cell.metadata.get("directions", {}).get("answer", []), cell.id
            found += [] if answers and isinstance(answers, list) else [f"{me}: which answer does it give?"]
            found += [f"{me}: {answer!r} is not what it shows" for answer in answers if not stands(answer, shown)]
            found += [f"{me}: {a!r} stands in {place}" for a in answers for place in seen if stands(a, seen[place])]
        else:
            seen[f"the output of {cell.id}"] = shown
    return found


def stands(answer, text):
    """Whether it stands there as whole words: not inside a longer word or number."""
    return re.search(rf"(?<!\w)(?<!\d[.,]){re.escape(answer)}(?!\w|[.,]\d)", text, re.I)


def exercises_are_complete(notebook):
    number = re.search(r"^# (\d\d)", notebook.cells[0].source)
    mine = [exercise.number for exercise in guide.exercises(int(number[1]) if number else 0)]
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
    """A slider is moved after the whole notebook has run: no later cell may bind anew what its cell looks up."""
    tables, found = [table_of(cell) for cell in code_cells(notebook)], []
    functions = {scope.get_name(): looked_up(scope) for table in tables for scope in table.get_children()}
    for i, cell in enumerate(code_cells(notebook)):
        used = names(tables[i]) if "slider(" in cell.source else set()
        for _ in functions:  # and what the notebook's own functions among that look up
            used = used.union(*(functions.get(name, ()) for name in used))
        later = set().union(*(bound(table, imports=False) for table in tables[i + 1 :]))
        found += [f"{name} is bound anew after {cell.id}" for name in sorted(used & later)]
    return found


def draws_are_seeded_where_they_are_drawn(notebook):
    """A cell run twice prints the same: no cell and no function draws from a generator that was made elsewhere."""
    sources, found = "\n".join(cell.source for cell in code_cells(notebook)), []
    made = set(re.findall(r"(\w+) = np\.random\.default_rng\(\w+\)$", sources, re.M))
    for cell in code_cells(notebook):
        table, inline = table_of(cell), ("listcomp", "genexpr", "dictcomp")  # which may use their own cell's
        functions = [scope for scope in table.get_children() if scope.get_name() not in inline]
        used = (names(table) - bound(table)).union(*map(looked_up, functions))
        found += [f"{cell.id} draws from {generator}" for generator in sorted(made & used)]
    return found


def table_of(cell):
    return symtable(cell.source, cell.id, "exec")


def names(table):
    """The names of the notebook that a cell binds or uses, its functions included."""
    return {symbol.get_name() for symbol in table.get_symbols()}.union(*map(looked_up, table.get_children()))


def bound(table, imports=True):
    """The names that a cell binds."""
    return {s.get_name() for s in table.get_symbols() if s.is_assigned() or (imports and s.is_imported())}


def looked_up(scope):
    """The names that a function takes from the notebook, its inner functions included."""
    own = {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
    return own.union(*map(looked_up, scope.get_children()))


def spine_is_short(notebook):
    """One exercise, cells of at most 12 lines; and no line of code, deeper or not, is too wide for a page."""
    stubs = [cell.id for cell in spine(notebook) if tagged(cell, "exercise")]
    found = [f"{cell.id} is long" for cell in spine(notebook) if cell.cell_type == "code" and lines(cell) > 12]
    wide = [cell.id for cell in code_cells(notebook) if max(map(len, cell.source.splitlines()), default=0) > 88]
    return found + [f"{name} is wide" for name in wide] + ([] if len(stubs) == 1 else [f"exercises: {stubs}"])


def cells_are_small(notebook):
    return [f"{cell.id}: {lines(cell)} lines" for cell in code_cells(notebook) if lines(cell) > 20]


def lines(cell):
    return len(cell.source.splitlines())


def parts_run_alone(notebook):
    """A cell of the spine takes its names from the spine; one of a deeper part from the spine, unchanged, or its part.

    Solutions may take them from anywhere: they stand at the end.
    """
    part_of = {cell.id: heading for heading, cells in deeper_parts(notebook).items() for cell in cells}
    cells = [cell for cell in code_cells(notebook) if not tagged(cell, "solution")]
    tables = [(part_of.get(cell.id, "the spine"), cell.id, table_of(cell)) for cell in cells]
    owner, found = {}, []
    for part, _, table in tables:
        owner = dict.fromkeys(bound(table), part) | owner
    for part, name, table in tables:
        taken = {n: owner[n] for n in names(table) - bound(table) if owner.get(n) not in (None, "the spine", part)}
        found += [f"{name} takes {n} from {other!r}" for n, other in sorted(taken.items())]
        owner |= dict.fromkeys(bound(table, imports=False), part)
    return found


def saved_as_make_run_saves_it(notebook):
    """Normalised: without a widget's view and state, too, which need a kernel."""
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


def cell(notebook, name):
    return next(cell for cell in notebook.cells if cell.id == name)


def drop(name):
    return lambda notebook: notebook.cells.remove(cell(notebook, name))


def first(notebook, tag):
    return next(cell for cell in notebook.cells if tagged(cell, tag))


def before(notebook, tag, text):
    place = notebook.cells.index(first(notebook, tag))
    notebook.cells.insert(place, nbformat.v4.new_markdown_cell(text))


def answer(notebook):
    return first(notebook, "reveal").metadata["directions"]["answer"][0]


PRINTED = {"output_type": "stream", "name": "stdout"}
DRAWS_IN_A_FUNCTION = "rng = np.random.default_rng(0)\ndef drawn():\n    return rng.normal()\ndrawn()"


def other_words(sentence):
    def plant(notebook):
        picture, words = next(pictures(notebook))
        picture.metadata["image/png"]["alt"] = picture.data["text/plain"] = sentence
        words.data["text/markdown"] = f"<details><summary>In words</summary>\n\n{sentence} 1\n\n</details>"

    return plant


AGREED = {"**After this notebook": "**Perhaps", "*Spine: ": "*Spine: 1", "# 01": "# 1", " → rows": "", HERE: ""}
AGREED |= {"notebook you": "notebook you" + " word" * 120, "Next: ": "", "The thought so far": "So"}
REPLACED = {
    opens_and_closes_as_agreed: AGREED,
    all_stands_in_its_place: {"## 2 · ": "## 3 · ", "## Solutions": "## Answers", "\n\n": "\n\n### More\n\n"},
    parts_are_linked_there_and_back: {"](#": "](", "### ": "### On "},
    every_prediction_is_answered: {"**Predict": "**Guess"},
}
FAULTS = [(rule, replace_prose(*pair)) for rule, pairs in REPLACED.items() for pair in pairs.items()]
FAULTS += [
    (executed_once_from_top_to_bottom, lambda nb: code_cells(nb)[3].update(outputs=[], execution_count=None)),
    (no_errors_no_stderr, with_output(output_type="stream", name="stderr", text="warning")),
    (no_errors_no_stderr, with_output(output_type="error", ename="E", evalue="", traceback=[])),
    (nothing_is_silenced, lambda nb: code_cells(nb)[0].update(source="# NBVAL_SKIP")),
    (nothing_is_silenced, lambda nb: code_cells(nb)[1].update(cell_type="raw")),
    (pictures_are_those_of_their_words, lambda nb: [p.data.pop("image/png") for p, _ in list(pictures(nb))]),
    (pictures_are_those_of_their_words, in_picture(lambda picture, words: picture.data.update({"image/png": "AAAA"}))),
    (pictures_are_those_of_their_words, other_words("The words of another picture.")),
    (pictures_are_those_of_their_words, in_picture(lambda p, words: p.metadata["image/png"].update(width=9))),
    (pictures_have_words_and_alt, in_picture(lambda picture, words: picture.metadata["image/png"].pop("alt"))),
    (pictures_have_words_and_alt, in_picture(lambda picture, words: picture.data.update({"text/plain": "Figure"}))),
    (pictures_have_words_and_alt, in_picture(lambda picture, words: words.data.update({"text/markdown": "other"}))),
    (pictures_have_words_and_alt, other_words("Too short.")),
    (pictures_have_words_and_alt, other_words("Too long. " * 17)),
    (nothing_of_this_machine, with_output(output_type="display_data", data={"text/markdown": "in `/tmp/x`"})),
    (opens_and_closes_as_agreed, drop("closing")),
    (all_stands_in_its_place, lambda nb: nb.cells.append(cell(nb, "opening"))),
    (all_stands_in_its_place, lambda nb: nb.cells[2].metadata.update(tags=["deeper"])),
    (all_stands_in_its_place, lambda nb: nb.cells.insert(1, nb.cells.pop())),
    (all_stands_in_its_place, lambda nb: [c.metadata.pop("jp-MarkdownHeadingCollapsed", 0) for c in nb.cells]),
    (parts_are_linked_there_and_back, lambda nb: [c.metadata.pop("tags", 0) for c in nb.cells]),
    (parts_are_linked_there_and_back, lambda nb: nb.cells[0].update(source="[there](#Nowhere)")),
    (every_prediction_is_answered, lambda nb: first(nb, "reveal").metadata.pop("tags")),
    (every_prediction_is_answered, lambda nb: before(nb, "reveal", "## Another section")),
    (answers_cannot_be_read_before, lambda nb: first(nb, "reveal").metadata.pop("directions")),
    (answers_cannot_be_read_before, lambda nb: first(nb, "reveal").outputs.clear()),
    (answers_cannot_be_read_before, lambda nb: before(nb, "reveal", f"It is {answer(nb).upper()}, see?")),
    (answers_cannot_be_read_before, lambda nb: with_output(**PRINTED, text=f"{answer(nb)}\n")(nb)),
    (spine_is_short, lambda nb: code_cells(nb)[0].update(source="1\n" * 13)),
    (spine_is_short, lambda nb: code_cells(nb)[-1].update(source="1" * 89)),
    (spine_is_short, lambda nb: first(nb, "exercise").metadata.update(tags=["deeper"])),
    (cells_are_small, lambda nb: code_cells(nb)[0].update(source="1\n" * 21)),
    (parts_run_alone, lambda nb: code_cells(nb)[1].update(source="draw_bars")),  # which only a deeper part imports
    (parts_run_alone, lambda nb: cell(nb, "stretches").update(source="def f():\n    return cut")),
    (parts_run_alone, lambda nb: cell(nb, "first-cut").update(source="lm = 1")),
    (exercises_are_complete, drop("hint-1-2")),
    (exercises_are_complete, drop("solution-1-3")),
    (exercises_are_complete, lambda nb: cell(nb, "solution-1-3").metadata.jupyter.pop("outputs_hidden")),
    (exercises_are_complete, lambda nb: cell(nb, "hint-1-2").update(source="<details></summary></details>")),
    (exercises_are_complete, drop("exercise-1-4")),
    (sliders_keep_their_names, lambda nb: code_cells(nb)[-1].update(source="recipe = 1")),
    (draws_are_seeded_where_they_are_drawn, lambda nb: code_cells(nb)[-1].update(source="rng.permutation(3)")),
    (draws_are_seeded_where_they_are_drawn, lambda nb: code_cells(nb)[-1].update(source=DRAWS_IN_A_FUNCTION)),
    (saved_as_make_run_saves_it, lambda nb: code_cells(nb)[0].metadata.update(execution={"x": 1})),
    (saved_as_make_run_saves_it, with_output(output_type="display_data", data={WIDGET_VIEW: {}})),
    (saved_as_make_run_saves_it, lambda nb: nb.metadata.update(widgets={})),
]
OF_THIS_MACHINE = ("in /home/ada/x", "took 3.2 s", "<f at 0x7f3a2b1c9d00>", "on 2026-01-31")
FAULTS += [(nothing_of_this_machine, with_output(**PRINTED, text=text)) for text in OF_THIS_MACHINE]
INVENTED = ("It is 0.4631 of them.", "Of 48,901 tokens.", "So 97% of them.")
FAULTS += [(numbers_in_prose_are_computed, lambda nb, text=text: before(nb, "reveal", text)) for text in INVENTED]
SILENT = ("nbval-skip", "raises-exception", "remove-cell")
FAULTS += [(nothing_is_silenced, lambda nb, tag=tag: code_cells(nb)[1].metadata.update(tags=[tag])) for tag in SILENT]

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


def test_the_spines_fit_into_their_minutes():
    spines = [reading.spine(read(path))[0] for path in PATHS]
    assert sum(spines[:5]) <= 70 and sum(spines[5:9]) <= 65 and max(spines) <= 18 and sum(spines) <= 180
    assert spines[9] <= 16 and spines[10] <= 16 and spines[11] <= 13


def test_the_toy_has_three_answers_for_three_rulers_and_a_token_that_wins_nowhere():
    targets, z = toy("00")
    assert targets.shape == (4, 2) and np.isclose(np.linalg.norm(z), np.sqrt(2))
    chosen = [int(nearest(z, targets, k=1, by=by)[0][0]) for by in ("dot", "cosine", "euclidean")]
    assert ["ABCD"[i] for i in chosen] == ["C", "A", "D"]
    assert winners(targets[:2], targets).tolist() == [2, 2]  # A and B lie in C's win region
    turns = np.linspace(0, 2 * np.pi, 10_000)
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    assert set(winners(circle, targets)) == {0, 1, 2}
    assert 3 in winners(circle, targets * [[1], [1], [1], [1.25]])


@pytest.mark.parametrize("number", ["03", "04"])
def test_the_toy_is_the_same_everywhere(number):
    for here, first in zip(toy(number), toy("00"), strict=True):
        np.testing.assert_array_equal(here, first)


def toy(number):
    """The targets and the state that a notebook's cell `toy` gives."""
    [path], given = NOTEBOOKS.glob(f"{number}_*.ipynb"), {"np": np}
    exec("\n".join(re.findall("^(?:targets|z) = .+$", cell(read(path), "toy").source, re.M)), given)
    return given["targets"], given["z"]


def test_notebooks_are_small_and_numbered():
    assert [path.name[:3] for path in PATHS] == [f"{n:02}_" for n in range(len(PATHS))]
    assert sum(path.stat().st_size for path in PATHS) < 10e6


@pytest.mark.slow
def test_every_spine_runs_without_what_is_deeper(copied_project):
    copy, environment = copied_project
    for path in (copy / "notebooks").glob("*.ipynb"):
        notebook = read(path)
        notebook.cells = spine(notebook)
        nbformat.write(notebook, path)
    command = [sys.executable, "-m", "pytest", "-q", "notebooks"]
    run = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout
