"""The house of helpers/: who may know whom, nothing private across files, and how much there is to read."""

import ast
import re

import pytest

from helpers.data import PROJECT

HELPERS = PROJECT / "helpers"
FILES = {p.relative_to(HELPERS).with_suffix("").as_posix(): p for p in HELPERS.rglob("*.py")}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
# Each room, or file of the small module, and what it may import besides itself.
MAY = {
    "data": "",
    "geometry": "",
    "softmax": "",
    "targets": "geometry",
    "weights": "data",
    "model": "geometry softmax data weights",
    "figures": "",
    "exercises": "figures geometry softmax targets",
    "report": "model geometry softmax targets data weights figures",
    "start": "model geometry softmax data weights figures",
    "__main__": "start report model weights data",
}
SMALL = ("geometry", "softmax", "model", "targets", "data")


def imported(tree):
    """Pairs of a file of helpers and a name taken from it; imports inside functions count."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "helpers":
            place = node.module.replace(".", "/").removeprefix("helpers").strip("/")
            for alias in node.names:
                whole = f"{place}/{alias.name}".strip("/")
                module = place if place in FILES else f"{place}/__init__"
                yield (whole, None) if whole in FILES else (module, alias.name)


def strays(trees):
    """Arrows that the plan of the house does not have."""
    for name, tree in trees.items():
        room = name.split("/")[0]
        for place, _ in imported(tree):
            if (other := place.split("/")[0]) != room and other not in MAY[room].split():
                yield f"{name} -> {place}"


def private(trees):
    """Private names that are used from another file, by import or as an attribute of a module or a model."""
    for name, tree in trees.items():
        yield from (f"{name}: {part}" for _, part in imported(tree) if part and part.startswith("_"))
        own = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and "self" in ast.unparse(node)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and re.fullmatch(r"_[a-z]\w*[^\W_]", node.attr) and node.attr not in own:
                yield f"{name}: .{node.attr}"


def circles(trees):
    """Files that know each other, directly or around a corner."""
    known = {name: {place for place, _ in imported(tree)} for name, tree in trees.items()}
    for name in known:
        seen, front = set(), known[name]
        while front := front - seen:
            seen |= front
            front = set().union(*(known.get(place, set()) for place in front))
        if name in seen:
            yield name


@pytest.mark.parametrize("rule", [strays, private, circles])
def test_the_house_keeps_its_plan(rule):
    assert list(rule(TREES)) == []


@pytest.mark.parametrize(
    "rule, place, line",
    [
        (strays, "weights/home", "from helpers.model import load_model"),
        (strays, "figures/charts", "def f():\n    from helpers.geometry import unit"),
        (private, "report/measure", "from helpers.geometry import _size"),
        (private, "report/measure", "lm._parts"),
        (circles, "weights/home", "from helpers.weights.fetch import fetch"),
    ],
)
def test_each_rule_finds_a_planted_fault(rule, place, line):
    assert list(rule(TREES | {place: ast.parse(FILES[place].read_text(encoding="utf-8") + "\n" + line)}))


def test_the_picture_of_the_house_is_the_codes():
    arrows = {(name.split("/")[0], place.split("/")[0]) for name, tree in TREES.items() for place, _ in imported(tree)}
    drawn = [f"    {a.strip('_')} --> {b}" for a, b in sorted(arrows) if a != b and a != "__init__"]
    picture = "\n".join(["```mermaid", "flowchart TD", *drawn, "```"])
    assert picture in (PROJECT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def lines(paths):
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)


def test_the_house_stays_small():
    rows = [path for name, path in FILES.items() if re.fullmatch(r"exercises/n\d\d", name)]
    assert lines(FILES[name] for name in SMALL) <= 600
    assert lines(FILES.values()) - lines(rows) <= 4215
    assert lines((PROJECT / "tests").rglob("*.py")) <= 6765
