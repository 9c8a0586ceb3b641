"""The collection as a list that is read page by page, with all about the learnware in it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from lwtui.errors import LwtuiError
from lwtui.learnware.model import Learnware
from lwtui.learnware.record import search_text
from lwtui.tui import browse_messages as told
from lwtui.tui import messages
from lwtui.tui.background import NewestFirst, tell
from lwtui.tui.services import Query, Services, Sort
from lwtui.tui.widgets import collection_cells as looks
from lwtui.tui.widgets.detail import LearnwareDetail, more
from lwtui.tui.widgets.list_line import ListLine
from lwtui.tui.widgets.row_table import Cell, RowTable

PAGE = 100
"""Rows read at once."""
KEPT = 6
"""Pages that are kept, the nearest to the cursor: the collector walks over all their objects."""
KEPT_CARDS = 64
MARKED_MOST = 1_000
"""So many are marked at once."""
NEAR_LOOKED = 250
"""Of so many finds it is told how many are near misses."""
QUICK = 0.12
"""Seconds between moves of the cursor under which the details wait until it rests."""
READING_PAUSE = 0.25
"""Seconds the cursor rests on a learnware before its card is read."""


class CollectionPane(Vertical):
    """Posts ``CollectionRead`` when it has looked, and ``RowTable.Moved`` as its table does."""

    DEFAULT_CSS = """
    CollectionPane {
        height: 1fr;
        & > ListLine { height: 1; padding: 0 1; color: $foreground-muted; }
        & #said { width: 1fr; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & #said-keys { width: auto; height: 1; }
        & > #body { height: 1fr; display: none; }
        & > #note { height: 1fr; padding: 1 3; color: $foreground-muted; }
        & #learnwares { width: 3fr; height: 1fr; }
        & #detail { width: 2fr; max-width: 72; height: 1fr; }
    }
    """

    class MarksChanged(Message):
        """Others are marked."""

    def __init__(self, services: Services, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._services = services
        self.query_now = Query()
        """What was asked for last."""
        self.marked: dict[str, Learnware] = {}
        """By id: marks stay while one searches for more."""
        self._shown = Query()
        self._total = 0
        self._exact: int | None = None
        self._number = 0
        self._answered = 0
        self._keep_cursor = False
        self._pages: dict[int, list[Learnware]] = {}
        self._painted: dict[int, list[Cell]] = {}
        self._reading: set[tuple[int, int]] = set()
        """(number of the question, page) of what is being read."""
        self._questions = NewestFirst("page", most=2)
        self._cards = NewestFirst("card", most=1)
        self._about: dict[str, Content] = {}
        self._moves = deque([0.0, 0.0], maxlen=2)
        self._pause: Timer | None = None

    def compose(self) -> ComposeResult:
        with ListLine():
            yield Static(id="said", markup=False)
            yield Static(looks.KEYS, id="said-keys", markup=False)
        with Horizontal(id="body"):
            yield RowTable(looks.COLUMNS, self._cells, marks=self._is_marked, id="learnwares")
            yield LearnwareDetail(id="detail")
        yield Static("loading…", id="note", markup=False)

    @property
    def table(self) -> RowTable:
        return self.query_one("#learnwares", RowTable)

    @property
    def learnware(self) -> Learnware | None:
        """The one under the cursor."""
        return self._learnware(self.table.cursor)

    @property
    def settled(self) -> bool:
        """Whether all that is in sight is read."""
        learnware = self.learnware
        shown = self.query_one(LearnwareDetail).display and self.display
        return self._answered == self._number and (
            learnware is None or not shown or learnware.id in self._about
        )

    # Reading

    def reload(self) -> None:
        """Read the list as it is known, then look whether it is still so."""
        self._about.clear()
        if not self._answered:
            self.note(Content("loading…"))
        self.read_collection()

    @work(thread=True, exclusive=True, group="collection")
    def read_collection(self) -> None:
        try:
            facts = self._services.collection()
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The collection could not be read", error))
            return
        self.post_message(messages.CollectionRead(facts))

    def on_collection_read(self) -> None:
        self.ask_anew(keep_cursor=True)

    def narrow(self, query: Query) -> None:
        """Show what this query finds."""
        if query != self.query_now:
            self.query_now = query
            self.ask_anew()

    def sort(self, column: Sort, descending: bool | None = None) -> None:
        """Sort by a column; by the one it is sorted by, the other way round."""
        now = self.query_now
        if descending is None:
            again = now.sort == column
            descending = not now.descending if again else column in looks.LARGEST_FIRST
        self.narrow(replace(now, sort=column, descending=descending))

    def ask_anew(self, keep_cursor: bool = False) -> None:
        """Run the query from its first row; what is shown stays until the answer is there."""
        self._number += 1
        self._keep_cursor = keep_cursor and self.query_now == self._shown
        self._reading.clear()
        self._ask(0)

    def _ask(self, page: int) -> None:
        number, query = self._number, self.query_now

        def read() -> None:
            if number != self._number or (number, page) in self._reading:
                return  # the user has typed on, or it is read already
            self._reading.add((number, page))
            try:
                rows, total = self._services.page(query, page * PAGE, PAGE)
                hidden = self._services.hidden(query) if not total and query.filters else ()
            except (LwtuiError, OSError) as error:
                tell(self, messages.Failed("The collection could not be read", error))
                return
            exact = None
            if page == 0 and query.text and total <= NEAR_LOOKED:
                exact = _exact(query.text, rows, total)
            tell(self, told.PageRead(number, page, rows, total, exact, hidden))

        self._questions.ask(read)

    def on_page_read(self, message: told.PageRead) -> None:
        message.stop()
        if message.number != self._number:
            return
        if self._answered != message.number:
            if message.page == 0:
                self._answer(message)
            return
        self._pages[message.page] = message.rows
        self._reading.discard((message.number, message.page))
        here = self.table.cursor // PAGE
        while len(self._pages) > KEPT:
            self._painted.clear()
            self._pages.pop(max(self._pages, key=lambda page: abs(page - here)))
        self.table.refresh()
        self.show_detail()

    def _answer(self, message: told.PageRead) -> None:
        self._answered = message.number
        self._pages = {0: message.rows}
        self._painted.clear()
        self._reading.discard((message.number, 0))
        self._total, self._exact = message.total, message.exact
        if self.query_now.known != self._shown.known:
            self.table.set_columns(looks.WITH_KNOWN if self.query_now.known else looks.COLUMNS)
        self._shown = self.query_now
        sorts = looks.SORTS_WITH_KNOWN if self._shown.known else looks.SORTS
        order = self._shown.sort or ("" if self._shown.text else "name")
        self.table.set_sort(sorts.index(order) if order in sorts else None, self._shown.descending)
        self.table.set_rows(message.total, self.table.cursor if self._keep_cursor else 0)
        self.say()
        self.note(None if message.total else looks.nothing(self._shown, message.hidden))

    @on(RowTable.Wanted, "#learnwares")
    def _read_more(self, message: RowTable.Wanted) -> None:
        page = message.row // PAGE
        if self._answered == self._number and (self._number, page) not in self._reading:
            self._ask(page)

    # Showing

    def _learnware(self, row: int) -> Learnware | None:
        rows = self._pages.get(row // PAGE, [])
        return rows[row % PAGE] if row % PAGE < len(rows) else None

    def _cells(self, row: int) -> list[Cell] | None:
        if row not in self._painted:
            learnware = self._learnware(row)
            if learnware is None:
                return None
            self._painted[row] = looks.cells(learnware, self._shown)
        return self._painted[row]

    def say(self) -> None:
        """What the list shows, over it."""
        marks = f"{len(self.marked):,} marked · " if self.marked else ""
        text = marks + looks.headline(self._shown, self._total, self._exact)
        self.query_one("#said", Static).update(Content(text), layout=False)

    def note(self, content: Content | None) -> None:
        """Show words in the place of the list, or the list."""
        note = self.query_one("#note", Static)
        note.display = content is not None
        self.query_one("#body").display = content is None
        if content is not None:
            note.update(content)
        elif self.screen.focused is None and self.display:
            self.table.focus()

    @on(RowTable.Moved, "#learnwares")
    def _on_moved(self) -> None:
        now = time.monotonic()
        quick = now - self._moves[0] < 2 * QUICK  # the third in a row
        self._moves.append(now)
        if self._pause is not None:
            self._pause.stop()
        if quick:
            self._pause = self.set_timer(QUICK, self.show_detail)
        else:
            self.show_detail()

    def show_detail(self) -> None:
        """Show what is under the cursor, and read on when it stays there."""
        learnware, detail = self.learnware, self.query_one(LearnwareDetail)
        if self._pause is not None:
            self._pause.stop()
        if not detail.display:
            return  # it asks again when it comes into sight
        known = self._about.get(learnware.id) if learnware is not None else None
        detail.show(learnware, more=known)
        if learnware is not None and learnware.id not in self._about:
            self._pause = self.set_timer(READING_PAUSE, self._read_about)

    def _read_about(self) -> None:
        learnware = self.learnware
        if learnware is None or not self.display or learnware.id in self._about:
            return

        def read() -> None:
            try:
                about = self._services.about(learnware)
            except (LwtuiError, OSError):
                return  # the manifest says enough
            tell(self, told.AboutRead(learnware.id, more(about)))

        self._cards.ask(read)

    def on_about_read(self, message: told.AboutRead) -> None:
        message.stop()
        while len(self._about) >= KEPT_CARDS:
            self._about.pop(next(iter(self._about)))
        self._about[message.learnware_id] = message.content
        learnware = self.learnware
        if learnware is not None and learnware.id == message.learnware_id:
            self.query_one(LearnwareDetail).show(learnware, more=message.content)

    # Marks

    @property
    def chosen(self) -> list[Learnware]:
        """Those that are marked, else the one under the cursor."""
        if self.marked:
            return list(self.marked.values())
        return [self.learnware] if self.learnware is not None else []

    def _is_marked(self, row: int) -> bool:
        learnware = self._learnware(row)
        return learnware is not None and learnware.id in self.marked

    @on(RowTable.Marked, "#learnwares")
    def _mark(self, message: RowTable.Marked) -> None:
        for row in message.rows:
            learnware = self._learnware(row)
            if learnware is not None and message.on:
                self.marked[learnware.id] = learnware
            elif learnware is not None:
                self.marked.pop(learnware.id, None)
        self.marks_changed()

    @on(RowTable.AllMarked, "#learnwares")
    def _mark_all(self) -> None:
        if self.marked and len(self.marked) >= min(self._total, MARKED_MOST):
            self.unmark()
            return
        number, query = self._number, self.query_now

        def read() -> None:
            try:
                rows, total = self._services.page(query, 0, MARKED_MOST)
            except (LwtuiError, OSError) as error:
                tell(self, messages.Failed("The collection could not be read", error))
                return
            tell(self, told.AllRead(number, rows, total))

        self._questions.ask(read)

    def on_all_read(self, message: told.AllRead) -> None:
        message.stop()
        if message.number == self._number:
            self.marked = {each.id: each for each in message.learnwares}
            self.marks_changed()
            if message.total > len(message.learnwares):
                self.notify(f"The first {MARKED_MOST:,} are marked.", markup=False)

    def unmark(self, ids: Sequence[str] | None = None) -> None:
        """Unmark these, or all."""
        for each in list(self.marked) if ids is None else ids:
            self.marked.pop(each, None)
        self.marks_changed()

    def marks_changed(self) -> None:
        self.table.refresh()
        self.say()
        self.post_message(self.MarksChanged())


def _exact(text: str, rows: Sequence[Learnware], total: int) -> int | None:
    """How many have every word; None when that cannot be told from the first page."""
    words = text.casefold().split()
    found = sum(all(word in search_text(each) for word in words) for each in rows)
    return found if found < len(rows) or len(rows) == total else None
