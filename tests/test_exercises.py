"""The checker itself: every reference passes, every named mistake earns its own sentence, nothing breaks the kernel."""

import copy

import numpy as np
import pytest
import torch

from helpers.exercises import EXERCISES, check, verdict

ROWS = [(exercise, i) for exercise in EXERCISES.values() for i in range(len(exercise.wrong))]


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_the_reference_is_right(exercise):
    assert verdict(exercise.number, lambda *inputs: exercise.reference(*inputs)).startswith(f"**✓ {exercise.number}")


@pytest.mark.parametrize("exercise, i", ROWS, ids=[f"{exercise.number}-{i}" for exercise, i in ROWS])
def test_each_mistake_earns_its_own_sentence(exercise, i):
    mistake, sentence = exercise.wrong[i]
    said = verdict(exercise.number, lambda *inputs: mistake(*inputs))
    assert said.startswith(f"**{exercise.number}: not yet.**") and sentence in said
    assert "- it gave `" in said and "- expected `" in said


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_rows_are_whole(exercise):
    assert exercise.difficulty in ("easy", "medium", "hard") and 1 <= exercise.minutes <= 30
    assert len(exercise.wrong) >= 4 and exercise.right and exercise.title


# ---------------------------------------------------------------- what learners really hand in


def stub(v):
    # your code here
    ...


def stub_with_words(v):
    """My plan."""
    ...


@pytest.mark.parametrize("answer", [stub, stub_with_words, lambda v: ...])
def test_not_attempted_is_said_gently(answer):
    assert verdict("0.1", answer).startswith("**0.1 is waiting for you.** Keep the direction, drop the size (easy")


def raises(v):
    return v / undefined_name  # noqa: F821


def forgets_to_return(v):
    v / np.linalg.norm(v)


def interrupted(v):
    raise KeyboardInterrupt


def holding_itself():
    loop = []
    loop.append(loop)
    return loop


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no")


def raised(error):
    def answer(v):
        raise error

    return answer


class Evil:
    """Raises whatever is asked of it."""

    @property
    def dtype(self):
        raise RuntimeError("no")

    def __array__(self, *args, **kwargs):
        raise KeyboardInterrupt

    def __repr__(self):
        raise GeneratorExit


class OddText(str):
    def __str__(self):
        raise RuntimeError("no")

    __eq__ = __repr__ = __str__
    __hash__ = str.__hash__


class Unshowable:
    def __repr__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "answer, words",
    [
        (forgets_to_return, "It returned None. Perhaps the `return` is missing (a printed value"),
        (raises, "It raised `NameError: name 'undefined_name' is not defined` in line "),
        (interrupted, "You stopped it."),
        (lambda v: exit(), "It raised `SystemExit"),
        (lambda v: 3, "It returned a single number where an array of shape (2,) is expected."),
        (lambda v: -v / np.linalg.norm(v), "Here is the first input where it goes wrong."),
        (lambda v: v[:1], "It returned an array of shape (1,) where an array of shape (2,) is expected."),
        (lambda v: "north", "It returned a text where an array of shape (2,) is expected."),
        (lambda v: [v, [v]], "It returned a list where an array"),
        (lambda v: v * np.nan, "not yet"),
        (lambda v: np.zeros(10_000_000), "shape (10000000,)"),
        (lambda v: np.zeros((10**6, 10**6)), "It raised `MemoryError"),
        (lambda v: np.zeros((10**5, 10**4)), "an array of shape (100000, 10000)"),  # 8 GB, as long as nobody looks
        (lambda v: np.broadcast_to(v, (10**9, 2)), "an array of shape (1000000000, 2)"),
        (lambda v: np.zeros(0), "an array of shape (0,)"),
        (lambda v: {"v": v}, "a value of type dict"),
        (lambda v, w: v, "It raised `TypeError"),
        (lambda v: ["1.0"] * len(v), "It returned a list where"),
        (lambda v: v.astype(str), "not yet"),
        (lambda v: v.astype(complex), "not yet"),
        (lambda v: [10**400] * len(v), "not yet"),
        (lambda v: v.astype("datetime64[s]"), "not yet"),
        (lambda v: holding_itself(), "not yet"),
        (lambda v: Unshowable(), "a value of type Unshowable"),
        (lambda v: Evil(), "a value of type Evil"),
        (lambda v: OddText("north"), "It returned a text"),
        (lambda v: [OddText("north")], "It returned a list"),
        (raised(Mute()), "It raised `Mute`"),
        (raised(ValueError("x" * 10**7)), "It raised `ValueError: xxx"),
        (raised(NotImplementedError()), "It raised `NotImplementedError`"),
        (raised(GeneratorExit()), "It raised `GeneratorExit`"),
        (raised(BaseExceptionGroup("many", [KeyboardInterrupt()])), "It raised `BaseExceptionGroup: many"),
        (lambda v: range(10**12), "an array of shape (1000000000000,)"),
        (torch.Tensor, "not yet"),
        (lambda v: v / int(np.linalg.norm(v)), "not yet"),
    ],
)
def test_odd_answers_are_met_kindly(answer, words):
    said = verdict("0.1", answer)
    assert words in said and "✓" not in said and len(said) < 600


