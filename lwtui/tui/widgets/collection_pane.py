"""The collection as a list that is read page by page, with all about the learnware in it."""

from __future__ import annotations

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from lwtui.errors import LwtuiError
from lwtui.learnware.grade import best_grade
from lwtui.learnware.model import Learnware
from lwtui.tui import messages
from lwtui.tui.services import Query, Services
from lwtui.tui.text import human_size, one_line
from lwtui.tui.widgets.detail import LearnwareDetail
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

PAGE = 200
"""Rows read at once."""
COLUMNS = (
    Column("learnware", 26, flex=3),
    Column("domain", 11, flex=1, rank=1),
    Column("task", 16, flex=2, rank=3),
    Column("base", 14, flex=1, rank=4),
    Column("size", 7, right=True, rank=2),
    Column("spec", 4, rank=1),
)
WITH_KNOWN = (*COLUMNS[:1], Column("where", 10), *COLUMNS[1:])


def specified(learnware: Learnware) -> Cell:
    """Whether it can be matched, and the grade of what says so."""
    grade = best_grade(learnware.specifications)
    if grade is None:
        return ("○", "dim")
    letter = grade.letter
    if letter == "?":
        return ("●", "good")
    return (f"● {letter}", "good" if letter == "A" else "accent" if letter == "B" else "dim")


class CollectionPane(Vertical):
    """Posts ``CollectionRead`` when it has looked, and ``RowTable.Moved`` as its table does."""

    DEFAULT_CSS = """
    CollectionPane {
        height: 1fr;
        & > #body { height: 1fr; display: none; }
        & > #note { height: 1fr; padding: 1 3; color: $foreground-muted; }
        & #learnwares { width: 3fr; height: 1fr; }
        & #detail { width: 2fr; max-width: 72; height: 1fr; }
    }
    """

    def __init__(self, services: Services, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._services = services
        self._query = Query()
        self._number = 0
        self._pages: dict[int, list[Learnware]] = {}
        self._asked: set[int] = set()

    def compose(self) -> ComposeResult:
        with Horizontal(id="body"):
            yield RowTable(COLUMNS, self._cells, id="learnwares")
            yield LearnwareDetail(id="detail")
        yield Static("loading…", id="note", markup=False)

    @property
    def table(self) -> RowTable:
        return self.query_one("#learnwares", RowTable)

    @property
    def learnware(self) -> Learnware | None:
        """The one under the cursor."""
        return self._learnware(self.table.cursor)

    # Reading

    def reload(self) -> None:
        """Read the collection, then the list anew."""
        self._note(Content("loading…"))
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
        self.ask_anew()

    def narrow(self, query: Query) -> None:
        """Show what this query finds."""
        if query != self._query:
            if query.known != self._query.known:
                self.table.set_columns(WITH_KNOWN if query.known else COLUMNS)
                self.table.set_rows(0)
                self._pages.clear()
            self._query = query
            self.ask_anew()

    def ask_anew(self) -> None:
        """Run the query from its first row."""
        self._number += 1
        self._pages.clear()
        self._asked = {0}
        self.read_page(self._number, self._query, 0)

    @work(thread=True, group="page")
    def read_page(self, number: int, query: Query, page: int) -> None:
        if number != self._number:
            return  # the user has typed on
        try:
            rows, total = self._services.page(query, page * PAGE, PAGE)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The collection could not be read", error))
            return
        self.post_message(messages.Page(number, page, rows, total))

    def on_page(self, message: messages.Page) -> None:
        message.stop()
        if message.query != self._number:
            return
        self._pages[message.page] = message.rows
        if message.page == 0 and len(self._pages) == 1:
            self.table.set_rows(message.total)
            self._note(None if message.total else self._nothing())
        else:
            self.table.refresh()
            self._show_detail()

    @on(RowTable.Wanted, "#learnwares")
    def _read_more(self, message: RowTable.Wanted) -> None:
        page = message.row // PAGE
        if page not in self._asked:
            self._asked.add(page)
            self.read_page(self._number, self._query, page)

    # Showing

    def _learnware(self, row: int) -> Learnware | None:
        rows = self._pages.get(row // PAGE, [])
        return rows[row % PAGE] if row % PAGE < len(rows) else None

    def _cells(self, row: int) -> list[Cell] | None:
        learnware = self._learnware(row)
        if learnware is None:
            return None
        semantic = learnware.semantic
        cells: list[Cell] = [
            learnware.id,
            (one_line(semantic.domain, 80), "dim"),
            (one_line(semantic.task, 80), "dim"),
            (one_line(learnware.model.base, 120) or "–", "dim"),
            (human_size(learnware.size), "dim"),
            specified(learnware),
        ]
        if self._query.known:
            cells.insert(1, ("here", "good") if learnware.pulled else ("on the Hub", "accent"))
        return cells

    def _note(self, content: Content | None) -> None:
        note = self.query_one("#note", Static)
        note.display = content is not None
        self.query_one("#body").display = content is None
        if content is not None:
            note.update(content)
        elif self.screen.focused is None and self.display:
            self.table.focus()

    def _nothing(self) -> Content:
        """What to do about an empty list."""
        if self._query.empty:
            return Content.assemble(
                ("No learnwares yet.\n\n", "bold"),
                "A learnware is a model and a specification of what it is good at.\n"
                "Add one from a folder on this machine (an adapter, a model, a GGUF file):\n\n",
                ("  lwtui add FOLDER", "$accent"),
                "\n\nThen press ",
                ("r", "bold $accent"),
                " to read the collection again. Or press ",
                ("s", "bold $accent"),
                " until Hub is marked,\nand ",
                ("p", "bold $accent"),
                " pulls a model from there.",
            )
        return Content.assemble(
            ("Nothing found.\n\n", "bold"),
            "The words are looked for in name, title, description, task and data.\n",
            ("escape", "bold $accent"),
            " empties the search; ",
            ("s", "bold $accent"),
            " looks on the Hub; ",
            ("m", "bold $accent"),
            " finds a learnware by your own data instead of by words.",
        )

    @on(RowTable.Moved, "#learnwares")
    def _show_detail(self) -> None:
        self.query_one(LearnwareDetail).show(self.learnware)
        self.screen.refresh_bindings()
