"""A conversation that is read with keys and the mouse: a mark goes from turn to turn."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.widget import Widget

from lwtui.tui.widgets.parts import Part
from lwtui.tui.widgets.transcript_view import TranscriptView


class Transcript(TranscriptView):
    """j k and arrows move the mark from turn to turn; g G, ctrl+u ctrl+d, page up and down."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "turn(-1)", "Up", show=False),
        Binding("down,j", "turn(1)", "Down", show=False),
        Binding("pageup,ctrl+b", "view(-0.9)", "Page up", show=False),
        Binding("pagedown,space", "view(0.9)", "Page down", show=False),
        Binding("ctrl+u", "view(-0.5)", "Half a page up", show=False),
        Binding("ctrl+d", "view(0.5)", "Half a page down", show=False),
        Binding("home,g", "edge(-1)", "First", show=False),
        Binding("end,G", "edge(1)", "Last", show=False),
    ]
    DEFAULT_CSS = """
    Transcript {
        height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; background: $background;
    }
    """

    # Keys and the mouse

    def _lines_of(self, place: int) -> tuple[int, int]:
        starts = self._offsets()
        return starts[self._first_part(place)], starts[self._first_part(place + 1)]

    def _turn_in_sight(self, end: int = 1) -> int | None:
        """The last turn in sight; with -1 the first."""
        if not self.parts:
            return None
        begin, stop = self._range(0)
        return self.parts[stop - 1 if end > 0 else begin].turn

    def on_focus(self) -> None:
        if self.marked is None or not self._in_sight(self.marked):
            self.mark(self._turn_in_sight())

    def _in_sight(self, place: int) -> bool:
        begin, end = self._lines_of(place)
        return begin < self._top + self._height and end > self._top

    def action_turn(self, step: int) -> None:
        """The next turn, once all of this one has been seen."""
        place = self.marked
        if place is None or not self._in_sight(place):
            self.mark(self._turn_in_sight(-step))
            return
        begin, end = self._lines_of(place)
        top, height = self._top, self._height
        if step > 0 and end > top + height:
            self._set_top(min(top + height // 2, end - height))
        elif step < 0 and begin < top:
            self._set_top(max(top - height // 2, begin))
        elif 0 <= place + step <= self.parts[-1].turn:
            self.mark(place + step)
            begin, end = self._lines_of(place + step)
            if begin < top:
                self._set_top(begin if end - begin <= height else end - height)
            elif end > top + height:
                self._set_top(end - height if end - begin <= height else begin)

    def action_view(self, heights: float) -> None:
        if self.parts:
            self._set_top(self._top + round(self._height * heights))
            if self.marked is None or not self._in_sight(self.marked):
                self.mark(self._turn_in_sight(1 if heights > 0 else -1))

    def action_edge(self, direction: int) -> None:
        if self.parts:
            self._set_top(0 if direction < 0 else self._bottom)
            self.mark(0 if direction < 0 else self.parts[-1].turn)

    def on_click(self, event: events.Click) -> None:
        widget = event.widget
        while widget is not None and widget is not self:
            part = getattr(widget, "part", None)
            if isinstance(part, Part):
                self.mark(part.turn)
                return
            widget = widget.parent if isinstance(widget.parent, Widget) else None
