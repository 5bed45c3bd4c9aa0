"""The live part of a figure: a picture that follows a slider, which needs a kernel, and a ball, which does not."""

from pathlib import Path

import anywidget
from traitlets import Bytes, Dict, Int, List, Unicode

from helpers.figures.style import DPI, png
from helpers.figures.words import words_of


class Live(anywidget.AnyWidget):
    """What `slider.js` shows: `place` is where the slider stands in `values`, `shown` the place that is drawn."""

    _esm = Path(__file__).with_name("slider.js")
    label, values, place = Unicode().tag(sync=True), List(Unicode()).tag(sync=True), Int().tag(sync=True)
    picture, width, shown = Bytes().tag(sync=True), Int().tag(sync=True), Int().tag(sync=True)
    sentence, words = Unicode().tag(sync=True), Unicode().tag(sync=True)

    def __init__(self, draw, values, place, label):
        super().__init__(label=label, values=[f"{value:,}" for value in values], place=place)
        self.observe(lambda change: self.follow(draw, values), "place")
        self.redraw(draw(values[place]))

    def follow(self, draw, values):
        try:
            self.redraw(draw(values[self.place]))
        except Exception as error:  # a slider that went dead would not say why
            with self.hold_sync():
                self.sentence, self.shown = f"It could not be drawn: {error}", self.place

    def redraw(self, fig):
        sentence, values = (words.replace("`", "") for words in words_of(fig))
        with self.hold_sync():  # the picture and its words arrive together
            self.picture, self.width = png(fig, compress_level=1), round(fig.get_size_inches()[0] * DPI / 2)
            self.sentence, self.words, self.shown = sentence, values, self.place


class Ball(anywidget.AnyWidget):
    """What `ball.js` shows; it says which `data` it reads."""

    _esm = Path(__file__).with_name("ball.js")
    data = Dict().tag(sync=True)
