"""One prompt to several learnwares, their answers side by side."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from lwtui.backend.protocol import Chunk, Finished, ModelReady
from lwtui.errors import LwtuiError
from lwtui.tui import compare_messages as told
from lwtui.tui import messages
from lwtui.tui.background import in_thread
from lwtui.tui.bindings import bindings_of
from lwtui.tui.screens.mode import ModeScreen
from lwtui.tui.stream_buffer import StreamBuffer
from lwtui.tui.text import clean, fit, one_line
from lwtui.tui.widgets.compare_column import CompareColumn
from lwtui.tui.widgets.prompt import PromptArea
from lwtui.workflow.compare_chat import MOST, Loading

if TYPE_CHECKING:
    from lwtui.learnware.model import Learnware
    from lwtui.tui.chat_tool_services import CompareHandle
    from lwtui.workflow.compare_chat import Step

FLUSH = 1 / 30
"""Seconds between two looks at what a model has written."""
PIECE = 400
"""Characters that are painted at once: several answers are in sight."""
NARROWEST = 36
"""Cells of a column; what has no room is left and right of what is in sight."""


class CompareScreen(ModeScreen):
    """Closed at the user's wish, or with a conversation to go on with: see ``kept``."""

    MODE = "chat"
    CSS_PATH = "compare_chat.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("compare")
    AUTO_FOCUS = "PromptArea"

    def __init__(
        self,
        learnwares: Sequence[str],
        system: str = "",
        changes: Mapping[str, object] | None = None,
        prompt: str = "",
    ) -> None:
        super().__init__()
        self._names = list(learnwares)
        self._system = system
        self._changes = dict(changes or {})
        self._first_prompt = prompt
        self._handle: CompareHandle | None = None
        self._columns: list[CompareColumn] = []
        self._at = 0
        """The column that was in focus last."""
        self._first_shown = 0
        self._round = 0
        self._answering = False
        self._adding = False
        self._buffers: list[StreamBuffer] = []
        self._flushed = 0.0
        self.kept = ""
        """Id of the conversation to go on with."""

    def compose_body(self) -> ComposeResult:
        yield Static(id="compare-head", markup=False)
        yield Horizontal(id="compare-columns")
        yield PromptArea(id="compare-prompt")

    def on_mount(self) -> None:
        prompt = self.query_one(PromptArea)
        prompt.text = clean(self._first_prompt)
        prompt.move_cursor(prompt.document.end)
        self._show_head()
        self.open_all()

    def on_unmount(self) -> None:
        handle = self._handle
        if handle is not None:
            in_thread(handle.close, "compare")

    # Opening

    @work(thread=True, group="open")
    def open_all(self) -> None:
        try:
            handle = self.services.open_comparison(self._names, self._system, self._changes)
        except (LwtuiError, OSError) as error:
            self.post_message(told.Opened(None, error))
            return
        self.post_message(told.Opened(handle))

    async def on_opened(self, message: told.Opened) -> None:
        if message.handle is None:
            if message.error is not None:
                self.lwtui.complain(message.error, "These cannot be compared")
            self.dismiss(None)
            return
        self._handle = message.handle
        for session in message.handle.sessions:
            await self._add_column(CompareColumn(session))
        self._show_columns()

    async def _add_column(self, column: CompareColumn) -> None:
        self._columns.append(column)
        await self.query_one("#compare-columns").mount(column)

    # What is in sight

    def on_resize(self, event: events.Resize) -> None:
        del event
        self._show_columns()

    def _show_columns(self) -> None:
        """As many columns as have room, the one in focus among them."""
        number = len(self._columns)
        if number:
            room = max(1, min(number, self.app.size.width // NARROWEST))
            first = min(max(self._first_shown, self._at - room + 1), self._at, number - room)
            self._first_shown = first
            for place, column in enumerate(self._columns):
                column.display = first <= place < first + room
                column.set_class(place == first, "-first-shown")
                column.set_class(place == self._at, "-at")
        self._show_head()
        self.refresh_bindings()

    def _show_head(self) -> None:
        head = self.query_one("#compare-head", Static)
        if not self._columns:
            head.update(Content("opening…"))
            return
        shown = [column.display for column in self._columns]
        if all(shown):
            parts: list[tuple[str, str]] = []
        else:
            parts = [
                (f" {fit(_short(column), min(20, len(_short(column))))} ",
                 "reverse" if place == self._at else "bold" if shown[place] else "")
                for place, column in enumerate(self._columns)
            ]  # fmt: skip
            parts.append(("  ← → ", "$accent"))
        how = "one after the other, so that times compare"
        parts.append((how if all(shown) else "", ""))
        if self._system.strip():
            parts.append((" · system prompt", ""))
        if self._changes:
            parts.append((" · " + ", ".join(f"{k} {v}" for k, v in self._changes.items()), ""))
        if all(shown):
            parts.append((" · enter on one: go on with it", ""))
        head.update(Content.assemble(*parts))

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        for place, column in enumerate(self._columns):
            if event.widget is column.body and place != self._at:
                self._at = place
                self._show_columns()
        self.refresh_bindings()

    @property
    def _column(self) -> CompareColumn | None:
        return self._columns[self._at] if self._columns else None

    # Asking

    @on(PromptArea.Sent)
    async def _sent(self, event: PromptArea.Sent) -> None:
        event.stop()
        handle = self._handle
        if handle is None or self._answering or self._adding:
            self.notify("Answers are being written: escape stops them.", severity="warning")
            return
        self.query_one(PromptArea).clear()
        for column in self._columns:
            await column.ask(event.text)
        self._begin(lambda: handle.ask(event.text))

    def _begin(self, stream: Callable[[], Iterator[tuple[int, Step]]]) -> None:
        self._round += 1
        self._buffers = [StreamBuffer() for _ in self._columns]
        self._answering = True
        self.refresh_bindings()
        self.stream_answers(self._round, stream, self._buffers)

    @work(thread=True, group="answers")
    def stream_answers(
        self,
        number: int,
        stream: Callable[[], Iterator[tuple[int, Step]]],
        buffers: Sequence[StreamBuffer],
    ) -> None:
        try:
            for place, step in stream():
                if not isinstance(step, Chunk):
                    self.post_message(told.Said(number, place, step))
                elif buffers[place].put(step.text, step.tokens):
                    self.post_message(told.Written(number, place))
        except (LwtuiError, OSError) as error:
            self.post_message(told.RoundEnded(number, error))
            return
        self.post_message(told.RoundEnded(number))

    async def on_said(self, message: told.Said) -> None:
        if message.number != self._round:
            return
        column, step = self._columns[message.place], message.step
        if isinstance(step, Loading):
            column.note("loading the model…")
        elif isinstance(step, ModelReady):
            column.loaded(f"{step.backend}/{step.device}")
            column.note("reading the prompt…")
        elif isinstance(step, Finished | Exception):
            more = True
            while more:
                text, _, more = self._buffers[message.place].take(PIECE)
                await column.write(text)
                await asyncio.sleep(0)  # keys come in between
            await column.end(column.session.turns[-1])

    async def on_written(self, message: told.Written) -> None:
        wait = FLUSH - (time.monotonic() - self._flushed)
        if wait > 0:
            self.set_timer(wait, partial(self._flush, message))
        else:
            await self._flush(message)

    async def _flush(self, message: told.Written) -> None:
        if message.number != self._round:
            return
        text, tokens, more = self._buffers[message.place].take(PIECE)
        column = self._columns[message.place]
        if text:
            await column.write(text)
            column.note(f"{tokens:,} tokens…")
        self._flushed = time.monotonic()
        if more:
            self.post_message(message)

    def on_round_ended(self, message: told.RoundEnded) -> None:
        if message.number != self._round:
            return
        self._answering = False
        if message.error is not None:
            self.lwtui.complain(message.error, "The comparison broke off")
        self.refresh_bindings()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide from the footer what makes no sense now."""
        in_prompt = isinstance(self.focused, PromptArea)
        asked = self._handle is not None and any(c.session.turns for c in self._columns)
        if action == "stop":
            return self._answering
        if action == "leave":
            return not self._answering and in_prompt and bool(self._columns)
        if action == "close":
            return not self._answering and not (in_prompt and bool(self._columns))
        if action in ("again", "again_one"):
            return asked and not self._answering
        if action == "go_on":
            return asked and not self._answering and not in_prompt
        if action == "copy":
            return asked
        if action == "add":
            return not self._answering and not self._adding and 0 < len(self._columns) < MOST
        if action == "remove":
            return not self._answering and len(self._columns) > 2
        return True

    def action_stop(self) -> None:
        if self._handle is not None:
            self._handle.stop()

    def action_leave(self) -> None:
        if self._column is not None:
            self._column.body.focus()

    def action_close(self) -> None:
        self.dismiss(None)

    def action_prompt(self) -> None:
        self.query_one(PromptArea).focus()

    def action_move(self, step: int) -> None:
        if self._columns:
            self._at = (self._at + step) % len(self._columns)
            self._show_columns()
            self._columns[self._at].body.focus()

    async def action_again(self) -> None:
        handle = self._handle
        if handle is not None:
            for column in self._columns:
                await column.begin(again=True)
            self._begin(handle.again)

    async def action_again_one(self) -> None:
        handle, place = self._handle, self._at
        if handle is not None:
            await self._columns[place].begin(again=True)
            self._begin(lambda: handle.again(place))

    def action_copy(self) -> None:
        column = self._column
        if column is not None and column.text:
            self.app.copy_to_clipboard(column.text)
            name = one_line(column.session.learnware, 80)
            self.notify(f"The answer of {name} is copied.", markup=False)

    @work
    async def action_add(self) -> None:
        from lwtui.tui.screens.pick import PickScreen

        learnware: Learnware | None = await self.app.push_screen_wait(PickScreen("Compare too"))
        if learnware is not None and not self._answering:
            self._adding = True
            self.add_learnware(learnware.id)

    @work(thread=True, group="add")
    def add_learnware(self, learnware_id: str) -> None:
        handle = self._handle
        try:
            if handle is None:
                return
            place = handle.add(learnware_id)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("It cannot be compared", error))
            self.post_message(told.Added(-1))
            return
        self.post_message(told.Added(place))

    async def on_added(self, message: told.Added) -> None:
        self._adding = False
        handle, place = self._handle, message.place
        if handle is None or place < 0:
            self.refresh_bindings()
            return
        session = handle.sessions[place]
        column = CompareColumn(session)
        await self._add_column(column)
        self._at = place
        self._show_columns()
        if session.turns:
            await column.ask(session.turns[-1].content)
            self._begin(lambda: handle.again(place))

    async def action_remove(self) -> None:
        handle, place = self._handle, self._at
        if handle is None or len(self._columns) <= 2:
            return
        handle.remove(place)
        await self._columns.pop(place).remove()
        self._at = min(place, len(self._columns) - 1)
        self._show_columns()
        self._columns[self._at].body.focus()

    def action_go_on(self) -> None:
        if self._column is not None and self._column.session.turns:
            self.keep_one(self._at)

    @work(thread=True, exclusive=True, group="keep")
    def keep_one(self, place: int) -> None:
        handle = self._handle
        try:
            if handle is None:
                return
            session = handle.keep(place)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("It could not be kept", error))
            return
        self.kept = session.id
        self.app.call_from_thread(self.dismiss, None)


def _short(column: CompareColumn) -> str:
    return one_line(column.session.learnware.rsplit("/", 1)[-1], 60)
