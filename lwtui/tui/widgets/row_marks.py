"""The marks of a table: which rows the next action is about."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message
from textual.scroll_view import ScrollView

MARK = "●"


class RowMarks(ScrollView):
    """The half of :class:`RowTable` that marks. Keys: space, shift and the arrows, ctrl+a or *."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "mark", "Mark", show=False),
        Binding("shift+up,K", "extend(-1)", "Mark up", show=False),
        Binding("shift+down,J", "extend(1)", "Mark down", show=False),
        Binding("ctrl+a,asterisk", "mark_all", "Mark all", show=False),
    ]
    cursor: int

    @property
    def row_count(self) -> int:
        raise NotImplementedError

    @dataclass
    class Marked(Message):
        """These rows are to be marked, or not any more."""

        table: RowMarks
        rows: range
        on: bool

        @property
        def control(self) -> RowMarks:
            return self.table

    @dataclass
    class AllMarked(Message):
        """All rows are to be marked, or none any more if they are all."""

        table: RowMarks

        @property
        def control(self) -> RowMarks:
            return self.table

    def __init__(
        self, marks: bool | Callable[[int], bool], id: str | None, classes: str | None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.marked: set[int] = set()
        self._own_marks = marks is True
        self._is_marked = marks if callable(marks) else self.marked.__contains__
        self._marks = bool(marks)
        self._stretch: tuple[int, int] | None = None
        """Where the stretch that is being marked began, and where it ends."""

    def validate_cursor(self, row: int) -> int:
        raise NotImplementedError

    def forget_marks(self) -> None:
        """The rows are others now."""
        self._stretch = None
        self.marked.clear()

    def end_stretch(self, cursor: int) -> None:
        """The cursor went there."""
        if self._stretch is not None and self._stretch[1] != cursor:
            self._stretch = None

    # Marks

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        # Without marks their keys are the screen's.
        return self._marks or action not in ("mark", "mark_all", "extend")

    def action_mark(self) -> None:
        """Mark the row under the cursor, or unmark it, and go on to the next."""
        if self.row_count:
            self._mark(range(self.cursor, self.cursor + 1), not self._is_marked(self.cursor))
            self.cursor += 1

    def action_extend(self, step: int) -> None:
        """Mark on from where the stretch began; going back unmarks."""
        if not self.row_count:
            return
        anchor, _ = self._stretch or (self.cursor, self.cursor)
        old, new = self.cursor, self.validate_cursor(self.cursor + step)
        if abs(new - anchor) < abs(old - anchor):
            self._mark(range(old, old + 1), False)
        else:
            self._mark(range(min(anchor, new), max(anchor, new) + 1), True)
        self._stretch = (anchor, new)
        self.cursor = new

    def action_mark_all(self) -> None:
        if self._own_marks:
            self._mark(range(self.row_count), len(self.marked) < self.row_count)
        else:
            self.post_message(self.AllMarked(self))

    def _mark(self, rows: range, on: bool) -> None:
        if self._own_marks:
            (self.marked.update if on else self.marked.difference_update)(rows)
        self.post_message(self.Marked(self, rows, on))
        self.refresh()
