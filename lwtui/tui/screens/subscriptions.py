"""Indexes that are subscribed to: lists of specifications, so that matching happens here."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Button, Input, Static

from lwtui.tui import hub_messages as told
from lwtui.tui.hub_services import SubscriptionView
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import one_line, plain
from lwtui.tui.widgets.hub_cells import day
from lwtui.tui.widgets.line_input import LineInput
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

COLUMNS = (
    Column("index", 28, flex=1),
    Column("learnwares", 10, right=True),
    Column("revision", 9),
    Column("read", 10),
)


class SubscriptionsScreen(Dialogue[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("r", "refresh", "Read anew"),
        Binding("x,delete", "remove", "Remove"),
    ]

    def __init__(self) -> None:
        super().__init__("Indexes")
        self._rows: list[SubscriptionView] = []

    def compose_body(self) -> ComposeResult:
        yield Static(
            "An index is a list of specifications that somebody publishes as a dataset on the Hub. "
            "It is read whole, and matching with it happens here: nobody learns what you look for.",
            classes="text muted",
        )
        yield LineInput(placeholder="owner/name of an index, enter subscribes", compact=True)
        yield RowTable(COLUMNS, self._cells)
        yield Static(id="index-said", classes="muted", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Read anew  (r)", id="refresh", compact=True)
            yield Button("Remove  (x)", id="remove", compact=True)
            yield Button("Close  (escape)", id="close", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self.call_after_refresh(self._read)

    def _read(self) -> None:
        self.ask(
            lambda context: told.SubscriptionsRead(self.services.subscriptions()),
            lambda error: told.SubscriptionsRead([], error),
        )

    def on_subscriptions_read(self, message: told.SubscriptionsRead) -> None:
        self._rows = message.subscriptions
        self.query_one(RowTable).set_rows(len(self._rows), self.query_one(RowTable).cursor)
        text = "" if self._rows else "None yet."
        if message.error is not None:
            text = str(message.error)
        self.query_one("#index-said", Static).update(plain(text))

    def _cells(self, row: int) -> list[Cell]:
        index = self._rows[row]
        return [
            one_line(index.repo, 140),
            f"{index.learnwares:,}",
            (one_line(index.revision, 40)[:8], "dim"),
            (day(index.updated), "dim"),
        ]

    @on(Input.Submitted)
    def _subscribe(self, event: Input.Submitted) -> None:
        repo = event.value.strip()
        if repo:
            self.lwtui.subscribe(repo)
            self.dismiss(None)

    def action_refresh(self) -> None:
        self.lwtui.refresh_indexes()
        self.dismiss(None)

    def action_remove(self) -> None:
        if not self._rows:
            return
        repo = self._rows[self.query_one(RowTable).cursor].repo

        def work(_: object) -> Message:
            self.services.unsubscribe(repo)
            return Unsubscribed()

        self.ask(work, lambda error: told.SubscriptionsRead(self._rows, error))

    def on_unsubscribed(self) -> None:
        self.lwtui.collection_changed()
        self._read()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "refresh":
            self.action_refresh()
        elif event.button.id == "remove":
            self.action_remove()
        else:
            self.dismiss(None)


class Unsubscribed(Message):
    """The index is gone."""
