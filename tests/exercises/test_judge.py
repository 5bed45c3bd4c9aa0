"""The checker itself: every reference passes, every named mistake earns its own sentence, nothing breaks the kernel."""

import copy

import numpy as np
import pytest
import torch

from helpers.exercises import EXERCISES, check, solved, verdict

MISTAKES = [(exercise.number, i) for exercise in EXERCISES.values() for i in range(len(exercise.wrong))]


def stub(*inputs):
    """My plan."""
    # your code here
    ...


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_a_row_is_whole_its_reference_right_and_its_stub_waiting(exercise):
    assert exercise.difficulty in ("easy", "medium", "hard") and 1 <= exercise.minutes <= 30
    assert len(exercise.wrong) >= 4, f"{exercise.number} has {len(exercise.wrong)} wrong functions, and needs 4"
    assert exercise.right and exercise.title
    with np.errstate(all="raise"):  # what numpy was told to raise judges nobody
        assert verdict(exercise.number, exercise.reference) == f"**✓ {exercise.number} is right.** {exercise.right}"
        assert solved(exercise.number, exercise.reference)
    waiting = f"**{exercise.number} is waiting for you.** {exercise.title} ({exercise.difficulty}, about "
    for answer in (stub, lambda *inputs: ...):
        assert verdict(exercise.number, answer).startswith(waiting) and solved(exercise.number, answer) is False


@pytest.mark.parametrize("number, i", MISTAKES)
def test_each_mistake_earns_its_own_sentence_without_a_warning(number, i, recwarn):
    mistake, sentence = EXERCISES[number].wrong[i]
    said = verdict(number, mistake)
    assert said.startswith(f"**{number}: not yet.** {sentence}\n\nFor `")
    assert "- it gave `" in said and "- expected `" in said
    assert solved(number, mistake) is False and not recwarn.list


def answers(change):
    return lambda reference: lambda *inputs: change(np.asarray(reference(*inputs)))


def inputs(change, kinds):
    """A function that is right about something else: of every list, array or fraction it sees another one."""

    def seen(x):
        array = np.array(x, dtype=object) if isinstance(x, list) else np.asarray(x)
        return change(array) if array.dtype.kind in kinds and (array.ndim or kinds == "f") else x

    return lambda reference: lambda *inputs: reference(*map(seen, inputs))


def without_repeats(x):
    return x[[n for n, row in enumerate(x.tolist()) if row not in x[:n].tolist()]]


TEXTS, WHOLE, FRACTIONS = "1.1 1.2 1.3 1.4 ", "2.1 8.3 10.2 ", "3.4 6.2 7.1 11.1 "
COUNTS = TEXTS + WHOLE + "3.3 5.1 6.4 8.2 10.4 "
# What people do, as a change of the right function; and where it is none. There the order of the rows does not count;
# no two may be equal, or of two equal ones either would do; or a small number hardly moves the answer.
NEAR_MISSES = {
    "rounds": (answers(lambda x: x.round(2)), COUNTS),
    "cuts": (answers(np.trunc), COUNTS),
    "rounds down": (answers(np.floor), COUNTS),
    "takes whole numbers": (inputs(np.round, "f"), TEXTS + WHOLE),
    "drops small ones": (inputs(lambda x: np.where(np.abs(x) < 0.01, 0, x), "f"), TEXTS + WHOLE + "2.3 2.4 5.1 11.1"),
    "sees three coordinates": (inputs(lambda x: x[..., :3], "fiO"), FRACTIONS + "10.4"),
    "sorts": (inputs(lambda x: np.array(sorted(x.tolist()), x.dtype), "fiO"), FRACTIONS + "2.3 3.3 4.3 10.3"),
    "drops repeats": (inputs(without_repeats, "fiO"), FRACTIONS + "2.4 3.3 4.4"),
}
NEAR = [(number, miss) for miss, (_, but) in NEAR_MISSES.items() for number in EXERCISES if number not in but.split()]


@pytest.mark.parametrize("number, miss", NEAR)
def test_the_inputs_tell_a_right_function_from_its_near_misses(number, miss):
    told = f"{number} accepts a function that {miss}: change its inputs, or name it in NEAR_MISSES"
    assert not solved(number, NEAR_MISSES[miss][0](EXERCISES[number].reference)), told


def says_a_word(v):
    """My plan."""
    return "north"


def raises(error):
    def answer(v):
        raise error

    return answer


def no(*args, **kwargs):
    raise KeyboardInterrupt


LOOP = []
LOOP.append(LOOP)


class Mute(Exception):
    __str__ = no


class Evil:
    """Raises whatever is asked of it."""

    dtype, __array__, __len__, __repr__ = property(no), no, no, no


class OddText(str):
    __str__ = __repr__ = __eq__ = no
    __hash__ = str.__hash__


