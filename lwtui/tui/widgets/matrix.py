"""Models × tasks as a grid with a cursor, painted cell by cell, filling while a run goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lwtui.evaluate.metric_units import MetricUnit
from lwtui.evaluate.record import Cell, RunModel, RunRecord, RunSettings, RunTask
from lwtui.tui.run_words import (
    best_models,
    cell_words,
    main_score,
    metric_words,
    role,
    short_names,
    unit_of_cells,
)
from lwtui.tui.text import fit, fit_middle, one_line

NOTHING = RunRecord("", "", "", "waiting", (), (), RunSettings())
HEAD = 2
"""Lines of the head: names, and below them what they are."""
NARROWEST, WIDEST = 15, 24
"""Cells of a column."""
LABEL = 34
"""Most cells of the names of the rows."""


class Matrix(ScrollView, can_focus=True):
    """Columns out of sight come in when the cursor goes there; ``turn`` swaps rows and columns."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1, 0)", "Up", show=False),
        Binding("down", "move(1, 0)", "Down", show=False),
        Binding("left", "move(0, -1)", "Left", show=False),
        Binding("right", "move(0, 1)", "Right", show=False),
        Binding("home", "move(-9999, 0)", "First", show=False),
        Binding("end", "move(9999, 0)", "Last", show=False),
        Binding("enter", "choose", "Choose", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"matrix--{name}"
        for name in ("head", "cursor", "label", "dim", "accent", "best", "bad", "strong")
    }
    DEFAULT_CSS = """
    Matrix {
        background: $background; color: $foreground; overflow-x: hidden; scrollbar-size-vertical: 1;
        & > .matrix--head { color: $foreground-muted; background: $surface; }
        & > .matrix--label { color: $foreground; }
        & > .matrix--strong { text-style: bold; }
        & > .matrix--dim { color: $foreground-muted; }
        & > .matrix--accent { color: $accent; }
        & > .matrix--best { color: $success; text-style: bold; }
        & > .matrix--bad { color: $error; }
        & > .matrix--cursor {
            background: $block-cursor-blurred-background; color: $block-cursor-blurred-foreground;
        }
        &:focus > .matrix--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground;
        }
    }
    """

    cursor: reactive[tuple[int, int]] = reactive((0, 0))

    @dataclass
    class Moved(Message):
        """The cursor is on another cell, or the cell under it has changed."""

        matrix: Matrix

    @dataclass
    class Chosen(Message):
        """Enter, or a second click on a cell."""

        matrix: Matrix

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._record = NOTHING
        self._cells: dict[tuple[str, str], Cell] = {}
        self._units: dict[str, MetricUnit] = {}
        self._best: dict[str, set[str]] = {}
        self._notes: dict[str, str] = {}
        """Task to its metric and unit."""
        self._names: dict[str, str] = {}
        self._left = 0
        self._layout = (10, NARROWEST, 1)
        self.turned: bool | None = None
        """Models down instead of tasks; None: whichever there are more of go down."""

    # What the owner calls

    def show(self, record: RunRecord, cells: tuple[Cell, ...]) -> None:
        """Show a run as it now is; the cursor stays where it is."""
        other = self._record.id != record.id
        self._record = record
        self._cells = {(cell.model, cell.task): cell for cell in cells}
        for task in record.tasks:
            own = [cell for cell in cells if cell.task == task.name]
            self._units[task.name] = unit_of_cells(task.metric, own)
            self._best[task.name] = best_models(own)
            scores = [score for score in map(main_score, own) if score is not None]
            metric = scores[0].metric if scores else task.metric
            self._notes[task.name] = metric_words(metric, self._units[task.name])
        self._names = short_names(model.id for model in record.models)
        if other:
            self._left = 0
            places = [n for n, model in enumerate(record.models) if model.id == record.pick]
            place = places[0] if places else 0
            self.set_reactive(Matrix.cursor, (place, 0) if self._models_down else (0, place))
        self._resize_content()
        self.refresh()
        self.post_message(self.Moved(self))

    def turn(self) -> None:
        """Swap rows and columns; the cursor stays on its cell."""
        row, column = self.cursor
        self.turned = not self._models_down
        self._left = 0
        self._resize_content()
        self.cursor = (column, row)
        self.refresh()

    @property
    def place(self) -> tuple[RunModel, RunTask] | None:
        """The model and the task under the cursor."""
        record = self._record
        if not record.models or not record.tasks:
            return None
        row, column = self.validate_cursor(self.cursor)
        model, task = (row, column) if self._models_down else (column, row)
        return record.models[model], record.tasks[task]

    @property
    def height_wanted(self) -> int:
        return HEAD + self._shape[0]

    # Shape

    @property
    def _models_down(self) -> bool:
        if self.turned is not None:
            return self.turned
        return len(self._record.models) > len(self._record.tasks)

    @property
    def _shape(self) -> tuple[int, int]:
        """(rows, columns)"""
        shape = len(self._record.tasks), len(self._record.models)
        return shape[::-1] if self._models_down else shape

    def _lay_out(self) -> tuple[int, int, int]:
        """(cells of the names, cells of a column, how many columns fit)"""
        width = self.scrollable_content_region.width or self.size.width
        longest = max((cell_len(self._label(row)[0]) for row in range(self._shape[0])), default=0)
        label = max(10, min(longest + 12, LABEL, width // 3))
        fitting = max(1, (width - label - 2) // NARROWEST)
        columns = max(1, min(fitting, self._shape[1]))
        return label, min(WIDEST, (width - label - 2) // columns), columns

    def _resize_content(self) -> None:
        width = self.scrollable_content_region.width or self.size.width
        self.virtual_size = Size(width, self._shape[0] + HEAD)
        self._layout = self._lay_out()
        self._follow()

    def on_resize(self) -> None:
        self._resize_content()

    # Words

    def _model_words(self, place: int) -> tuple[str, str]:
        record = self._record
        model = record.models[place]
        return self._names[model.id], role(model, record)

    def _task_words(self, place: int) -> tuple[str, str]:
        record = self._record
        task = record.tasks[place]
        return one_line(task.name, 120), self._notes[task.name]

    def _label(self, row: int) -> tuple[str, str]:
        return self._model_words(row) if self._models_down else self._task_words(row)

    def _title(self, column: int) -> tuple[str, str]:
        return self._task_words(column) if self._models_down else self._model_words(column)

    def _cell(self, row: int, column: int) -> tuple[str, str]:
        record = self._record
        model, task = (row, column) if self._models_down else (column, row)
        id, name = record.models[model].id, record.tasks[task].name
        best = id in self._best[name]
        return cell_words(self._cells.get((id, name)), self._units[name], best=best)

    # Painting

    def render_line(self, y: int) -> Strip:
        width, base = self.size.width, self.rich_style
        if y < HEAD:
            return self._head(y, width, base)
        row = self.scroll_offset.y + y - HEAD
        if row >= self._shape[0]:
            return Strip.blank(width, base)
        label, room, fitting = self._layout
        name, note = self._label(row)
        name = fit_middle(name, min(label, cell_len(name)))
        rest = label - cell_len(name)
        segments = [
            Segment(" ", base),
            Segment(name, base + self._look("strong" if row == self.cursor[0] else "label")),
            Segment(fit(f"  {note}", rest), base + self._look("dim")),
        ]
        segments = list(Strip(segments).adjust_cell_length(label + 1, base))
        for column in range(self._left, min(self._left + fitting, self._shape[1])):
            text, look = self._cell(row, column)
            style = base + self._look(look) if look else base
            if (row, column) == self.cursor:
                style = base + self.get_component_rich_style("matrix--cursor")
            segments.append(Segment(fit(f" {text}", room), style))
        return Strip(segments).adjust_cell_length(width, base)

    def _head(self, line: int, width: int, base: Style) -> Strip:
        style = base + self.get_component_rich_style("matrix--head")
        label, room, fitting = self._layout
        last = min(self._left + fitting, self._shape[1])
        more = f"‹ {self._left + 1}–{last} of {self._shape[1]} ›"
        what = "model" if self._models_down else "task"
        text = " " + fit(what if line == 0 else more if self._shape[1] > fitting else "", label)
        for column in range(self._left, last):
            text += f"   {fit_middle(self._title(column)[line], room - 4)} "
        return Strip([Segment(fit(text, width), style)], width)

    def _look(self, look: str) -> Style:
        found = self.get_component_rich_style(f"matrix--{look}")
        return Style(color=found.color, bold=found.bold)

    # The cursor

    def validate_cursor(self, cursor: tuple[int, int]) -> tuple[int, int]:
        rows, columns = self._shape
        return max(0, min(cursor[0], rows - 1)), max(0, min(cursor[1], columns - 1))

    def watch_cursor(self) -> None:
        self._follow()
        self.refresh()
        self.post_message(self.Moved(self))

    def _follow(self) -> None:
        """Bring the cell under the cursor into sight."""
        row, column = self.cursor
        fitting = self._layout[2]
        self._left = max(0, min(self._left, self._shape[1] - fitting))
        self._left = max(column - fitting + 1, min(self._left, column))
        height, top = self.scrollable_content_region.height - HEAD, self.scroll_offset.y
        if height > 0 and not top <= row < top + height:
            target = row if row < top else row - height + 1
            self.scroll_to(y=target, animate=False, force=True)

    def action_move(self, down: int, right: int) -> None:
        self.cursor = (self.cursor[0] + down, self.cursor[1] + right)

    def action_choose(self) -> None:
        if self.place is not None:
            self.post_message(self.Chosen(self))

    def on_click(self, event: events.Click) -> None:
        label, room, fitting = self._layout
        if event.y < HEAD:
            if event.x <= label and self._shape[1] > fitting:
                step = -1 if event.x < label // 2 else 1
                self.action_move(0, step * fitting)
            return
        row = self.scroll_offset.y + event.y - HEAD
        column = self._left + (event.x - label - 1) // room if event.x > label else self.cursor[1]
        if row >= self._shape[0] or column >= min(self._left + fitting, self._shape[1]):
            return
        self.cursor = (row, column)
        if event.chain > 1:
            self.action_choose()
