"""The exercises of notebook 00, with their solutions: read it after you have tried."""

import numpy as np

from helpers.exercises.row import Exercise
from helpers.geometry import unit

ROWS = [
    Exercise(
        "0.1", "Keep the direction, drop the size", "easy", 3,
        reference=unit,
        inputs=[
            (np.array([3.0, 4.0]),),
            (np.array([0.0, -2.0, 0.0]),),
            (np.array([1.0, -2.0, 4.0]),),
            (np.array([0.2, 0.2, -0.1, 0.004, 0.3]),),
        ],
        wrong=[
            (np.linalg.norm, "You returned the size ‖v‖ itself. The direction is v divided by its size."),
            (lambda v: v / v.sum(), "You divided by the sum of the numbers. The size is √(Σ v²): squares first."),
            (lambda v: v / np.abs(v).sum(), "You divided by the sum of absolute values. The size is √(Σ v²)."),
            (lambda v: v / np.abs(v).max(), "You divided by the largest number. The size is √(Σ v²)."),
            (lambda v: v / v.max(), "You divided by the largest number. The size is √(Σ v²)."),
            (lambda v: v / (v @ v), "You divided by ‖v‖². Take the square root of the sum of squares first."),
            (lambda v: v * np.linalg.norm(v), "You multiplied by the size. Divide by it."),
            (lambda v: v, "You gave the vector back unchanged. Divide it by its size."),
            (lambda v: v / max(1, np.linalg.norm(v)), "A vector smaller than 1 grows to size 1: divide it, too."),
            (lambda v: v / np.linalg.norm(v[:3]), "You took the size of three numbers. A vector may have more."),
            (lambda v: 24 * unit(v), "24 is the size of this model's states. Here the size is to become 1."),
        ],
        right="Whatever its size was, what is left has size 1: a point on a sphere. Notebook 06 shows that a model's "
        "final norm does almost exactly this to everything it says.",
    ),
]  # fmt: skip
