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
from lwtui.match.result import Match, MatchResult, Verification, percent
from lwtui.tui.text import bar, human_size, human_time, one_line
from lwtui.tui.widgets.detail import LearnwareDetail
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
)
GAIN = Column("gain", BAR + 7)
"""In the place of the score where learnwares were measured on the space's anchors."""
NAME = Column("learnware", 28, flex=3)
"""Names of the Hub are long."""
BUILT_IN = "starter/"
ON_HUB = Column("where", 20, right=True, rank=1)
"""In the place of the size where some learnwares are only on the Hub."""
LOSS = Column("loss", 5, right=True, rank=1)
"""What a verification has measured, in nats/token."""
FULL_GAIN = 1.0
"""Nats/token that fill the bar."""
LEFT_OUT = 3
"""How many learnwares that were not run are named."""
PROBLEMS = 2
"""How many of the skipped rows are named."""
STYLES = {"clear": "$text-success", "close call": "$text-warning", "none": "$text-warning"}
MEANINGS = {
    "clear": "other rows would hardly turn it",
    "close call": "other rows may turn it: v settles it",
}
MEASURED_MEANINGS = {
    "clear": "the lowest loss of all that were run",
    "close call": "your rows cannot tell the best apart",
}


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
        self._one_owner = False

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

    def show(self, result: MatchResult) -> None:
        self.result = result
        # Eight cells of "starter/" before every name tell nothing; the detail has the whole id.
        self._one_owner = len({match.learnware.owner for match in result.matches}) == 1
        self.query_one("#match-head", Static).update(summary(result))
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
        self.query_one("#match-head", Static).update(summary(self.result))
        table = self.query_one(RowTable)
        table.set_columns(columns_of(self.result))
        table.set_rows(len(self.result.matches), table.cursor)

    def _cells(self, row: int) -> list[Cell] | None:
        if self.result is None:
            return None
        match = self.result.matches[row]
        best = "accent" if row == 0 and not self.result.abstained else ""
        measured = [] if self.result.verification is None else [_loss(match, self.result)]
        return [
            (str(row + 1), "dim"),
            (self._named(match), "strong" if row == 0 else ""),
            (_value(match), best),
            (f"{bar(match.similarity, BAR)} {match.similarity:+.3f}", best or "dim"),
            *measured,
            (one_line(match.learnware.semantic.domain, 40), "dim"),
            where(match),
            (one_line(match.learnware.semantic.licence, 40), "dim"),
        ]

    def _named(self, match: Match) -> str:
        # Beside those of the Hub, names without an owner are those that came with lwtui.
        return match.learnware.name if self._one_owner else match.id.removeprefix(BUILT_IN)

    @on(RowTable.Moved)
    def _moved(self, event: RowTable.Moved) -> None:
        event.stop()
        self.screen.refresh_bindings()
        match = self.match
        detail = self.query_one(LearnwareDetail)
        if match is None or self.result is None:
            detail.show(None)
        else:
            lead = why(match, self.result)
            if not match.learnware.pulled:
                text = f"on the Hub · {to_fetch(match)} to fetch: p pulls it\n"
                lead = Content.assemble((text, "$accent"), lead)
            detail.show(match.learnware, lead)


def where(match: Match) -> Cell:
    """Its size; of one that is not here what is to be fetched, with its base."""
    if match.learnware.pulled:
        return (human_size(match.learnware.size), "dim")
    return (f"on the Hub · {to_fetch(match)}", "accent")


def to_fetch(match: Match) -> str:
    return human_size(match.cost or match.learnware.size)


def banner(result: MatchResult) -> str:
    """What to do when nothing fits."""
    return result.advice + (" (b chats with it)" if result.base is not None else "")


