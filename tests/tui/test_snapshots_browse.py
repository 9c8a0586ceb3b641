"""Pictures of Browse. After a wanted change: ``--snapshot-update``, then look at them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from lwtui.tui.widgets.collection_pane import CollectionPane

from .fakes import FakeServices
from .helpers import SIZES, Drive, screen_text, text_of, wait_until


async def nothing(pilot: Pilot[None]) -> None:
    """The first screen as it is."""


async def search_nothing(pilot: Pilot[None]) -> None:
    await pilot.press("slash", *"zebra")
    await wait_until(pilot, lambda: "Nothing found" in text_of(pilot.app, "#note"))


async def details(pilot: Pilot[None]) -> None:
    """With the card in sight."""
    await pilot.press("down", "l")
    pane = pilot.app.screen.query_one(CollectionPane)
    await wait_until(pilot, lambda: pane.settled)
    await wait_until(
        pilot, lambda: "Medicine" in str(pane.query("#detail Static").first().render())
    )
    await pilot.press("G")
    await wait_until(pilot, lambda: "1.62" in screen_text(pilot.app))


async def narrowed(pilot: Pilot[None]) -> None:
    """Found, ordered and marked."""
    pane = pilot.app.screen.query_one(CollectionPane)
    await pilot.press("slash", *"fnance", "enter")
    await wait_until(pilot, lambda: pane.table.row_count == 8)
    await pilot.press("o", "space", "space")
    await wait_until(pilot, lambda: "2 marked" in text_of(pilot.app, "#said"))
    await wait_until(pilot, lambda: "by name ▲" in text_of(pilot.app, "#said"))
    await wait_until(pilot, lambda: pane.settled)


async def filters(pilot: Pilot[None]) -> None:
    await pilot.press("f")
    await wait_until(pilot, lambda: pilot.app.screen.query("#filter"))


async def filtered_away(pilot: Pilot[None]) -> None:
    """Nothing is left, and which filter hides how many."""
    pane = pilot.app.screen.query_one(CollectionPane)
    pane.narrow(replace(pane.query_now, domain="finance", fits=True))
    await wait_until(pilot, lambda: "hides" in text_of(pilot.app, "#note"))


async def removal(pilot: Pilot[None]) -> None:
    await pilot.press("space", "space", "x")
    await wait_until(pilot, lambda: pilot.app.screen.query("#ask"))


STATES: dict[str, Drive] = {
    drive.__name__: drive
    for drive in (search_nothing, details, narrowed, filters, filtered_away, removal)
}


def prepared() -> FakeServices:
    services = FakeServices(24)
    services.moved_in(0, "local/aaa-bank-intents")
    return services


PICTURES = [
    *(pytest.param(state, (80, 24), id=f"{state}-80x24") for state in STATES),
    *(pytest.param(state, (120, 36), id=f"{state}-120x36") for state in ("details", "narrowed")),
]


@pytest.mark.parametrize(("state", "size"), PICTURES)
def test_state(snap: Any, size: tuple[int, int], state: str) -> None:
    assert snap(prepared(), size, STATES[state])


@SIZES
def test_browse(snap: Any, size: tuple[int, int]) -> None:
    assert snap(FakeServices(24), size, nothing)


@SIZES
def test_browse_with_no_learnware(snap: Any, size: tuple[int, int]) -> None:
    assert snap(FakeServices(0), size, nothing)
