from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, TextArea

from lwtui.tui.widgets import collection_pane

from .fakes import FakeServices
from .helpers import Drive, app_with, ready
from .sooner import sooner


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the user's collection, chats or recent folders."""
    monkeypatch.setenv("LWTUI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(collection_pane, "READING_PAUSE", 0.001)
    sooner(monkeypatch)


@pytest.fixture
def snap(snap_compare: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Compare a picture of the app after ``drive``. Nothing in it depends on the machine."""
    folder = tmp_path / "my-data"
    for name in ("answers", "questions", "old"):
        (folder / name).mkdir(parents=True)
    (folder / "rows.jsonl").write_text("{}")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(Input, "cursor_blink", False)
    monkeypatch.setattr(TextArea, "cursor_blink", False)

    def compare(services: FakeServices, size: tuple[int, int], drive: Drive) -> bool:
        async def run_before(pilot: Pilot[None]) -> None:
            pilot.app.animation_level = "none"
            await ready(pilot)
            await drive(pilot)
            await pilot.pause()

        return bool(snap_compare(app_with(services), terminal_size=size, run_before=run_before))

    return compare
