"""Pictures of the evaluation screen, at 80x24 and 120x36.

After a wanted change: ``pytest tests/tui/test_snapshots_evaluate.py --snapshot-update``, then look.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from lwtui.jobs import Progress
from lwtui.tui import messages
from lwtui.tui.app import LwtuiApp
from lwtui.tui.screens.ask import ConfirmScreen

from .fake_evaluation import NAMES, record
from .fakes import FakeServices
from .helpers import SIZES, Drive, screen_text, text_of, wait_until

GROUP = ("mmlu_anatomy", "medmcqa", "pubmedqa", "medqa_4options")
MODELS = tuple(f"someone/a-learnware-with-a-long-name-{n}" for n in range(7))


async def empty(pilot: Pilot[None]) -> None:
    app = pilot.app
    await pilot.press("4")
    await wait_until(pilot, lambda: app.current_mode == "evaluate")
    await wait_until(pilot, lambda: "reading…" not in text_of(app, "#runs-teach"))


async def form(pilot: Pilot[None]) -> None:
    await empty(pilot)
    await pilot.press("n")
    await wait_until(pilot, lambda: pilot.app.screen.step == "form")
    await wait_until(
        pilot, lambda: len(pilot.app.screen.query_one("FolderTree").root.children) == 4
    )
    await pilot.press(*"mmlu_anatomy, med")
    await wait_until(pilot, lambda: "→ completes: medical · medmcqa" in screen_text(pilot.app))
    await wait_until(pilot, lambda: not pilot.app.house.jobs)


async def plan(pilot: Pilot[None]) -> None:
    await empty(pilot)
    await pilot.press("n", *"/demo/finance-support", "enter")
    await wait_until(pilot, lambda: pilot.app.screen.step == "plan")
    await wait_until(pilot, lambda: "Which intent is this?" in screen_text(pilot.app))


async def running(pilot: Pilot[None]) -> None:
    await plan(pilot)
    app = pilot.app
    assert isinstance(app, LwtuiApp)
    await pilot.press("s")
    await wait_until(pilot, lambda: "▶ 25%" in screen_text(app) and "70.3" in screen_text(app))
    progress = Progress(320, 1024, "starter/medicine-001 on finance-support", elapsed=21.0)
    app.screen.post_message(messages.JobProgressed(app.house.jobs[0], progress))
    await wait_until(pilot, lambda: "46 s left" in screen_text(app))
    await wait_until(pilot, lambda: "So far" in screen_text(app))


async def paused(pilot: Pilot[None]) -> None:
    await running(pilot)
    await pilot.press("p")
    await wait_until(pilot, lambda: "‖ paused" in screen_text(pilot.app))
    await wait_until(pilot, lambda: list(pilot.app._notifications))
    pilot.app.clear_notifications()


async def runs(pilot: Pilot[None]) -> None:
    await empty(pilot)
    await wait_until(pilot, lambda: "medical" in screen_text(pilot.app))


async def finished(pilot: Pilot[None]) -> None:
    await empty(pilot)
    await pilot.press("enter")
    await wait_until(pilot, lambda: pilot.app.screen.step == "run")
    await wait_until(pilot, lambda: "★" in screen_text(pilot.app))


async def reading(pilot: Pilot[None]) -> None:
    await finished(pilot)
    await pilot.press("d")
    await wait_until(pilot, lambda: not pilot.app.screen.query_one("#matrix").display)


async def turned(pilot: Pilot[None]) -> None:
    await finished(pilot)
    await pilot.press("t", "right", "down")


async def samples(pilot: Pilot[None]) -> None:
    await finished(pilot)
    await pilot.press("enter")
    await wait_until(pilot, lambda: "64 rows" in screen_text(pilot.app))


async def disagreements(pilot: Pilot[None]) -> None:
    await samples(pilot)
    await pilot.press("b")
    await wait_until(pilot, lambda: "base is right" in text_of(pilot.app, "#samples-head"))
    await wait_until(pilot, lambda: "reading" not in text_of(pilot.app, "#samples-head"))
    await pilot.press("down")


async def failed(pilot: Pilot[None]) -> None:
    await plan(pilot)
    await pilot.press("s")
    await wait_until(pilot, lambda: "✓ done" in screen_text(pilot.app))
    await wait_until(pilot, lambda: "Left out" in screen_text(pilot.app))
    await pilot.press("down")


async def delete(pilot: Pilot[None]) -> None:
    await runs(pilot)
    await pilot.press("delete")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))


def one_finished() -> FakeServices:
    services = FakeServices(24)
    services.keep(record())
    return services


def several() -> FakeServices:
    services = one_finished()
    for number, state in enumerate(("paused", "stopped", "failed")):
        run = record(GROUP, id=f"20261120-10000{number}-bbbb", name=f"medical, try {number}")
        services.keep(replace(run, state=state, seconds=3700.0 * number))
    return services


def wide() -> FakeServices:
    services = FakeServices(24)
    services.keep(record(GROUP, MODELS, name="medical, 7 models"))
    return services


def slow() -> FakeServices:
    services = FakeServices(24)
    services.gate = threading.Semaphore(6)
    return services


def failing() -> FakeServices:
    services = FakeServices(24)
    services.fails = NAMES[1]
    return services


STATES: dict[str, tuple[Any, Drive]] = {
    "empty": (lambda: FakeServices(24), empty),
    "form": (lambda: FakeServices(24), form),
    "plan": (lambda: FakeServices(24), plan),
    "running": (slow, running),
    "paused": (slow, paused),
    "runs": (several, runs),
    "delete": (several, delete),
    "finished": (one_finished, finished),
    "reading": (one_finished, reading),
    "wide": (wide, finished),
    "turned": (wide, turned),
    "samples": (one_finished, samples),
    "disagreements": (one_finished, disagreements),
    "failed": (failing, failed),
}


@SIZES
@pytest.mark.parametrize("state", STATES)
def test_evaluate(snap: Any, size: tuple[int, int], state: str) -> None:
    services, drive = STATES[state]
    assert snap(services(), size, drive)
