"""What is known of one exercise: a row of data. The rows of notebook 01 stand in `n01`, and so on: solutions ahead."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Exercise:
    """What an exercise asks, accepts and recognises. The tests run every row, each wrong function included."""

    number: str
    title: str
    difficulty: str  # easy, medium or hard
    minutes: int
    reference: Callable
    inputs: list  # tuples of arguments to call an answer with
    wrong: list  # pairs: a wrong function, and the sentence that it earns
    right: str  # what a right answer has shown


def random_arrays(seed, *shapes):
    """Small arrays with few decimals, as inputs that a learner can read when an answer is wrong."""
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(size=shape).round(1) for shape in shapes)


def awkward_arrays(seed, *shapes):
    """Arrays on which an answer fails that rounds, drops repeats or small numbers, or counts on an order."""
    arrays = [np.random.default_rng(seed).normal(size=shape) for shape in shapes]
    for array in arrays:
        array[0] *= 0.004
        array[-1] = array[1]
    return tuple(arrays)
