"""A line that finds words in the conversation in sight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Input, Static

from lwtui.tui.widgets.line_input import LineInput


class FindBar(Horizontal):
    """Shown while something is looked for; escape closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", show=False),
        Binding("up", "step(-1)", "The hit before", show=False),
        Binding("down", "step(1)", "The next hit", show=False),
    ]
    DEFAULT_CSS = """
    FindBar {
        height: 1; margin: 0 1; display: none;
        &.-open { display: block; }
        & > Input { width: 1fr; }
        & > Static { width: auto; min-width: 8; padding: 0 1; color: $foreground-muted; }
    }
    """

    @dataclass
    class Typed(Message):
        text: str

    @dataclass
    class Step(Message):
        """To another hit: 1 the next, -1 the one before."""

        step: int

    class Entered(Message):
        """The hit that is in sight is the wanted one."""

    class Closed(Message):
        pass

    def compose(self) -> ComposeResult:
        yield LineInput(
            placeholder="find in this conversation…", compact=True, id="find-text",
            select_on_focus=False,
        )  # fmt: skip
        yield Static(id="find-count", markup=False)

    @property
    def open(self) -> bool:
        return self.has_class("-open")

    @property
    def text(self) -> str:
        return self.query_one(LineInput).value.strip()

    def begin(self) -> None:
        """Show the line and put the cursor into it."""
        self.add_class("-open")
        self.query_one(LineInput).focus()

    def end(self) -> None:
        self.remove_class("-open")
        with self.prevent(Input.Changed):
            self.query_one(LineInput).value = ""
        self.say("")

    def say(self, text: str) -> None:
        """How many hits there are, and which is in sight."""
        self.query_one("#find-count", Static).update(text)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Typed(self.text))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Entered())

    def action_step(self, step: int) -> None:
        self.post_message(self.Step(step))

    def action_close(self) -> None:
        self.post_message(self.Closed())
