"""Match: how data gets in. Dropped and typed paths, places, fields and rows, what was saved."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input, Select

from lwtui.errors import BadInput
from lwtui.jobs import Progress
from lwtui.match.ranking import Ranked, Ranking
from lwtui.tui.app import LwtuiApp
from lwtui.tui.dropped import dropped_paths
from lwtui.tui.match_services import DataChoice, Place
from lwtui.tui.messages import OpenData
from lwtui.tui.recent import choice_of, forget_folder, keep_choice, known_folders, remember_folder
from lwtui.tui.screens.ask import AskScreen, ConfirmScreen
from lwtui.tui.screens.compare_matches import CompareMatchesScreen
from lwtui.tui.screens.fields_form import FieldsScreen
from lwtui.tui.screens.match import MatchScreen
from lwtui.tui.widgets.folder_picker import FolderTree
from lwtui.tui.widgets.job_panel import JobPanel
from lwtui.tui.widgets.path_input import complete
from lwtui.tui.workflow_services import WorkflowServices

from .fakes import FakeServices
from .helpers import app_with, screen_text, text_of, wait_until
from .test_match import open_match

HOME = Path.home()


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("/data/rows\n", ["/data/rows"]),
        ("'/data/my rows' ", ["/data/my rows"]),
        ('"/data/my rows"\r\n', ["/data/my rows"]),
        ("/data/my\\ rows\n", ["/data/my rows", "/data/my\\ rows"]),
        ("/data/my rows", ["/data/my rows", "/data/my"]),
        ("\n/first\n/second\n", ["/first"]),
        ("'/a b' '/c d'", ["/a b"]),
        ("file:///data/my%20rows%23\r\n", ["/data/my rows#"]),
        ("file://host/data file:///b", ["/data"]),
        ("/it's here", ["/it's here"]),
        ('"C:\\My files\\x"', ["C:\\My files\\x"]),
        ("& 'C:\\x y'", ["C:\\x y"]),
        ("~/x", [str(HOME / "x")]),
        ("file:///C:/x", ["C:/x"]),
        ("hello there", []),
        ("'quoted words'", []),
        ("\x1b[31m/data", []),
        ("file://[", []),
        ("/" + "x" * 5_000, []),
        ("", []),
    ],
)
def test_what_a_terminal_pastes_for_a_folder(text: str, paths: list[str]) -> None:
    assert [str(path) for path in dropped_paths(text)] == paths


def test_names_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("rows of mine", "rest", ".hidden", "bad\x1bname"):
        (tmp_path / name).mkdir()
    (tmp_path / "readme.md").write_text("")
    assert complete(f"{tmp_path}/re") == f"{tmp_path}/rest/"  # folders before files
    assert complete(f"{tmp_path}/rea") == f"{tmp_path}/readme.md"
    assert complete(f"{tmp_path}/ro") == f"{tmp_path}/rows of mine/"
    assert complete(f"{tmp_path}/.h") == f"{tmp_path}/.hidden/"
    assert complete(f"{tmp_path}/") == f"{tmp_path}/rest/"
    for nothing in (f"{tmp_path}/zzz", f"{tmp_path}/no/x", f"{tmp_path}/bad", "~nobody-here/x"):
        assert complete(nothing) is None
    monkeypatch.chdir(tmp_path)
    assert complete("rea") == "readme.md"


def test_what_is_remembered_of_folders(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    choice = DataChoice({"prompt": "question", "input": "-"}, 32)
    remember_folder(one)
    remember_folder(two)
    keep_choice(one, choice)
    assert known_folders() == [two, one]  # gone or not
    assert (choice_of(one), choice_of(two)) == (choice, DataChoice())
    forget_folder(two)
    assert known_folders() == [one]
    keep_choice(one, DataChoice())
    assert choice_of(one) == DataChoice()
    for broken in ("{", "[]", '{"folders": {"%s": {"fields": 3, "rows": true}}}' % one):  # noqa: UP031
        (tmp_path / "home" / "data-choices.json").write_text(broken)
        assert choice_of(one) == DataChoice()


def test_the_workflow_reads_data_as_it_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "rows"
    folder.mkdir()
    (folder / "a.csv").write_text("zzz,yyy,www\nWhat?,That,Here\nWhy?,So,There\n")
    services = WorkflowServices()
    with pytest.raises(BadInput):
        services.preview(folder)
    assert services.columns(folder) == ("zzz", "yyy", "www")
    assert services.columns(tmp_path / "no") == ()
    choice = DataChoice({"prompt": "zzz", "answer": "yyy"}, 8)
    services.keep_choice(folder, choice)
    view = services.preview(folder)
    assert (view.choice, dict(view.fields)) == (choice, {"prompt": "zzz", "answer": "yyy"})
    assert view.examples[0].question == "What?"
    assert services.first_there((tmp_path / "no", folder)) == folder
    services.remember(folder)
    services.remember(tmp_path / "gone")
    recent = [(each.label, each.gone) for each in services.places() if each.kind == "recent"]
    assert recent == [("gone", True), ("rows", False)]


def notified(app: LwtuiApp) -> str:
    return " ".join(each.message for each in app._notifications)


async def dialogue(pilot: Pilot[None], kind: type) -> None:
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, kind))
    await pilot.pause()


async def test_fields_and_rows_are_chosen_and_used(tmp_path: Path) -> None:
    services = FakeServices(24)
    app = app_with(services)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_match(pilot, app)
        assert not app.screen.check_action("fields", ())
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.step == "preview")
        assert "64 of about 64" not in screen_text(app)
        assert "to be specified: all 64 rows" in screen_text(app)
        await pilot.press("f")
        await dialogue(pilot, FieldsScreen)
        assert app.screen.query_one("#field-answer", Select).value == "intent"
        app.screen.query_one("#field-prompt", Select).value = "-"
        await pilot.press("ctrl+s")
        assert "A column must hold what is asked" in screen_text(app)
        app.screen.query_one("#field-prompt", Select).value = "channel"
        app.screen.query_one("#field-answer", Select).value = "-"
        app.screen.query_one("#field-rows", Input).value = "0"
        await pilot.press("ctrl+s")
        assert "rows: a number from 1" in screen_text(app)
        app.screen.query_one("#field-rows", Input).value = "32"
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: app.screen is screen and "channel" in screen_text(app))
        assert "32 of about 64 rows, drawn at random" in screen_text(app)
        chosen = DataChoice({"prompt": "channel", "answer": "-"}, 32)
        assert services.kept_choices == {Path("/demo/finance-support"): chosen}
        await pilot.press("s")
        await wait_until(pilot, lambda: screen.step == "results")
        assert services.read_as == [chosen]
        # An evaluation reads the same columns.
        await pilot.press("e")
        await wait_until(pilot, lambda: services.requests)
        assert services.requests[0].settings.fields == chosen.fields


async def test_columns_without_a_known_name_are_asked_for() -> None:
    services = FakeServices(3)
    services.unreadable_columns = ("zzz", "yyy")
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_match(pilot, app)
        await pilot.press("enter")
        await dialogue(pilot, FieldsScreen)
        assert "no column looks like a prompt" in text_of(app, "#fields .warning")
        app.screen.query_one("#field-prompt", Select).value = "zzz"
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: screen.step == "preview")
        assert "prompt = zzz" in screen_text(app)


async def test_a_folder_is_dropped_anywhere() -> None:
    services = FakeServices(24)
    services.existing = [Path("/data/my")]
    app = app_with(services)
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await open_match(pilot, app)
        app.post_message(events.Paste("file:///demo/my%20rows\n"))
        await wait_until(pilot, lambda: screen.step == "preview")
        assert screen._path == Path("/demo/my rows")
        field = screen.query_one("#path", Input)
        field.focus()
        app.post_message(events.Paste("/data/my rows"))  # which of the two is there?
        await wait_until(pilot, lambda: screen._path == Path("/data/my"))
        assert field.value == "/data/my"
        field.focus()
        field.value = ""
        app.post_message(events.Paste("only words"))
        await wait_until(pilot, lambda: field.value == "only words")
        # On another mode's screen it comes as a message.
        await pilot.press("f1")
        app.post_message(OpenData((Path("/data/other"),)))
        await wait_until(pilot, lambda: screen._path == Path("/data/other"))
        assert app.current_mode == "match"
        # A job that runs is not disturbed.
        services.match_gate = threading.Semaphore(3)
        screen.resume(Path("/data/other"))
        await wait_until(pilot, lambda: screen.step == "job")
        app.post_message(events.Paste("/data/more"))
        screen.resume(Path("/data/more"))
        await wait_until(pilot, lambda: len(app._notifications) >= 2)
        assert screen._path == Path("/data/other")
        await pilot.press("escape")
        await wait_until(pilot, lambda: screen.step == "preview")


async def test_the_tree_and_the_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work" / ".secret").mkdir(parents=True)
    (tmp_path / "work" / "rows").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    services = FakeServices(3)
    services.offered = [
        Place("gone", Path("/data/gone"), "recent", gone=True),
        Place("finance-support", Path("/demo/finance-support"), "demo"),
    ]
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_match(pilot, app, offered=2)
        tree = screen.query_one(FolderTree)
        await wait_until(pilot, lambda: len(tree.root.children) == 1)
        await pilot.press("full_stop")
        await wait_until(pilot, lambda: len(tree.root.children) == 2)
        await pilot.press("minus")
        await wait_until(pilot, lambda: tree.path == tmp_path)
        assert app.focused is tree
        await pilot.click("#tree-up")
        await wait_until(pilot, lambda: tree.path == tmp_path.parent)
        await pilot.press("tilde")
        await wait_until(pilot, lambda: tree.path == tmp_path)
        assert not app.screen.check_action("forget", ())  # the cursor is not on the list
        screen.query_one("#places").focus()
        await pilot.pause()
        assert "gone" in screen_text(app)
        await pilot.press("x")
        await wait_until(pilot, lambda: screen.query_one("#places").option_count == 1)
        assert not app.screen.check_action("forget", ())  # a demo folder stays


async def save(pilot: Pilot[None], app: LwtuiApp, name: str) -> None:
    await pilot.press("w")
    await dialogue(pilot, AskScreen)
    app.screen.query_one(Input).value = name
    await pilot.press("enter")
    await wait_until(pilot, lambda: not isinstance(app.screen, AskScreen))


async def test_a_requirement_is_saved_matched_again_compared_and_deleted() -> None:
    services = FakeServices(24)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_match(pilot, app)
        screen.resume(Path("/demo/finance-support"))
        await wait_until(pilot, lambda: screen.step == "results")
        assert "64 of 1,234 rows · like" in text_of(app, "#match-head")
        await pilot.press("C")
        await dialogue(pilot, CompareMatchesScreen)
        assert "There is no other match" in screen_text(app)
        await pilot.press("escape")
        await save(pilot, app, "bank")
        await wait_until(pilot, lambda: "bank" in services.requirements)
        await save(pilot, app, "bank")
        await wait_until(pilot, lambda: "already" in notified(app))
        places = (Ranked("starter/other-1", 0.9), Ranked("starter/medicine-001", 0.8))
        services.requirements["bank"][0] = Ranking(
            "bank", "starter", "gradient", 64, "clear", places, "starter/other-1", when="2026-11-20"
        )
        await pilot.press("n")
        await wait_until(pilot, lambda: screen.query_one("#places").option_count == 4)
        await pilot.press("end")
        assert app.screen.check_action("rename", ())
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.step == "results")
        head = text_of(app, "#match-head")
        assert "since 2026-11-20: 9 new, 1 gone; then it was starter/other-1" in head
        assert "  new" in screen_text(app)
        assert (screen._path, screen.choice) == (Path("/data/saved"), DataChoice())
        await pilot.press("C")
        await dialogue(pilot, CompareMatchesScreen)
        shown = screen_text(app)
        assert "another is recommended now" in shown
        assert "▲ 1" in shown
        assert "gone" in shown
        await pilot.press("escape")  # to the list of what it can be compared with
        await wait_until(pilot, lambda: "compare it with" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: "the same is recommended" in screen_text(app))
        await pilot.press("escape", "escape")
        await wait_until(pilot, lambda: app.screen is screen)
        await pilot.press("n")
        screen.query_one("#places").focus()
        await pilot.press("end", "R")
        await dialogue(pilot, AskScreen)
        app.screen.query_one(Input).value = "money"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "money" in services.requirements)
        await wait_until(pilot, lambda: "money" in screen_text(app))
        await pilot.press("end", "x")
        await dialogue(pilot, ConfirmScreen)
        await pilot.press("y")
        await wait_until(pilot, lambda: not services.requirements)
        await wait_until(pilot, lambda: screen.query_one("#places").option_count == 3)


async def test_how_many_are_verified_is_asked() -> None:
    services = FakeServices(24)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_match(pilot, app)
        assert isinstance(screen, MatchScreen)
        screen.resume(Path("/demo/finance-support"))
        await wait_until(pilot, lambda: screen.step == "results" and screen._view)
        for text, verified in (("none", [0]), ("3", [0, 3])):
            await pilot.press("v")
            await dialogue(pilot, AskScreen)
            app.screen.query_one(Input).value = text
            await pilot.press("enter")
            await wait_until(pilot, lambda: not isinstance(app.screen, AskScreen))
            await wait_until(pilot, lambda v=verified: services.verified == v)  # type: ignore[misc]
        await wait_until(pilot, lambda: screen.step == "results")
        screen._path = None  # as of a requirement that was a specification
        await pilot.press("v")
        await wait_until(pilot, lambda: "holds no rows" in notified(app))


async def test_a_stage_has_its_own_speed() -> None:
    app = app_with(FakeServices(3))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_match(pilot, app)
        screen._go("job")
        panel = screen.query_one(JobPanel)
        panel.start("Matching")
        panel.show(Progress(0, 4e6, "reading rows.csv", 0.0))
        panel.show(Progress(2e6, 4e6, "reading rows.csv", 1.0))
        text = text_of(app, "#job-state")
        assert "2.0 MB of 4.0 MB" in text
        assert "2.0 MB/s · about 1 s left" in text
        panel.show(Progress(0, 64, "computing the specification", 5.0))
        panel.show(Progress(16, 64, "computing the specification", 7.0))
        text = text_of(app, "#job-state")
        assert "16 of 64 rows" in text
        assert "8.0 rows/s · about 6 s left" in text
