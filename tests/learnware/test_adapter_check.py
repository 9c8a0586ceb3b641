"""Does an adapter fit its base? Real files in PEFT's layout, and each way they can be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lwtui.errors import BadInput
from lwtui.learnware.adapter_check import check_adapter, read_adapter

from .builders import BASE_REPOSITORY, write_adapter, write_base


def test_a_fitting_adapter(tmp_path: Path) -> None:
    adapter, base = write_adapter(tmp_path / "adapter"), write_base(tmp_path / "base")
    facts = check_adapter(adapter, base, [BASE_REPOSITORY.upper()])
    assert (facts.rank, facts.alpha, facts.base) == (4, 8.0, BASE_REPOSITORY)
    assert facts.parameters == 2 * 2 * 2 * 4 * 16
    assert facts.modules[0] == "model.layers.0.self_attn.q_proj"
    assert len(facts.modules) == 4


@pytest.mark.parametrize(
    ("adapter", "expected"),
    [
        ({"width": 32}, ["is 16 × 16 in the base", "made for 32 × 32", BASE_REPOSITORY]),
        ({"layers": 5}, ["and 5 more modules", "2 layers, the adapter 5"]),
        ({"targets": ["c_attn"]}, ["c_attn", "does not have"]),
        ({"base": "org/other"}, ["trained on org/other"]),
        ({"config": {"r": 8}}, ["rank is 8 by adapter_config.json", "has rank 4"]),
        ({"config": {"r": 0}}, ["above 0"]),
        ({"config": {"r": "4"}}, ["above 0"]),
        ({"config": {"r": True}}, ["above 0"]),
        ({"config": {"peft_type": "IA3"}}, ["no LoRA adapter but 'IA3'"]),
        ({"config": {"target_modules": ["q_proj", "k_proj", "v_proj"]}}, ["lack", "'k_proj'"]),
        ({"config": {"target_modules": ["q_proj"]}}, ["v_proj", "does not name"]),
        ({"config": {"base_model_name_or_path": 3}}, ["name must be a text"]),
        ({"config": {"lora_alpha": "x"}}, ["must be a number"]),
        ({"config": {"rank_pattern": {"q_proj": 2}}}, ["rank is 2"]),
    ],
)
def test_a_misfit_says_why(tmp_path: Path, adapter: dict[str, Any], expected: list[str]) -> None:
    folder, base = write_adapter(tmp_path / "adapter", **adapter), write_base(tmp_path / "base")
    with pytest.raises(BadInput) as caught:
        check_adapter(folder, base, [BASE_REPOSITORY])
    for words in expected:
        assert words in str(caught.value)
    assert caught.value.file is not None
    assert caught.value.file.startswith(str(folder))


def test_a_half_of_a_pair_is_missed(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "adapter")
    weights = load_file(folder / "adapter_model.safetensors")
    name = next(name for name in weights if "lora_B" in name)
    del weights[name]
    save_file(weights, folder / "adapter_model.safetensors")
    with pytest.raises(BadInput, match="lora_A without its partner"):
        read_adapter(folder)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"r": ' + "[" * 100_000, "\x00", "9" * 9999])
def test_a_broken_config(tmp_path: Path, text: str) -> None:
    folder = write_adapter(tmp_path / "adapter")
    (folder / "adapter_config.json").write_text(text)
    with pytest.raises(BadInput) as caught:
        read_adapter(folder)
    assert caught.value.file == str(folder / "adapter_config.json")


def test_pickled_weights_are_not_opened(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "adapter")
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(BadInput, match="only a pickle"):
        read_adapter(folder)


def test_without_lora_weights(tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "adapter")
    save_file({"x": np.zeros(1, np.float32)}, folder / "adapter_model.safetensors")
    with pytest.raises(BadInput, match="no LoRA weights"):
        read_adapter(folder)


def test_rank_pattern_and_pattern_targets_fit(tmp_path: Path) -> None:
    folder, base = write_adapter(tmp_path / "adapter", rank=2), write_base(tmp_path / "base")
    config = json.loads((folder / "adapter_config.json").read_text())
    config |= {"r": 64, "rank_pattern": {"q_proj": 2, "v_proj": 2}, "target_modules": ".*_proj"}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    assert check_adapter(folder, base).rank == 64


def test_embeddings_and_a_tied_head(tmp_path: Path) -> None:
    folder, base = write_adapter(tmp_path / "adapter"), write_base(tmp_path / "base")
    prefix = "base_model.model."
    weights = load_file(folder / "adapter_model.safetensors")
    embedding = f"{prefix}model.embed_tokens.lora_embedding_"
    weights[f"{embedding}A"] = np.zeros((4, 32), np.float32)
    weights[f"{embedding}B"] = np.zeros((16, 4), np.float32)
    weights[f"{prefix}lm_head.lora_A.weight"] = np.zeros((4, 16), np.float32)
    weights[f"{prefix}lm_head.lora_B.weight"] = np.zeros((32, 4), np.float32)
    save_file(weights, folder / "adapter_model.safetensors")
    config = json.loads((folder / "adapter_config.json").read_text())
    config["target_modules"] = "all-linear"
    (folder / "adapter_config.json").write_text(json.dumps(config))
    assert "lm_head" in check_adapter(folder, base).modules
    weights[f"{embedding}A"] = np.zeros((4, 33), np.float32)
    save_file(weights, folder / "adapter_model.safetensors")
    with pytest.raises(BadInput, match="embed_tokens"):
        check_adapter(folder, base)


def test_an_adapter_saved_by_peft_fits_its_base(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    transformers = pytest.importorskip("transformers")
    config = transformers.LlamaConfig(
        vocab_size=32,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
    )
    model = transformers.LlamaForCausalLM(config)
    model.save_pretrained(tmp_path / "base")
    settings = peft.LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
    peft.get_peft_model(model, settings).save_pretrained(tmp_path / "adapter")
    facts = check_adapter(tmp_path / "adapter", tmp_path / "base")
    assert facts.rank == 2
    assert len(facts.modules) == 14
