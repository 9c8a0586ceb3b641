"""Pictures of Chat. After a wanted change: ``--snapshot-update``, then look at them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from lwtui.chat.session import ChatSession, Turn, now

from .fakes import FakeServices
from .helpers import SIZES, Drive, wait_until

ANSWER = """Your card is **on its way**. Three things you can do:

1. Wait two more days
2. Check the *address* in your profile
3. Ask for a new one with `card reorder`

| step  | days |
|-------|------|
| print | 2    |
| post  | 5    |
"""
WHO = "starter/finance-000"
STATES = ChatSession(
    WHO,
    title="Where is my card?",
    turns=[
        Turn("user", "Where is my card?"),
        Turn("assistant", "It is on its", WHO, "stopped", tokens=4, seconds=0.5, first=0.1),
        Turn("user", "And now?"),
        Turn("assistant", "Short answer.", WHO, "complete",
             "The answer ended at its greatest length.", 512, 10.1, first=0.1),
        Turn("user", "And now?"),
        Turn("assistant", "It", WHO, "failed", "The model's process was killed. Ask again."),
        Turn("user", "Wie spät ist es? 🕑 مرحبا 你好"),
        Turn("assistant", "```python\nprint('now')\n```", "starter/medicine-001", tokens=9,
             seconds=0.4, first=0.1),
    ],
)  # fmt: skip
OTHERS = (
    ChatSession("starter/medicine-001", title="Which dose of ibuprofen for a child of 12 kg?"),
    ChatSession("someone/with-a-long-name-7b-instruct", title="[red]Zahlen[/] und Wörter 你好"),
)


def services() -> FakeServices:
    made = FakeServices(24, ANSWER)
    for session in (*OTHERS, STATES):
        made.save_session(replace(session, updated=now()))
    return made


async def chat_empty(pilot: Pilot[None]) -> None:
    await pilot.press("3")
    await wait_until(pilot, lambda: pilot.app.current_mode == "chat")


async def chat_pick(pilot: Pilot[None]) -> None:
    await chat_empty(pilot)
    await pilot.press("ctrl+l")
    await wait_until(pilot, lambda: getattr(pilot.app.screen, "_rows", None))


async def painted(pilot: Pilot[None]) -> None:
    screen = pilot.app.screen
    await wait_until(pilot, lambda: not screen.busy and not screen.transcript._filling)


async def chat(pilot: Pilot[None]) -> None:
    await pilot.press("down", "c")
    app = pilot.app
    await wait_until(pilot, lambda: app.current_mode == "chat" and app.screen._chat)
    await pilot.press(*"My card?", "enter")
    await wait_until(pilot, lambda: app.screen._last and app.screen._answer is None)
    await painted(pilot)


async def chat_states(pilot: Pilot[None]) -> None:
    """A stopped answer, one that was cut, one that broke, another learnware; a marked message."""
    await chat_empty(pilot)
    screen = pilot.app.screen
    await wait_until(pilot, lambda: screen.pane.sessions)
    await pilot.press("ctrl+r")
    await wait_until(pilot, lambda: screen.transcript.turns)
    await painted(pilot)
    await pilot.press("escape", "k")


async def chat_edit(pilot: Pilot[None]) -> None:
    await chat_states(pilot)
    await pilot.press("e")
    await painted(pilot)


async def chat_sessions(pilot: Pilot[None]) -> None:
    await chat_empty(pilot)
    await wait_until(pilot, lambda: len(pilot.app.screen.pane.sessions) == 3)
    await pilot.press("ctrl+s", "j")


async def chat_search(pilot: Pilot[None]) -> None:
    await chat_empty(pilot)
    await pilot.press("ctrl+f", *"now")
    await wait_until(pilot, lambda: len(pilot.app.screen.pane._rows) == 3)


DRIVES: dict[str, Drive] = {
    drive.__name__: drive
    for drive in (chat_empty, chat_pick, chat_states, chat_edit, chat_sessions, chat_search)
}


@SIZES
@pytest.mark.parametrize("state", DRIVES)
def test_state(snap: Any, size: tuple[int, int], state: str) -> None:
    assert snap(services(), size, DRIVES[state])


@SIZES
def test_chat(snap: Any, size: tuple[int, int]) -> None:
    assert snap(FakeServices(24, ANSWER), size, chat)
