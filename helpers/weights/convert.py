"""The default model's GGUF file as a Hugging Face folder: config, tokenizer, and float32 safetensors."""

import errno
import json
import os

from helpers.weights.home import MARKER, origin

_MODULES = {
    "token_embd": "model.embed_tokens",
    "output_norm": "model.norm",
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}


def convert(gguf, folder):
    """Write the GGUF file `gguf` as a Hugging Face folder: config, tokenizer, and float32 safetensors.

    The weights equal, bit for bit, what transformers' own GGUF reader gives. The tokenizer does not: that reader
    leaves out the rule that every digit is a piece of its own, which the file asks for by its name "smollm".
    """
    from gguf import GGUFReader

    reader = GGUFReader(gguf)
    value = {name: field.contents() for name, field in reader.fields.items() if not name.startswith("GGUF.")}
    folder.mkdir()
    _write_weights(reader.tensors, value, folder)
    _write_config(value, folder)
    _write_tokenizer(value, folder)
    sizes = {path.name: path.stat().st_size for path in sorted(folder.iterdir())}
    (folder / MARKER).write_text(json.dumps({"source": origin(), "bytes": sizes}, indent=1), encoding="utf-8")
    for path in folder.iterdir():  # on the disk before the folder gets its final name: the power may fail, too
        with open(path, "rb+") as file:
            os.fsync(file.fileno())


def _write_weights(tensors, value, folder):
    import numpy as np
    from gguf import dequantize
    from safetensors import SafetensorError
    from safetensors.numpy import save_file
    from tqdm.auto import tqdm

    heads = {
        "attn_q": value["llama.attention.head_count"],
        "attn_k": value["llama.attention.head_count_kv"],
    }
    weights = {}
    for tensor in tqdm(tensors, desc="Converting the model", unit=" tensors"):
        *block, kind, _ = tensor.name.split(".")
        matrix = dequantize(tensor.data, tensor.tensor_type)
        if kind in heads:  # GGUF interleaves the two halves of each head's rotary pairs; transformers does not
            matrix = matrix.reshape(heads[kind], -1, 2, matrix.shape[1]).swapaxes(1, 2).reshape(matrix.shape)
        prefix = f"model.layers.{block[1]}." if block else ""
        weights[f"{prefix}{_MODULES[kind]}.weight"] = np.ascontiguousarray(matrix, dtype=np.float32)
    try:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    except SafetensorError as error:  # it wraps the system's error and keeps only its words
        full = "os error 28" in str(error) or "No space left" in str(error)
        raise OSError(errno.ENOSPC if full else errno.EIO, str(error)) from error
    (folder / "model.safetensors").chmod(0o644)  # safetensors writes for its owner only; a shared folder is for all


def _write_config(value, folder):
    from transformers import LlamaConfig

    LlamaConfig(
        architectures=["LlamaForCausalLM"],
        dtype="float32",
        vocab_size=value["llama.vocab_size"],
        hidden_size=value["llama.embedding_length"],
        intermediate_size=value["llama.feed_forward_length"],
        num_hidden_layers=value["llama.block_count"],
        num_attention_heads=value["llama.attention.head_count"],
        num_key_value_heads=value["llama.attention.head_count_kv"],
        max_position_embeddings=value["llama.context_length"],
        rms_norm_eps=value["llama.attention.layer_norm_rms_epsilon"],
        rope_theta=value["llama.rope.freq_base"],
        tie_word_embeddings=True,
        bos_token_id=value["tokenizer.ggml.bos_token_id"],
        eos_token_id=value["tokenizer.ggml.eos_token_id"],
        pad_token_id=value["tokenizer.ggml.padding_token_id"],
    ).save_pretrained(folder)


def _write_tokenizer(value, folder):
    from gguf import TokenType
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    pieces = value["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in value["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges))
    # What "smollm" stands for in llama.cpp (pull request 8609): each digit alone, then GPT-2's split into words.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    kinds = zip(pieces, value["tokenizer.ggml.token_type"], strict=True)
    tokenizer.add_special_tokens([AddedToken(p, normalized=False) for p, kind in kinds if kind == TokenType.CONTROL])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=pieces[value["tokenizer.ggml.bos_token_id"]],
        eos_token=pieces[value["tokenizer.ggml.eos_token_id"]],
        pad_token=pieces[value["tokenizer.ggml.padding_token_id"]],
        unk_token=pieces[value["tokenizer.ggml.unknown_token_id"]],
        chat_template=value["tokenizer.chat_template"],
    ).save_pretrained(folder)
