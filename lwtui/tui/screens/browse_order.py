"""What Browse does to its lists: filters and orders, here and on the Hub."""

from __future__ import annotations

from dataclasses import replace

from textual import on
from textual.widgets import Select

from lwtui.dock.record import HubQuery
from lwtui.tui.browse_messages import FilterWanted
from lwtui.tui.screens.browse_actions import BrowseActions
from lwtui.tui.services import Facets, Query
from lwtui.tui.text import one_line, plain
from lwtui.tui.widgets.collection_cells import SORTS, SORTS_WITH_KNOWN
from lwtui.tui.widgets.list_line import ListLine
from lwtui.tui.widgets.row_table import RowTable

ORDERS = ("trending", "downloads", "likes", "updated")
HUB_COLUMNS = {6: "downloads", 7: "likes", 8: "updated"}
"""The columns of the Hub's list that the Hub can order by."""


class BrowseOrder(BrowseActions):
    """The part of the browse screen that filters and orders."""

    def __init__(self) -> None:
        super().__init__()
        self.facets = Facets()

    # Orders

    def action_order(self) -> None:
        """Order by the next column."""
        if self.source == "hub":
            now = self.hub.query_now
            following = ORDERS[(ORDERS.index(now.sort) + 1) % len(ORDERS)]
            self.hub.look(replace(now, sort=following))  # type: ignore[arg-type]
            return
        query = self.pane.query_now
        sorts = SORTS_WITH_KNOWN if query.known else SORTS
        if query.sort in sorts or not query.text:
            column = query.sort if query.sort in sorts else "name"
            self.pane.sort(sorts[(sorts.index(column) + 1) % len(sorts)])
        else:
            self.pane.sort("name")

    def action_reverse(self) -> None:
        """Order the other way round."""
        if self.source == "hub":
            self.lwtui.tell_user("The Hub's own orders go one way only: the most or newest first.")
            return
        now = self.pane.query_now
        self.pane.sort(now.sort or "name", not now.descending)

    @on(RowTable.HeaderPressed)
    def _header_pressed(self, message: RowTable.HeaderPressed) -> None:
        if message.table is self.hub.table:
            order = HUB_COLUMNS.get(message.column)
            if order is None:
                self.lwtui.tell_user("The Hub orders by trend, downloads, likes or date only.")
            else:
                self.hub.look(replace(self.hub.query_now, sort=order))  # type: ignore[arg-type]
            return
        sorts = SORTS_WITH_KNOWN if self.pane.query_now.known else SORTS
        self.pane.sort(sorts[message.column])

    # Filters

    @on(ListLine.Pressed)
    def _line_pressed(self) -> None:
        self.action_filter()

    def action_filter(self) -> None:
        self._ask(
            "This machine could not be looked at",
            lambda: FilterWanted(self.services.free_memory()),
        )

    def on_filter_wanted(self, message: FilterWanted) -> None:
        if self.app.screen is not self:
            return
        if self.source == "hub":
            from lwtui.tui.screens.hub_filter import HubFilterScreen

            def look(query: HubQuery | None) -> None:
                if query is not None and query != self.hub.query_now:
                    self.hub.look(query)

            self.app.push_screen(HubFilterScreen(self.hub.query_now, message.memory), look)
            return
        from lwtui.tui.screens.local_filter import LocalFilterScreen

        def narrow(query: Query | None) -> None:
            if query is not None:
                self.show_chosen(query)
                self.pane.narrow(query)

        filter_screen = LocalFilterScreen(self.pane.query_now, self.facets, message.memory)
        self.app.push_screen(filter_screen, narrow)

    # The two filters that are always in sight

    def chosen(self, name: str) -> str:
        select = next(iter(self.query(f"#browse-bar > #{name}").results(Select)), None)
        return select.value if select is not None and isinstance(select.value, str) else ""

    def show_chosen(self, query: Query) -> None:
        """Let the selects in the bar say what the query does."""
        for name, value in (("domain", query.domain), ("base", query.base)):
            for select in self.query(f"#browse-bar > #{name}").results(Select):
                with self.prevent(Select.Changed):
                    select.value = value or Select.NULL

    async def offer(self, facets: Facets) -> None:
        """There are these values to filter by."""
        self.facets = facets
        bar = self.query_one("#browse-bar")
        for name, values in (("domain", facets.domains), ("base", facets.bases)):
            options = [(plain(one_line(value)), value) for value in values]
            select = next(iter(self.query(f"#{name}").results(Select)), None)
            if select is None:
                await bar.mount(Select(options, prompt=name, id=name, compact=True))
            else:
                kept = select.value
                with self.prevent(Select.Changed):
                    select.set_options(options)
                    if kept in values:
                        select.value = kept
