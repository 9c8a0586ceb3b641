"""Pictures of jobs, errors, the question before leaving, what was left, and the welcome."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from textual.pilot import Pilot

from lwtui.dock.record import UnfinishedPull
from lwtui.errors import BadInput, LwtuiError
from lwtui.jobs import Part, Progress
from lwtui.tui.app import LwtuiApp
from lwtui.tui.evaluation_job import EvaluationJob
from lwtui.tui.pull_job import PullJob
from lwtui.tui.running_job import JobNote, RunningJob
from lwtui.tui.screens.errors import ErrorsScreen
from lwtui.tui.screens.jobs import JobsScreen
from lwtui.tui.screens.quit import QuitScreen
from lwtui.tui.screens.resume import ResumeScreen
from lwtui.tui.screens.welcome import WelcomeScreen

from .fake_hub import COMMIT
from .fakes import FakeServices
from .helpers import SIZES, wait_until

SMALL = (80, 24)
NOON = datetime(2026, 11, 21, 12, 0, 0)


def app_of(pilot: Pilot[None]) -> LwtuiApp:
    assert isinstance(pilot.app, LwtuiApp)
    return pilot.app


async def to_jobs(pilot: Pilot[None]) -> LwtuiApp:
    """The list of jobs, which is what the dialogues are pictured over."""
    app = app_of(pilot)
    await app.action_mode("jobs")
    await wait_until(pilot, lambda: isinstance(app.screen, JobsScreen))
    return app


def some_jobs(app: LwtuiApp) -> list[RunningJob]:
    """One of each state, with times that are the same whenever the picture is taken."""
    pull = PullJob("open-bank/intent-lora", size=35_000_000)
    for second in range(4):
        pull.advance(Progress(4e6 * second, 35e6, "two of three files", float(second)))
    parts = (Part("adapter_model.safetensors", 9e6, 30e6), Part("tokenizer.json", 3e6, 5e6))
    pull.advance(Progress(12e6, 35e6, "two of three files", 3.0, parts))
    evaluation = EvaluationJob("Evaluating finance-support, 3 models", "20261121-120000-aaaa")
    evaluation.advance(Progress(896, 2352, "starter/base on finance-support", 7.0))
    failed = RunningJob("Convert open-bank/東京-lora to GGUF", "browse", kind="conversion")
    failed.advance(Progress(3, 24, "q_proj [bold]of layer 3[/bold]", 2.0))
    done = RunningJob("Matching finance-support", kind="match")
    done.advance(Progress(64, 64, "computing the specification", 8.0))
    left = RunningJob("Matching school-maths", kind="match")
    jobs: list[RunningJob] = [done, failed, left, pull, evaluation]
    for job in jobs:
        app.count_job(job)
    error = LwtuiError("The layer 'q_proj' has no counterpart.", hint="Nothing was changed.")
    failed.end(error)
    done.end(None)
    left.was_left("It ran when lwtui was left: r runs it again.")
    failed.again = left.again = lambda: None
    for number, job in enumerate(jobs):
        job.started = NOON
        notes = [JobNote(NOON.replace(second=second), n.text) for second, n in enumerate(job.notes)]
        job.notes.clear()
        job.notes.extend(notes)
        job._seconds = 3.0 + number
    app.house = type(app.house)(app.house.learnwares, app.house.machine, (pull, evaluation))
    return jobs


@SIZES
def test_jobs(snap: Any, size: tuple[int, int]) -> None:
    async def drive(pilot: Pilot[None]) -> None:
        some_jobs(await to_jobs(pilot))
        await pilot.press("down")

    assert snap(FakeServices(), size, drive)


def test_log_of_a_job_that_failed(snap: Any) -> None:
    async def drive(pilot: Pilot[None]) -> None:
        some_jobs(await to_jobs(pilot))
        await pilot.press("down", "down", "down", "d")

    assert snap(FakeServices(), SMALL, drive)


def test_no_jobs(snap: Any) -> None:
    async def drive(pilot: Pilot[None]) -> None:
        await to_jobs(pilot)

    assert snap(FakeServices(), SMALL, drive)


def test_errors(snap: Any) -> None:
    async def drive(pilot: Pilot[None]) -> None:
        app = await to_jobs(pilot)
        app.complain(LwtuiError("No server answered.", hint="It can go on later."), "Pull a/b")
        error = BadInput(
            "Not JSON.", hint="Mend it.", file="数据/a[b].jsonl", line=7, field="answer"
        )
        app.complain(error, "This data cannot be used")
        for _ in range(len(app.complaints)):
            one = app.complaints.popleft()
            app.complaints.append(type(one)(NOON, one.title, one.text, one.details))
        await pilot.press("ctrl+e")
        await wait_until(pilot, lambda: isinstance(app.screen, ErrorsScreen))

    assert snap(FakeServices(), SMALL, drive)


def test_quitting_while_jobs_run(snap: Any) -> None:
    async def drive(pilot: Pilot[None]) -> None:
        some_jobs(await to_jobs(pilot))
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: isinstance(pilot.app.screen, QuitScreen))

    assert snap(FakeServices(), SMALL, drive)


def test_what_ran_last_time(snap: Any) -> None:
    async def drive(pilot: Pilot[None]) -> None:
        app = await to_jobs(pilot)
        pull = UnfinishedPull("a/b", COMMIT, 35_000_000, 14_000_000, "2026-11-20T12:00:00Z")
        jobs = [PullJob.begun_earlier(pull), RunningJob("Matching my-data", kind="match")]
        app.push_screen(ResumeScreen(jobs))
        await wait_until(pilot, lambda: isinstance(app.screen, ResumeScreen))

    assert snap(FakeServices(), SMALL, drive)


@SIZES
def test_the_first_time(snap: Any, size: tuple[int, int]) -> None:
    async def drive(pilot: Pilot[None]) -> None:
        app = await to_jobs(pilot)
        app.push_screen(WelcomeScreen(app.services.places()))
        await wait_until(pilot, lambda: isinstance(app.screen, WelcomeScreen))

    assert snap(FakeServices(), size, drive)
