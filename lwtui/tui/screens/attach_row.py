"""A row of a dataset as the prompt of a chat."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Input, Static

from lwtui.tui.chat_tool_services import DatasetRows
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.services import Place
from lwtui.tui.text import clean, one_line
from lwtui.tui.widgets.line_input import LineInput
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

COUNT = 100
"""Rows that are read at first; twice as many whenever the last one comes into sight."""
MOST = 3200
LONGEST = 4000
"""Characters of a row that are shown; all of it goes into the prompt."""
ROWS = (
    Column("", 4, right=True),
    Column("prompt", 30, flex=3),
    Column("answer", 14, flex=1, rank=1),
)
PLACES = (Column("", 6), Column("folder", 24, flex=1), Column("path", 20, flex=2, rank=1))


@dataclass(frozen=True)
class AttachedRow:
    """A row as it is to be asked, and the answer the data has; empty: none."""

    prompt: str
    answer: str


@dataclass
class PlacesRead(Message):
    places: list[Place]
    error: Exception | None = None


@dataclass
class RowsRead(Message):
    path: Path
    count: int
    rows: DatasetRows | None
    error: Exception | None = None


class AttachRowScreen(Dialogue[AttachedRow | None]):
    """Dismissed with the row, or None. ``path``: the dataset to begin with, if there is one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back, or close"),
        Binding("slash", "path", "Another folder", show=False),
        Binding("r", "random", "A row at random", show=False),
    ]
    CSS = """
    AttachRowScreen {
        #dialogue { width: 112; height: 92%; }
        #attach-path { margin-top: 0; }
        #attach-places, #attach-rows { height: 1fr; max-height: 100%; }
        #attach-scroll {
            height: 7; margin-top: 1; scrollbar-size-vertical: 1; background: $panel; padding: 0 1;
        }
        #attach-row { height: auto; }
        &.-narrow #attach-scroll { height: 5; }
    }
    """

    def __init__(self, path: Path | None) -> None:
        super().__init__("A row of data as the prompt")
        self._path = path
        self._places: list[Place] = []
        self._rows: DatasetRows | None = None
        self._count = 0
        """Rows that were asked for."""

    def compose_body(self) -> ComposeResult:
        yield LineInput(
            str(self._path or ""), placeholder="a folder or file of data…", id="attach-path",
            compact=True,
        )  # fmt: skip
        yield Static(id="attach-note", classes="muted", markup=False)
        yield RowTable(PLACES, self._place, id="attach-places")
        yield RowTable(ROWS, self._cells, id="attach-rows")
        with VerticalScroll(id="attach-scroll", can_focus=False):
            yield Static(id="attach-row", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Use  (enter)", id="use", variant="primary", compact=True)
            yield Button("Random  (r)", id="random", compact=True)
            yield Button("Folder  (/)", id="folder", compact=True)
            yield Button("Close  (esc)", id="close", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self._show_places()
        self.ask(lambda _: PlacesRead(self.services.places()), lambda error: PlacesRead([], error))
        if self._path is not None:
            self._read(self._path, COUNT)

    # Where from

    def _show_places(self) -> None:
        for name in ("#attach-rows", "#attach-scroll"):
            self.query_one(name).display = False
        self.query_one("#attach-places").display = True
        self._say("Choose a dataset, or type or paste the path of a folder or file.")
        self.query_one("#attach-places" if self._places else "#attach-path").focus()

    def on_places_read(self, message: PlacesRead) -> None:
        self._places = message.places
        table = self.query_one("#attach-places", RowTable)
        table.set_rows(len(message.places))
        if table.display and self._path is None and message.places:
            table.focus()

    def _place(self, row: int) -> list[Cell]:
        place = self._places[row]
        path = one_line(str(place.path), 300)
        return [(place.kind, "dim"), one_line(place.label, 120), (path, "dim")]

    @on(RowTable.Chosen, "#attach-places")
    def _place_chosen(self, event: RowTable.Chosen) -> None:
        path = self._places[event.row].path
        self.query_one("#attach-path", Input).value = one_line(str(path))
        self._read(path, COUNT)

    @on(Input.Submitted, "#attach-path")
    def _path_entered(self, event: Input.Submitted) -> None:
        text = event.value.strip().strip("'\"").removeprefix("file://")
        if text:
            self._read(Path(text).expanduser(), COUNT)

    # Its rows

    def _read(self, path: Path, count: int) -> None:
        if path != self._path:
            self._rows = None
        self._path, self._count = path, count
        if self._rows is None:
            self._say(f"reading {one_line(path.name, 80)}…")
        self.ask(
            lambda _: self._read_rows(path, count),
            lambda error: RowsRead(path, count, None, error),
        )

    def _read_rows(self, path: Path, count: int) -> RowsRead:
        rows = self.services.dataset_rows(path, count)
        self.services.remember(path)
        return RowsRead(path, count, rows)

    def on_rows_read(self, message: RowsRead) -> None:
        if message.path != self._path or message.count != self._count:
            return
        if message.rows is None:
            self._rows = None
            self._show_places()
            self._say(f"✗ {one_line(str(message.error), 400)}", wrong=True)
            self.query_one("#attach-path").focus()
            return
        table = self.query_one("#attach-rows", RowTable)
        grown = self._rows is not None
        self._rows = message.rows
        self.query_one("#attach-places").display = False
        table.display = self.query_one("#attach-scroll").display = True
        number = len(message.rows.examples)
        more = "the first " if message.rows.more else ""
        self._say(f"{one_line(message.rows.name, 80)}: {more}{number:,} rows")
        if grown:
            table.grow(number)
        else:
            table.set_rows(number)
            table.focus()

    def _cells(self, row: int) -> list[Cell] | None:
        if self._rows is None or row >= len(self._rows.examples):
            return None
        example = self._rows.examples[row]
        answer: Cell = ("–", "dim") if example.answer is None else one_line(example.answer, 200)
        return [(f"{row + 1:,}", "dim"), one_line(example.question, 400), answer]

    @on(RowTable.Moved, "#attach-rows")
    def _moved(self, event: RowTable.Moved) -> None:
        rows = self._rows
        if rows is None or event.row >= len(rows.examples):
            return
        example = rows.examples[event.row]
        text = clean(self._prompt(event.row))
        shown = text if len(text) <= LONGEST else text[:LONGEST] + "…"
        answer = "" if example.answer is None else one_line(example.answer, 400)
        parts = [(shown, "")]
        if answer:
            parts.append((f"\n→ {answer}", "$text-accent"))
        self.query_one("#attach-row", Static).update(Content.assemble(*parts))
        self.query_one("#attach-scroll").scroll_home(animate=False)
        last = event.row >= len(rows.examples) - 1 and self._count == len(rows.examples)
        if rows.more and last and self._count < MOST and self._path is not None:
            self._read(self._path, 2 * self._count)

    def _prompt(self, row: int) -> str:
        from lwtui.workflow.dataset_rows import prompt_of

        if self._rows is None:
            return ""
        return prompt_of(self._rows.examples[row], offered=self._rows.offered)

    @on(RowTable.Chosen, "#attach-rows")
    @on(Button.Pressed, "#use")
    def _use(self) -> None:
        table = self.query_one("#attach-rows", RowTable)
        if self._rows is None or not self._rows.examples:
            places = self.query_one("#attach-places", RowTable)
            places.action_choose()
            return
        answer = self._rows.examples[table.cursor].answer or ""
        self.dismiss(AttachedRow(self._prompt(table.cursor), answer))

    # Actions

    def action_random(self) -> None:
        if self._rows is not None and self._rows.examples:
            table = self.query_one("#attach-rows", RowTable)
            table.cursor = random.randrange(len(self._rows.examples))
            table.focus()

    def action_path(self) -> None:
        self._rows = None
        self._show_places()
        self.query_one("#attach-path").focus()

    def action_back(self) -> None:
        if self._rows is not None and self._places:
            self._rows = None
            self._show_places()
        else:
            self.dismiss(None)

    def _say(self, text: str, *, wrong: bool = False) -> None:
        note = self.query_one("#attach-note", Static)
        note.set_class(wrong, "warning")
        note.update(Content(text))

    @on(Button.Pressed, "#random")
    def _random_pressed(self) -> None:
        self.action_random()

    @on(Button.Pressed, "#folder")
    def _folder_pressed(self) -> None:
        self.action_path()

    @on(Button.Pressed, "#close")
    def _close_pressed(self) -> None:
        self.dismiss(None)
