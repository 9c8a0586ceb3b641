"""The whole way with the real workflow and the starter collection, as a person goes it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import psutil
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from lwtui import paths
from lwtui.evaluate.record import RunSettings
from lwtui.tui.app import LwtuiApp
from lwtui.tui.evaluation_messages import OpenEvaluation
from lwtui.tui.evaluation_services import EvaluationRequest
from lwtui.tui.screens.ask import AskScreen
from lwtui.tui.screens.chat import ChatScreen
from lwtui.tui.screens.evaluate import EvaluateScreen
from lwtui.tui.screens.match import MatchScreen
from lwtui.tui.screens.quit import QuitScreen
from lwtui.tui.screens.resume import ResumeScreen
from lwtui.tui.screens.welcome import WelcomeScreen
from lwtui.tui.widgets.match_view import MatchView
from lwtui.tui.widgets.prompt import PromptArea
from lwtui.tui.widgets.row_table import RowTable
from lwtui.tui.widgets.run_form import RunForm
from lwtui.tui.workflow_services import WorkflowServices

from .helpers import ready, screen_text, wait_until

PATIENCE = 180.0
"""Seconds for what a model does on a busy machine."""
DEMOS = ("clinic-questions", "finance-support", "school-maths")


async def three_keys(pilot: Pilot[None], app: LwtuiApp) -> ChatScreen:
    """From the first start to the first words of an answer: enter, enter, enter."""
    await wait_until(pilot, lambda: isinstance(app.screen, WelcomeScreen))
    await pilot.press("enter")
    await wait_until(pilot, lambda: isinstance(app.screen, MatchScreen))
    ranking = app.screen
    assert isinstance(ranking, MatchScreen)
    await wait_until(pilot, lambda: ranking.step == "results", PATIENCE)
    best = ranking.query_one(MatchView).match
    assert best is not None
    assert best.learnware.semantic.domain == "finance"
    await pilot.press("enter")
    await wait_until(pilot, lambda: isinstance(app.screen, ChatScreen))
    chat = app.screen
    assert isinstance(chat, ChatScreen)
    # A row of the data is there to be sent; the model may still be loading.
    await wait_until(pilot, lambda: "monthly fee" in chat.query_one(PromptArea).text)
    await pilot.press("enter")
    await wait_until(pilot, lambda: chat._last and chat._last.text, PATIENCE)
    assert best.learnware.id in screen_text(app)
    return chat


async def chat_screen(pilot: Pilot[None], app: LwtuiApp) -> ChatScreen:
    await wait_until(pilot, lambda: app.current_mode == "chat")
    screen = app.screen
    assert isinstance(screen, ChatScreen)
    await wait_until(pilot, lambda: screen._chat and not screen._loading, PATIENCE)
    return screen


async def ask(pilot: Pilot[None], screen: ChatScreen, text: str) -> None:
    """Send a prompt and wait for the first words of its answer."""
    before = screen._turn
    await pilot.press(*text, "enter")
    await wait_until(
        pilot, lambda: screen._turn > before and screen._last and screen._last.text, PATIENCE
    )


async def ask_and_hold(
    pilot: Pilot[None], screen: ChatScreen, process_id: int, text: str
) -> psutil.Process:
    """Send a prompt and hold its model still in the middle of the answer: a fast machine may end
    one before anything else can be done, and is then asked again."""
    model = psutil.Process(process_id)
    for _ in range(10):
        await ask(pilot, screen, text)
        model.suspend()
        for _ in range(5):
            await pilot.pause()  # what was on its way arrives
        if screen._answer is not None:
            return model
        model.resume()
    raise AssertionError("every answer ended before it could be held")


@pytest.mark.timeout(400)
async def test_three_keys_to_a_chat_then_stop_die_go_on_quit() -> None:
    services = WorkflowServices()
    app = LwtuiApp(services, welcome=True)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await three_keys(pilot, app)
        await wait_until(pilot, lambda: screen._answer is None, PATIENCE)
        await chat_screen(pilot, app)
        chat = services._chat
        assert chat is not None
        # Nearly every token equally likely: an answer that does not end by itself too soon.
        chat.configure(temperature=100.0, top_k=0, top_p=1.0, max_tokens=100_000)
        first = chat.process_id
        assert first is not None
        model = await ask_and_hold(pilot, screen, first, "hi")
        await pilot.press("escape")
        model.resume()
        await wait_until(pilot, lambda: screen._answer is None)
        await wait_until(pilot, lambda: "stopped" in screen_text(app))
        assert screen._last is not None
        assert screen._last.text
        # Killed in the middle of an answer: the text stays, the app lives.
        await ask_and_hold(pilot, screen, first, "go on")
        os.kill(first, signal.SIGKILL)
        await wait_until(pilot, lambda: screen._answer is None)
        assert screen._last.text
        # The line below the answer is drawn, and scrolled to, a frame or more later.
        await wait_until(pilot, lambda: "✗" in screen_text(app))
        # The next prompt is answered by a new process.
        await ask(pilot, screen, "and now")
        second = chat.process_id
        assert second is not None
        assert second != first
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: not app.is_running)
    services.close()
    assert not psutil.pid_exists(second)


async def test_stopping_a_specification_ends_its_process() -> None:
    services = WorkflowServices()
    app = LwtuiApp(services)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("2")
        await wait_until(pilot, lambda: isinstance(app.screen, MatchScreen))
        screen = app.screen
        assert isinstance(screen, MatchScreen)
        screen.read_preview(paths.demo_root() / "finance-support")
        await wait_until(pilot, lambda: screen.step == "preview")
        before = set(psutil.Process().children(recursive=True))
        await pilot.press("s")
        await wait_until(pilot, lambda: screen.step == "job")
        await pilot.press("escape")
        await wait_until(pilot, lambda: screen.step == "preview")
        assert app.house.jobs == ()
    services.close()
    started = set(psutil.Process().children(recursive=True)) - before
    assert not [process for process in started if "worker" in " ".join(process.cmdline())]


async def test_the_demo_folders_are_offered_and_the_last_one_first(tmp_path: Path) -> None:
    services = WorkflowServices()
    assert [place.label for place in services.places()] == list(DEMOS)
    services.remember(tmp_path)
    services.remember(paths.demo_root() / "school-maths")
    places = services.places()
    assert [place.kind for place in places] == ["recent", "recent", "demo", "demo"]
    assert places[0].label == "school-maths"
    services.close()


async def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    app = LwtuiApp(WorkflowServices())
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("2")
        await wait_until(pilot, lambda: isinstance(app.screen, MatchScreen))
        screen = app.screen
        assert isinstance(screen, MatchScreen)
        for path in (tmp_path / "empty", tmp_path / "missing", Path("/dev/null")):
            app.clear_notifications()
            screen.read_preview(path)
            await wait_until(pilot, lambda: list(app._notifications))
            assert screen.step == "pick"
    app.services.close()


@pytest.mark.timeout(400)
async def test_evaluate_pause_go_on_read_and_look_at_rows(tmp_path: Path) -> None:
    """A demo folder on two models: pause in the middle, go on, the sentence, the rows, a file."""
    services = WorkflowServices()
    app = LwtuiApp(services)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await wait_until(pilot, lambda: isinstance(app.screen, EvaluateScreen))
        screen = app.screen
        assert isinstance(screen, EvaluateScreen)
        request = EvaluationRequest(
            (str(paths.demo_root() / "finance-support"),),
            ("starter/banking-intent",),
            settings=RunSettings(limit=24, batch=8),
        )
        screen.begin(request)
        await wait_until(pilot, lambda: screen.step == "form")
        screen.query_one(RunForm).post_message(RunForm.Submitted(request))
        await wait_until(pilot, lambda: screen.step == "plan", PATIENCE)
        prompt = screen.query_one("#plan-prompt", Static)
        await wait_until(pilot, lambda: "reading the first" not in str(prompt.render()), PATIENCE)
        assert len(str(prompt.render())) > 20
        await pilot.press("s")
        await wait_until(pilot, lambda: "▶" in screen_text(app) and screen.job_run, PATIENCE)
        await pilot.press("p")
        await wait_until(pilot, lambda: screen.job is None, PATIENCE)
        (run,) = services.runs()
        if run.state != "done":  # a fast machine may have finished before the key
            assert run.state == "paused"
            await wait_until(pilot, lambda: "‖ paused" in screen_text(app))
            await pilot.press("p")
        await wait_until(pilot, lambda: services.runs()[0].state == "done", PATIENCE)
        await wait_until(pilot, lambda: "★" in screen_text(app), PATIENCE)
        await wait_until(pilot, lambda: "on your 24 rows" in screen_text(app), PATIENCE)
        await pilot.press("enter")
        table = screen.query_one("#samples", RowTable)
        await wait_until(pilot, lambda: table.row_count == 24)
        await pilot.press("b")
        await wait_until(pilot, lambda: "is right" in screen_text(app))
        await pilot.press("escape", "x")
        await wait_until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one(Input).value = str(tmp_path / "run.csv")
        await pilot.press("enter")
        await wait_until(pilot, lambda: (tmp_path / "run.csv").is_file())
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: not app.is_running)
    services.close()


@pytest.mark.timeout(400)
async def test_quitting_in_the_middle_of_an_evaluation_and_going_on_next_time() -> None:
    services = WorkflowServices()
    app = LwtuiApp(services)
    before = set(psutil.Process().children(recursive=True))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        folder = str(paths.demo_root() / "finance-support")
        request = EvaluationRequest((folder,), ("starter/banking-intent",))
        app.post_message(OpenEvaluation(request, go=True))
        await wait_until(pilot, lambda: isinstance(app.screen, EvaluateScreen))
        screen = app.screen
        assert isinstance(screen, EvaluateScreen)
        await wait_until(pilot, lambda: screen.job_run, PATIENCE)
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: isinstance(app.screen, QuitScreen))
        await pilot.press("enter")
        await wait_until(pilot, lambda: not app.is_running)
        await wait_until(pilot, lambda: services.runs()[0].state == "paused", PATIENCE)
    services.close()
    services = WorkflowServices()
    app = LwtuiApp(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, ResumeScreen))
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.house.jobs, PATIENCE)
        assert services.runs()[0].state in ("paused", "running")
        await pilot.press("ctrl+q", "ctrl+q")
        await wait_until(pilot, lambda: not app.is_running)
    services.close()
    started = set(psutil.Process().children(recursive=True)) - before
    assert not [process for process in started if "worker" in " ".join(process.cmdline())]
