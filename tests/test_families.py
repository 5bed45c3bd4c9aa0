"""One tiny random model of every family keeps the contract: sphere states times targets are the model's own logits."""

import numpy as np
import pytest
import torch
from families import FAMILIES, LAYERS, D, V, family, relative_error, saved

from helpers.model import load_model

# Float32 over width 32 agrees to about 3e-7 of the largest logit; a lost gain, bias or scale is off by tenths.
RELATIVE = 1e-5


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", FAMILIES)
def test_states_times_targets_are_the_models_logits(tmp_path, name, tied):
    *_, kind, softcap, offsets = FAMILIES[name]
    model = family(name, tie_word_embeddings=tied)
    lm = load_model(saved(model, tmp_path))
    run = lm.run("ABBA")
    with torch.no_grad():
        theirs = model.eval()(torch.tensor(run.ids[None])).logits[0].numpy()
    np.testing.assert_allclose(run.logits, theirs, rtol=0, atol=1e-6 * np.abs(theirs).max())
    assert relative_error(lm, run) < RELATIVE
    assert (lm.norm_kind, lm.tied, lm.n_vocab, lm.width, lm.n_layers) == (kind, tied, V, D, LAYERS)
    assert lm.softcap == (pytest.approx(softcap) if softcap else None)
    assert lm.offsets.any() == offsets and lm.offsets.shape == (V,)
    assert lm.targets.shape == (V, D) and run.residuals.shape == (LAYERS + 1, 4, D)


@pytest.mark.parametrize("name", FAMILIES)
def test_sphere_states_lie_where_the_identity_says(tmp_path, name):
    kind = FAMILIES[name][2]
    lm = load_model(saved(family(name), tmp_path))
    run = lm.run("ABBA")
    norm = lm._parts.norm  # its own ε; OLMo 1 has it in its code
    epsilon = getattr(norm, "variance_epsilon", getattr(norm, "eps", 1e-5))
    x = run.residuals[-1].astype(np.float64)
    if kind == "layer":
        x -= x.mean(axis=1, keepdims=True)
        ones = np.ones(D) / np.sqrt(D)
        assert np.abs(run.sphere_states @ ones).max() < 1e-5 * lm.radius
        assert np.abs(lm.targets @ ones).max() < 1e-5 * np.linalg.norm(lm.targets, axis=1).max()
    v = np.square(x).mean(axis=1)
    np.testing.assert_allclose(np.linalg.norm(run.sphere_states, axis=1) ** 2, D * v / (v + epsilon), rtol=1e-4)
    assert lm.radius == pytest.approx(np.sqrt(D))


def test_residuals_are_what_the_library_calls_hidden_states(tmp_path):
    lm = load_model(saved(family("Gemma 2"), tmp_path))
    run = lm.run("ABBA")
    with torch.no_grad():
        theirs = lm._parts.model(torch.tensor(run.ids[None]), output_hidden_states=True).hidden_states
    for mine, other in zip(run.residuals[:-1], theirs[:-1], strict=True):  # the library's last is after the norm
        np.testing.assert_array_equal(mine, other[0])
    # Gemma multiplies what goes in by the root of the width; the embedding is the matrix as it stands in the file.
    np.testing.assert_allclose(run.residuals[0], np.sqrt(D) * lm.embedding[run.ids], rtol=1e-2)


def test_a_projection_keeps_the_widths_apart(tmp_path):
    lm = load_model(saved(family("OPT, projected"), tmp_path))
    assert lm.embedding.shape == lm.unembedding.shape == (V, 12)
    assert lm.targets.shape == (V, D) and lm.width == D and lm.run("AB").sphere_states.shape == (2, D)
