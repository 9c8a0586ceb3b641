"""Learnwares as JSON and as words."""

from __future__ import annotations

import dataclasses
from typing import Any

from lwtui.errors import LwtuiError
from lwtui.learnware.grade import grade_of
from lwtui.learnware.model import Learnware, SpecificationEntry
from lwtui.learnware.storage import human_size
from lwtui.spec.privacy import guarantee_from
from lwtui.spec.specification import read_facts


def summary(learnware: Learnware) -> dict[str, Any]:
    """What a list says of a learnware. ``size`` in bytes, ``parameters`` counted; ``pulled``: its
    weights are here."""
    semantic, model = learnware.semantic, learnware.model
    return {
        "id": learnware.id,
        "pulled": learnware.pulled,
        "kind": model.kind,
        "title": semantic.title,
        "domain": semantic.domain,
        "task": semantic.task,
        "licence": semantic.licence,
        "base": model.base,
        "parameters": model.parameters,
        "size": learnware.size,
        "formats": list(learnware.formats),
        "specifications": [
            {
                "type": entry.type,
                "recipe": entry.recipe,
                "space": entry.space,
                "grade": grade_of(entry.origin).letter,
            }
            for entry in learnware.specifications
        ],
    }


def everything(learnware: Learnware) -> dict[str, Any]:
    """All that the manifest says, and where the files are."""
    models, specs = learnware.models_folder, learnware.specs_folder
    return {
        "id": learnware.id,
        "pulled": learnware.pulled,
        "size": learnware.size,
        "formats": list(learnware.formats),
        "models_folder": str(models) if models else None,
        "specs_folder": str(specs) if specs else None,
        "model": dataclasses.asdict(learnware.model),
        "semantic": dataclasses.asdict(learnware.semantic),
        "provenance": dataclasses.asdict(learnware.provenance),
        "specifications": [
            {
                **dataclasses.asdict(entry),
                "grade": grade_of(entry.origin).letter,
                "privacy": _privacy(learnware, entry),
            }
            for entry in learnware.specifications
        ],
        "scores": [dataclasses.asdict(score) for score in learnware.scores],
        "extra": learnware.extra,
    }


def pairs(learnware: Learnware) -> list[tuple[str, str]]:
    """Everything a person wants to know, as (name, value); empty values included."""
    semantic, model, origin = learnware.semantic, learnware.model, learnware.provenance
    told = [
        ("id", learnware.id),
        ("title", semantic.title),
        ("description", semantic.description),
        ("domain", semantic.domain),
        ("task", semantic.task),
        ("languages", ", ".join(semantic.languages)),
        ("licence", semantic.licence),
        ("tags", ", ".join(semantic.tags)),
        ("kind", model.kind),
        ("base", model.base),
        ("architecture", model.architecture),
        ("parameters", f"{model.parameters:,}" if model.parameters else ""),
        ("context", f"{model.context_length:,} tokens" if model.context_length else ""),
        ("formats", ", ".join(learnware.formats)),
        ("size", human_size(learnware.size) if learnware.size else ""),
        ("files", str(learnware.models_folder or "") if learnware.pulled else "on the Hub"),
    ]
    for source in semantic.data:
        facts = [source.licence, f"{source.rows:,} rows" if source.rows else "", source.source]
        told.append(("data", ", ".join(filter(None, [source.name, *facts]))))
    for entry in learnware.specifications:
        rows = f", {entry.rows:,} rows" if entry.rows else ""
        grade = grade_of(entry.origin)
        value = f"{entry.type}, recipe {entry.recipe}, space {entry.space}{rows}"
        value += f", grade {grade.letter}: {grade.words}"
        if noise := _privacy(learnware, entry):
            value += f", noised (ε = {noise['epsilon']:g}, δ = {noise['delta']:g})"
        told.append(("specification", value))
    for score in learnware.scores:
        compared = f" (base {score.base:.3f})" if score.base is not None else ""
        rows = f", {score.rows:,} rows" if score.rows else ""
        told.append(("score", f"{score.task}: {score.metric} {score.value:.3f}{compared}{rows}"))
    where = " ".join(filter(None, [origin.source, origin.location, origin.revision[:12]]))
    told += [("from", where), ("added", origin.added), ("made by", origin.made_by)]
    return told


def _privacy(learnware: Learnware, entry: SpecificationEntry) -> dict[str, Any] | None:
    """What its file says of noise; None when there is none, or no sound file (``check`` tells)."""
    if learnware.specs_folder is None:
        return None
    try:
        facts = read_facts(learnware.specs_folder / entry.file)
        return dataclasses.asdict(guarantee_from(facts.get("privacy")))
    except (LwtuiError, OSError, ValueError):
        return None
