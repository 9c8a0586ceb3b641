"""Does a PEFT adapter fit its base? Told from headers and ``adapter_config.json`` alone."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from lwtui.errors import BadInput
from lwtui.learnware.headers import (
    count_parameters,
    folder_shapes,
    safetensors_header,
    tensor_shapes,
)

CONFIG_NAME = "adapter_config.json"
WEIGHTS_NAME = "adapter_model.safetensors"
_MAX_CONFIG_BYTES = 1024 * 1024
_MAX_RANK = 65_536

_LORA = re.compile(
    r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<embedding>embedding_)?(?P<side>[AB])"
    r"(?:\.[^.]+)?(?:\.weight)?"
)


@dataclass(frozen=True)
class AdapterFacts:
    """What an adapter is, once it is known to be whole."""

    rank: int
    alpha: float
    modules: tuple[str, ...]
    """Names of the adapted modules in the base, sorted."""
    parameters: int
    base: str
    """What the adapter says it was trained on: a Hub repository, a folder, or empty."""


def read_adapter(folder: Path) -> AdapterFacts:
    """Check an adapter by itself. Raises ``BadInput`` a person understands."""
    return _Adapter(folder).facts()


def check_adapter(
    folder: Path, base_folder: Path, base_names: Collection[str] = ()
) -> AdapterFacts:
    """Check that the adapter in ``folder`` fits the safetensors model in ``base_folder``.

    ``base_names`` are the names the base goes by (learnware id, Hub repository): when given and the
    adapter names a repository, it must be one of them. Raises ``BadInput``.
    """
    adapter = _Adapter(folder)
    facts = adapter.facts()
    shapes = folder_shapes(base_folder)
    adapter.check_fits(shapes)
    _check_identity(adapter.config_path, facts.base, base_names)
    return facts


def read_json(path: Path, limit: int = _MAX_CONFIG_BYTES) -> dict[str, Any]:
    """A JSON object from a small file. Raises ``BadInput`` with the line."""
    try:
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except FileNotFoundError:
        raise BadInput(f"There is no {path.name} here.", file=path) from None
    except OSError as error:
        raise BadInput(f"Cannot be read: {error.strerror}.", file=path) from error
    if len(data) > limit:
        raise BadInput("The file is too large to be right.", file=path)
    try:
        value = json.loads(data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        raise BadInput(f"Not valid JSON: {error.msg}.", file=path, line=error.lineno) from error
    except (ValueError, RecursionError) as error:
        raise BadInput("Not valid JSON.", file=path) from error
    if not isinstance(value, dict):
        raise BadInput("Must hold a JSON object.", file=path)
    return value


class _Adapter:
    def __init__(self, folder: Path) -> None:
        self.config_path = folder / CONFIG_NAME
        self.weights_path = folder / WEIGHTS_NAME
        self.config = read_json(self.config_path)
        if not self.weights_path.is_file():
            pickled = (folder / "adapter_model.bin").exists()
            raise BadInput(
                f"There is no {WEIGHTS_NAME} here"
                + (", only a pickle, which lwtui does not load." if pickled else "."),
                file=folder,
                hint="Save the adapter with PEFT's save_pretrained(..., safe_serialization=True).",
            )
        self.shapes = tensor_shapes(safetensors_header(self.weights_path))

    def facts(self) -> AdapterFacts:
        """The adapter's own consistency: kind, rank, pairs of A and B."""
        if self.config.get("peft_type") != "LORA":
            self._fail_config(
                "peft_type", f"This is no LoRA adapter but {self.config.get('peft_type')!r:.40}."
            )
        rank = self.config.get("r")
        if isinstance(rank, bool) or not isinstance(rank, int) or not 1 <= rank <= _MAX_RANK:
            self._fail_config("r", f"The rank must be a whole number above 0, not {rank!r:.40}.")
        alpha = self.config.get("lora_alpha", rank)
        if isinstance(alpha, bool) or not isinstance(alpha, (int, float)):
            self._fail_config("lora_alpha", "lora_alpha must be a number.")
        base = self.config.get("base_model_name_or_path") or ""
        if not isinstance(base, str):
            self._fail_config("base_model_name_or_path", "The base's name must be a text.")
        pairs = self._pairs()
        if not pairs:
            self._fail_weights("There are no LoRA weights in the file.")
        for module, sides in pairs.items():
            self._check_pair(module, sides)
        modules = tuple(sorted(pairs))
        self._check_targets(modules)
        return AdapterFacts(rank, float(alpha), modules, count_parameters(self.shapes), base)

    def check_fits(self, base: dict[str, tuple[int, ...]]) -> None:
        """Compare every pair with the base's weight of the same module."""
        swapped = bool(self.config.get("fan_in_fan_out"))
        pairs = self._pairs()
        missing = [module for module in pairs if _base_shape(base, module) is None]
        if missing:
            self._fail_weights(
                f"The adapter changes {missing[0]!r}"
                + (f" and {len(missing) - 1} more modules" if missing[1:] else "")
                + ", which this base does not have.",
                f"The adapter is for {self._base_name()}; this base has "
                f"{_layers(base)} layers, the adapter {_layers(self.shapes)}.",
            )
        for module, sides in pairs.items():
            shape = _base_shape(base, module)
            given, wanted = self._sizes(sides), shape
            if wanted is not None and swapped and len(wanted) == 2:
                wanted = (wanted[1], wanted[0])
            if "embedding_A" in sides and wanted is not None:
                # Embedding: A is [rank, vocabulary], B is [width, rank], the weight transposed.
                given = (given[1], given[0])
            if wanted is None or given != wanted[:2]:
                self._fail_weights(
                    f"The adapter does not fit: {module!r} is {_times(wanted or ())} in the base, "
                    f"but the adapter was made for {_times(given)}.",
                    f"It was made for another base: {self._base_name()}.",
                )

    def _pairs(self) -> dict[str, dict[str, tuple[int, ...]]]:
        pairs: dict[str, dict[str, tuple[int, ...]]] = {}
        for name, shape in self.shapes.items():
            found = _LORA.fullmatch(name)
            if found:
                side = (found["embedding"] or "") + found["side"]
                pairs.setdefault(found["module"], {})[side] = shape
        return pairs

    def _check_pair(self, module: str, sides: dict[str, tuple[int, ...]]) -> None:
        prefix = "embedding_" if any(side.startswith("embedding") for side in sides) else ""
        first, second = sides.get(f"{prefix}A"), sides.get(f"{prefix}B")
        if first is None or second is None:
            self._fail_weights(
                f"Module {module!r} has lora_{'B' if first is None else 'A'} without its partner."
            )
        if len(first) < 2 or len(second) < 2 or len(first) != len(second):
            self._fail_weights(f"Module {module!r} has LoRA weights that are no matrices.")
        wanted = self._rank_of(module)
        for side, rank in (("A", first[0]), ("B", second[1])):
            if rank != wanted:
                self._fail_weights(
                    f"The rank is {wanted} by {CONFIG_NAME}, but lora_{side} of {module!r} "
                    f"has rank {rank}.",
                    "The config and the weights are of different adapters.",
                )

    def _rank_of(self, module: str) -> int:
        patterns = self.config.get("rank_pattern") or {}
        if not isinstance(patterns, dict):
            self._fail_config("rank_pattern", "rank_pattern must be an object.")
        for pattern, rank in patterns.items():
            # PEFT takes the keys as regular expressions over the end of the module's name; only
            # plain names are compared here, so that a hostile pattern costs nothing.
            plain = re.sub(r"\\(.)", r"\1", pattern.strip("^$"))
            if module == plain or module.endswith(f".{plain}"):
                return int(rank) if isinstance(rank, int) else 0
        return int(self.config["r"])

    def _check_targets(self, modules: tuple[str, ...]) -> None:
        targets = self.config.get("target_modules")
        if not isinstance(targets, list):
            return  # a pattern or "all-linear": the weights themselves say what it came to
        names = [target for target in targets if isinstance(target, str)]
        unused = [t for t in names if not any(m == t or m.endswith(f".{t}") for m in modules)]
        strange = [
            m for m in modules if names and not any(m == t or m.endswith(f".{t}") for t in names)
        ]
        if unused or strange:
            self._fail_config(
                "target_modules",
                f"The weights lack the module {unused[0]!r} that the config names."
                if unused
                else f"The weights change {strange[0]!r}, which the config does not name.",
                "The config and the weights are of different adapters.",
            )

    def _sizes(self, sides: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
        prefix = "embedding_" if "embedding_A" in sides else ""
        first, second = sides[f"{prefix}A"], sides[f"{prefix}B"]
        return (second[0], first[1])

    def _base_name(self) -> str:
        return str(self.config.get("base_model_name_or_path") or "a base it does not name")

    def _fail_config(self, field: str, message: str, hint: str | None = None) -> NoReturn:
        raise BadInput(message, file=self.config_path, field=field, hint=hint)

    def _fail_weights(self, message: str, hint: str | None = None) -> NoReturn:
        raise BadInput(message, file=self.weights_path, hint=hint)


def _base_shape(base: dict[str, tuple[int, ...]], module: str) -> tuple[int, ...] | None:
    names = [module, module.removeprefix("model."), f"model.{module}"]
    if module.endswith("lm_head"):
        # Tied to the embeddings and then not saved twice.
        names += ["model.embed_tokens", "embed_tokens", "transformer.wte", "wte"]
    for name in names:
        shape = base.get(f"{name}.weight")
        if shape is not None:
            return shape
    return None


def _check_identity(path: Path, named: str, base_names: Collection[str]) -> None:
    is_repository = re.fullmatch(r"[A-Za-z0-9][\w.-]*/[\w.-]+", named) is not None
    known = {name.lower() for name in base_names if name}
    if is_repository and known and named.lower() not in known:
        raise BadInput(
            f"The adapter was trained on {named}, not on {' or '.join(sorted(known))}.",
            file=path,
            field="base_model_name_or_path",
            hint="A model of the same shape is still another model: pick the base it names.",
        )


def _layers(shapes: dict[str, tuple[int, ...]]) -> int:
    numbers = [int(n) for name in shapes for n in re.findall(r"\.(?:layers|h)\.(\d+)\.", name)]
    return max(numbers) + 1 if numbers else 0


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(str(n) for n in shape) or "unknown"