def summary(result: MatchResult) -> Content:
    """Two or three lines over the list: the winner, how sure, what was left out, what was run."""
    first = [(one_line(result.dataset, 80), "bold $accent"), ("  →  ", "$foreground-muted")]
    first.append((result.selected or "no learnware fits", "bold"))
    lines = [Content.assemble(*first)]
    lines.append(_sureness(result))
    facts = [f"{result.rows:,} rows", f"recipe {result.recipe}", f"space {result.space}"]
    if result.skipped:
        facts.append(f"{result.skipped:,} learnwares left out (no such specification, or filtered)")
    lines.append(Content.styled(" · ".join(facts), "$foreground-muted"))
    if result.rows_skipped:
        named = "; ".join(one_line(problem, 120) for problem in result.problems[:PROBLEMS])
        text = f"{result.rows_skipped:,} rows of your data skipped"
        lines.append(Content.styled(f"{text}: {named}" if named else text, "$text-warning"))
    if result.verification is not None:
        done = result.verification
        some = "the clear winner" if done.winner_only else f"{done.learnwares} learnwares"
        text = f"verified: {some} on {done.rows} held-back rows"
        if done.base_loss is not None:
            text += f", the bare base loses {done.base_loss:.2f} nats/token"
        lines.append(Content.styled(f"{text}, {human_time(done.seconds)}", "$text-success"))
        if done.left_out or done.not_here:
            lines.append(Content.styled(_not_run(done), "$text-warning"))
    if result.to_fetch is not None:
        lines.append(_first_away(result))
    return Content("\n").join(lines)


def _first_away(result: MatchResult) -> Content:
    """The winner has to be fetched: how, and what can be used until then."""
    here = f"; until then {result.runnable} is the best here" if result.runnable else ""
    return Content.styled(f"the best is on the Hub: p pulls it{one_line(here, 140)}", "$accent")


def _not_run(done: Verification) -> str:
    """Which of the best a verification did not run, and why."""
    parts = []
    for ids, why in ((done.not_here, "not here, p pulls one"), (done.left_out, "cannot run here")):
        names = ", ".join(one_line(each, 100) for each in ids[:LEFT_OUT])
        if len(ids) > LEFT_OUT:
            names += f" and {len(ids) - LEFT_OUT} more"
        if ids:
            parts.append(f"{names} ({why})")
    return f"not run: {'; '.join(parts)}"


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


def _sureness(result: MatchResult) -> Content:
    """How sure, what that means, and what would settle it."""
    word = "nothing to choose from" if result.confidence == "none" else result.confidence
    sure = [("confidence: ", "$foreground-muted")]
    sure.append((one_line(word), f"bold {STYLES.get(result.confidence, '$foreground-muted')}"))
    if result.probability is not None:
        sure.append((f", {percent(result.probability)} sure", ""))
    meanings = MEANINGS if result.verification is None else MEASURED_MEANINGS
    meaning = meanings.get(result.confidence, "")
    if result.abstained and result.verification is None:
        meaning = "v measures it on your rows"
    if meaning:
        sure.append((f"  {meaning}", "$foreground-muted"))
    return Content.assemble(*sure)


def why(match: Match, result: MatchResult) -> Content:
    """Why this one: the gain to expect, its similarity with parts and interval, and what was
    measured."""
    parts = "  ".join(f"{one_line(name)} {value:+.3f}" for name, value in match.parts.items())
    facts = []
    if match.expected_gain is not None:
        how = " by its similarity" if match.assumed else ""
        text = f" nats/token under its base, expected{how}"
        facts.append(("gain", f"{match.expected_gain:+.2f}", text))
    facts.append(("similarity", f"{match.similarity:+.3f}", f"  ({parts})" if parts else ""))
    if match.interval is not None:
        low, high = match.interval
        facts.append(("90 % in", "", f"{low:+.3f} … {high:+.3f}"))
    facts.append(("score", f"{match.score:.2f}", ""))
    if match.measured_loss is not None:
        text = f" nats/token, {match.measured_rows} rows"
        facts.append(("measured", f"{match.measured_loss:.2f}", text))
        base = result.verification.base_loss if result.verification else None
        if base is not None:
            facts.append(("bare base", f"{base:.2f}", " nats/token"))
    return Content("\n").join(
        Content.assemble(
            (f"{name:<11}", "$foreground-muted"), (value, "bold"), (text, "$foreground-muted")
        )
        for name, value, text in facts
    )
