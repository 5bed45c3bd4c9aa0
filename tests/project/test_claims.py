"""The ledger of notebook 11: every claim has a row, every link opens, every number is found, and verdicts follow."""

import copy

import pytest
from test_notebooks import NOTEBOOKS, anchors, cell, read, texts_of

from helpers.data import saved, texts

CLAIMS = texts("claims")
FILES = {path.name[:2]: read(path) for path in NOTEBOOKS.glob("*.ipynb")}
MODELS = ("smollm2-135m-instruct", "gemma-3-270m")
RULE = ("claims", "look", "ends", "example", "axes", "verdict")  # the cells in which notebook 11 keeps it
NAMES = [f"P{n}" for n in range(1, 16) if n != 4] + ["P4a", "P4b"] + [f"C{n}" for n in range(1, 10)]


def test_every_claim_has_a_row_a_source_and_a_verdict_by_rule_or_typed():
    assert sorted(CLAIMS) == sorted(NAMES)
    for claim in CLAIMS.values():
        assert claim["claim"] and claim["by"] and claim["says"] and claim["where"]
        assert ("readings" in claim) == ("yes" in claim) == ("asked" in claim) != ("verdict" in claim)


def missing(claims):
    """Links that lead nowhere, and numbers that do not stand where they are said to."""
    for name, claim in claims.items():
        for number, heading in (place.split("#") for place in claim["where"]):
            if heading.replace(" ", "-") not in anchors(FILES[number].cells):
                yield f"{name}: {heading}"
        for reading in claim.get("readings", []):
            if "shown" in reading:
                number, place, text = reading["shown"]
                found = text in "\n".join(texts_of(cell(FILES[number], place)))
            else:
                paths = [reading["number"], reading.get("less", [])]
                found = all(walk(saved(model), path) is not None for model in MODELS for path in paths)
            if not found:
                yield f"{name}: {reading}"


def walk(found, path):
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def test_every_link_opens_and_every_number_is_found():
    assert list(missing(CLAIMS)) == []


@pytest.mark.parametrize("name, fault", [("P2", "where"), ("P8", "shown"), ("P10", "number"), ("C6", "less")])
def test_a_link_that_leads_nowhere_or_a_number_that_is_gone_is_found(name, fault):
    claims = copy.deepcopy(CLAIMS)
    part = claims[name]["where"] if fault == "where" else claims[name]["readings"][-1][fault]
    part[-1] += "gone"
    assert [found.split(":")[0] for found in missing(claims)] == [name]


def verdicts(change=lambda numbers: None):
    """By the rule as notebook 11 has it, after a change of the saved numbers."""
    there = {}
    for name in RULE:
        exec(cell(FILES["11"], name).source, there)
        if name == "claims":
            change(there["numbers"])
    return {name: there["verdict"](claim) for name, claim in there["claims"].items()}


(SMOL, GEMMA), HOLDS, MODEL = MODELS, "holds", "depends on the model"


@pytest.mark.parametrize(
    "model, path, value, turned",
    [
        (GEMMA, "round_trip|dot product|return", [89, 86, 91], {"P10": "depends on the origin or the placement"}),
        (GEMMA, "round_trip|dot product / size²|return", [80, 79, 81], {"P14": "does not hold"}),
        (
            GEMMA,
            "rulers|γz and w|zero|distance",
            [80, 75, 85],
            {"P1": HOLDS, "P3": HOLDS, "C6": "depends on the model"},
        ),
        (SMOL, "text|logits_agree", False, {"P4a": MODEL}),
        (SMOL, "inputs|doubled", [99, 98, 100], {}),  # nothing rests on it
    ],
)
def test_a_changed_number_turns_the_verdicts_that_rest_on_it_and_no_other(model, path, value, turned):
    def change(numbers):
        *way, last = path.split("|")
        walk(numbers[model], way)[last] = value

    before, after = verdicts(), verdicts(change)
    assert {name: after[name] for name in before if before[name] != after[name]} == turned
