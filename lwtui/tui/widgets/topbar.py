"""The first line: menu and modes on the left, the state of the house on the right."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, cast

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.geometry import Offset
from textual.widget import Widget

from lwtui.tui.bindings import MODES, actions_of
from lwtui.tui.text import fit
from lwtui.tui.theme import chip

if TYPE_CHECKING:
    from lwtui.tui.app import LwtuiApp
    from lwtui.tui.screens.jump import Spot


class TopBar(Widget):
    """One line, always there. The menu, the tabs and the count of jobs are clickable."""

    DEFAULT_CSS = """
    TopBar { dock: top; height: 1; background: $surface; color: $foreground-muted; }
    """
    MENU = " ≡ "
    BRAND = "lwtui "
    NARROW = 60
    """Below so many cells the tabs are numbers, but for the one that is open."""

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode
        titles = {action.id: action.title for action in actions_of("app")}
        self._titles = [
            (mode, f" {number} {titles[f'app.{mode}']} ", f" {number} ")
            for number, mode in enumerate(MODES, 1)
        ]
        self._summary_at = 0
        """Where the state of the house begins."""

    def on_mount(self) -> None:
        self.watch(self.app, "house", self._house_changed, init=False)

    def _house_changed(self) -> None:
        self.refresh()

    @property
    def _tabs(self) -> list[tuple[str, str]]:
        wide = self.size.width >= self.NARROW
        return [
            (mode, title if wide or mode == self._mode else number)
            for mode, title, number in self._titles
        ]

    def _parts(self) -> list[tuple[str, str, int, int]]:
        """What can be clicked: (action of the app, label, first cell, cell after the last)."""
        parts = [("command_palette", self.MENU, 0, len(self.MENU))]
        start = len(self.MENU) + len(self.BRAND)
        for mode, label in self._tabs:
            parts.append((f"mode('{mode}')", label, start, start + cell_len(label)))
            start = parts[-1][3]
        return parts

    def render(self) -> Content:
        app = cast("LwtuiApp", self.app)
        parts = [
            Content.styled(self.MENU, "bold $accent"), Content.styled(self.BRAND, "bold $accent")
        ]  # fmt: skip
        for mode, label in self._tabs:
            here = mode == self._mode
            parts.append(Content.styled(label, chip(app) if here else ""))
        left = Content.assemble(*parts)
        width = self.size.width
        room = max(0, width - left.cell_length - 1)
        text = app.house.summary(room - 1)
        self._summary_at = width - 1 - min(room, cell_len(text))
        return Content.assemble(
            left, Content.styled(fit(text, room, right=True), "$foreground-muted")
        )

    def on_click(self, event: events.Click) -> None:
        action = next((part[0] for part in self._parts() if part[2] <= event.x < part[3]), "")
        if not action and event.x >= self._summary_at:
            action = "mode('jobs')"  # what runs is told there
        if action:
            self.app.call_later(self.app.run_action, action)

    def jump_spots(self) -> list[Spot]:
        """For the jump mode: the menu and the tabs."""
        from lwtui.tui.screens.jump import Spot

        return [
            Spot(Offset(self.region.x + first, self.region.y),
                 partial(self.app.call_later, self.app.run_action, action))
            for action, _, first, _ in self._parts()
        ]  # fmt: skip
