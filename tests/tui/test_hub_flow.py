"""The whole way with the real workflow, the real pull and the loopback Hub."""

from __future__ import annotations

from pathlib import Path

import pytest

from lwtui.tui.app import LwtuiApp
from lwtui.tui.widgets.row_table import RowTable
from lwtui.tui.workflow_services import WorkflowServices
from tests.dock.pulling import ADAPTER, BASE, add_adapter, add_base
from tests.hub.fixture import hub
from tests.hub.server import HubServer

from .helpers import ready, screen_text, text_of, wait_until
from .hub_steps import notes, pane, plan

__all__ = ["hub"]
PATIENCE = 90.0
"""Seconds for a process that pulls on a busy machine."""


@pytest.fixture(autouse=True)
def _own_home(hub: HubServer) -> None:
    """The Hub's fixture has set LWTUI_HOME."""


async def test_search_plan_pull_and_it_is_in_the_list(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    add_adapter(hub, tmp_path)
    app = LwtuiApp(WorkflowServices())
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        table = app.screen.query_one("#learnwares", RowTable)
        before = table.row_count
        await pilot.press("s", "s")
        await wait_until(pilot, lambda: pane(app).models)
        assert not any("/api/models?" in path for _, path, _ in hub.requests)  # the catalogue
        await pilot.press("slash", *ADAPTER.partition("/")[2], "enter")
        await wait_until(pilot, lambda: [each.id for each in pane(app).models] == [ADAPTER])
        await wait_until(pilot, lambda: "adapter_model.safetensors" in screen_text(app))
        await plan(pilot)
        assert f"its base comes along: {BASE}" in screen_text(app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.session_jobs)
        await wait_until(pilot, lambda: app.session_jobs[0].state != "running", PATIENCE)
        assert app.session_jobs[0].message == ""
        await wait_until(pilot, lambda: any(f"{ADAPTER} is here" in note for note in notes(app)))
        await wait_until(pilot, lambda: pane(app).models[0].here)
        await pilot.press("escape", "s")
        await wait_until(pilot, lambda: table.row_count == before + 2)
        assert await_jobs(app)
    app.services.close()


async def test_no_network_shows_the_catalogue_and_says_so(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    app = LwtuiApp(WorkflowServices())
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("s", "s")
        await wait_until(pilot, lambda: pane(app).models)
        await pilot.press("r")
        await wait_until(pilot, lambda: "HF_HUB_OFFLINE" in text_of(app, "#hub-problem"))
        assert pane(app).models
        await pilot.press("p")
        await wait_until(pilot, lambda: "HF_HUB_OFFLINE" in screen_text(app))
        await pilot.press("escape")
        assert not hub.requests
    app.services.close()


def await_jobs(app: LwtuiApp) -> bool:
    app.await_jobs()
    return not any(thread.is_alive() for thread in app._job_threads)
