"""Browse: the collection and the Hub as lists that narrow while one types."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.timer import Timer
from textual.widgets import Input, Select

from lwtui.dock.record import HubQuery
from lwtui.tui import messages
from lwtui.tui.background import in_thread
from lwtui.tui.bindings import bindings_of
from lwtui.tui.screens.browse_marks import BrowseMarks
from lwtui.tui.text import one_line
from lwtui.tui.widgets.collection_pane import CollectionPane
from lwtui.tui.widgets.detail import LearnwareDetail
from lwtui.tui.widgets.hub_detail import HubDetail
from lwtui.tui.widgets.hub_pane import HubPane
from lwtui.tui.widgets.line_input import LineInput
from lwtui.tui.widgets.row_table import RowTable
from lwtui.tui.widgets.source_switch import SOURCES, Source, SourceSwitch

TYPING_PAUSE = 0.06
"""Seconds without a key before the collection is searched."""
HUB_TYPING_PAUSE = 0.2
"""The same for the Hub, which others use too."""


class BrowseScreen(BrowseMarks):
    MODE = "browse"
    CSS_PATH = "browse.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("browse")
    AUTO_FOCUS = "RowTable"

    def __init__(self) -> None:
        super().__init__()
        self._pause: Timer | None = None
        self._offered: tuple[bool | None, ...] = ()

    def compose_body(self) -> ComposeResult:
        with Horizontal(id="browse-bar"):
            yield SourceSwitch(id="source")
            yield LineInput(placeholder="search…  (/)", id="search", compact=True)
        yield CollectionPane(self.services, id="collection")
        yield HubPane(id="hub")

    def on_mount(self) -> None:
        self.query_one(HubPane).display = False
        # Nothing of the collection is read before the first frame is painted.
        self.call_after_refresh(self._first_look)
        self.watch(self.app, "collection_revision", self._collection_changed, init=False)

    def _first_look(self) -> None:
        # The list as it was left is there at once; whether it is still so is looked at meanwhile.
        self.pane.ask_anew()
        self.pane.reload()

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
            if self.marks:
                return self.marked_away
            away = self.source == "hub" or not self.target_is_here()
            return away and self.target() is not None
        if action == "remove":
            return self.source != "hub" and self.target() is not None
        return True

    @on(RowTable.Moved)
    @on(CollectionPane.MarksChanged)
    def _offers_change(self) -> None:
        # Painting the footer anew takes longer than the step that a key makes.
        now = self.check_action("pull", ()), self.check_action("remove", ())
        if now != self._offered:
            self._offered = now
            self.refresh_bindings()

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
        await self.offer(message.facts.facets)
        for problem in message.facts.problems[:3]:
            self.notify(one_line(problem), title="Skipped", severity="warning", markup=False)

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
        domain, base = self.chosen("domain"), self.chosen("base")
        known, now = self.source == "known", self.pane.query_now
        self.pane.narrow(replace(now, text=text.strip(), domain=domain, base=base, known=known))

    @on(Select.Changed, "#browse-bar > Select")
    def _filtered(self) -> None:
        self._search()

    @on(Input.Submitted, "#search")
    def _to_list(self) -> None:
        self._search()
        (self.hub.table if self.source == "hub" else self.pane.table).focus()

    def action_search(self) -> None:
        self.query_one("#search", Input).focus()
        if self.source != "hub":
            query, services = self.pane.query_now, self.services
            in_thread(lambda: services.prepare_search(query), "prepare search")

    def action_clear(self) -> None:
        """Step by step: the marks first, then the search and the filters."""
        if self.marks and not isinstance(self.focused, Input):
            self.unmark()
            return
        self.query_one("#search", Input).value = ""
        if self.source == "hub":
            self.hub.look(HubQuery(sort=self.hub.query_now.sort))
            self.hub.table.focus()
            return
        query = replace(self.pane.query_now.unfiltered, sort="", descending=False)
        self.show_chosen(query)
        self.pane.narrow(query)
        self.pane.table.focus()

    def action_toggle_detail(self) -> None:
        # Narrow terminals hide the pane until asked, wide ones show it until asked not to.
        self.toggle_class("-detail-toggled")
        self.call_after_refresh(self.pane.show_detail)

    def on_resize(self) -> None:
        self.call_after_refresh(self.pane.show_detail)

    def action_into(self) -> None:
        """Go into the details, to scroll them by keys."""
        if self.has_class("-narrow") and not self.has_class("-detail-toggled"):
            self.action_toggle_detail()
        kind = HubDetail if self.source == "hub" else LearnwareDetail
        self.query_one(kind).focus()

    def action_back(self) -> None:
        """Go back from the details to the list."""
        if self.has_class("-narrow") and self.has_class("-detail-toggled"):
            self.action_toggle_detail()
        (self.hub.table if self.source == "hub" else self.pane.table).focus()

    async def on_paste(self, event: events.Paste) -> None:
        """A folder dropped on the list is data to match."""
        from lwtui.tui.dropped import dropped_paths

        if paths := dropped_paths(event.text):
            event.stop()
            self.app.post_message(messages.OpenData(paths))

    async def action_match(self) -> None:
        await self.lwtui.action_mode("match")

    def action_chat(self) -> None:
        self.on_learnware(lambda each: self.app.post_message(messages.OpenChat(each)))

    @on(RowTable.Chosen)
    def _chosen(self) -> None:
        self.action_chat()
