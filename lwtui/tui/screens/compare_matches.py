"""Two matches side by side: which to compare with, then what rose, fell, came and went."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Button, Static

from lwtui.match.compare import Comparison, compare
from lwtui.match.ranking import Ranking
from lwtui.match.result import percent
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import bar, one_line
from lwtui.tui.widgets.match_view import BUILT_IN
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

PICK = (
    Column("match", 18, flex=1),
    Column("when", 16),
    Column("recommended", 20, flex=1, rank=1),
    Column("", 10, rank=2),
)
LINES = (
    Column("now", 4, right=True),
    Column("then", 4, right=True),
    Column("learnware", 20, flex=1),
    Column("similarity", 14, rank=1),
    Column("change", 7, right=True),
    Column("", 7),
)
BAR = 7
NOBODY = Content(
    "There is no other match to compare with.\n\n"
    "Match another folder, or this one with other fields or rows; or save the requirement with w "
    "and match it again when the collection has grown."
)


class CompareMatchesScreen(Dialogue[None]):
    """``others``: a name and what was found, for each match to choose from. Which of two is the
    earlier is told by their times."""

    CSS_PATH = ["dialogue.tcss", "compare_matches.tcss"]  # type: ignore[assignment]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("q", "dismiss(None)", "Close", show=False),
    ]

    def __init__(
        self, current: Ranking, others: list[tuple[str, Ranking]], since: Comparison | None = None
    ) -> None:
        super().__init__(f"Matches of {current.dataset}")
        self._current = current
        self._others = others
        self._shown = since

    def compose_body(self) -> ComposeResult:
        yield Static(id="compare-head", classes="text", markup=False)
        yield RowTable(PICK, self._cells, id="compare-rows")
        with Horizontal(classes="buttons"):
            yield Button("Back  (escape)", id="compare-back", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self._show()

    def _show(self) -> None:
        head = self.query_one("#compare-head", Static)
        table = self.query_one(RowTable)
        count = len(self._others) if self._shown is None else len(self._shown.lines)
        if self._shown is not None:
            head.update(heading(self._shown))
        else:
            told = _title("this", self._current)
            head.update(Content("\n").join([told, Content("compare it with:")]))
            if not count:
                head.update(NOBODY)
        table.display = bool(count)
        table.set_columns(PICK if self._shown is None else LINES)
        table.set_rows(count)
        table.focus()

    def _cells(self, row: int) -> list[Cell] | None:
        if self._shown is not None:
            return _line(self._shown, row)
        name, ranking = self._others[row]
        return [
            one_line(name, 80),
            (one_line(ranking.when, 40)[:16].replace("T", " "), "dim"),
            _named(ranking.selected) or "nothing fits",
            (one_line(ranking.confidence, 20), "dim"),
        ]

    @on(RowTable.Chosen)
    def _chosen(self, event: RowTable.Chosen) -> None:
        event.stop()
        if self._shown is None:
            other = self._others[event.row][1]
            pair = sorted((other, self._current), key=lambda each: each.when)
            self._shown = compare(pair[0], pair[1])
            self._show()

    def action_back(self) -> None:
        if self._shown is None or not self._others:
            self.dismiss(None)
            return
        self._shown = None
        self._show()

    @on(Button.Pressed)
    def _pressed(self) -> None:
        self.action_back()


def heading(found: Comparison) -> Content:
    """Both matches, what is new and gone, and what makes them hard to compare."""
    lines = [_title("then", found.before), _title("now ", found.after)]
    counts = [f"{len(found.new)} new", f"{len(found.gone)} gone"]
    same = "the same is recommended" if found.same_winner else "another is recommended now"
    lines.append(
        Content.assemble(
            (" · ".join(counts), "bold"),
            (f" · {same}", "$foreground-muted" if found.same_winner else "$text-warning"),
        )
    )
    lines += [Content.styled(one_line(note, 300), "$text-warning") for note in found.notes]
    return Content("\n").join(lines)


def _title(word: str, ranking: Ranking) -> Content:
    sure = "" if ranking.probability is None else f", {percent(ranking.probability)} sure"
    when = one_line(ranking.when, 40)[:16].replace("T", " ")
    return Content.assemble(
        (f"{word}  {when:<16}  ", "$foreground-muted"),
        (_named(ranking.selected) or "nothing fits", "bold"),
        (f"  {one_line(ranking.confidence, 20)}{sure}", "$foreground-muted"),
    )


def _line(found: Comparison, row: int) -> list[Cell]:
    line = found.lines[row]
    look = {"new": "good", "gone": "bad"}.get(line.word, "")
    moved = look or ("good" if line.climbed > 0 else "bad" if line.climbed < 0 else "dim")
    arrow = "▲" if line.climbed > 0 else "▼" if line.climbed < 0 else ""
    word = f"{arrow} {abs(line.climbed)}" if arrow else "" if line.word == "same" else line.word
    return [
        str(line.after or "–"),
        (str(line.before or "–"), "dim"),
        (_named(line.id), look),
        (f"{bar(line.similarity, BAR)} {line.similarity:+.3f}", "dim"),
        ("" if line.change is None else f"{line.change:+.3f}", "dim"),
        (word, moved),
    ]


def _named(learnware_id: str) -> str:
    """As the list of matches names it: what came with lwtui without its owner."""
    return one_line(learnware_id, 200).removeprefix(BUILT_IN)
