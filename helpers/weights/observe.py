"""What does a model do between its layers and its logits? Found by watching one forward pass, and by probing.

Nothing is assumed from a model's name or its config. Two forward passes show which module enters which; made-up
numbers put in at one place show what becomes of them further on. `observe` puts together the final norm, the head
and the layers, and holds what it found against the model's own logits.
"""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from helpers.weights.folder import first_line

LOUD, QUIET = np.float32(2**14), np.float32(2**-10)  # so large that a norm's ε does not matter; so small that it does
ROUNDING = 1e-6  # of a float32 sum: a few of its last digits
AGREE = 1e-4  # relative: float32 rounding stays two orders below it, a forgotten part comes out two above


@dataclass(frozen=True)
class Parts:
    """What `observe` found. A state z = standardised(x) enters; the logits before a soft cap are

        scale · (W_U @ (to_head @ (gain ∘ z) + bias) + head_bias)

    `stops` are the modules whose inputs are the stream: the layers, where a chain of them ends in the final norm, and
    last the norm itself; x enters the last. Without a norm that is the head, and z = x. `to_head` (p, d) is None where
    W_U acts on gain ∘ z as it is.
    """

    model: object
    stops: list
    tied: bool
    norm_kind: str
    gain: np.ndarray
    epsilon: float
    to_head: np.ndarray | None
    bias: np.ndarray
    scale: float
    softcap: float | None
    head_bias: np.ndarray
    embedding: np.ndarray
    unembedding: np.ndarray

    @property
    def n_layers(self):
        """L; where no chain of layers ends in the norm, the config's word for it."""
        return len(self.stops) - 1 or self.model.config.get_text_config().num_hidden_layers


def observe(model, device):
    """The `Parts` of a causal language model of transformers. ValueError where its logits are not what they say."""
    import torch

    head, embedding = model.get_output_embeddings(), model.get_input_embeddings().weight
    tokens = torch.arange(3, device=device)[None] % len(embedding)
    with torch.no_grad():
        try:
            calls, logits = _watched(model, tokens)
            other = model(torch.cat([tokens[:, :-1], tokens[:, :1]], dim=1)).logits[0]
        except Exception as error:  # each architecture has its own
            raise ValueError(f"it fails at its first text ({first_line(error)})") from error
        if not torch.allclose(logits[0], other[0], rtol=AGREE, atol=AGREE, equal_nan=True):
            raise ValueError("it reads a text from both sides: what it says at a place depends on what comes after")
        entering = next((x for module, x, _ in reversed(calls) if module is head), None)
        if entering is None:
            raise ValueError("its unembedding takes no part in its logits")
        norm, x, kind, gain, epsilon, to_head, bias = _final_norm(model, head, calls, entering, tokens)
        scale, softcap = _after_head(model, head, tokens)
    head_bias = getattr(head, "bias", None)
    parts = Parts(
        model=model,
        stops=[*_layers(model, calls, norm, x), norm or head],
        tied=embedding.data_ptr() == head.weight.data_ptr(),
        norm_kind=kind,
        gain=frozen(gain),
        epsilon=epsilon,
        to_head=to_head,
        bias=bias,
        scale=scale,
        softcap=softcap,
        head_bias=np.zeros(len(head.weight), np.float32) if head_bias is None else array(head_bias),
        embedding=frozen(array(embedding)),
        unembedding=frozen(array(head.weight)),
    )
    _held_against_the_model(parts, array(x), array(logits))
    return parts


def read(parts, ids, change=None):
    """What the model makes of token IDs, shape (T,): its stream, and its logits (T, V).

    The stream is what enters each layer and then the final norm: (L+1, T, d); without a chain of layers (1, T, d).
    `change` takes what the embedding gives, a tensor (1, T, d), and returns what goes on in its place.
    """
    import torch

    entering = {}

    def note(module, arguments, named):
        entering[module] = entered(arguments, named)

    tokens = torch.tensor(ids[None], device=next(parts.model.parameters()).device)
    hooks = [stop.register_forward_pre_hook(note, with_kwargs=True) for stop in parts.stops]
    if change:
        embedding = parts.model.get_input_embeddings()
        hooks.append(embedding.register_forward_hook(lambda module, inputs, output: change(output)))
    with torch.no_grad(), _taken_off(hooks):
        logits = parts.model(tokens).logits[0]
    stream = np.stack([array(entering[stop]).reshape(len(ids), -1) for stop in parts.stops])
    return frozen(stream), frozen(array(logits))


