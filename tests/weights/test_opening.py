"""helpers.weights.opening and folder: what is opened, from where, and what every odd folder gets to hear."""

import json
import shutil
from pathlib import Path
from unittest.mock import Mock

import huggingface_hub
import numpy as np
import pytest
import torch
import transformers
from families import LAYERS, V, family, relative_error, saved
from safetensors.torch import load_file, save_file

from helpers.model import load_model
from helpers.weights.folder import safetensors_header
from helpers.weights.home import HOME_VARIABLE, NAME, FetchError
from helpers.weights.opening import memory_free


@pytest.fixture
def small(tmp_path):
    return saved(family("Llama", tie_word_embeddings=False), tmp_path / "small")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_files_are_computed_in_float32(tmp_path, dtype):
    model = family("Llama", tie_word_embeddings=False).to(dtype)
    lm = load_model(saved(model, tmp_path))
    assert load_file(tmp_path / "model.safetensors")["lm_head.weight"].dtype == dtype
    run = lm.run("ABBA")
    assert lm.embedding.dtype == run.logits.dtype == np.float32 and lm._parts.model.dtype == torch.float32
    assert relative_error(lm, run) < 1e-5  # in half precision it would be a thousandth
    np.testing.assert_array_equal(lm.unembedding, model.lm_head.weight.detach().float())
    assert not lm._parts.model.config.use_cache  # a learner's memory is better spent
    assert transformers.utils.logging.is_progress_bar_enabled()  # the library is left as it was


def test_a_model_in_several_files_is_the_same_model(small, tmp_path):
    folder = saved(family("Llama", tie_word_embeddings=False), tmp_path / "sharded", max_shard_size="20KB")
    assert len(list(folder.glob("model-*.safetensors"))) > 3
    lm, whole = load_model(folder), load_model(small)
    np.testing.assert_array_equal(lm.targets, whole.targets)
    np.testing.assert_array_equal(lm.run("ABBA").logits, whole.run("ABBA").logits)
    sorted(folder.glob("model-*.safetensors"))[1].unlink()
    with pytest.raises(ValueError, match="cannot be opened as a causal language model"):
        load_model(folder)


@pytest.mark.parametrize("bad", [0x00, 0xFF])  # a layer of zeros, and one of NaN
def test_a_default_model_whose_bytes_went_wrong_is_never_used(lm, tmp_path, monkeypatch, bad):
    folder = tmp_path / NAME
    shutil.copytree(lm.folder, folder)
    header, start = safetensors_header(folder / "model.safetensors")
    first, last = header["model.layers.12.mlp.down_proj.weight"]["data_offsets"]
    with open(folder / "model.safetensors", "r+b") as file:
        file.seek(start + first)
        file.write(bytes([bad]) * (last - first))
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    damaged = load_model()
    for _ in range(2):  # and it is not kept
        with pytest.raises(FetchError, match=r"is damaged \(.*\)\. Delete that folder and start again"):
            damaged.run("a")
    shutil.rmtree(folder)


def test_a_hub_id_is_read_from_the_cache_and_asks_for_nothing_but_what_is_opened(small, tmp_path, monkeypatch):
    asked, fetch = [], huggingface_hub.snapshot_download
    place = tmp_path / "models--someone--a-model"  # as the hub's client lays it out
    snapshot = shutil.copytree(small, place / "snapshots" / ("0" * 40))
    (place / "refs").mkdir()
    (place / "refs" / "main").write_text("0" * 40)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *a, **kw: asked.append(kw) or fetch(*a, **kw))
    lm = load_model("someone/a-model")
    assert lm.name == "someone/a-model" and lm.id("A") == 32
    np.testing.assert_array_equal(lm.targets, load_model(small).targets)
    [patterns] = [options["allow_patterns"] for options in asked]
    assert {"*.json", "model*.safetensors", "*.txt"} <= set(patterns)
    assert not any("bin" in pattern or pattern == "*" for pattern in patterns)
    (snapshot / "model.safetensors").unlink()  # as a download that stopped leaves it
    with pytest.raises(ValueError, match="holds no model in safetensors"):
        load_model("someone/a-model")


SOURCES = [
    (dict(source=__file__), ValueError, "is a file; give the folder"),
    (dict(source="nobody/no-such-model"), ValueError, "'nobody/no-such-model' is no folder here and could not be had"),
    (dict(source=3), TypeError, "a folder or a model hub's id as text; got 3"),
    (dict(device="nonsense"), ValueError, f"{NAME} cannot be used here: .* on the device 'nonsense' "),
]


@pytest.mark.parametrize("what, error, words", SOURCES)
def test_what_cannot_be_loaded_is_named(lm, what, error, words):
    with pytest.raises(error, match=words):
        load_model(**what)


def change_weights(folder, without=None, **shapes):
    weights = load_file(folder / "model.safetensors") | {name: torch.ones(shape) for name, shape in shapes.items()}
    weights.pop(without, None)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def change_config(folder, **changes):
    config = json.loads((folder / "config.json").read_text()) | changes
    (folder / "config.json").write_text(json.dumps(config))


