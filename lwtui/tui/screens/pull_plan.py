"""What a pull would do, before it does it."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from lwtui.dock.record import PullPlan
from lwtui.errors import Cancelled
from lwtui.tui import hub_messages as told
from lwtui.tui.hub_services import PullOffer
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import human_size, one_line, plain
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

FILES = 200
"""Files that are named."""
CHOICES = (
    Column("quantisation", 16, flex=1),
    Column("size", 8, right=True),
    Column("in free memory", 14),
    Column("", 8),
)


class PullPlanScreen(Dialogue[PullPlan | None]):
    """Dismissed with the plan that is to be carried out, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Not now"),
        Binding("enter", "pull", "Pull", priority=True),
    ]

    def __init__(self, repo: str, revision: str = "") -> None:
        super().__init__(f"Pull {repo}")
        self._repo, self._revision = repo, revision
        self._number = 0
        self._offer: PullOffer | None = None
        self._wanted = ""
        """Quantisation that was chosen; empty: the advised one."""

    def compose_body(self) -> ComposeResult:
        yield Static("asking the Hub…", id="plan-sum", classes="text", markup=False)
        yield RowTable(CHOICES, self._cells, id="plan-choices")
        with VerticalScroll(id="plan-scroll"):
            yield Static(id="plan-files", classes="muted", markup=False)
        yield Static(id="plan-notes", classes="warning", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Pull  (enter)", id="pull", variant="primary", compact=True, disabled=True)
            yield Button("Not now  (escape)", id="close", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one(RowTable).display = False
        # What changes before the first layout would keep the size it had then.
        self.call_after_refresh(self._plan)

    def _plan(self) -> None:
        self._number += 1
        number, revision, wanted = self._number, self._revision, self._wanted
        self.query_one("#pull", Button).disabled = True
        self.ask(
            lambda context: told.PullPlanned(
                number, self.services.plan_pull(self._repo, revision, wanted, context)
            ),
            lambda error: told.PullPlanned(number, None, error),
        )

    def on_pull_planned(self, message: told.PullPlanned) -> None:
        if message.number != self._number or isinstance(message.error, Cancelled):
            return
        self._offer = message.offer
        if message.offer is None:
            self.query_one("#plan-sum", Static).update(plain(str(message.error)))
            self.query_one("#plan-sum").add_class("warning")
            self.query_one("#plan-scroll").display = False
            self.query_one("#close").focus()
            return
        self._show(message.offer)

    def _show(self, offer: PullOffer) -> None:
        plan, table = offer.plan, self.query_one(RowTable)
        self.query_one("#plan-sum", Static).update(summary(plan))
        names = [choice.name for choice in offer.choices]
        if not table.display and len(names) > 1:
            table.display = True
            table.set_rows(len(names), names.index(plan.quantisation) if plan.quantisation in names
                           else 0)  # fmt: skip
            table.focus()
        self.query_one("#plan-files", Static).update(files(plan))
        notes = "\n".join(one_line(note, 400) for note in plan.notes)
        self.query_one("#plan-notes", Static).update(Content(notes))
        enough = plan.missing <= plan.free or not plan.free
        self.query_one("#pull", Button).disabled = not enough
        if not table.display:
            self.query_one("#pull" if enough else "#close").focus()

    def _cells(self, row: int) -> list[Cell] | None:
        if self._offer is None:
            return None
        choice = self._offer.choices[row]
        return [
            one_line(choice.name, 80),
            (human_size(choice.size), "dim"),
            ("fits", "good") if choice.fits else ("too large", "bad"),
            ("advised", "accent") if choice.advised else "",
        ]

    @on(RowTable.Moved, "#plan-choices")
    def _chose(self, message: RowTable.Moved) -> None:
        if self._offer is None or not self._offer.choices:
            return
        name = self._offer.choices[message.row].name
        if name != (self._wanted or self._offer.plan.quantisation):
            self._wanted = name
            self._plan()

    def action_pull(self) -> None:
        if isinstance(self.focused, Button) and self.focused.id == "close":
            self.dismiss(None)
        elif self._offer is not None and not self.query_one("#pull", Button).disabled:
            plan = self._offer.plan
            self.dismiss(replace(plan, quantisation=self._wanted or plan.quantisation))

    @on(RowTable.Chosen)
    @on(Button.Pressed, "#pull")
    def _pressed(self) -> None:
        self.action_pull()

    @on(Button.Pressed, "#close")
    def _close_pressed(self) -> None:
        self.dismiss(None)


def summary(plan: PullPlan) -> Content:
    """How much, how much of it is here, how much room there is, what comes along."""
    missing, size = plan.missing, plan.size
    if not missing:
        much = Content.assemble(("Everything is here already", "bold"), f": {human_size(size)}")
    else:
        much = Content.assemble(
            (human_size(missing), "bold $accent"),
            f" to fetch: {len(plan.files)} file{'s' * (len(plan.files) != 1)}",
        )
        if missing < size:
            much += Content(f", {human_size(size - missing)} of {human_size(size)} are here")
    lines = [much]
    if plan.free:
        short = missing - plan.free
        if short > 0:
            text = f"Only {human_size(plan.free)} are free on the disk: {human_size(short)} missing"
            lines.append(Content.styled(text, "bold $text-error"))
        else:
            text = f"{human_size(plan.free)} free on the disk"
            lines.append(Content.styled(text, "$foreground-muted"))
    if plan.base:
        size = sum(file.size for file in plan.files if file.repo == plan.base)
        much = Content.assemble("its base comes along: ", (one_line(plan.base, 120), "bold"))
        lines.append(much + Content(f", {human_size(size)}" if size else ""))
    revision = f"revision {one_line(plan.revision, 40)[:12]}, pinned; each file is verified"
    lines.append(Content.styled(revision, "$foreground-muted"))
    return Content("\n").join(lines)


def files(plan: PullPlan) -> Content:
    lines = []
    for file in plan.files[:FILES]:
        other = f"{one_line(file.repo, 100)}: " if file.repo != plan.repo else ""
        part = f", {human_size(file.have)} here" if file.have else ""
        done = " ✓" if file.have >= file.size else part
        lines.append(Content(f"{other}{one_line(file.path, 160)}  {human_size(file.size)}{done}"))
    if len(plan.files) > FILES:
        lines.append(Content(f"… and {len(plan.files) - FILES:,} more"))
    return Content("\n").join(lines)