ODD = [
    (lambda v: v.sort(), "It returned None. Perhaps the `return` is missing (a printed value"),
    (lambda v: v / misspelt, "It raised `NameError: name 'misspelt' is not defined` in line "),  # noqa: F821
    (says_a_word, "It returned a text where an array of shape (2,) is expected."),
    (raises(KeyboardInterrupt()), "You stopped it."),
    (raises(Mute()), "It raised `Mute`"),
    (raises(ValueError("x" * 10**7)), "It raised `ValueError: xxx"),
    (raises(ValueError("`# b <b>")), "It raised `ValueError: ˋ# b <b>` in line"),
    (lambda v: exit(), "It raised `SystemExit"),
    (lambda v: 3, "It returned a single number where an array of shape (2,) is expected."),
    (lambda v: v * np.nan, "Here is the first input where it goes wrong."),
    (lambda v: [v, [v]], "It returned a list where an array"),
    (lambda v: LOOP, "It returned a list where"),
    (lambda v: v.astype(complex), "an array of dtype complex128 where an array of shape (2,) is expected"),
    (lambda v: v.astype(object) * 2, "an array of dtype object where"),
    (lambda v: {"v": v}, "a value of type dict"),
    (lambda v: Evil(), "a value of type Evil"),
    (lambda v: OddText("north"), "It returned a text"),
    (lambda v: [OddText("north")], "It returned a list"),
    (lambda v: np.broadcast_to(v, (10**9, 2)), "an array of shape (1000000000, 2)"),  # small, as long as nobody looks
    (lambda v: range(10**12), "an array of shape (1000000000000,)"),
    (torch.Tensor, "You gave the vector back unchanged."),
    (lambda v: v if v[0] == 3 else 2 * v, "Here is the first input"),  # a mistake is named where every input agrees
    (lambda v: np.array([0.6, 0.8]), "It returned an array of shape (2,) where"),  # right for the first input only
    (lambda v: v / np.linalg.norm(v) + 0.003, "Here is the first input"),  # close is not right
]


@pytest.mark.parametrize("answer, words", ODD)
def test_odd_answers_are_met_kindly(answer, words):
    said = verdict("0.1", answer)
    assert said.startswith("**0.1: not yet.**") and words in said and len(said) < 600
    assert solved("0.1", answer) is False


@pytest.mark.parametrize("odd", [[np.ones(2), np.ones(2)], [[1], [1, 2]], [], {"a": 1}, "text", OddText("x"), Evil()])
@pytest.mark.parametrize("number", ["1.1", "1.3", "8.2"])  # where a text, a list of texts, and a number are expected
def test_odd_answers_are_told_whatever_is_expected(number, odd):
    assert verdict(number, lambda *inputs: odd).startswith(f"**{number}: not yet.**")


def in_place(v):
    v /= np.linalg.norm(v)
    return v


def numpy_told_to_raise(v):
    np.seterr(all="raise")
    return v / np.linalg.norm(v)


RIGHT = [
    ("0.1", lambda v: list(v / np.linalg.norm(v))),
    ("0.1", lambda v: torch.tensor(v / np.linalg.norm(v), requires_grad=True)),
    ("0.1", lambda v: torch.tensor(v / np.linalg.norm(v)).bfloat16()),
    ("0.1", lambda v: (v / np.linalg.norm(v)).astype(np.float32)),
    ("0.1", in_place),
    ("0.1", numpy_told_to_raise),
    ("1.1", lambda tokens: np.str_("".join(tokens))),
    ("3.1", lambda z, u: u.astype(np.float16) @ z.astype(np.float16)),
    ("3.1", lambda z, u: torch.tensor(u).half() @ torch.tensor(z).half()),
    ("1.4", lambda *inputs: tuple(map(np.str_, EXERCISES["1.4"].reference(*inputs)))),
]


@pytest.mark.parametrize("number, answer", RIGHT)
def test_right_answers_of_other_kinds_are_right_and_change_nothing(number, answer):
    inputs, before = copy.deepcopy(EXERCISES[number].inputs), np.geterr()
    assert verdict(number, answer).startswith(f"**✓ {number} is right.**") and solved(number, answer) is True
    np.testing.assert_equal(inputs, EXERCISES[number].inputs)
    assert np.geterr() == before


def test_what_is_shown_stays_readable():
    said = verdict("1.4", lambda pieces, ranks: [])
    assert "(11 entries)" in said and len(said) < 400
    assert "- it gave `[3, 3, 3]`" in verdict("5.1", lambda z, u: [np.int64(3)] * 3)
    said = verdict("5.4", lambda p, q: (p * np.log((p + 1e-5) / q)).sum())
    assert "it gave `0.17331679`\n- expected `0.1732868`" in said  # shown until they differ
    said = verdict("5.3", raises(ValueError("of another kind")))  # one that a mistake raises, too, in other words
    assert "It raised `ValueError: of another kind`" in said


def test_check_wants_a_function_and_a_known_number(capsys):
    check("0.1", [0.6, 0.8])
    assert capsys.readouterr().out.startswith("0.1 needs your function itself. Write its name")
    assert "without brackets" in verdict("0.1", [0.6, 0.8]) and solved("0.1", [0.6, 0.8]) is False
    assert verdict(0.1, in_place) == verdict("0.1", in_place) and solved(0.1, in_place)
    for door in (check, solved):
        with pytest.raises(ValueError, match=r"no exercise '9\.9'; there are 0\.1, 1\.1"):
            door("9.9", stub)
