"""Rows of a dataset as prompts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lwtui.dataset import Example, open_dataset


@dataclass(frozen=True)
class Rows:
    """The first rows of a dataset."""

    name: str
    examples: tuple[Example, ...]
    more: bool
    """There are rows after them."""
    offered: bool
    """Each row has options of its own, which belong into its prompt; the classes of labelled data
    do not, as there may be many and they are the same in every row."""


def first_rows(path: Path, count: int) -> Rows:
    """The first ``count`` rows, read without reading the rest. Raises ``BadInput``."""
    dataset = open_dataset(path)
    examples = dataset.preview(count + 1)
    return Rows(
        dataset.name,
        tuple(examples[:count]),
        len(examples) > count,
        bool(dataset.fields.choices),
    )


def prompt_of(example: Example, *, offered: bool = False) -> str:
    """The row as a message to a model; with ``offered`` its options follow, lettered."""
    text = example.question
    if not offered or not example.choices:
        return text
    missing = [choice for choice in example.choices if choice not in text]
    if not missing:
        return text
    lines = (f"{_letter(at)}. {choice}" for at, choice in enumerate(example.choices))
    return f"{text}\n\n" + "\n".join(lines)


def _letter(place: int) -> str:
    return chr(ord("A") + place) if place < 26 else str(place + 1)
