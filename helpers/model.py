"""What does this model hold, and what does it do with my text?

    lm = load_model()                 # the default model, offline after the first call
    run = lm.run("The capital of France is")
    run.sphere_states @ lm.targets.T  # = run.logits

Tokens and token vectors are read straight from the files; torch and transformers are imported only when the model
has to run, and `helpers.weights.observe` watches what it does. Arrays are read-only, float32 but for token IDs (int64).
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from helpers.softmax import softmax
from helpers.weights.fetch import fetch
from helpers.weights.folder import find_folder, first_line, mapped_tensor, open_tokenizer
from helpers.weights.home import NAME, is_complete
from helpers.weights.observe import frozen, read
from helpers.weights.opening import most_tokens, open_parts
from helpers.weights.tokens import put_before, token_texts


def load_model(source=None, device="cpu"):
    """A `LanguageModel`: the default; "gemma-3-270m", once fetched; or any causal one of transformers, by folder or id.

    Weights are read from safetensors only and computed in float32, so that numbers agree between machines. Raises
    ValueError where `source` holds no causal language model with an unembedding, and FetchError (an OSError) where
    the default model cannot be fetched or, when it first runs, does not give a known answer.
    """
    lm = LanguageModel(fetch(), NAME, device) if source is None else LanguageModel(find_folder(source), source, device)
    if source is not None or device != "cpu":
        lm.tokenizer, lm._parts  # noqa: B018  a model or a device of the reader's own shows its problems now, not later
    return lm


class LanguageModel:
    """A causal language model as arrays. V tokens, width d, L layers; get one from `load_model`.

    name, n_vocab (V), width (d, of residuals and targets), n_layers (L), longest (the most tokens it takes at once, or
    None), tied (is the unembedding the embedding?), norm_kind ("rms" or "layer"; "none" where what enters the
    unembedding is not one norm's output, up to an affine map; a sphere state is then what enters it), gain (γ, (d,)),
    head_scale (by which all logits are multiplied), radius (√d, the size of a sphere state; None without a norm),
    softcap (None, or c where the model gives c·tanh(ℓ/c) for a logit ℓ), tokenizer (of the tokenizers library).
    """

    def __init__(self, folder, name, device):
        self.folder, self.name, self._device = folder, str(name), device
        self._is_default = is_complete(folder)

    def __repr__(self):
        return f"<LanguageModel {self.name}: V = {self.n_vocab}, d = {self.width}>"

    @cached_property
    def _parts(self):
        return open_parts(self.folder, self.name, self._device, self.tokenizer)

    @cached_property
    def tokenizer(self):
        return open_tokenizer(self.folder)

    @cached_property
    def begin_ids(self):
        """The IDs, (n,), that the model's own tokenizer would put before a text, as `run` does; n is often 0."""
        return frozen(np.array(put_before(self.tokenizer), dtype=np.int64))

    def encode(self, text):
        """The text's token IDs, (T,) int64: the model's own tokenizer, no special tokens added (see `begin_ids`)."""
        if not isinstance(text, str):
            raise TypeError(f"A text was expected; got {type(text).__name__}.")
        if not text:
            raise ValueError("The text is empty: there is no token in it. Give at least one character.")
        if not (ids := self.tokenizer.encode(text, add_special_tokens=False).ids):
            raise ValueError(f"{text!r:.60} becomes no token at all: this vocabulary has no piece for its characters.")
        return self._ids(ids)

    def decode(self, ids):
        """The text of token IDs, shape (T,). Bytes that are no text show as �, as in any decoder."""
        return self.tokenizer.decode(self._ids(ids).tolist(), skip_special_tokens=False)

    def token(self, id):
        """The token's text; a byte that is no text on its own shows as <0xE2>."""
        return self._token_texts[self._ids([id])[0]]

    def id(self, text):
        """The ID of the token with exactly this text. ValueError, listing the pieces, where it is not one token."""
        ids = self.encode(text)
        if len(ids) == 1 and self.token(ids[0]) == text:
            return int(ids[0])
        if text in self._token_texts:  # a tokenizer that puts a space before every text reads another one
            return self._token_texts.index(text)
        pieces = " + ".join(repr(self.token(i)) for i in ids[:8]) + (" + …" if len(ids) > 8 else "")
        if len(ids) == 1:
            raise ValueError(f"{text!r} is not a token of this vocabulary; it would be read as {pieces}.")
        hint = "Choose one of the pieces, or another word (a leading space often decides)."
        raise ValueError(f"{text!r:.60} is {len(ids)} tokens, not one: {pieces}. {hint}")

    @cached_property
    def _token_texts(self):
        return token_texts(self.tokenizer, max(self.n_vocab, len(self.embedding)))  # few models have more of one kind

    def _ids(self, ids):
        array, n = np.asarray(ids), len(self._token_texts)
        if array.shape == (0,):
            raise ValueError("There are no token IDs: give at least one.")
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise TypeError(f"Token IDs were expected, whole numbers of shape (T,); got {ids!r:.60}.")
        if len(wrong := array[(array < 0) | (array >= n)]):
            raise ValueError(f"Token ID {wrong[0]} is out of range: this model has IDs 0 to {n - 1}.")
        return array.astype(np.int64)

    @cached_property
    def embedding(self):
        """W_E, shape (V, d): row i is the token vector of token i, what goes in.

        As it stands in the file: some models scale it on its way in, or add positions, and a few project it from
        another width to d; `Run.residuals[0]` is what came of it.
        """
        if self._is_default:  # the file is known: no need to open the model for one matrix
            return mapped_tensor(self.folder / "model.safetensors", "model.embed_tokens.weight")
        return self._parts.embedding

    @property
    def unembedding(self):
        """W_U, shape (V, d), as it stands in the file; `targets` has the gain, and a projection, folded in."""
        return self._parts.unembedding

    @cached_property
    def targets(self):
        """u_i = γ∘w_i, shape (V, d), head scale folded in: a logit is z·u_i + b_i for a sphere state z.

        After a LayerNorm z is perpendicular to the vector of ones, so a target's component along ones, which
        no z can see, is taken out (Brody, Alon & Yahav 2023, arXiv 2305.02582).
        """
        w, projection = self.unembedding, self._parts.to_head
        u = self.head_scale * self.gain * (w if projection is None else w @ projection)
        if self.norm_kind == "layer":
            u -= u.mean(axis=1, keepdims=True)
        return frozen(u)

    @cached_property
    def offsets(self):
        """b_i, shape (V,): what a LayerNorm's bias and a head's bias add to a logit."""
        return frozen(self.head_scale * (self.unembedding @ self._parts.bias + self._parts.head_bias))

    # Of the default model these two are known without opening it.
    n_vocab = property(lambda self: len(self.embedding if self._is_default else self.unembedding))
    width = property(lambda self: self.embedding.shape[1] if self._is_default else len(self.gain))
    n_layers = property(lambda self: self._parts.n_layers)
    longest = property(lambda self: most_tokens(self._parts.model))
    tied = property(lambda self: self._parts.tied)
    norm_kind = property(lambda self: self._parts.norm_kind)
    gain = property(lambda self: self._parts.gain)
    head_scale = property(lambda self: self._parts.scale)
    softcap = property(lambda self: self._parts.softcap)
    unused_weights = property(lambda self: self._parts.model.unused_weights)  # names, of further heads perhaps
    radius = property(lambda self: None if self.norm_kind == "none" else float(np.sqrt(self.width)))

    def to_sphere(self, x):
        """The sphere state of a residual: the final norm without gain and bias. Shape (..., d) to (..., d).

        ‖z‖² = d·v/(v + ε), v the mean square of x (for a LayerNorm, of x less its mean): √d but for ε (Zhang &
        Sennrich 2019, arXiv 1910.07467). Without a final norm, x itself.
        """
        x = np.asarray(x, dtype=np.float64)
        if x.shape[-1:] != (self.width,):
            raise ValueError(f"to_sphere takes residuals of shape (..., {self.width}); got shape {x.shape}.")
        if not np.isfinite(x).all():
            raise ValueError("The residual holds NaN or infinity; look where it came from.")
        if self.norm_kind == "layer":
            x = x - x.mean(axis=-1, keepdims=True)
        if self.norm_kind != "none":
            x = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + self._parts.epsilon)  # z
        return x.astype(np.float32)

    def run(self, text_or_ids, change=None):
        """A `Run` of a text, `begin_ids` before it, or of exactly these IDs (T,). `change`: see `observe.read`."""
        whole = isinstance(text_or_ids, str)
        ids = np.append(self.begin_ids, self.encode(text_or_ids)) if whole else self._ids(text_or_ids)
        if self.longest and len(ids) > self.longest:
            raise ValueError(f"The text is {len(ids)} tokens long; this model takes at most {self.longest}.")
        try:
            stream, logits = read(self._parts, ids, change)
        except (RuntimeError, IndexError) as error:
            raise ValueError(f"{self.name} cannot take these {len(ids)} tokens ({first_line(error)}).") from error
        tokens, z = [self.token(i) for i in ids], frozen(self.to_sphere(stream[-1]))
        return Run(frozen(ids), tokens, stream if len(stream) > 1 else None, z, logits, self)


@dataclass(frozen=True)
class Run:
    """What a model did with T tokens. Rows and tokens belong together: row t is at position t.

    ids (T,) int64 and tokens, a list of T texts: what went in. residuals (L+1, T, d): the running vector BEFORE the
    final norm, after the embedding (0) and after each layer; None where the final norm does not end a chain of layers.
    sphere_states (T, d). logits (T, V): the model's own.
    """

    ids: np.ndarray
    tokens: list
    residuals: np.ndarray = field(repr=False)
    sphere_states: np.ndarray = field(repr=False)
    logits: np.ndarray = field(repr=False)
    _lm: LanguageModel = field(repr=False)

    def top(self, k=5, position=-1, temperature=1.0):
        """The k most probable next tokens at a position: a list of (token, probability), best first."""
        if not isinstance(k, int | np.integer) or not 1 <= k <= self.logits.shape[1]:
            raise ValueError(f"k should be a whole number from 1 to {self.logits.shape[1]}, one a token; got {k!r}.")
        probabilities = softmax(self.logits[position], temperature)
        best = np.argsort(-probabilities, kind="stable")[:k]
        return [(self._lm.token(i), float(probabilities[i])) for i in best]
