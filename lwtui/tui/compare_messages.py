"""What workers tell the screen that compares learnwares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from lwtui.tui.chat_tool_services import CompareHandle
    from lwtui.workflow.compare_chat import Step


@dataclass
class Opened(Message):
    handle: CompareHandle | None
    error: Exception | None = None


@dataclass
class Said(Message):
    """Something happened to the answer of one column, in the round ``number``."""

    number: int
    place: int
    step: Step


@dataclass
class Written(Message):
    """There are pieces of an answer in its buffer."""

    number: int
    place: int


@dataclass
class RoundEnded(Message):
    number: int
    error: Exception | None = None


@dataclass
class Added(Message):
    place: int
