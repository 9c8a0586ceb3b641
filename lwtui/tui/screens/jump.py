"""Jump mode: a letter on every part of the screen that takes the focus or a click."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.errors import NoWidget
from textual.geometry import Offset
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Button, Static

LETTERS = "asdfghjklqwertyuiopzxcvbnm"


@dataclass(frozen=True)
class Spot:
    """Somewhere to jump: where its letter is painted, and what its letter does."""

    offset: Offset
    go: Callable[[], object]


def spots_of(screen: Screen[Any]) -> list[Spot]:
    """What can be jumped to, from the top left on; as many as there are letters. A widget may have
    more than one spot: it says so by a method ``jump_spots() -> list[Spot]``."""
    spots = []
    sight = screen.size.region
    for widget in screen.query(Widget):
        inner = getattr(widget, "jump_spots", None)
        if inner is not None:
            spots += inner()
        elif widget.focusable and (seen := _seen(widget, screen)) is not None:
            spots.append(Spot(seen, _press(widget)))
    inside = [spot for spot in spots if sight.contains_point(spot.offset)]
    return sorted(inside, key=lambda spot: (spot.offset.y, spot.offset.x))[: len(LETTERS)]


def _seen(widget: Widget, screen: Screen[Any]) -> Offset | None:
    """The first cell of it that is in sight; None: it is not."""
    try:
        found = screen.find_widget(widget)
    except NoWidget:
        return None
    shown = found.region.intersection(found.clip)
    return shown.offset if shown.area else None


def _press(widget: Widget) -> Callable[[], object]:
    return widget.press if isinstance(widget, Button) else widget.focus


class JumpScreen(ModalScreen[None]):
    """The letters. Any other key, and a click, leaves."""

    CSS_PATH = "jump.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,ctrl+o", "dismiss", "Leave")]

    def __init__(self, spots: list[Spot]) -> None:
        super().__init__()
        self.spots = dict(zip(LETTERS, spots, strict=False))

    def compose(self) -> ComposeResult:
        for letter, spot in self.spots.items():
            label = Static(letter, classes="letter", markup=False)
            label.styles.offset = spot.offset
            yield label
        yield Static("Press a letter to go there; escape leaves.", id="jump-note", markup=False)

    def on_key(self, event: events.Key) -> None:
        if event.key in ("escape", "ctrl+o"):
            return
        event.stop()
        spot = self.spots.get(event.key)
        self.dismiss()
        if spot is not None:
            self.app.call_after_refresh(spot.go)

    def on_click(self) -> None:
        self.dismiss()
