"""helpers.model: the contract on the default model, what other models bring along, and every refusal."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import regex
import torch
import transformers
from families import family, random_model, relative_error, saved, tiny_tokenizer
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

from helpers.download import HOME_VARIABLE, NAME, FetchError
from helpers.model import LanguageModel, _header, load_model, memory_free
from helpers.observe import _held_against_the_model, observe

PROMPTS = ["The capital of France is", "The opposite of hot is", "A, B, C, D, E,", "def add(a, b):\n    return a", "a"]
# Float32 products of width 576 agree to about 1e-6 of the largest logit (40); a lost gain is off by whole units.
RELATIVE = 1e-5


# ---------------------------------------------------------------- tokens


def slow_pieces(text, merges):
    """Byte-pair encoding as the paper has it, over the split that the file asks for by the name "smollm":
    every digit alone, then GPT-2's words (both patterns as in llama.cpp's source). An independent reference."""
    words = re.split(r"(\d)", text)
    pattern = regex.compile(r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
    for word in (w for chunk in words if chunk for w in pattern.findall(chunk)):
        pieces = [bytes([byte]) for byte in word.encode()]
        while pairs := [pair for pair in pairwise(pieces) if pair in merges]:
            best = min(pairs, key=merges.get)
            i = 0
            while i < len(pieces) - 1:
                if (pieces[i], pieces[i + 1]) == best:
                    pieces[i : i + 2] = [pieces[i] + pieces[i + 1]]
                i += 1
        yield from pieces


@pytest.fixture(scope="module")
def byte_merges(lm):
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    back = {character: byte for byte, character in bytes_to_unicode().items()}
    merges = json.loads(lm.tokenizer.to_str())["model"]["merges"]
    return {tuple(bytes(back[c] for c in part) for part in pair): n for n, pair in enumerate(merges)}


@pytest.mark.parametrize(
    "text",
    [
        "Hello world, it's 2024 and we're fine.",
        "x  10 and    42",  # white space before a digit: the rule that GGUF readers miss
        "    return a1 + b22\n\n\tdef f():  # 3 spaces   ",
        "naïve Straße Ελλάδα Привет 日本語 안녕 नमस्ते 🙂👍🏽",
        " unbelievable antidisestablishmentarianism zxqvj",
    ],
)
def test_the_tokenizer_equals_a_slow_reference(lm, byte_merges, text):
    expected = list(slow_pieces(text, byte_merges))
    ids = lm.encode(text)
    assert b"".join(expected).decode() == text == lm.decode(ids)
    shown = [piece.decode("utf-8", "backslashreplace").replace("\\x", "<0x") for piece in expected]
    assert [re.sub(r"<0x(..)>", lambda m: f"<0x{m[1].lower()}", lm.token(i)) for i in ids] == shown


def test_tokens_and_ids(lm):
    assert lm.encode("The capital of France is").dtype == np.int64
    assert lm.token(lm.id(" Paris")) == " Paris"
    assert lm.token(0) == "<|endoftext|>"
    assert [lm.token(i) for i in lm.encode("日本")] == ["<0xE6><0x97>", "<0xA5>", "本"]
    assert lm.decode(lm.encode("<|im_start|>user")) == "<|im_start|>user"


# ---------------------------------------------------------------- arrays and runs


def test_the_default_model(lm):
    assert (lm.n_vocab, lm.width, lm.n_layers) == (49152, 576, 30)
    assert lm.tied and lm.norm_kind == "rms" and lm.softcap is None and lm.radius == 24
    np.testing.assert_array_equal(lm.embedding, lm.unembedding)
    np.testing.assert_array_equal(lm.embedding, lm._parts.embedding)  # mapped from the file = in the model
    assert not lm.offsets.any() and lm.offsets.shape == (49152,)
    for array in (lm.embedding, lm.unembedding, lm.targets, lm.offsets):
        assert array.dtype == np.float32 and not array.flags.writeable


def test_the_norm_is_read_off_exactly(lm):
    norm = lm._parts.norm
    np.testing.assert_array_equal(lm._parts.gain, norm.weight.detach().numpy())
    assert lm._parts.epsilon == pytest.approx(norm.variance_epsilon, rel=1e-5)


@pytest.mark.parametrize("prompt", PROMPTS)
def test_states_times_targets_are_the_models_logits(lm, prompt):
    run = lm.run(prompt)
    with torch.no_grad():
        out = lm._parts.model(torch.tensor(run.ids[None]), output_hidden_states=True)
    np.testing.assert_array_equal(run.logits, out.logits[0].numpy())
    rebuilt = run.sphere_states @ lm.targets.T + lm.offsets
    assert np.abs(rebuilt - run.logits).max() < RELATIVE * np.abs(run.logits).max()
    assert run.residuals.shape == (31, len(run.ids), 576)
    # Before the final norm at every layer: the library's list agrees but for its last, which comes after the norm.
    for mine, theirs in zip(run.residuals[:-1], out.hidden_states[:-1], strict=True):
        np.testing.assert_array_equal(mine, theirs[0].numpy())
    after_norm = lm._parts.norm(torch.tensor(run.residuals[-1])).detach().numpy()
    np.testing.assert_allclose(out.hidden_states[-1][0].numpy(), after_norm, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(run.sphere_states, axis=1), 24, rtol=1e-5)


def test_a_forgotten_gain_would_show(lm):
    run = lm.run(PROMPTS[0])
    assert np.abs(run.sphere_states @ lm.unembedding.T - run.logits).max() > 1


def test_the_first_residual_is_the_embedding(lm):
    run = lm.run([7042, 260])
    np.testing.assert_array_equal(run.residuals[0], lm.embedding[[7042, 260]])
    assert run.tokens == [" Paris", " the"]


def test_to_sphere_by_the_formula(lm):
    x = np.random.default_rng(0).normal(size=(3, 576)) * [[1e-3], [1], [1e3]]
    v = (x**2).mean(axis=1)
    expected = np.sqrt(576 * v / (v + lm._parts.epsilon))
    np.testing.assert_allclose(np.linalg.norm(lm.to_sphere(x), axis=1), expected, rtol=1e-6)


def test_top(lm):
    run = lm.run("The capital of France is")
    (token, p), *rest = run.top(3)
    assert token == " Paris" and len(rest) == 2
    logits = run.logits[-1].astype(float)
    assert p == pytest.approx(np.exp(logits.max()) / np.exp(logits).sum(), rel=1e-4)
    warm = np.exp(logits / 5)
    assert run.top(1, temperature=5.0)[0][1] == pytest.approx(warm.max() / warm.sum(), rel=1e-4)
    for position in (0, 2, -3):
        assert run.top(1, position=position)[0][0] == lm.token(run.logits[position].argmax())
    assert "1036" not in repr(run) and len(repr(run)) < 200  # not the arrays


def test_known_answers(lm):
    wanted = {"The opposite of hot is": " cold", "The chemical symbol for gold is": " Au", "A, B, C, D, E,": " F"}
    assert {prompt: lm.run(prompt).top(1)[0][0] for prompt in wanted} == wanted


# ---------------------------------------------------------------- files and tokenizers of other models


@pytest.fixture
def small(tmp_path):
    return saved(family("Llama", tie_word_embeddings=False), tmp_path / "small")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_files_are_computed_in_float32(small, tmp_path, dtype):
    whole = load_model(small)
    lm = load_model(saved(family("Llama", tie_word_embeddings=False).to(dtype), tmp_path / "half"))
    assert load_file(tmp_path / "half" / "model.safetensors")["lm_head.weight"].dtype == dtype
    run = lm.run("ABBA")
    assert lm.embedding.dtype == run.logits.dtype == np.float32 and lm._parts.head.weight.dtype == torch.float32
    assert relative_error(lm, run) < RELATIVE  # in half precision it would be a thousandth
    np.testing.assert_allclose(lm.unembedding, whole.unembedding, rtol=2**-7)
    assert (lm.unembedding != whole.unembedding).any()


def test_a_model_in_several_files_is_the_same_model(small, tmp_path):
    model = family("Llama", tie_word_embeddings=False)
    folder = saved(model, tmp_path / "sharded", max_shard_size="20KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 3
    lm, whole = load_model(folder), load_model(small)
    np.testing.assert_array_equal(lm.targets, whole.targets)
    np.testing.assert_array_equal(lm.run("ABBA").logits, whole.run("ABBA").logits)
    sorted(folder.glob("model-*.safetensors"))[1].unlink()
    with pytest.raises(ValueError, match="cannot be opened as a causal language model"):
        load_model(folder)


def test_running_leaves_the_model_and_the_library_as_they_were(small):
    from transformers.utils import logging

    lm = load_model(small)
    for _ in range(2):
        lm.run("ABBA")
    assert not lm._parts.model.config.use_cache  # a learner's memory is better spent
    assert logging.is_progress_bar_enabled()
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in lm._parts.model.modules())


def test_a_text_may_be_as_long_as_the_model_allows(tmp_path):
    lm = load_model(saved(family("GPT-2", n_positions=6), tmp_path))
    assert lm.run("ABABAB").logits.shape == (6, 64)
    with pytest.raises(ValueError, match="7 tokens long; this model takes at most 6"):
        lm.run("ABABABA")


def test_no_special_token_is_added_and_padding_rows_are_named(small):
    tokenizer = Tokenizer(models.BPE({chr(40 + i): i for i in range(60)}, []))
    tokenizer.post_processor = processors.TemplateProcessing(single="( $A )", special_tokens=[("(", 0), (")", 1)])
    tokenizer.save(str(small / "tokenizer.json"))
    lm = load_model(small)
    assert lm.encode("AB").tolist() == [25, 26]
    assert lm.begin_ids.tolist() == [0] and lm.run([*lm.begin_ids, *lm.encode("AB")]).tokens == ["(", "A", "B"]
    assert lm.token(63) == "<no token 63>"


def test_a_tokenizer_that_marks_spaces_in_its_own_way(small):
    tokenizer = Tokenizer(models.BPE({"▁": 0, "a": 1, "▁a": 2, "<0xE2>": 3}, [("▁", "a")]))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    tokenizer.save(str(small / "tokenizer.json"))
    lm = load_model(small)
    assert lm.token(2) == " a" and lm.token(3) == "<0xE2>"


def test_a_tokenizer_that_puts_a_space_before_every_text(small):
    tokenizer = Tokenizer(models.BPE({"▁": 0, "a": 1, "b": 2, "▁a": 3, "▁c": 4, "c": 99}, [("▁", "a"), ("▁", "c")]))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.save(str(small / "tokenizer.json"))
    lm = load_model(small)
    assert (lm.id(" a"), lm.id("a"), lm.id("b")) == (3, 1, 2) and lm.decode(lm.encode("ab")) == "ab"
    with pytest.raises(ValueError, match="'c' is not a token of this vocabulary; it would be read as ' c'"):
        lm.id("c")  # its row is beyond the last
    with pytest.raises(ValueError, match="' ab' is 3 tokens, not one: ' ' . ' a' . 'b'"):
        lm.id(" ab")


def test_a_token_that_is_not_in_bytes_shows_as_it_stands(small):
    tokenizer = Tokenizer(models.BPE({"a": 0, "日": 1}, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
    tokenizer.save(str(small / "tokenizer.json"))
    assert load_model(small).token(1) == "日"


# ---------------------------------------------------------------- what is observed


def test_offsets_carry_the_heads_scale_and_every_bias(small):
    lm = load_model(small)
    more = dict(head_bias=np.full(64, 3, np.float32), head_shift=np.full(32, 2, np.float32), norm_bias=lm._parts.gain)
    vars(lm)["_parts"] = replace(lm._parts, scale=0.5, **more)
    expected = 0.5 * (lm.unembedding.astype(float) @ (lm._parts.gain + 2) + 3)
    np.testing.assert_allclose(lm.offsets, expected, rtol=1e-5, atol=1e-5)


def test_without_a_final_norm_a_state_is_the_residual(tmp_path):
    lm = load_model(saved(family("GPT-2"), tmp_path))
    model = lm._parts.model
    model.transformer.ln_f = torch.nn.Identity()
    lm = LanguageModel(tmp_path, "no norm", "cpu")
    vars(lm)["_parts"] = observe(model, "cpu")
    run = lm.run("ABBA")
    # The norms inside the layers are not the final one: what enters the head does not follow from them alone.
    assert (lm.norm_kind, lm.radius) == ("none", None) and run.residuals.shape == (4, 4, 32)
    np.testing.assert_array_equal(run.sphere_states, run.residuals[-1])
    assert relative_error(lm, run) < RELATIVE


def test_a_stream_that_does_not_feed_the_norm_is_not_called_residuals(tmp_path):
    config = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=4)
    model = random_model(transformers.BertConfig(**config, is_decoder=True))  # its head transforms once more
    lm = load_model(saved(model, tmp_path))
    run = lm.run("ABBA")
    assert run.residuals is None and lm.n_layers == 3 and lm.norm_kind == "layer"
    assert relative_error(lm, run) < RELATIVE


class MadeUp(torch.nn.Module):
    """Everything at once between the layers and the logits: a bias in the norm, a way to the head that `way` makes
    of its output, a bias in the head, a scale, a soft cap."""

    def __init__(self, way, p):
        super().__init__()
        torch.manual_seed(0)
        self.embed, self.layers = torch.nn.Embedding(50, 12), torch.nn.ModuleList([torch.nn.Linear(12, 12)])
        self.norm, self.way, self.head = torch.nn.LayerNorm(12), way, torch.nn.Linear(p, 50)
        self.config = SimpleNamespace(get_text_config=lambda: SimpleNamespace(max_position_embeddings=None))
        for parameter in [*self.norm.parameters(), self.head.bias]:
            torch.nn.init.normal_(parameter)
        self.get_input_embeddings, self.get_output_embeddings = lambda: self.embed, lambda: self.head

    def forward(self, ids):
        entering = self.way(self.norm(self.layers[0](self.embed(ids))))
        return SimpleNamespace(logits=3 * torch.tanh(-0.5 * self.head(entering) / 3))


@pytest.mark.parametrize(
    "way, p",
    [
        (torch.nn.Identity(), 12),
        (lambda y: -0.5 * y, 12),
        (lambda y: 2 * y + torch.arange(12.0), 12),
        (lambda y: y.mul_(2), 12),  # writes into what the norm gave
        (torch.nn.Linear(12, 7), 7),
        (torch.nn.Linear(12, 12), 12),
        (torch.nn.Linear(12, 20), 20),
    ],
)
def test_every_affine_way_to_the_head_is_folded_into_targets_and_offsets(lm, way, p):
    made_up = LanguageModel(lm.folder, "made up", "cpu")
    vars(made_up)["embedding"] = np.zeros((50, 12), np.float32)  # for the tokenizer's sake
    vars(made_up)["_parts"] = parts = observe(MadeUp(way, p), "cpu")
    run = made_up.run([3, 1, 4, 1, 5, 9])
    assert (parts.norm_kind, parts.softcap) == ("layer", pytest.approx(3)) and run.residuals.shape == (2, 6, 12)
    assert parts.scale == pytest.approx(-0.5, rel=1e-5) and made_up.targets.shape == (50, 12)
    assert relative_error(made_up, run) < RELATIVE


def test_a_way_to_the_head_that_is_not_affine_leaves_no_norm(lm):
    parts = observe(MadeUp(torch.nn.GELU(), 12), "cpu")
    assert parts.norm_kind == "none" and parts.layers is None


def test_logits_that_are_not_a_product_are_refused(tmp_path):
    model = load_model(saved(family("Llama"), tmp_path))._parts.model
    model.lm_head.register_forward_hook(lambda module, arguments, output: output**3)
    with pytest.raises(ValueError, match="its logits are not its final norm's output times its unembedding: they diff"):
        observe(model, "cpu")


@pytest.mark.parametrize("damage, words", [("zero gain", "a gain of zeros"), ("NaN", "embedding holds NaN or inf")])
def test_weights_that_mean_nothing_are_refused(tmp_path, damage, words):
    model = family("Phi")
    with torch.no_grad():
        if damage == "zero gain":
            model.model.final_layernorm.weight.zero_()
        else:
            model.model.embed_tokens.weight[60] = np.nan
    with pytest.raises(ValueError, match=words):
        load_model(saved(model, tmp_path))


def test_a_large_bias_hides_no_error(tmp_path):
    model = family("Phi")
    with torch.no_grad():
        model.lm_head.bias[20] = -1e4  # as for a token that must never come
    lm = load_model(saved(model, tmp_path))
    parts, run = lm._parts, lm.run("ABBA")
    off = run.sphere_states @ lm.targets.T + lm.offsets - run.logits
    assert np.abs(np.delete(off, 20, axis=1)).max() < 1e-5 * np.abs(run.sphere_states @ lm.targets.T).max()
    x, logits = run.residuals[-1], run.logits
    _held_against_the_model(parts, x, logits)
    with pytest.raises(ValueError, match="its logits are not"):
        _held_against_the_model(replace(parts, gain=parts.gain * np.float32(0.5)), x, logits)


def test_a_large_bias_in_the_norm_hides_not_its_kind(tmp_path):
    model, bias = family("Phi"), 1e3
    with torch.no_grad():
        model.model.final_layernorm.bias.fill_(bias)
    lm = load_model(saved(model, tmp_path))
    assert lm.norm_kind == "layer"
    np.testing.assert_allclose(lm._parts.gain, model.model.final_layernorm.weight.detach(), atol=1e-6 * bias)


def test_a_text_that_the_model_cannot_take_is_refused_in_a_sentence(tmp_path):
    config = dict(vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=1, num_attention_heads=4)
    config |= dict(max_position_embeddings=20, is_decoder=True, pad_token_id=1)
    lm = load_model(saved(random_model(transformers.RobertaConfig(**config)), tmp_path))
    with pytest.raises(ValueError, match=r"cannot take this text of 19 tokens \("):  # its positions begin at 2
        lm.run("A" * 19)


def test_a_vocabulary_of_two_and_one_position(tmp_path):
    lm = load_model(saved(family("GPT-2", vocab_size=2, n_positions=1, pad_token_id=0, bos_token_id=0), tmp_path))
    assert lm.run([1]).logits.shape == (1, 2)


def test_watching_leaves_no_hook_behind(tmp_path):
    model = load_model(saved(family("OPT, projected"), tmp_path))._parts.model
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


# ---------------------------------------------------------------- from a model hub


def hub_cache(folder, cache, files):
    """A model hub's cache as huggingface_hub lays it out: a reference, a snapshot, and its files."""
    place = cache / "models--someone--a-model"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text("0" * 40)
    shutil.copytree(folder, place / "snapshots" / ("0" * 40), ignore=lambda _, names: set(names) - set(files))
    return cache


