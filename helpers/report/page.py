"""The report as one page of HTML that needs nothing beside itself; what it says stands in page.html.j2."""

import base64
import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from helpers.figures import png, visible, words_of


def page(numbers, figures):
    """The page's text, from what `measure` and `pictures` give."""
    loader = FileSystemLoader(Path(__file__).parent)
    templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    templates.filters |= {"say": _say, "share": _share, "visible": visible}
    return templates.get_template("page.html.j2").render(numbers, pictures=map(_picture, figures))


def write(folder, numbers, html):
    """Write NAME.json and NAME.html into `folder`, which is made; the page's path. OSError where that fails."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / (numbers["model"]["name"].replace("/", "--") + ".html")
    path.with_name(path.stem + ".json").write_text(as_text(numbers), encoding="utf-8")
    path.write_text(html, encoding="utf-8")
    return path


def as_text(numbers):
    """JSON, one line an entry."""
    lines = (f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in numbers.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _picture(fig):
    sentence, values = (words.replace("`", "") for words in words_of(fig))
    return base64.b64encode(png(fig)).decode(), sentence, values


def _say(value):
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}").replace("-", "−")


def _share(value):
    """A share and the ends of its interval, in percent."""
    return "{}% ({} to {})".format(*map(_say, value))
