"""Whatever stands between layers and logits, the contract holds: sphere states times targets are the model's logits."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from families import FAMILIES, LAYERS, D, V, family, relative_error, saved, tiny_tokenizer

from helpers.model import LanguageModel, load_model
from helpers.weights.observe import _held_against_the_model, observe

# Float32 over width 32 agrees to about 3e-7 of the largest logit; a lost gain, bias or scale is off by tenths.
RELATIVE = 1e-5


def opened(model, folder):
    """A model that stands in no file, as `load_model` would give it."""
    tiny_tokenizer(folder)
    lm = LanguageModel(folder, "made up", "cpu")
    lm._parts = observe(model, "cpu")
    return lm


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("name", FAMILIES)
def test_states_times_targets_are_the_models_logits(tmp_path, name, tied):
    _, arguments, kind, offsets = FAMILIES[name]
    model = family(name, tie_word_embeddings=tied)
    lm = load_model(saved(model, tmp_path))
    run = lm.run("ABBA")
    with torch.no_grad():
        theirs = model.eval()(torch.tensor(run.ids[None])).logits[0].numpy()
    np.testing.assert_allclose(run.logits, theirs, rtol=0, atol=1e-6 * np.abs(theirs).max())
    assert relative_error(lm, run) < RELATIVE
    assert (lm.norm_kind, lm.tied, lm.n_vocab, lm.width, lm.n_layers) == (kind, tied, V, D, LAYERS)
    assert lm.softcap == pytest.approx(arguments.get("final_logit_softcapping"))
    assert lm.offsets.any() == offsets and lm.offsets.shape == (V,)
    assert lm.embedding.shape == lm.unembedding.shape == (V, arguments.get("word_embed_proj_dim", D))
    assert lm.targets.shape == (V, D) and lm.gain.shape == (D,)
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in lm._parts.model.modules())
    if name == "BERT":  # a stream that does not feed the norm is not called residuals
        assert run.residuals is None
        return
    assert run.residuals.shape == (LAYERS + 1, 4, D)
    # And sphere states lie where the identity says, by the norm's own ε (OLMo 1 has it in its code).
    norm, x = lm._parts.stops[-1], run.residuals[-1].astype(np.float64)
    epsilon = getattr(norm, "variance_epsilon", getattr(norm, "eps", 1e-5))
    if kind == "layer":
        x -= x.mean(axis=1, keepdims=True)
        ones = np.ones(D) / np.sqrt(D)
        assert np.abs(run.sphere_states @ ones).max() < 1e-5 * lm.radius
        assert np.abs(lm.targets @ ones).max() < 1e-5 * np.linalg.norm(lm.targets, axis=1).max()
    v = np.square(x).mean(axis=1)
    np.testing.assert_allclose(np.linalg.norm(run.sphere_states, axis=1) ** 2, D * v / (v + epsilon), rtol=1e-4)
    assert lm.radius == pytest.approx(np.sqrt(D))


class MadeUp(torch.nn.Module):
    """Everything at once between the layers and the logits: a bias in the norm, a way to the head that `way` makes
    of its output, a bias in the head, a scale, a soft cap."""

    def __init__(self, way, p):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.layers = torch.nn.Embedding(50, 12), torch.nn.ModuleList([torch.nn.Linear(12, 12)])
        self.norm, self.way, self.head = torch.nn.LayerNorm(12), way, torch.nn.Linear(p, 50)
        self.config = SimpleNamespace(get_text_config=SimpleNamespace)
        for parameter in [*self.norm.parameters(), self.head.bias]:
            torch.nn.init.normal_(parameter)
        self.get_input_embeddings, self.get_output_embeddings = lambda: self.embed, lambda: self.head

    def forward(self, ids):
        entering = self.way(self.norm(self.layers[0](self.embed(ids))))
        return SimpleNamespace(logits=3 * torch.tanh(-0.5 * self.head(entering) / 3))


WAYS = [
    (torch.nn.Identity(), 12),
    (lambda y: -0.5 * y, 12),
    (lambda y: 2 * y + torch.arange(12.0), 12),
    (lambda y: y.mul_(2), 12),  # writes into what the norm gave
    (torch.nn.Linear(12, 7), 7),
    (torch.nn.Linear(12, 12), 12),
    (torch.nn.Linear(12, 20), 20),
]


@pytest.mark.parametrize("way, p", WAYS)
def test_every_affine_way_to_the_head_is_folded_into_targets_and_offsets(tmp_path, way, p):
    lm = opened(MadeUp(way, p), tmp_path)
    run = lm.run([3, 1, 4, 1, 5, 9])
    assert (lm.norm_kind, lm.softcap) == ("layer", pytest.approx(3)) and run.residuals.shape == (2, 6, 12)
    assert lm.head_scale == pytest.approx(-0.5, rel=1e-5) and lm.targets.shape == (50, 12)
    assert relative_error(lm, run) < RELATIVE


def test_a_way_to_the_head_that_is_not_affine_leaves_no_norm(tmp_path):
    lm = opened(MadeUp(torch.nn.GELU(), 12), tmp_path)
    assert lm.norm_kind == "none" and lm.run([3, 1]).residuals is None


def test_without_a_final_norm_a_state_is_the_residual(tmp_path):
    model = family("GPT-2").eval()
    model.transformer.ln_f = torch.nn.Identity()
    lm = opened(model, tmp_path)
    run = lm.run("ABBA")
    # The norms inside the layers are not the final one: what enters the head does not follow from them alone.
    assert (lm.norm_kind, lm.radius) == ("none", None) and run.residuals.shape == (4, 4, 32)
    np.testing.assert_array_equal(run.sphere_states, run.residuals[-1])
    assert lm.targets.dtype == lm.gain.dtype == np.float32
    assert relative_error(lm, run) < RELATIVE


def test_logits_that_are_not_a_product_are_refused():
    model = family("Llama").eval()
    model.lm_head.register_forward_hook(lambda module, arguments, output: output**3)
    refused = "its logits are not its final norm's output times its unembedding: they differ by"
    with pytest.raises(ValueError, match=refused):
        observe(model, "cpu")
    with torch.no_grad():
        model.lm_head.weight[60] = np.nan
    with pytest.raises(ValueError, match=refused + " nan"):
        observe(model, "cpu")


def test_a_large_bias_hides_no_error(tmp_path):
    model = family("Phi").eval()
    with torch.no_grad():
        model.lm_head.bias[20] = -1e4  # as for a token that must never come
    lm = opened(model, tmp_path)
    run = lm.run("ABBA")
    off = run.sphere_states @ lm.targets.T + lm.offsets - run.logits
    assert np.abs(np.delete(off, 20, axis=1)).max() < RELATIVE * np.abs(run.sphere_states @ lm.targets.T).max()
    x, logits = run.residuals[-1], run.logits
    _held_against_the_model(lm._parts, x, logits)
    with pytest.raises(ValueError, match="its logits are not"):
        _held_against_the_model(replace(lm._parts, gain=lm.gain * np.float32(0.5)), x, logits)


def test_a_large_bias_in_the_norm_hides_not_its_kind():
    model, bias = family("Phi").eval(), 1e3
    with torch.no_grad():
        model.model.final_layernorm.bias.fill_(bias)
    parts = observe(model, "cpu")
    assert parts.norm_kind == "layer"
    np.testing.assert_allclose(parts.gain, model.model.final_layernorm.weight.detach(), atol=1e-6 * bias)
