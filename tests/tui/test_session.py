"""Leaving while jobs run, coming back to them, and opening lwtui for the first time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lwtui import paths
from lwtui.dock.record import UnfinishedPull
from lwtui.tui.app import LwtuiApp
from lwtui.tui.first_run import TRACES, is_first_run, welcomed
from lwtui.tui.screens.quit import QuitScreen
from lwtui.tui.screens.resume import ResumeScreen
from lwtui.tui.screens.welcome import WelcomeScreen
from lwtui.tui.unfinished import LeftBehind, Unfinished, UnfinishedFile

from .fake_evaluation import record
from .fake_hub import COMMIT
from .fakes import FakeServices
from .helpers import app_with, ready, screen_text, wait_until
from .hub_steps import open_hub, start_pull

REPO = "open-bank/intent-lora"
JOBS = [
    Unfinished(
        "match",
        "Matching [b]my[/b]\x1b]0;x\x07\x1b[31m-data",
        {"path": "/demo/finance-support", "verify": 0},
    ),
    Unfinished("conversion", "Convert it", {"learnware": "starter/finance-003"}),
    Unfinished("evaluation", "Evaluating it", {"run": "20261121-100000-aaaa"}),
]
KILLED = """
import sys, time
from pathlib import Path
from lwtui.tui.unfinished import Unfinished, UnfinishedFile
file = UnfinishedFile(Path(sys.argv[1]))
file.keep([Unfinished("match", "a match", {"path": "/data", "verify": 12})])
while not list(Path(sys.argv[1]).glob("*.json")):
    time.sleep(0.01)
print("kept", flush=True)
time.sleep(600)
"""


def leave(jobs: list[Unfinished]) -> None:
    """What a session leaves that ends while these run."""
    file = UnfinishedFile()
    file.keep(jobs)
    file.close()


def test_what_ran_is_found_after_a_kill_and_never_while_it_lives(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "kept\n"
        assert LeftBehind(tmp_path).jobs == []
        os.kill(process.pid, signal.SIGKILL)
    left = LeftBehind(tmp_path)
    assert left.jobs == [Unfinished("match", "a match", {"path": "/data", "verify": 12})]
    assert LeftBehind(tmp_path).jobs == []  # somebody is being asked about it
    left.forget()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"a": 1}', "[1, null]", '[["match", "x", {"path": []}]]', "[" * 9999],
)
def test_a_broken_file_holds_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    left = LeftBehind(tmp_path)
    assert left.jobs == []
    left.forget()
    assert not list(tmp_path.glob("*.json"))


async def test_quitting_asks_and_a_pull_goes_on_next_time() -> None:
    services = FakeServices(6)
    services.pull_gate = threading.Semaphore(4)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await open_hub(pilot)
        await start_pull(pilot)
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: isinstance(app.screen, QuitScreen))
        assert "keeps what it has fetched" in screen_text(app)
        await pilot.press("escape")
        await wait_until(pilot, lambda: not isinstance(app.screen, QuitScreen))
        assert not app.session_jobs[0].cancel.cancelled
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: isinstance(app.screen, QuitScreen))
        await pilot.press("enter")
        await wait_until(pilot, lambda: not app.is_running)
    again = FakeServices(6)
    again.unfinished = [
        UnfinishedPull(REPO, COMMIT, 35_000_000, 14_000_000, "2026-11-20T12:00:00Z")
    ]
    app = app_with(again)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, ResumeScreen))
        assert "1 job was running" in screen_text(app)
        assert "goes on from what is here" in screen_text(app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: [repo for repo, _ in again.pulled] == [REPO])
        await wait_until(pilot, lambda: app.current_mode == "jobs" and not app.house.jobs)
    assert LeftBehind().jobs == []


@pytest.mark.parametrize("key", ["enter", "x", "escape"])
async def test_what_ran_is_offered_once(key: str) -> None:
    leave([*JOBS, Unfinished("evaluation", "a run that was deleted", {"run": "none"})])
    services = FakeServices(6)
    services.keep(record(state="paused", id="20261121-100000-aaaa"))
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, ResumeScreen))
        assert "3 jobs were running" in screen_text(app)
        assert "Matching [b]my[/b]-data  starts anew" in screen_text(app)
        assert "a run that was deleted" not in screen_text(app)
        await pilot.press(key)
        if key == "enter":
            await wait_until(pilot, lambda: services.verified == [0])
            await wait_until(pilot, lambda: ("convert", "starter/finance-003") in services.done)
            await wait_until(pilot, lambda: [job.state for job in app.session_jobs] == ["done"] * 3)
        elif key == "escape":
            await app.action_mode("jobs")
            await wait_until(pilot, lambda: "It ran when lwtui was left" in screen_text(app))
            assert {job.state for job in app.session_jobs} == {"stopped", "paused"}
        else:
            await wait_until(pilot, lambda: not app.session_jobs)
        app.exit()
    assert not list((paths.home() / "unfinished").iterdir())
    assert services.done == ([("convert", "starter/finance-003")] if key == "enter" else [])


async def test_from_the_welcome_to_a_first_answer_in_three_keys() -> None:
    services = FakeServices(24)
    app = LwtuiApp(services, welcome=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, WelcomeScreen))
        await pilot.press("enter")
        await wait_until(pilot, lambda: getattr(app.screen, "step", "") == "results")
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.current_mode == "chat")
        await wait_until(pilot, lambda: "My card did not arrive" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: "Hello there" in screen_text(app))
        assert services.chats[0].prompts == [services.view.examples[0].question]
    app = LwtuiApp(services, welcome=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        assert not isinstance(app.screen, WelcomeScreen)


@pytest.mark.parametrize(("key", "mode"), [("escape", "browse"), ("2", "match")])
async def test_the_welcome_holds_nobody_up(key: str, mode: str) -> None:
    app = LwtuiApp(FakeServices(6), welcome=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, WelcomeScreen))
        await pilot.press(key)
        await wait_until(pilot, lambda: app.current_mode == mode and len(app.screen_stack) == 1)


def test_the_first_time_is_told_by_what_using_lwtui_leaves(tmp_path: Path) -> None:
    assert is_first_run(tmp_path / "none")
    for trace in TRACES:
        (tmp_path / trace).touch()
        assert not is_first_run(tmp_path)
        (tmp_path / trace).unlink()
    welcomed(tmp_path / "new")
    assert not is_first_run(tmp_path / "new")
