"""Match: pick, preview, specify with progress, stop, rank, verify, chat."""

from __future__ import annotations

import threading
from pathlib import Path

from textual.widgets import Input

from lwtui.jobs import JobContext
from lwtui.match.result import MatchResult
from lwtui.tui.app import LwtuiApp
from lwtui.tui.screens.ask import AskScreen
from lwtui.tui.screens.match import MatchScreen
from lwtui.tui.services import Place
from lwtui.tui.widgets.folder_picker import FolderTree
from lwtui.tui.widgets.row_table import RowTable

from .fakes import FakeServices
from .helpers import app_with, ready, screen_text, text_of, wait_until


def match_screen(app: LwtuiApp) -> MatchScreen:
    screen = app.get_screen_stack("match")[0]
    assert isinstance(screen, MatchScreen)
    return screen


async def open_match(pilot, app: LwtuiApp, offered: int = 3) -> MatchScreen:  # type: ignore[no-untyped-def]
    await ready(pilot)
    await pilot.press("2")
    await wait_until(pilot, lambda: app.current_mode == "match" and app.screen.query("#places"))
    await wait_until(pilot, lambda: app.screen.query_one("#places").option_count == offered)
    return match_screen(app)


async def verify(pilot, app: LwtuiApp) -> None:  # type: ignore[no-untyped-def]
    await pilot.press("v")
    await wait_until(pilot, lambda: isinstance(app.screen, AskScreen))
    await pilot.press("enter")


async def test_three_keys_to_a_ranking_and_one_to_a_chat() -> None:
    services = FakeServices(24)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_match(pilot, app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.step == "preview")
        shown = screen_text(app)
        assert "fields found: prompt = message, answer = intent" in shown
        assert "2 skipped, the rest is used" in shown
        assert "rows.jsonl:7: not JSON" in shown
        await pilot.press("s")
        await wait_until(pilot, lambda: screen.step == "results")
        shown = screen_text(app)
        assert "confidence: clear, 93 % sure" in shown
        assert "90 % in    +0.790 … +0.850" in shown
        assert "starter/medicine-001" in shown
        assert "+0.820" in shown
        assert services.remembered == [Path("/demo/finance-support")]
        assert app.house.jobs == ()
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.current_mode == "chat" and services.chats)
        await wait_until(pilot, lambda: "starter/medicine-001" in text_of(app, "#chat-head"))


async def test_progress_estimate_and_stop() -> None:
    services = FakeServices(24)
    services.match_gate = threading.Semaphore(0)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_match(pilot, app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.step == "preview")
        await pilot.press("s")
        services.match_gate.release(65)
        await wait_until(pilot, lambda: "64 of 128 rows" in screen_text(app))
        assert "left" in text_of(app, "#job-state")
        await wait_until(pilot, lambda: "1 job 50%" in screen_text(app))
        # The job goes on while another mode is looked at.
        await pilot.press("1")
        await wait_until(pilot, lambda: app.current_mode == "browse")
        await wait_until(pilot, lambda: "1 job 50%" in screen_text(app))
        await pilot.press("2")
        await wait_until(pilot, lambda: app.current_mode == "match")
        await pilot.press("enter")  # an impatient one stops nothing
        assert screen.step == "job"
        assert app.house.jobs
        assert not app.house.jobs[0].cancel.cancelled
        await pilot.press("escape")
        await wait_until(pilot, lambda: screen.step == "preview")
        assert app.house.jobs == ()


async def test_the_mouse_does_it_too() -> None:
    services = FakeServices(24)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.click("TopBar", offset=(20, 0))
        await wait_until(pilot, lambda: app.current_mode == "match" and app.screen.query("#places"))
        screen = match_screen(app)
        await wait_until(pilot, lambda: screen.query_one("#places").option_count == 3)
        await pilot.click("#places", offset=(3, 1))
        await wait_until(pilot, lambda: screen.step == "preview")
        services.match_gate = threading.Semaphore(5)
        await pilot.click("#start")
        await wait_until(pilot, lambda: screen.step == "job" and app.house.jobs)
        await pilot.click("#job-stop")
        await wait_until(pilot, lambda: screen.step == "preview")
        services.match_gate = None
        await pilot.click("#start")
        await wait_until(pilot, lambda: screen.step == "results")
        await pilot.click("#matches", offset=(6, 3), times=2)
        await wait_until(pilot, lambda: app.current_mode == "chat")


