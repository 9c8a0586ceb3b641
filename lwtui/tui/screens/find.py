"""A line at the bottom of the screen: what to look for."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from lwtui.tui.widgets.line_input import LineInput


class FindScreen(ModalScreen[str | None]):
    """Dismissed with the words, or None. What is searched stays in sight above it."""

    CSS_PATH = "find.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Leave")]

    def __init__(self, words: str) -> None:
        super().__init__()
        self._words = words

    def compose(self) -> ComposeResult:
        with Horizontal():
            yield Static("find", markup=False)
            yield LineInput(
                self._words, placeholder="words, then enter; n finds the next", compact=True,
                id="find",
            )  # fmt: skip

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        self.dismiss(event.value.strip() or None)
