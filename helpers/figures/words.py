"""How is a figure put into words? Read back from the artists that stand on its axes, at the moment of asking.

So a curve drawn backwards, or bars in the wrong order, change the words. First comes one sentence, which a screen
reader says as the picture's `alt` text; then come all values.
"""

import re
from collections import Counter
from textwrap import shorten

import numpy as np
from IPython.display import Markdown

LONGEST = 160  # characters of a sentence, without its backticks
COUNTS = dict(enumerate("two three four five six seven eight nine".split(), 2))


class Words(Markdown):
    """Markdown that is readable where it is printed as it stands, too: in a terminal."""

    def __repr__(self):
        parts = self.data.split("`")  # every other one is code, and stays as it is
        parts[::2] = [re.sub(r"\*\*|</?(details|summary)>", "", part) for part in parts[::2]]
        return "".join(parts).replace("\\|", "|").strip()


def say(ax, kind, read, *names):
    """Note with a figure how a drawing on `ax` is read: `read(ax, *names)` returns (clauses, values).

    `kind` says what it is, in words that take an s for several. The clauses are what there is to see, the most
    important first; the values are a text.
    """
    vars(ax.figure).setdefault("said", []).append((ax, kind, read, names))


def words_of(fig):
    """A figure in words, read from its artists now: (sentence, values), tokens in backticks.

    The sentence is at most 160 characters long, backticks apart: what kind of picture, its titles, and of what there
    is to see in each drawing as much as there is room for.
    """
    said = vars(fig).get("said")
    if not said:
        return "A picture without words.", ""
    clauses, values = zip(*(read(ax, *names) for ax, _, read, names in said), strict=True)
    kinds = Counter(kind for _, kind, _, _ in said)
    head = " and ".join(kind if n == 1 else f"{COUNTS.get(n, n)} {kind}s" for kind, n in kinds.items())
    return _sentence(head[0].upper() + head[1:], [title_of(ax) for ax, *_ in said], clauses), " ".join(values)


def _sentence(head, titles, clauses):
    """As many clauses as fit, … for the rest; titles rather lose what is in brackets than have a clause less."""
    between = ", " if len(titles) > 1 else "; "
    brief = [re.sub(r" ?\([^)]*\)", "", title) for title in titles]
    for n in range(max(map(len, clauses)), -1, -1):
        for names in (titles, brief):
            seen = [between.join(some[:n]) + " …" * (0 < n < len(some)) for some in clauses]
            panels = zip(names, seen, strict=True)
            sentence = f"{head}: {'; '.join(': '.join(filter(None, panel)) for panel in panels)}."
            sentence = re.sub(r"([?!…])[:.](?= |$)", r"\1", sentence)  # a title's own end is enough
            if len(sentence.replace("`", "")) <= LONGEST:
                return sentence
    return shorten(sentence.replace("`", ""), LONGEST, placeholder="…")


def title_of(ax):
    """The title of axes, on one line."""
    return " ".join((ax.get_title(loc="left") or ax.get_title()).split())


def text_at(ax, place, colour="black"):
    """The text of a colour that stands by a point of the data, or … where there was no room for it."""
    texts = (text.get_text() for text in ax.texts if np.array_equal(text.xy, place) and text.get_color() == colour)
    return next(texts, "…")


def visible(token):
    """A token's text with its white space made visible."""
    return token.replace(" ", "␣").replace("\n", "⏎").replace("\t", "⇥").replace("`", "ˋ")


def short(value):
    """Three significant digits; whole from 100 on, with commas."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def rough(value):
    """Two significant digits, with commas: where no more can be read from the picture, or trusted."""
    return f"{float(f'{value:.2g}') + 0.0:,.12g}"


def rounded(values):
    """A format for these values: whole if they all are, else to a hundredth of the largest one's leading digit.

    So small values beside large ones are not given to digits that another machine may compute otherwise.
    """
    largest = np.abs(values).max()
    whole = (np.asarray(values) == np.round(values)).all()
    decimals = 0 if whole or largest == 0 else max(0, 2 - int(np.floor(np.log10(largest))))
    return lambda value: f"{round(float(value), decimals) + 0.0:,.{decimals}f}"


def percent(share):
    """A share of 1, in whole percent."""
    return f"{share:.0%}"


def extremes(names, values, number):
    """Who is largest and who is smallest, as clauses."""
    ends = {"largest": np.argmax(values), "smallest": np.argmin(values)}
    return [f"{end} {names[i].strip()} {number(values[i])}" for end, i in ends.items()]
