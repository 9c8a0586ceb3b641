"""Driving the app in tests: no sleeps, only conditions waited for."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from lwtui.tui.app import LwtuiApp
from lwtui.tui.services import Services
from lwtui.tui.widgets.collection_pane import CollectionPane

Drive = Callable[[Pilot[None]], Awaitable[None]]
"""Brings an app to a state."""

SIZES = pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
"""Every picture is taken in a small and in a large terminal."""

LIMIT = 20.0
"""Seconds after which a condition that does not come true fails the test."""


async def wait_until(
    pilot: Pilot[None], predicate: Callable[[], object], limit: float = LIMIT
) -> None:
    """Let the app work until ``predicate`` is true."""
    deadline = time.monotonic() + limit
    while not predicate():
        assert time.monotonic() < deadline, f"not reached within {limit} s: {predicate}"
        await pilot.pause(0.005)
    await pilot.pause()


def app_with(services: Services) -> LwtuiApp:
    return LwtuiApp(services)


async def ready(pilot: Pilot[None]) -> None:
    """Wait for the list of learnwares, or the word that there are none."""
    app = pilot.app
    assert isinstance(app, LwtuiApp)
    await wait_until(pilot, lambda: app.current_mode == "browse" and app.house.machine)
    await wait_until(pilot, lambda: app.house.learnwares is not None)
    await wait_until(
        pilot, lambda: app.screen.query_one("#body").display or "No" in text_of(app, "#note")
    )
    await wait_until(pilot, lambda: app.screen.query_one(CollectionPane).settled)


def text_of(app: LwtuiApp, selector: str) -> str:
    """What a ``Static`` of the current screen says."""
    return str(app.screen.query_one(selector, Static).render())


def screen_text(app: LwtuiApp) -> str:
    """Every line now on the screen, as the terminal would get it."""
    _, height = app.size
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips[:height])