def standardised(x, kind, epsilon):
    """A norm without gain and bias: x over its root mean square; for a LayerNorm, of x less its mean; or x itself."""
    if kind == "none":
        return x
    if kind == "layer":
        x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + np.float32(epsilon))


def array(tensor):
    """A torch tensor as a float32 array of numpy."""
    return tensor.detach().float().cpu().numpy()


def frozen(array):
    """The array itself, from now on read-only."""
    array.flags.writeable = False
    return array


def entered(arguments, named):
    """The residual among a module's arguments: its first array of positions and widths, or None."""
    for value in (*arguments, *named.values()):
        if getattr(value, "ndim", 0) >= 2 and value.is_floating_point():
            return value
    return None


def _watched(model, tokens):
    """Every call of a module in one forward pass that takes and gives vectors: (module, in, out); and the logits."""
    calls = []

    def note(module, arguments, named, output):
        x, y = entered(arguments, named), output[0] if isinstance(output, tuple | list) else output
        if x is not None and getattr(y, "ndim", 0) >= 2:
            calls.append((module, x.clone(), y.clone()))  # a later module may write into them

    with _taken_off(module.register_forward_hook(note, with_kwargs=True) for module in model.modules()):
        return calls, model(tokens).logits[0]


@contextmanager
def _taken_off(hooks):
    """Hooks for a time: whatever happens inside, the model is afterwards as it was."""
    hooks = list(hooks)
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _layers(model, calls, norm, x):
    """The modules that run one after the other, once each, and end in the norm; none where there is no such list."""
    import torch

    gave = {module: y for module, _, y in calls}
    for modules in (list(m) for m in model.modules() if isinstance(m, torch.nn.ModuleList)):
        if modules and modules == [module for module, *_ in calls if module in modules]:
            # The last layer gives what enters the norm, or, where layers end in their norm, holds the norm itself.
            if torch.equal(gave[modules[-1]].reshape(-1), x.reshape(-1)) or norm in modules[-1].modules():
                return modules
    return []


def _final_norm(model, head, calls, entering, tokens):
    """The last module before the head that behaves like a norm: (module, what enters it, kind, gain, ε, A, bias).

    A @ (gain ∘ z) + bias enters the head, with A as in `Parts.to_head`. The kind is "none" where there is no such
    module, or where what enters the head does not follow from it by an affine map.
    """
    for module, x, y in reversed(calls):
        if y.shape == x.shape and y.shape[-1] > 1 and not list(module.children()) and (does := _probed(module, x)):
            if not (way := _to_head(model, head, tokens, module, y)):
                break
            (kind, gain, bias, epsilon), (factor, to_head, shift) = does, way
            bias = factor * bias if to_head is None else to_head @ bias
            return module, x, kind, factor * gain, epsilon, to_head, bias + shift
    width = entering.shape[-1]
    return None, entering, "none", np.ones(width, np.float32), 0.0, None, np.zeros(width, np.float32)


def _probed(module, like):
    """(kind, gain, bias, ε) such that module(x) = gain ∘ standardised(x) + bias; None where no such thing fits."""
    import torch

    width, shape = like.shape[-1], (1,) * (like.ndim - 1) + (-1,)

    def apply(x):
        return array(module(torch.tensor(x.reshape(shape), device=like.device))).reshape(-1)

    signs = np.where(np.arange(width) % 2, -1, 1).astype(np.float32)
    strange = np.random.default_rng(0).normal(1, 1, width).astype(np.float32) * LOUD
    try:
        loud, opposite, told, quiet = map(apply, (signs * LOUD, -signs * LOUD, strange, signs * QUIET))
    except Exception:  # it takes something else beside x, or another shape, so it is no norm
        return None
    bias = (loud + opposite) / 2
    for kind in ("rms", "layer"):
        gain = (loud - opposite) / 2 / standardised(signs * LOUD, kind, 0)
        guess = gain * standardised(strange, kind, 0) + bias
        # Judged by what depends on x; a bias far larger than that still costs digits.
        allowed = AGREE * np.abs(guess - bias).max() + ROUNDING * np.abs(bias).max()
        if gain.any() and np.abs(guess - told).max() <= allowed:
            at = np.abs(gain).argmax()
            shrunk = (quiet[at] - bias[at]) / gain[at] / standardised(signs * QUIET, kind, 0)[at]
            variance = np.var(signs * QUIET) if kind == "layer" else QUIET**2
            return kind, gain, bias, max(0.0, float(variance * (1 / np.float64(shrunk) ** 2 - 1)))
    return None


