"""The starter base in two halves, so that what does not change is computed once.

The additional learnwares adapt the upper four layers only: the lower half of every row is then
the same for all of them and for every training step.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from lwtui.starter.batches import Encoded, by_length, tensors

CUT = 4
LIMIT = 256
Rows = list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]
"""Batches: hidden states at the cut (rows, length, width), token ids and target mask."""


def load_base(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    from transformers import LlamaForCausalLM

    return LlamaForCausalLM.from_pretrained(folder, dtype=dtype).eval()


def run_layers(
    model: Any, hidden: torch.Tensor, first: int, last: int, save: bool = False
) -> torch.Tensor:
    """Layers ``first`` to ``last`` (not included) on hidden states (rows, length, width)."""
    inner = model.model if not hasattr(model, "get_base_model") else model.get_base_model().model
    positions = torch.arange(hidden.shape[1])[None]
    rotary = inner.rotary_emb(hidden, positions)
    for layer in inner.layers[first:last]:
        found = layer(hidden, attention_mask=None, position_embeddings=rotary)
        hidden = found[0] if isinstance(found, tuple) else found
    return hidden


def answer_losses(model: Any, hidden: torch.Tensor, ids: Any, mask: Any) -> tuple[Any, Any]:
    """Logits and wanted ids at the answers' tokens, from the output of the last layer."""
    inner = model if not hasattr(model, "get_base_model") else model.get_base_model()
    chosen = mask[:, 1:]
    return inner.lm_head(inner.model.norm(hidden[:, :-1][chosen])), ids[:, 1:][chosen]


@torch.no_grad()
def lower_half(model: Any, examples: Sequence[Encoded], size: int = 16) -> Rows:
    """Every row's hidden states at the cut, in batches of similar length."""
    found = []
    for batch in by_length(examples, size):
        ids, mask = tensors(batch, "cpu")
        found.append((run_layers(model, model.model.embed_tokens(ids), 0, CUT), ids, mask))
    return found


def adapter_tensors(folder: Path) -> Iterator[tuple[str, torch.Tensor]]:
    """(module path, s·B·A float32) of every module that a PEFT LoRA folder changes."""
    config = json.loads((folder / "adapter_config.json").read_text())
    scale = config["lora_alpha"] / config["r"]
    found = load_file(folder / "adapter_model.safetensors")
    for name in sorted(found):
        if name.endswith("lora_A.weight"):
            module = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
            b = found[name.replace("lora_A", "lora_B")].float()
            yield module, scale * (b @ found[name].float())


class Swapped:
    """The base with an adapter's weights added; leaving the block restores it exactly."""

    def __init__(self, model: Any, folder: Path | None) -> None:
        self._model = model
        self._folder = folder
        self._kept: dict[str, torch.Tensor] = {}

    def __enter__(self) -> Any:
        if self._folder is not None:
            for module, change in adapter_tensors(self._folder):
                weight = self._model.get_submodule(module).weight
                self._kept[module] = weight.data.clone()
                weight.data = (weight.data.float() + change).to(weight.dtype)
        return self._model

    def __exit__(self, *_: object) -> None:
        for module, weight in self._kept.items():
            self._model.get_submodule(module).weight.data = weight
