"""What the workers of Browse tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from lwtui.learnware.model import Learnware

if TYPE_CHECKING:
    from textual.content import Content

    from lwtui.dock.record import PullPlan
    from lwtui.tui.services import Removal


class HereRead(Message):
    """Which of the Hub's models that are listed are on this machine."""

    def __init__(self, repos: frozenset[str]) -> None:
        super().__init__()
        self.repos = repos


class LearnwareRead(Message):
    """A learnware of the collection that a row of the Hub's list stands for."""

    def __init__(self, learnware: Learnware, use: Callable[[Learnware], object]) -> None:
        super().__init__()
        self.learnware, self.use = learnware, use


class FilterWanted(Message):
    """The dialogue may open: ``memory`` bytes are free for a model."""

    def __init__(self, memory: int) -> None:
        super().__init__()
        self.memory = memory


@dataclass
class PageRead(Message):
    """Some rows of the collection. ``number`` is that of the question it answers."""

    number: int
    page: int
    rows: list[Learnware]
    total: int
    exact: int | None = None
    """How many have every word as it is, where there are few; the others are near misses."""
    hidden: tuple[tuple[str, int], ...] = ()
    """Of an empty list: how many more each filter alone hides."""


@dataclass
class AboutRead(Message):
    """What else is known of a learnware, ready to be shown."""

    learnware_id: str
    content: Content


@dataclass
class AllRead(Message):
    """Every learnware of the list, to be marked; ``total`` when there are more."""

    number: int
    learnwares: list[Learnware]
    total: int


@dataclass
class RemovalPlanned(Message):
    removal: Removal


@dataclass
class PullsPlanned(Message):
    """What pulling several would do; ``refused``: (repository, why)."""

    plans: list[PullPlan]
    refused: list[tuple[str, str]]


@dataclass
class Restored(Message):
    """These are back in the collection."""

    ids: tuple[str, ...]
