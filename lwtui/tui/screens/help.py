"""Help for one screen, generated from the registry of actions."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from lwtui.tui.bindings import Action, actions_of, bindings_of
from lwtui.tui.text import fit

LIST_KEYS = (
    ("↑ ↓  j k", "One row up or down"),
    ("PgUp PgDn", "One page up or down"),
    ("Home End  g G", "First or last row"),
    ("Tab", "The next part of the screen"),
)
PROMPT_KEYS = (
    ("Enter", "Send the prompt"),
    ("Shift+Enter  ^j", "A new line in the prompt"),
    ("Tab", "The next part of the screen"),
    ("^c", "Copy what is selected with the mouse"),
)


class HelpScreen(ModalScreen[None]):
    """The keys that work on a screen, as they are bound now (a keymap may have changed them)."""

    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("help")

    def __init__(self, mode: str) -> None:
        super().__init__()
        self._mode = mode

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            yield Static(self._content(), markup=False)

    def on_mount(self) -> None:
        self.query_one("#help").border_title = f"{self._mode.title()} · keys"
        self.query_one("#help").border_subtitle = "escape closes"

    def _content(self) -> Content:
        lists = PROMPT_KEYS if self._mode == "chat" else LIST_KEYS
        lines = [self._line(action) for action in actions_of(self._mode) if action.keys]
        lines += [Content("")]
        lines += [_row(keys, "", text) for keys, text in lists]
        lines += [Content(""), Content.styled("Everywhere", "bold")]
        lines += [self._line(action) for action in actions_of("app") if action.keys]
        return Content("\n").join(lines)

    def _line(self, action: Action) -> Content:
        keys = self.app._keymap.get(action.id, action.keys)
        shown = "  ".join(
            self.app.get_key_display(Binding(key.strip(), "")) for key in keys.split(",")
        )
        return _row(shown, action.title, action.tooltip)

    def action_close(self) -> None:
        self.dismiss()


def _row(keys: str, title: str, text: str) -> Content:
    name = f"{title}: " if title else ""
    return Content.assemble((fit(keys, 17), "$accent"), (name, "bold"), text)
