"""A learnware as one line of JSON, for the index: quick to build again, 10,000 in half a second."""

from __future__ import annotations

import dataclasses
import json
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
        model["files"] = tuple([ModelFile(**row) for row in model["files"]])
    semantic = data["semantic"]
    for name in ("languages", "tags"):
        if name in semantic:
            semantic[name] = tuple(semantic[name])
    if "data" in semantic:
        semantic["data"] = tuple([DataSource(**row) for row in semantic["data"]])
    info = ModelInfo(**model)
    identifier = data["id"]
    return Learnware(
        id=identifier,
        model=info,
        semantic=Semantic(**semantic),
        provenance=Provenance(**data["provenance"]),
        specifications=tuple([SpecificationEntry(**row) for row in data["specifications"]]),
        scores=tuple([Score(**row) for row in data["scores"]]),
        models_folder=Path(info.folder or f"{models}/{identifier}"),
        specs_folder=Path(f"{specs}/{identifier}"),
        extra=data["extra"],
    )


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
