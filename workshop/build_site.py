"""Build the series as pages that need no kernel and no network into build/site: `make site`.

The committed notebooks, outputs and all, are copied, and on the copies the tags that fold something become those of
myst-nb, links between notebooks become links between pages, and sliders get frames to move over. Then Sphinx builds.
"""

import base64
import html
import json
import os
import re
import shutil
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
from jinja2 import Environment, FileSystemLoader
from nbclient import NotebookClient
from shown import ball, small
from sphinx.cmd.build import main as sphinx

from helpers.data import PROJECT, saved
from helpers.report.page import page
from helpers.report.pictures import pictures

HERE = Path(__file__).parent
SOURCE, SITE = PROJECT / "build" / "site-source", PROJECT / "build" / "site"
FOLDS = {"solution": "hide-cell", "reveal": "hide-output"}
IN_JUPYTER = " Click a cell and press **Shift + Enter** to run it. (The first is folded; it only fetches tools.)"
MOVES = re.compile(r"^(?:slider|show_ball)\(", re.M)


def slug(fragment):
    """A heading's anchor as the pages have it, from JupyterLab's."""
    return re.sub(r"[^\w-]", "", fragment.lower())


def linked(text):
    """Links to notebooks and their sections, as links to pages and theirs."""
    text = re.sub(r"\]\(((?:\d\d_\w+\.ipynb)?)#([^)\s]+)\)", lambda m: f"]({m[1]}#{slug(m[2])})", text)
    return re.sub(r"\[([^\]]+)\]\(([\w-][\w.-]*\.html)\)", r'<a href="\2">\1</a>', text)  # no pages of Sphinx's own


def page_of(path):
    """A notebook as the site shows it."""
    notebook = nbformat.read(path, as_version=4)
    told = iter(watched(notebook, path.stem) if any(MOVES.search(cell.source) for cell in notebook.cells) else ())
    number, title = path.stem[:2], notebook.metadata["directions"]["title"]
    notebook.cells[0].source = re.sub("^# .*", f"# {number} · {title}", notebook.cells[0].source)
    cells, deep = [], False
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = {"tags": tags + [FOLDS[tag] for tag in tags if tag in FOLDS]}
        if cell.cell_type == "markdown":
            cell.source = linked(cell.source).replace(IN_JUPYTER, "")
            if deep and cell.source.startswith(("## ", "### ")):
                cells.append(raw("</details>"))
                deep = False
            if "deeper" in tags and cell.source.startswith("### "):
                heading, _, rest = cell.source.partition("\n")
                cells += [
                    nbformat.v4.new_markdown_cell(heading),
                    raw('<details class="deeper"><summary>Open</summary>'),
                ]
                cell.source, deep = rest.strip(), True
        else:
            for data in (output.data for output in cell.outputs if "data" in output):
                if "text/markdown" in data:
                    data["text/markdown"] = linked(data["text/markdown"])
                if "image/png" in data:
                    data["image/png"] = base64.b64encode(small(base64.b64decode(data["image/png"]))).decode()
            if MOVES.search(cell.source):
                cell.outputs = [moving(output, told) for output in cell.outputs]
        cells.append(cell)
    notebook.cells = [*cells, *([raw("</details>")] if deep else [])]
    return notebook


def raw(text):
    return nbformat.v4.new_markdown_cell(text)


def watched(notebook, name):
    """What the sliders and balls of a notebook tell, run once up to the last of them, in their order."""
    run = nbformat.from_dict(notebook)
    last = max(n for n, cell in enumerate(run.cells) if MOVES.search(cell.source))
    run.cells = [
        nbformat.v4.new_code_cell("import frames"),
        *(c for c in run.cells[: last + 1] if c.cell_type == "code"),
    ]
    mine = {"DIRECTIONS_FRAMES": str(SOURCE / "_static" / "frames"), "DIRECTIONS_NOTEBOOK": name[:2]}
    mine["PYTHONPATH"] = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")])
    where = {"metadata": {"path": PROJECT / "notebooks"}}
    NotebookClient(run, timeout=300, kernel_name="python3", resources=where).execute(env=os.environ | mine)
    for cell in run.cells:
        for output in cell.outputs:
            if (text := output.get("data", {}).get("text/plain", "")).startswith("site:"):
                yield json.loads(text.removeprefix("site:"))


