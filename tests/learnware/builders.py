"""Small real files to test with: adapters, models, GGUF, whole collections."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware, ModelInfo, Semantic

WIDTH, LAYERS, RANK = 16, 2, 4
TARGETS = ("q_proj", "v_proj")
BASE_REPOSITORY = "tests/tiny-base"


def learnware(identifier: str = "local/one", **semantic: Any) -> Learnware:
    """An adapter on ``local/base`` without files."""
    return Learnware(identifier, ModelInfo("adapter", base="local/base"), Semantic(**semantic))


def write_manifest_text(home: Path, identifier: str, text: str) -> Path:
    """Write a manifest by hand, as a user with an editor would; return its file."""
    folder = home / "specs" / identifier
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "learnware.toml"
    path.write_text(text, encoding="utf-8")
    return path


def manifest_text(identifier: str, title: str = "A title") -> str:
    return (
        f'schema = 1\nid = "{identifier}"\n\n[model]\nkind = "adapter"\nbase = "local/base"\n\n'
        f'[semantic]\ntitle = "{title}"\n'
    )


def write_base(folder: Path, width: int = WIDTH, layers: int = LAYERS) -> Path:
    """A Hugging Face folder of a tiny Llama: config and safetensors weights."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {"model.embed_tokens.weight": np.zeros((32, width), np.float32)}
    for layer in range(layers):
        for name in ("q_proj", "k_proj", "v_proj", "o_proj"):
            key = f"model.layers.{layer}.self_attn.{name}.weight"
            weights[key] = np.zeros((width, width), np.float32)
    save_file(weights, folder / "model.safetensors")
    config = {"model_type": "llama", "hidden_size": width, "max_position_embeddings": 128}
    (folder / "config.json").write_text(json.dumps(config))
    return folder


def write_adapter(
    folder: Path,
    *,
    width: int = WIDTH,
    layers: int = LAYERS,
    rank: int = RANK,
    base: str = BASE_REPOSITORY,
    config: Mapping[str, Any] | None = None,
    targets: Sequence[str] = TARGETS,
) -> Path:
    """A PEFT LoRA adapter as ``save_pretrained`` writes it; ``config`` overrules its fields."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {}
    for layer in range(layers):
        for name in targets:
            module = f"base_model.model.model.layers.{layer}.self_attn.{name}"
            weights[f"{module}.lora_A.weight"] = np.ones((rank, width), np.float32)
            weights[f"{module}.lora_B.weight"] = np.zeros((width, rank), np.float32)
    save_file(weights, folder / "adapter_model.safetensors")
    settings = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": 8,
        "target_modules": list(targets),
        "base_model_name_or_path": base,
        **(config or {}),
    }
    (folder / "adapter_config.json").write_text(json.dumps(settings))
    return folder


def gguf_bytes(metadata: Mapping[str, Any], tensors: Mapping[str, Sequence[int]]) -> bytes:
    """The header of a GGUF file, version 3, with texts, whole numbers and lists of texts."""
    out = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(metadata))]
    for key, value in metadata.items():
        out.append(_text(key))
        if isinstance(value, str):
            out += [struct.pack("<I", 8), _text(value)]
        elif isinstance(value, int):
            out.append(struct.pack("<II", 4, value))
        else:
            out += [struct.pack("<IIQ", 9, 8, len(value)), *(_text(item) for item in value)]
    for name, shape in tensors.items():
        out += [_text(name), struct.pack(f"<I{len(shape)}Q", len(shape), *shape)]
        out.append(struct.pack("<IQ", 0, 0))
    return b"".join(out)


def write_gguf(path: Path, **metadata: Any) -> Path:
    facts = {"general.architecture": "llama", "llama.context_length": 128, **metadata}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gguf_bytes(facts, {"token_embd.weight": (16, 32)}))
    return path


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def ids(collection: Collection, text: str = "", **filters: str) -> list[str]:
    return [found.id for found in collection.list(text, **filters)]


def weights(tmp_path: Path, size: int = 1000) -> dict[str, Path]:
    path = tmp_path / "source" / "adapter_model.safetensors"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"w" * size)
    return {path.name: path}