def _to_head(model, head, tokens, norm, y):
    """(a, A, c) such that A @ (a·y) + c enters the head when the norm gives y; None where nothing affine fits.

    A is None where it is not needed.
    """
    import torch

    width = y.shape[-1]
    if y.numel() != tokens.numel() * width:
        return None

    def enters(values, ids=tokens):
        """What enters the head when the norm gives these values instead of its own."""
        seen, values = [], torch.tensor(values, device=y.device)
        gives = norm.register_forward_hook(lambda module, inputs, output: values.reshape(output.shape))
        notes = head.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
        with _taken_off([gives, notes]):
            model(ids)
        return array(seen[-1]).reshape(len(values), -1)

    strange = np.random.default_rng(0).normal(size=(tokens.numel(), width)).astype(np.float32)
    told, shift = enters(strange), enters(np.zeros_like(strange))[0]
    allowed = AGREE * np.abs(told).max()
    if told.shape == strange.shape:
        factor = np.median((told - shift) / strange)
        if np.abs(factor * strange + shift - told).max() < allowed:
            return factor, None, shift
    rows = -(-width // tokens.numel())  # unit vectors, as many in a row as there are tokens
    units = np.eye(rows * tokens.numel(), width, dtype=np.float32)
    matrix = enters(units, tokens.repeat(rows, 1))[:width].T - shift[:, None]
    if np.abs(strange @ matrix.T + shift - told).max() < allowed:
        return 1.0, np.ascontiguousarray(matrix), shift
    return None


def _after_head(model, head, tokens):
    """The head scale and the soft cap, read from what becomes of known numbers that leave the head."""
    import torch

    def becomes(value):
        hook = head.register_forward_hook(lambda module, inputs, output: torch.full_like(output, value))
        with _taken_off([hook]):
            return model(tokens).logits[0, -1, 0].item()

    scale, ceiling = becomes(2.0**-10) * 2**10, abs(becomes(2.0**20))
    return scale, (ceiling if ceiling < abs(scale) * 2**19 else None)


def _held_against_the_model(parts, x, logits):
    """ValueError unless the parts give the model's own logits."""
    z = standardised(x.reshape(-1, x.shape[-1]).astype(np.float64), parts.norm_kind, parts.epsilon).astype(np.float32)
    if logits.shape != (len(z), len(parts.unembedding)):
        raise ValueError(f"its unembedding is applied to {len(z)} vectors for a text of {len(logits)} tokens")
    h = parts.gain * z if parts.to_head is None else (parts.gain * z) @ parts.to_head.T
    products = parts.scale * (h @ parts.unembedding.T)
    offsets = parts.scale * (parts.unembedding @ parts.bias + parts.head_bias)
    off, size = misfit(products, offsets, parts.softcap, logits)
    if not off < AGREE * size:  # nor where a weight is NaN or infinity
        raise ValueError(
            "its logits are not its final norm's output times its unembedding: "
            f"they differ by {off:.2g}, and the products are up to {size:.2g}"
        )


def misfit(products, offsets, softcap, logits):
    """By how much products plus offsets miss a model's own logits, beyond rounding; and how large the products are.

    An offset can be as large as it likes, as for a token that must never come: it is no measure of agreement.
    """
    expected = products + offsets
    if softcap:
        expected = softcap * np.tanh(expected / softcap)
    off = np.abs(logits - expected) - ROUNDING * np.abs(expected)
    return off.max(), np.abs(products).max()
