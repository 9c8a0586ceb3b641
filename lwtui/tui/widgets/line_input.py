"""A field of one line into which only text can be pasted."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from lwtui.tui.text import one_line


class LineInput(Input):
    """What is pasted loses its controls before it is shown."""

    def _on_paste(self, event: events.Paste) -> None:
        event.text = one_line(event.text)
        super()._on_paste(event)
        event.prevent_default()
