"""Pictures of what belongs to no mode. After a wanted change: ``--snapshot-update``, then look."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from .fakes import FakeServices
from .helpers import SIZES, Drive, wait_until


async def show_help(pilot: Pilot[None]) -> None:
    await pilot.press("question_mark")


async def palette(pilot: Pilot[None]) -> None:
    await pilot.press("ctrl+p")
    await wait_until(pilot, lambda: pilot.app.screen.query("CommandList"))
    await pilot.press(*"chat")
    await wait_until(pilot, lambda: pilot.app.screen.query_one("CommandList").option_count > 3)


STATES: dict[str, Drive] = {drive.__name__: drive for drive in (show_help, palette)}


@SIZES
@pytest.mark.parametrize("state", STATES)
def test_state(snap: Any, size: tuple[int, int], state: str) -> None:
    assert snap(FakeServices(24), size, STATES[state])
