"""The list of jobs, errors to look at, and calling whoever looks elsewhere."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from textual.widgets import Input

from lwtui.errors import BadInput
from lwtui.tui import attention
from lwtui.tui.app import LwtuiApp
from lwtui.tui.running_job import RunningJob
from lwtui.tui.screens.errors import ErrorsScreen
from lwtui.tui.screens.jobs import JobsScreen

from .fakes import FakeServices
from .helpers import app_with, ready, screen_text, text_of, wait_until
from .hub_steps import notes

HOSTILE = "[red]red[/red] \x1b]0;title\x07 \x1b[31m"
HARMLESS = "[red]red[/red]"


async def to_jobs(app: LwtuiApp, pilot: Any) -> None:
    await app.action_mode("jobs")
    await wait_until(
        pilot, lambda: isinstance(app.screen, JobsScreen) and app.screen.query("#jobs")
    )


async def test_a_failed_job_keeps_its_log_and_is_run_again() -> None:
    services = FakeServices(6)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        app.convert("starter/finance-000")
        await wait_until(pilot, lambda: app.session_jobs[0].state == "failed")
        (job,) = app.session_jobs
        for number in range(40):
            job.note(f"tensor {'x' * number}, {HOSTILE}")
            job.note(f"tensor {'x' * number}, 12 rows")
            job.note(f"tensor {'x' * number}, 13 rows")
        await to_jobs(app, pilot)
        for said in ("✗ failed", "This family is not known to llama.cpp.", "Nothing was changed."):
            assert said in screen_text(app)
        assert f"tensor {'x' * 39}, {HARMLESS}" in screen_text(app)
        assert f"tensor {'x' * 39}, 13 rows" in screen_text(app)
        assert f"tensor {'x' * 39}, 12 rows" not in screen_text(app)  # only its number changed
        assert f"tensor {'x' * 34}, " not in screen_text(app)
        await pilot.press("d")  # more room for the log
        await wait_until(pilot, lambda: f"tensor {'x' * 34}, " in screen_text(app))
        await pilot.press("d", "y")
        await wait_until(pilot, lambda: "tensor , 13 rows" in app.clipboard)
        assert "\x1b" not in app.clipboard
        await pilot.press("r")
        await wait_until(pilot, lambda: len(services.done) == 2 and job.state == "failed")
        assert app.session_jobs == [job]
        assert "begun again" in [note.text for note in job.notes]
        await pilot.press("c")
        await wait_until(pilot, lambda: "No job yet." in screen_text(app))
        assert not app.screen.check_action("retry", ())


async def test_a_stopped_job_can_be_run_again_and_the_cursor_stays_on_it() -> None:
    app = app_with(FakeServices(6))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        gate = threading.Event()

        def work(context: Any) -> None:
            while not gate.wait(0.01):
                context.progress(1, 4, "working")

        for name in ("first", "second"):
            app.do_job(RunningJob(f"the {name}", kind="specification"), work)
        await to_jobs(app, pilot)
        await pilot.press("down", "x")
        first = app.session_jobs[0]
        await wait_until(pilot, lambda: first.state == "stopped")
        app.start_job("the third")
        await pilot.press("r")
        await wait_until(pilot, lambda: first.state == "running")
        assert "the first" in text_of(app, "#job-text")
        gate.set()
        await wait_until(pilot, lambda: len(app.house.jobs) == 1)
        assert first.state == "done"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_errors_are_kept_whole_and_a_key_shows_and_copies_them() -> None:
    app = app_with(FakeServices(6))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("ctrl+e")
        await wait_until(pilot, lambda: "Nothing has gone wrong" in screen_text(app))
        await pilot.press("escape", "slash")
        await wait_until(pilot, lambda: isinstance(app.focused, Input))
        await pilot.press("ctrl+e")  # nothing is unread: in a text it means what it means there
        assert not isinstance(app.screen, ErrorsScreen)
        error = BadInput(f"Not {HOSTILE}", hint="Mend it.", file="a[b].csv", line=3, field="x")
        app.complain(error, f"Reading {HOSTILE}")
        await wait_until(pilot, lambda: any("^e: details" in note for note in notes(app)))
        assert all("\x1b" not in note for note in notes(app))
        await pilot.press("ctrl+e")
        await wait_until(pilot, lambda: isinstance(app.screen, ErrorsScreen))
        shown = text_of(app, "#error-text")
        for part in (f"Not {HARMLESS}", "Mend it.", "file: a[b].csv", "line: 3", "field: x"):
            assert part in shown
        await pilot.press("y")
        assert app.clipboard.strip() == shown.strip()
        await pilot.press("ctrl+e")
        await wait_until(pilot, lambda: not isinstance(app.screen, ErrorsScreen))
        app.complain(OSError("a book " * 1_000_000), "A server says more than anybody reads")
        assert len(app.complaints.pop().text) <= 20_000
        app.do_job(RunningJob("a job with a bug"), lambda context: 1 / 0)
        await wait_until(pilot, lambda: len(app.complaints) == 2)
        await pilot.press("ctrl+e")
        await wait_until(pilot, lambda: "ZeroDivisionError" in text_of(app, "#error-text"))


@pytest.mark.parametrize(
    ("way", "web", "written"),
    [
        ("bell", False, "\a"),
        ("osc9", False, "\x1b]9;lwtui: Pull 4,x: done\a"),
        ("osc777", False, "\x1b]777;notify;lwtui;Pull 4,x: done\a"),
        ("off", False, ""),
        ("osc9", True, ""),
        ("bell", True, ""),
    ],
)
def test_who_looks_elsewhere_is_called(way: str, web: bool, written: str) -> None:
    said: list[str] = []
    driver = SimpleNamespace(write=said.append, flush=lambda: None)
    terminal = SimpleNamespace(
        _driver=driver, is_web=web, is_headless=False, bell=lambda: said.append("\a")
    )
    attention.call(cast("Any", terminal), way, "Pull 4;x\x07\x1b\\\x9c\n: done".replace("\n", ""))
    assert "".join(said) == written
