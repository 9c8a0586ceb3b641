"""The card (``README.md``) of a starter learnware, in the form the Hub reads."""

from __future__ import annotations

from lwtui.learnware.model import Learnware


def card(learnware: Learnware) -> str:
    """Front matter, what it is, its data with attribution, its measured scores."""
    semantic = learnware.semantic
    parts = [
        _front_matter(learnware),
        f"# {semantic.title}",
        semantic.description,
        "A starter learnware of lwtui: very small, to show that matching works. It is often wrong; "
        "use it for nothing that matters.",
    ]
    if learnware.scores:
        parts += ["## Measured on the test side", _scores(learnware)]
    parts += ["## Data", *(f"- {line}" for line in _data(learnware))]
    return "\n\n".join(parts).replace("\n\n- ", "\n- ") + "\n"


def _front_matter(learnware: Learnware) -> str:
    semantic = learnware.semantic
    lines = [
        "---",
        f"license: {semantic.licence}",
        "language: [en]",
        "pipeline_tag: text-generation",
        f"tags: [{', '.join(semantic.tags)}]",
    ]
    if learnware.model.base:
        lines += [f"base_model: {learnware.model.base}", "library_name: peft"]
    return "\n".join([*lines, "---"])


def _scores(learnware: Learnware) -> str:
    lines = ["| task | measure | this | bare base | rows |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {s.task} | {s.metric} | {s.value:g} | {s.base:g} | {s.rows} |"
        for s in learnware.scores
        if s.base is not None
    ]
    return "\n".join(lines)


def _data(learnware: Learnware) -> list[str]:
    return [
        f"{source.name}: {source.licence}; from {source.source}"
        + (f"; up to {source.rows} rows" if source.rows else "")
        for source in learnware.semantic.data
    ]
