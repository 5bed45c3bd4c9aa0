"""Every causal language model that transformers knows and that can be made tiny by the usual names of its settings."""

import inspect

import numpy as np
import pytest
import torch
from families import GEMMA, GPT, OPT, D, random_model, relative_error, saved
from transformers import CONFIG_MAPPING, AutoModelForCausalLM
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from helpers.model import load_model

SETTINGS = (
    GEMMA
    | GPT
    | OPT
    | dict(n_layers=3, n_heads=4, num_layers=3, num_heads=4, d_model=D, dim_ff=48, embedding_size=D, head_dim=8)
    | dict(decoder_layers=3, decoder_attention_heads=4, decoder_ffn_dim=48, word_embed_proj_dim=D, rotary_dim=4)
    | dict(encoder_layers=1, encoder_attention_heads=4, encoder_ffn_dim=48, state_size=4, is_decoder=True)
    | dict(moe_intermediate_size=16, shared_expert_intermediate_size=16, num_experts=4, num_local_experts=4)
    | dict(n_routed_experts=4, n_shared_experts=1, num_experts_per_tok=2, n_group=1, topk_group=1)
    | dict(q_lora_rank=8, kv_lora_rank=8, qk_rope_head_dim=4, qk_nope_head_dim=4, v_head_dim=8)
    | dict(max_position_embeddings=64, sliding_window=16, attention_hidden_size=D, first_k_dense_replace=1)
    | dict(mamba_d_state=4, mamba_n_heads=4, mamba_d_head=16, mamba_n_groups=1)
    | dict(attention_types=[[["global"], 3]])
)


def tiny(kind):
    """A tiny random model of this kind, and its own logits; None where these settings do not make one that runs."""
    try:
        config_class = CONFIG_MAPPING[kind]
        known = {*inspect.signature(config_class).parameters, *vars(config_class())}
        config = config_class(**{name: value for name, value in SETTINGS.items() if name in known})
        with torch.device("meta"):  # how large would it be?
            size = sum(p.numel() for p in AutoModelForCausalLM.from_config(config).parameters())
        if size > 3e6:
            return None
        model = random_model(config).eval()
        with torch.no_grad():
            return model, model(torch.tensor([[32, 33, 33, 32]]), use_cache=False).logits[0].numpy()
    except Exception:  # whatever is missing: another package, another setting
        return None


@pytest.mark.slow
def test_every_architecture_keeps_the_contract_or_says_why_not(tmp_path):
    errors, without_norm, without_residuals, refused = {}, set(), set(), {}
    for kind in sorted(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES):
        if not (made := tiny(kind)):
            continue
        model, logits = made
        try:
            lm = load_model(saved(model, tmp_path / kind))
            run = lm.run([32, 33, 33, 32])
        except ValueError as error:
            refused[kind] = str(error)
            continue
        same = np.abs(run.logits - logits).max() / np.abs(logits).max()
        errors[kind] = max(relative_error(lm, run), same)
        if lm.norm_kind == "none":
            without_norm.add(kind)
        if run.residuals is None:
            without_residuals.add(kind)
    print(f"{len(errors)} kinds, largest relative error {max(errors.values()):.1e}; refused: {refused}")
    print(f"without a final norm: {sorted(without_norm)}; without residuals: {sorted(without_residuals)}")
    assert len(errors) > 110 and max(errors.values()) < 1e-5
    # ProphetNet applies its unembedding to more vectors than the text has tokens, CPM-Ant its norm; XLNet reads a text
    # from both sides; the fourth mixes several normalised streams after its last norm.
    assert refused.keys() <= {"prophetnet", "xlnet"} and without_norm <= {"cpmant", "qwen4_exp_text"}
    assert all("vectors for a text of" in why or "from both sides" in why for why in refused.values())
    # Their heads transform the state once more, or they keep several streams beside one another.
    assert len(without_residuals) < 25 and not {"llama", "gpt2", "opt", "mamba"} & without_residuals
