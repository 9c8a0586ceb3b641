"""Specify, convert, publish and the indexes: forms, jobs, and what they say."""

from __future__ import annotations

from textual.widgets import Checkbox, Input

from lwtui.errors import LwtuiError
from lwtui.tui.bindings import ACTIONS
from lwtui.tui.hub_services import SubscriptionView
from lwtui.tui.screens.browse import BrowseScreen
from lwtui.tui.screens.publish_form import PublishScreen
from lwtui.tui.screens.specify import SpecifyScreen
from lwtui.tui.screens.subscriptions import SubscriptionsScreen
from lwtui.tui.widgets.row_table import RowTable

from .fake_hub import COMMIT
from .fakes import FakeServices
from .helpers import app_with, ready, screen_text, text_of, wait_until
from .hub_steps import notes

SIZE = (80, 24)
FIRST = "starter/finance-000"


async def test_specify_asks_how_and_runs_as_a_job() -> None:
    services = FakeServices(6)
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("S")
        await wait_until(pilot, lambda: isinstance(app.screen, SpecifyScreen))
        await pilot.press("down", "down", "enter")
        await wait_until(pilot, lambda: services.done == [("specify", FIRST, "datasets")])
        await wait_until(pilot, lambda: any("can be matched" in note for note in notes(app)))
        assert [job.title for job in app.session_jobs] == [f"Specify {FIRST}"]


async def test_convert_that_cannot_be_done_says_so() -> None:
    services = FakeServices(6)
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("C")
        await wait_until(pilot, lambda: any("not known to llama.cpp" in n for n in notes(app)))
        assert app.session_jobs[0].state == "failed"
        await pilot.press("down", "C")
        await wait_until(pilot, lambda: any("runs with llama.cpp" in note for note in notes(app)))


async def test_publish_shows_exactly_what_would_leave_and_sends_after_a_yes() -> None:
    services = FakeServices(6)
    app = app_with(services)
    async with app.run_test(size=(120, 30)) as pilot:
        await ready(pilot)
        await pilot.press("P")
        await wait_until(pilot, lambda: isinstance(app.screen, PublishScreen))
        form = app.screen
        await pilot.press("ctrl+s")
        assert "Name the repository first" in text_of(app, "#publish-said")
        await pilot.press(*"me", "enter")
        await wait_until(pilot, lambda: "is not the name" in text_of(app, "#publish-said"))
        form.query_one("#publish-private", Checkbox).value = True
        await pilot.press(*"/bank", "enter")
        await wait_until(pilot, lambda: "Exactly this" in text_of(app, "#publish-sum"))
        await wait_until(pilot, lambda: "learnware/pave-starter.safetensors" in screen_text(app))
        shown = screen_text(app)
        assert "me/bank (there already, as me; only you see it): 4 files" in " ".join(shown.split())
        assert "720,000 same 222222222222" in " ".join(shown.split())
        assert "asks to name the author" in shown
        assert not services.done
        await pilot.press("escape")  # back to the form, with what was typed
        assert form.query_one("#publish-to", Input).value == "me/bank"
        await pilot.press("enter")
        await wait_until(pilot, lambda: form.query_one("#publish-list").display)
        await pilot.press("y")
        await wait_until(pilot, lambda: services.done == [("publish", "me/bank", "True")])
        await wait_until(pilot, lambda: any("hub.example/me/bank" in note for note in notes(app)))
        assert isinstance(app.screen, BrowseScreen)


async def test_a_plan_to_publish_that_fails_stays_in_the_form() -> None:
    services = FakeServices(6)
    services.publish_error = LwtuiError("Your token may not write.", hint="Make one that may.")
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("P")
        await wait_until(pilot, lambda: isinstance(app.screen, PublishScreen))
        await pilot.press(*"me/x", "enter")
        await wait_until(pilot, lambda: "Make one that may" in text_of(app, "#publish-said"))
        await pilot.press("escape")
        await wait_until(pilot, lambda: isinstance(app.screen, BrowseScreen))
        assert not services.done


async def test_indexes_are_added_read_anew_and_removed() -> None:
    services = FakeServices(6)
    services.indexes = [SubscriptionView("lab/index", 120, COMMIT, "2026-11-20T10:00:00Z")]
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("I")
        await wait_until(pilot, lambda: isinstance(app.screen, SubscriptionsScreen))
        await wait_until(pilot, lambda: "lab/index" in screen_text(app))
        assert "2026-11-20" in screen_text(app)
        await pilot.press(*"other/index", "enter")
        await wait_until(pilot, lambda: any("120 learnwares are known" in n for n in notes(app)))
        assert any("Left out x/y was left out" in note for note in notes(app))
        await pilot.press("I")
        await wait_until(pilot, lambda: isinstance(app.screen, SubscriptionsScreen))
        table = app.screen.query_one(RowTable)
        await wait_until(pilot, lambda: table.row_count == 2)
        table.focus()
        await pilot.press("x")
        await wait_until(pilot, lambda: table.row_count == 1)
        assert [index.repo for index in services.indexes] == ["other/index"]
        await pilot.press("r")
        await wait_until(pilot, lambda: ("refresh",) in services.done)


async def test_an_index_that_is_not_there_is_a_message() -> None:
    app = app_with(FakeServices(6))
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("I")
        await wait_until(pilot, lambda: "None yet." in screen_text(app))
        await pilot.press(*"x/missing", "enter")
        await wait_until(pilot, lambda: any("not on the Hub" in note for note in notes(app)))


def test_what_is_done_with_the_hub_is_in_the_registry() -> None:
    ids = {action.id for action in ACTIONS}
    for name in (
        "source", "pull", "filter", "order", "adopt", "updates", "specify", "convert", "publish",
        "indexes",
    ):  # fmt: skip
        assert f"browse.{name}" in ids
    assert {"match.pull", "jobs.pause", "jobs.cancel"} <= ids
