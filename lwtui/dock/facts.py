"""What the Hub's JSON says of a model, as a :class:`HubModel`.

Read by hand and not through ``huggingface_hub.ModelInfo``: that raises on the first field a mirror
leaves out or a stranger filled with something else, and then a whole page would be lost. Field
names: https://huggingface.co/docs/hub/api and ``huggingface_hub`` 2.4, ``hf_api.py``. Every text
is cleaned and bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from lwtui.dock.domain_guess import guess_domain
from lwtui.dock.quantisation import free_memory, quantisations
from lwtui.dock.record import HubFile, HubModel, Relation, WeightFormat
from lwtui.errors import BadInput
from lwtui.learnware.model import check_id
from lwtui.learnware.storage import relative_path_problem
from lwtui.safe_text import one_line

_DTYPE_BYTES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2,
    "U16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1, "I8": 1, "U8": 1, "BOOL": 1, "F4": 0.5,
}  # fmt: skip
"""Bytes of one number, by its name in a safetensors header."""
_RELATIONS: tuple[Relation, ...] = ("adapter", "finetune", "quantized", "merge")
_BASE = re.compile(r"base_model:(?:(\w+):)?([^:]+)")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2})?)?")
_PEFT_WEIGHTS = re.compile(r"adapter_model(?:-\d{5}-of-\d{5})?\.safetensors")
_TEXTS = 100
"""At most so many tags, languages or datasets of one model."""
_FILES = 20_000
_LARGEST = 2**53


def hub_model(told: Any) -> HubModel | None:
    """A model of a list or of its own page; None for what has no name of ``owner/name``."""
    if not isinstance(told, Mapping):
        return None
    identifier = told.get("id") or told.get("modelId")
    try:
        identifier = check_id(identifier if isinstance(identifier, str) else "")
    except BadInput:
        return None
    tags = _texts(told.get("tags"))
    card = told.get("cardData")
    card = card if isinstance(card, Mapping) else {}
    files = _files(told.get("siblings"))
    datasets = _tagged(tags, "dataset") or _texts(card.get("datasets"))
    base, relation = _base(tags, card)
    formats = _formats(tags, _text(told.get("library_name")), files)
    return HubModel(
        id=identifier,
        revision=_matching(_COMMIT, told.get("sha")),
        downloads=_count(told.get("downloads")),
        likes=_count(told.get("likes")),
        updated=_matching(_DATE, told.get("lastModified")),
        gated=bool(told.get("gated")),
        private=told.get("private") is True,
        licence=_licence(tags, card),
        base=base,
        relation=relation,
        domain=guess_domain(identifier, tags, datasets),
        task=_text(told.get("pipeline_tag"), 80),
        languages=_texts(card.get("language"), 20),
        datasets=datasets,
        tags=tags,
        formats=formats,
        parameters=_parameters(told, formats),
        size=_size(told, formats, files),
        is_learnware="learnware" in {tag.casefold() for tag in tags},
        files=files,
    )


def _base(tags: tuple[str, ...], card: Mapping[Any, Any]) -> tuple[str, Relation]:
    """The first base model and how this one stems from it: ``base_model:adapter:owner/name``."""
    plain = ""
    for tag in tags:
        found = _BASE.fullmatch(tag)
        if found is None:
            continue
        for relation in _RELATIONS:
            if found[1] == relation:
                return found[2], relation
        plain = plain or (found[2] if found[1] is None else "")
    named = _texts(card.get("base_model"))
    return plain or (named[0] if named else ""), ""


def _licence(tags: tuple[str, ...], card: Mapping[Any, Any]) -> str:
    """Its id in lower case. ``other`` with a name is told by that name, as the Hub's pages do."""
    named = _tagged(tags, "license") or _texts(card.get("license"))
    licence = named[0].lower() if named else ""
    own = _text(card.get("license_name"), 80).lower()
    return own if licence in ("other", "") and own else licence


