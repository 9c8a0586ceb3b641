"""Pictures of what belongs to no mode. After a wanted change: ``--snapshot-update``, then look."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from lwtui.tui.widgets.collection_pane import CollectionPane
from lwtui.tui.widgets.detail import LearnwareDetail

from .fakes import FakeServices
from .helpers import SIZES, Drive, wait_until


async def show_help(pilot: Pilot[None]) -> None:
    await pilot.press("question_mark")


async def palette(pilot: Pilot[None]) -> None:
    """An action that makes no sense now is dimmed, and says what it needs."""
    await pilot.press("4")
    await wait_until(pilot, lambda: pilot.app.screen.query("#run-list"))
    await pilot.press("ctrl+p", *"st", *["down"] * 1)
    await wait_until(pilot, lambda: pilot.app.screen.query("#palette-list"))


async def jump(pilot: Pilot[None]) -> None:
    await pilot.press("ctrl+o")


async def themes(pilot: Pilot[None]) -> None:
    await pilot.press("T", "down")
    await wait_until(pilot, lambda: pilot.app.theme == "lwtui-light")


async def own_colours(pilot: Pilot[None]) -> None:
    """Those of the terminal, and nothing else."""
    pilot.app.theme = "ansi-dark"
    await pilot.press("down")
    pane = pilot.app.screen.query_one(CollectionPane)
    await wait_until(pilot, lambda: pane.table.cursor == 1 and pane.settled)
    detail = pane.query_one(LearnwareDetail)
    told = detail.query(Static).first()
    await wait_until(pilot, lambda: not detail.display or "Medicine" in str(told.render()))


STATES: dict[str, Drive] = {
    drive.__name__: drive for drive in (show_help, palette, jump, themes, own_colours)
}


@SIZES
@pytest.mark.parametrize("state", STATES)
def test_state(snap: Any, size: tuple[int, int], state: str) -> None:
    assert snap(FakeServices(24), size, STATES[state])
