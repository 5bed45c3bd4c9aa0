"""What does a model do between its layers and its logits? Found by watching one forward pass, and by probing.

Nothing is assumed from a model's name or its config. Two forward passes show which module enters which; made-up
numbers put in at one place show what becomes of them further on. `observe` puts together the final norm, the head
and the layers, and holds what it found against the model's own logits.
"""

from dataclasses import dataclass

import numpy as np

LOUD, QUIET = np.float32(2**14), np.float32(2**-10)  # so large that a norm's ε does not matter; so small that it does
ROUNDING = 1e-6  # of a float32 sum: a few of its last digits
AGREE = 1e-4  # relative: float32 rounding stays two orders below it, a forgotten part comes out two above


@dataclass(frozen=True)
class Parts:
    """What `observe` found. A state z = standardised(x) enters; the logits before a soft cap are

        scale · ((W_U @ to_head) @ (gain ∘ z + bias) + W_U @ head_shift + head_bias)

    x is what enters `norm`; where there is no norm, what enters `head`, and z = x. `to_head` (p, d) is None
    where W_U acts on gain ∘ z + bias as it is. `layers` is None where no chain of layers ends in the norm.
    """

    model: object
    layers: list | None
    norm: object
    head: object
    tied: bool
    norm_kind: str
    gain: np.ndarray
    norm_bias: np.ndarray
    epsilon: float
    to_head: np.ndarray | None
    head_shift: np.ndarray
    scale: float
    softcap: float | None
    head_bias: np.ndarray
    embedding: np.ndarray
    unembedding: np.ndarray

    @property
    def rows(self):
        """The unembedding as it acts on gain ∘ z + bias: (V, d)."""
        return self.unembedding if self.to_head is None else self.unembedding @ self.to_head


def observe(model, device):
    """The `Parts` of a causal language model of transformers. ValueError where its logits are not what they say."""
    import torch

    head, embedding = model.get_output_embeddings(), model.get_input_embeddings().weight
    tokens = (torch.arange(min(3, longest(model) or 3), device=device) % len(embedding))[None]
    with torch.no_grad():
        calls, logits = _watched(model, tokens)
        entering = next((x for module, x, _ in reversed(calls) if module is head), None)
        if entering is None:
            raise ValueError("its unembedding takes no part in its logits")
        one, zero = np.ones(entering.shape[-1], np.float32), np.zeros(entering.shape[-1], np.float32)
        without = (None, entering, ("none", one, zero, 0.0), (1.0, None, zero))
        found = _final_norm(model, head, calls, entering, tokens) or without
        norm, x, (kind, gain, bias, epsilon), (factor, to_head, shift) = found
        scale, softcap = _after_head(model, head, tokens)
    unembedding = head.weight
    head_bias = getattr(head, "bias", None)
    parts = Parts(
        model=model,
        layers=_layers(model, calls, norm, x),
        norm=norm,
        head=head,
        tied=embedding.data_ptr() == unembedding.data_ptr(),
        norm_kind=kind,
        gain=gain * np.float32(factor),
        norm_bias=bias * np.float32(factor),
        epsilon=epsilon,
        to_head=to_head,
        head_shift=shift,
        scale=scale,
        softcap=softcap,
        head_bias=array(head_bias) if head_bias is not None else np.zeros(len(unembedding), np.float32),
        embedding=frozen(array(embedding)),
        unembedding=frozen(array(unembedding)),
    )
    _held_against_the_model(parts, array(x), array(logits))
    return parts


def longest(model):
    """The most tokens that the model's config lets it take at once; None where it sets no limit."""
    config = model.config.get_text_config()
    limits = (getattr(config, name, None) for name in ("max_position_embeddings", "max_seq_len"))
    return next((limit for limit in limits if limit and limit > 0), None)


def standardised(x, kind, epsilon):
    """A norm without gain and bias: x over its root mean square; for a LayerNorm, of x less its mean."""
    if kind == "layer":
        x = x - x.mean(axis=-1, keepdims=True)
    return x / np.sqrt(np.square(x).mean(axis=-1, keepdims=True) + np.float32(epsilon))


def array(tensor):
    return tensor.detach().float().cpu().numpy()


def frozen(array):
    array.flags.writeable = False
    return array


def entered(arguments, named):
    """The residual among a module's arguments: its first array of positions and widths, or None."""
    for value in (*arguments, *named.values()):
        if getattr(value, "ndim", 0) >= 2 and value.is_floating_point():
            return value
    return None


# ---------------------------------------------------------------- watching


def _watched(model, tokens):
    """Every call of a module in one forward pass that takes and gives vectors: (module, in, out); and the logits."""
    calls = []

    def note(module, arguments, named, output):
        x, y = entered(arguments, named), output[0] if isinstance(output, tuple | list) else output
        if x is not None and getattr(y, "ndim", 0) >= 2:
            calls.append((module, x.clone(), y.clone()))  # a later module may write into them

    hooks = [module.register_forward_hook(note, with_kwargs=True) for module in model.modules()]
    try:
        return calls, model(tokens).logits[0]
    finally:
        for hook in hooks:
            hook.remove()


