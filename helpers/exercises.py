"""Is my answer right, and if not, what did I probably do? One checker for all exercises; their rows: `solutions`."""

import copy
import traceback
import warnings

import numpy as np
from IPython.display import Markdown, display

from helpers.display import visible
from helpers.solutions import EXERCISES

LARGEST = 10**8  # numbers in an array that is looked at
LONGEST = 10**6  # members of a list, or of a range that is only made when it is looked at


def check(number, answer):
    """Show whether the function `answer` solves exercise `number`, and if not, what probably happened."""
    display(Markdown(verdict(number, answer)))


def verdict(number, answer):
    """What `check` shows, as Markdown. Never raises for a learner's mistake, only for an unknown number."""
    number = str(number)
    if number not in EXERCISES:
        raise ValueError(f"There is no exercise {number!r}; there are {', '.join(EXERCISES)}.")
    if not callable(answer):
        return f"**{number} needs your function itself.** Write its name without brackets: `check({number!r}, name)`."
    try:
        with np.errstate(all="ignore"):  # whatever the learner has set; it stays as it was
            return _judged(number, EXERCISES[number], answer)
    except BaseException as error:  # an object that breaks whoever looks at it
        return f"**{number}: not yet.** What it returned cannot be looked at: it raised `{type(error).__name__}`."


def _judged(number, exercise, answer):
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
            # A division by zero shows in the answer; numpy's warning would name our file.
            warnings.simplefilter("ignore")
            value = function(*copy.deepcopy(inputs))
            if hasattr(value, "detach"):  # a torch tensor, of whatever precision
                coarse = str(value.dtype) in ("torch.float16", "torch.bfloat16")
                value = value.detach().cpu().double().numpy().astype(np.float16 if coarse else np.float64)
            return _plain(value)
    except BaseException as error:
        return error


def _plain(value):
    """The value with texts of a learner's own kind made plain ones, which compare and show as usual."""
    if isinstance(value, str):
        return str.__str__(value)
    if type(value) in (list, tuple) and any(isinstance(x, str) for x in value):
        return type(value)(map(_plain, value))
    return value


def _same(got, expected):
    """Equal texts and lists; numbers within what float32 arithmetic may do to them (1e-4 relative)."""
    if _is_text(expected):
        return _equal_texts(list(got) if isinstance(got, tuple) else got, expected)
    numbers = _numbers(got)
    if numbers is None or numbers.shape != np.shape(expected):
        return False
    # float16 carries three digits, so an answer in it is right to a few units of its last place.
    rtol = 4 * np.finfo(np.float16).eps if np.asarray(got).dtype == np.float16 else 1e-4
    return np.allclose(numbers, expected, rtol=rtol, atol=1e-6)


def _is_text(value):
    return isinstance(value, str | bytes) or (isinstance(value, list) and all(isinstance(x, str) for x in value))


def _equal_texts(one, other):
    return type(one) is type(other) and _is_text(one) and one == other


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


def _raised(error, answer):
    """The exception in words, with its line in the learner's own function."""
    own = getattr(getattr(answer, "__code__", None), "co_filename", None)
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == own]
    message = _message(error)
    said = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return f"`{said}`" + (f" in line {lines[-1]} of its cell" if lines else "")


def _message(error):
    try:
        return " ".join(str(error).replace("`", "ˋ")[:300].split())
    except BaseException:  # an exception that cannot say what it is
        return ""


def _alike(one, other):
    """Whether two wrong outcomes agree: the same exception, down to its words, or the same value."""
    if isinstance(one, BaseException) or isinstance(other, BaseException):
        return type(one) is type(other) and _message(one) == _message(other)
    if one is None or other is None:
        return one is other
    if _is_text(other):
        return _equal_texts(one, other)
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
        if not isinstance(value, np.ndarray) and hasattr(value, "__len__") and len(value) > LONGEST:
            return np.broadcast_to(np.nan, (len(value),))
        array = np.asarray(value)
        if array.size > LARGEST:  # no exercise asks for so much, and a copy of it could end the kernel
            return np.broadcast_to(np.nan, array.shape)
        return array.astype(float) if array.dtype.kind in "biuf" else None
    except BaseException:  # whatever a learner's object does when it is looked at
        return None


def _example(inputs, got, expected):
    shown = ", ".join(_short(value) for value in inputs)
    came, wanted = type(got).__name__ if isinstance(got, BaseException) else _short(got), _short(expected)
    if came == wanted:  # they differ in a later digit
        came, wanted = _short(got, 8), _short(expected, 8)
    return f"For `{shown}`\n- it gave `{came}`\n- expected `{wanted}`"


def _short(value, precision=4):
    try:
        if isinstance(value, np.ndarray | np.generic):
            text = np.array2string(
                np.asarray(value), precision=precision, separator=", ", threshold=8, floatmode="maxprec"
            )
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
