"""What a chat offers beside asking: a part of the chat's screen."""

from __future__ import annotations

from textual.app import ComposeResult

from lwtui.tui.screens.mode import ModeScreen


class ChatTools(ModeScreen):
    """Actions of ``lwtui.tui.actions.chat_tools``."""

    def compose_meter(self) -> ComposeResult:
        """The line under the prompt."""
        yield from ()

    def tools_changed(self) -> None:
        """Another conversation, another learnware, or an answer has ended."""
