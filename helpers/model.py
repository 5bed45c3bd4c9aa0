"""What does this model hold, and what does it do with my text?

    lm = load_model()                 # the default model, offline after the first call
    run = lm.run("The capital of France is")
    run.sphere_states @ lm.targets.T  # = run.logits

Tokens and token vectors are read straight from the files. torch and transformers are imported only when the model
has to run. Nothing about the final norm or the head is assumed from a model's name: `helpers.observe` watches what
the model does. Arrays are read-only, and float32 but for token IDs (int64).
"""

import json
import math
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from helpers import download
from helpers.observe import array, entered, frozen, longest, observe, standardised
from helpers.softmax import _real, softmax

CANARY, CANARY_TOKEN = "The capital of France is", " Paris"
CANARY_PROBABILITY, CANARY_WITHIN = 0.7725, 0.002  # threads and processors move a logit by about 5e-5


def load_model(source=None, device="cpu"):
    """A `LanguageModel`: the default one, or any causal language model of transformers.

    `source` is a local folder or a model hub's id; without it the default model is fetched on first use
    (`helpers.download`). Weights are computed in float32, so that numbers agree between machines, and are read
    from safetensors only. Raises ValueError where `source` holds no causal language model with an unembedding,
    and `helpers.download.FetchError` (an OSError) where the default model cannot be fetched, or, when it first runs,
    where it does not give a known answer.
    """
    if source is None:
        lm = LanguageModel(download.fetch(), download.NAME, device)
        if device != "cpu":
            lm._parts  # noqa: B018  a device that is not there shows now
        return lm
    if not isinstance(source, str | Path) or not str(source).strip():
        raise TypeError(f"load_model takes a folder or a model hub's id as text; got {source!r}.")
    lm = LanguageModel(_folder(source), str(source), device)
    lm.tokenizer, lm._parts  # noqa: B018  a model of the reader's own shows its problems now, not later
    return lm


