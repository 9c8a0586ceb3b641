"""Pictures of the tools of Chat. After a wanted change: ``--snapshot-update``; look at them."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from lwtui.tui.screens.attach_row import AttachRowScreen
from lwtui.tui.screens.chat_settings import ChatSettingsScreen
from lwtui.tui.widgets.row_table import RowTable

from .fakes import FakeServices
from .helpers import SIZES, Drive, wait_until
from .test_chat_tools import dialogue
from .test_compare_chat_screen import add, open_compare

ANSWER = """Your card is **on its way**:

1. Wait two more days
2. Check the *address* in your profile

| step  | days |
|-------|------|
| print | 2    |
"""


async def chat(pilot: Pilot[None]) -> None:
    await pilot.press("c")
    app = pilot.app
    await wait_until(pilot, lambda: app.current_mode == "chat" and app.screen.handle is not None)


async def chat_settings(pilot: Pilot[None]) -> None:
    await chat(pilot)
    pilot.app.screen.session.system = "Answer in one word.\nSay so when you do not know."
    await pilot.press("ctrl+t")
    await dialogue(pilot, ChatSettingsScreen)
    await pilot.press("tab", "0", ".", "2", "tab", "tab", "tab", "5")


async def chat_row(pilot: Pilot[None]) -> None:
    await chat(pilot)
    await pilot.press("f7")
    form = await dialogue(pilot, AttachRowScreen)
    await wait_until(pilot, lambda: form._places)
    await pilot.press("enter")
    await wait_until(pilot, lambda: form.query_one("#attach-rows", RowTable).row_count)
    await pilot.press("down", "down", "down")


async def chat_compare(pilot: Pilot[None]) -> None:
    """Three that have answered, one of them in focus; a small terminal has room for two."""
    await chat(pilot)
    screen = await open_compare(pilot)
    await pilot.press(*"Where is my card?", "enter")
    await wait_until(pilot, lambda: screen._round and not screen._answering)
    await add(pilot, screen, "medicine-007")
    await pilot.press("escape", "left")


@pytest.mark.parametrize("drive", [chat_settings, chat_row], ids=["settings", "row"])
def test_dialogue(snap: Any, drive: Drive) -> None:
    assert snap(FakeServices(24, ANSWER), (80, 24), drive)


@SIZES
def test_compare(snap: Any, size: tuple[int, int]) -> None:
    assert snap(FakeServices(24, ANSWER), size, chat_compare)
