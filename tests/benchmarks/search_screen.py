"""How long until the Hub's models stand on the screen, over loopback, with 10,000 repositories.

    python -m tests.benchmarks.search_screen [--repositories 10000] [--rounds 9]

The app runs headless with its real services; the server of the tests in a process of its own. From
the key to the first frame with the rows of the answer in it, median and slowest of the rounds:

- catalogue: the key that opens the Hub's list, to the catalogue's rows (no network);
- first: the first search of a process, the import of huggingface_hub in it;
- search: the last letter typed, to the first rows; of that, 200 ms are the pause in which more
  letters may come;
- cached: the same search again within ten minutes;
- page: the key that goes to the last row, to the row after it.

Beside each, over all rounds, the longest time in which the thread of the screen did one thing (a
heartbeat of 2 ms that was late by so much), and the processor's time that this took of it: what is
beyond that, other work on the machine took.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import multiprocessing
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from lwtui.tui.app import LwtuiApp
from lwtui.tui.screens.browse import HUB_TYPING_PAUSE
from lwtui.tui.widgets.hub_pane import HubPane
from tests.benchmarks.search_page import serve

RESULTS = Path(__file__).parent / "results" / "search_screen.csv"
BEAT = 0.002
LETTERS = "012345678"
"""One a round: each finds another part of the repositories."""


class Watch:
    """Notes how late the event loop's heartbeat comes."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.busiest = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async def beat() -> None:
            before, used = time.perf_counter(), time.thread_time()
            while True:
                await asyncio.sleep(BEAT)
                now, by_now = time.perf_counter(), time.thread_time()
                self.longest = max(self.longest, now - before - BEAT)
                self.busiest = max(self.busiest, by_now - used)
                before, used = now, by_now

        task = asyncio.create_task(beat())
        try:
            yield
        finally:
            task.cancel()


def shown(app: LwtuiApp) -> Callable[[str], bool]:
    """Whether a text stands in the frame that is on the screen."""

    def look(text: str) -> bool:
        screen = app.screen
        if screen._dirty_widgets or screen._layout_required or screen._repaint_required:
            return False  # not painted yet; and looking is not for free
        strips = app.screen._compositor.render_strips()
        return any(text in "".join(segment.text for segment in strip) for strip in strips)

    return look


async def until(done: Callable[[], bool]) -> None:
    deadline = time.perf_counter() + 30
    while not done():
        if time.perf_counter() > deadline:
            raise SystemExit("no rows within 30 s")
        await asyncio.sleep(0.001)


class Stopwatch:
    """Times of steps by name, ms."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}
        self.stalls: dict[str, float] = {}
        self.busy: dict[str, float] = {}

    async def take(
        self, name: str, act: Callable[[], Awaitable[object]], done: Callable[[], bool]
    ) -> None:
        watch = Watch()
        async with watch.running():
            started = time.perf_counter()
            await act()
            await until(done)
            self.times.setdefault(name, []).append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(0.1)  # what follows the rows: details, repaints
        self.stalls[name] = max(self.stalls.get(name, 0.0), watch.longest * 1000)
        self.busy[name] = max(self.busy.get(name, 0.0), watch.busiest * 1000)


async def measure(rounds: int) -> Stopwatch:
    clock = Stopwatch()
    app = LwtuiApp()
    async with app.run_test(size=(120, 36)) as pilot:
        while app.current_mode != "browse" or not app.screen.query("#body"):
            await pilot.pause(0.01)
        await until(lambda: app.house.learnwares is not None)
        await pilot.press("s")
        pane = app.screen.query_one(HubPane)
        look = shown(app)
        await clock.take(
            "catalogue", lambda: press(pilot, "s"), lambda: bool(pane.models) and first(pane, look)
        )
        await pilot.press("slash")
        for number in range(rounds):
            letter = LETTERS[number % len(LETTERS)]
            if number >= len(LETTERS):
                raise SystemExit(f"at most {len(LETTERS)} rounds")
            for name in ("search" if number else "first", "cached"):
                await clear(app, pilot, pane)
                await clock.take(
                    name, lambda letter=letter: press(pilot, letter), answered(pane, look, letter)
                )
            if pane._next:
                pane.table.focus()
                await pilot.pause()
                count = len(pane.models)
                await clock.take(
                    "page",
                    lambda: press(pilot, "end"),
                    lambda count=count: len(pane.models) > count and look(pane.models[count].id),
                )
                await pilot.press("slash")
    app.services.close()
    return clock


async def press(pilot: Pilot[None], key: str) -> None:
    pilot.app.simulate_key(key)


async def clear(app: LwtuiApp, pilot: Pilot[None], pane: HubPane) -> None:
    field = app.screen.query_one("#search")
    field.value = ""
    await until(lambda: bool(pane.models) and bool(pane.models[0].note))
    await pilot.pause()


def first(pane: HubPane, look: Callable[[str], bool]) -> bool:
    return look(pane.models[0].id[:25])


def answered(pane: HubPane, look: Callable[[str], bool], letter: str) -> Callable[[], bool]:
    return lambda: (
        pane.query_now.text == letter
        and bool(pane.models)
        and pane.models[0].id.startswith("many/")
        and first(pane, look)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--repositories", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(
        target=serve, args=(options.repositories, theirs), daemon=True
    )
    server.start()
    with tempfile.TemporaryDirectory() as home:
        os.environ.update(
            HF_ENDPOINT=ours.recv(),
            HF_HOME=f"{home}/hf",
            HF_HUB_CACHE=f"{home}/hf/hub",
            LWTUI_HOME=f"{home}/lwtui",
        )
        clock = asyncio.run(measure(options.rounds))
    ours.send(None)
    server.join()
    print(f"{options.repositories:,} repositories, {options.rounds} rounds, ms")
    print(f"(a search waits {HUB_TYPING_PAUSE * 1000:.0f} ms for another letter)")
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(
            ["step", "median_ms", "slowest_ms", "longest_stall_ms", "of_that_busy_ms", "rounds"]
        )
        for name, times in clock.times.items():
            median, slowest = statistics.median(times), max(times)
            stall = clock.stalls[name]
            figures = [f"{each:.0f}" for each in (median, slowest, stall, clock.busy[name])]
            table.writerow([name, *figures, len(times)])
            print(f"{name:10} median {figures[0]:>4}  slowest {figures[1]:>4}  ", end="")
            print(f"longest stall {figures[2]:>3}, busy for {figures[3]:>3}")


if __name__ == "__main__":
    sys.exit(main())
