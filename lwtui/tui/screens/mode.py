"""What the screens of all modes share: first line, footer, and room between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen

from lwtui.tui.widgets.key_line import KeyLine
from lwtui.tui.widgets.topbar import TopBar

if TYPE_CHECKING:
    from lwtui.tui.app import LwtuiApp
    from lwtui.tui.services import Services


class ModeScreen(Screen[None]):
    """A mode. Subclasses put their widgets into :meth:`compose_body`."""

    MODE = ""

    @property
    def lwtui(self) -> LwtuiApp:
        return cast("LwtuiApp", self.app)

    @property
    def services(self) -> Services:
        return self.lwtui.services

    def tell(self, message: Message) -> None:
        """Post a message from a worker."""
        self.post_message(message)

    def compose(self) -> ComposeResult:
        yield TopBar(self.MODE)
        yield from self.compose_body()
        yield KeyLine()

    def compose_body(self) -> ComposeResult:
        yield from ()
