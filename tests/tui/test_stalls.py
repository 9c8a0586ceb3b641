"""The UI thread stays free: while an answer streams, data is specified and a long list scrolls."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from lwtui import paths
from lwtui.learnware.model import Learnware
from lwtui.tui.app import LwtuiApp
from lwtui.tui.screens.chat import ChatScreen
from lwtui.tui.screens.match import MatchScreen
from lwtui.tui.services import CollectionFacts, Query
from lwtui.tui.widgets.row_table import RowTable
from lwtui.tui.workflow_services import WorkflowServices

from .fakes import FakeServices, learnware
from .helpers import app_with, ready, wait_until
from .watchdog import Watchdog, never_blocked, watched

LIMIT = 0.05
"""Seconds the UI thread may be blocked between two turns of its loop, at most."""
PATIENCE = 180.0
MANY = 100_000


def compute(seconds: float) -> None:
    """Keep the processor busy for so much of this thread's own time."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        sum(range(1000))


def wait(seconds: float) -> None:
    threading.Event().wait(seconds)


@pytest.mark.parametrize("block", [compute, wait])
async def test_the_watchdog_sees_what_computes_and_what_waits(
    block: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    # 60 ms by the clock of the thread: how slow other work makes them is left out.
    monkeypatch.setattr(Watchdog, "pace", 1.0)

    async def blocks(seconds: float = 0.06) -> None:
        await asyncio.sleep(0)
        block(seconds)
        await asyncio.sleep(0)

    with watched() as watchdog:
        await blocks(0.3)  # long enough for a look at the stack on a machine with much to do
    with pytest.raises(AssertionError, match=f"over 50 ms(.*\n)*.* {block.__name__}"):
        watchdog.check(LIMIT)
    with pytest.raises(AssertionError, match="over 50 ms"):
        await never_blocked(blocks, LIMIT)
    # The loop is as it was, and turns that nothing blocks are no stalls.
    with watched(LIMIT) as watchdog:
        for _ in range(200):
            compute(0.001)
            await asyncio.sleep(0)
    assert watchdog.turns >= 200


def long_answer(words: int = 3000) -> str:
    """Markdown as models write it: paragraphs, lists, code and tables."""
    section = (
        "## Part {n}\n\n" + "The **quick** brown fox *jumps* over `the lazy` dog again. " * 8
        + "\n\n- first of {n}\n- second, with a [link](https://example.org)\n  - and one below\n\n"
        "```python\n" + "def fox(jumps: int) -> str:\n    return 'over' * jumps  # lazily\n\n" * 6
        + "```\n\n| dose | drug | note |\n| --- | ---: | --- |\n"
        + "| 5 mg | amlodipine | once a **day** |\n" * 12 + "\n"
    )  # fmt: skip
    text = ""
    while len(text.split(" ")) < words:
        text += section.format(n=len(text))
    return text


async def test_a_long_answer_streams() -> None:
    answer = long_answer()
    app = app_with(FakeServices(3, answer))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("c")
        await wait_until(pilot, lambda: app.current_mode == "chat")
        screen = app.screen
        assert isinstance(screen, ChatScreen)
        await wait_until(pilot, lambda: screen.handle is not None and not screen.busy)

        async def ask() -> None:
            screen.prompt.text = "go"
            await pilot.press("enter")
            await wait_until(pilot, lambda: screen.session and not screen.busy, PATIENCE)

        await never_blocked(ask, LIMIT)
        assert screen.transcript.turns[-1].content.split() == answer.split()


async def test_a_demo_dataset_is_specified() -> None:
    app = LwtuiApp(WorkflowServices())
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)

        async def match() -> None:
            await app.open_data(paths.demo_root() / "finance-support")
            screen = app.screen
            assert isinstance(screen, MatchScreen)
            await wait_until(pilot, lambda: screen.step == "preview")
            await pilot.press("s")
            await wait_until(pilot, lambda: screen.step == "results", PATIENCE)

        await never_blocked(match, LIMIT)


class Numbered(FakeServices):
    """A hundred thousand learnwares, each made when it is asked for."""

    def collection(self) -> CollectionFacts:
        return CollectionFacts(MANY, super().collection().facets, ())

    def page(self, query: Query, offset: int, limit: int) -> tuple[list[Learnware], int]:
        return [learnware(n) for n in range(offset, min(offset + limit, MANY))], MANY

    def learnware(self, learnware_id: str) -> Learnware:
        return learnware(int(learnware_id.rpartition("-")[2]))


async def test_a_hundred_thousand_rows_scroll() -> None:
    app = app_with(Numbered(3))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        table = app.screen.query_one("#learnwares", RowTable)
        assert table.row_count == MANY

        async def scroll() -> None:
            for key in ("j", "j", "pagedown", "pagedown", "G", "pageup", "k", "g"):
                for _ in range(4):  # as a held key comes: faster than it is painted
                    app.simulate_key(key)
                await pilot.pause()
            for row in range(0, MANY, MANY // 12):
                table.scroll_to(y=row, animate=False)
                await pilot.pause()

        await never_blocked(scroll, LIMIT)
        table.action_edge(1)
        await wait_until(pilot, lambda: table.cursor == MANY - 1)
