"""An answer while it streams into the transcript."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget
from textual.widgets import Markdown
from textual.widgets.markdown import MarkdownStream

from lwtui.chat.session import Turn
from lwtui.tui.text import clean
from lwtui.tui.widgets.parts import Part, Splitter
from lwtui.tui.widgets.transcript import Transcript
from lwtui.tui.widgets.turns import AnswerPart, RemarkPart, remark_of


class Answer:
    """Writes into the last part of a turn and begins new ones as it grows, so that what a piece
    costs does not grow with the answer."""

    def __init__(self, transcript: Transcript, turn: Turn, place: int) -> None:
        """``turn`` is in the transcript already; what it says goes on if it says something."""
        self.turn = turn
        self.place = place
        self._transcript = transcript
        self._pieces = [clean(turn.content)] if turn.content else []
        self._splitter = Splitter()
        for _ in self._splitter.feed(self.text):
            pass
        self._stream: tuple[AnswerPart, MarkdownStream] | None = None
        transcript.on_leave_part = self._leaving

    @property
    def text(self) -> str:
        """The answer so far, cleaned."""
        return "".join(self._pieces)

    def _parts(self, kind: str) -> list[Part]:
        parts = []
        for part in reversed(self._transcript.parts):
            if part.turn != self.place:
                break
            if part.kind == kind:
                parts.append(part)
        return parts

    async def write(self, text: str) -> None:
        """Append a piece of the answer."""
        text = clean(text)
        if not text:
            return
        self._pieces.append(text)
        for begins, piece in self._splitter.feed(text):
            mine = self._parts("answer")
            if begins or not mine:
                await self._close()
                joined = begins and self._splitter.joined and bool(mine)
                if joined:
                    self._tighten(mine[0])
                part = Part(self.place, "answer", piece, not mine, joined)
                await self._transcript.append([part])
                self._take_first_line()
            else:
                mine[0].text += piece
                await self._show(mine[0], piece)

    def _tighten(self, part: Part) -> None:
        part.tight = True
        if (widget := self._transcript.widget(part)) is not None:
            widget.add_class("-tight")

    def _take_first_line(self) -> None:
        """The line about the answer is no longer what its turn begins with."""
        for part in self._parts("remark"):
            if part.first:
                part.first = False
                if (widget := self._transcript.widget(part)) is not None:
                    widget.remove_class("-first")

    async def _show(self, part: Part, piece: str) -> None:
        widget = self._transcript.widget(part)
        if not isinstance(widget, AnswerPart):
            await self._close()  # scrolled far away: it is made anew with all its text
            return
        if self._stream is None or self._stream[0] is not widget:
            await self._close()
            self._stream = (widget, Markdown.get_stream(widget))
        await self._stream[1].write(piece)

    async def _leaving(self, widget: Widget) -> None:
        if self._stream is not None and self._stream[0] is widget:
            await self._close()

    async def _close(self) -> None:
        if self._stream is not None:
            (widget, stream), self._stream = self._stream, None
            await stream.stop()
            async with widget.lock:
                pass  # what it was writing when it was stopped is written

    def note(self, content: Content) -> None:
        """Say something in the line about it."""
        for part in self._parts("remark"):
            widget = self._transcript.widget(part)
            if isinstance(widget, RemarkPart):
                widget.update(content)

    async def wait(self) -> None:
        """Until what was written is in its widget."""
        if self._stream is not None:
            async with self._stream[0].lock:
                pass

    async def end(self) -> None:
        """The stream is over; what was written stays."""
        await self._close()
        self._transcript.on_leave_part = None
        self.note(remark_of(self.turn))
