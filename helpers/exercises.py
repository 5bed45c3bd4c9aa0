"""Is my answer right, and if not, what did I probably do? One row of data an exercise, one checker.

The last section holds the exercises themselves, solutions included: read it after you have tried.
"""

import copy
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from IPython.display import Markdown, display

from helpers.display import visible
from helpers.geometry import unit


@dataclass(frozen=True)
class Exercise:
    """number, title, difficulty, minutes; a reference; tuples of inputs to call it with; pairs of a wrong function
    and the sentence that it earns; and what a right answer has shown."""

    number: str
    title: str
    difficulty: str
    minutes: int
    reference: Callable
    inputs: list
    wrong: list
    right: str


def check(number, answer):
    """Show whether the function `answer` solves exercise `number`, and if not, what probably happened."""
    display(Markdown(verdict(number, answer)))


def verdict(number, answer):
    """What `check` shows, as Markdown. Never raises for a learner's mistake, only for an unknown number."""
    number = str(number)
    if number not in EXERCISES:
        raise ValueError(f"There is no exercise {number!r}; there are {', '.join(EXERCISES)}.")
    exercise = EXERCISES[number]
    if not callable(answer):
        return f"**{number} needs your function itself.** Write its name without brackets: `check({number!r}, name)`."
    for inputs in exercise.inputs:
        expected, got = exercise.reference(*copy.deepcopy(inputs)), _outcome(answer, inputs)
        if got is ... or _untouched(answer):
            return (
                f"**{number} is waiting for you.** {exercise.title} "
                f"({exercise.difficulty}, about {exercise.minutes} minutes). Replace the `...` and run the cell again."
            )
        if not _same(got, expected):
            why = _diagnosis(exercise, answer, got, expected)
            return f"**{number}: not yet.** {why}\n\n{_example(inputs, got, expected)}"
    return f"**✓ {number} is right.** {exercise.right}"


# ---------------------------------------------------------------- looking at an answer


def _untouched(answer):
    """Whether the function's body is still the stub's `...`."""

    def stub(): ...

    def told():
        """A docstring."""

    code = getattr(answer, "__code__", None)
    if code is None or code.co_code not in (stub.__code__.co_code, told.__code__.co_code):
        return False
    return set(code.co_consts) <= {None, answer.__doc__}  # a function that returns "x" has the same instructions


def _outcome(function, inputs):
    """What the function returns for a copy of the inputs, as plain numpy or Python; an exception if it raised."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # a division by zero shows in the answer; numpy's warning would name our file
            value = function(*copy.deepcopy(inputs))
            if hasattr(value, "detach"):  # a torch tensor, of whatever precision
                value = value.detach().cpu().double().numpy()
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        return error
    return str(value) if isinstance(value, str) else value


def _same(got, expected):
    """Equal texts and lists; numbers within what float32 arithmetic may do to them (1e-4 relative)."""
    if isinstance(expected, str | bytes) or (isinstance(expected, list) and isinstance(expected[0], str)):
        return (type(got) is type(expected) and got == expected) or (isinstance(got, tuple) and list(got) == expected)
    got = _numbers(got)
    return got is not None and got.shape == np.shape(expected) and np.allclose(got, expected, rtol=1e-4, atol=1e-6)


def _diagnosis(exercise, answer, got, expected):
    if isinstance(got, KeyboardInterrupt):
        return "You stopped it. If it would not end, look for a loop whose condition never changes."
    if got is None:
        return "It returned None. Perhaps the `return` is missing (a printed value is not a returned one)."
    outcomes = [_outcome(answer, inputs) for inputs in exercise.inputs]
    for mistake, sentence in exercise.wrong:
        if all(_alike(o, _outcome(mistake, i)) for o, i in zip(outcomes, exercise.inputs, strict=True)):
            return sentence
    if isinstance(got, BaseException):
        return f"It raised {_raised(got, answer)}."
    wanted, came = _kind(expected), _kind(got)
    if came != wanted:
        return f"It returned {came} where {wanted} is expected."
    return "Here is the first input where it goes wrong."


def _raised(error, answer):
    """The exception in words, with its line in the learner's own function."""
    own = getattr(getattr(answer, "__code__", None), "co_filename", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own]
    message = str(error).replace("`", "ˋ")
    return f"`{type(error).__name__}: {message}`" + (f" in line {lines[-1]} of its cell" if lines else "")


