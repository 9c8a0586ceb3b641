"""Evaluate and Jobs: runs renamed, exported, compared, deleted, left and gone on with."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from lwtui.evaluate.record import Cell, RunSettings
from lwtui.tui.screens.ask import AskScreen, ConfirmScreen
from lwtui.tui.screens.evaluate import rival
from lwtui.tui.screens.evaluate_files import file_name, kind_of
from lwtui.tui.screens.jobs import JobsScreen
from lwtui.tui.widgets.row_table import RowTable
from lwtui.tui.widgets.run_form import task_names
from lwtui.tui.widgets.run_panel import RunPanel

from .evaluate_steps import FOLDER, GROUP, at_step, fill, open_evaluate, shows
from .fake_evaluation import BASE, NAMES, SENTENCE, record
from .fakes import FakeServices
from .helpers import app_with, ready, screen_text, wait_until


async def test_rename_export_picture_delete() -> None:
    services = FakeServices(24)
    services.keep(record())
    services.keep(record(GROUP, id="20261121-101500-bbbb", name="medical, 3 models"))
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_evaluate(pilot, app)
        await wait_until(pilot, shows(app, "medical, 3 models", "finance-support, 3 models"))
        await pilot.press("r")
        await wait_until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one(Input).value = "first try"
        await pilot.press("enter")
        await wait_until(pilot, shows(app, "first try"))
        for key, ending, kind in (("x", ".md", "markdown"), ("i", ".svg", "picture")):
            await pilot.press(key)
            await wait_until(pilot, lambda: isinstance(app.screen, AskScreen))
            assert app.screen.query_one(Input).value.endswith(f"first-try{ending}")
            await pilot.press("enter")
            await wait_until(pilot, lambda kind=kind: services.written[-1:] and
                             services.written[-1][1] == kind)  # fmt: skip
        await pilot.press("delete")
        await wait_until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is screen)
        assert len(services.kept) == 2
        await pilot.press("delete")
        await wait_until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        await pilot.press("y")
        await wait_until(pilot, lambda: list(services.kept) == ["20261121-091203-3f2a"])
        await wait_until(pilot, lambda: "first try" not in screen_text(app))


async def test_two_runs_side_by_side() -> None:
    services = FakeServices(24)
    services.keep(record())
    services.keep(record(id="20261121-101500-bbbb", name="again", settings=RunSettings(limit=32)))
    services.keep(record(GROUP, id="20261121-111500-cccc", name="medical"))
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_evaluate(pilot, app)
        await wait_until(pilot, shows(app, "medical", "again"))
        await pilot.press("c")
        await wait_until(pilot, shows(app, "◆ medical"))
        await pilot.press("down", "c")
        await wait_until(
            pilot,
            lambda: any("have no task in common" in n.message for n in app._notifications),
        )
        app.clear_notifications()
        await pilot.press("c", "down", "c")
        await at_step(pilot, screen, "run")
        await wait_until(pilot, shows(app, "again beside finance-support, 3 models"))
        assert "8 models × 1 task" in screen_text(app)
        assert "not the same settings: rows 32 and 64" in screen_text(app)
        app.clear_notifications()
        await pilot.press("enter")
        await wait_until(pilot, lambda: list(app._notifications))
        assert screen.step == "run"


async def test_deleting_what_runs_stops_it_first() -> None:
    services = FakeServices(24)
    services.gate = threading.Semaphore(3)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_evaluate(pilot, app)
        await fill(pilot, screen, FOLDER)
        await at_step(pilot, screen, "plan")
        await pilot.press("s")
        await wait_until(pilot, shows(app, "▶ 50%"))
        await pilot.press("delete")
        await wait_until(pilot, lambda: isinstance(app.screen, ConfirmScreen))
        assert "Stop and delete" in str(app.screen.query_one("#ask").border_title)
        await pilot.click("#yes")
        await wait_until(pilot, lambda: not services.kept and screen.step == "runs")
        assert screen.job is None


async def test_jobs_are_listed_and_cancelled() -> None:
    services = FakeServices(24)
    services.gate = threading.Semaphore(3)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("5")
        await wait_until(pilot, shows(app, "No job yet."))
        await pilot.press("1")
        screen = await open_evaluate(pilot, app)
        await fill(pilot, screen, FOLDER)
        await at_step(pilot, screen, "plan")
        await pilot.press("s")
        await wait_until(pilot, shows(app, "▶ 50%"))
        await pilot.press("5")
        await wait_until(pilot, lambda: isinstance(app.screen, JobsScreen))
        await wait_until(pilot, shows(app, "Evaluating finance-support", "▶ running", "12%"))
        assert "Planning finance-support" in screen_text(app)
        app.screen.query_one(RowTable).cursor = 0
        await pilot.press("x")
        await wait_until(pilot, shows(app, "‖ paused", "✓ done"))
        (view,) = services.kept.values()
        assert view.record.state == "paused"
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen is screen)
        await wait_until(pilot, shows(app, "‖ paused"))
        await pilot.press("5")
        await wait_until(pilot, lambda: isinstance(app.screen, JobsScreen))
        await pilot.press("space")  # it goes on, as the same job, and is watched from here
        services.gate.release(500)
        await wait_until(pilot, lambda: [job.state for job in app.session_jobs[1:]] == ["done"])
        assert isinstance(app.screen, JobsScreen)
        await pilot.press("c")
        await wait_until(pilot, shows(app, "No job yet."))


async def test_quitting_leaves_a_run_to_go_on_with() -> None:
    services = FakeServices(24)
    services.gate = threading.Semaphore(3)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_evaluate(pilot, app)
        await fill(pilot, screen, FOLDER)
        await at_step(pilot, screen, "plan")
        await pilot.press("s")
        await wait_until(pilot, shows(app, "▶ 50%"))
        await pilot.press("ctrl+q")
        await wait_until(pilot, shows(app, "keeps every row it has run"))
        await pilot.press("enter")
        await wait_until(pilot, lambda: not app.is_running)
        await wait_until(
            pilot, lambda: [v.record.state for v in services.kept.values()] == ["paused"]
        )


async def test_a_run_in_another_process_and_an_unreadable_one() -> None:
    services = FakeServices(24)
    running = record(state="running")
    cells = tuple(Cell(m.id, "finance-support", "running", 7, 64) for m in running.models)
    services.keep(running, cells)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_evaluate(pilot, app)
        await pilot.press("enter")
        await at_step(pilot, screen, "run")
        assert "▶ 11%" in screen_text(app)
        assert not screen.check_action("pause", ())
        await pilot.press("escape")
        await at_step(pilot, screen, "runs")
        services.kept.clear()
        await pilot.press("enter")
        await wait_until(pilot, lambda: list(app._notifications))


async def test_the_reading_is_made_once_a_finished_cell() -> None:
    services = FakeServices(24)
    services.keep(record())
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_evaluate(pilot, app)
        await pilot.press("enter")
        await at_step(pilot, screen, "run")
        assert services.readings == 1
        for _ in range(5):
            screen._refresh_run()
        await wait_until(pilot, lambda: not screen._reading_now)
        assert services.readings == 1
        view = screen.query_one(RunPanel).view
        assert view is not None
        assert SENTENCE.split(" beats", maxsplit=1)[0] in screen_text(app)


def test_whose_rows_are_compared() -> None:
    run = record()
    assert rival(run, NAMES[1]) == BASE
    assert rival(run, BASE) == NAMES[0]
    assert rival(replace(run, pick=""), BASE) == NAMES[0]
    assert rival(replace(run, models=run.models[:-1]), NAMES[0]) == ""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a, b ,a", ["a", "b"]),
        ("'/no/such place'", ["/no/such place"]),
        ("", []),
        (" , ", []),
        ("\0", ["\0"]),
    ],
)
def test_tasks_are_read_from_a_line(text: str, names: list[str]) -> None:
    assert task_names(text) == names


def test_a_path_with_a_comma_is_one(tmp_path: Path) -> None:
    (tmp_path / "a, b").mkdir()
    assert task_names(f"{tmp_path}/a, b") == [f"{tmp_path}/a, b"]


def test_where_exports_go() -> None:
    assert [kind_of(Path(f"x{end}")) for end in (".md", ".CSV", "", ".json")] == [
        "markdown", "csv", "json", "json",
    ]  # fmt: skip
    assert file_name(replace(record(), name="../[b]x\x1b[2J /y")) == "b-x-y"
    assert file_name(replace(record(), name="…")) == "run"
