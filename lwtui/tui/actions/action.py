"""One action: what a key, the palette and a click run."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True)
class Action:
    """Something the user can do. ``id`` is stable: keymaps name it."""

    id: str
    keys: str
    """Default keys, separated by commas."""
    action: str
    """Textual action, run on the screen or app of the scope."""
    title: str
    """What footer, help and palette call it."""
    tooltip: str
    footer: bool = False
    priority: bool = False
    """Also while a text field has the focus and would take the key."""
    needs: str = ""
    """A sentence for whoever chooses it when it makes no sense: what must be the case first."""

    @property
    def scope(self) -> str:
        return self.id.split(".", 1)[0]

    def binding(self) -> Binding:
        return Binding(
            self.keys,
            self.action,
            self.title,
            show=self.footer,
            tooltip=self.tooltip,
            id=self.id,
            priority=self.priority,
        )
