"""A PEFT LoRA adapter, read for conversion: pairs of A and B with PEFT's own scale.

What a GGUF adapter cannot hold is refused with its reason, never dropped: an adapter that lost a
part would still run, and answer wrongly. Sources: PEFT 0.21, ``tuners/lora/config.py`` and
``layer.py``; llama.cpp, ``llama-adapter.cpp``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import numpy as np

from lwtui.convert.tensors import read_tensors
from lwtui.errors import BadInput
from lwtui.learnware.adapter_check import CONFIG_NAME, WEIGHTS_NAME, read_adapter, read_json
from lwtui.learnware.headers import safetensors_header, tensor_shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KEY = re.compile(
    r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<side>[AB])(?:\.default)?\.weight"
)

_WITHOUT = "A GGUF adapter holds pairs of LoRA matrices and nothing else."
_REASONS = {
    "use_dora": "It is a DoRA adapter: its magnitudes have no place in GGUF.",
    "modules_to_save": "It brings whole layers of its own (modules_to_save).",
    "trainable_token_indices": "It changes embeddings of single tokens.",
    "target_parameters": "It changes parameters that are no linear layers.",
    "layer_replication": "It repeats layers of its base.",
    "lora_bias": "Its B has biases.",
    "use_qalora": "It is a QA-LoRA adapter, which pools its inputs.",
    "use_bdlora": "Its matrices are block-diagonal.",
    "alora_invocation_tokens": "It is switched on by tokens of the prompt (activated LoRA).",
    "arrow_config": "It is a router over several adapters.",
    "velora_config": "It compresses what it computes (VeLoRA).",
    "monteclora_config": "It is a MonteCLoRA adapter.",
    "kasa_config": "It is a KaSA adapter, which changes its base's weights.",
    "lora_ga_config": "It is a LoRA-GA adapter, which changes its base's weights.",
    "megatron_config": "It was made for Megatron's layers.",
}
_STARTS = ("pissa", "olora", "corda", "loftq", "lora_ga")
"""Ways to begin that take something out of the base's own weights."""


@dataclass(frozen=True)
class Pair:
    """One adapted layer: PEFT adds ``scale`` · B·A to its weight."""

    module: str
    """Its name in the base, ``model.layers.0.self_attn.q_proj``."""
    a: NDArray[np.float32]
    """(rank, inputs)"""
    b: NDArray[np.float32]
    """(outputs, rank)"""
    scale: float

    @property
    def rank(self) -> int:
        return int(self.a.shape[0])


class PeftLora:
    """The adapter in a folder. Raises ``BadInput`` for all that cannot be converted faithfully."""

    def __init__(self, folder: Path) -> None:
        self._config_file = folder / CONFIG_NAME
        self._weights_file = folder / WEIGHTS_NAME
        self.config = read_json(self._config_file)
        self._check_config()
        facts = read_adapter(folder)
        self.alpha = facts.alpha
        self.base = facts.base
        """The repository it says it was trained on; may be empty."""
        if not math.isfinite(self.alpha) or self.alpha == 0:
            self._refuse("lora_alpha", "With this factor the adapter does nothing.")
        shapes = tensor_shapes(safetensors_header(self._weights_file))
        self._modules = self._check_names(list(shapes))
        self.count = len(self._modules)
        """Adapted layers."""

    def pairs(self) -> Iterator[Pair]:
        """The adapted layers by name; one is in memory at a time."""
        waiting: dict[str, NDArray[np.float32]] = {}
        for name, tensor in read_tensors(self._weights_file):
            match = _KEY.fullmatch(name)
            if match is None:
                raise AssertionError("names were checked")
            if not np.isfinite(tensor).all():
                self._refuse_tensor(name, "holds numbers that are not finite")
            module, side = match["module"], match["side"]
            if side == "A":
                waiting[module] = tensor
                continue
            first = waiting.pop(module)
            yield Pair(module, first, tensor, self.scale(module, int(first.shape[0])))

    def scale(self, module: str, rank: int) -> float:
        """The factor PEFT puts before B·A of this layer, patterns and rank-stabilised LoRA
        included."""
        alpha = self.alpha
        for pattern, value in (self.config.get("alpha_pattern") or {}).items():
            try:
                # The very expression of peft.utils.other.get_pattern_key.
                found = re.match(rf"(.*\.)?({pattern})$", module)
            except re.error as error:
                self._refuse("alpha_pattern", f"{pattern!r:.80} is no pattern: {error}.")
            if found:
                if isinstance(value, bool) or not isinstance(value, (int, float)):
                    self._refuse("alpha_pattern", "Its values must be numbers.")
                alpha = float(value)
                break
        return alpha / (math.sqrt(rank) if self.config.get("use_rslora") else rank)

    def _check_config(self) -> None:
        for field, reason in _REASONS.items():
            if self.config.get(field):
                self._refuse(field, reason)
        if self.config.get("bias", "none") not in ("none", None):
            self._refuse("bias", "It changes biases of its base.")
        start = self.config.get("init_lora_weights")
        if isinstance(start, str) and start.lower().startswith(_STARTS):
            self._refuse(
                "init_lora_weights",
                f"It began as {start[:20]!r}, which changes its base's weights too.",
                "Save it again with PEFT's save_pretrained("
                "path_initial_model_for_weight_conversion=…), which makes a plain LoRA of it.",
            )
        if not isinstance(self.config.get("alpha_pattern") or {}, dict):
            self._refuse("alpha_pattern", "It must be an object.")

    def _check_names(self, names: list[str]) -> tuple[str, ...]:
        modules = set()
        for name in names:
            match = _KEY.fullmatch(name)
            if "lora_embedding_" in name:
                self._refuse_tensor(name, "changes the embeddings, which llama.cpp cannot")
            elif name.endswith(".base_layer.weight"):
                # PEFT saves it beside its LoRA; its vocabulary may be larger than the base's.
                self._refuse_tensor(name, "is a copy of a layer of its base")
            elif match is None:
                self._refuse_tensor(name, "is no LoRA matrix")
            else:
                modules.add(match["module"])
        return tuple(sorted(modules))

    def _refuse(self, field: str, reason: str, hint: str = "") -> NoReturn:
        hint = hint or f"{_WITHOUT} It still runs with the backend transformers."
        raise BadInput(reason, file=self._config_file, field=field, hint=hint)

    def _refuse_tensor(self, name: str, what: str) -> NoReturn:
        raise BadInput(
            f"Tensor {name!r:.200} {what}.",
            file=self._weights_file,
            hint=f"{_WITHOUT} The adapter still runs with the backend transformers.",
        )
