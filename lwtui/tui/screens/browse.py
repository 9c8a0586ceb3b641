"""Browse: the collection and the Hub as lists that narrow while one types."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input, Select

from lwtui.dock.record import HubQuery
from lwtui.tui import messages
from lwtui.tui.bindings import bindings_of
from lwtui.tui.evaluation_messages import OpenEvaluation
from lwtui.tui.evaluation_services import EvaluationRequest
from lwtui.tui.screens.browse_actions import BrowseActions
from lwtui.tui.services import Facets, Query
from lwtui.tui.text import one_line, plain
from lwtui.tui.widgets.collection_pane import CollectionPane
from lwtui.tui.widgets.hub_pane import HubLine, HubPane
from lwtui.tui.widgets.line_input import LineInput
from lwtui.tui.widgets.row_table import RowTable
from lwtui.tui.widgets.source_switch import SOURCES, Source, SourceSwitch

TYPING_PAUSE = 0.06
"""Seconds without a key before the collection is searched."""
HUB_TYPING_PAUSE = 0.2
"""The same for the Hub, which others use too."""


class BrowseScreen(BrowseActions):
    MODE = "browse"
    CSS_PATH = "browse.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("browse")
    AUTO_FOCUS = "RowTable"

    def __init__(self) -> None:
        super().__init__()
        self._pause: Timer | None = None

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="browse-bar"):
            yield SourceSwitch(id="source")
            yield LineInput(placeholder="search…  (/)", id="search", compact=True)
        yield CollectionPane(self.services, id="collection")
        yield HubPane(id="hub")

    def on_mount(self) -> None:
        self.query_one(HubPane).display = False
        # Nothing of the collection is read before the first frame is painted.
        self.call_after_refresh(self.pane.reload)
        self.watch(self.app, "collection_revision", self._collection_changed, init=False)

    # Sources

    @property
    def source(self) -> Source:
        return self.query_one(SourceSwitch).source

    @on(SourceSwitch.Wanted)
    def _switched(self, message: SourceSwitch.Wanted) -> None:
        self.show_source(message.source)

    def action_source(self) -> None:
        self.show_source(SOURCES[(SOURCES.index(self.source) + 1) % len(SOURCES)])

    def show_source(self, source: Source) -> None:
        """Show the list of this source, narrowed to what is typed."""
        self.query_one(SourceSwitch).source = source
        on_hub = source == "hub"
        focused = self.focused
        self.set_class(on_hub, "-hub")
        self.pane.display, self.hub.display = not on_hub, on_hub
        self._search()
        if not isinstance(focused, Input):
            (self.hub.table if on_hub else self.pane.table).focus()
        if on_hub:
            self.look_into_cache()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The footer shows what this source can do."""
        if action == "pull":
            away = self.source == "hub" or not self.target_is_here()
            return away and self.target() is not None
        return True

    # Reading

    def action_reload(self) -> None:
        if self.source == "hub":
            self.hub.look(self.hub.query_now, fresh=True)
        else:
            self.pane.reload()

    def _collection_changed(self) -> None:
        self.pane.read_collection()
        self.read_what_is_here([model.id for model in self.hub.models])

    async def on_collection_read(self, message: messages.CollectionRead) -> None:
        await self._offer(message.facts.facets)
        for problem in message.facts.problems[:3]:
            self.notify(one_line(problem), title="Skipped", severity="warning", markup=False)

    async def _offer(self, facets: Facets) -> None:
        bar = self.query_one("#browse-bar")
        for name, values in (("domain", facets.domains), ("base", facets.bases)):
            options = [(plain(one_line(value)), value) for value in values]
            found = self.query(f"#{name}").results(Select)
            select = next(iter(found), None)
            if select is None:
                await bar.mount(Select(options, prompt=name, id=name, compact=True))
            else:
                kept = select.value
                with self.prevent(Select.Changed):
                    select.set_options(options)
                    if kept in values:
                        select.value = kept

    # What the user does

    @on(Input.Changed, "#search")
    def _typed(self, event: Input.Changed) -> None:
        if self._pause is not None:
            self._pause.stop()
        pause = HUB_TYPING_PAUSE if self.source == "hub" else TYPING_PAUSE
        self._pause = self.set_timer(pause, self._search)

    def _search(self) -> None:
        text = self.query_one("#search", Input).value
        if self.source == "hub":
            query = replace(self.hub.query_now, text=text.strip())
            if query != self.hub.query_now or not self.hub.asked:
                self.hub.look(query)
            return

        def chosen(name: str) -> str:
            select = next(iter(self.query(f"#{name}").results(Select)), None)
            return select.value if select is not None and isinstance(select.value, str) else ""

        known = self.source == "known"
        self.pane.narrow(Query(text, chosen("domain"), chosen("base"), known))

    @on(Select.Changed)
    def _filtered(self) -> None:
        self._search()

    @on(Input.Submitted, "#search")
    def _to_list(self) -> None:
        self._search()
        (self.hub.table if self.source == "hub" else self.pane.table).focus()

    def action_search(self) -> None:
        self.query_one("#search", Input).focus()

    def action_clear(self) -> None:
        self.query_one("#search", Input).value = ""
        if self.source == "hub":
            self.hub.look(HubQuery(sort=self.hub.query_now.sort))
            self.hub.table.focus()
            return
        for select in self.query(Select):
            select.clear()
        self.pane.table.focus()

    @on(HubLine.Pressed)
    def _line_pressed(self) -> None:
        self.action_filter()

    def action_toggle_detail(self) -> None:
        # Narrow terminals hide the pane until asked, wide ones show it until asked not to.
        self.toggle_class("-detail-toggled")

    async def action_match(self) -> None:
        await self.lwtui.action_mode("match")

    def action_chat(self) -> None:
        self.on_learnware(lambda each: self.app.post_message(messages.OpenChat(each)))

    def action_evaluate(self) -> None:
        def evaluate_it(learnware_id: str) -> None:
            self.app.post_message(OpenEvaluation(EvaluationRequest(models=(learnware_id,))))

        self.on_learnware(lambda each: evaluate_it(each.id))

    @on(RowTable.Chosen)
    def _chosen(self) -> None:
        self.action_chat()
