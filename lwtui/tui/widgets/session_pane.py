"""The list of conversations, and the search over all their messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lwtui.chat.find import Found
from lwtui.chat.store import SessionSummary
from lwtui.tui.text import one_line
from lwtui.tui.widgets.line_input import LineInput

PAGE = 60
"""Conversations that are read at once."""
BEFORE_HIT = 14
"""Characters before the first found word that are shown."""

_TEACH = "No conversations yet.\n\nWhat you ask and what is answered is kept here, on this machine."
_NOTHING = "No message holds these words."


class SessionPane(Vertical):
    """Posts what the user wants; the screen reads and changes conversations."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "Search all messages", show=False),
    ]
    DEFAULT_CSS = """
    SessionPane {
        width: 34; background: $surface; padding: 0 0 0 1;
        & > Input { margin: 1 1 1 0; background: $panel; }
        & > OptionList {
            height: 1fr; background: $surface; border: none; padding: 0; scrollbar-size-vertical: 1;
            text-wrap: nowrap; text-overflow: ellipsis;
        }
        & > OptionList:focus { border: none; }
        & > Static { height: 1fr; padding: 0 1; color: $foreground-muted; display: none; }
        &.-empty > OptionList { display: none; }
        &.-empty > Static { display: block; }
    }
    """

    @dataclass
    class Chosen(Message):
        session: str
        position: int | None
        """The message that was found."""

    @dataclass
    class Wanted(Message):
        """Conversations from ``offset`` on, or those whose messages hold ``text``."""

        text: str
        offset: int

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: list[SessionSummary | Found] = []
        self._more = False
        self._asked = 0
        self._current = ""
        self.newest: SessionSummary | None = None
        """The conversation that was used last."""

    def compose(self) -> ComposeResult:
        yield LineInput(placeholder="search all messages…", compact=True, id="session-search")
        yield OptionList(id="session-list", markup=False)
        yield Static(_TEACH, markup=False)

    @property
    def text(self) -> str:
        """What is searched for."""
        return self.query_one(LineInput).value.strip()

    @property
    def sessions(self) -> Sequence[SessionSummary]:
        """The conversations listed so far, while nothing is searched for."""
        return [row for row in self._rows if isinstance(row, SessionSummary)]

    @property
    def selected(self) -> str:
        """Id of the conversation under the cursor, while the pane has the focus; else empty."""
        index = self.query_one(OptionList).highlighted
        if index is None or index >= len(self._rows) or not self.has_focus_within:
            return ""
        row = self._rows[index]
        return row.id if isinstance(row, SessionSummary) else row.session

    def show_sessions(self, sessions: list[SessionSummary], offset: int, current: str) -> None:
        """Conversations from ``offset`` on; ``current`` is the one in sight."""
        self._current = current
        options = self.query_one(OptionList)
        if offset == 0:
            self.newest = sessions[0] if sessions else None
            at = options.highlighted or 0
            self._rows = list(sessions)
            options.set_options([Option(self._session(row)) for row in sessions])
            if sessions:
                options.highlighted = min(at, len(sessions) - 1)
        else:
            self._rows += sessions
            options.add_options([Option(self._session(row)) for row in sessions])
        self._more, self._asked = len(sessions) == PAGE, offset
        self._tell_empty(_TEACH)

    def show_found(self, found: list[Found]) -> None:
        """What a search found."""
        self._rows, self._more = list(found), False
        options = self.query_one(OptionList)
        options.set_options([Option(_found(row)) for row in found])
        if found:
            options.highlighted = 0
        self._tell_empty(_NOTHING)

    def _tell_empty(self, text: str) -> None:
        self.query_one(Static).update(text)
        self.set_class(not self._rows, "-empty")

    def set_current(self, current: str) -> None:
        """Another conversation is in sight."""
        before, self._current = self._current, current
        options = self.query_one(OptionList)
        for index, row in enumerate(self._rows):
            if isinstance(row, SessionSummary) and row.id in (before, current):
                options.replace_option_prompt_at_index(index, self._session(row))

    def _session(self, row: SessionSummary) -> Content:
        here = row.id == self._current
        title = one_line(row.title, 200) or "untitled"
        facts = f"  {age(row.updated):>7} · {one_line(row.learnware, 100).removeprefix('starter/')}"
        return Content.assemble(
            ("▸ " if here else "  ", "bold $accent"), (title, "bold $accent" if here else "bold"),
            "\n", (facts, "$foreground-muted"),
        )  # fmt: skip

    def focus_list(self) -> None:
        self.query_one(OptionList if self._rows else LineInput).focus()

    def action_search(self) -> None:
        self.query_one(LineInput).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Wanted(self.text, 0))

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self._choose(self.query_one(OptionList).highlighted)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._choose(event.option_index)

    def _choose(self, index: int | None) -> None:
        if index is None or index >= len(self._rows):
            return
        row = self._rows[index]
        if isinstance(row, SessionSummary):
            self.post_message(self.Chosen(row.id, None))
        else:
            self.post_message(self.Chosen(row.session, row.position))

    @on(OptionList.OptionHighlighted)
    def _moved(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        near_end = event.option_index >= len(self._rows) - 10
        if self._more and near_end and self._asked < len(self._rows):
            self._asked = len(self._rows)
            self.post_message(self.Wanted("", len(self._rows)))


def _found(row: Found) -> Content:
    pieces: list[tuple[str, str]] = []
    for number, (text, hit) in enumerate(row.snippet):
        text = " ".join(one_line(f".{text}.", 400)[1:-1].split("\n"))
        if number == 0 and not hit and len(text) > BEFORE_HIT:
            text = "…" + text[-BEFORE_HIT:]
        pieces.append((text, "bold $accent" if hit else "$foreground-muted"))
    who = "you" if row.role == "user" else "answer"
    return Content.assemble(
        (f"  {one_line(row.title, 200)}", "bold"), "\n",
        (f"  {who}: ", "$foreground-muted"), *pieces,
    )  # fmt: skip


def age(moment: str, now: datetime | None = None) -> str:
    """How long ago an ISO 8601 moment was, in a word or two."""
    try:
        then = datetime.fromisoformat(moment)
    except ValueError:
        return ""
    if then.tzinfo is None:
        then = then.replace(tzinfo=timezone.utc)
    seconds = ((now or datetime.now(timezone.utc)) - then).total_seconds()
    for size, unit in ((60, "s"), (60, "min"), (24, "h"), (365, "d")):
        if seconds < size:
            return "now" if unit == "s" else f"{int(seconds)} {unit}"
        seconds /= size
    return f"{int(seconds)} y"
