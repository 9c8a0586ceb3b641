"""Browse: the list narrows, pages, filters, teaches; details follow the cursor."""

from __future__ import annotations

import pytest
from textual.widgets import Input, Select

from lwtui.errors import BadInput, LwtuiError
from lwtui.tui.app import LwtuiApp
from lwtui.tui.services import CollectionFacts
from lwtui.tui.widgets.detail import LearnwareDetail
from lwtui.tui.widgets.row_table import RowTable

from .fakes import FakeServices
from .helpers import app_with, ready, screen_text, text_of, wait_until


def rows(app: LwtuiApp) -> int:
    return app.screen.query_one(RowTable).row_count


async def test_the_list_and_its_details() -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert rows(app) == 24
        assert "24 learnwares · llama.cpp/cpu · no jobs" in screen_text(app)
        await pilot.press("down")
        await wait_until(pilot, lambda: "Medicine specialist 1" in screen_text(app))
        shown = screen_text(app)
        for fact in (
            "Medicine specialist 1", "apache-2.0", "LoRA adapter", "starter/base", "answer loss",
            "base 2.91", "medicine-questions", "cc-by-4.0", "adapter.gguf", "410 kB",
        ):  # fmt: skip
            assert fact in shown


async def test_search_narrows_while_typing_and_escape_empties_it() -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("slash", *"fin 003")
        await wait_until(pilot, lambda: rows(app) == 1)
        await pilot.press("enter")
        assert isinstance(app.focused, RowTable)
        await pilot.press("escape")
        await wait_until(pilot, lambda: rows(app) == 24)


async def test_number_keys_type_while_the_search_has_the_focus() -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("slash", "2", "3")
        assert app.current_mode == "browse"
        assert app.screen.query_one("#search", Input).value == "23"
        await pilot.press("f2")
        await wait_until(pilot, lambda: app.current_mode == "match")


async def test_a_filter_keeps_its_domain() -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await wait_until(pilot, lambda: app.screen.query("#domain"))
        app.screen.query_one("#domain", Select).value = "medicine"
        await wait_until(pilot, lambda: rows(app) == 8)
        await pilot.press("escape")
        await wait_until(pilot, lambda: rows(app) == 24)


async def test_pages_are_read_as_they_come_into_sight() -> None:
    app = app_with(FakeServices(5_000))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert rows(app) == 5_000
        await pilot.press("end")
        await wait_until(pilot, lambda: "starter/medicine-4999" in screen_text(app))
        detail = app.screen.query_one(LearnwareDetail)
        await wait_until(pilot, lambda: detail.learnware and detail.learnware.id.endswith("4999"))


async def test_an_empty_collection_teaches() -> None:
    app = app_with(FakeServices(0))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await wait_until(pilot, lambda: "lwtui add FOLDER" in text_of(app, "#note"))
        await pilot.press("c")  # nothing to talk with: nothing happens
        assert app.current_mode == "browse"


async def test_no_result_teaches() -> None:
    app = app_with(FakeServices(3))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("slash", *"zebra")
        await wait_until(pilot, lambda: "Nothing found" in text_of(app, "#note"))


async def test_details_fold_away_in_a_narrow_terminal() -> None:
    app = app_with(FakeServices(24))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        detail = app.screen.query_one(LearnwareDetail)
        assert not detail.display
        await pilot.press("d")
        assert detail.display
        await pilot.press("d")
        await pilot.resize_terminal(130, 40)
        await wait_until(pilot, lambda: detail.display)


async def test_reload_shows_what_is_new() -> None:
    services = FakeServices(3)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        services.learnwares = FakeServices(9).learnwares
        await pilot.press("r")
        await wait_until(pilot, lambda: rows(app) == 9)
        assert app.house.learnwares == 9


@pytest.mark.parametrize("error", [BadInput("The index is [broken].", file="lwtui.db"), OSError(5)])
async def test_a_collection_that_cannot_be_read_is_a_message(error: Exception) -> None:
    class Broken(FakeServices):
        def collection(self) -> CollectionFacts:
            raise error

    app = app_with(Broken(1))
    async with app.run_test(size=(120, 36)) as pilot:
        await wait_until(pilot, lambda: list(app._notifications))
        notification = next(iter(app._notifications))
        assert notification.severity == "error"
        assert notification.message.startswith(str(error))
        assert not notification.markup
        assert isinstance(error, (LwtuiError, OSError))


async def test_skipped_manifests_are_named() -> None:
    services = FakeServices(3)
    services.problems = ("models/x/learnware.toml:3: field 'id': missing",)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        assert any("field 'id'" in note.message for note in app._notifications)
