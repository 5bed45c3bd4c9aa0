import os

import pytest
from hypothesis import settings

# The same examples on every run: a red test must be red again when somebody looks for the reason.
settings.register_profile("repeatable", derandomize=True, deadline=None, database=None, max_examples=60)
settings.load_profile("repeatable")
os.environ["HF_HUB_OFFLINE"] = "1"  # no test touches the network once the model is here


@pytest.fixture(scope="session")
def lm():
    from helpers.model import load_model

    return load_model()
