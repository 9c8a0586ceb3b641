"""llama.cpp with a converted adapter finds likely what transformers with PEFT finds likely."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file
from tiny_models import needs_llama_cpp

from lwtui.convert.base_facts import BaseFacts, from_config, from_gguf
from lwtui.convert.lora import lora_to_gguf, tensor_name
from lwtui.errors import BadInput
from tests.convert.small_models import (
    ARCHITECTURES,
    LAYERS,
    Small,
    llama_cpp_scores,
    make_adapter,
    make_base,
    make_vision_model,
    transformers_scores,
    write_gguf,
)

TOKENS = list(range(3, 43))
MakeSmall = Callable[[str], Small]


def check_effect(small: Small, lora: Path, adapter: Path | None = None) -> None:
    """The adapter's effect on every log-likelihood is the same, and there is one."""
    bare = transformers_scores(small.base, None, TOKENS)
    adapted = transformers_scores(small.base, adapter or small.adapter, TOKENS)
    found = llama_cpp_scores(small.gguf, lora, TOKENS)
    found_bare = llama_cpp_scores(small.gguf, None, TOKENS)
    # llama.cpp keeps keys and values in float16: on so few numbers that is seen.
    assert np.abs(found - adapted).max() < 0.08
    assert np.abs(adapted - bare).mean() > 0.2
    effect, other = (adapted - bare).ravel(), (found - found_bare).ravel()
    assert np.corrcoef(effect, other)[0, 1] > 0.9999


@needs_llama_cpp
@pytest.mark.parametrize("family", ARCHITECTURES)
def test_the_effect_agrees(small: MakeSmall, tmp_path: Path, family: str) -> None:
    made = small(family)
    lora = tmp_path / "lora.gguf"
    assert lora_to_gguf(made.adapter, from_gguf(made.gguf), lora) == 7 * LAYERS
    check_effect(made, lora)
    # The base's config alone gives the same file.
    other = tmp_path / "other.gguf"
    lora_to_gguf(made.adapter, from_config(made.base / "config.json"), other, name="adapter")
    assert other.read_bytes() == lora.read_bytes()


@needs_llama_cpp
def test_rows_must_be_reordered(small: MakeSmall, tmp_path: Path) -> None:
    """The test above would notice: without the permutation Llama's adapter says something else."""
    made = small("llama")
    facts = from_gguf(made.gguf)
    plain = BaseFacts("qwen2", facts.layers, facts.heads, facts.kv_heads)
    lora = tmp_path / "lora.gguf"
    lora_to_gguf(made.adapter, plain, lora)
    data = lora.read_bytes().replace(b"qwen2", b"llama")
    lora.write_bytes(data)
    adapted = transformers_scores(made.base, made.adapter, TOKENS)
    assert np.abs(llama_cpp_scores(made.gguf, lora, TOKENS) - adapted).max() > 1


@needs_llama_cpp
@pytest.mark.parametrize(
    "settings",
    [
        {"use_rslora": True},
        {"rank_pattern": {"layers.1.mlp.down_proj": 8}, "alpha_pattern": {"q_proj": 1}},
        {"use_rslora": True, "rank_pattern": {"v_proj": 2}, "alpha_pattern": {"v_proj": 9}},
        {"fan_in_fan_out": True},  # PEFT sets it back for such layers
    ],
)
def test_scales_of_peft(small: MakeSmall, tmp_path: Path, settings: dict[str, Any]) -> None:
    made = small("qwen3")
    adapter = make_adapter(tmp_path / "adapter", made.base, **settings)
    lora = tmp_path / "lora.gguf"
    lora_to_gguf(adapter, from_gguf(made.gguf), lora)
    check_effect(made, lora, adapter)


