"""Where a prompt is typed: enter sends it, shift+enter or ctrl+j begins a new line."""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from lwtui.tui.text import clean

NEW_LINE = ("shift+enter", "ctrl+j", "alt+enter")
"""ctrl+j is there because many terminals send the same for enter and shift+enter."""


class PromptArea(TextArea):
    """Grows with its text up to a third of the screen."""

    DEFAULT_CSS = """
    PromptArea {
        height: auto; max-height: 8; min-height: 1; border: none; padding: 0 1;
        background: $surface; scrollbar-size-vertical: 1;
        border-left: outer $border;
        &:focus { border: none; border-left: outer $accent; background: $surface; }
        & .text-area--cursor-line { background: $surface; }
    }
    """

    @dataclass
    class Sent(Message):
        text: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            id=id,
            placeholder="Ask something…   enter sends, ctrl+j begins a new line",
            highlight_cursor_line=False,
            tab_behavior="focus",
        )

    async def _on_paste(self, event: events.Paste) -> None:
        event.text = clean(event.text)
        await super()._on_paste(event)
        event.prevent_default()

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            if self.text.strip():
                self.post_message(self.Sent(self.text))
        elif event.key in NEW_LINE:
            event.stop()
            event.prevent_default()
            self.insert("\n")
        else:
            await super()._on_key(event)
