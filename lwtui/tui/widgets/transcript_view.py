"""A conversation of any length: what the user wrote as it is, what models answer as Markdown.

Only the parts in sight, and some around them, are widgets; two spacers stand for the others. What
is in sight stays where it is while parts come, go and grow: each layout puts the scroll offset so
that the *pinned* part keeps its distance to the first line, or the end stays in sight.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.geometry import Size
from textual.layout import DockArrangeResult
from textual.message import Message
from textual.scrollbar import ScrollBar
from textual.widget import Widget

from lwtui.chat.session import Turn
from lwtui.tui.widgets.parts import Part, parts_of, whole_parts
from lwtui.tui.widgets.turns import AnswerPart, paint_hits, unpaint, widget_of

AROUND = 1.0
"""Heights of the view that are mounted above and below it."""
KEPT = 2.0
"""Heights of the view beyond which what was mounted goes again."""
WRITING = 0.3
"""Share of both while an answer is written: each layout looks at every widget there is."""
STEP = 2
"""Parts that are mounted at once."""


class Spacer(Widget):
    """Stands for the parts that are not mounted. Hidden, it costs nothing for each of its lines."""

    DEFAULT_CSS = "Spacer { height: 0; visibility: hidden; }"


class TranscriptView(VerticalScroll, can_focus=True, inherit_bindings=False):
    """Everything but the keys."""

    @dataclass
    class Marked(Message):
        """The mark is on another turn, or on none."""

        position: int | None

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.turns: list[Turn] = []
        self.parts: list[Part] = []
        self.marked: int | None = None
        """Place of the turn that keys act on."""
        self.following = True
        """The end stays in sight."""
        self._pin = (0, 0)
        """A part, and how many lines of it are above the first line in sight."""
        self._first = self._last = 0
        """The parts that are mounted: from the first up to, without, the last. None is whole."""
        self._widgets: dict[Part, Widget] = {}
        self._heights: list[int] | None = None
        self._starts: list[int] | None = None
        self._above, self._below = Spacer(), Spacer()
        self._lock = asyncio.Lock()
        self._filling = False
        self._hits = ""
        self._view = Size(0, 0)
        self.on_leave_part: Callable[[Widget], Awaitable[None]] | None = None
        """Told before a part that may still be written to is taken away."""

    def compose(self) -> ComposeResult:
        yield self._above
        yield self._below

    # What the owner calls

    async def show(
        self, turns: Sequence[Turn], parts: list[Part] | None = None, at: int | None = None
    ) -> None:
        """Show a conversation at its end, or at the turn ``at``, which is then marked. ``parts``:
        of these turns, if a worker has made them."""
        async with self._lock:
            with self.app.batch_update():  # in between there would be nothing in sight
                await self._unmount(0, len(self.parts))
                self.turns = list(turns)
                self.parts = whole_parts(turns) if parts is None else parts
                self._hits = ""
                self._count_anew()
                self._first = self._last = 0
                self.marked = None
                self._scroll_to_end()
                if at is not None:
                    self.go_to(at)
                self._space()
                await self._fill_step()

    async def add(self, turn: Turn) -> int:
        """Put a turn at the end; its place."""
        self.turns.append(turn)
        self._scroll_to_end()
        await self.append(parts_of(turn, len(self.turns) - 1))
        return len(self.turns) - 1

    async def append(self, parts: list[Part]) -> None:
        async with self._lock:
            at_end = self._last == len(self.parts)
            begin = self._place_of_remark(parts)
            self.parts[begin:begin] = parts
            self._count_anew()
            if at_end:
                self._last = begin
                await self._mount(begin, begin + len(parts))
                self._last = len(self.parts)
            self._space()
        self._refill()

    def _place_of_remark(self, parts: list[Part]) -> int:
        """Where parts of an answer go: before the line about it, if that is there already."""
        end = len(self.parts)
        if parts and end and self.parts[-1].kind == "remark":
            return end - (self.parts[-1].turn == parts[0].turn)
        return end

    async def cut(self, place: int) -> None:
        """Take away the turn at ``place`` and all that follow."""
        async with self._lock:
            begin = self._first_part(place)
            await self._unmount(begin, len(self.parts))
            del self.parts[begin:], self.turns[place:]
            self._count_anew()
            self._first, self._last = min(self._first, begin), min(self._last, begin)
            self._cut_up(begin - 1, begin)  # an answer may go on
            self._space()
        if self.marked is not None and self.marked >= place:
            self.mark(None)
        self._refill()

    def widget(self, part: Part) -> Widget | None:
        """What shows a part, if it is mounted."""
        return self._widgets.get(part)

    def mark(self, place: int | None) -> None:
        """Put the mark on a turn."""
        if place == self.marked:
            return
        self.marked = place
        for part, widget in self._widgets.items():
            widget.set_class(part.turn == place, "-marked")
        self.post_message(self.Marked(place))

    def go_to(self, place: int) -> None:
        """Mark a turn and scroll to its beginning."""
        self.mark(place)
        self._set_top(self._offsets()[self._first_part(place)])

    async def show_hits(self, text: str) -> None:
        """Mark the places where ``text`` stands; an empty one takes the marks away."""
        before, self._hits = self._hits, text
        for widget in list(self._widgets.values()):
            if before:
                await unpaint(widget)
            if text:
                paint_hits(widget, text)

    # Where everything is

    def _offsets(self) -> list[int]:
        """The line where each part begins, and the end of all."""
        if self._starts is None:
            if self._heights is None:
                width = self._width
                self._heights = [part.lines(width) for part in self.parts]
            self._starts = [0, *accumulate(self._heights)]
        return self._starts

    def _count_anew(self) -> None:
        """There are other parts, or all have another width."""
        self._heights = self._starts = None

    def _part_at(self, line: int) -> int:
        return max(0, min(bisect_right(self._offsets(), line) - 1, len(self.parts) - 1))

    def _first_part(self, place: int) -> int:
        """Index of the part that a turn begins with; after the last turn, of none."""
        low, high = 0, len(self.parts)
        while low < high:
            middle = (low + high) // 2
            if self.parts[middle].turn < place:
                low = middle + 1
            else:
                high = middle
        return low

    @property
    def _width(self) -> int:
        return self._view.width or self.app.size.width

    @property
    def _height(self) -> int:
        return self._view.height or self.app.size.height

    @property
    def _bottom(self) -> int:
        """The furthest that can be scrolled."""
        return max(0, self._offsets()[-1] - self._height)

    @property
    def _top(self) -> int:
        """The first line in sight."""
        if self.following or not self.parts:
            return self._bottom
        index, lines = self._pin
        starts = self._offsets()
        return max(0, min(starts[min(index, len(self.parts) - 1)] + lines, self._bottom))

    def _set_top(self, line: int) -> None:
        line = max(0, min(line, self._bottom))
        self.following = line >= self._bottom
        index = self._part_at(line)
        self._pin = (index, line - self._offsets()[index])
        self.refresh(layout=True)
        self._refill()

    def _scroll_to_end(self) -> None:
        self.following = True
        self.refresh(layout=True)
        self._refill()

    def arrange(self, size: Size, optimal: bool = False) -> DockArrangeResult:
        """Lays out the mounted parts, then scrolls so that what is in sight stays in sight."""
        self._view = size
        result = super().arrange(size, optimal)
        heights = self._measured(result)
        if heights and self._heights is not None:
            for index in range(self._first, self._last):
                if self.parts[index] in heights:
                    self._heights[index] = self.parts[index].height
            self._starts = None
        top = self._top
        if self.parts and round(self.scroll_y) != top:
            # As Textual does for its anchors: no watcher runs, nothing is painted in between.
            self.set_reactive(Widget.scroll_y, top)
            self.set_reactive(Widget.scroll_target_y, top)
            # Its own watcher would lay the whole screen out once more, in the middle of this.
            self.vertical_scrollbar.set_reactive(ScrollBar.position, top)
            self.call_later(self.vertical_scrollbar.refresh)
        return result

    def _measured(self, result: DockArrangeResult) -> set[Part]:
        """The parts that take another number of lines than was thought."""
        other = set()
        for placement in result.placements:
            part = getattr(placement.widget, "part", None)
            if isinstance(part, Part):
                height = placement.region.height + part.first
                if height != part.height:
                    part.height = height
                    other.add(part)
        return other

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if not self.parts or old_value > new_value >= self.max_scroll_y:
            return  # nobody scrolled: Textual keeps within what it last laid out
        line = round(new_value)
        self.following = line >= self._bottom
        index = self._part_at(line)
        self._pin = (index, line - self._offsets()[index])
        self._refill()

    def on_resize(self, event: events.Resize) -> None:
        for part in self.parts:
            if part not in self._widgets:
                part.height = 0  # of another width
        self._count_anew()
        self._space()
        self._refill()

    # Mounting what is in sight

    def _cut_up(self, begin: int, end: int) -> bool:
        """Cut up the turns among these parts that are whole; False: there is none."""
        whole = [at for at in range(max(0, begin), end) if self.parts[at].kind == "whole"]
        if not whole:
            return False
        self._offsets()  # the heights are known now
        known, (pin, lines) = self._heights or [], self._pin
        for at in reversed(whole):
            turn = self.parts[at].turn
            parts = parts_of(self.turns[turn], turn)
            heights = [part.lines(self._width) for part in parts]
            self.parts[at : at + 1] = parts
            known[at : at + 1] = heights
            more = len(parts) - 1
            if at == pin:
                while pin < at + more and lines >= heights[pin - at]:
                    lines -= heights[pin - at]
                    pin += 1
            elif at < pin:
                pin += more
            self._first += more * (at < self._first)
            self._last += more * (at < self._last)
        self._pin, self._starts = (pin, lines), None
        return True

    def _refill(self) -> None:
        if self.parts and self.is_mounted and not self._filling:
            self._filling = True
            self.run_worker(self._fill(), group="fill")

    async def _fill(self) -> None:
        try:
            while True:
                async with self._lock:
                    if not await self._fill_step():
                        return
                await self._laid_out()
        finally:
            self._filling = False

    async def _laid_out(self) -> None:
        done = asyncio.Event()
        self.call_after_refresh(done.set)
        await done.wait()

    def _range(self, heights: float) -> tuple[int, int]:
        """The parts within so many heights of the view."""
        room = round(self._height * heights)
        top = self._top
        return self._part_at(top - room), self._part_at(top + self._height + room - 1) + 1

    async def _fill_step(self) -> bool:
        """Mount or remove a few parts; False: all is as it should be."""
        if not self.parts:
            return False
        while self._cut_up(*self._range(AROUND)):
            pass  # in parts it may be shorter, and others come near
        begin, end = self._range(0)
        if self._first >= end or self._last <= begin:
            await self._unmount(self._first, self._last)
            self._first = self._last = end if self.following else begin
        share = WRITING if self.on_leave_part is not None else 1.0
        for near, far in ((begin, end), self._range(AROUND * share)):
            if self._first > near and (self.following or self._last >= far):
                await self._mount(max(near, self._first - STEP), self._first)
                return True
            if self._last < far:
                await self._mount(self._last, min(far, self._last + STEP))
                return True
            if self._first > near:
                await self._mount(max(near, self._first - STEP), self._first)
                return True
        near, far = self._range(KEPT * share)
        if self._first < near or self._last > far:
            await self._unmount(self._first, near)
            await self._unmount(far, self._last)
            self._first, self._last = max(self._first, near), min(self._last, far)
            self._space()
        return False

    async def _mount(self, begin: int, end: int) -> None:
        """Parts right before or after those that are mounted."""
        parts = self.parts[begin:end]
        new = [widget_of(part, self.turns[part.turn]) for part in parts]
        for part, widget in zip(parts, new, strict=True):
            widget.set_class(part.turn == self.marked, "-marked")
        after: Any = self._above
        if begin == self._last and begin > self._first:
            after = self._widgets[self.parts[begin - 1]]
        with self.app.batch_update():
            await self.mount_all(new, after=after)
            for part, widget in zip(parts, new, strict=True):
                while isinstance(widget, AnswerPart) and widget.source != part.text:
                    await widget.update(part.text)  # it grew meanwhile
            self._widgets.update(zip(parts, new, strict=True))
            self._first, self._last = min(self._first, begin), max(self._last, end)
            self._space()
            if self._hits:
                for widget in new:
                    paint_hits(widget, self._hits)

    async def _unmount(self, begin: int, end: int) -> None:
        gone = [self._widgets.pop(p) for p in self.parts[begin:end] if p in self._widgets]
        if self.on_leave_part is not None:
            for widget in gone:
                await self.on_leave_part(widget)
        if gone:
            await self.remove_children(gone)

    def _space(self) -> None:
        starts = self._offsets()
        self._above.styles.height = starts[self._first]
        self._below.styles.height = starts[-1] - starts[self._last]
