"""Tiny random models, one for each way from layers to logits, saved as a hub has them: config, tokenizer, weights."""

import numpy as np
import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

V, D, LAYERS = 64, 32, 3
TOKENS = dict(vocab_size=V, pad_token_id=0, bos_token_id=1, eos_token_id=2)
LLAMA = TOKENS | dict(hidden_size=D, intermediate_size=48, num_hidden_layers=LAYERS, num_attention_heads=4)
GEMMA = LLAMA | dict(num_key_value_heads=2, head_dim=8)
GPT = TOKENS | dict(n_embd=D, n_layer=LAYERS, n_head=4)
OPT = TOKENS | dict(hidden_size=D, ffn_dim=48, num_hidden_layers=LAYERS, num_attention_heads=4, word_embed_proj_dim=D)
PROJECTED = dict(word_embed_proj_dim=12)
LOW_RANK = dict(q_lora_rank=8, kv_lora_rank=8, qk_nope_head_dim=8, qk_rope_head_dim=4, v_head_dim=8)

# name: (config's class, its arguments, norm_kind, does the model have offsets?)
FAMILIES = {
    "GPT-2": ("GPT2Config", GPT, "layer", True),
    "GPT-J": ("GPTJConfig", GPT | dict(rotary_dim=4), "layer", True),
    "OPT": ("OPTConfig", OPT, "layer", True),
    "OPT, projected": ("OPTConfig", OPT | PROJECTED, "layer", True),
    "OPT, projected, norms last": ("OPTConfig", OPT | PROJECTED | dict(do_layer_norm_before=False), "layer", True),
    "Llama": ("LlamaConfig", LLAMA, "rms", False),
    "Qwen2": ("Qwen2Config", GEMMA, "rms", False),
    "Gemma 2": ("Gemma2Config", GEMMA | dict(final_logit_softcapping=5.0), "rms", False),
    "Gemma 3": ("Gemma3TextConfig", GEMMA, "rms", False),
    "Phi": ("PhiConfig", LLAMA, "layer", True),
    "BLOOM": ("BloomConfig", TOKENS | dict(hidden_size=D, n_layer=LAYERS, n_head=4), "layer", True),
    "MPT": ("MptConfig", TOKENS | dict(d_model=D, n_layers=LAYERS, n_heads=4), "layer", False),
    "OLMo 1": ("OlmoConfig", LLAMA, "layer", False),
    "Cohere": ("CohereConfig", LLAMA | dict(logit_scale=0.25), "layer", False),
    "Granite": ("GraniteConfig", LLAMA | dict(logits_scaling=4.0, embedding_multiplier=3.0), "rms", False),
    # divides the state on its way from the norm to the head
    "MiniCPM3": ("MiniCPM3Config", LLAMA | LOW_RANK | dict(dim_model_base=8), "rms", False),
    "BERT": ("BertConfig", LLAMA | dict(is_decoder=True), "layer", True),  # its head transforms once more
    "Mamba": ("MambaConfig", TOKENS | dict(hidden_size=D, num_hidden_layers=LAYERS, state_size=4), "rms", False),
}


def family(name, **more):
    """A tiny random model of one of the FAMILIES."""
    config, arguments, *_ = FAMILIES[name]
    return random_model(getattr(transformers, config)(**arguments | more))


def random_model(config):
    """A random model of this config whose gains and biases are away from 1 and 0."""
    torch.manual_seed(0)
    model = transformers.AutoModelForCausalLM.from_config(config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 1:
                parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
    return model


def saved(model, folder, **how):
    model.save_pretrained(folder, **how)
    tiny_tokenizer(folder)
    return folder


def tiny_tokenizer(folder):
    """Byte-level, with one token for each of V printable characters."""
    tokenizer = Tokenizer(models.BPE({chr(33 + i): i for i in range(V)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.save(str(folder / "tokenizer.json"))


def relative_error(lm, run):
    """By how much sphere states times targets, plus offsets, miss the model's own logits: in shares of the largest."""
    rebuilt = run.sphere_states.astype(np.float64) @ lm.targets.T.astype(np.float64) + lm.offsets
    if lm.softcap:
        rebuilt = lm.softcap * np.tanh(rebuilt / lm.softcap)
    return np.abs(rebuilt - run.logits).max() / np.abs(run.logits).max()