def _alike(one, other):
    """Whether two wrong outcomes agree: the same kind of exception, or the same value."""
    if isinstance(one, BaseException) or isinstance(other, BaseException):
        return type(one) is type(other)
    if isinstance(other, str | bytes | list):
        return type(one) is type(other) and one == other
    one, other = _numbers(one), _numbers(other)
    if one is None or other is None or one.shape != other.shape:
        return False
    return np.allclose(one, other, rtol=1e-4, equal_nan=True)


def _kind(value):
    """In words: what type of thing a value is, or which shape its numbers have."""
    if (numbers := _numbers(value)) is not None:
        return f"an array of shape {numbers.shape}" if numbers.shape else "a single number"
    names = {str: "a text", bytes: "bytes", list: "a list"}
    return names.get(type(value), f"a value of type {type(value).__name__}")


def _numbers(value):
    """The value as an array of real numbers, or None where it is none: texts, complex numbers, ragged lists."""
    try:
        array = np.asarray(value)
        return array.astype(float) if array.dtype.kind in "biuf" else None
    except Exception:  # whatever a learner's object does when it is looked at
        return None


def _example(inputs, got, expected):
    shown = ", ".join(_short(value) for value in inputs)
    came = type(got).__name__ if isinstance(got, BaseException) else _short(got)
    return f"For `{shown}`\n- it gave `{came}`\n- expected `{_short(expected)}`"


def _short(value):
    try:
        if isinstance(value, np.ndarray | np.generic):
            text = np.array2string(np.asarray(value), precision=4, separator=", ", threshold=8, floatmode="maxprec")
            text = " ".join(text.split())
        elif isinstance(value, dict):
            shown = [f"{key!r}: {value[key]!r}" for key in list(value)[:3]]
            text = "{" + ", ".join(shown) + (f", …}} ({len(value)} entries)" if len(value) > 3 else "}")
        else:
            text = repr(_spaces_shown(value))
    except Exception:  # a list that holds itself, an object that cannot be shown
        text = f"a {type(value).__name__}"
    text = text.replace("`", "ˋ")
    return text if len(text) <= 160 else text[:157] + "…"


def _spaces_shown(value):
    """Texts with ␣ for a space: on a page, two spaces in a row would look like one."""
    if isinstance(value, str):
        return visible(value)
    return type(value)(map(_spaces_shown, value)) if type(value) in (list, tuple) else value


# ---------------------------------------------------------------- the exercises: solutions ahead


def _join(tokens):
    return "".join(tokens)


def _bytes_to_text(pieces):
    return b"".join(pieces).decode("utf-8")


