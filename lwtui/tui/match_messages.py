"""What the workers of Match tell its screen, beside ``lwtui.tui.messages``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from lwtui.match.ranking import Ranking
    from lwtui.workflow.requirements import Rerun


@dataclass
class NothingFound(Message):
    """No field was found in a dataset that has these columns."""

    path: Path
    columns: tuple[str, ...]
    error: Exception


@dataclass
class MatchedAgain(Message):
    """A saved requirement was matched again."""

    rerun: Rerun


@dataclass
class RequirementSaved(Message):
    name: str


@dataclass
class RankingsRead(Message):
    """What saved requirements found, the newest first, each with its name."""

    rankings: list[tuple[str, Ranking]]