def moving(output, told):
    """The line that stands for a live slider or ball, as one that moves on a page."""
    if not output.get("data", {}).get("text/plain", "").startswith(("A slider, ", "A ball to turn, ")):
        return output
    what = next(told)
    if "ball" in what:
        return nbformat.v4.new_output("display_data", {"text/html": ball(what["ball"])})
    what["files"] = [f"_static/frames/{file}" for file in what["files"]]
    frames = html.escape(json.dumps(what), quote=True)
    ends = f'min="0" max="{len(what["files"]) - 1}" value="{what["at"]}"'
    controls = f'<label>{html.escape(what["name"])} <input type="range" {ends}> '
    controls += '<span aria-hidden="true"></span></label><img alt="" hidden width="100%"><p role="status"></p>'
    return nbformat.v4.new_output(
        "display_data", {"text/html": f'<div class="frames" data-frames="{frames}" hidden>{controls}</div>'}
    )


def prepare():
    """Everything that Sphinx reads, in build/site-source."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    (SOURCE / "_static" / "frames").mkdir(parents=True)
    (SOURCE / "extra").mkdir()
    shutil.copy(HERE / "pages" / "conf.py", SOURCE)
    for name in ("site.css", "site.js"):
        shutil.copy(HERE / "pages" / name, SOURCE / "_static")
    for path in (HERE / "handout.html", PROJECT / "data" / "ball.html"):
        (SOURCE / "extra" / path.name).write_text(
            path.read_text(encoding="utf-8").replace("../data/", ""), encoding="utf-8"
        )
    for folder in (SOURCE, SOURCE / "extra"):
        shutil.copy(PROJECT / "data" / "idea.png", folder)
    for path in sorted((PROJECT / "notebooks").glob("*.ipynb")):
        print(path.name, flush=True)
        nbformat.write(page_of(path), SOURCE / path.name)
    found = saved("ball")
    templates = Environment(loader=FileSystemLoader(HERE / "pages"))
    models = [saved("smollm2-135m-instruct"), saved("gemma-3-270m")]
    for model in models:
        report = page(model, pictures(model))
        (SOURCE / "extra" / f"{model['model']['name']}.html").write_text(report, encoding="utf-8")
    given = dict(ball=ball(found | {"scenes": found["scenes"][1:]}), models=models, table=readme_table())
    given |= dict(
        notebooks=[path.stem for path in sorted(SOURCE.glob("*.ipynb"))], version=version("directions-not-points")
    )
    for path in (HERE / "pages").glob("*.md.j2"):
        text = templates.get_template(path.name).render(given)
        (SOURCE / path.stem).write_text(linked(text), encoding="utf-8")
    guide = (HERE / "README.md").read_text(encoding="utf-8")
    for old, new in {"(../README.md)": "(index.md)", "(hub/README.md)": "(hub.md)", "../notebooks/": ""}.items():
        guide = guide.replace(old, new)
    (SOURCE / "guide.md").write_text(re.sub(r"<!--.*?-->", "", linked(guide), flags=re.S), encoding="utf-8")
    hub = (HERE / "hub" / "README.md").read_text(encoding="utf-8").replace("(../README.md#", "(guide.md#")
    (SOURCE / "hub.md").write_text(hub, encoding="utf-8")
    shutil.copy(PROJECT / "CHANGELOG.md", SOURCE / "changelog.md")


def readme_table():
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    table = re.search(r"<!-- begin: notebooks -->\n\n(.*?)\n\n\*Reading", readme, re.S)[1]
    return table.replace("](notebooks/", "](")


def main(builder="html"):
    prepare()
    made = SITE if builder == "html" else PROJECT / "build" / builder
    shutil.rmtree(made, ignore_errors=True)
    sys.exit(sphinx(["-q", "-W", "--keep-going", "-b", builder, str(SOURCE), str(made)]))


if __name__ == "__main__":
    main(*sys.argv[1:])
