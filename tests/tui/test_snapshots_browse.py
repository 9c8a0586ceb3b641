"""Pictures of Browse. After a wanted change: ``--snapshot-update``, then look at them."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot

from .fakes import FakeServices
from .helpers import SIZES, Drive, text_of, wait_until


async def nothing(pilot: Pilot[None]) -> None:
    """The first screen as it is."""


async def search_nothing(pilot: Pilot[None]) -> None:
    await pilot.press("slash", *"zebra")
    await wait_until(pilot, lambda: "Nothing found" in text_of(pilot.app, "#note"))


async def details(pilot: Pilot[None]) -> None:
    await pilot.press("down", "d")


STATES: dict[str, Drive] = {drive.__name__: drive for drive in (search_nothing, details)}


@SIZES
@pytest.mark.parametrize("state", STATES)
def test_state(snap: Any, size: tuple[int, int], state: str) -> None:
    assert snap(FakeServices(24), size, STATES[state])


@SIZES
def test_browse(snap: Any, size: tuple[int, int]) -> None:
    assert snap(FakeServices(24), size, nothing)


@SIZES
def test_browse_with_no_learnware(snap: Any, size: tuple[int, int]) -> None:
    assert snap(FakeServices(0), size, nothing)
