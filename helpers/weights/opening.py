"""How is a model opened? Seen to fit, read from safetensors alone, observed; a known one gives its known answer."""

import math
from pathlib import Path

import numpy as np

from helpers.weights.folder import reason, safetensors_header
from helpers.weights.home import KNOWN, FetchError, is_complete
from helpers.weights.observe import observe, read

WITHIN = 0.002  # of the known answer's probability: threads and processors move a logit by about 5e-5


def open_parts(folder, name, device, tokenizer):
    """The `helpers.weights.observe.Parts` of the model in a folder. ValueError, with the reason, where it has none.

    A known model is held against its known answer, and FetchError says where its files are damaged.
    """
    check_memory(folder, name)
    known = is_complete(folder) and device == "cpu"  # another device's troubles are not the files'
    try:
        parts = observe(open_network(folder, device), device)
        if known:
            check_known_answer(parts, tokenizer, KNOWN[folder.name].answer)
        return parts
    except ValueError as error:
        if known:
            raise FetchError(
                f"The model in {folder} is damaged ({error}). Delete that folder and start again: it will be made anew."
            ) from error
        raise ValueError(f"{name} cannot be used here: {error}.") from error


def open_network(folder, device):
    """The model of transformers in a folder, in float32 on the device. ValueError where it cannot be opened whole."""
    import torch
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    how = dict(dtype=torch.float32, use_safetensors=True, local_files_only=True, output_loading_info=True)
    bar_was_on = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        # Left open, transformers would ask the reader whether to run a model's own code.
        model, info = AutoModelForCausalLM.from_pretrained(folder, trust_remote_code=False, **how)
        model = model.eval().to(device)
    except Exception as error:  # a wrong architecture, a missing shard, no such device: each library has its own
        how = f"opened as a causal language model on the device {device!r}"
        raise ValueError(f"it cannot be {how} ({reason(error)})") from error
    finally:
        if bar_was_on:
            logging.enable_progress_bar()
    if missing := sorted(info["missing_keys"]):
        raise ValueError(f"its files lack weights that its config asks for, first of all {missing[0]}")
    model.unused_weights = sorted(info["unexpected_keys"])
    if astray := [name for name in model.unused_weights if _belongs_to_what_is_used(model, name)]:
        raise ValueError(f"its files hold weights for which its config has no place, first of all {astray[0]}")
    if not isinstance(model.get_output_embeddings(), torch.nn.Module):
        raise ValueError("it has no unembedding: nothing in it turns a vector into logits over the vocabulary")
    model.config.get_text_config().use_cache = False  # a text is read once, so nothing would be read from the cache
    return model


def _belongs_to_what_is_used(model, name):
    """Whether an unused weight is of a part that is used, or of one layer more; further heads may stand beside."""
    import torch

    parts, known = name.split("."), dict(model.named_modules())
    place = next((".".join(parts[:n]) for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in known), None)
    return place is not None and (not list(known[place].children()) or isinstance(known[place], torch.nn.ModuleList))


def most_tokens(model):
    """The most tokens that the model's config lets it take at once; None where it sets no limit."""
    config = model.config.get_text_config()
    limits = (getattr(config, name, None) for name in ("max_position_embeddings", "max_seq_len"))
    return next((limit for limit in limits if limit and limit > 0), None)


def check_known_answer(parts, tokenizer, answer):
    """ValueError unless the model continues a text as it should: `answer` is (text, token, probability)."""
    text, expected, about = answer
    _, logits = read(parts, np.array(tokenizer.encode(text).ids))
    powers = np.exp(logits[-1] - logits[-1].max())
    token, probability = tokenizer.decode([powers.argmax()]), powers.max() / powers.sum()
    if token != expected or abs(probability - about) > WITHIN:
        raise ValueError(f"it continues “{text}” with {token!r}, probability {probability:.4f}")


def check_memory(folder, name):
    """ValueError where the weights in float32 would not fit. Their shapes stand at the head of each file."""
    whole = folder / "model.safetensors"
    files = [whole] if whole.exists() else folder.glob("model-*-of-*.safetensors")
    try:
        shapes = [entry.get("shape", [0]) for path in files for entry in safetensors_header(path)[0].values()]
        needed = sum(4 * math.prod(shape) for shape in shapes)
    except (OSError, ValueError, AttributeError, TypeError):  # garbled: opening it will say how
        return
    if needed > (free := memory_free()):
        raise ValueError(
            f"{name} needs {needed / 1e9:.1f} GB of memory for its weights in float32, and {free / 1e9:.1f} GB is "
            "free. Close other programs, or choose a smaller model."
        )


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
