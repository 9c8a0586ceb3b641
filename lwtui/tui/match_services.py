"""What the app needs for Match: a part of :class:`lwtui.tui.services.Services`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from lwtui.dataset.example import Example, Problem
    from lwtui.jobs import JobContext
    from lwtui.match.ranking import Ranking
    from lwtui.match.result import MatchResult
    from lwtui.workflow.requirements import Rerun

ROWS = 64
"""Rows that are specified unless the user says otherwise; as ``lwtui match --rows``."""


@dataclass(frozen=True)
class Place:
    """A folder offered to the user, or a saved requirement."""

    label: str
    path: Path
    kind: str
    """``recent``, ``saved`` or ``demo``."""
    gone: bool = False
    """It is not there any more."""
    note: str = ""
    """Of a saved one: when it was matched and what was best then."""


@dataclass(frozen=True)
class DataChoice:
    """How a dataset is to be read."""

    fields: dict[str, str] = field(default_factory=dict)
    """Role to column, as ``lwtui match --fields`` takes them (``-``: none); roles that are not
    named are found by the columns' names."""
    rows: int = ROWS
    """How many rows are drawn for the specification."""


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
    columns: tuple[str, ...] = ()
    """Every column of the files, to choose the fields from."""
    choice: DataChoice = field(default_factory=DataChoice)
    """How it was read."""


class MatchServices(Protocol):
    """Everything may block and is called in workers only. Errors for users are ``LwtuiError``."""

    def places(self) -> list[Place]: ...

    def remember(self, path: Path) -> None:
        """Offer this folder among the recent ones next time."""

    def forget(self, path: Path) -> None:
        """Offer it no more among the recent ones."""

    def first_there(self, paths: Sequence[Path]) -> Path:
        """The first that exists; the first at all when none does."""

    def preview(self, path: Path, choice: DataChoice | None = None) -> DatasetView:
        """``choice``: None is the one that was kept for this folder, or the usual one."""

    def columns(self, path: Path) -> tuple[str, ...]:
        """Every column of the data there, even where no field was found; empty if there is none."""

    def keep_choice(self, path: Path, choice: DataChoice) -> None:
        """Read this folder in this way from now on."""

    def match(
        self,
        path: Path,
        *,
        verify: int,
        context: JobContext,
        choice: DataChoice | None = None,
    ) -> MatchResult: ...

    # Saved requirements

    def save_requirement(
        self, name: str, result: MatchResult, path: Path | None, choice: DataChoice
    ) -> None: ...

    def match_again(self, name: str, context: JobContext) -> Rerun: ...

    def rename_requirement(self, name: str, new: str) -> None: ...

    def delete_requirement(self, name: str) -> None: ...

    def saved_rankings(self) -> list[tuple[str, Ranking]]:
        """What saved requirements found, the newest first, each with its name."""