class LanguageModel:
    """A causal language model as arrays. V tokens, width d, L layers; get one from `load_model`.

    name, n_vocab (V), width (d, of residuals and targets), n_layers (L), tied (is the unembedding the embedding?),
    norm_kind ("rms" or "layer"; "none" where what enters the unembedding is not the output of one norm, up to an
    affine map; a sphere state is then what enters it), radius (√d, the size of a sphere state; None without a final
    norm), softcap (None, or c where the model gives c·tanh(ℓ/c) for a logit ℓ), tokenizer (of the tokenizers library).
    """

    def __init__(self, folder, name, device):
        self.folder, self.name, self._device = Path(folder), name, device

    def __repr__(self):
        return f"<LanguageModel {self.name}: V = {self.n_vocab}, d = {self.width}>"

    # ------------------------------------------------------------ tokens

    @cached_property
    def tokenizer(self):
        from tokenizers import Tokenizer

        try:
            # AutoTokenizer would import transformers' model code: seconds, for the same tokenizer.
            if (self.folder / "tokenizer.json").is_file():
                tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
            else:
                from transformers import AutoTokenizer

                tokenizer = AutoTokenizer.from_pretrained(
                    self.folder, local_files_only=True, trust_remote_code=False
                ).backend_tokenizer
        except Exception as error:  # the library raises a bare Exception
            raise ValueError(f"{self.folder} holds no tokenizer that can be read ({_first_line(error)}).") from error
        tokenizer.no_truncation()  # a file may carry both; the text would be cut or filled up without a word
        tokenizer.no_padding()
        return tokenizer

    def encode(self, text):
        """The text's token IDs, (T,) int64: the model's own tokenizer, no special tokens added (see `begin_ids`)."""
        if not isinstance(text, str):
            raise TypeError(f"A text was expected; got {type(text).__name__}.")
        if not text:
            raise ValueError("The text is empty: there is no token in it. Give at least one character.")
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise ValueError(f"The text holds half a character, {text[error.start]!r}, which is no Unicode.") from error
        ids = np.array(self.tokenizer.encode(text, add_special_tokens=False).ids, dtype=np.int64)
        if len(ids) == 0:
            raise ValueError(f"{text!r:.60} becomes no token at all: this vocabulary has no piece for its characters.")
        return self._ids(ids)

    @cached_property
    def begin_ids(self):
        """The IDs that the model's own tokenizer would put before a text, shape (n,); for many models there are none.

        A model that was trained with them may do badly without: `lm.run([*lm.begin_ids, *lm.encode(text)])`.
        """
        for text in "aA1.":  # the first that the vocabulary has
            bare, full = (self.tokenizer.encode(text, add_special_tokens=special).ids for special in (False, True))
            if bare:
                n = next((n for n in range(len(full)) if full[n : n + len(bare)] == bare), 0)
                return frozen(np.array(full[:n], dtype=np.int64))
        return frozen(np.zeros(0, np.int64))

    def decode(self, ids):
        """The text of token IDs, shape (T,). Bytes that are no text show as �, as in any decoder."""
        return self.tokenizer.decode(self._ids(ids, named=True).tolist(), skip_special_tokens=False)

    def token(self, id):
        """The token's text; a byte that is no text on its own shows as <0xE2>."""
        return self._token_texts[self._ids([id], named=True)[0]]

    def id(self, text):
        """The ID of the token with exactly this text. ValueError, listing the pieces, where it is not one token."""
        ids = self.encode(text)
        if len(ids) == 1 and self.token(ids[0]) == text:
            return int(ids[0])
        if text in self._token_texts:  # a tokenizer that puts a space before every text reads another one
            return self._token_texts.index(text)
        if len(ids) == 1:
            raise ValueError(f"{text!r} is not a token of this vocabulary; it would be read as {self.token(ids[0])!r}.")
        pieces = " + ".join(repr(self.token(i)) for i in ids[:8]) + (" + …" if len(ids) > 8 else "")
        raise ValueError(
            f"{text!r:.60} is {len(ids)} tokens, not one: {pieces}. "
            "Choose one of the pieces, or another word (a leading space often decides)."
        )

    @cached_property
    def _token_texts(self):
        special = self.tokenizer.get_added_tokens_decoder()
        to_bytes = _byte_alphabet() if "ByteLevel" in repr(self.tokenizer.decoder) else None
        texts = []
        for i in range(max(self.n_vocab, len(self.embedding))):
            piece = self.tokenizer.id_to_token(i)
            if piece is None:
                texts.append(f"<no token {i}>")  # a padding row
            elif i in special:
                texts.append(special[i].content)
            elif to_bytes and to_bytes.keys() >= set(piece):
                texts.append(_show_bytes(bytes(to_bytes[character] for character in piece)))
            else:
                texts.append(piece.replace("▁", " "))
        return texts

    def _ids(self, ids, named=False):
        """Token IDs that can go in, or with `named` that can go in or come out: few models have more of one kind."""
        try:
            array = np.asarray(ids)
        except ValueError:  # lists of different lengths
            array = np.array(None)
        if array.shape == (0,):
            raise ValueError("There are no token IDs: give at least one.")
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise TypeError(f"Token IDs were expected, whole numbers of shape (T,); got {ids!r:.60}.")
        n = max(self.n_vocab, len(self.embedding)) if named else len(self.embedding)
        if array.min() < 0 or array.max() >= n:
            wrong = array[(array < 0) | (array >= n)][0]
            raise ValueError(f"Token ID {wrong} is out of range: this model has IDs 0 to {n - 1}.")
        return array.astype(np.int64)

    # ------------------------------------------------------------ arrays

    @cached_property
    def embedding(self):
        """W_E, shape (V, d): row i is the token vector of token i, what goes in.

        As it stands in the file: some models scale it on its way in, or add positions (`Run.residuals[0]` is what
        came of it), and a few project it from another width to d.
        """
        if download.is_complete(self.folder):  # the file is known: no need to load the model for one matrix
            return _mapped(self.folder / "model.safetensors", "model.embed_tokens.weight")
        return self._parts.embedding

    @cached_property
    def unembedding(self):
        """W_U, shape (V, d), as it stands in the file; `targets` has the gain, and a projection, folded in."""
        return self._parts.unembedding

    @cached_property
    def targets(self):
        """u_i = γ∘w_i, shape (V, d), head scale folded in: a logit is z·u_i + b_i for a sphere state z.

        After a LayerNorm z is perpendicular to the vector of ones, so a target's component along ones, which
        no z can see, is taken out (Brody, Alon & Yahav 2023, arXiv 2305.02582).
        """
        parts = self._parts
        targets = parts.rows * (parts.gain * np.float32(parts.scale))
        if parts.norm_kind == "layer":
            targets -= targets.mean(axis=1, keepdims=True)
        return frozen(targets)

    @cached_property
    def offsets(self):
        """b_i, shape (V,): what a LayerNorm's bias and a head's bias add to a logit."""
        parts = self._parts
        added = parts.rows @ parts.norm_bias + parts.unembedding @ parts.head_shift + parts.head_bias
        return frozen((parts.scale * added).astype(np.float32))

    @cached_property
    def width(self):
        if download.is_complete(self.folder):
            return self.embedding.shape[1]
        return len(self._parts.gain)

    @property
    def n_layers(self):
        layers = self._parts.layers
        return len(layers) if layers else self._parts.model.config.get_text_config().num_hidden_layers

    @cached_property
    def n_vocab(self):
        return len(self.embedding if download.is_complete(self.folder) else self._parts.unembedding)

    @property
    def longest(self):
        """The most tokens that the model takes at once; None where it sets no limit."""
        return longest(self._parts.model)

    tied = property(lambda self: self._parts.tied)
    norm_kind = property(lambda self: self._parts.norm_kind)
    softcap = property(lambda self: self._parts.softcap)
    radius = property(lambda self: None if self.norm_kind == "none" else float(np.sqrt(self.width)))

    def to_sphere(self, x):
        """The sphere state of a residual: the final norm without gain and bias. Shape (..., d) to (..., d).

        ‖z‖² = d·v/(v + ε), where v is the mean square of x (for a LayerNorm, of x less its mean): √d but for ε
        (Zhang & Sennrich 2019, arXiv 1910.07467). Without a final norm, x itself.
        """
        x = _real(x, "The residual")
        if x.ndim == 0 or x.shape[-1] != self.width:
            raise ValueError(f"to_sphere takes residuals of shape (..., {self.width}); got shape {x.shape}.")
        if not float(np.abs(x).max(initial=0)) < 1e150:  # nor may its square be more than float64 holds
            raise ValueError("The residual holds NaN, infinity or numbers beyond 1e150; look where it came from.")
        if self.norm_kind != "none":
            x = standardised(x.astype(np.float64), self.norm_kind, self._parts.epsilon)
        return x.astype(np.float32)

    # ------------------------------------------------------------ running it

    def run(self, text_or_ids):
        """A `Run`: what the model does with a text, or with token IDs of shape (T,)."""
        import torch

        ids = self.encode(text_or_ids) if isinstance(text_or_ids, str) else self._ids(text_or_ids)
        parts, entering = self._parts, {}
        if self.longest and len(ids) > self.longest:
            raise ValueError(f"The text is {len(ids)} tokens long; this model takes at most {self.longest}.")

        def note(module, arguments, named):
            entering[module] = entered(arguments, named)

        stops = [*(parts.layers or ()), parts.norm or parts.head]
        hooks = [stop.register_forward_pre_hook(note, with_kwargs=True) for stop in stops]
        try:
            with torch.no_grad():
                logits = parts.model(torch.tensor(ids[None], device=self._device)).logits[0]
        except (RuntimeError, IndexError) as error:
            raise ValueError(
                f"{self.name} cannot take this text of {len(ids)} tokens ({_first_line(error)})."
            ) from error
        finally:
            for hook in hooks:
                hook.remove()
        stream = [array(entering[stop]).reshape(len(ids), -1) for stop in stops]
        return Run(
            ids=frozen(ids),
            tokens=[self.token(i) for i in ids],
            residuals=frozen(np.stack(stream)) if parts.layers else None,
            sphere_states=frozen(self.to_sphere(stream[-1])),
            logits=frozen(array(logits)),
            _lm=self,
        )

    @cached_property
    def _parts(self):
        _check_memory(self.folder, self.name)
        if self.name != download.NAME or self._device != "cpu":  # another device's troubles are not the files'
            return self._observed()
        try:
            vars(self)["_parts"] = parts = self._observed()
            token, probability = self.run(CANARY).top(1)[0]
            if token != CANARY_TOKEN or abs(probability - CANARY_PROBABILITY) > CANARY_WITHIN:
                raise ValueError(f"it continues “{CANARY}” with {token!r}, probability {probability:.4f}")
            return parts
        except ValueError as error:
            vars(self).pop("_parts", None)
            raise download.FetchError(
                f"The model in {self.folder} is damaged ({error}). Delete that folder and start again: "
                "it will be made anew."
            ) from error

    def _observed(self):
        model = _opened(self.folder, self.name, self._device)
        try:
            return observe(model, self._device)
        except ValueError as error:
            raise ValueError(f"{self.name} cannot be used here: {error}.") from error


