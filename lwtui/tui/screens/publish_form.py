"""Publish a learnware: where to, then exactly what would leave this machine, then a yes."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Checkbox, Input, Static

from lwtui.errors import Cancelled
from lwtui.learnware.model import Learnware
from lwtui.tui import hub_messages as told
from lwtui.tui.hub_services import PublishRequest, PublishView
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import clean, human_size, one_line
from lwtui.tui.widgets.line_input import LineInput
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

COLUMNS = (
    Column("file", 36, flex=1),
    Column("bytes", 14, right=True),
    Column("there", 8),
    Column("SHA-256", 12, rank=1),
)


class PublishScreen(Dialogue[PublishView | None]):
    """Dismissed with the view that was confirmed, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back", priority=True),
        Binding("ctrl+s", "next", "Next", priority=True),
        Binding("y", "publish", "Publish"),
    ]

    def __init__(self, learnware: Learnware) -> None:
        super().__init__(f"Publish {learnware.id}")
        self._learnware = learnware
        self._view: PublishView | None = None
        self._planning = False

    def compose_body(self) -> ComposeResult:
        with Vertical(id="publish-form", classes="text"):
            yield Static("Repository on the Hub. It is made if it is not there.", classes="muted")
            yield LineInput(placeholder="your-name/model-name", id="publish-to", compact=True)
            adapter = self._learnware.model.kind == "adapter"
            base = f"its base's repository, if not {one_line(self._learnware.model.base, 60)}"
            if adapter:
                yield LineInput(placeholder=base, id="publish-base", compact=True)
            yield Checkbox("private: only you see it", id="publish-private", compact=True)
            if not adapter:
                text = "for adapters to build on: without a specification"
                yield Checkbox(text, id="publish-as-base", compact=True)
        with Vertical(id="publish-list", classes="text"):
            yield Static(id="publish-sum", markup=False)
            yield RowTable(COLUMNS, self._cells)
        yield Static(id="publish-said", classes="text warning", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("What would be sent  (ctrl+s)", id="next", variant="primary", compact=True)
            yield Button("Close  (escape)", id="close", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        for name in ("#publish-form", "#publish-list"):
            self.query_one(name).styles.height = "auto"
        self.query_one("#publish-to").focus()

    # The form

    def action_next(self) -> None:
        if self._view is not None or self._planning:
            return
        to = self.query_one("#publish-to", Input).value.strip()
        if not to:
            self._say("Name the repository first: owner/name.")
            return
        request = PublishRequest(
            self._learnware.id,
            to,
            self.query_one("#publish-private", Checkbox).value,
            "".join(field.value.strip() for field in self.query("#publish-base").results(Input)),
            any(box.value for box in self.query("#publish-as-base").results(Checkbox)),
        )
        self._planning = True
        self._say("making the list; nothing is sent yet…")
        self.ask(
            lambda context: told.PublishPlanned(self.services.plan_publish(request, context)),
            lambda error: told.PublishPlanned(None, error),
        )

    def on_publish_planned(self, message: told.PublishPlanned) -> None:
        self._planning = False
        if message.view is None:
            if not isinstance(message.error, Cancelled):
                self._say(str(message.error))
            return
        self._view = view = message.view
        who = "only you see it" if view.private else "everyone sees it"
        if view.user:
            there = "made new" if view.new else "there already"
            who = f"{there}, as {one_line(view.user, 60)}; {who}"
        count = len(view.files)
        self.query_one("#publish-sum", Static).update(
            Content.assemble(
                "Exactly this would be sent to ",
                (one_line(view.to, 140), "bold"),
                f" ({who}): {count} file{'s' * (count != 1)}, ",
                (human_size(view.to_send), "bold $accent"),
            )
        )
        self._go(listing=True)
        self.query_one(RowTable).set_rows(count)
        self._say("\n".join(one_line(warning, 300) for warning in view.warnings))

    def _go(self, listing: bool) -> None:
        self.query_one("#publish-form").display = not listing
        self.query_one("#publish-list").display = listing
        button = self.query_one("#next", Button)
        button.label = "Publish  (y)" if listing else "What would be sent  (ctrl+s)"
        self.query_one("#close", Button).label = "Back  (escape)" if listing else "Close  (escape)"
        (self.query_one(RowTable) if listing else self.query_one("#publish-to")).focus()

    def _say(self, text: str) -> None:
        self.query_one("#publish-said", Static).update(Content(clean(text)[:1_200]))

    # The list

    def _cells(self, row: int) -> list[Cell] | None:
        if self._view is None:
            return None
        file = self._view.files[row]
        return [
            one_line(file.path, 160),
            f"{file.size:,}",
            (one_line(file.status, 12), "dim" if file.status == "same" else "accent"),
            (one_line(file.sha256, 64)[:12], "dim"),
        ]

    def action_publish(self) -> None:
        if self._view is not None:
            self.dismiss(self._view)

    def action_back(self) -> None:
        if self._view is None:
            self.dismiss(None)
            return
        self._view = None
        self._say("")
        self._go(listing=False)

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_next()

    @on(Button.Pressed, "#next")
    def _pressed(self) -> None:
        if self._view is None:
            self.action_next()
        else:
            self.action_publish()

    @on(Button.Pressed, "#close")
    def _close_pressed(self) -> None:
        self.action_back()
