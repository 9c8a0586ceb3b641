"""What cannot be converted faithfully is refused with its reason, and nothing is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lwtui.convert.base_facts import BaseFacts, from_config, from_gguf
from lwtui.convert.lora import lora_to_gguf
from lwtui.errors import BadInput
from tests.convert.small_models import Small
from tests.learnware.builders import write_gguf

MakeSmall = Callable[[str], Small]


@pytest.fixture
def adapter(small: MakeSmall, tmp_path: Path) -> Path:
    folder = tmp_path / "adapter"
    shutil.copytree(small("qwen2").adapter, folder)
    return folder


def configure(adapter: Path, **fields: Any) -> None:
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def rename(adapter: Path, old: str, new: str) -> None:
    file = adapter / "adapter_model.safetensors"
    save_file({name.replace(old, new): tensor for name, tensor in load_file(file).items()}, file)


def refused(adapter: Path, small: MakeSmall, match: str, facts: BaseFacts | None = None) -> None:
    out = adapter.parent / "out" / "lora.gguf"
    with pytest.raises(BadInput, match=match):
        lora_to_gguf(adapter, facts or from_gguf(small("qwen2").gguf), out)
    assert not list(out.parent.glob("*")) if out.parent.exists() else True


@pytest.mark.parametrize(
    ("field", "value", "match"),
    [
        ("use_dora", True, "DoRA"),
        ("modules_to_save", ["lm_head"], "whole layers"),
        ("bias", "lora_only", "biases"),
        ("lora_bias", True, "biases"),
        ("trainable_token_indices", [3], "single tokens"),
        ("target_parameters", ["mlp.experts"], "no linear layers"),
        ("layer_replication", [[0, 2]], "repeats layers"),
        ("alora_invocation_tokens", [1, 2], "activated LoRA"),
        ("init_lora_weights", "pissa_niter_4", "base's weights"),
        ("init_lora_weights", "loftq", "base's weights"),
        ("alpha_pattern", {"(": 3}, "no pattern"),
        ("alpha_pattern", {"q_proj": "many"}, "numbers"),
        ("lora_alpha", 0, "does nothing"),
        ("peft_type", "LOHA", "no LoRA adapter"),
    ],
)
def test_kinds_of_adapter(
    adapter: Path, small: MakeSmall, field: str, value: Any, match: str
) -> None:
    configure(adapter, **{field: value})
    refused(adapter, small, match)


def test_tensors_that_are_no_lora(adapter: Path, small: MakeSmall) -> None:
    file = adapter / "adapter_model.safetensors"
    tensors = load_file(file)
    name = "base_model.model.model.embed_tokens"
    more = {
        f"{name}.lora_embedding_A": np.zeros((4, 300), np.float32),
        f"{name}.lora_embedding_B": np.zeros((64, 4), np.float32),
    }
    save_file({**tensors, **more}, file)
    configure(adapter, target_modules=None)
    refused(adapter, small, "embeddings")
    save_file({**tensors, "base_model.model.score.weight": np.zeros(3, np.float32)}, file)
    refused(adapter, small, "no LoRA matrix")
    whole = {name: tensor.astype(np.int32) for name, tensor in tensors.items()}
    save_file(whole, file)
    refused(adapter, small, "I32")
    first = next(iter(tensors))
    tensors[first] = np.full_like(tensors[first], np.nan)
    save_file(tensors, file)
    refused(adapter, small, "not finite")


def test_layers_llama_cpp_does_not_adapt(adapter: Path, small: MakeSmall) -> None:
    rename(adapter, "mlp.down_proj", "mlp.router")
    configure(adapter, target_modules=None)
    refused(adapter, small, "not converted")


def test_an_output_layer_that_is_the_embedding(adapter: Path, small: MakeSmall) -> None:
    rename(adapter, "model.layers.1.mlp.down_proj", "lm_head")
    configure(adapter, target_modules=None)
    tied = from_gguf(small("qwen2").gguf)
    tied.tensors.pop("output.weight", None)
    refused(adapter, small, "no output.weight", tied)
    refused(adapter, small, "output layer", BaseFacts("qwen2", 2, 4, 2))


def test_another_base(adapter: Path, small: MakeSmall, tmp_path: Path) -> None:
    refused(adapter, small, "does not fit", from_gguf(small("llama").gguf))
    refused(adapter, small, "has 1 layers", BaseFacts("qwen2", 1, 4, 2))
    refused(adapter, small, "cannot share", BaseFacts("llama", 2, 7, 7))


def test_other_families(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    for kind in ("phi3", "mixtral", "qwen3_moe", "gemma3n", None, ["llama"], "llama\x1b[31m"):
        file.write_text(json.dumps({"model_type": kind, "num_hidden_layers": 2}))
        with pytest.raises(BadInput, match="not converted"):
            from_config(file)
    with pytest.raises(BadInput, match="phi3"):
        from_gguf(write_gguf(tmp_path / "phi.gguf", **{"general.architecture": "phi3"}))
    with pytest.raises(BadInput, match="not a base"):
        from_gguf(write_gguf(tmp_path / "lora.gguf", **{"general.type": "adapter"}))


def test_a_config_with_absurd_numbers(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    for layers in (-1, 0, 10**9, "two", True, None):
        told = {"model_type": "llama", "num_hidden_layers": layers, "num_attention_heads": 4}
        file.write_text(json.dumps(told))
        with pytest.raises(BadInput, match="sound number"):
            from_config(file)
