"""Does a test notice a wrong line? Small faults, one at a time, in a copy of the project: part of `make deep`.

python tests/tools/mutants.py [how many]     a seeded choice, and the same one every time. Survivors are named as they
are found, and somebody has to judge whether they are faults; with any, the exit code is 1.
"""

import ast
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from run_notebooks import NOT_COPIED, PROJECT
from tqdm.auto import tqdm

TESTS = {  # a file of helpers, and the tests that should notice
    "geometry.py": "tests/test_geometry.py tests/test_edges.py",
    "softmax.py": "tests/test_softmax.py tests/test_edges.py",
    "targets.py": "tests/test_targets.py tests/test_edges.py",
    "model.py": "tests/test_model.py tests/weights/test_observe.py",
    "weights/observe.py": "tests/weights/test_observe.py tests/test_model.py",
    "exercises/judge.py": "tests/exercises",
}
DRAWING = ("words", "style", "bars", "charts", "planes", "balls", "output")
TESTS |= {f"figures/{name}.py": "tests/figures" for name in DRAWING}
SWAPS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt}
SWAPS |= {ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.And: ast.Or, ast.Or: ast.And}
SWAPS |= {ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}


def places(tree):
    """Each place of a tree where a fault can be planted, with the function that plants it; docstrings apart."""
    for node in ast.walk(tree):
        for field, value in ast.iter_fields(node):
            if type(value) in SWAPS:
                yield node, lambda node=node, field=field, value=value: setattr(node, field, SWAPS[type(value)]())
        if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
            yield node, lambda node=node: node.ops.__setitem__(0, SWAPS[type(node.ops[0])]())
        if isinstance(node, ast.Constant) and isinstance(node.value, bool | int | float):
            other = not node.value if isinstance(node.value, bool) else node.value + 1
            yield node, lambda node=node, other=other: setattr(node, "value", other)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield node, lambda node=node: setattr(node, "op", ast.UAdd())
        if isinstance(node, ast.If | ast.IfExp):
            yield node, lambda node=node: setattr(node, "test", ast.UnaryOp(ast.Not(), node.test))


def chosen(many):
    """A seeded choice of faults, half of them in the files that compute."""
    sources = {name: (PROJECT / "helpers" / name).read_text(encoding="utf-8") for name in TESTS}
    picked = []
    for computes in (True, False):
        names = [name for name in TESTS if name.startswith(("exercises", "figures")) != computes]
        everywhere = [(name, n) for name in names for n, _ in enumerate(places(ast.parse(sources[name])))]
        picked += random.Random(0).sample(everywhere, min(many // 2, len(everywhere)))
    for name, n in sorted(picked):
        tree = ast.parse(sources[name])
        node, plant = list(places(tree))[n]
        before = ast.unparse(node)
        plant()
        what = f"{name}:{node.lineno}: {before} -> {ast.unparse(node)}"
        yield what, name, ast.unparse(ast.fix_missing_locations(tree))


def killed(copy, name, source):
    """Whether the tests of a file fail when it holds this source instead."""
    place = copy / "helpers" / name
    sound = place.read_text(encoding="utf-8")
    place.write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", *TESTS[name].split()]
    try:
        return subprocess.run(command, cwd=copy, capture_output=True, timeout=300).returncode != 0
    except subprocess.TimeoutExpired:
        return True
    finally:
        place.write_text(sound, encoding="utf-8")


def main(many=160):
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED, "notebooks"))
        (copy / "notebooks").symlink_to(PROJECT / "notebooks")
        (copy / "data" / "model").symlink_to(PROJECT / "data" / "model")
        for name in {tests: name for name, tests in TESTS.items()}.values():
            if killed(copy, name, (PROJECT / "helpers" / name).read_text(encoding="utf-8")):
                raise SystemExit(f"{TESTS[name]}: these fail without any fault.")
        faults, survivors = list(chosen(int(many))), 0
        for what, name, source in tqdm(faults, desc="Planted faults"):
            if not killed(copy, name, source):
                survivors += 1
                tqdm.write(f"not noticed: {what}")
    print(f"{len(faults) - survivors} of {len(faults)} were noticed.")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
