"""Pulls in the app: plan, progress, pause, go on, cancel, failure; what is found when it opens."""

from __future__ import annotations

import threading
from dataclasses import replace

from textual.widgets import Button

from lwtui.dock.record import PullPlan, UnfinishedPull
from lwtui.errors import Cancelled, LwtuiError
from lwtui.jobs import Progress
from lwtui.tui.app import LwtuiApp
from lwtui.tui.hub_services import Choice, UpdateView
from lwtui.tui.pull_job import PullJob
from lwtui.tui.screens.adopt import AdoptScreen
from lwtui.tui.screens.end_pull import EndPullScreen
from lwtui.tui.screens.jobs import JobsScreen, amount, speed
from lwtui.tui.screens.updates import UpdatesScreen
from lwtui.tui.widgets.match_view import MatchView
from lwtui.tui.widgets.row_table import RowTable

from .fake_hub import COMMIT, hub_model
from .fakes import FakeServices
from .helpers import app_with, ready, screen_text, text_of, wait_until
from .hub_steps import notes, open_hub, pane, plan, start_pull

SIZE = (120, 36)
REPO = "open-bank/intent-lora"


def pull_of(app: LwtuiApp) -> PullJob:
    job = app.pull_of(REPO)
    assert job is not None
    return job


def held() -> FakeServices:
    """A Hub of which each step of a pull waits for the test; four may go."""
    services = FakeServices(6)
    services.pull_gate = threading.Semaphore(4)
    return services


async def to_jobs(app: LwtuiApp, pilot: object) -> None:
    await app.action_mode("jobs")
    await wait_until(pilot, lambda: app.screen.query("#jobs"))  # type: ignore[arg-type]


async def test_plan_pull_and_then_it_can_be_chatted_with() -> None:
    services = FakeServices(6)
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await open_hub(pilot)
        await plan(pilot)
        shown = screen_text(app)
        for fact in (
            "35 MB to fetch", "988 MB of 1.0 GB are here", "40 GB free on the disk",
            "its base comes along: Qwen/Qwen2.5-0.5B-Instruct, 988 MB", "revision 0123456789ab",
            "adapter_config.json  780 B", "pickle can run code",
        ):  # fmt: skip
            assert fact in shown
        assert not services.pulled  # looking costs nothing
        await pilot.press("enter")
        await wait_until(pilot, lambda: pull_of(app).state == "done")
        assert services.pulled == [(REPO, "")]
        await wait_until(pilot, lambda: any(f"{REPO} is here" in note for note in notes(app)))
        await wait_until(pilot, lambda: pane(app).models[0].here)
        await wait_until(pilot, lambda: app.house.learnwares == 7)
        assert not app.house.jobs
        await pilot.press("c")
        await wait_until(pilot, lambda: app.current_mode == "chat" and app.screen._chat)
        assert REPO in text_of(app, "#chat-head")


async def test_escape_leaves_the_plan_and_nothing_happens() -> None:
    services = FakeServices(6)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_hub(pilot)
        await plan(pilot)
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen.query("#hub-models"))
        assert not services.pulled
        assert not app.session_jobs


async def test_a_quantisation_is_chosen_with_its_own_figures() -> None:
    services = FakeServices(6)
    services.choices = (
        Choice("Q2_K", 2_100_000_000, True),
        Choice("Q4_K_M", 3_900_000_000, True, advised=True),
        Choice("F16", 60_000_000_000, False),
    )
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_hub(pilot)
        await plan(pilot)
        table = app.screen.query_one("#plan-choices", RowTable)
        assert table.cursor == 1
        assert "3.9 GB to fetch" in screen_text(app)
        await pilot.press("down")
        await wait_until(pilot, lambda: "20 GB missing" in screen_text(app))
        assert app.screen.query_one("#pull", Button).disabled  # no room for it
        await pilot.press("enter", "up", "up")
        await wait_until(pilot, lambda: "2.1 GB to fetch" in screen_text(app))
        await wait_until(pilot, lambda: not app.screen.query_one("#pull", Button).disabled)
        await pilot.press("enter")
        await wait_until(pilot, lambda: services.pulled == [(REPO, "Q2_K")])


async def test_a_plan_that_cannot_be_made_says_what_to_do() -> None:
    services = FakeServices(6)
    services.plan_error = LwtuiError("It is gated.", hint="Ask for access on its page.")
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_hub(pilot)
        await pilot.press("p")
        await wait_until(pilot, lambda: "It is gated. Ask for access" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen.query("#hub-models"))
        assert not services.pulled


