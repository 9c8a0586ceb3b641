"""The app as a whole: the registry of actions, help, palette, keymap, leaving, imports."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import lwtui.tui
from lwtui.tui.app import LwtuiApp
from lwtui.tui.recent import recent_folders, remember_folder
from lwtui.tui.screens.quit import QuitScreen

from .fakes import FakeServices
from .helpers import app_with, ready, screen_text, wait_until

HEAVY = (
    "torch", "transformers", "peft", "llama_cpp", "huggingface_hub", "numpy", "pyarrow", "datasets"
)  # fmt: skip


async def test_a_keymap_moves_a_key() -> None:
    app = app_with(FakeServices(3))
    async with app.run_test(size=(120, 50)) as pilot:
        await ready(pilot)
        app.set_keymap({"app.chat": "ctrl+g"})
        await pilot.press("3")
        assert app.current_mode == "browse"
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: app.current_mode == "chat")


async def test_leaving_stops_what_runs() -> None:
    services = FakeServices(24, " ".join("word" for _ in range(500)))
    services.match_gate = threading.Semaphore(0)
    services.chat_gate = threading.Semaphore(5)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("2")
        await wait_until(pilot, lambda: app.current_mode == "match" and app.screen.query("#places"))
        await wait_until(pilot, lambda: app.screen.query_one("#places").option_count)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen.step == "preview")
        await pilot.press("s")
        await wait_until(pilot, lambda: app.house.jobs)
        job = app.house.jobs[0]
        await pilot.press("3")
        await wait_until(pilot, lambda: app.current_mode == "chat")
        await pilot.press(*"go", "enter")
        await wait_until(pilot, lambda: app.screen._answer and "word" in app.screen._answer.text)
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: isinstance(app.screen, QuitScreen))
        await pilot.press("ctrl+q")
        await wait_until(pilot, lambda: not app.is_running)
    assert job.cancel.cancelled
    assert services.stopped
    workers = [thread.name for thread in threading.enumerate() if "asyncio" in thread.name]
    assert len(workers) <= 6  # idle threads of the executor; none holds a stream
    assert services.chats[0]._stop.is_set()


@pytest.mark.parametrize("mode", ["1", "2", "3"])
async def test_any_size_of_terminal(mode: str) -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press(mode)
        for size in ((80, 24), (20, 5), (250, 70), (1, 1), (99, 24), (100, 24)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
        assert app.is_running


async def test_opening_on_a_dataset_previews_it_and_counts_the_collection() -> None:
    app = LwtuiApp(FakeServices(24), data=Path("/demo/finance-support"))
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_until(pilot, lambda: app.current_mode == "match")
        await wait_until(pilot, lambda: app.screen.step == "preview")
        await wait_until(pilot, lambda: "24 learnwares" in screen_text(app))
        await pilot.press("1")
        await wait_until(pilot, lambda: app.current_mode == "browse")
        await wait_until(pilot, lambda: app.screen.query_one("#learnwares").row_count == 24)


async def test_keys_before_the_list_is_there_are_not_lost() -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=(120, 36)) as pilot:
        await pilot.press("3")
        await wait_until(pilot, lambda: app.current_mode == "chat")


def test_the_first_frame_imports_nothing_heavy() -> None:
    script = (
        "import sys, json, lwtui.tui.app, lwtui.tui.screens.start, lwtui.tui.screens.browse, "
        "lwtui.tui.workflow_services; print(json.dumps(sorted(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert not loaded & set(HEAVY)
    assert "sqlite3" not in loaded
    assert "textual.widgets._markdown" not in loaded


def test_the_app_imports_only_verbs_and_plain_data() -> None:
    allowed = {
        "lwtui", "lwtui.config", "lwtui.errors", "lwtui.jobs", "lwtui.paths", "lwtui.safe_text",
        "lwtui.backend.choose", "lwtui.backend.machine", "lwtui.backend.protocol",
        "lwtui.chat.find", "lwtui.chat.session", "lwtui.chat.store",
        "lwtui.dataset.example", "lwtui.dock.record",
        "lwtui.evaluate.comparison", "lwtui.evaluate.metric_units", "lwtui.evaluate.reading",
        "lwtui.evaluate.record", "lwtui.evaluate.tasks",
        "lwtui.learnware.collection", "lwtui.learnware.fuzzy", "lwtui.learnware.grade",
        "lwtui.learnware.model", "lwtui.learnware.record", "lwtui.learnware.storage",
        "lwtui.learnware.toml_text",
        "lwtui.match.compare", "lwtui.match.ranking", "lwtui.match.result", "lwtui.match.why",
    }  # fmt: skip
    root = Path(lwtui.tui.__file__).parent
    for file in root.rglob("*.py"):
        if file.name.startswith("workflow_"):
            continue  # these do what the services promise
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else None
            if module and module.startswith("lwtui"):
                own = module.startswith(("lwtui.tui", "lwtui.workflow"))
                assert own or module in allowed, f"{file.name} imports {module}"


def test_recent_folders(tmp_path: Path) -> None:
    assert recent_folders() == []
    folders = [tmp_path / str(number) for number in range(7)]
    for folder in folders:
        folder.mkdir()
        remember_folder(folder)
    remember_folder(folders[3])
    assert recent_folders() == [folders[3], folders[6], folders[5], folders[4], folders[2]]
    folders[6].rmdir()
    assert folders[6] not in recent_folders()


@pytest.mark.parametrize("content", ["", "{", '{"a": 1}', '[1, null, "\\u0000"]', "\x00\xff"])
def test_a_broken_file_of_recent_folders_counts_as_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "home" / "recent-folders.json"
    file.parent.mkdir()
    file.write_text(content, encoding="latin-1")
    assert recent_folders() == []
    remember_folder(tmp_path)
    assert recent_folders() == [tmp_path]
