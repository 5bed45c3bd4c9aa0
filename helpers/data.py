"""Where are the texts and the saved results? data/README.md says what each is."""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
PROJECT = HERE.parent if (HERE.parent / "data" / "passages.json").exists() else None  # installed without its folder


def texts(name):
    """What data/NAME.json holds: "passages", "one_sentence" in eight languages, "prose", or "claims"."""
    folder = PROJECT / "data" if PROJECT else HERE / "texts"  # where the build has put a copy
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def passages(which):
    """The passages "test" (to measure on) or "fit" (to choose a scale on): a dict of names and texts."""
    return texts("passages")[which]


def saved(name):
    """What `make results` saved as data/results/NAME: arrays (.npz), or a model's numbers (.json)."""
    path = project_folder() / "data" / "results" / f"{name}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else np.load(path.with_suffix(".npz"))


def project_folder():
    """The project's folder. FileNotFoundError where the package was installed without it."""
    if PROJECT is None:
        raise FileNotFoundError("Installed without its folder: get it, and run  pip install -e .  in it.")
    return PROJECT