@dataclass(frozen=True)
class Run:
    """What a model did with T tokens. Rows and tokens belong together: row t is at position t.

    ids (T,) int64 and tokens, a list of T texts: what went in. residuals (L+1, T, d): the running vector BEFORE
    the final norm, after the embedding (0) and after each layer; None for the few models whose final norm does not
    end a chain of layers. sphere_states (T, d). logits (T, V): the model's own.
    """

    ids: np.ndarray
    tokens: list
    residuals: np.ndarray = field(repr=False)
    sphere_states: np.ndarray = field(repr=False)
    logits: np.ndarray = field(repr=False)
    _lm: LanguageModel = field(repr=False)

    def top(self, k=5, position=-1, temperature=1.0):
        """The k most probable next tokens at a position: a list of (token, probability), best first."""
        length, n_vocab = self.logits.shape
        if isinstance(k, bool) or not isinstance(k, int | np.integer) or not 1 <= k <= n_vocab:
            raise ValueError(f"k should be a whole number from 1 to {n_vocab}, the size of the vocabulary; got {k!r}.")
        if isinstance(position, bool) or not isinstance(position, int | np.integer):
            raise TypeError(f"position should be a whole number; got {position!r}.")
        if not -length <= position < length:
            raise ValueError(f"position {position} is out of range: this text has {length} tokens, 0 to {length - 1}.")
        probabilities = softmax(self.logits[position], temperature)
        best = np.argsort(-probabilities, kind="stable")[:k]
        return [(self._lm.token(i), float(probabilities[i])) for i in best]


