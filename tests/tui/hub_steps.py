"""Steps that tests of the Hub's screens share."""

from __future__ import annotations

from textual.pilot import Pilot

from lwtui.tui.app import LwtuiApp
from lwtui.tui.screens.browse import BrowseScreen
from lwtui.tui.widgets.hub_pane import HubPane

from .helpers import ready, screen_text, wait_until


def pane(app: LwtuiApp) -> HubPane:
    return app.screen.query_one(HubPane)


async def open_hub(pilot: Pilot[None]) -> HubPane:
    """From the list of learnwares to the Hub's models."""
    app = pilot.app
    assert isinstance(app, LwtuiApp)
    await ready(pilot)
    await pilot.press("s", "s")
    await wait_until(pilot, lambda: pane(app).models)
    return pane(app)


async def plan(pilot: Pilot[None]) -> None:
    """The dialogue of a pull, with its figures."""
    app = pilot.app
    assert isinstance(app, LwtuiApp)
    await pilot.press("p")
    await wait_until(pilot, lambda: app.screen.query("#plan-sum"))
    await wait_until(pilot, lambda: "pinned" in screen_text(app))


async def start_pull(pilot: Pilot[None]) -> None:
    """Plan the pull of what is under the cursor, and start it."""
    app = pilot.app
    assert isinstance(app, LwtuiApp)
    await plan(pilot)
    await pilot.press("enter")
    await wait_until(pilot, lambda: isinstance(app.screen, BrowseScreen) and app.session_jobs)


def notes(app: LwtuiApp) -> list[str]:
    """What the notifications say."""
    return [f"{note.title} {note.message}".strip() for note in app._notifications]