def _merge_once(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        if tuple(pieces[i : i + 2]) == tuple(pair):
            merged.append(pieces[i] + pieces[i + 1])
            i += 2
        else:
            merged.append(pieces[i])
            i += 1
    return merged


def _merge_first_only(pieces, pair):
    for i in range(len(pieces) - 1):
        if (pieces[i], pieces[i + 1]) == pair:
            return [*pieces[:i], pieces[i] + pieces[i + 1], *pieces[i + 2 :]]
    return pieces


def _merge_overlapping(pieces, pair):
    starts = [i for i in range(len(pieces) - 1) if (pieces[i], pieces[i + 1]) == pair]
    covered = {i + 1 for i in starts} - set(starts)
    return [pair[0] + pair[1] if i in starts else p for i, p in enumerate(pieces) if i not in covered]


def _merge_by_plus(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        found = tuple(pieces[i : i + 2]) == pair
        merged += pieces[i] + pieces[i + 1] if found else pieces[i]
        i += 2 if found else 1
    return merged


def _merge_same_text(pieces, pair):
    merged, i = [], 0
    while i < len(pieces):
        found = "".join(pieces[i : i + 2]) == "".join(pair)
        merged.append("".join(pieces[i : i + 2]) if found else pieces[i])
        i += 2 if found else 1
    return merged


def _merge_keeping_second(pieces, pair):
    merged = []
    for i, piece in enumerate(pieces):
        merged.append(piece + pieces[i + 1] if tuple(pieces[i : i + 2]) == pair else piece)
    return merged


def _bpe(pieces, ranks, choose=min):
    pieces = list(pieces)
    while True:
        pairs = [pair for pair in pairwise(pieces) if pair in ranks]
        if not pairs:
            return pieces
        pieces = _merge_once(pieces, choose(pairs, key=ranks.get))


def _bpe_one_step(pieces, ranks):
    pairs = [pair for pair in pairwise(pieces) if pair in ranks]
    return _merge_once(pieces, min(pairs, key=ranks.get)) if pairs else list(pieces)


def _bpe_in_table_order(pieces, ranks):
    for pair in ranks:
        pieces = _merge_once(pieces, pair)
    return list(pieces)


# Not in the order of their ranks, nor of the alphabet: an answer that never looks at a rank must fail.
_RANKS = {("be", "s"): 9, ("h", "u"): 0, ("hug", "s"): 8, ("hu", "g"): 2, ("u", "g"): 1, ("be", "st"): 7, ("t", "e"): 4}
_RANKS |= {("s", "t"): 3, ("b", "e"): 6, ("e", "st"): 5}

EXERCISES = {
    exercise.number: exercise
    for exercise in [
        Exercise(
            "0.1", "Keep the direction, drop the size", "easy", 3,
            reference=lambda v: unit(v),
            inputs=[(np.array([3.0, 4.0]),), (np.array([0.0, -2.0, 0.0]),), (np.array([1.0, -2.0, 4.0]),)],
            wrong=[
                (np.linalg.norm, "You returned the size ‖v‖ itself. The direction is v divided by its size."),
                (lambda v: v / v.sum(), "You divided by the sum of the numbers. The size is √(Σ v²): squares first."),
                (lambda v: v / np.abs(v).sum(), "You divided by the sum of absolute values. The size is √(Σ v²)."),
                (lambda v: v / np.abs(v).max(), "You divided by the largest number. The size is √(Σ v²)."),
                (lambda v: v / v.max(), "You divided by the largest number. The size is √(Σ v²)."),
                (lambda v: v / (v @ v), "You divided by ‖v‖². Take the square root of the sum of squares first."),
                (lambda v: v * np.linalg.norm(v), "You multiplied by the size. Divide by it."),
                (lambda v: v, "You gave the vector back unchanged. Divide it by its size."),
            ],
            right="Whatever its size was, what is left has size 1: a point on a sphere. Notebook 06 shows that a "
            "model's final norm does almost exactly this to everything it says.",
        ),
        Exercise(
            "1.1", "Put a text back together", "easy", 3,
            reference=_join,
            inputs=[(["The", " capital", " of", " France"],), ([" un", "believ", "able", "!"],), (["a", " ", " b "],)],
            wrong=[
                (" ".join, "You put a space between the tokens. The spaces are already inside them."),
                (lambda t: "".join(t).strip(), "You took off a space at an end. It belongs to the text."),
                (lambda t: " ".join(w.strip() for w in t), "You stripped the tokens' own spaces and put others in."),
                (lambda t: "".join(w.strip() for w in t), "You stripped the tokens' spaces. They are the text's."),
                (lambda t: t, "That is still the list of tokens. Join them into one text."),
                (str, "`str` writes down the list itself, brackets and all. Join its members."),
            ],
            right="Tokens are the text, cut; nothing is added or taken away. Everything later rests on this.",
        ),
        Exercise(
            "1.2", "From bytes to text", "easy", 5,
            reference=_bytes_to_text,
            inputs=[
                ([b"na", b"\xc3\xafve"],),
                ([b"\xe6\x97", b"\xa5", b"\xe6\x9c\xac"],),
                ([b" \xf0\x9f", b"\x99", b"\x82!"],),
            ],
            wrong=[
                (lambda p: "".join(b.decode("utf-8") for b in p), "You decoded each piece on its own, and half a "
                 "character cannot be decoded. Join the bytes first, then decode once."),
                (lambda p: "".join(b.decode("utf-8", "replace") for b in p), "You decoded each piece on its own, and "
                 "half a character is no character. Join the bytes first, then decode once."),
                (lambda p: "".join(b.decode("utf-8", "ignore") for b in p), "You ignored what could not be decoded, so "
                 "characters went missing. Join the bytes first, then decode once."),
                (lambda p: b"".join(p), "You joined the bytes, and that is half the way: now decode them as UTF-8."),
                (lambda p: b"".join(p).decode("latin-1"), "Latin-1 gives each byte a character. This is UTF-8."),
                (lambda p: str(b"".join(p)), "`str` writes down the bytes object. Use `.decode(\"utf-8\")`."),
            ],
            right="A token may end in the middle of a character, so one token on its own need not be text at all.",
        ),
        Exercise(
            "1.3", "Merge a pair", "medium", 8,
            reference=_merge_once,
            inputs=[
                (["h", "u", "g", "h", "u"], ("h", "u")),
                (["a", "a", "a"], ("a", "a")),
                (["u", "h", "u", "g"], ("h", "u")),
                (["x", "y"], ("y", "x")),
                (["n", "a", "n", "a", "n"], ("a", "n")),
                (["un", "be", "lie", "able"], ("be", "lie")),
                (["a", "bc", "ab", "c"], ("ab", "c")),
            ],
            wrong=[
                (_merge_first_only, "You merged the first place only. Every place where the pair stands is merged."),
                (_merge_overlapping, "You used one piece twice: in `aaa` the pair `aa` fits once, and one `a` "
                 "is left over. After a merge, go on behind both pieces."),
                (_merge_keeping_second, "The second piece of the pair is still there after the merge. Skip it."),
                (lambda p, pair: _merge_once(p, pair[::-1]), "You looked for the pair the other way round."),
                (lambda p, pair: _merge_once(p[::-1], pair[::-1])[::-1], "You went from right to left, or wrote the "
                 "merged pair backwards. Go from left to right."),
                (_merge_by_plus, "`+=` adds a text to a list letter by letter. Use `.append`."),
                (_merge_same_text, "You merged two pieces whose text, glued, is that of the pair; but they are cut in "
                 "another place. Both pieces must be the pair's own."),
                (lambda p, pair: p, "Nothing was merged: the pieces came back as they were. (A list never equals a "
                 "tuple: compare `(a, b) == pair`.)"),
            ],
            right="That is one line of the recipe that a byte-pair tokenizer learned. 1.4 runs the whole recipe.",
        ),
        Exercise(
            "1.4", "A tokenizer of your own", "hard", 15,
            reference=_bpe,
            inputs=[(list(word), _RANKS) for word in ("hugs", "best", "test", "hughug", "z")],
            wrong=[
                (_bpe_one_step, "You stopped after one merge. Go on until no pair of neighbours is in the table."),
                (lambda p, r: _bpe(p, r, choose=max), "You took the pair with the highest rank. The lowest was learned "
                 "first and goes first."),
                (lambda p, r: _bpe(p, r, choose=lambda pairs, key: pairs[0]), "You took the leftmost pair. Among all "
                 "pairs in the table the one with the lowest rank goes first."),
                (_bpe_in_table_order, "You went through the table as it is written. Its numbers are the order: at "
                 "every step the lowest rank goes first."),
                (lambda p, r: _bpe(p, r, choose=lambda pairs, key: min(pairs)), "You took the pair first in the "
                 "alphabet: `min` needs `key=ranks.get` to compare ranks."),
                (lambda p, r: ["".join(p)], "You joined everything. Only pairs in the table may merge."),
                (lambda p, r: list(p), "Nothing was merged: you gave the pieces back as they came."),
            ],
            right="This is byte-pair encoding, whole. The next cell holds it against the model's own tokenizer.",
        ),
    ]
}  # fmt: skip
