"""A vocabulary as large as they come, 262,144 tokens, in bounded memory."""

import tracemalloc

import numpy as np
import pytest
from families import GEMMA, random_model, saved
from transformers import LlamaConfig

from helpers.model import load_model
from helpers.report.measure import measure

V, D = 262_144, 512
WHOLE = V * D * 4  # bytes of one array of all targets
ALLOWED = 256e6  # below half of that: a block of 128 rows of logits is 134 MB


@pytest.mark.slow
def test_a_report_on_a_quarter_million_tokens_copies_no_whole_array(tmp_path):
    model = random_model(LlamaConfig(**GEMMA | dict(vocab_size=V, hidden_size=D, head_dim=32)))
    lm = load_model(saved(model, tmp_path))
    del model
    assert lm.targets.nbytes == WHOLE and lm.offsets.shape == (V,) and lm.token(V - 1) == f"<no token {V - 1}>"
    tracemalloc.start()
    peaks = {}

    def watched(steps):
        for name in steps:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            yield name
            peaks[name] = tracemalloc.get_traced_memory()[1] - before

    try:
        numbers = measure(lm, ["THE QUICK BROWN FOX"], progress=watched)
    finally:
        tracemalloc.stop()
    print({name: f"{peak / 1e6:.0f} MB" for name, peak in peaks.items()})
    assert max(peaks.values()) < ALLOWED
    assert numbers["model"]["rows_without_token"] == V - 64 and numbers["text"]["logits_agree"]
    # Random rows: no ruler misses, any two stand at right angles, and each can win.
    assert numbers["rulers"]["z and u"]["dot product"][0] == 100 and numbers["can_win"]["never"] == 0
    assert np.abs(numbers["angles"]["pairs_of_targets"][0] - 90) < 1
