"""helpers.model: the contract on the default model, tokenizers that other models bring along, and every refusal."""

import json
import re
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
import regex
import torch
import transformers
from families import LLAMA, family, random_model, saved
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers.convert_slow_tokenizer import bytes_to_unicode

from helpers.model import load_model

PROMPTS = ["The capital of France is", "The opposite of hot is", "A, B, C, D, E,", "def add(a, b):\n    return a", "a"]
# Float32 products of width 576 agree to about 1e-6 of the largest logit (40); a lost gain is off by whole units.
RELATIVE = 1e-5


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


TEXTS = [
    "Hello world, it's 2024 and we're fine.",
    "x  10 and    42",  # white space before a digit: the rule that GGUF readers miss
    "    return a1 + b22\n\n\tdef f():  # 3 spaces   ",
    "naïve Straße Ελλάδα Привет 日本語 안녕 नमस्ते 🙂👍🏽",
    " unbelievable antidisestablishmentarianism zxqvj",
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_tokenizer_equals_a_slow_reference(lm, text):
    back = {character: byte for byte, character in bytes_to_unicode().items()}
    pairs = json.loads(lm.tokenizer.to_str())["model"]["merges"]
    merges = {tuple(bytes(back[c] for c in part) for part in pair): n for n, pair in enumerate(pairs)}
    expected = list(slow_pieces(text, merges))
    ids = lm.encode(text)
    assert b"".join(expected).decode() == text == lm.decode(ids)
    shown = [piece.decode("utf-8", "backslashreplace").replace("\\x", "<0x") for piece in expected]
    assert [re.sub(r"<0x(..)>", lambda m: f"<0x{m[1].lower()}", lm.token(i)) for i in ids] == shown


def test_tokens_and_ids(lm):
    assert lm.encode("The capital of France is").dtype == np.int64 and lm.begin_ids.shape == (0,)
    assert lm.token(lm.id(" Paris")) == " Paris"
    assert lm.token(0) == "<|endoftext|>"
    assert lm.decode(lm.encode("<|im_start|>user")) == "<|im_start|>user"


def test_the_default_model(lm):
    assert (lm.n_vocab, lm.width, lm.n_layers, lm.longest) == (49152, 576, 30, 8192)
    assert lm.tied and lm.norm_kind == "rms" and lm.softcap is None and lm.radius == 24 and lm.head_scale == 1
    np.testing.assert_array_equal(lm.embedding, lm.unembedding)  # mapped from the file = in the model
    norm = lm._parts.stops[-1]
    np.testing.assert_array_equal(lm.gain, norm.weight.detach())
    np.testing.assert_array_equal(lm.targets, lm.gain * lm.unembedding)
    assert lm._parts.epsilon == pytest.approx(norm.variance_epsilon, rel=1e-5)
    assert not lm.offsets.any() and lm.offsets.shape == (49152,)
    run = lm.run("a")
    for array in (lm.embedding, lm.unembedding, lm.gain, lm.targets, lm.offsets, *vars(run).values()):
        if isinstance(array, np.ndarray):
            assert array.dtype == (np.int64 if array is run.ids else np.float32) and not array.flags.writeable


@pytest.mark.parametrize("prompt", PROMPTS)
def test_states_times_targets_are_the_models_logits(lm, prompt):
    run = lm.run(prompt)
    with torch.no_grad():
        out = lm._parts.model(torch.tensor(run.ids[None]), output_hidden_states=True)
    np.testing.assert_array_equal(run.logits, out.logits[0].numpy())
    rebuilt = run.sphere_states @ lm.targets.T + lm.offsets
    assert np.abs(rebuilt - run.logits).max() < RELATIVE * np.abs(run.logits).max()
    assert np.abs(run.sphere_states @ lm.unembedding.T - run.logits).max() > 1  # a forgotten gain would show
    assert run.residuals.shape == (31, len(run.ids), 576)
    np.testing.assert_array_equal(run.residuals[0], lm.embedding[run.ids])
    # Before the final norm at every layer: the library's list agrees but for its last, which comes after the norm.
    for mine, theirs in zip(run.residuals[:-1], out.hidden_states[:-1], strict=True):
        np.testing.assert_array_equal(mine, theirs[0].numpy())
    after_norm = lm._parts.stops[-1](torch.tensor(run.residuals[-1])).detach().numpy()
    np.testing.assert_allclose(out.hidden_states[-1][0].numpy(), after_norm, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(run.sphere_states, axis=1), 24, rtol=1e-5)


def test_top(lm):
    run = lm.run([*lm.encode("The capital of France is")])
    assert run.tokens == ["The", " capital", " of", " France", " is"]
    (token, p), *rest = run.top(3)
    assert token == " Paris" and len(rest) == 2
    logits = run.logits[-1].astype(float)
    assert p == pytest.approx(np.exp(logits.max()) / np.exp(logits).sum(), rel=1e-4)
    warm = np.exp(logits / 5)
    assert run.top(1, temperature=5.0)[0][1] == pytest.approx(warm.max() / warm.sum(), rel=1e-4)
    for position in (0, 2, -3):
        assert run.top(1, position=position)[0][0] == lm.token(run.logits[position].argmax())
    assert len(repr(run)) < 200  # not the arrays


def test_tokens_and_vectors_need_neither_torch_nor_transformers(lm):
    code = (
        "import sys; from helpers.model import load_model; lm = load_model();"
        "v = lm.embedding[lm.id(' Paris')]; import helpers.figures, helpers.exercises;"
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def opened(folder, tokenizer):
    saved(family("Llama"), folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    return load_model(folder)


def test_no_special_token_is_added_nor_a_text_cut_or_filled_up(tmp_path):
    tokenizer = Tokenizer(models.BPE({chr(40 + i): i for i in range(60)}, []))
    tokenizer.post_processor = processors.TemplateProcessing(single="( $A )", special_tokens=[("(", 0), (")", 1)])
    tokenizer.enable_truncation(3)
    tokenizer.enable_padding(length=6)
    lm = opened(tmp_path, tokenizer)
    assert lm.encode("ABBA").tolist() == [25, 26, 26, 25]
    assert lm.begin_ids.tolist() == [0] and lm.run("AB").tokens == ["(", "A", "B"]
    assert lm.run(lm.encode("AB")).tokens == ["A", "B"]  # exactly these
    assert lm.token(63) == "<no token 63>"


def test_a_tokenizer_that_puts_a_space_before_every_text(tmp_path):
    tokenizer = Tokenizer(models.BPE({"▁": 0, "a": 1, "b": 2, "▁a": 3}, [("▁", "a")]))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    lm = opened(tmp_path, tokenizer)
    assert (lm.id(" a"), lm.id("a"), lm.id("b")) == (3, 1, 2) and lm.decode(lm.encode("ab")) == "ab"
    with pytest.raises(ValueError, match="' ab' is 3 tokens, not one: ' ' . ' a' . 'b'"):
        lm.id(" ab")


def test_a_token_that_is_not_in_bytes_shows_as_it_stands(tmp_path):
    tokenizer = Tokenizer(models.BPE({"a": 0, "日": 1}, []))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
    assert opened(tmp_path, tokenizer).token(1) == "日"


def test_a_word_that_would_be_read_as_something_else_has_no_id(tmp_path):
    lm = opened(tmp_path, Tokenizer(models.WordLevel({"a": 0, "<unk>": 1, "far": 99}, unk_token="<unk>")))
    assert lm.id("a") == 0
    with pytest.raises(ValueError, match="'qwerty' is not a token of this vocabulary; it would be read as '<unk>'"):
        lm.id("qwerty")
    with pytest.raises(ValueError, match="99 is out of range: this model has IDs 0 to 63"):  # more IDs than rows
        lm.run("far")


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda lm: lm.encode(7), TypeError, "A text was expected; got int"),
        (lambda lm: lm.run(""), ValueError, "The text is empty"),
        (lambda lm: lm.encode("\x04"), ValueError, "becomes no token at all"),
        (lambda lm: lm.run([]), ValueError, "There are no token IDs"),
        (lambda lm: lm.run([5, 49152]), ValueError, "49152 is out of range: this model has IDs 0 to 49151"),
        (lambda lm: lm.token(-1), ValueError, "-1 is out of range"),
        (lambda lm: lm.run([0.5]), TypeError, r"whole numbers of shape \(T,\); got \[0.5\]"),
        (lambda lm: lm.run([5] * 8193), ValueError, "8193 tokens long; this model takes at most 8192"),
        (lambda lm: lm.id("a" * 100_000), ValueError, r"^'a{10,}.* tokens, not one: .{20,100}…[.] Choose"),
        (lambda lm: lm.to_sphere(np.ones(5)), ValueError, r"shape \(..., 576\); got shape \(5,\)"),
        (lambda lm: lm.to_sphere(np.full(576, np.nan)), ValueError, "holds NaN or infinity"),
        (lambda lm: lm.run("a").top(0), ValueError, "k should be a whole number from 1 to 49152, .*; got 0"),
        (lambda lm: lm.run("a").top(1, temperature=0), ValueError, "temperature"),
    ],
)
def test_refusals_say_what_came(lm, call, error, words):
    with pytest.raises(error, match=words):
        call(lm)


def test_a_text_that_the_model_cannot_take_is_refused_in_a_sentence(tmp_path):
    config = transformers.RobertaConfig(**LLAMA | dict(max_position_embeddings=20, is_decoder=True, pad_token_id=1))
    lm = load_model(saved(random_model(config), tmp_path))
    with pytest.raises(ValueError, match=r"cannot take these 19 tokens \("):  # its positions begin at 2
        lm.run("A" * 19)
