"""The report as one page of HTML that needs nothing beside itself; what it says stands in page.html.j2."""

import base64
import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from helpers.figures import png, visible, words_of


def page(numbers, figures):
    """The page's text, from what `measure` gives."""
    loader = FileSystemLoader(Path(__file__).parent)
    templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    templates.filters |= {"say": _say, "visible": visible}
    return templates.get_template("page.html.j2").render(numbers, pictures=map(_picture, figures))


def write(folder, numbers, html):
    """Write report.json and report.html into `folder`, which is made; the page's path. OSError where that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = json.dumps(numbers, indent=1, ensure_ascii=False) + "\n"
    (folder / "report.json").write_text(saved, encoding="utf-8")
    (folder / "report.html").write_text(html, encoding="utf-8")
    return folder / "report.html"


def _picture(fig):
    sentence, values = (words.replace("`", "") for words in words_of(fig))
    return base64.b64encode(png(fig)).decode(), sentence, values


def _say(value):
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}").replace("-", "−")
