"""Browse with several: near misses, filters, orders, marks, removing, pulling in a row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from textual.widgets import Checkbox, Select, Static

from lwtui.tui.app import LwtuiApp
from lwtui.tui.screens.local_filter import LocalFilterScreen
from lwtui.tui.services import About
from lwtui.tui.widgets.collection_pane import MARKED_MOST, CollectionPane
from lwtui.tui.widgets.detail import LearnwareDetail
from lwtui.tui.widgets.row_table import RowTable
from lwtui.tui.workflow_services import WorkflowServices

from .fakes import FakeServices, learnware
from .helpers import app_with, ready, screen_text, text_of, wait_until
from .hub_steps import notes, open_hub

SIZE = (120, 36)


def table(app: LwtuiApp) -> RowTable:
    return app.screen.query_one("#learnwares", RowTable)


def first(app: LwtuiApp) -> str:
    each = app.screen.query_one(CollectionPane)._learnware(0)
    return each.id if each is not None else ""


async def test_near_misses_are_found_told_and_their_letters_stand_out() -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("slash", *"mdcn")
        await wait_until(pilot, lambda: "0 found, 8 near misses" in screen_text(app))
        strip = table(app).render_line(1)
        found = [part.text for part in strip if part.style and part.style.underline]
        assert "".join(found).startswith("mdcn")
        await pilot.press("enter", "escape", "slash", *"medicine-00")
        await wait_until(pilot, lambda: table(app).row_count == 4)
        assert "3 found, 1 near miss · best first" in text_of(app, "#said")


async def test_columns_are_ordered_by_key_and_by_a_click_on_their_title() -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("O")
        await wait_until(pilot, lambda: first(app).endswith("medicine-022"))
        assert "learnware ▼" in screen_text(app)
        await pilot.press("o")
        await wait_until(pilot, lambda: "domain ▲" in screen_text(app))
        assert first(app) == "starter/finance-000"
        x = table(app).render_line(0).text.index("learnware")
        for arrow in ("▲", "▼"):
            await pilot.click("#learnwares", offset=(x + 1, 0))
            await wait_until(pilot, lambda arrow=arrow: f"learnware {arrow}" in screen_text(app))
        await pilot.press("escape")
        await wait_until(pilot, lambda: first(app) == "starter/finance-000")
        assert "by name" in text_of(app, "#said")
        hub = await open_hub(pilot)
        await pilot.press("O")
        assert any("one way only" in note for note in notes(app))
        titles = hub.table.render_line(0).text
        await pilot.click("#hub-models", offset=(titles.index("downloads"), 0))
        await wait_until(pilot, lambda: hub.query_now.sort == "downloads")


async def test_every_filter_is_in_one_dialogue_and_an_empty_list_names_the_guilty_one() -> None:
    services = FakeServices(24)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await wait_until(pilot, lambda: app.screen.query("#base"))
        await pilot.press("f")
        await wait_until(pilot, lambda: isinstance(app.screen, LocalFilterScreen))
        await pilot.pause()
        dialogue = app.screen
        for name, value in (("domain", "finance"), ("licence", "apache-2.0"), ("format", "gguf")):
            dialogue.query_one(f"#{name}", Select).value = value
        dialogue.query_one("#specified", Checkbox).value = True
        dialogue.query_one("#sort", Select).value = "size"
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: table(app).row_count == 6)
        said = text_of(app, "#said")
        assert said == "finance · apache-2.0 · GGUF · specified · 6 learnwares · by size ▲"
        assert app.screen.query_one("#browse-bar > #domain", Select).value == "finance"
        await pilot.press("f")
        await wait_until(pilot, lambda: isinstance(app.screen, LocalFilterScreen))
        await pilot.pause()
        app.screen.query_one("#fits", Checkbox).value = True
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: "Nothing found" in text_of(app, "#note"))
        note = text_of(app, "#note")
        assert "The filter fits this machine hides 6." in note
        assert "domain" not in note
        await pilot.press("escape")
        await wait_until(pilot, lambda: table(app).row_count == 24)
        assert app.screen.query_one("#browse-bar > #domain", Select).value is Select.NULL
        await pilot.press("f")
        await wait_until(pilot, lambda: isinstance(app.screen, LocalFilterScreen))
        await pilot.press("ctrl+d")
        await wait_until(pilot, lambda: not isinstance(app.screen, LocalFilterScreen))


async def test_marks_stay_while_one_searches_and_go_to_the_evaluation_together() -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        pane = app.screen.query_one(CollectionPane)
        await pilot.press("space", "slash", *"medicine", "enter")
        await wait_until(pilot, lambda: table(app).row_count == 8)
        await pilot.press("space", "shift+down")
        assert set(pane.marked) == {
            "starter/finance-000", "starter/medicine-001", "starter/medicine-004",
            "starter/medicine-007",
        }  # fmt: skip
        assert "4 marked" in text_of(app, "#said")
        await pilot.press("e")
        await wait_until(pilot, lambda: app.current_mode == "evaluate")
        await wait_until(
            pilot, lambda: screen_text(app).count("☑") >= 4 or "4 " in screen_text(app)
        )
        await pilot.press("f1")
        await wait_until(pilot, lambda: app.current_mode == "browse")
        await pilot.press("escape")
        assert not pane.marked
        assert table(app).row_count == 8  # the search is left for the next escape
        await pilot.press("ctrl+a")
        await wait_until(pilot, lambda: len(pane.marked) == 8)
        await pilot.press("*")
        assert not pane.marked


async def test_all_of_a_long_list_are_marked_up_to_a_limit() -> None:
    app = app_with(FakeServices(MARKED_MOST + 5))
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        pane = app.screen.query_one(CollectionPane)
        await pilot.press("ctrl+a")
        await wait_until(pilot, lambda: len(pane.marked) == MARKED_MOST)
        assert any("first 1,000" in note for note in notes(app))


async def test_removing_asks_names_what_stays_refuses_what_is_built_in_and_can_be_undone() -> None:
    services = FakeServices(24)
    services.moved_in(0, "local/aaa")
    linked = services.moved_in(1, "local/aab")
    model = replace(linked.model, folder="/somewhere/else")
    services.learnwares[1] = replace(linked, model=model)
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        await pilot.press("space", "space", "space", "x")
        await wait_until(pilot, lambda: app.screen.query("#ask"))
        asked = str(app.screen.query_one("#ask Static", Static).render())
        for words in ("local/aaa", "1.1 MB are freed", "weights of 1 stay", "built into lwtui"):
            assert words in asked
        assert "Remove 2 learnwares?" in str(app.screen.query_one("#ask").border_title)
        await pilot.press("y")
        await wait_until(pilot, lambda: table(app).row_count == 22)
        await wait_until(pilot, lambda: any("2 learnwares are removed" in n for n in notes(app)))
        await pilot.press("U")
        await wait_until(pilot, lambda: table(app).row_count == 24)
        await pilot.press("escape", "end", "x")  # built in
        await wait_until(pilot, lambda: any("Nothing was removed" in n for n in titles(app)))
        assert not app.screen.query("#ask")


def titles(app: LwtuiApp) -> list[str]:
    return [note.title for note in app._notifications]


async def test_several_of_the_hub_are_pulled_one_after_the_other() -> None:
    services = FakeServices(6)
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        hub = await open_hub(pilot)
        await pilot.press("space", "down", "space", "space")
        ids = list(hub.marked)
        assert len(ids) == 3
        assert "3 marked" in text_of(app, "#hub-said")
        await pilot.press("p")
        await wait_until(pilot, lambda: app.screen.query("#ask"))
        assert "one after the other" in screen_text(app)
        await pilot.press("y")
        # One of the three is here already, one is no longer on the Hub.
        await wait_until(
            pilot, lambda: sum(job.state == "done" for job in app.session_jobs) == len(asked(app))
        )
        assert asked(app)
        assert not hub.marked
        await pilot.press("ctrl+a")
        assert len(hub.marked) == len(hub.models)
        await pilot.press("escape")
        assert not hub.marked


def asked(app: LwtuiApp) -> list[str]:
    return [job.title.removeprefix("Pull ") for job in app.session_jobs]


async def test_details_tell_the_card_and_where_it_was_used_and_scroll_by_keys() -> None:
    services = FakeServices(24)
    hostile = "# T\n<script>x</script> [bold]b[/] ![i](http://x/y.png)\n\n[a](javascript:1)\n"
    services.found_about = About(hostile + "line\n\n" * 200, ("A run",), ("A [red]talk",))
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("l")
        detail = app.screen.query_one(LearnwareDetail)
        await wait_until(pilot, lambda: detail.has_focus and detail.display)
        more = detail.query_one("#more", Static)
        await wait_until(pilot, lambda: "line" in str(more.render()))
        told = str(more.render())
        for words in (
            "evaluated in\nA run", "A [red]talk", "<script>x</script> [bold]b[/]", "[image: i]",
            "[a](javascript:1)",  # no link that may be made
        ):  # fmt: skip
            assert words in told, told
        await pilot.press("G")
        await wait_until(pilot, lambda: detail.scroll_offset.y > 10)
        await pilot.press("h")
        assert table(app).has_focus
        assert table(app).display
        await pilot.press("down", "up")  # it is not read twice
        await pilot.press("d")
        await pilot.pause()
        assert services.asked_about.count("starter/finance-000") == 1


async def test_the_real_collection_is_narrowed_removed_from_and_restored(tmp_path: Path) -> None:
    from lwtui.learnware.collection import Collection

    home = tmp_path / "home"
    source = tmp_path / "adapter_model.safetensors"
    source.write_bytes(b"w" * 1000)
    with Collection.open(home) as collection:
        mine = replace(learnware(1), id="local/mine", specifications=())
        mine = replace(mine, model=replace(mine.model, files=()))
        collection.add(mine, {source.name: source})
        (home / "models/local/mine/README.md").write_text("---\na: b\n---\n# Its card\n")
    app = app_with(WorkflowServices())
    async with app.run_test(size=SIZE) as pilot:
        await wait_until(pilot, lambda: app.current_mode == "browse" and app.screen.query("#body"))
        await wait_until(pilot, lambda: app.house.learnwares)
        await pilot.press("escape")
        await wait_until(pilot, lambda: first(app) == "local/mine")
        more = app.screen.query_one("#more", Static)
        await wait_until(pilot, lambda: "Its card" in str(more.render()))
        assert "a: b" not in str(more.render())
        await pilot.press("x")
        await wait_until(pilot, lambda: app.screen.query("#ask"))
        await pilot.press("y")
        await wait_until(pilot, lambda: first(app).startswith("starter/"))
        assert not (home / "models/local/mine").exists()
        await pilot.press("U")
        await wait_until(pilot, lambda: first(app) == "local/mine")
        assert (home / "models/local/mine" / source.name).read_bytes() == b"w" * 1000
        await pilot.press("slash", *"bnaking", "enter")
        await wait_until(pilot, lambda: first(app).startswith("starter/banking-intent"))
    app.services.close()
    assert not (home / ".trash").exists()
