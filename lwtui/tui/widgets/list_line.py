"""The line over a list: what it shows, and what can be done about it."""

from __future__ import annotations

from textual.containers import Horizontal
from textual.message import Message


class ListLine(Horizontal):
    """A click asks for the filters."""

    class Pressed(Message):
        """It was clicked."""

    def on_click(self) -> None:
        self.post_message(self.Pressed())
