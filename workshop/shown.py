"""What pages without a kernel show: smaller pictures, and the ball that turns."""

import io
import json

from PIL import Image

from helpers.data import PROJECT


def small(picture, colours=128):
    """A PNG of few colours, without visible loss: figures are flat."""
    buffer = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(colours, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def ball(data):
    """The ball that turns, in the page itself: from a file of its own, a page on a disk could not load it."""
    kept = data | {"scenes": [{key: _without_ids(value) for key, value in scene.items()} for scene in data["scenes"]]}
    module = (PROJECT / "helpers" / "figures" / "ball.js").read_text(encoding="utf-8")
    given = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    start = f'render({{ model: {{ get: () => ({given}) }}, el: document.getElementById("ball") }});'
    return f'<div id="ball"></div>\n\n<script type="module">\n{module}\n{start}\n</script>'


def _without_ids(value):
    """The targets' token IDs are for tests."""
    return {key: v for key, v in value.items() if key != "ids"} if isinstance(value, dict) else value
