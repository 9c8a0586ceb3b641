"""config.toml in the app: theme, keys, the bell; mistakes are told and the rest is used."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import OptionList

from lwtui.tui import attention
from lwtui.tui.app import LwtuiApp
from lwtui.tui.job_keeper import LONG
from lwtui.tui.keymap import split_keys
from lwtui.tui.screens.find import FindScreen
from tests.tui.fakes import FakeServices

from .helpers import ready, wait_until


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "config.toml"
    monkeypatch.setenv("LWTUI_CONFIG", str(path))
    return path


def told(app: LwtuiApp) -> list[str]:
    return [each.message for each in app._notifications]


async def test_theme_and_keys(file: Path) -> None:
    file.write_text('theme = "nord"\n[keys]\n"app.jobs" = "ctrl+j,9"\n')
    app = LwtuiApp(FakeServices())
    async with app.run_test(size=(100, 30)) as pilot:
        assert app.theme == "nord"
        assert told(app) == []
        await pilot.press("9")
        assert app.current_mode == "jobs"
        await pilot.press("1")
        await pilot.press("5")  # no longer
        assert app.current_mode == "browse"


async def test_mistakes_are_told_and_the_rest_is_used(file: Path) -> None:
    file.write_text('theme = "no such"\n[keys]\n"app.jobs" = "9"\n"app.fly" = "f"\n')
    app = LwtuiApp(FakeServices())
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.pause()
        assert app.theme == "lwtui-dark"
        assert any("no theme 'no such'" in each for each in told(app))
        assert any("keys.app.fly" in each and str(file) in each for each in told(app))
        await pilot.press("9")
        assert app.current_mode == "jobs"
        file.write_text("theme = 3")
        app.clear_notifications()
        app.action_settings()
        await pilot.pause()
        assert any("theme" in each and "1" in each for each in told(app))
        file.write_text('theme = "nord"')
        app.action_settings()
        assert app.theme == "nord"


@pytest.mark.parametrize(
    ("notify", "away", "calls"),
    [("bell", True, 1), ("osc9", True, 1), ("bell", False, 0), ("off", True, 0)],
)
async def test_the_end_of_a_long_job_is_heard_by_who_looks_elsewhere(
    file: Path, monkeypatch: pytest.MonkeyPatch, notify: str, away: bool, calls: int
) -> None:
    file.write_text(f'notify = "{notify}"\n')
    app = LwtuiApp(FakeServices())
    async with app.run_test() as pilot:
        heard: list[str] = []
        monkeypatch.setattr(
            attention, "call", lambda app, way, text: heard.append("" if way == "off" else way)
        )
        app.app_focus = not away
        for seconds in (0.0, LONG + 1):
            job = app.start_job("a job")
            job._started -= seconds
            app.run_job(job, lambda context: context.progress(1, 2))
            while job.state == "running":
                await pilot.pause()
        assert [each for each in heard if each] == [notify] * calls


KEYS = """\
[keys]
"app.jobs" = "ctrl+j, 9"
"app.fly" = "f"
"browse.updat" = "U"
"browse.search" = ""
"browse.pull" = "x, j"
"browse.adopt" = "s"
"chat.stop" = "ctrl+x"
"app.help" = "f10"
"""


async def test_keys_of_the_user(file: Path) -> None:
    """Others on a key that is left keep it; clashes and unknown names are told with their line."""
    file.write_text(KEYS)
    app = LwtuiApp(FakeServices(3))
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        said = " ".join(" ".join(told(app)).split())
        for line, text in (
            (3, "keys.app.fly': There is no such action"),
            (4, "keys.browse.updat': There is no such action. Did you mean 'browse.updates'?"),
            (6, "keys.browse.pull': 'j' moves in lists"),
            (7, "keys.browse.adopt': 's' is browse.source too"),
            (9, "keys.app.help': 'f10' is app.theme too"),
        ):
            assert f"{file}:{line}: field '{text}" in said
        await pilot.press("5")
        assert app.current_mode == "browse"
        await pilot.press("9")
        assert app.current_mode == "jobs"
        await pilot.press("1", "slash")  # no longer the search: the list is searched instead
        assert isinstance(app.screen, FindScreen)
        await pilot.press("escape", "ctrl+p", *"browse: search")
        line = str(app.screen.query_one(OptionList).get_option_at_index(0).prompt)
        assert line.startswith("Browse: Search")
        assert line.rstrip() in ("Browse: Search", "Browse: Search  Type to narrow the list")
        await pilot.press("escape", "c")
        await wait_until(pilot, lambda: app.current_mode == "chat")
        keys = app.screen._bindings.copy()
        keys.apply_keymap(app.keys.for_textual())
        assert [each.id for each in keys.key_to_bindings["ctrl+x"]] == ["chat.stop"]
        assert "chat.leave" in [each.id for each in keys.key_to_bindings["escape"]]


def test_how_keys_are_named() -> None:
    assert split_keys("?, ctrl+/ ,esc,,+,ctrl++") == [
        "question_mark", "ctrl+slash", "escape", "plus", "ctrl+plus",
    ]  # fmt: skip
    assert split_keys("") == []