@needs_llama_cpp
def test_bfloat16_source(small: MakeSmall, tmp_path: Path) -> None:
    import torch

    made = small("gemma2")
    adapter = tmp_path / "adapter"
    shutil.copytree(made.adapter, adapter)
    weights = adapter / "adapter_model.safetensors"
    save_file({k: v.to(torch.bfloat16) for k, v in load_file(weights).items()}, weights)
    lora = tmp_path / "lora.gguf"
    lora_to_gguf(adapter, from_gguf(made.gguf), lora)
    check_effect(made, lora, adapter)


@needs_llama_cpp
def test_an_output_layer_of_its_own(tmp_path: Path) -> None:
    base = make_base(tmp_path / "base", "qwen3", tie_word_embeddings=False)
    gguf = write_gguf(base, tmp_path / "base.gguf")
    adapter = make_adapter(tmp_path / "adapter", base, target_modules=["lm_head", "v_proj"])
    weights = adapter / "adapter_model.safetensors"
    tensors = load_file(weights)
    with pytest.raises(BadInput, match="a copy of a layer"):
        lora_to_gguf(adapter, from_gguf(gguf), tmp_path / "lora.gguf")
    save_file({name: tensors[name] for name in tensors if "base_layer" not in name}, weights)
    lora = tmp_path / "lora.gguf"
    lora_to_gguf(adapter, from_gguf(gguf), lora)
    check_effect(Small(base, gguf, adapter), lora)


@needs_llama_cpp
def test_numbers_float16_cannot_hold(small: MakeSmall, tmp_path: Path) -> None:
    """Too large ones and too small ones: those matrices become float32."""
    import gguf

    made = small("qwen3")
    adapter = tmp_path / "adapter"
    shutil.copytree(made.adapter, adapter)
    weights = adapter / "adapter_model.safetensors"
    tensors = load_file(weights)
    for name in tensors:
        if "q_proj.lora_A" in name:
            tensors[name] = tensors[name] * 1e7
        elif "q_proj.lora_B" in name:
            tensors[name] = tensors[name] * 1e-7
    save_file(tensors, weights)
    lora = tmp_path / "lora.gguf"
    lora_to_gguf(adapter, from_gguf(made.gguf), lora)
    kinds = {tensor.name: tensor.tensor_type.name for tensor in gguf.GGUFReader(lora).tensors}
    assert {kinds[f"blk.0.attn_q.weight.lora_{side}"] for side in "ab"} == {"F32"}
    assert {kind for name, kind in kinds.items() if "attn_q" not in name} == {"F16"}
    check_effect(made, lora, adapter)


@needs_llama_cpp
def test_the_text_part_of_a_model_that_sees(small: MakeSmall, tmp_path: Path) -> None:
    text = small("gemma3_text")
    base, adapter = make_vision_model(tmp_path, text.base)
    lora = tmp_path / "lora.gguf"
    assert lora_to_gguf(adapter, from_config(base / "config.json"), lora) == 4 * LAYERS
    check_effect(Small(base, text.gguf, adapter), lora)


def test_names_of_a_vision_models_text_part() -> None:
    facts = BaseFacts("gemma3", 4, 4, 2)
    for prefix in ("model.language_model.", "language_model.model.", "model."):
        name = f"{prefix}layers.3.self_attn.q_proj"
        assert tensor_name(name, facts) == "blk.3.attn_q.weight"
    for name in (
        "model.vision_tower.vision_model.encoder.layers.0.self_attn.q_proj",
        "vision_tower.vision_model.encoder.layers.0.self_attn.q_proj",
        "model.multi_modal_projector.linear",
    ):
        with pytest.raises(BadInput, match="not converted"):
            tensor_name(name, facts)


def test_a_vision_models_config(tmp_path: Path) -> None:
    text = {"num_hidden_layers": 3, "num_attention_heads": 8, "num_key_value_heads": 4}
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"model_type": "gemma3", "text_config": text}))
    assert from_config(file) == BaseFacts("gemma3", 3, 8, 4)
    # As published, Gemma 3's config leaves out what is its class's default.
    file.write_text(json.dumps({"model_type": "gemma3", "text_config": {"num_hidden_layers": 3}}))
    assert from_config(file).layers == 3
