"""Pictures of Chat. After a wanted change: ``--snapshot-update``, then look at them."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from lwtui.backend.protocol import Finished
from lwtui.errors import BackendError
from lwtui.tui.widgets.transcript import AnswerTurn

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


async def chat_empty(pilot: Pilot[None]) -> None:
    await pilot.press("3")
    await wait_until(pilot, lambda: pilot.app.current_mode == "chat")


async def chat_pick(pilot: Pilot[None]) -> None:
    await chat_empty(pilot)
    await pilot.press("ctrl+l")
    await wait_until(pilot, lambda: getattr(pilot.app.screen, "_rows", None))


async def chat(pilot: Pilot[None]) -> None:
    await pilot.press("down", "c")
    app = pilot.app
    await wait_until(pilot, lambda: app.current_mode == "chat" and app.screen._chat)
    await pilot.press(*"My card?", "enter")
    await wait_until(pilot, lambda: app.screen._last and app.screen._answer is None)


async def chat_states(pilot: Pilot[None]) -> None:
    """A stopped answer, one with turns left out, and one that broke."""
    await chat(pilot)
    answers = list(pilot.app.screen.query(AnswerTurn))
    await answers[0].end(Finished("cancelled", 10, 7, 0.1, 0.5), None)
    for finished, error in (
        (Finished("length", 10, 512, 0.1, 10.1, dropped_messages=2), None),
        (None, BackendError("The model's process was killed.", hint="Ask again.")),
    ):
        await pilot.press(*"And now?", "enter")
        await wait_until(pilot, lambda: pilot.app.screen._answer is None)
        await pilot.app.screen.query(AnswerTurn).last().end(finished, error)


STATES: dict[str, Drive] = {drive.__name__: drive for drive in (chat_empty, chat_pick, chat)}


@SIZES
@pytest.mark.parametrize("state", STATES)
def test_state(snap: Any, size: tuple[int, int], state: str) -> None:
    assert snap(FakeServices(24, ANSWER), size, STATES[state])


@SIZES
def test_chat_states(snap: Any, size: tuple[int, int]) -> None:
    assert snap(FakeServices(24, "Short answer."), size, chat_states)