@pytest.mark.parametrize(
    "answer",
    [
        lambda v: list(v / np.linalg.norm(v)),
        lambda v: torch.tensor(v) / torch.linalg.norm(torch.tensor(v)),
        lambda v: (v / np.linalg.norm(v)).astype(np.float32),
        lambda v: (v / np.linalg.norm(v)).astype(np.float16),
        lambda v: torch.tensor(v / np.linalg.norm(v), requires_grad=True),
        lambda v: torch.tensor(v / np.linalg.norm(v)).half(),
        lambda v: torch.tensor(v / np.linalg.norm(v)).bfloat16(),
        lambda v: [np.float16(x) for x in v / np.linalg.norm(v)],
        lambda v: tuple(v * (1 / sum(x * x for x in v) ** 0.5)),
    ],
)
def test_right_answers_of_other_types_are_right(answer):
    assert verdict("0.1", answer).startswith("**✓ 0.1 is right.**")


def test_what_numpy_was_told_to_raise_stays_the_learners_and_judges_nobody():
    def told(v):
        np.seterr(all="raise")
        return v / np.linalg.norm(v)

    with np.errstate(all="warn"):
        assert "✓" in verdict("0.1", told) and np.geterr()["over"] == "warn"
    with np.errstate(all="raise"):
        for exercise in EXERCISES.values():
            assert "✓" in verdict(exercise.number, lambda *inputs, e=exercise: e.reference(*inputs))


def test_an_answer_that_changes_its_input_harms_nobody():
    def in_place(v):
        v /= np.linalg.norm(v)
        return v

    before = copy.deepcopy(EXERCISES["0.1"].inputs)
    assert "✓" in verdict("0.1", in_place)
    assert all((a[0] == b[0]).all() for a, b in zip(before, EXERCISES["0.1"].inputs, strict=True))


@pytest.mark.parametrize(
    "number, answer",
    [
        ("0.1", lambda v: v / np.linalg.norm(v) + 0.003),  # close is not right
        ("0.1", lambda v: (v / np.linalg.norm(v)).sum()),
        ("0.1", lambda v: np.array([0.6, 0.8])),  # right for the first input only
        ("1.2", lambda pieces: "naïve"),
        ("0.1", lambda v: v[0]),
        ("1.1", lambda tokens: "".join(tokens).rstrip()),
    ],
)
def test_an_answer_that_is_right_once_or_nearly_is_not_right(number, answer):
    assert verdict(number, answer).startswith(f"**{number}: not yet.**")


def test_a_mistake_is_named_only_if_every_input_agrees():
    # Like "unchanged" on the first input, unlike it on the others: no sentence may be guessed from one input.
    said = verdict("0.1", lambda v: v if v[0] == 3 else 2 * v)
    assert "Here is the first input where it goes wrong." in said


def test_a_right_answer_by_other_means_is_right():
    def by_replace(pieces, ranks):
        text = list(pieces)
        for a, b in sorted(ranks, key=ranks.get):
            i = 0
            while i < len(text) - 1:
                if (text[i], text[i + 1]) == (a, b):
                    text[i : i + 2] = [a + b]
                i += 1
        return text

    assert "✓" in verdict("1.4", by_replace)


def test_a_division_by_zero_is_diagnosed_without_a_warning(recwarn):
    assert "You divided by the largest number" in verdict("0.1", lambda v: v / v.max())
    assert not recwarn.list


def test_what_is_shown_stays_readable():
    said = verdict("1.4", lambda pieces, ranks: [])
    assert "(10 entries)" in said and len(said) < 400
    assert "`ValueError: ˋa` # b <b>`" not in verdict("0.1", raises_markdown)
    assert "ˋ# b <b>" in verdict("0.1", raises_markdown)


def raises_markdown(v):
    raise ValueError("`# b <b>")


def test_check_wants_a_function_and_a_known_number():
    assert "without brackets" in verdict("0.1", [0.6, 0.8])
    assert verdict(0.1, stub) == verdict("0.1", stub)
    with pytest.raises(ValueError, match=r"no exercise '9\.9'; there are 0\.1, 1\.1"):
        check("9.9", stub)


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
@pytest.mark.parametrize(
    "odd", [[np.ones(2), np.ones(2)], [[1], [1, 2]], [], {"a": 1}, np.nan, "text", np.ones((9, 9))]
)
def test_odd_answers_are_told_and_never_raise(exercise, odd):
    assert verdict(exercise.number, lambda *inputs: odd).startswith(f"**{exercise.number}: not yet.**")


def test_an_error_is_known_only_by_its_words():
    def raises(targets):
        raise ValueError("of another kind")

    assert "It raised `ValueError: of another kind`" in verdict("5.3", raises)


def test_numbers_that_differ_late_are_shown_until_they_do():
    said = verdict("5.4", lambda p, q: (p * np.log((p + 1e-5) / q)).sum())
    assert "it gave `0.17331679`\n- expected `0.1732868`" in said
