"""How far have I come? Read from the verdicts saved in a reader's own copies; nothing is recorded elsewhere."""

import json
import re

from helpers.data import project_folder

RIGHT = re.compile(r"\*\*✓ (\d+\.\d+) is right\.\*\*")


def progress(work):
    """Lines that say which exercises are solved in the copies that `work`/notebooks holds."""
    done, lines = _solved(work), []
    given = {path.stem: _exercises(path) for path in sorted((project_folder() / "notebooks").glob("*.ipynb"))}
    given = {name: numbers for name, numbers in given.items() if numbers}
    for name, numbers in given.items():
        shown = "  ".join(f"{'✓' if number in done else '·'} {number}" for number in numbers)
        lines.append(f"{name[:2]} {name[3:].replace('_', ' '):24} {shown}")
    spines, known = {numbers[0] for numbers in given.values()}, {n for numbers in given.values() for n in numbers}
    said = f"{len(done & spines)} of {len(spines)} spines solved, {len(done & known)} of {len(known)} exercises."
    return [*lines, said]


def _solved(work):
    """Numbers of the exercises whose saved verdict is right, in any cell but the solutions that came with a copy."""
    cells = [cell for path in (work / "notebooks").glob("*.ipynb") for cell in _cells(path)]
    shown = [outputs for tags, _, outputs in cells if "solution" not in tags]
    return set(RIGHT.findall(json.dumps(shown, ensure_ascii=False)))


def _exercises(path):
    """A notebook's exercises in their order: the spine's own comes first."""
    return [m[1] for _, source, _ in _cells(path) if (m := re.match(r"\*\*Exercise (\d+\.\d+) ", source))]


def _cells(path):
    """A notebook's cells: their tags, source and outputs; none of what is no notebook."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return [
            (list(cell["metadata"].get("tags", "")), "".join(cell["source"]), cell.get("outputs")) for cell in cells
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return []
