"""Where the list comes from: three words on one line, each can be clicked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from lwtui.tui.theme import chip

Source = Literal["here", "known", "hub"]
LABELS: tuple[tuple[Source, str], ...] = (
    ("here", " here "),
    ("known", " + known "),
    ("hub", " Hub "),
)
SOURCES: tuple[Source, ...] = tuple(source for source, _ in LABELS)


class SourceSwitch(Widget):
    """Posts :class:`SourceSwitch.Wanted`; the screen sets :attr:`source`."""

    DEFAULT_CSS = f"""
    SourceSwitch {{
        width: {sum(cell_len(label) for _, label in LABELS)}; height: 1; margin-right: 1;
        background: $surface; color: $foreground-muted;
    }}
    """

    source: reactive[Source] = reactive("here")

    @dataclass
    class Wanted(Message):
        source: Source

    def on_mount(self) -> None:
        self.tooltip = "Learnwares on this machine · with those only known · the Hub itself  (s)"

    def render(self) -> Content:
        return Content.assemble(
            *((label, chip(self.app) if source == self.source else "") for source, label in LABELS)
        )

    def on_click(self, event: events.Click) -> None:
        start = 0
        for source, label in LABELS:
            start += cell_len(label)
            if event.x < start:
                self.post_message(self.Wanted(source))
                return
