"""The first line: modes on the left, the state of the house on the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.widget import Widget

from lwtui.tui.bindings import MODES, actions_of
from lwtui.tui.text import fit

if TYPE_CHECKING:
    from lwtui.tui.app import LwtuiApp


class TopBar(Widget):
    """One line, always there. Tabs are clickable."""

    DEFAULT_CSS = """
    TopBar { dock: top; height: 1; background: $surface; color: $foreground-muted; }
    """
    BRAND = " lwtui "

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode
        titles = {action.id: action.title for action in actions_of("app")}
        self._tabs = [
            (mode, f" {number} {titles[f'app.{mode}']} ") for number, mode in enumerate(MODES, 1)
        ]

    def on_mount(self) -> None:
        self.watch(self.app, "house", self._house_changed, init=False)

    def _house_changed(self) -> None:
        self.refresh()

    def render(self) -> Content:
        app = cast("LwtuiApp", self.app)
        parts = [Content.styled(self.BRAND, "bold $accent")]
        for mode, label in self._tabs:
            parts.append(Content.styled(label, "bold $foreground" if mode == self._mode else ""))
            if mode == self._mode:
                parts[-1] = Content.styled(label, "bold $background on $accent")
        left = Content.assemble(*parts)
        width = self.size.width
        room = width - left.cell_length - 1
        text = app.house.summary(room - 1)
        return Content.assemble(
            left, Content.styled(fit(text, room, right=True), "$foreground-muted")
        )

    def on_click(self, event: events.Click) -> None:
        start = len(self.BRAND)
        for mode, label in self._tabs:
            if start <= event.x < start + cell_len(label):
                self.app.call_later(self.app.run_action, f"mode('{mode}')")
                return
            start += cell_len(label)
