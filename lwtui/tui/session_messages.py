"""What the app hears when it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from lwtui.tui.services import Place


@dataclass
class FirstRun(Message):
    """Nobody has used lwtui here before; these datasets can be tried."""

    places: list[Place]
