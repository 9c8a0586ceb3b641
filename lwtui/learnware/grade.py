"""How much a specification's word is worth, by where it came from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from lwtui.learnware.model import SpecificationEntry

TRAINING_DATA = "training data"
PUBLISHED = "published"
NAMED_DATASETS = "named datasets"
OWN_ANSWERS = "own answers"

Letter = Literal["A", "B", "C", "?"]


@dataclass(frozen=True)
class Grade:
    """A letter for a table's cell, and what it means."""

    letter: Letter
    words: str


_GRADES = {
    TRAINING_DATA: Grade("A", "of the data it was trained on"),
    PUBLISHED: Grade("A", "published with the model"),
    NAMED_DATASETS: Grade("B", "of datasets its card names, sampled"),
    OWN_ANSWERS: Grade("C", "of its own answers to fixed prompts"),
}
_UNKNOWN = Grade("?", "of unknown origin")


def grade_of(origin: str) -> Grade:
    """The grade of a specification of this ``origin``. A is what its author vouches for, B may be
    more or less than what it learnt from, C is a guess by how it talks."""
    return _GRADES.get(origin, _UNKNOWN)


def best_grade(entries: Iterable[SpecificationEntry]) -> Grade | None:
    """The best among a learnware's specifications; None if it has none."""
    grades = [grade_of(entry.origin) for entry in entries]
    return min(grades, key=lambda grade: (grade.letter == "?", grade.letter), default=None)
