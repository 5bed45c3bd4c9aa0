"""Does a test notice a wrong line? Small faults, one at a time, in a copy of the project: part of `make deep`.

python tests/tools/mutants.py [how many]     a seeded choice; what is known stands in build/mutants-….json, one for each
state of helpers/ and tests/, so that a run that was stopped goes on where it was. Survivors are listed at the end, and
somebody has to judge whether they are faults; with any, the exit code is 1.
"""

import ast
import hashlib
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from run_notebooks import NOT_COPIED, PROJECT
from tqdm.auto import tqdm

SOURCES = [path for folder in ("helpers", "tests") for path in sorted((PROJECT / folder).rglob("*.py"))]
STATE = hashlib.sha256(b"".join(path.read_bytes() for path in SOURCES)).hexdigest()[:8]
KNOWN = PROJECT / "build" / f"mutants-{STATE}.json"
TESTS = {  # a file of helpers, and the tests that should notice
    "geometry.py": "tests/test_geometry.py tests/test_edges.py",
    "softmax.py": "tests/test_softmax.py tests/test_edges.py",
    "targets.py": "tests/test_targets.py",
    "model.py": "tests/test_model.py tests/weights/test_observe.py",
    "weights/observe.py": "tests/weights/test_observe.py tests/test_model.py",
    "exercises/judge.py": "tests/exercises",
    "figures/words.py": "tests/figures",
    "figures/style.py": "tests/figures",
    "figures/bars.py": "tests/figures",
    "figures/charts.py": "tests/figures",
    "figures/planes.py": "tests/figures",
    "figures/balls.py": "tests/figures",
    "figures/output.py": "tests/figures",
}
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
        yield (
            f"{name}:{node.lineno}: {before} -> {ast.unparse(node)}",
            name,
            ast.unparse(ast.fix_missing_locations(tree)),
        )


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
    known = json.loads(KNOWN.read_text()) if KNOWN.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "project"
        shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED, "notebooks"))
        (copy / "notebooks").symlink_to(PROJECT / "notebooks")
        (copy / "data" / "model").symlink_to(PROJECT / "data" / "model")
        for name in {tests: name for name, tests in TESTS.items()}.values():
            if killed(copy, name, (PROJECT / "helpers" / name).read_text(encoding="utf-8")):
                raise SystemExit(f"{TESTS[name]}: these fail without any fault.")
        for what, name, source in tqdm(list(chosen(int(many))), desc="Planted faults"):
            if what not in known:
                known[what] = killed(copy, name, source)
                KNOWN.parent.mkdir(exist_ok=True)
                KNOWN.write_text(json.dumps(known, indent=1))
    print(f"{sum(known.values())} of {len(known)} were noticed; not noticed:")
    print("\n".join(what for what, noticed in known.items() if not noticed))
    return int(not all(known.values()))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