def test_a_hub_id_is_read_from_the_cache_without_a_network(small, tmp_path, monkeypatch):
    from huggingface_hub import constants

    names = [path.name for path in small.iterdir()]
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(hub_cache(small, tmp_path / "cache", names)))
    lm = load_model("someone/a-model")
    assert lm.name == "someone/a-model" and lm.id("A") == 32
    np.testing.assert_array_equal(lm.targets, load_model(small).targets)
    with pytest.raises(ValueError, match="'someone/another' is no folder here and could not be had from the model hub"):
        load_model("someone/another")
    half = hub_cache(small, tmp_path / "half", [name for name in names if name != "model.safetensors"])
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(half))  # as a download that stopped leaves it
    with pytest.raises(ValueError, match="holds no model in safetensors"):
        load_model("someone/a-model")


def test_a_hub_id_is_fetched_as_config_tokenizer_and_safetensors(small, monkeypatch):
    import huggingface_hub

    asked = []
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda name, **kw: asked.append((name, kw)) or str(small))
    assert load_model("someone/a-model").name == "someone/a-model"
    [(name, options)] = asked
    assert name == "someone/a-model" and {"*.json", "model*.safetensors", "*.txt"} <= set(options["allow_patterns"])
    assert not any("bin" in pattern or pattern == "*" for pattern in options["allow_patterns"])


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda lm: lm.encode(""), ValueError, "The text is empty"),
        (lambda lm: lm.run(""), ValueError, "The text is empty"),
        (lambda lm: lm.run([]), ValueError, "There are no token IDs"),
        (lambda lm: lm.run([49152]), ValueError, "49152 is out of range: this model has IDs 0 to 49151"),
        (lambda lm: lm.run([5, -1]), ValueError, "-1 is out of range"),
        (lambda lm: lm.run([0.5]), TypeError, "whole numbers"),
        (lambda lm: lm.run(None), TypeError, "whole numbers"),
        (lambda lm: lm.run([5] * 8193), ValueError, "8193 tokens long; this model takes at most 8192"),
        (lambda lm: lm.encode("\x04"), ValueError, "becomes no token at all"),
        (lambda lm: lm.run("\x04"), ValueError, "becomes no token at all"),
        (lambda lm: lm.encode("a\ud800"), ValueError, "half a character"),
        (lambda lm: lm.run([[1, 2], [3]]), TypeError, "whole numbers"),
        (lambda lm: lm.run("a").top(1.5), ValueError, "whole number from 1 to 49152.*got 1.5"),
        (lambda lm: lm.run("a").top(1, position=0.5), TypeError, "position should be a whole number; got 0.5"),
        (lambda lm: lm.to_sphere("a"), TypeError, "real numbers"),
        (lambda lm: load_model(__file__), ValueError, "is a file; give the folder"),
        (lambda lm: load_model(lm.folder, device="nonsense"), ValueError, "The device 'nonsense' cannot be used here"),
        (lambda lm: load_model(device="nonsense"), ValueError, "The device 'nonsense' cannot be used here"),
        (lambda lm: lm.encode(7), TypeError, "A text was expected; got int"),
        (lambda lm: lm.token(49152), ValueError, "out of range"),
        (lambda lm: lm.decode([[1]]), TypeError, r"shape \(T,\)"),
        (lambda lm: lm.id(" hypersphere"), ValueError, "is 3 tokens, not one: ' hypers' . 'p' . 'here'"),
        (lambda lm: lm.to_sphere(np.ones(5)), ValueError, r"shape \(..., 576\); got shape \(5,\)"),
        (lambda lm: lm.to_sphere(np.full(576, np.nan)), ValueError, "NaN"),
        (lambda lm: lm.to_sphere(np.full(576, 1e300)), ValueError, "numbers beyond 1e150"),
        (lambda lm: lm.to_sphere(torch.ones(576, requires_grad=True)), TypeError, "real numbers; got Tensor"),
        (lambda lm: lm.id("a" * 100_000), ValueError, r"^'a{10,}.* tokens, not one: .{20,100}…[.] Choose"),
        (lambda lm: lm.run("a").top(True), ValueError, "whole number from 1 to 49152.*got True"),
        (lambda lm: lm.run("a").top(1, position=True), TypeError, "position should be a whole number; got True"),
        (lambda lm: lm.run("a").top(0), ValueError, "a whole number from 1 to 49152"),
        (lambda lm: lm.run("a").top(49153), ValueError, "from 1 to 49152, the size of the vocabulary; got 49153"),
        (lambda lm: lm.run("a").top(1, position=1), ValueError, "position 1 is out of range: this text has 1 tokens"),
        (lambda lm: lm.run("a").top(1, temperature=0), ValueError, "temperature"),
        (lambda lm: load_model("~nobody-here/model"), ValueError, "cannot be the name of a folder"),
        (lambda lm: load_model("a" * 300), ValueError, "cannot be the name of a folder"),
        (lambda lm: load_model("nobody"), ValueError, "'nobody' is no folder here and could not be had"),
        (lambda lm: load_model(3), TypeError, "a folder or a model hub's id"),
        (lambda lm: load_model(""), TypeError, "a folder or a model hub's id"),
        (lambda lm: load_model("nobody/no-such-model"), ValueError, "no folder here and could not be had"),
    ],
)
def test_refusals_say_what_came(lm, call, error, words):
    with pytest.raises(error, match=words):
        call(lm)


