"""A dialogue that picks one of several blocks of code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import one_line
from lwtui.tui.widgets.code_blocks import CodeBlock


class PickCodeScreen(Dialogue["str | None"]):
    """Dismissed with the code, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Close")]
    DEFAULT_CSS = """
    PickCodeScreen OptionList {
        height: auto; max-height: 16; margin: 1 0; background: $surface; border: none;
        text-wrap: nowrap; text-overflow: ellipsis;
    }
    """

    def __init__(self, blocks: Sequence[CodeBlock]) -> None:
        super().__init__("Copy which code?")
        self._blocks = blocks

    def compose_body(self) -> ComposeResult:
        yield OptionList(*[Option(_line(block)) for block in self._blocks], id="codes")

    @on(OptionList.OptionSelected)
    def _picked(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._blocks[event.option_index].code)


def _line(block: CodeBlock) -> Content:
    lines = [line for line in block.code.splitlines() if line.strip()]
    count = f"{len(lines)} line{'s' * (len(lines) != 1)}"
    return Content.assemble(
        (f"{one_line(block.language, 20) or 'text'}, {count}  ", "$foreground-muted"),
        one_line(lines[0], 200) if lines else "",
    )
