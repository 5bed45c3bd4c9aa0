"""One checker for all exercises. What it knows of each is a row of data, in the file of its notebook."""

import copy
import traceback
import warnings

import numpy as np
from IPython.display import display

from helpers.exercises import n00, n01, n02, n03, n04, n05, n06, n07, n08, n09, n10, n11
from helpers.figures import Words, visible

FILES = (n00, n01, n02, n03, n04, n05, n06, n07, n08, n09, n10, n11)
EXERCISES = {row.number: row for rows in FILES for row in rows.ROWS}
LARGEST = 10**6  # no answer has so many numbers, and a copy of them could end the kernel


def check(number, answer):
    """Show whether the function `answer` solves exercise `number`, and if not, what probably happened."""
    display(Words(verdict(number, answer)))


def verdict(number, answer):
    """What `check` shows, as Markdown. Never raises for a learner's mistake, only for an unknown number."""
    return _fault(number, answer) or f"**✓ {number} is right.** {EXERCISES[str(number)].right}"


def solved(number, answer):
    """Whether the function `answer` solves exercise `number`: True or False, for graders. Raises as `verdict` does."""
    return _fault(number, answer) is None


def _fault(number, answer):
    """What is said of an answer that is not right, or not there yet; None of one that is right."""
    if str(number) not in EXERCISES:
        raise ValueError(f"There is no exercise {str(number)!r}; there are {', '.join(EXERCISES)}.")
    try:
        with np.errstate(all="ignore"):  # whatever the learner has set; it stays as it was
            return _first_fault(EXERCISES[str(number)], answer)
    except BaseException as error:  # an object that breaks whoever looks at it
        return f"**{number}: not yet.** What it returned cannot be looked at: it raised `{type(error).__name__}`."


def _first_fault(exercise, answer):
    """The fault at the first input where the answer has one."""
    number, size = exercise.number, f"{exercise.difficulty}, about {exercise.minutes} minutes"
    if not callable(answer):
        return f"**{number} needs your function itself.** Write its name without brackets: `check({number!r}, name)`."
    for inputs in exercise.inputs:
        expected, got = exercise.reference(*copy.deepcopy(inputs)), _outcome(answer, inputs)
        if got is ... or _untouched(answer):
            words = f"{exercise.title} ({size}). Replace the `...` and run the cell again."
            return f"**{number} is waiting for you.** {words}"
        if not _same(got, expected):
            why = _diagnosis(exercise, answer, got, expected)
            return f"**{number}: not yet.** {why}\n\n{_example(inputs, got, expected)}"
    return None


def _untouched(answer):
    """Whether the function's body is still the stub's `...`."""

    def stub(): ...

    code = getattr(answer, "__code__", None)
    if code is None or code.co_code[::2] != stub.__code__.co_code[::2]:  # the instructions, without what they take
        return False
    return set(code.co_consts) <= {None, answer.__doc__}  # a function that returns "x" has the same instructions


def _outcome(function, inputs):
    """What the function returns for a copy of the inputs, tensors as arrays; an exception if it raised."""
    try:
        with warnings.catch_warnings(action="ignore"):  # a division by zero shows in the answer
            value = function(*copy.deepcopy(inputs))
            if hasattr(value, "detach"):  # a torch tensor, of whatever precision
                coarse = str(value.dtype) in ("torch.float16", "torch.bfloat16")
                value = value.detach().cpu().double().numpy().astype(np.float16 if coarse else np.float64)
            return value
    except BaseException as error:
        return error


def _same(got, wanted):
    """Equal texts and lists of texts; numbers within what float32 arithmetic may do to them (1e-4 relative)."""
    if _is_text(wanted):
        got = list(got) if isinstance(got, tuple) else got
        return isinstance(got, type(wanted)) and _is_text(got) and got == wanted
    one, other = _numbers(got), _numbers(wanted)
    if one is None or other is None or one.shape != other.shape:
        return False
    if np.asarray(got).dtype == np.float16:  # three digits, and in a sum only of its largest terms
        few = 4 * np.finfo(np.float16).eps
        return np.allclose(one, other, rtol=few, atol=few * np.abs(other).max(initial=0), equal_nan=True)
    return np.allclose(one, other, rtol=1e-4, atol=1e-6, equal_nan=True)