async def test_progress_with_its_files_then_pause_and_go_on() -> None:
    services = held()
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await open_hub(pilot)
        await start_pull(pilot)
        await wait_until(pilot, lambda: pull_of(app).progress and pull_of(app).progress.done > 1e7)
        await wait_until(pilot, lambda: "↓ 40%" in screen_text(app))  # in the list too
        await to_jobs(app, pilot)
        await wait_until(pilot, lambda: "14 of 35 MB" in screen_text(app))
        shown = screen_text(app)
        assert "adapter_model.safetensors" in shown
        assert "14 MB of 35 MB" in shown
        await pilot.press("space")
        await wait_until(pilot, lambda: pull_of(app).state == "paused")
        assert not app.house.jobs
        assert "‖ paused" in screen_text(app)
        assert not app._notifications  # the user wanted it
        await pilot.press("space")
        await wait_until(pilot, lambda: len(services.pulled) == 2)
        services.pull_gate.release(30)
        await wait_until(pilot, lambda: pull_of(app).state == "done")
        assert len(app.session_jobs) == 1


async def test_a_cancel_keeps_or_discards() -> None:
    services = held()
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_hub(pilot)
        await start_pull(pilot)
        await wait_until(pilot, lambda: pull_of(app).progress and pull_of(app).progress.done > 1e7)
        await to_jobs(app, pilot)
        await pilot.press("x")
        await wait_until(pilot, lambda: isinstance(app.screen, EndPullScreen))
        assert "14 MB fetched so far" in screen_text(app)
        await pilot.press("escape")
        assert pull_of(app).state == "running"
        await pilot.press("x")
        await wait_until(pilot, lambda: isinstance(app.screen, EndPullScreen))
        await pilot.press("k")
        await wait_until(pilot, lambda: pull_of(app).state == "stopped")
        assert not services.discarded
        assert pull_of(app).can_resume
        await pilot.press("x")
        await wait_until(pilot, lambda: isinstance(app.screen, EndPullScreen))
        await pilot.press("x")
        await wait_until(pilot, lambda: services.discarded == [REPO])
        await wait_until(pilot, lambda: "12 MB freed" in text_of(app, "#job-text"))
        assert not pull_of(app).can_resume


async def test_a_running_pull_is_discarded_only_after_it_has_stopped() -> None:
    services = held()
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await open_hub(pilot)
        await start_pull(pilot)
        app.stop_pull(pull_of(app), "discard")
        await wait_until(pilot, lambda: services.discarded == [REPO])
        assert pull_of(app).state == "stopped"


async def test_a_pull_that_fails_says_why_and_goes_on_when_told() -> None:
    services = FakeServices(6)
    services.pull_error = LwtuiError("The connection was lost.", hint="It can go on.")
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await open_hub(pilot)
        await start_pull(pilot)
        await wait_until(pilot, lambda: pull_of(app).state == "failed")
        await wait_until(pilot, lambda: any("The connection was lost" in n for n in notes(app)))
        await pilot.press("p")  # no new plan: what was begun goes on
        await wait_until(pilot, lambda: pull_of(app).state == "done")
        assert len(services.pulled) == 2


async def test_several_pulls_run_at_once() -> None:
    services = held()
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await open_hub(pilot)
        await start_pull(pilot)
        await pilot.press("p")
        await wait_until(pilot, lambda: any("is being pulled" in note for note in notes(app)))
        for number in range(5):  # with it, as many as asyncio's executor has threads on two cores
            app.start_pull(PullPlan(f"someone/model-{number}", COMMIT, ()))
        assert len(app.house.jobs) == 6
        await pilot.press("s")  # the collection is still read meanwhile
        await wait_until(pilot, lambda: app.screen.query_one("#learnwares").row_count == 6)
        services.pull_gate.release(100)
        await wait_until(pilot, lambda: not app.house.jobs)
        await wait_until(pilot, lambda: app.house.learnwares == 12)


async def test_unfinished_pulls_of_earlier_sessions_are_offered() -> None:
    services = FakeServices(6)
    services.unfinished = [
        UnfinishedPull(REPO, COMMIT, 35_000_000, 14_000_000, "2026-11-20T12:00:00Z")
    ]
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await wait_until(pilot, lambda: any("1 unfinished pull can" in n for n in notes(app)))
        await to_jobs(app, pilot)
        assert "‖ paused" in screen_text(app)
        assert "40%" in screen_text(app)
        assert "Begun in an earlier session" in text_of(app, "#job-text")
        await pilot.press("space")
        await wait_until(pilot, lambda: pull_of(app).state == "done")
        assert isinstance(app.screen, JobsScreen)


