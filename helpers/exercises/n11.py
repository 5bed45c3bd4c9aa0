"""The exercise of notebook 11, with its solution: read it after you have tried."""

from helpers.exercises.row import Exercise


def _two_models(first, second, limit=90, at=1):
    answers = {first[at] >= limit, second[at] >= limit}
    if answers == {True}:
        return "holds"
    return "does not hold" if answers == {False} else "depends on the model"


def _in_text(first, second):
    return {True: "holds", False: "does not hold"}[first[1] >= 90]


ROWS = [
    Exercise(
        "11.1", "A verdict", "easy", 5,
        reference=_two_models,
        inputs=[
            ((45.4, 39.5, 51.6), (99.5, 98.2, 100.0)),
            ((100.0, 99.0, 100.0), (93.7, 92.5, 94.7)),
            ((84.2, 82.5, 91.0), (91.4, 89.6, 93.0)),
            ((97.5, 90.0, 98.1), (36.9, 31.3, 42.9)),
            ((9.5, 8.3, 10.9), (15.2, 13.7, 16.8)),
            ((100.0, 100.0, 100.0), (0.0, 0.0, 1.0)),
            ((90.4, 90.0, 91.0), (92.0, 90.2, 93.0)),
        ],
        wrong=[
            (lambda a, b: _two_models(a, b, at=0),
             "You asked the share itself. The interval's lower end must reach 90, or chance could have done it."),
            (lambda a, b: _two_models(a, b, at=2),
             "You asked the upper end, which speaks for the claim. It is the lower one that must reach 90."),
            (lambda a, b: _two_models(a, b, 90.000001), "At least 90 includes 90."),
            (lambda a, b: "holds" if _two_models(a, b) == "holds" else "does not hold",
             "Where one model says yes and the other no, the claim depends on the model."),
            (lambda a, b: "does not hold" if _two_models(a, b) == "does not hold" else "holds",
             "One model is not enough: where the other says no, the claim depends on the model."),
            (_in_text, "You asked the first model only."),
            (lambda a, b: _two_models(a, b, 0.9), "The shares are in percent: 90, not 0.9."),
            (lambda a, b: _two_models(a, b) == "holds", "That is True or False. Return the verdict's words."),
        ],
        right="An interval, a limit named beforehand, and two models: that is all the ledger's rule is made of.",
    ),
]  # fmt: skip