def _formats(
    tags: tuple[str, ...], library: str, files: tuple[HubFile, ...]
) -> tuple[WeightFormat, ...]:
    """From its files where they are told, else from its tags."""
    if files:
        paths = [file.path for file in files]
        names = {path for path in paths if "/" not in path}
        peft = "adapter_config.json" in names and any(map(_PEFT_WEIGHTS.fullmatch, names))
        whole = bool(whole_weights(files))
        gguf = any(path.lower().endswith(".gguf") for path in paths)
    else:
        known = {tag.lower() for tag in tags}
        peft = (library == "peft" or "peft" in known) and "safetensors" in known
        whole = "safetensors" in known and not peft
        gguf = "gguf" in known or library == "gguf"
    kinds: tuple[tuple[WeightFormat, bool], ...] = (
        ("peft", peft),
        ("safetensors", whole),
        ("gguf", gguf),
    )
    return tuple(kind for kind, there in kinds if there)


def adapter_weights(files: Iterable[HubFile]) -> tuple[HubFile, ...]:
    """The weights of a LoRA adapter at the top of the repository."""
    return tuple(file for file in files if _PEFT_WEIGHTS.fullmatch(file.path))


def whole_weights(files: Iterable[HubFile]) -> tuple[HubFile, ...]:
    """The safetensors files of a whole model at the top of the repository.

    Where the standard names are used (``model.safetensors``, ``model-00001-of-00002.…``), others
    beside them are other things, as ``consolidated.safetensors`` is the same weights once more.
    """
    weights = tuple(
        file
        for file in files
        if file.path.endswith(".safetensors")
        and "/" not in file.path
        and not file.path.startswith("adapter_")
    )
    return tuple(file for file in weights if file.path.startswith("model")) or weights


def _parameters(told: Mapping[Any, Any], formats: tuple[WeightFormat, ...]) -> int:
    for name in ("gguf", "safetensors") if formats == ("gguf",) else ("safetensors", "gguf"):
        part = told.get(name)
        if isinstance(part, Mapping) and _count(part.get("total")):
            return _count(part.get("total"))
    return 0


def _size(
    told: Mapping[Any, Any], formats: tuple[WeightFormat, ...], files: tuple[HubFile, ...]
) -> int:
    """Bytes of the weights a pull fetches: by their files, else by parameters of each type."""
    for weights in (adapter_weights(files), whole_weights(files)):
        if any(file.size for file in weights):
            return sum(file.size for file in weights)
    if "gguf" in formats and any(file.size for file in files):
        choices = quantisations(files, free_memory())
        return next((choice.size for choice in choices if choice.advised), 0)
    part = told.get("safetensors")
    counts = part.get("parameters") if isinstance(part, Mapping) else None
    if formats == ("gguf",) or not isinstance(counts, Mapping):
        return 0
    return int(
        sum(_DTYPE_BYTES.get(str(dtype), 2) * _count(count) for dtype, count in counts.items())
    )


def _files(siblings: Any) -> tuple[HubFile, ...]:
    """The files with a plain path; what is hidden, absolute or leads outside is left out."""
    if not isinstance(siblings, list):
        return ()
    files = []
    for each in siblings[:_FILES]:
        path = each.get("rfilename") if isinstance(each, Mapping) else None
        if not isinstance(path, str) or len(path) > 500 or relative_path_problem(path):
            continue
        large = each.get("lfs")
        large = large if isinstance(large, Mapping) else {}
        sha256 = large.get("sha256") or large.get("oid")
        files.append(
            HubFile(
                path,
                _count(large.get("size")) or _count(each.get("size")),
                _matching(re.compile(r"[0-9a-f]{64}"), sha256),
                _matching(_COMMIT, each.get("blobId")),
            )
        )
    return tuple(files)


def _tagged(tags: tuple[str, ...], kind: str) -> tuple[str, ...]:
    start = f"{kind}:"
    return tuple(tag.removeprefix(start) for tag in tags if tag.startswith(start))


def _texts(value: Any, limit: int = 200) -> tuple[str, ...]:
    """One text or a list of them, each cleaned and short; what is no text is left out."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list):
        return ()
    cleaned = (_text(each, limit) for each in values[:_TEXTS])
    return tuple(dict.fromkeys(text for text in cleaned if text))


def _text(value: Any, limit: int = 200) -> str:
    return one_line(value, limit) if isinstance(value, str) else ""


def _count(value: Any) -> int:
    """A whole number from 0; anything else, and what no counter holds, is 0."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
        return 0
    return value


def _matching(pattern: re.Pattern[str], value: Any) -> str:
    return value if isinstance(value, str) and pattern.fullmatch(value) else ""