def test_a_folder_that_is_no_model(tmp_path):
    with pytest.raises(ValueError, match=r"holds no config\.json"):
        load_model(tmp_path)


def test_pickled_weights_are_refused(tmp_path):
    saved(family("Llama", tie_word_embeddings=False), tmp_path)
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(ValueError, match="Pickled weights can run code"):
        load_model(tmp_path)


def test_a_model_without_an_unembedding_is_refused(tmp_path):
    transformers.CLIPVisionModel(
        transformers.CLIPVisionConfig(hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=2)
    ).save_pretrained(tmp_path)
    tiny_tokenizer(tmp_path)
    with pytest.raises(ValueError, match="cannot be opened as a causal language model"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    "name, text, words",
    [
        ("tokenizer.json", "{", "holds no tokenizer that can be read"),
        ("tokenizer.json", None, "holds no tokenizer that can be read"),
        ("config.json", "{", "cannot be opened as a causal language model"),
        ("model.safetensors", "cut", "cannot be opened as a causal language model"),
        ("model.safetensors", '{"a": {"shape": "xy"}}', "cannot be opened as a causal language model"),
        ("model.safetensors", "[" * 200_000, "cannot be opened as a causal language model"),
    ],
)
def test_a_broken_folder_is_named(small, name, text, words):
    head = "" if name.endswith(".json") or text == "cut" else len(text).to_bytes(8, "little").decode("latin1")
    (small / name).unlink() if text is None else (small / name).write_text(head + text, encoding="latin1")
    with pytest.raises(ValueError, match=words):
        load_model(small)