async def test_verify_runs_the_first_twelve_at_most() -> None:
    services = FakeServices(24)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_match(pilot, app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.step == "preview")
        await pilot.press("s")
        await wait_until(pilot, lambda: screen.step == "results")
        await verify(pilot, app)
        await wait_until(pilot, lambda: services.verified == [0, 12] and screen.step == "results")
        shown = screen_text(app)
        assert "verified: 12 learnwares on 32 held-back rows" in shown
        assert "confidence: clear, 97 % sure" in shown
        assert "measured   1.50 nats/token, 32 rows" in shown
        assert "bare base  2.70 nats/token" in shown
        assert "the bare base loses 2.70" in shown
        # Stopping a verification keeps the ranking there was.
        services.match_gate = threading.Semaphore(0)
        await verify(pilot, app)
        await wait_until(pilot, lambda: screen.step == "job")
        await pilot.press("escape")
        await wait_until(pilot, lambda: screen.step == "results")


async def test_bad_input_is_a_message_and_nothing_moves() -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_match(pilot, app)
        await pilot.press("slash", *"/missing", "enter")
        await wait_until(pilot, lambda: list(app._notifications))
        notification = next(iter(app._notifications))
        assert "/missing: There is no such file or folder." in notification.message
        assert screen.step == "pick"


async def test_a_quoted_path_is_understood() -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_match(pilot, app)
        screen.query_one("#path", Input).value = "'/data/my rows'"
        await pilot.press("slash", "enter")
        await wait_until(pilot, lambda: screen.step == "preview")
        assert screen._path == Path("/data/my rows")


async def test_when_nothing_fits_the_base_is_offered_and_can_be_overruled() -> None:
    services = FakeServices(24)
    services.far = True
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_match(pilot, app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.step == "preview")
        await pilot.press("s")
        await wait_until(pilot, lambda: screen.step == "results")
        head = " ".join(text_of(app, "#match-head").split())
        assert "finance-support → starter/base" in head
        assert "close call" in head
        shown = text_of(app, "#match-far")
        assert "The bare base starter/base is the safer choice. (b chats with it)" in shown
        assert screen.query_one(RowTable).size.height >= 6
        assert app.screen.check_action("base", ())
        await pilot.press("b")
        await wait_until(pilot, lambda: app.current_mode == "chat" and services.chats)
        await wait_until(pilot, lambda: "starter/base" in text_of(app, "#chat-head"))
        await pilot.press("f2")
        await wait_until(pilot, lambda: app.current_mode == "match")
        await verify(pilot, app)
        await wait_until(pilot, lambda: services.verified == [0, 12] and screen.step == "results")
        assert not screen.query_one("#match-far").display
        assert not app.screen.check_action("base", ())
        await pilot.press("b")
        assert app.current_mode == "match"


async def test_nothing_to_choose_from() -> None:
    class NoMatch(FakeServices):
        def match(
            self, path: Path, *, verify: int, context: JobContext, choice: object = None
        ) -> MatchResult:
            return MatchResult("x", "starter", "gradient", 64, (), "none", skipped=3)

    app = app_with(NoMatch(3))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_match(pilot, app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.step == "preview")
        await pilot.press("s")
        await wait_until(pilot, lambda: screen.step == "results")
        assert "no learnware fits" in screen_text(app)
        await pilot.press("c")
        assert app.current_mode == "match"


async def test_the_tree_previews_in_passing(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "a.jsonl").write_text("{}")
    (tmp_path / ".hidden").mkdir()
    monkeypatch.chdir(tmp_path)
    services = FakeServices(3)
    services.offered = [Place("rows", tmp_path / "rows", "recent")]
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_match(pilot, app, offered=1)
        tree = screen.query_one(FolderTree)
        tree.focus()
        await wait_until(pilot, lambda: len(tree.root.children) == 1)
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: screen.step == "preview")
        assert app.focused is tree
        await pilot.press("s")
        await wait_until(pilot, lambda: screen.step == "results")
        assert isinstance(app.focused, RowTable)
        await pilot.press("n")
        await wait_until(pilot, lambda: screen.step == "pick")
        assert not screen.query_one("#preview-buttons").display
