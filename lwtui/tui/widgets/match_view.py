"""A ranked list with bars, and why the learnware under the cursor matches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Static

from lwtui.learnware.model import Learnware
from lwtui.match.compare import Comparison
from lwtui.match.result import Match, MatchResult
from lwtui.tui.text import bar, human_size, one_line
from lwtui.tui.widgets.detail import LearnwareDetail
from lwtui.tui.widgets.match_text import banner, summary, to_fetch, why
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

BAR = 6
COLUMNS = (
    Column("", 2, right=True),
    Column("learnware", 22, flex=3),
    Column("score", BAR + 5),
    Column("similarity", BAR + 7, rank=2),
    Column("domain", 11, flex=1, rank=3),
    Column("size", 7, right=True, rank=4),
    Column("licence", 10, flex=1, rank=5),
    Column("fits", 4, rank=6),
)
GAIN = Column("gain", BAR + 7)
"""In the place of the score where learnwares were measured on the space's anchors."""
NAME = Column("learnware", 24, flex=3)
"""Names of the Hub are long."""
BUILT_IN = "starter/"
ON_HUB = Column("size", 11, right=True, rank=1)
"""Of those that are only on the Hub what there is to fetch."""
LOSS = Column("loss", 5, right=True, rank=1)
"""What a verification has measured, in nats/token."""
FITS: dict[bool | None, Cell] = {True: ("yes", "dim"), False: ("no", "bad"), None: ("?", "dim")}
"""Does it go into this machine's memory."""
FULL_GAIN = 1.0
"""Nats/token that fill the bar."""


class MatchView(Vertical):
    """Shows a :class:`MatchResult`; the best match is under the cursor at first."""

    DEFAULT_CSS = """
    MatchView {
        & > #match-far {
            display: none; height: auto; padding: 0 1;
            background: $warning-muted; color: $text-warning; text-style: bold;
        }
        & > #match-head { height: auto; padding: 0 1; margin-bottom: 1; }
        & > Horizontal { height: 1fr; }
        & RowTable { width: 2fr; }
        & LearnwareDetail { width: 1fr; max-width: 60; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.result: MatchResult | None = None
        self.since: Comparison | None = None
        """What has changed since a saved requirement was matched before."""
        self._one_owner = False
        self._new: set[str] = set()
        self._painted: dict[int, list[Cell]] = {}
        """Cells of rows that were asked for; a row is painted again with every move."""
        self._told: Match | None = None
        """What the details show."""

    def compose(self) -> ComposeResult:
        yield Static(id="match-far", markup=False)
        yield Static(id="match-head", markup=False)
        with Horizontal():
            yield RowTable(COLUMNS, self._cells, id="matches")
            yield LearnwareDetail(id="match-detail")

    @property
    def match(self) -> Match | None:
        """The match under the cursor."""
        if self.result is None or not self.result.matches:
            return None
        return self.result.matches[self.query_one(RowTable).cursor]

    def show(self, result: MatchResult, since: Comparison | None = None) -> None:
        self.result = result
        self.since = since
        self._painted.clear()
        self._new = {line.id for line in since.new} if since is not None else set()
        # Eight cells of "starter/" before every name tell nothing; the detail has the whole id.
        self._one_owner = len({match.learnware.owner for match in result.matches}) == 1
        self.query_one("#match-head", Static).update(summary(result, since))
        far = self.query_one("#match-far", Static)
        far.update(Content(one_line(banner(result), 400)))
        far.display = result.abstained
        table = self.query_one(RowTable)
        table.set_columns(columns_of(result))
        table.set_rows(len(result.matches))
        self.query_one(Horizontal).display = bool(result.matches)

    def arrived(self, learnwares: Mapping[str, Learnware]) -> None:
        """These are on this machine now."""
        if self.result is None:
            return
        self.result = replace(
            self.result,
            matches=tuple(
                replace(match, learnware=learnwares[match.id], cost=0)
                if match.id in learnwares and learnwares[match.id].pulled
                else match
                for match in self.result.matches
            ),
        )
        self._painted.clear()
        self.query_one("#match-head", Static).update(summary(self.result, self.since))
        table = self.query_one(RowTable)
        table.set_columns(columns_of(self.result))
        table.set_rows(len(self.result.matches), table.cursor)

    def _cells(self, row: int) -> list[Cell] | None:
        if self.result is None:
            return None
        if row not in self._painted:
            self._painted[row] = self._made(row, self.result)
        return self._painted[row]

    def _made(self, row: int, result: MatchResult) -> list[Cell]:
        match = result.matches[row]
        best = "accent" if row == 0 and not result.abstained else ""
        measured = [] if result.verification is None else [_loss(match, result)]
        return [
            (str(row + 1), "dim"),
            (self._named(match), "strong" if row == 0 else ""),
            (_value(match), best),
            (f"{bar(match.similarity, BAR)} {match.similarity:+.3f}", best or "dim"),
            *measured,
            (one_line(match.learnware.semantic.domain, 40), "dim"),
            where(match),
            (one_line(match.learnware.semantic.licence, 40), "dim"),
            FITS[match.fits],
        ]

    def _named(self, match: Match) -> str:
        # Beside those of the Hub, names without an owner are those that came with lwtui.
        name = match.learnware.name if self._one_owner else match.id.removeprefix(BUILT_IN)
        return f"{name}  new" if match.id in self._new else name

    @on(RowTable.Moved)
    def _moved(self, event: RowTable.Moved) -> None:
        event.stop()
        self.screen.refresh_bindings()
        # The rows are painted first: the details take longer.
        self.call_after_refresh(self._show_detail)

    def _show_detail(self) -> None:
        match = self.match
        if match is self._told and match is not None:
            return
        self._told = match
        detail = self.query_one(LearnwareDetail)
        if match is None or self.result is None:
            detail.show(None)
            return
        lead = why(match, self.result)
        if not match.learnware.pulled:
            text = f"on the Hub · {to_fetch(match)} to fetch: p pulls it\n"
            lead = Content.assemble((text, "$accent"), lead)
        detail.show(match.learnware, lead)


def where(match: Match) -> Cell:
    """Its size; of one that is not here what is to be fetched, with its base."""
    if match.learnware.pulled:
        return (human_size(match.learnware.size), "dim")
    return (f"Hub {to_fetch(match)}", "accent")


def columns_of(result: MatchResult) -> tuple[Column, ...]:
    """Gains where there are any, and losses where they were measured."""
    gains = any(match.expected_gain is not None for match in result.matches)
    value = GAIN if gains else COLUMNS[2]
    measured = () if result.verification is None else (LOSS,)
    away = any(not match.learnware.pulled for match in result.matches)
    name, size = (NAME, ON_HUB) if away else (COLUMNS[1], COLUMNS[5])
    return (COLUMNS[0], name, value, COLUMNS[3], *measured, COLUMNS[4], size, *COLUMNS[6:])


def _value(match: Match) -> str:
    gain = match.expected_gain
    if gain is None:
        return f"{bar(match.score, BAR)} {match.score:.2f}"
    about = "~" if match.assumed else ""
    return f"{bar(max(0.0, min(1.0, gain / FULL_GAIN)), BAR)} {about}{gain:+.2f}"


def _loss(match: Match, result: MatchResult) -> Cell:
    """Its measured loss; pale when it fell behind on the first rows and was not run on all."""
    if match.measured_loss is None:
        return ("–", "dim")
    check = result.verification
    whole = check is None or match.measured_rows >= check.rows
    return (f"{match.measured_loss:.2f}", "" if whole else "dim")
