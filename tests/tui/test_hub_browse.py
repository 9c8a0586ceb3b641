"""Browse on the Hub: search, pages, order, filters, details; and when it cannot be asked."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from textual.widgets import Checkbox, Select, Static

from lwtui.dock.record import HubPage, HubQuery
from lwtui.errors import BadInput, LwtuiError
from lwtui.tui.screens.browse import BrowseScreen
from lwtui.tui.screens.hub_filter import HubFilterScreen
from lwtui.tui.widgets.hub_cells import KEYS, age, cells, headline
from lwtui.tui.widgets.hub_detail import HubDetail
from lwtui.tui.widgets.row_table import RowTable
from lwtui.tui.widgets.source_switch import SourceSwitch

from .fake_hub import PAGE, hub_model
from .fakes import FakeServices
from .helpers import app_with, ready, screen_text, text_of, wait_until
from .hub_steps import notes, open_hub, pane

SIZE = (120, 36)


async def test_one_key_or_a_click_goes_from_here_to_known_to_the_hub() -> None:
    services = FakeServices(6)
    services.learnwares[2] = replace(services.learnwares[2], pulled=False)
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await ready(pilot)
        table = app.screen.query_one("#learnwares", RowTable)
        assert table.row_count == 5
        await pilot.press("s")
        await wait_until(pilot, lambda: table.row_count == 6)
        assert screen_text(app).count("on the Hub") == 1
        await pilot.press("down", "down", "c")  # its weights are not here: the pull is offered
        await wait_until(pilot, lambda: app.screen.query("#plan-sum"))
        assert services.learnwares[2].id in str(app.screen.query_one("#dialogue").border_title)
        await pilot.press("escape")
        await pilot.click(SourceSwitch, offset=(17, 0))
        await wait_until(pilot, lambda: pane(app).models)
        assert "the catalogue, then by trending" in screen_text(app)
        await pilot.click(SourceSwitch, offset=(1, 0))
        await wait_until(pilot, lambda: table.display and table.row_count == 5)


async def test_the_catalogue_comes_first_with_what_is_known_of_each() -> None:
    app = app_with(FakeServices(6))
    async with app.run_test(size=SIZE) as pilot:
        await open_hub(pilot)
        shown = screen_text(app)
        assert shown.index("open-bank/intent-lora") < shown.index("someone/finance-adapter-00000")
        for state in ("● here", "gone", "gated", "learnware"):
            assert state in shown
        await wait_until(pilot, lambda: "Bank intents" in screen_text(app))
        for fact in (
            "Names the wish", "apache-2.0", "Qwen/Qwen2.5-0.5B-Instruct", "LoRA adapter",
            "adapter_model.safetensors", "someone/finance-questions", "120,000 in 30 days",
        ):  # fmt: skip
            assert fact in screen_text(app)


async def test_typing_searches_and_escape_shows_the_catalogue_again() -> None:
    services = FakeServices(6)
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        hub = await open_hub(pilot)
        await pilot.press("slash", *"medicine 0012")
        await wait_until(pilot, lambda: len(hub.models) == 3)
        assert "“medicine 0012” · 3 models" in screen_text(app)
        asked = [query.text for query, _, _ in services.asked]
        assert len(asked) < len("medicine 0012")  # not one question a key
        await pilot.press("enter")
        assert app.focused is hub.table
        await pilot.press("escape")
        await wait_until(pilot, lambda: hub.models[0].id == "open-bank/intent-lora")


async def test_the_newest_question_wins_and_an_old_answer_is_dropped() -> None:
    services = FakeServices(6)
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        hub = await open_hub(pilot)
        services.hub_gate = threading.Semaphore(0)
        before = len(services.asked)
        for number in range(5):  # five questions to a server that does not answer
            hub.look(HubQuery(text=f"finance 0000{number}"))
            await pilot.pause()
        hub.look(HubQuery(text="medicine"))
        assert "asking…" in text_of(app, "#hub-age")
        assert len(services.asked) - before <= 3  # the others wait for a thread
        services.hub_gate.release(9)
        await wait_until(pilot, lambda: "medicine" in hub.models[0].id)
        texts = [query.text for query, _, _ in services.asked[before:]]
        assert texts[-1] == "medicine"
        assert len(texts) <= 4  # of those that waited only the newest was asked


async def test_pages_come_as_they_scroll_into_sight() -> None:
    services = FakeServices(6)
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        hub = await open_hub(pilot)
        assert hub.table.row_count == PAGE + 1
        await pilot.press("end")
        await wait_until(pilot, lambda: len(hub.models) == 2 * PAGE)
        assert hub.table.cursor == PAGE  # where it was, now on a model
        assert [cursor for _, cursor, _ in services.asked] == ["", str(PAGE)]
        while len(hub.models) < 404:
            count = len(hub.models)
            await pilot.press("end")
            await wait_until(pilot, lambda count=count: len(hub.models) > count)
        assert hub.table.row_count == 404
        assert "404 models" in screen_text(app)


async def test_pages_that_bring_nothing_new_are_not_asked_for_without_end() -> None:
    class Lying(FakeServices):
        def search_hub(self, query: HubQuery, cursor: str, fresh: bool) -> HubPage:
            self.asked.append((query, cursor, fresh))
            return HubPage(tuple(self.models[:5]), cursor + "x")

    services = Lying(6)
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        hub = await open_hub(pilot)
        await wait_until(pilot, lambda: hub.table.row_count == 5)
        assert len(services.asked) == 4


async def test_order_and_filters() -> None:
    services = FakeServices(6)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        hub = await open_hub(pilot)
        await pilot.press("o")
        await wait_until(pilot, lambda: services.asked[-1][0].sort == "downloads")
        await pilot.press("f")
        await wait_until(pilot, lambda: isinstance(app.screen, HubFilterScreen))
        await pilot.pause()
        dialogue = app.screen
        dialogue.query_one("#domain", Select).value = "medicine"
        for name in ("free", "learnware", "fits"):
            dialogue.query_one(f"#{name}", Checkbox).value = True
        dialogue.query_one("#base").value = "Qwen/Qwen2.5-0.5B-Instruct"
        await pilot.press("ctrl+s")
        await wait_until(pilot, lambda: services.asked[-1][0].domain == "medicine")
        query = services.asked[-1][0]
        assert query == HubQuery(
            domain="medicine", gated=False, learnware=True, max_bytes=6_000_000_000,
            base="Qwen/Qwen2.5-0.5B-Instruct", sort="downloads",
        )  # fmt: skip
        await wait_until(pilot, lambda: all(model.is_learnware for model in hub.models))
        assert "medicine · of Qwen/Qwen2.5-0.5B-Instruct · free" in text_of(app, "#hub-said")
        await pilot.press("f")
        await wait_until(pilot, lambda: isinstance(app.screen, HubFilterScreen))
        await pilot.press("ctrl+d")
        await wait_until(pilot, lambda: services.asked[-1][0] == HubQuery(sort="downloads"))


async def test_an_old_answer_says_its_age_and_why_and_r_asks_anew() -> None:
    services = FakeServices(6)
    services.hub_age, services.hub_problem = 200.0, "No network: an answer of before."
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        await open_hub(pilot)
        assert "3 min old; r asks anew" in screen_text(app)
        assert "No network: an answer of before." in screen_text(app)
        services.hub_problem = ""
        await pilot.press("r")
        await wait_until(pilot, lambda: services.asked[-1][2])
        await wait_until(pilot, lambda: KEYS in screen_text(app))
        assert "No network" not in screen_text(app)


@pytest.mark.parametrize("error", [LwtuiError("No network.", hint="Try later."), OSError(28, "x")])
async def test_no_answer_is_a_calm_line_and_the_app_goes_on(error: Exception) -> None:
    services = FakeServices(6)
    services.hub_error = error
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("s", "s")
        await wait_until(pilot, lambda: "could not be asked" in text_of(app, "#hub-note"))
        assert str(error) in text_of(app, "#hub-note").replace("\n", " ")
        assert not app._notifications
        await pilot.press("p", "c", "e", "S", "P")  # nothing is under the cursor
        services.hub_error = None
        await pilot.press("r")
        await wait_until(pilot, lambda: pane(app).models)
        services.page_error = error
        await pilot.press("end")
        await wait_until(pilot, lambda: "More could not be read" in screen_text(app))
        assert pane(app).table.row_count == PAGE
        await pilot.press("s")
        await wait_until(pilot, lambda: app.screen.query_one("#learnwares").row_count == 6)


async def test_nothing_found_teaches() -> None:
    app = app_with(FakeServices(6))
    async with app.run_test(size=(80, 24)) as pilot:
        await open_hub(pilot)
        await pilot.press("slash", *"zebra")
        await wait_until(pilot, lambda: "nothing like this" in text_of(app, "#hub-note"))


async def test_a_model_that_is_gone_and_one_that_is_here_are_not_pulled() -> None:
    app = app_with(FakeServices(6))
    async with app.run_test(size=SIZE) as pilot:
        await open_hub(pilot)
        await pilot.press("down", "p")
        await wait_until(pilot, lambda: any("is here already" in note for note in notes(app)))
        await pilot.press("down", "down", "p")
        await wait_until(pilot, lambda: any("no longer on the Hub" in note for note in notes(app)))
        assert isinstance(app.screen, BrowseScreen)


async def test_details_that_cannot_be_read_say_why() -> None:
    services = FakeServices(6)
    services.card_error = BadInput("It is gated.", hint="Ask for access.")
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        hub = await open_hub(pilot)
        detail = hub.query_one(HubDetail)
        card = detail.query_one("#hub-card", Static)
        await wait_until(pilot, lambda: "It is gated. Ask for access." in str(card.render()))
        assert "adapter_model.safetensors" in screen_text(app)  # what was read before


async def test_a_card_is_cut_and_shown_as_it_is() -> None:
    services = FakeServices(6)
    services.card = "# T\n[bold]x[/] [click](javascript:1)\n" + "word " * 40_000
    app = app_with(services)
    async with app.run_test(size=SIZE) as pilot:
        hub = await open_hub(pilot)
        card = hub.query_one("#hub-card", Static)
        await wait_until(pilot, lambda: "the rest is on its page" in str(card.render()))
        text = str(card.render())
        assert "[bold]x[/] [click](javascript:1)" in text
        assert len(text) < 7_000


def test_ages() -> None:
    def old(seconds: float) -> str:
        return age(HubPage((), fetched=1_000_000.0), 1_000_000.0 + seconds)

    assert old(5) == KEYS
    assert old(200) == "3 min old; r asks anew"
    assert old(2 * 3600) == "2 h old; r asks anew"
    assert old(90 * 3600) == "4 days old; r asks anew"


def test_a_headline_names_every_filter() -> None:
    query = HubQuery(
        text="law", domain="finance", relation="quantized", base="a/b", format="gguf",
        licence="mit", language="de", gated=True, learnware=True, max_bytes=2_000_000_000,
        sort="likes",
    )  # fmt: skip
    said = headline(query, 12, more=True)
    for word in (
        "“law”", "finance", "quantised from a/b", "GGUF", "mit", "de", "gated", "learnwares",
        "2.0 GB", "12+ models", "by likes",
    ):  # fmt: skip
        assert word in said


def test_a_row_of_an_odd_model() -> None:
    row = cells(hub_model(5, id="a/b", updated="soon", size=0, likes=0, base=""), None)
    assert ("gated", "bad") in row
    assert row[-1] == ("", "dim")
