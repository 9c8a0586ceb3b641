"""The palette: every action, found by a few of its letters, with its key and whether it makes
sense now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import FuzzySearch
from textual.screen import ModalScreen, Screen
from textual.style import Style
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from lwtui.tui.actions.action import Action
from lwtui.tui.commands import Offer, offers, why_not
from lwtui.tui.text import fit
from lwtui.tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from lwtui.tui.everywhere_app import EverywhereApp

BESIDE = 96
"""Cells of the frame from which the description stands beside the title."""


class PaletteScreen(ModalScreen[Action | None]):
    """Dismissed with the action chosen, or None."""

    CSS_PATH = "palette.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close"),
        Binding("down,ctrl+n", "move('cursor_down')", "Down", priority=True),
        Binding("up", "move('cursor_up')", "Up", priority=True),
        Binding("pagedown", "move('page_down')", "Page down", priority=True),
        Binding("pageup", "move('page_up')", "Page up", priority=True),
    ]

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        self._below = below
        """The screen whose actions come first."""
        self.offered: list[Offer] = []
        self.shown: list[Offer] = []
        """What the list shows, in its order."""

    def compose(self) -> ComposeResult:
        with Vertical(id="palette"):
            yield LineInput(placeholder="what to do…", compact=True, id="palette-words")
            yield OptionList(id="palette-list", markup=False, compact=True)
            yield Static(id="palette-note", markup=False)

    def on_mount(self) -> None:
        self.offered = offers(self._below)
        self._list("")

    def on_resize(self) -> None:
        self.call_after_refresh(self._list, self.query_one(Input).value)

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._list(event.value)

    def _list(self, words: str) -> None:
        words = words.strip()
        found: list[tuple[float, Offer, tuple[int, ...]]] = []
        search = FuzzySearch()
        for offer in self.offered:
            score, places = search.match(words, offer.words) if words else (1.0, ())
            if score > 0:
                in_title = all(place < len(offer.title) for place in places)
                found.append((score * (2 if in_title else 1), offer, tuple(places)))
        if words:
            found.sort(key=lambda each: -each[0])
        self.shown = [offer for _, offer, _ in found]
        options = self.query_one(OptionList)
        options.clear_options()
        width = max(30, options.scrollable_content_region.width - 2)
        titles = max((cell_len(offer.title) for offer in self.offered), default=20)
        options.add_options(
            Option(self._line(offer, places, width, titles)) for _, offer, places in found
        )
        options.highlighted = 0 if found else None
        self._note()

    def _line(self, offer: Offer, places: tuple[int, ...], width: int, titles: int) -> Content:
        title = Content(offer.title)
        for place in places:
            if place < len(offer.title):
                title = title.stylize(Style(bold=True, underline=True), place, place + 1)
        if not offer.possible:
            # The terminal's own colours and none at all know no half tones.
            flat = self.app.no_color or self.app.native_ansi_color
            title = title.stylize_before("dim italic" if flat else "$foreground-muted")
        keys = self._keys(offer.action)
        room = width - cell_len(offer.title) - cell_len(keys)
        told = ""
        if width >= BESIDE:
            told = " " * (titles - cell_len(offer.title) + 2) + offer.action.tooltip
        key_style = "$accent" if offer.possible else "$foreground-muted"
        return Content.assemble(
            title, (fit(told, room), "$foreground-muted"), (keys, key_style)
        )  # fmt: skip

    def _keys(self, action: Action) -> str:
        app = cast("EverywhereApp", self.app)
        shown = (app.get_key_display(Binding(key, "")) for key in app.keys.keys_of(action))
        return "  ".join(shown)

    @on(OptionList.OptionHighlighted)
    def _note(self) -> None:
        """The line below the list: what it does, or why it cannot be done now."""
        place = self.query_one(OptionList).highlighted
        note = self.query_one("#palette-note", Static)
        if place is None or place >= len(self.shown):
            note.update("" if self.shown else "No action is called that.")
            return
        offer = self.shown[place]
        if offer.possible:
            note.update(offer.action.tooltip)
        else:
            note.update(Content.styled(f"Not now. {why_not(offer.action)}", "$text-warning"))

    def action_move(self, how: str) -> None:
        options = self.query_one(OptionList)
        {
            "cursor_down": options.action_cursor_down,
            "cursor_up": options.action_cursor_up,
            "page_down": options.action_page_down,
            "page_up": options.action_page_up,
        }[how]()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self._choose(self.query_one(OptionList).highlighted)

    @on(OptionList.OptionSelected)
    def _clicked(self, event: OptionList.OptionSelected) -> None:
        self._choose(event.option_index)

    def _choose(self, place: int | None) -> None:
        if place is not None and place < len(self.shown):
            self.dismiss(self.shown[place].action)

    def on_click(self, event: events.Click) -> None:
        if event.widget is self:  # beside the frame
            self.dismiss(None)