ONE_LAYER_MORE = f"model.layers.{LAYERS}.mlp.down_proj.weight"
CASES = [
    (lambda at: (at / "tokenizer.json").write_text("{"), "holds no tokenizer that can be read"),
    (lambda at: (at / "tokenizer.json").unlink(), "holds no tokenizer that can be read"),
    (lambda at: (at / "config.json").unlink(), "holds no config.json"),
    (lambda at: (at / "config.json").write_text("{"), "cannot be opened as a causal language model"),
    (lambda at: (at / "model.safetensors").write_text("cut"), "cannot be opened as a causal language model"),
    (lambda at: (at / "model.safetensors").rename(at / "pytorch_model.bin"), "Pickled weights can run code"),
    (lambda at: (at / "model.safetensors").rename(at / "adapter_model.safetensors"), "holds no model in safetensors"),
    (lambda at: change_weights(at, "lm_head.weight"), "lack weights that its config asks for, first of all lm_head.w"),
    (lambda at: change_weights(at, **{"lm_head.bias": (V,)}), "its config has no place, first of all lm_head.bias"),
    (lambda at: change_weights(at, **{ONE_LAYER_MORE: (8, 8)}), "has no place, first of all model.layers.3"),
    (lambda at: (at / "adapter_config.json").write_text("{}"), "the adapter would be added once more"),
    (lambda at: (at / "model.safetensors").write_text("version https://git-lfs.github.com/spec/v1\n"), "git lfs pull"),
    (lambda at: (at / "tokenizer.json").write_text("\n<!DOCTYPE html><html>"), r"tokenizer\.json is a saved web page"),
    (lambda at: change_config(at, hidden_size=64), "its weights have other shapes than its config says"),
    (lambda at: change_config(at, num_attention_heads=5), "cannot be used here"),
]


@pytest.mark.parametrize("damage, words", CASES)
def test_a_broken_folder_is_named(small, damage, words):
    damage(small)
    with pytest.raises(ValueError, match=words):
        load_model(small)


def test_a_gguf_file_is_refused_with_what_to_give_instead(tmp_path):
    (tmp_path / "a.gguf").write_bytes(b"GGUF")
    with pytest.raises(ValueError, match="GGUF files are read for the fetched models only; give a folder"):
        load_model(tmp_path / "a.gguf")


def test_further_heads_are_told_and_not_refused(small):
    change_weights(small, **{"v_head.weight": (1, 32)})
    assert load_model(small).unused_weights == ["v_head.weight"]


def test_a_masked_model_is_not_taken_for_a_causal_one(tmp_path):
    with pytest.raises(ValueError, match="cannot be used here: it reads a text from both sides"):
        load_model(saved(family("BERT", is_decoder=False), tmp_path))


def test_a_model_that_fails_at_its_first_text_and_a_library_that_panics_are_told(small, monkeypatch):
    class Panic(BaseException):
        pass

    with monkeypatch.context() as patched:
        forward = "transformers.models.llama.modeling_llama.LlamaAttention.forward"
        patched.setattr(forward, Mock(side_effect=RuntimeError("\nshapes do not fit")))
        with pytest.raises(ValueError, match=r"it fails at its first text \(shapes do not fit\)"):
            load_model(small)
    monkeypatch.setattr("tokenizers.Tokenizer.from_file", Mock(side_effect=Panic("regex")), raising=False)
    with pytest.raises(ValueError, match=r"holds no tokenizer that can be read \("):
        load_model(small)


def test_a_models_own_code_is_never_run_nor_asked_about(small, monkeypatch):
    ways = {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}
    change_config(small, model_type="own", auto_map=ways)
    (small / "own.py").write_text(f"open({str(small / 'ran')!r}, 'w')")
    monkeypatch.setattr("builtins.input", lambda *prompt: pytest.fail("the reader was asked to run code"))
    with pytest.raises(ValueError, match="it needs code of its own, which is never run here"):
        load_model(small)
    (small / "tokenizer.json").unlink()
    own = {"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["own.Own", None]}}
    (small / "tokenizer_config.json").write_text(json.dumps(own))
    with pytest.raises(ValueError, match=r"holds no tokenizer that can be read .* pip install \w+"):
        load_model(small)
    assert not (small / "ran").exists()


def test_the_memory_must_hold_the_weights_in_float32(tmp_path, monkeypatch):
    size = (saved(family("Llama").half(), tmp_path) / "model.safetensors").stat().st_size
    shutil.copy(tmp_path / "model.safetensors", tmp_path / "model.fp16.safetensors")  # not opened, so not counted
    monkeypatch.setattr("helpers.weights.opening.memory_free", lambda: 1.5 * size)
    with pytest.raises(ValueError, match=r"needs 0\.0 GB of memory for its weights in float32, and 0\.0 GB is free"):
        load_model(tmp_path)
    monkeypatch.setattr("helpers.weights.opening.memory_free", lambda: 2.5 * size)
    assert load_model(tmp_path).run("A").ids.tolist() == [32]


def test_a_containers_limit_counts(monkeypatch):
    files = {"memory.max": "1000", "memory.current": "700", "memory.stat": "anon 500\nfile 250\nshmem 50\n"}
    read = Path.read_text
    monkeypatch.setattr(Path, "read_text", lambda path, **how: files.get(path.name) or read(path, **how))
    assert memory_free() == 500
    files["memory.max"] = "max"
    assert memory_free() > 10**6
