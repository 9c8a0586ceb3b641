"""Ways to ask that the user has written into config.toml, and how to write one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from lwtui.backend.protocol import GenerationSettings
from lwtui.config import Preset, config_file
from lwtui.tui.sampling_fields import FIELDS, shown
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import clean, one_line
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

COLUMNS = (Column("", 2), Column("name", 14, flex=1), Column("what it changes", 30, flex=3))
EXAMPLE = """\
[[preset]]
name = "careful"
system = "Say so when you do not know."
temperature = 0.2"""
PLAIN = Preset("as suggested")
"""No preset: the learnware's task decides."""


class PresetScreen(Dialogue[Preset | None]):
    """Dismissed with the preset, or None. A digit chooses at once."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close"),
        *(Binding(str(n), f"choose({n})", f"Preset {n}", show=False) for n in range(10)),
    ]

    def __init__(self, presets: Sequence[Preset]) -> None:
        super().__init__("Ways to ask")
        self._presets = (PLAIN, *presets)

    def compose_body(self) -> ComposeResult:
        yield RowTable(COLUMNS, self._cells, id="presets")
        if len(self._presets) == 1:
            yield Static(self._teach(), classes="text", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Use  (enter)", id="use", variant="primary", compact=True)
            yield Button("Close  (escape)", id="close", compact=True)

    def _teach(self) -> Content:
        return Content.assemble(
            ("There is none yet. In ", "$foreground-muted"), clean(str(config_file())),
            (" write, for example:\n\n", "$foreground-muted"), EXAMPLE,
            ("\n\nthen choose “Read settings” in the palette (ctrl+p).", "$foreground-muted"),
        )  # fmt: skip

    def on_mount(self) -> None:
        super().on_mount()
        table = self.query_one(RowTable)
        table.set_rows(len(self._presets), min(1, len(self._presets) - 1))
        table.focus()

    def _cells(self, row: int) -> list[Cell]:
        preset = self._presets[row]
        key = str(row) if row < 10 else ""
        if preset is PLAIN:
            return [(key, "accent"), preset.name, ("what the learnware's task suggests", "dim")]
        return [(key, "accent"), one_line(preset.name, 80), (describe(preset), "dim")]

    def action_choose(self, number: int) -> None:
        if number < len(self._presets):
            self.dismiss(self._presets[number])

    @on(RowTable.Chosen)
    @on(Button.Pressed, "#use")
    def _chosen(self) -> None:
        self.dismiss(self._presets[self.query_one(RowTable).cursor])

    @on(Button.Pressed, "#close")
    def _close_pressed(self) -> None:
        self.dismiss(None)


def describe(preset: Preset) -> str:
    """What a preset changes, in one line."""
    changes = preset.changes
    parts = [
        f"{field.label} {shown(changes[field.name])}"  # type: ignore[arg-type]
        for field in FIELDS
        if field.name in changes
    ]
    if preset.system:
        parts.append(f"“{one_line(preset.system, 200)}”")
    return ", ".join(parts) or "nothing"


def settings_of(preset: Preset, suggested: GenerationSettings) -> GenerationSettings:
    """The preset laid over what the learnware's task suggests."""
    return replace(suggested, **preset.changes)  # type: ignore[arg-type]
