"""Tiny random models of every family, saved as a model hub would have them: config, tokenizer, safetensors."""

import torch
import transformers
from tokenizers import Tokenizer, models, pre_tokenizers

V, D, LAYERS = 64, 32, 3
_IDS = dict(pad_token_id=0, bos_token_id=1, eos_token_id=2)
LLAMA = dict(vocab_size=V, hidden_size=D, intermediate_size=48, num_hidden_layers=LAYERS, num_attention_heads=4) | _IDS
GEMMA = LLAMA | dict(num_key_value_heads=2, head_dim=8)
GPT = dict(vocab_size=V, n_embd=D, n_layer=LAYERS, n_head=4) | _IDS
OPT = dict(vocab_size=V, hidden_size=D, ffn_dim=48, num_hidden_layers=LAYERS, num_attention_heads=4) | _IDS

# name: (config's class, its arguments, norm_kind, soft cap, does the model have offsets?)
FAMILIES = {
    "GPT-2": ("GPT2Config", GPT, "layer", None, True),
    "GPT-Neo": (
        "GPTNeoConfig",
        dict(vocab_size=V, hidden_size=D, num_layers=LAYERS, num_heads=4, attention_types=[[["global"], LAYERS]])
        | _IDS,
        "layer",
        None,
        True,
    ),
    "GPT-J": ("GPTJConfig", GPT | dict(rotary_dim=4), "layer", None, True),
    "GPT-NeoX": ("GPTNeoXConfig", LLAMA, "layer", None, True),
    "OPT": ("OPTConfig", OPT | dict(word_embed_proj_dim=D), "layer", None, True),
    "OPT, projected": ("OPTConfig", OPT | dict(word_embed_proj_dim=12), "layer", None, True),
    "OPT, projected, norms last": (  # as OPT-350m is
        "OPTConfig",
        OPT | dict(word_embed_proj_dim=12, do_layer_norm_before=False),
        "layer",
        None,
        True,
    ),
    "Llama": ("LlamaConfig", LLAMA, "rms", None, False),
    "Mistral": ("MistralConfig", GEMMA, "rms", None, False),
    "Qwen2": ("Qwen2Config", GEMMA, "rms", None, False),
    "Qwen3": ("Qwen3Config", GEMMA, "rms", None, False),
    "Gemma 1": ("GemmaConfig", GEMMA, "rms", None, False),
    "Gemma 2": ("Gemma2Config", GEMMA | dict(final_logit_softcapping=5.0), "rms", 5.0, False),
    "Gemma 3": ("Gemma3TextConfig", GEMMA, "rms", None, False),
    "Phi": ("PhiConfig", LLAMA, "layer", None, True),
    "Phi-3": ("Phi3Config", LLAMA, "rms", None, False),
    "StableLM": ("StableLmConfig", GEMMA, "layer", None, True),
    "BLOOM": ("BloomConfig", dict(vocab_size=V, hidden_size=D, n_layer=LAYERS, n_head=4) | _IDS, "layer", None, True),
    "Falcon": ("FalconConfig", {k: v for k, v in LLAMA.items() if k != "intermediate_size"}, "layer", None, True),
    "MPT": ("MptConfig", dict(vocab_size=V, d_model=D, n_layers=LAYERS, n_heads=4) | _IDS, "layer", None, False),
    "OLMo 1": ("OlmoConfig", LLAMA, "layer", None, False),
    "OLMo 2": ("Olmo2Config", LLAMA, "rms", None, False),
    "Cohere": ("CohereConfig", LLAMA | dict(logit_scale=0.25), "layer", None, False),
    "Granite": ("GraniteConfig", LLAMA | dict(logits_scaling=4.0, embedding_multiplier=3.0), "rms", None, False),
    "MiniCPM3": (  # divides the state on its way from the norm to the head
        "MiniCPM3Config",
        LLAMA
        | dict(q_lora_rank=8, kv_lora_rank=8, qk_nope_head_dim=8, qk_rope_head_dim=4, v_head_dim=8, dim_model_base=8),
        "rms",
        None,
        False,
    ),
    "Mamba": (
        "MambaConfig",
        dict(vocab_size=V, hidden_size=D, num_hidden_layers=LAYERS, state_size=4) | _IDS,
        "rms",
        None,
        False,
    ),
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


def tiny_tokenizer(folder, n=V):
    """Byte-level, with one token for each of n printable characters."""
    tokenizer = Tokenizer(models.BPE({chr(33 + i): i for i in range(n)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.save(str(folder / "tokenizer.json"))


def relative_error(lm, run):
    """By how much sphere states times targets, plus offsets, miss the model's own logits: in shares of the largest."""
    import numpy as np

    rebuilt = run.sphere_states.astype(np.float64) @ lm.targets.T.astype(np.float64) + lm.offsets
    if lm.softcap:
        rebuilt = lm.softcap * np.tanh(rebuilt / lm.softcap)
    return np.abs(rebuilt - run.logits).max() / np.abs(run.logits).max()