def test_a_models_own_code_is_never_run_nor_asked_about(small, monkeypatch):
    config = json.loads((small / "config.json").read_text())
    config |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}}
    (small / "config.json").write_text(json.dumps(config))
    (small / "own.py").write_text(f"open({str(small / 'ran')!r}, 'w')")
    monkeypatch.setattr("builtins.input", lambda *prompt: pytest.fail("the reader was asked to run code"))
    with pytest.raises(ValueError, match="cannot be opened as a causal language model"):
        load_model(small)
    assert not (small / "ran").exists()


def test_a_model_larger_than_the_memory_is_refused_with_both_sizes(small):
    header = {"lm_head.weight": {"dtype": "F16", "shape": [2**20, 2**21], "data_offsets": [0, 2**42]}}
    raw = json.dumps(header).encode()
    (small / "model.safetensors").write_bytes(len(raw).to_bytes(8, "little") + raw)
    os.truncate(small / "model.safetensors", 8 + len(raw) + 2**42)  # sparse: it takes no room on the disk
    with pytest.raises(ValueError, match=r"needs 8796\.1 GB of memory for its weights.*, and \d+\.\d GB is free"):
        load_model(small)


def test_only_the_files_that_will_be_opened_count_for_the_memory(small, monkeypatch):
    shutil.copy(small / "model.safetensors", small / "model.fp16.safetensors")
    monkeypatch.setattr("helpers.model.memory_free", lambda: 1.5 * (small / "model.safetensors").stat().st_size)
    assert load_model(small).run("A").ids.tolist() == [32]


