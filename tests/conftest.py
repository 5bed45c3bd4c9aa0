import os
import shutil

import pytest
from hypothesis import settings
from run_notebooks import NOT_COPIED, PROJECT

# The same examples on every run: a red test must be red again when somebody looks for the reason.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None, max_examples=60)
settings.load_profile("repeatable")
os.environ["HF_HUB_OFFLINE"] = "1"  # no test touches the network once the model is here


@pytest.fixture(scope="session")
def lm():
    from helpers.model import load_model

    return load_model()


@pytest.fixture
def pinned():
    """For a test about the pins: where other versions are installed on purpose, it has nothing to say."""
    from helpers.start import readiness

    if (found := readiness._packages().found) != "as pinned in constraints.txt":
        pytest.skip(f"the installed versions are {found}")


@pytest.fixture(scope="module")
def copied_project(tmp_path_factory):
    """A copy of the project, and the environment in which its own helpers and the real project's model are used."""
    copy = tmp_path_factory.mktemp("copy") / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns(*NOT_COPIED))
    model = {"DIRECTIONS_MODEL_HOME": str(PROJECT / "data" / "model")} | os.environ
    return copy, model | {"PYTHONPATH": str(copy)}