# ---------------------------------------------------------------- bytes and files


def _byte_alphabet():
    """The character that stands for each byte in a byte-level tokenizer (Radford et al. 2019), reversed."""
    shown = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(256 + n): byte for n, byte in enumerate(hidden)}


def _show_bytes(raw):
    # Bytes that are no UTF-8 come out as the characters U+DC80 to U+DCFF, which no real text contains.
    text = raw.decode("utf-8", errors="surrogateescape")
    return "".join(f"<0x{ord(c) - 0xDC00:02X}>" if 0xDC80 <= ord(c) <= 0xDCFF else c for c in text)


def _mapped(path, name):
    """One float32 tensor of a safetensors file, memory-mapped: shared by every process that reads it."""
    header, start = _header(path)
    start += header[name]["data_offsets"][0]
    return np.memmap(path, "<f4", mode="r", offset=start, shape=tuple(header[name]["shape"])).view(np.ndarray)


def _header(path):
    """What a safetensors file says it holds, and where that begins (the format: huggingface.co/docs/safetensors)."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(min(length, path.stat().st_size))), 8 + length


def _first_line(error):
    return next(iter(str(error).splitlines()), type(error).__name__)


def memory_free():
    """Bytes of memory that may still be taken: the machine's, or a container's where that is less."""
    import psutil

    free = psutil.virtual_memory().available
    try:
        limit, used = (int(Path("/sys/fs/cgroup", name).read_text()) for name in ("memory.max", "memory.current"))
        held = dict(line.split() for line in Path("/sys/fs/cgroup/memory.stat").read_text().splitlines())
        return min(free, limit - used + int(held["file"]) - int(held["shmem"]))  # what is held of files can be given up
    except (OSError, ValueError, KeyError):  # no container, or no limit
        return free


def _check_memory(folder, name):
    """ValueError where the weights in float32 would not fit. Their shapes stand at the head of each file."""
    try:
        whole = folder / "model.safetensors"
        files = [whole] if whole.exists() else folder.glob("model-*-of-*.safetensors")
        entries = [entry for path in files for entry in _header(path)[0].values()]
        needed = sum(4 * math.prod(entry.get("shape", [0])) for entry in entries)
    except (OSError, ValueError, AttributeError, TypeError, RecursionError):  # garbled: opening it will say how
        return
    if needed > (free := memory_free()):
        raise ValueError(
            f"{name} needs {needed / 1e9:.1f} GB of memory for its weights in float32, and {free / 1e9:.1f} GB is "
            "free. Close other programs, or choose a smaller model."
        )


def _folder(source):
    """The local folder of `source`, which holds a config and safetensors; from the model hub's cache or the hub."""
    try:
        folder = Path(source).expanduser()
        folder.is_dir()
    except (OSError, RuntimeError) as error:  # a name too long, a home of nobody
        raise ValueError(f"{str(source)!r:.80} cannot be the name of a folder ({_first_line(error)}).") from error
    if folder.is_file():
        raise ValueError(f"{folder} is a file; give the folder that it is in.")
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        try:
            folder = Path(
                snapshot_download(str(source), allow_patterns=["*.json", "model*.safetensors", "*.model", "*.txt"])
            )
        except Exception as error:  # the hub's client raises its own and its transport's exceptions
            raise ValueError(
                f"{str(source)!r} is no folder here and could not be had from the model hub "
                f"({type(error).__name__}). Check the name, or the network, or give a local folder."
            ) from error
    if not (folder / "config.json").is_file():
        raise ValueError(f"{folder} holds no config.json, so it is not a model in the Hugging Face layout.")
    if not list(folder.glob("model*.safetensors")):
        raise ValueError(
            f"{folder} holds no model in safetensors. Pickled weights can run code when opened and are never loaded; "
            "save the model with save_pretrained, which writes safetensors."
        )
    return folder


def _opened(folder, name, device):
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    bar_was_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model, info = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,  # left open, transformers would ask the reader whether to run a model's own code
            output_loading_info=True,
        )
    except Exception as error:  # a wrong architecture, a missing shard, a cut file: each library has its own
        raise ValueError(f"{name} cannot be opened as a causal language model ({_first_line(error)}).") from error
    finally:
        if bar_was_on:
            logging.enable_progress_bar()
    if missing := sorted(info["missing_keys"]):
        raise ValueError(f"{name} lacks weights that its config asks for, first of all {missing[0]}; get it again.")
    if not isinstance(model.get_output_embeddings(), torch.nn.Module):
        raise ValueError(f"{name} has no unembedding: nothing in it turns a vector into logits over the vocabulary.")
    model.config.get_text_config().use_cache = False  # a text is read once, so nothing would be read from the cache
    try:
        return model.eval().to(device)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"The device {device!r} cannot be used here: {_first_line(error)}") from error