async def test_leaving_stops_pulls_and_waits_for_none_that_hangs() -> None:
    services = held()
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await open_hub(pilot)
        await start_pull(pilot)
        await wait_until(pilot, lambda: app.house.jobs)
        services.hub_gate = threading.Semaphore(0)  # and a server that never answers
        await pilot.press("r", "ctrl+q", "ctrl+q")
        await wait_until(pilot, lambda: not app.is_running)
    app.await_jobs()
    assert not any(thread.is_alive() for thread in app._job_threads)
    services.hub_gate.release(9)


async def test_models_in_the_cache_are_offered_once_and_taken_in() -> None:
    services = FakeServices(6)
    services.cached = [hub_model(number) for number in range(3)]
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_hub(pilot)
        offer = "3 models found in your cache: a takes them in"
        await wait_until(pilot, lambda: any(offer in note for note in notes(app)))
        await pilot.press("s", "s", "s")
        assert sum(offer in note for note in notes(app)) == 1
        await pilot.press("a")
        await wait_until(pilot, lambda: isinstance(app.screen, AdoptScreen))
        await pilot.press("down", "space", "enter")
        await wait_until(pilot, lambda: app.house.learnwares == 8)
        services.cached = []
        await pilot.press("a")
        await wait_until(pilot, lambda: any("no complete model" in note for note in notes(app)))


async def test_newer_revisions_with_their_files() -> None:
    services = FakeServices(6)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("u")
        await wait_until(pilot, lambda: any("the newest there is" in note for note in notes(app)))
        changed = (("changed", "adapter_model.safetensors", 35_000_000), ("removed", "old.txt", 0))
        services.newer = [UpdateView(REPO, "a" * 40, "b" * 40, changed)]
        await pilot.press("u")
        await wait_until(pilot, lambda: isinstance(app.screen, UpdatesScreen))
        await wait_until(pilot, lambda: "changed   adapter_model.safetensors" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: services.planned == [(REPO, "")])
        await wait_until(pilot, lambda: "revision bbbbbbbbbbbb" in screen_text(app))


async def test_a_match_on_the_hub_is_marked_and_one_key_pulls_the_winner() -> None:
    services = FakeServices(24)
    winner = services.learnwares[1]
    services.learnwares[1] = replace(winner, pulled=False)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2")
        await wait_until(pilot, lambda: app.current_mode == "match" and app.screen.query("#places"))
        await wait_until(pilot, lambda: app.screen.query_one("#places").option_count)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen.step == "preview")
        await pilot.press("s")
        await wait_until(pilot, lambda: app.screen.step == "results")
        assert "the best is on the Hub: p pulls it" in screen_text(app)
        for key in ("c", "e", "p"):  # what cannot be done yet offers the pull it takes
            await pilot.press(key)
            await wait_until(pilot, lambda: app.screen.query("#plan-sum"))
            if key != "p":
                await pilot.press("escape")
                await wait_until(pilot, lambda: app.screen.query("#results"))
        await wait_until(pilot, lambda: getattr(app.screen, "_offer", None))
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen.query(MatchView))
        view = app.screen.query_one(MatchView)
        await wait_until(pilot, lambda: view.match and view.match.learnware.pulled)
        assert view.match.id == winner.id
        assert "on the Hub" not in screen_text(app)
        await pilot.press("c")
        await wait_until(pilot, lambda: app.current_mode == "chat")


def test_the_speed_is_of_late_and_what_was_here_before_does_not_count() -> None:
    job = PullJob("a/b", size=100_000_000, have=50_000_000)
    assert job.speed is None
    for second in range(20):
        job.advance(Progress(50e6 + 1e6 * second, 100e6, elapsed=float(second)))
    assert speed(job) == "1.0 MB/s"
    assert job.remaining == 31.0
    assert amount(job) == "69 of 100 MB"
    for second in range(20, 40):
        job.advance(Progress(69e6, 100e6, elapsed=float(second)))
    assert speed(job) == "0 B/s"
    assert job.remaining is None
    job.end(Cancelled())
    assert job.state == "paused"
    assert speed(job) == ""
