"""Where a prompt is typed: enter sends it, shift+enter or ctrl+j begins a new line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.widgets import TextArea

from lwtui.tui.text import clean

NEW_LINE = ("shift+enter", "ctrl+j", "alt+enter")
"""ctrl+j is there because many terminals send the same for enter and shift+enter."""


class PromptArea(TextArea):
    """Grows with its text up to a third of the screen. Up in its first line and down in its last
    recall what was asked before."""

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
        self.asked: Callable[[], Sequence[str]] = list
        """What was asked in this conversation, the oldest first."""
        self._back = 0
        """How many prompts back the text is; 0: it is the user's own."""
        self._own = ""

    def put(self, text: str, *, select: bool = False) -> None:
        """Another text, with the cursor at its end or all of it selected."""
        self._back = 0
        self.text = text
        if select:
            self.select_all()
        else:
            self.move_cursor(self.document.end)

    async def _on_paste(self, event: events.Paste) -> None:
        event.text = clean(event.text)
        await super()._on_paste(event)
        event.prevent_default()

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            if self.text.strip():
                self._back = 0
                self.post_message(self.Sent(self.text))
        elif event.key in NEW_LINE:
            event.stop()
            event.prevent_default()
            self.insert("\n")
        elif event.key in ("up", "down") and self._recall(1 if event.key == "up" else -1):
            event.stop()
            event.prevent_default()
        else:
            await super()._on_key(event)

    def _recall(self, step: int) -> bool:
        """Show the prompt before (1) or after (-1); False: the cursor only moves."""
        at = self.cursor_location
        navigator = self.navigator
        edge = navigator.is_first_wrapped_line if step > 0 else navigator.is_last_wrapped_line
        if not self.selection.is_empty or not edge(at):
            return False
        asked = self.asked()
        back = self._back + step
        if not 0 <= back <= len(asked):
            return False
        if self._back == 0:
            self._own = self.text
        text = asked[-back] if back else self._own
        self.put(clean(text))
        self._back = back
        if step > 0:
            self.move_cursor((0, len(self.document.get_line(0))))
        return True
