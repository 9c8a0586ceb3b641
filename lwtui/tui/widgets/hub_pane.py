"""The Hub's models as a list that grows while one scrolls, and all about the one in it."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from lwtui.dock.record import HubModel, HubPage, HubQuery
from lwtui.errors import LwtuiError
from lwtui.tui import hub_messages as told
from lwtui.tui.background import NewestFirst, tell
from lwtui.tui.card_text import card_content
from lwtui.tui.collector import set_aside
from lwtui.tui.text import one_line
from lwtui.tui.widgets.hub_cells import COLUMNS, KEYS, age, cells, headline
from lwtui.tui.widgets.hub_detail import HubDetail
from lwtui.tui.widgets.list_line import ListLine
from lwtui.tui.widgets.row_table import Cell, RowTable

if TYPE_CHECKING:
    from lwtui.tui.app import LwtuiApp

READING_PAUSE = 0.25
"""Seconds the cursor rests on a model before its page is asked for."""
KEPT = 200
"""Pages of models that are remembered."""
BARREN = 3
"""Pages without a new model after which no more are asked for."""
SETTLING = 3
"""Questions after which whatever the Hub needs has been imported."""
CLOCK = 30.0
"""Seconds between two looks at how old the list is."""


class HubPane(Vertical):
    """Asks in threads; the newest question wins."""

    DEFAULT_CSS = """
    HubPane {
        height: 1fr;
        & > ListLine { height: 1; padding: 0 1; color: $foreground-muted; }
        & #hub-said { width: 1fr; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        & #hub-age { width: auto; height: 1; }
        & > #hub-problem {
            display: none; height: auto; max-height: 3; padding: 0 1; color: $text-warning;
        }
        & > #hub-body { height: 1fr; display: none; }
        & > #hub-note { height: 1fr; padding: 1 3; color: $foreground-muted; }
        & #hub-models { width: 3fr; height: 1fr; }
        & #hub-detail { width: 2fr; max-width: 72; height: 1fr; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.query_now = HubQuery()
        self.models: list[HubModel] = []
        self._number = 0
        self._page: HubPage | None = None
        self._next = ""
        self._barren = 0
        self._asking = False
        self._questions = NewestFirst("hub search")
        self._readings = NewestFirst("hub model")
        self._read: dict[str, told.ModelRead] = {}
        self._cards: dict[str, Content] = {}
        """Of those that are read, made in their thread."""
        self.marked: dict[str, HubModel] = {}
        self._pause: Timer | None = None
        self._age = ""

    def compose(self) -> ComposeResult:
        with ListLine():
            yield Static(id="hub-said", markup=False)
            yield Static(id="hub-age", markup=False)
        yield Static(id="hub-problem", markup=False)
        with Horizontal(id="hub-body"):
            yield RowTable(COLUMNS, self._cells, marks=self._is_marked, id="hub-models")
            yield HubDetail(id="hub-detail")
        yield Static(id="hub-note", markup=False)

    def on_mount(self) -> None:
        self.watch(self.app, "house", self._repaint, init=False)
        self.set_interval(CLOCK, self._say)

    @property
    def lwtui(self) -> LwtuiApp:
        return cast("LwtuiApp", self.app)

    @property
    def table(self) -> RowTable:
        return self.query_one("#hub-models", RowTable)

    @property
    def model(self) -> HubModel | None:
        """The one under the cursor, as far as it is known."""
        row = self.table.cursor
        return self.models[row] if 0 <= row < len(self.models) else None

    @property
    def asked(self) -> bool:
        """Whether anything was ever asked."""
        return self._number > 0

    # Asking

    def look(self, query: HubQuery, fresh: bool = False) -> None:
        """Ask for the first page of ``query``; what is shown stays until the answer is there."""
        self.query_now = query
        self._number += 1
        if fresh:
            self._read.clear()
            self._cards.clear()
        self._ask("", fresh)
        if not self.models:
            self._note(Content("asking the Hub…"))
        self._say()

    def _ask(self, cursor: str, fresh: bool = False) -> None:
        self._asking = True
        number, query, services = self._number, self.query_now, self.lwtui.services

        def work() -> None:
            if number != self._number:
                return  # a newer question
            try:
                page = services.search_hub(query, cursor, fresh)
            except (LwtuiError, OSError) as error:
                tell(self, told.HubAnswered(number, not cursor, None, error=error))
                return
            tell(self, told.HubAnswered(number, not cursor, page))

        self._questions.ask(work)

    def on_hub_answered(self, message: told.HubAnswered) -> None:
        message.stop()
        if message.number != self._number:
            return
        if message.first:
            self._settle()
        self._asking = False
        if message.page is None:
            self._failed(message)
            return
        self._next, self._page = message.page.next, message.page
        if message.first:
            self.models.clear()
            self._barren = 0
        seen = {model.id for model in self.models}
        new = [model for model in message.page.models if model.id not in seen]
        self.models += new
        self._barren = 0 if new else self._barren + 1
        if self._barren >= BARREN:
            self._next = ""
        rows = len(self.models) + bool(self._next)  # the last row stands for the next page
        if message.first:
            self.table.set_rows(rows)
        else:
            self.table.grow(rows)
            self._show_detail()
        self._note(None if rows else self._nothing())
        self._problem(message.page.problem)
        self._say()

    def _settle(self) -> None:
        """After the first answers all that the Hub takes is loaded."""
        if self._number <= SETTLING:
            set_aside()

    def _failed(self, message: told.HubAnswered) -> None:
        text = str(message.error)
        if message.first:
            self.models.clear()
            self._next, self._page = "", None
            self.table.set_rows(0)
            self._note(
                Content.assemble(
                    ("The Hub could not be asked.\n\n", "bold"),
                    one_line(text, 800),
                    "\n\n",
                    ("r", "bold $accent"),
                    " asks again; ",
                    ("s", "bold $accent"),
                    " goes back to what is on this machine.",
                )
            )
            self._problem("")
        else:
            self._next = ""
            self.table.grow(len(self.models))
            self._problem(f"More could not be read: {text}  r asks again.")
        self._say()

    @on(RowTable.Wanted, "#hub-models")
    def _read_more(self) -> None:
        if not self._asking and self._next:
            self._ask(self._next)

    # One model

    @on(RowTable.Moved, "#hub-models")
    def _moved(self) -> None:
        self._show_detail()
        if self._pause is not None:
            self._pause.stop()
        self._pause = self.set_timer(READING_PAUSE, self._read_model)
        self.screen.refresh_bindings()

    def _read_model(self) -> None:
        model, services = self.model, self.lwtui.services
        if model is None or model.missing or model.id in self._read or not self.display:
            return
        repo, shown = model.id, model
        self._read[repo] = told.ModelRead(repo, None)  # asked; not twice

        def work() -> None:
            try:
                known = services.hub_model(repo)
                tell(self, told.ModelRead(repo, known))
                revision = known.revision or shown.revision
                card = "" if known.missing else services.hub_card(repo, revision)
            except (LwtuiError, OSError) as error:
                tell(self, told.ModelRead(repo, None, error=error))
                return
            self._cards[repo] = card_content(card, rest="the rest is on its page on the Hub")
            tell(self, told.ModelRead(repo, known, card))

        self._readings.ask(work)

    def on_model_read(self, message: told.ModelRead) -> None:
        message.stop()
        while len(self._read) >= KEPT:
            oldest = next(iter(self._read))
            self._read.pop(oldest)
            self._cards.pop(oldest, None)
        self._read[message.repo] = message
        known = message.model
        if known is not None:
            # A renamed one is told under its new name: the row keeps the one it was found by.
            self.models = [
                _merged(each, known) if each.id == message.repo else each for each in self.models
            ]
            self._repaint()
        if self.query_one(HubDetail).repo == message.repo:
            self._show_detail()

    def _show_detail(self) -> None:
        detail, model = self.query_one(HubDetail), self.model
        if model is None:
            detail.show(None)
            return
        read = self._read.get(model.id)
        detail.show(model, self._cards.get(model.id) if read is not None else None)
        if read is not None and read.error is not None:
            detail.say(str(read.error))

    # Marks

    @property
    def chosen(self) -> list[HubModel]:
        """Those that are marked, else the one under the cursor."""
        if self.marked:
            return list(self.marked.values())
        return [self.model] if self.model is not None else []

    def _is_marked(self, row: int) -> bool:
        return row < len(self.models) and self.models[row].id in self.marked

    @on(RowTable.Marked, "#hub-models")
    def _mark(self, message: RowTable.Marked) -> None:
        for model in self.models[message.rows.start : message.rows.stop]:
            if message.on:
                self.marked[model.id] = model
            else:
                self.marked.pop(model.id, None)
        self.marks_changed()

    @on(RowTable.AllMarked, "#hub-models")
    def _mark_all(self) -> None:
        every = {model.id: model for model in self.models}
        self.marked = {} if self.marked.keys() >= every.keys() else every
        self.marks_changed()

    def unmark(self) -> None:
        self.marked.clear()
        self.marks_changed()

    def marks_changed(self) -> None:
        self.table.refresh()
        self._say()

    # Showing

    def _cells(self, row: int) -> list[Cell] | None:
        if row >= len(self.models):
            return None
        model = self.models[row]
        return cells(model, self.lwtui.pull_of(model.id))

    def _repaint(self) -> None:
        if self.display:
            self.table.refresh()

    def arrived(self, repos: frozenset[str]) -> None:
        """These are on this machine now, of all that are listed."""
        self.models = [replace(model, here=model.id in repos) for model in self.models]
        self._repaint()
        self._show_detail()

    def _say(self) -> None:
        said, old = self.query_one("#hub-said", Static), self.query_one("#hub-age", Static)
        if not self.models and self._page is None:
            said.update("")
        else:
            marks = f"{len(self.marked):,} marked · " if self.marked else ""
            text = headline(self.query_now, len(self.models), bool(self._next))
            said.update(Content(marks + text), layout=False)
        text = "asking…" if self._asking else age(self._page, time.time()) if self._page else KEYS
        if text != self._age:  # its width is its text's: the screen is laid out anew
            self._age = text
            old.update(Content(text))

    def _problem(self, text: str) -> None:
        line = self.query_one("#hub-problem", Static)
        if text or line.display:
            line.display = bool(text)
            line.update(Content(one_line(text, 400)))

    def _note(self, content: Content | None) -> None:
        note = self.query_one("#hub-note", Static)
        note.display = content is not None
        self.query_one("#hub-body").display = content is None
        if content is not None:
            note.update(content)
        elif self.screen.focused is None and self.display:
            self.table.focus()

    def _nothing(self) -> Content:
        return Content.assemble(
            ("The Hub has nothing like this.\n\n", "bold"),
            "Its search looks for the words in names of models: fewer or shorter ones find more.\n",
            ("f", "bold $accent"),
            " changes the filters; ",
            ("escape", "bold $accent"),
            " empties the search and shows the catalogue again.",
        )


def _merged(listed: HubModel, read: HubModel) -> HubModel:
    """What its page says, and from the list what only the list knows."""
    return replace(
        read,
        id=listed.id,
        here=listed.here or read.here,
        note=read.note or listed.note,
        domain=read.domain or listed.domain,
        size=read.size or listed.size,
        downloads=read.downloads or listed.downloads,
        likes=read.likes or listed.likes,
    )