def _entering(model, head, tokens, norm, y):
    """What enters the head when the norm gives y instead of its own output."""
    seen = []
    hooks = [
        head.register_forward_pre_hook(lambda m, arguments: seen.append(arguments[0])),
        norm.register_forward_hook(lambda m, arguments, output: y.reshape(output.shape)),
    ]
    try:
        model(tokens)
    finally:
        for hook in hooks:
            hook.remove()
    return seen[-1]


def _layers(model, calls, norm, x):
    """The modules that run one after the other, once each, and end in the norm; None where there is no such list."""
    import torch

    ran = [module for module, *_ in calls]
    gave = {module: y for module, _, y in calls}
    for modules in model.modules():
        if not isinstance(modules, torch.nn.ModuleList) or not len(modules):
            continue
        members = set(modules)
        if [module for module in ran if module in members] != list(modules):
            continue
        y = gave[modules[-1]]
        # The last layer gives what enters the norm, or, where layers end in their norm, holds the norm itself.
        if (y.numel() == x.numel() and torch.equal(y.reshape(x.shape), x)) or norm in modules[-1].modules():
            return list(modules)
    return None


# ---------------------------------------------------------------- probing


def _final_norm(model, head, calls, entering, tokens):
    """The last module before the head that behaves like a norm: (module, what enters it, `_probed`, `_to_head`).

    None where there is none, or where what enters the head does not follow from it by an affine map.
    """
    for module, x, y in reversed(calls):
        if y.shape == x.shape and not list(module.children()) and y.shape[-1] > 1:
            if does := _probed(module, x):
                way = _to_head(model, head, tokens, module, y, entering)
                return way and (module, x, does, way)
    return None


def _probed(module, like):
    """(kind, gain, bias, ε) such that module(x) = gain ∘ standardised(x) + bias; None where no such thing fits."""
    import torch

    width, shape = like.shape[-1], (1,) * (like.ndim - 1) + (-1,)

    def apply(x):
        return array(module(torch.tensor(x.reshape(shape), dtype=torch.float32, device=like.device))).reshape(-1)

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
        if np.abs(guess - told).max() <= AGREE * np.abs(guess - bias).max() + ROUNDING * np.abs(bias).max():
            break
    else:
        return None
    if not gain.any():
        raise ValueError("its final norm has a gain of zeros, so no text makes a difference")
    at = np.abs(gain).argmax()
    shrunk = (quiet[at] - bias[at]) / gain[at] / standardised(signs * QUIET, kind, 0)[at]
    variance = np.var(signs * QUIET) if kind == "layer" else QUIET**2
    return kind, gain, bias, max(0.0, float(variance * (1 / np.float64(shrunk) ** 2 - 1)))


def _to_head(model, head, tokens, norm, y, entering):
    """(a, A, c) such that A @ (a·y) + c enters the head when the norm gives y; A is None where it is not needed.

    None where nothing affine fits.
    """
    import torch

    width, none = y.shape[-1], np.zeros(entering.shape[-1], np.float32)
    if torch.equal(y.reshape(-1), entering.reshape(-1)):
        return 1.0, None, none
    if y.numel() != tokens.numel() * width:
        return None

    def enters(values, ids=tokens):
        values = torch.tensor(values, dtype=torch.float32, device=y.device)
        return array(_entering(model, head, ids, norm, values)).reshape(len(values), -1)

    strange = np.random.default_rng(0).normal(size=(tokens.numel(), width)).astype(np.float32)
    told, shift = enters(strange), enters(np.zeros_like(strange))[0]
    allowed = AGREE * np.abs(told).max()
    if told.shape == strange.shape:
        factor = np.median((told - shift) / strange)
        if np.abs(factor * strange + shift - told).max() < allowed:
            return float(factor), None, shift
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
        try:
            return model(tokens).logits[0, -1, 0].item()
        finally:
            hook.remove()

    scale, ceiling = becomes(2.0**-10) * 2**10, abs(becomes(2.0**20))
    return scale, (ceiling if ceiling < abs(scale) * 2**19 else None)


def _held_against_the_model(parts, x, logits):
    """ValueError unless the parts give the model's own logits; a thousand rows tell as well as all."""
    for name, matrix in (("embedding", parts.embedding), ("unembedding", parts.unembedding)):
        if not np.isfinite(matrix.sum(dtype=np.float64)):  # finite only where all its terms are
            raise ValueError(f"its {name} holds NaN or infinity")
    z = x.reshape(-1, x.shape[-1])
    if parts.norm_kind != "none":
        z = standardised(z.astype(np.float64), parts.norm_kind, parts.epsilon)
    if len(logits) != len(z):
        raise ValueError(f"its unembedding is applied to {len(z)} vectors for a text of {len(logits)} tokens")
    some = np.linspace(0, len(parts.unembedding) - 1, min(1000, len(parts.unembedding))).astype(int)
    rows = parts.unembedding[some]
    h = parts.gain * z if parts.to_head is None else (parts.gain * z) @ parts.to_head.T
    added = parts.norm_bias if parts.to_head is None else parts.to_head @ parts.norm_bias
    products = parts.scale * (h @ rows.T)
    offsets = parts.scale * (rows @ (added + parts.head_shift) + parts.head_bias[some])
    off, size = misfit(products, offsets, parts.softcap, logits[:, some])
    if not off < AGREE * size:
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
