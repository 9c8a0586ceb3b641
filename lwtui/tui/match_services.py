"""What the app needs for Match: a part of :class:`lwtui.tui.services.Services`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lwtui.dataset.example import Example, Problem
    from lwtui.jobs import JobContext
    from lwtui.match.result import MatchResult


@dataclass(frozen=True)
class Place:
    """A folder offered to the user."""

    label: str
    path: Path
    kind: str
    """``recent`` or ``demo``."""


@dataclass(frozen=True)
class DatasetView:
    """The beginning of a dataset."""

    name: str
    layout: str
    """Kind of layout found: ``alpaca``, ``messages``…"""
    fields: tuple[tuple[str, str], ...]
    """What each column of the preview is called in the files: (role, column's name)."""
    examples: tuple[Example, ...]
    files: int = 0
    rows: int | None = None
    """Estimated number of rows; None when it cannot be told."""
    skipped: int = 0
    problems: tuple[Problem, ...] = ()


class MatchServices(Protocol):
    """Everything may block and is called in workers only. Errors for users are ``LwtuiError``."""

    def places(self) -> list[Place]: ...

    def remember(self, path: Path) -> None:
        """Offer this folder among the recent ones next time."""

    def preview(self, path: Path) -> DatasetView: ...

    def match(self, path: Path, *, verify: int, context: JobContext) -> MatchResult: ...
