"""config.toml in the app: theme, keys, the bell; mistakes are told and the rest is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from lwtui.tui.app import LwtuiApp
from lwtui.tui.job_keeper import LONG
from tests.tui.fakes import FakeServices


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
    ("notify", "away", "rings"), [("bell", True, 1), ("bell", False, 0), ("off", True, 0)]
)
async def test_the_end_of_a_long_job_is_heard_by_who_looks_elsewhere(
    file: Path, monkeypatch: pytest.MonkeyPatch, notify: str, away: bool, rings: int
) -> None:
    file.write_text(f'notify = "{notify}"\n')
    app = LwtuiApp(FakeServices())
    async with app.run_test() as pilot:
        heard = []
        monkeypatch.setattr(app, "bell", lambda: heard.append(1))
        app.app_focus = not away
        for seconds in (0.0, LONG + 1):
            job = app.start_job("a job")
            job._started -= seconds
            app.run_job(job, lambda context: context.progress(1, 2))
            while job.state == "running":
                await pilot.pause()
        assert len(heard) == rings