def test_a_containers_limit_counts(monkeypatch):
    files = {"memory.max": "1000", "memory.current": "700", "memory.stat": "anon 500\nfile 250\nshmem 50\n"}
    read = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, **how: files.get(path.name) or read(path, **how))
    assert memory_free() == 500
    files["memory.max"] = "max"
    assert memory_free() > 10**6


def test_an_adapter_alone_is_no_model(small):
    (small / "model.safetensors").rename(small / "adapter_model.safetensors")
    with pytest.raises(ValueError, match="holds no model in safetensors"):
        load_model(small)


def test_a_tokenizer_file_that_truncates_or_pads_does_neither_here(small):
    tokenizer = Tokenizer.from_file(str(small / "tokenizer.json"))
    tokenizer.enable_truncation(2)
    tokenizer.enable_padding(length=6)
    tokenizer.save(str(small / "tokenizer.json"))
    assert len(load_model(small).encode("ABBA")) == 4


def test_a_word_that_would_be_read_as_something_else_has_no_id(small):
    tokenizer = Tokenizer(models.WordLevel({"a": 0, "<unk>": 1, "far": 99}, unk_token="<unk>"))
    tokenizer.save(str(small / "tokenizer.json"))
    lm = load_model(small)
    assert lm.id("a") == 0
    with pytest.raises(ValueError, match="'qwerty' is not a token of this vocabulary; it would be read as '<unk>'"):
        lm.id("qwerty")
    with pytest.raises(ValueError, match="99 is out of range: this model has IDs 0 to 63"):  # more IDs than rows
        lm.run("far")


