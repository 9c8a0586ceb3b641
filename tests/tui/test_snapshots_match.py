"""Pictures of Match. After a wanted change: ``--snapshot-update``, then look at them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from lwtui.errors import BadInput
from lwtui.jobs import Progress
from lwtui.match.ranking import Ranked, Ranking
from lwtui.tui import messages
from lwtui.tui.app import LwtuiApp
from lwtui.tui.match_services import Place
from lwtui.tui.screens.ask import AskScreen
from lwtui.tui.screens.compare_matches import CompareMatchesScreen
from lwtui.tui.screens.fields_form import FieldsScreen
from lwtui.tui.widgets.match_view import MatchView

from .fakes import FakeServices
from .helpers import SIZES, Drive, screen_text, text_of, wait_until


async def pick(pilot: Pilot[None]) -> None:
    app = pilot.app
    await pilot.press("2")
    await wait_until(pilot, lambda: app.current_mode == "match" and app.screen.query("#places"))
    await wait_until(pilot, lambda: app.screen.query_one("#places").option_count == 3)
    await wait_until(pilot, lambda: len(app.screen.query_one("FolderTree").root.children) == 4)


async def preview(pilot: Pilot[None]) -> None:
    await pick(pilot)
    await pilot.press("enter")
    await wait_until(pilot, lambda: pilot.app.screen.step == "preview")


async def job(pilot: Pilot[None]) -> None:
    await preview(pilot)
    app = pilot.app
    assert isinstance(app, LwtuiApp)
    await pilot.press("s")
    await wait_until(pilot, lambda: app.house.jobs)
    progress = Progress(52, 128, "gradients", elapsed=3.2)
    app.screen.post_message(messages.JobProgressed(app.house.jobs[0], progress))
    await wait_until(pilot, lambda: "52 of 128" in screen_text(app))
    await wait_until(pilot, lambda: "━╸" in screen_text(app) or "━╺" in screen_text(app))


async def told(pilot: Pilot[None]) -> None:
    """The details follow the list a frame later."""
    view = pilot.app.screen.query_one(MatchView)
    await wait_until(pilot, lambda: view.match is not None and view._told is view.match)


async def results(pilot: Pilot[None]) -> None:
    await preview(pilot)
    await pilot.press("s")
    await wait_until(pilot, lambda: pilot.app.screen.step == "results")
    await told(pilot)


async def verified(pilot: Pilot[None]) -> None:
    await results(pilot)
    await pilot.press("v")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, AskScreen))
    await pilot.press("enter")
    await wait_until(pilot, lambda: "verified:" in text_of(pilot.app, "#match-head"))
    await wait_until(pilot, lambda: pilot.app.screen.step == "results")
    await told(pilot)


async def fields(pilot: Pilot[None]) -> None:
    await preview(pilot)
    await pilot.press("f")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, FieldsScreen))


async def compared(pilot: Pilot[None]) -> None:
    """A saved requirement, matched again, beside what was found before."""
    app = pilot.app
    await pilot.press("2")
    await wait_until(pilot, lambda: app.current_mode == "match" and app.screen.query("#places"))
    await wait_until(pilot, lambda: app.screen.query_one("#places").option_count == 5)
    await pilot.press("end", "enter")
    await wait_until(pilot, lambda: app.screen.step == "results")
    await told(pilot)
    await pilot.press("C")
    await wait_until(pilot, lambda: isinstance(app.screen, CompareMatchesScreen))


async def saved(pilot: Pilot[None]) -> None:
    await compared(pilot)
    await pilot.press("escape", "escape", "n")
    await wait_until(pilot, lambda: pilot.app.screen.step == "pick")


async def bad_data(pilot: Pilot[None]) -> None:
    await pick(pilot)
    await pilot.press("slash", *"/missing", "enter")
    await wait_until(pilot, lambda: list(pilot.app._notifications))


STATES: dict[str, Drive] = {
    drive.__name__: drive for drive in (pick, preview, fields, results, verified, bad_data)
}


@SIZES
@pytest.mark.parametrize("state", STATES)
def test_state(snap: Any, size: tuple[int, int], state: str) -> None:
    assert snap(FakeServices(24), size, STATES[state])


@SIZES
@pytest.mark.parametrize("drive", [compared, saved], ids=["compared", "saved"])
def test_match_saved(snap: Any, size: tuple[int, int], drive: Drive) -> None:
    services = FakeServices(24)
    services.offered.insert(0, Place("last-year", Path("/data/last-year"), "recent", gone=True))
    names = ("medicine-005", "finance-003", "medicine-001", "mathematics-002", "an-old-one")
    places = tuple(Ranked(f"starter/{name}", 0.8 - 0.1 * n) for n, name in enumerate(names))
    services.requirements["bank questions"] = [
        Ranking("finance-support", "starter", "gradient", 64, "close call", places, places[0].id,
                0.71, when="2026-08-20T09:30:00+00:00")
    ]  # fmt: skip
    assert snap(services, size, drive)


@SIZES
def test_match_job(snap: Any, size: tuple[int, int]) -> None:
    services = FakeServices(24)
    services.match_gate = threading.Semaphore(0)
    assert snap(services, size, job)


@SIZES
def test_match_when_nothing_fits(snap: Any, size: tuple[int, int]) -> None:
    services = FakeServices(24)
    services.far = True
    assert snap(services, size, results)


@SIZES
def test_match_with_gains_to_expect(snap: Any, size: tuple[int, int]) -> None:
    services = FakeServices(24)
    services.gains = True
    assert snap(services, size, verified)


def test_a_bad_input_names_its_file() -> None:
    """The text of the picture ``bad_data`` is the error's own."""
    error = BadInput("There is no such file or folder.", file="/missing")
    assert str(error) == "/missing: There is no such file or folder."
