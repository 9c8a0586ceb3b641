"""A learnware as one line of JSON, for the index: quick to build again, 10,000 in half a second."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lwtui.learnware.model import (
    DataSource,
    Learnware,
    ModelFile,
    ModelInfo,
    Provenance,
    Score,
    Semantic,
    SpecificationEntry,
)


def to_record(learnware: Learnware) -> str:
    """JSON of a learnware without its folders; fields at their default are left out."""
    data = {
        "id": learnware.id,
        "model": _fields(learnware.model),
        "semantic": _fields(learnware.semantic),
        "provenance": _fields(learnware.provenance),
        "specifications": [_fields(entry) for entry in learnware.specifications],
        "scores": [_fields(score) for score in learnware.scores],
        "extra": learnware.extra,
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


def from_record(text: str, models: str, specs: str) -> Learnware:
    """Build what :func:`to_record` wrote.

    ``models`` and ``specs`` are the tree's two folders. Raises ``ValueError``, ``KeyError`` or
    ``TypeError`` if the text is not such a record (the index is corrupt then).
    """
    data = json.loads(text)
    model = data["model"]
    if "files" in model:
        model["files"] = tuple([_build(ModelFile, row) for row in model["files"]])
    semantic = data["semantic"]
    for name in ("languages", "tags"):
        if name in semantic:
            semantic[name] = tuple(semantic[name])
    if "data" in semantic:
        semantic["data"] = tuple([_build(DataSource, row) for row in semantic["data"]])
    identifier = data["id"]
    return Learnware(
        id=identifier,
        model=_build(ModelInfo, model),
        semantic=_build(Semantic, semantic),
        provenance=_build(Provenance, data["provenance"]),
        specifications=tuple([_build(SpecificationEntry, row) for row in data["specifications"]]),
        scores=tuple([_build(Score, row) for row in data["scores"]]),
        models_folder=Path(model.get("folder") or f"{models}/{identifier}"),
        specs_folder=Path(f"{specs}/{identifier}"),
        extra=data["extra"],
    )


def _defaults(kind: type[Any]) -> dict[str, Any]:
    fields = dataclasses.fields(kind)
    return {f.name: f.default for f in fields if f.default is not dataclasses.MISSING}


_DEFAULTS = {
    kind: _defaults(kind)
    for kind in (ModelFile, DataSource, ModelInfo, Semantic, Provenance, SpecificationEntry, Score)
}
_FIELDS = {kind: len(dataclasses.fields(kind)) for kind in _DEFAULTS}


def _build(kind: type[Any], data: dict[str, Any]) -> Any:
    # A frozen dataclass sets its fields one by one through object.__setattr__, which takes three
    # times as long as filling its __dict__; with 10,000 learnwares that is felt.
    values = _DEFAULTS[kind] | data
    if len(values) != _FIELDS[kind]:
        raise KeyError(kind.__name__)
    made = object.__new__(kind)
    made.__dict__.update(values)
    return made


@contextlib.contextmanager
def collector_paused(wanted: bool = True) -> Iterator[None]:
    """Make many long-lived objects without the cycle collector looking at all of them again and
    again: a third of the time of a large list."""
    if not wanted or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def search_text(learnware: Learnware) -> str:
    """What a text search looks at, case-folded, one field a line."""
    semantic = learnware.semantic
    fields = [
        learnware.id,
        semantic.title,
        semantic.description,
        semantic.domain,
        semantic.task,
        *semantic.tags,
        *(source.name for source in semantic.data),
    ]
    return "\n".join(fields).casefold()


def _fields(value: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field in dataclasses.fields(value):
        item = getattr(value, field.name)
        if item == field.default:
            continue
        if isinstance(item, tuple):
            item = [_fields(row) if dataclasses.is_dataclass(row) else row for row in item]
        found[field.name] = item
    return found
