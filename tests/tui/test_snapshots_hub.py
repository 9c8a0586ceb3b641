"""Pictures of the Hub's screens and dialogues, at 80x24 and 120x36.

After a wanted change: ``pytest tests/tui/test_snapshots_hub.py --snapshot-update``, then look at
them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from textual.pilot import Pilot

from lwtui.errors import LwtuiError
from lwtui.jobs import Part, Progress
from lwtui.match.result import Verification
from lwtui.tui import messages
from lwtui.tui.app import LwtuiApp
from lwtui.tui.hub_services import Choice, SubscriptionView
from lwtui.tui.running_job import JobNote
from lwtui.tui.widgets.hub_detail import HubDetail
from lwtui.tui.widgets.match_view import MatchView

from .fakes import FakeServices
from .helpers import screen_text, text_of, wait_until
from .hub_steps import open_hub, pane, plan
from .test_snapshots_match import results

REPO = "open-bank/intent-lora"
NOON = datetime(2026, 11, 21, 12, 0, 0)
OFFLINE = LwtuiError(
    "The Hub cannot be reached: no network.", hint="Check the connection, then try again."
)


async def hub(pilot: Pilot[None]) -> None:
    await open_hub(pilot)
    await pilot.press("down", "up")
    await wait_until(pilot, lambda: "epoch" in str(_card(pilot)))


def _card(pilot: Pilot[None]) -> object:
    return pilot.app.screen.query_one(HubDetail).query_one("#hub-card").render()


async def details(pilot: Pilot[None]) -> None:
    await hub(pilot)
    await pilot.press("down", "down")
    if pilot.app.size.width < 100:
        await pilot.press("d")
    await wait_until(pilot, lambda: "Word problems" in screen_text(pilot.app))
    await wait_until(pilot, lambda: pane(pilot.app).models[2].files)


async def filters(pilot: Pilot[None]) -> None:
    await hub(pilot)
    await pilot.press("f")
    await wait_until(pilot, lambda: pilot.app.screen.query("#filter"))


async def nothing_found(pilot: Pilot[None]) -> None:
    await open_hub(pilot)
    await pilot.press("slash", *"zebra")
    await wait_until(pilot, lambda: "nothing like this" in text_of(pilot.app, "#hub-note"))


async def offline(pilot: Pilot[None]) -> None:
    await pilot.press("s", "s")
    await wait_until(pilot, lambda: "could not be asked" in text_of(pilot.app, "#hub-note"))


async def known(pilot: Pilot[None]) -> None:
    await pilot.press("s", "down", "down", "down")
    await wait_until(pilot, lambda: "on the Hub" in screen_text(pilot.app))


async def pull_plan(pilot: Pilot[None]) -> None:
    await hub(pilot)
    await plan(pilot)


async def pulling(pilot: Pilot[None]) -> None:
    """A pull half way, one that an earlier session began, one that failed."""
    app = pilot.app
    assert isinstance(app, LwtuiApp)
    await hub(pilot)
    await plan(pilot)
    await pilot.press("enter")
    await wait_until(pilot, lambda: app.session_jobs and app.session_jobs[0].progress)
    await pilot.press("5")
    await wait_until(pilot, lambda: app.current_mode == "jobs" and app.screen.query("#jobs"))
    job = app.session_jobs[0]
    name = "model-0000{}-of-00004.safetensors"
    parts = tuple(Part(name.format(n), 1.2e9 * n, 4.9e9) for n in (1, 2, 3))
    for seconds in (0.0, 60.0):
        progress = Progress(6.1e9 + 2e7 * seconds, 15.2e9, "20 MB/s", seconds, parts)
        app.post_message(messages.JobProgressed(job, progress))
        await wait_until(pilot, lambda progress=progress: job.progress == progress)
    job.__dict__["_seconds"] = 60.0  # the clock stands still for the picture
    job.started = NOON
    job.notes.clear()
    job.notes.append(JobNote(NOON, "20 MB/s"))
    app.house_changed()
    await wait_until(pilot, lambda: "20 MB/s" in screen_text(app))


async def end_pull(pilot: Pilot[None]) -> None:
    await pulling(pilot)
    await pilot.press("x")
    await wait_until(pilot, lambda: pilot.app.screen.query("#discard"))


async def publish(pilot: Pilot[None]) -> None:
    await pilot.press("P")
    await wait_until(pilot, lambda: pilot.app.screen.query("#publish-to"))
    await pilot.press(*"me/bank-intent", "enter")
    await wait_until(pilot, lambda: "Exactly" in text_of(pilot.app, "#publish-sum"))
    await wait_until(pilot, lambda: "learnware.toml" in screen_text(pilot.app))


async def indexes(pilot: Pilot[None]) -> None:
    await pilot.press("I")
    await wait_until(pilot, lambda: "lab/finance" in screen_text(pilot.app))


async def verified(pilot: Pilot[None]) -> None:
    """A ranking in which some are only on the Hub, and could not be run."""
    await results(pilot)
    view = pilot.app.screen.query_one(MatchView)
    assert view.result is not None
    left_out = ("starter/finance-003", "starter/finance-006")
    done = Verification(32, 8, 2.7, 3.0, not_here=left_out)
    view.show(replace(view.result, verification=done))
    await pilot.press("down", "down")
    await pilot.pause()


def with_known(services: FakeServices) -> None:
    services.learnwares = [
        replace(each, pulled=number not in (3, 6, 9))
        for number, each in enumerate(services.learnwares)
    ]


def with_error(services: FakeServices) -> None:
    services.hub_error = OFFLINE


def with_age(services: FakeServices) -> None:
    services.hub_age = 200.0
    services.hub_problem = "The Hub asks to wait a minute (429): this is an answer of before."


def with_choices(services: FakeServices) -> None:
    services.choices = (
        Choice("Q2_K", 2_100_000_000, True),
        Choice("Q4_K_M", 3_900_000_000, True, advised=True),
        Choice("F16", 14_000_000_000, False),
    )


def held(services: FakeServices) -> None:
    services.pull_gate = threading.Semaphore(0)


def with_indexes(services: FakeServices) -> None:
    services.indexes = [
        SubscriptionView("lab/finance", 120, "8f" * 20, "2026-11-20T10:00:00Z"),
        SubscriptionView("someone/medicine-small", 36, "1c" * 20, "2026-11-18T08:00:00Z"),
    ]


def as_it_is(services: FakeServices) -> None:
    """Nothing special."""


Setup = Callable[[FakeServices], None]
STATES: dict[str, tuple[Any, Setup]] = {
    "hub": (hub, as_it_is),
    "old": (open_hub, with_age),
    "details": (details, as_it_is),
    "filters": (filters, as_it_is),
    "nothing_found": (nothing_found, as_it_is),
    "offline": (offline, with_error),
    "known": (known, with_known),
    "pull_plan": (pull_plan, as_it_is),
    "quantisations": (pull_plan, with_choices),
    "pulling": (pulling, held),
    "end_pull": (end_pull, held),
    "publish": (publish, as_it_is),
    "indexes": (indexes, with_indexes),
    "verified": (verified, with_known),
}


WIDE_TOO = ("hub", "details", "pulling", "publish", "verified")
NARROW, WIDE = (80, 24), (120, 36)
PICTURES = [
    *(pytest.param(state, NARROW, id=f"{state}-80x24") for state in STATES),
    *(pytest.param(state, WIDE, id=f"{state}-120x36") for state in WIDE_TOO),
]


@pytest.mark.parametrize(("state", "size"), PICTURES)
def test_state(snap: Any, size: tuple[int, int], state: str) -> None:
    drive, prepare = STATES[state]
    services = FakeServices(24)
    prepare(services)
    assert snap(services, size, drive)