def _is_text(value):
    return isinstance(value, str | bytes) or (isinstance(value, list) and all(isinstance(x, str) for x in value))


def _numbers(value):
    """The value as an array of real numbers, or None where it is none: texts, complex numbers, ragged lists."""
    try:
        shape = value.shape if isinstance(value, np.ndarray) else (len(value),) if hasattr(value, "__len__") else ()
        if np.prod(shape, dtype=float) > LARGEST:
            return np.broadcast_to(np.nan, shape)
        array = np.asarray(value)
        return array.astype(float) if array.dtype.kind in "biuf" else None
    except BaseException:  # whatever a learner's object does when it is looked at
        return None


def _diagnosis(exercise, answer, got, expected):
    if isinstance(got, KeyboardInterrupt):
        return "You stopped it. If it would not end, look for a loop whose condition never changes."
    outcomes = [_outcome(answer, inputs) for inputs in exercise.inputs]
    for mistake, sentence in exercise.wrong:
        if all(_alike(o, _outcome(mistake, i)) for o, i in zip(outcomes, exercise.inputs, strict=True)):
            return sentence
    if got is None:
        return "It returned None. Perhaps the `return` is missing (a printed value is not a returned one)."
    if isinstance(got, BaseException):
        return f"It raised {_raised(got, answer)}."
    wanted, came = _kind(expected), _kind(got)
    if came != wanted:
        return f"It returned {came} where {wanted} is expected."
    return "Here is the first input where it goes wrong."


def _alike(one, other):
    """Whether two wrong outcomes agree: the same exception, down to its words, or the same value."""
    if isinstance(one, BaseException) or isinstance(other, BaseException):
        return type(one) is type(other) and _message(one) == _message(other)
    return one is other or _same(one, other)


def _raised(error, answer):
    """The exception in words, with its line in the learner's own function."""
    own = getattr(getattr(answer, "__code__", None), "co_filename", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own]
    said = ": ".join(filter(None, [type(error).__name__, _message(error)]))
    return f"`{said}`" + (f" in line {lines[-1]} of its cell" if lines else "")


def _message(error):
    try:
        return " ".join(str(error).replace("`", "ˋ")[:300].split())
    except BaseException:  # an exception that cannot say what it is
        return ""


def _kind(value):
    """In words: what type of thing a value is, or which shape its numbers have."""
    if (numbers := _numbers(value)) is not None and not (isinstance(value, list) and not value):
        return f"an array of shape {numbers.shape}" if numbers.shape else "a single number"
    if isinstance(value, np.ndarray):
        return f"an array of dtype {value.dtype}"
    names = {str: "a text", bytes: "bytes", list: "a list"}
    return next((names[kind] for kind in names if isinstance(value, kind)), f"a value of type {type(value).__name__}")


def _example(inputs, got, expected):
    shown = ", ".join(map(_short, inputs))
    came, wanted = type(got).__name__ if isinstance(got, BaseException) else _short(got), _short(expected)
    if came == wanted:  # they differ in a later digit
        came, wanted = _short(got, 8), _short(expected, 8)
    return f"For `{shown}`\n- it gave `{came}`\n- expected `{wanted}`"


def _short(value, precision=4):
    try:
        if isinstance(value, np.ndarray | np.generic):
            text = np.array2string(np.asarray(value), precision=precision, separator=", ", threshold=8)
            text = " ".join(text.split())
        elif isinstance(value, dict):
            shown = [f"{key!r}: {value[key]!r}" for key in list(value)[:3]]
            text = "{" + ", ".join(shown) + (f", …}} ({len(value)} entries)" if len(value) > 3 else "}")
        else:
            text = repr(_spaces_shown(value))
    except BaseException:  # a list that holds itself, an object that cannot be shown
        text = f"a {type(value).__name__}"
    text = text.replace("`", "ˋ")
    return text if len(text) <= 160 else text[:157] + "…"


def _spaces_shown(value):
    """Texts with ␣ for a space: on a page, two spaces in a row would look like one."""
    if isinstance(value, str):
        return visible(value)
    if isinstance(value, np.generic):  # in a list, as a plain number
        return value.item()
    return type(value)(map(_spaces_shown, value)) if type(value) in (list, tuple) else value
