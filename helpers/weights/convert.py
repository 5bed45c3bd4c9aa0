"""A known model's GGUF file as a Hugging Face folder: config, tokenizer, and float32 safetensors."""

import errno
import json
import os

from helpers.weights.home import MARKER, origin

MODULES = {
    "token_embd": "embed_tokens",
    "output_norm": "norm",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
NORMS = {
    "llama": {"ffn_norm": "post_attention_layernorm"},
    "gemma3": {
        "attn_q_norm": "self_attn.q_norm",
        "attn_k_norm": "self_attn.k_norm",
        "post_attention_norm": "post_attention_layernorm",
        "ffn_norm": "pre_feedforward_layernorm",
        "post_ffw_norm": "post_feedforward_layernorm",
    },
}


def convert(gguf, folder):
    """Write the GGUF file `gguf` as a Hugging Face folder: config, tokenizer, and float32 safetensors.

    The weights equal, bit for bit, what transformers' own GGUF reader gives; so does Gemma's tokenizer. SmolLM2's does
    not: that reader leaves out the rule that every digit is a piece of its own, which the file asks for as "smollm".
    """
    from gguf import GGUFReader

    reader = GGUFReader(gguf)
    value = {name: field.contents() for name, field in reader.fields.items() if not name.startswith("GGUF.")}
    folder.mkdir()
    _write_weights(reader.tensors, value, folder)
    _config(value).save_pretrained(folder)
    _write_tokenizer(value, folder)
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    marker = {"source": origin(folder.name), "bytes": sizes}
    (folder / MARKER).write_text(json.dumps(marker, indent=1), encoding="utf-8")
    for path in folder.iterdir():  # on the disk before the folder gets its final name: the power may fail, too
        with open(path, "rb+") as file:
            os.fsync(file.fileno())


def _write_weights(tensors, value, folder):
    import numpy as np
    from gguf import dequantize
    from safetensors import SafetensorError
    from safetensors.numpy import save_file
    from tqdm.auto import tqdm

    kind_of_model = value["general.architecture"]
    heads = {
        "attn_q": value[f"{kind_of_model}.attention.head_count"],
        "attn_k": value[f"{kind_of_model}.attention.head_count_kv"],
    }
    weights, modules = {}, MODULES | NORMS[kind_of_model]
    for tensor in tqdm(tensors, desc="Converting the model", unit=" tensors"):
        *block, kind, _ = tensor.name.split(".")
        matrix = dequantize(tensor.data, tensor.tensor_type)
        if kind_of_model == "gemma3" and kind.endswith("norm"):
            matrix = matrix - 1  # the file holds the gain, transformers adds 1 to what it reads
        if kind_of_model == "llama" and kind in heads:  # GGUF interleaves the halves of each head's rotary pairs
            matrix = matrix.reshape(heads[kind], -1, 2, matrix.shape[1]).swapaxes(1, 2).reshape(matrix.shape)
        prefix = f"model.layers.{block[1]}." if block else "model."
        weights[f"{prefix}{modules[kind]}.weight"] = np.ascontiguousarray(matrix, dtype=np.float32)
    try:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    except SafetensorError as error:  # it wraps the system's error and keeps only its words
        full = "os error 28" in str(error) or "No space left" in str(error)
        raise OSError(errno.ENOSPC if full else errno.EIO, str(error)) from error
    (folder / "model.safetensors").chmod(0o644)  # safetensors writes for its owner only; a shared folder is for all


def _config(value):
    from transformers import Gemma3TextConfig, LlamaConfig

    kind = value["general.architecture"]
    given = {key.removeprefix(f"{kind}."): number for key, number in value.items()}
    common = dict(
        dtype="float32",
        vocab_size=len(value["tokenizer.ggml.tokens"]),
        hidden_size=given["embedding_length"],
        intermediate_size=given["feed_forward_length"],
        num_hidden_layers=given["block_count"],
        num_attention_heads=given["attention.head_count"],
        num_key_value_heads=given["attention.head_count_kv"],
        max_position_embeddings=given["context_length"],
        rms_norm_eps=given["attention.layer_norm_rms_epsilon"],
        tie_word_embeddings=True,
        bos_token_id=value["tokenizer.ggml.bos_token_id"],
        eos_token_id=value["tokenizer.ggml.eos_token_id"],
        pad_token_id=value["tokenizer.ggml.padding_token_id"],
    )
    if kind == "llama":
        return LlamaConfig(architectures=["LlamaForCausalLM"], rope_theta=given["rope.freq_base"], **common)
    # What a GGUF does not say, the base of the short rotations and which layers look far, are transformers' defaults.
    width = given["attention.key_length"]
    more = dict(head_dim=width, query_pre_attn_scalar=width, sliding_window=given["attention.sliding_window"])
    return Gemma3TextConfig(architectures=["Gemma3ForCausalLM"], **more, **common)


def _write_tokenizer(value, folder):
    from gguf import TokenType
    from tokenizers import AddedToken
    from transformers import PreTrainedTokenizerFast

    pieces = value["tokenizer.ggml.tokens"]
    special = {name: pieces[value[f"tokenizer.ggml.{key}_token_id"]] for name, key in SPECIAL.items()}
    tokenizer = {"llama": _byte_level, "gemma3": _sentencepiece}[value["general.architecture"]](value)
    kinds = list(zip(pieces, value["tokenizer.ggml.token_type"], strict=True))
    tokenizer.add_special_tokens([AddedToken(p, normalized=False) for p, kind in kinds if kind == TokenType.CONTROL])
    tokenizer.add_tokens([AddedToken(p, normalized=False) for p, kind in kinds if kind == TokenType.USER_DEFINED])
    template = value.get("tokenizer.chat_template")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, chat_template=template, **special).save_pretrained(folder)


SPECIAL = {"bos_token": "bos", "eos_token": "eos", "pad_token": "padding", "unk_token": "unknown"}


def _byte_level(value):
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    ids = {piece: i for i, piece in enumerate(value["tokenizer.ggml.tokens"])}
    merges = [tuple(merge.split(" ")) for merge in value["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE(ids, merges))
    # What "smollm" stands for in llama.cpp (pull request 8609): each digit alone, then GPT-2's split into words.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _sentencepiece(value):
    """A vocabulary with scores: its merges are all pairs that make one of its pieces, the best score first."""
    from gguf import TokenType
    from tokenizers import Tokenizer, decoders, models, normalizers, processors

    pieces, kinds = value["tokenizer.ggml.tokens"], value["tokenizer.ggml.token_type"]
    # A piece of several spaces is stored as such, while a space in a text is read as ▁.
    pieces = [p.replace(" ", "▁") if kind == TokenType.NORMAL else p for p, kind in zip(pieces, kinds, strict=True)]
    ids, scores, merges = {piece: i for i, piece in enumerate(pieces)}, value["tokenizer.ggml.scores"], []
    for piece, i in ids.items():
        if kinds[i] == TokenType.NORMAL:
            pairs = ((piece[:n], piece[n:]) for n in range(1, len(piece)))
            merges += [(-scores[i], ids[a], ids[b], a, b) for a, b in pairs if a in ids and b in ids]
    tokenizer = Tokenizer(
        models.BPE(ids, [pair[3:] for pair in sorted(merges)], byte_fallback=True, fuse_unk=True, unk_token="<unk>")
    )
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    begin = pieces[value["tokenizer.ggml.bos_token_id"]]
    tokenizer.post_processor = processors.TemplateProcessing(f"{begin} $A", special_tokens=[(begin, ids[begin])])
    return tokenizer
