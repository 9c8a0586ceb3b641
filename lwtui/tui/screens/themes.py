"""The themes there are; the one under the cursor is shown at once."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lwtui.tui.text import fit
from lwtui.tui.theme import OWN

TEACH = (
    "Enter keeps it, escape does not. Your own go into the folder themes beside config.toml: see "
    "`lwtui config --theme`."
)


class ThemesScreen(ModalScreen[str | None]):
    """Dismissed with the name of the theme chosen, or None: then all is as it was."""

    CSS_PATH = "themes.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "As it was")]

    def __init__(self) -> None:
        super().__init__()
        self._before = ""
        self._names: list[str] = []

    def compose(self) -> ComposeResult:
        self._before = self.app.theme
        own = [theme.name for theme in OWN]
        themes = self.app.available_themes
        self._names = [*own, *sorted(name for name in themes if name not in own)]
        with Vertical(id="themes"):
            yield OptionList(
                *(Option(self._line(name)) for name in self._names), markup=False, compact=True
            )
            yield Static(TEACH, markup=False)

    def _line(self, name: str) -> Content:
        kind = "dark" if self.app.available_themes[name].dark else "light"
        return Content.assemble(fit(name, 26), (kind, "$foreground-muted"))

    def on_mount(self) -> None:
        self.query_one("#themes").border_title = "Theme"
        options = self.query_one(OptionList)
        options.highlighted = self._names.index(self._before)
        options.focus()

    @on(OptionList.OptionHighlighted)
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        self.app.theme = self._names[event.option_index]

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._names[event.option_index])

    def action_leave(self) -> None:
        self.app.theme = self._before
        self.dismiss(None)
