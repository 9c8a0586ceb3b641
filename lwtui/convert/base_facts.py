"""What a LoRA's conversion must know of its base: from the base's GGUF, or its ``config.json``."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from lwtui.errors import BadInput
from lwtui.learnware.adapter_check import read_json
from lwtui.learnware.gguf import read_gguf

FAMILIES = {
    "llama": "llama",
    "mistral": "llama",  # the same graph in llama.cpp
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "gemma": "gemma",
    "gemma2": "gemma2",
    "gemma3_text": "gemma3",
    "gemma3": "gemma3",
}
"""``model_type`` of a config to the architecture in llama.cpp."""
CONVERTED = "Llama, Mistral, Qwen2 (2.5), Qwen3 and Gemma (1, 2, 3)"
PERMUTED = frozenset({"llama"})
"""Architectures whose q and k llama.cpp keeps in another rotary layout."""

_MOST_LAYERS = 4096


@dataclass(frozen=True)
class BaseFacts:
    """A base model as llama.cpp sees it."""

    architecture: str
    """In llama.cpp: ``llama``, ``qwen2`` …"""
    layers: int
    heads: int
    kv_heads: int
    """Of keys and values."""
    tensors: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """GGUF name to shape, fastest dimension first; empty where only the config is known."""


def from_config(file: Path) -> BaseFacts:
    """From a base's ``config.json``. Raises ``BadInput`` for a family that is not converted."""
    config = read_json(file)
    kind = config.get("model_type")
    architecture = FAMILIES.get(kind) if isinstance(kind, str) else None
    if architecture is None:
        _unknown(kind, file)
    nested = config.get("text_config")
    if kind == "gemma3" and isinstance(nested, dict):
        config = nested
    # Configs leave out what is their class's default; only where rows are reordered it matters.
    needless = None if architecture in PERMUTED else 1
    heads = _count(config, "num_attention_heads", file, needless)
    return BaseFacts(
        architecture,
        layers=_count(config, "num_hidden_layers", file),
        heads=heads,
        kv_heads=_count(config, "num_key_value_heads", file, heads),
    )


def from_gguf(file: Path) -> BaseFacts:
    """From the header of a base's GGUF. Raises ``BadInput`` for a family that is not converted."""
    header = read_gguf(file)
    architecture = header.architecture
    if header.is_lora:
        raise BadInput("This is a LoRA adapter, not a base.", file=file)
    if architecture not in FAMILIES.values():
        _unknown(architecture, file)
    heads = _count(header.metadata, f"{architecture}.attention.head_count", file)
    kv_heads = f"{architecture}.attention.head_count_kv"
    return BaseFacts(
        architecture,
        layers=_count(header.metadata, f"{architecture}.block_count", file),
        heads=heads,
        kv_heads=_count(header.metadata, kv_heads, file, heads),
        tensors=header.tensors,
    )


def _count(facts: dict[str, Any], name: str, file: Path, default: int | None = None) -> int:
    value = facts.get(name)
    value = default if value is None else value
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST_LAYERS:
        raise BadInput(f"Not a sound number: {value!r:.40}.", file=file, field=name)
    return value


def _unknown(kind: object, file: Path) -> NoReturn:
    raise BadInput(
        f"Adapters of {str(kind)[:40]!r} models are not converted to GGUF.",
        file=file,
        hint=f"Converted are those of {CONVERTED}. It still runs with the backend transformers.",
    )
