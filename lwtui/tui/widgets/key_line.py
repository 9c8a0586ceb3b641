"""The footer: the keys that matter now."""

from __future__ import annotations

from textual.binding import Binding
from textual.screen import Screen
from textual.widgets import Footer


class KeyLine(Footer):
    """Made anew only when it says something else. Textual's is whenever an action may have become
    possible, which is at every step through a list: that took longer than painting the row."""

    def __init__(self) -> None:
        super().__init__()
        self._said: list[tuple[Binding, bool, str]] | None = None

    def bindings_changed(self, screen: Screen[object]) -> None:
        if screen is self.screen and screen.app.app_focus:
            says = [
                (binding, enabled, tooltip)
                for _, binding, enabled, tooltip in screen.active_bindings.values()
                if binding.show
            ]
            if says == self._said:
                return
            self._said = says
        super().bindings_changed(screen)
