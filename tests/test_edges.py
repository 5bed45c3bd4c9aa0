"""Every public function of geometry, softmax and targets with what people really hand in by mistake.

Each gets a ValueError or TypeError that this project raises itself, in a sentence that says what came and what was
expected; nothing from inside numpy. A new public function fails here until it stands in the table.
"""

import inspect
import traceback

import numpy as np
import pytest

from helpers import geometry, softmax, targets
from helpers.download import PROJECT

RNG = np.random.default_rng(0)
VECTOR, OTHER, ROWS, THREE = RNG.normal(size=4), RNG.normal(size=4), RNG.normal(size=(6, 4)), RNG.normal(size=(3, 4))
LOGITS, OFFSETS, IDS = RNG.normal(size=6), RNG.normal(size=6), np.array([0, 5])

# A name: good arguments, and for each one what it is.
TABLE = {
    "geometry.unit": ([VECTOR], ["direction"]),
    "geometry.dot": ([VECTOR, OTHER], ["vectors", "vectors"]),
    "geometry.cosine": ([VECTOR, OTHER], ["direction", "direction"]),
    "geometry.euclidean": ([VECTOR, OTHER], ["vectors", "vectors"]),
    "geometry.angle": ([VECTOR, OTHER], ["direction", "direction"]),
    "geometry.slerp": ([VECTOR, OTHER, 0.5], ["direction", "direction", "numbers"]),
    "geometry.random_directions": ([3, 4, 0], ["count", "count", None]),
    "geometry.random_rotation": ([4, 0], ["count", None]),
    "geometry.plane_frame": ([VECTOR, OTHER], ["direction", "direction"]),
    "geometry.facing_frame": ([THREE], ["direction"]),
    "geometry.winners": ([ROWS, ROWS, OFFSETS], ["vectors", "vectors", "vectors or None"]),
    "geometry.nearest": ([VECTOR, ROWS, 2, "cosine"], ["direction", "direction", "count", "ruler"]),
    "softmax.softmax": ([LOGITS, 1.0], ["vectors", "number"]),
    "softmax.log_softmax": ([LOGITS, 1.0], ["vectors", "number"]),
    "softmax.entropy": ([np.array([0, 0, 1, 0.0])], ["vectors"]),
    "targets.win_shares": ([ROWS, ROWS, OFFSETS], ["vectors", "vectors", "vectors or None"]),
    "targets.wilson": ([3, 10], [None, None]),
    "targets.can_win": ([ROWS, IDS, OFFSETS], ["vectors", "ids", "vectors or None"]),
}
BAD = {
    "vectors": {
        "None": None,
        "a text": "text",
        "an object": object(),
        "complex numbers": np.ones(4) * 1j,
        "dates": np.array(["2026-11-24"] * 4, "datetime64[D]"),
        "ragged lists": [[1.0], [1.0, 2.0]],
        "NaN": np.array([1.0, np.nan, 0.0, 0.0]),
        "infinity": np.array([1.0, np.inf, 0.0, 0.0]),
        "nothing": np.zeros(0),
        "rows of nothing": np.zeros((3, 0)),
        "a number": 3.0,
    },
    "number": {"None": None, "a text": "text", "NaN": np.nan, "infinity": np.inf, "a list": [[1.0, 2.0], [3.0, 4.0]]},
    "count": {"None": None, "a text": "2", "half": 1.5, "zero": 0, "negative": -1, "NaN": np.nan, "a list": [2]},
    "ruler": {
        "None": None,
        "another": "manhattan",
        "a number": 1,
        "a list": ["cosine"],
        "an array": np.array(["dot", "x"]),
    },
    "ids": {"None": None, "a text": "text", "halves": [0.5], "negative": [-1], "beyond": [6], "a table": [[0, 1]]},
}
BAD["numbers"] = {what: bad for what, bad in BAD["number"].items() if what != "a list"}
BAD["vectors or None"] = {what: bad for what, bad in BAD["vectors"].items() if bad is not None}
BAD["direction"] = BAD["vectors"] | {"a zero vector": np.zeros(4)}
CASES = [
    pytest.param(name, place, bad, id=f"{name}-{place}-{what}")
    for name, (_, kinds) in TABLE.items()
    for place, kind in enumerate(kinds)
    if kind
    for what, bad in BAD[kind].items()
]


def function(name):
    module, name = name.split(".")
    return getattr({"geometry": geometry, "softmax": softmax, "targets": targets}[module], name)


def called(name, place, bad):
    arguments = [*TABLE[name][0]]
    arguments[place] = bad
    return function(name)(*arguments)


def test_every_public_function_stands_in_the_table():
    public = {
        f"{module.__name__.split('.')[-1]}.{name}"
        for module in (geometry, softmax, targets)
        for name, found in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and found.__module__ == module.__name__
    }
    assert public == TABLE.keys()


@pytest.mark.parametrize("name", TABLE)
def test_good_arguments_pass_and_are_left_as_they_were(name):
    arguments = TABLE[name][0]
    before = [np.array(argument) for argument in arguments]
    read_only = [np.asarray(a).copy() if isinstance(a, np.ndarray) else a for a in arguments]
    for argument in read_only:
        if isinstance(argument, np.ndarray):
            argument.flags.writeable = False
    for given in (arguments, read_only):
        function(name)(*given)
    for argument, was in zip(arguments, before, strict=True):
        np.testing.assert_array_equal(argument, was)


@pytest.mark.parametrize("name, place, bad", CASES)
def test_a_mistake_gets_a_sentence_of_our_own(name, place, bad):
    with pytest.raises((ValueError, TypeError)) as caught:
        called(name, place, bad)
    words = str(caught.value)
    raised_in = traceback.extract_tb(caught.value.__traceback__)[-1].filename
    assert raised_in.startswith(str(PROJECT / "helpers")), f"from {raised_in}: {words}"
    assert len(words) > 20 and words[-1] in ".?)" and "\n" not in words


def test_offsets_that_the_logits_cannot_hold_are_refused():
    states, rows = np.ones((1, 3), np.float32), np.ones((2, 3), np.float32)
    with pytest.raises(ValueError, match="offsets holds NaN or infinity"):
        geometry.winners(states, rows, [0, 1e40])
    assert geometry.winners(states.astype(np.float64), rows, [0, 1e40]).tolist() == [1]


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64, np.longdouble])
def test_other_types_of_numbers_give_the_same_or_are_refused(name, dtype):
    arguments, kinds = TABLE[name]
    held = [kind is not None and kind[0] in "vd" for kind in kinds]  # vectors; the rest are numbers and names
    scale = 1 if name == "softmax.entropy" else 4  # whole numbers, so that each type holds them exactly

    def made(change):
        return [change(a) if vectors else a for a, vectors in zip(arguments, held, strict=True)]

    expected = function(name)(*made(lambda a: np.round(scale * a)))
    assert_alike(function(name)(*made(lambda a: np.round(scale * a).astype(dtype))), expected)
    strided = made(lambda a: np.repeat(np.round(scale * a).astype(dtype), 2, axis=-1)[..., ::2])
    assert_alike(function(name)(*strided), expected)


def assert_alike(got, expected):
    if isinstance(expected, tuple):
        for one, other in zip(got, expected, strict=True):
            assert_alike(one, other)
    elif isinstance(expected, list):
        assert got == expected
    else:
        np.testing.assert_allclose(np.asarray(got, float), expected, rtol=2e-5, atol=1e-6)
