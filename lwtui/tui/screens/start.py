"""The first frame: the first line, and a word that the collection is being read.

It costs next to nothing, so that something stands on the screen at once; the mode that is opened
imports its widgets while it can already be seen.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Static

from lwtui.tui.widgets.topbar import TopBar


class StartScreen(Screen[None]):
    DEFAULT_CSS = "StartScreen > Static { padding: 2 3; color: $foreground-muted; }"

    def compose(self) -> ComposeResult:
        yield TopBar("browse")
        yield Static("loading…", markup=False)