def test_what_a_run_returns_cannot_be_changed_by_accident(lm):
    run = lm.run("a")
    for array in (run.ids, run.residuals, run.sphere_states, run.logits):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize("bad", [0x00, 0xFF])  # a layer of zeros, and one of NaN
def test_a_default_model_whose_bytes_went_wrong_is_never_used(lm, tmp_path, monkeypatch, bad):
    folder = tmp_path / NAME
    shutil.copytree(lm.folder, folder)
    header, start = _header(folder / "model.safetensors")
    first, last = header["model.layers.12.mlp.down_proj.weight"]["data_offsets"]
    with open(folder / "model.safetensors", "r+b") as file:
        file.seek(start + first)
        file.write(bytes([bad]) * (last - first))
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    damaged = load_model()
    for _ in range(2):  # and it is not kept
        with pytest.raises(FetchError, match=r"is damaged \(.*\)\. Delete that folder and start again"):
            damaged.run("a")
    shutil.rmtree(folder)


def test_missing_weights_are_refused_not_drawn_at_random(tmp_path):
    saved(family("Llama", tie_word_embeddings=False), tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["lm_head.weight"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match="lacks weights that its config asks for, first of all lm_head.weight"):
        load_model(tmp_path)


# ---------------------------------------------------------------- opening fast


def test_tokens_and_vectors_need_neither_torch_nor_transformers(lm):
    code = (
        "import sys; from helpers.model import load_model; lm = load_model();"
        "v = lm.embedding[lm.id(' Paris')]; import helpers.figures, helpers.exercises, helpers.display;"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
