"""How Browse feels with 100,000 learnwares: keys to paint, stalls while scrolling, narrowing.

    python -m tests.benchmarks.browse_scroll [--learnwares 100000] [--rounds 5]

The manifests are written straight into the index, as a look at their folders would; the app runs
headless with its real services at 120 x 36. From a key to the frame that shows what it did, median
and slowest of the rounds:

- down, page down, end: a single key, with all that it leads to;
- held down, held page down: 200 and 100 keys at the speed of a terminal that repeats 30 a second;
- narrow: each letter of a word, to the rows of its answer (60 ms of it are the pause in which more
  letters may come); near: a word with a slip; sort, filter: to the rows in the new order;

and beside each the longest time in which the thread of the screen did one thing, as
``search_screen`` measures it: the clock's, and the processor's.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from textual.pilot import Pilot

from lwtui.learnware.index import Index, Row
from lwtui.learnware.model import (
    DataSource,
    Learnware,
    ModelFile,
    ModelInfo,
    Provenance,
    Score,
    Semantic,
    SpecificationEntry,
)
from lwtui.learnware.record import search_text, to_record
from lwtui.tui.app import LwtuiApp
from lwtui.tui.widgets.collection_pane import CollectionPane
from tests.benchmarks.search_screen import Watch, shown, until

RESULTS = Path(__file__).parent / "results" / "browse_scroll.csv"
DOMAINS = ("finance", "medicine", "mathematics", "law", "chemistry")
TASKS = ("intent classification", "named entity recognition", "question answering", "summaries")
SYLLABLES = ("ba", "ne", "ki", "lo", "tur", "mi", "san", "dor", "vel", "qua", "phi", "rem")
HELD = 1 / 30
"""Seconds between two keys of one that is held down."""


def name_of(number: int) -> str:
    parts = [SYLLABLES[(number // 12**power) % 12] for power in range(4)]
    return f"{''.join(parts[:2])}-lab/{DOMAINS[number % 5]}-{''.join(parts[2:])}-{number:06d}"


def learnware(number: int) -> Learnware:
    """One of many; each differs in name, size, domain and grade."""
    size = 20_000 + number * 7919 % 9_000_000
    domain, task = DOMAINS[number % 5], TASKS[number % 4]
    origin = ("training data", "named datasets", "own answers")[number % 3]
    return Learnware(
        name_of(number),
        ModelInfo(
            "adapter",
            "starter/base",
            parameters=98_304,
            files=(
                ModelFile("adapter_model.safetensors", "peft", size, "0" * 64),
                ModelFile("adapter.gguf", "gguf-lora", size // 2, "1" * 64),
            ),
        ),
        Semantic(
            f"{domain.title()} specialist {number}",
            f"Answers questions of kind {number} about {domain}, as found in a benchmark.",
            domain,
            task,
            ("en",),
            ("apache-2.0", "mit", "cc-by-4.0")[number % 3],
            ("benchmark",),
            (DataSource(f"{domain}-questions-{number % 500}", "cc-by-4.0", rows=1200),),
        ),
        Provenance("folder", added="2026-01-01T00:00:00+00:00"),
        (SpecificationEntry("pave", "gradient", "starter", "p.safetensors", origin=origin),)
        if number % 7
        else (),
        (Score(task, "answer loss", 1.25, 2.5, 64),),
    )


def fill(home: Path, count: int) -> float:
    """Seconds. ``refresh`` would take rows without folders for gone: the app is told not to look
    (see :func:`still`)."""
    from lwtui.learnware import scan

    home.mkdir(parents=True)
    index = Index(home / "index.db")
    started = time.perf_counter()
    rows = []
    for number in range(count):
        each = learnware(number)
        facts = {
            "domain": each.semantic.domain, "task": each.semantic.task, "base": each.model.base,
            "licence": each.semantic.licence, "kind": "adapter", "formats": each.formats,
            "size": each.size, "weight": each.model.files[1].size,
            "grade": scan.grade_number(each.specifications), "added": each.provenance.added,
        }  # fmt: skip
        row = Row(each.id, "1:1:1:1", to_record(each), search=search_text(each), **facts)  # type: ignore[arg-type]
        rows.append(row)
    index.update("home", rows)
    index.close()
    return time.perf_counter() - started


def still() -> None:
    """The rows have no folders: what a look at the disk finds is what the index says, after the
    time that so many folders take."""
    from lwtui.learnware import scan

    look = scan.look
    scan.look = lambda known, root: ([], set()) if root.name == "home" else look(known, root)  # type: ignore[assignment]


class Clock:
    """Times by name, ms, and the stalls meanwhile."""

    def __init__(self) -> None:
        self.times: dict[str, list[float]] = {}
        self.stalls: dict[str, tuple[float, float]] = {}

    async def take(
        self, name: str, act: Callable[[], Awaitable[object]], done: Callable[[], bool]
    ) -> None:
        watch = Watch()
        async with watch.running():
            started = time.perf_counter()
            await act()
            try:
                await until(done)
            except SystemExit as error:
                raise SystemExit(f"{name}: {error}") from None
            self.times.setdefault(name, []).append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(0.5)  # what follows: details, cards
        before = self.stalls.get(name, (0.0, 0.0))
        now = (watch.longest * 1000, watch.busiest * 1000)
        self.stalls[name] = (max(before[0], now[0]), max(before[1], now[1]))


async def measure(rounds: int) -> tuple[Clock, float]:
    clock = Clock()
    app = LwtuiApp()
    started = time.perf_counter()
    async with app.run_test(size=(120, 36)) as pilot:
        while app.current_mode != "browse" or not app.screen.query("#body"):
            await pilot.pause(0.01)
        pane = app.screen.query_one(CollectionPane)
        await until(lambda: pane.table.row_count > 0)
        first = (time.perf_counter() - started) * 1000
        await until(lambda: app.house.learnwares is not None)
        await asyncio.sleep(1.0)
        look = shown(app)

        def at(row: int) -> Callable[[], bool]:
            def there() -> bool:
                each = pane._learnware(row)
                return pane.table.cursor == row and each is not None and look(each.id[:20])

            return there

        def press(*keys: str) -> Callable[[], Awaitable[None]]:
            async def act() -> None:
                for key in keys:
                    app.simulate_key(key)

            return act

        def held(key: str, times: int) -> Callable[[], Awaitable[None]]:
            async def act() -> None:
                for _ in range(times):
                    app.simulate_key(key)
                    await asyncio.sleep(HELD)

            return act

        last = pane.table.row_count - 1
        page = max(1, pane.table.scrollable_content_region.height - 2)
        for _ in range(rounds):
            await clock.take("first row", press("home"), at(0))
            await clock.take("down", press("down"), at(1))
            await clock.take("page down", press("pagedown"), at(1 + page))
            await clock.take("end", press("end"), at(last))
            app.simulate_key("home")
            await until(at(0))
        await clock.take("held down", held("down", 200), at(200))
        app.simulate_key("home")
        await until(at(0))
        await clock.take("held page down", held("pagedown", 100), at(100 * page))
        await narrow(app, pilot, pane, clock, rounds, press)
    app.services.close()
    return clock, first


async def narrow(
    app: LwtuiApp,
    pilot: Pilot[None],
    pane: CollectionPane,
    clock: Clock,
    rounds: int,
    press: Callable[..., Callable[[], Awaitable[None]]],
) -> None:
    """The search, the orders and the filters."""

    def answered(text: str) -> Callable[[], bool]:
        return lambda: pane._shown.text == text and pane._answered == pane._number

    for number in range(rounds):
        await press("slash")()
        await asyncio.sleep(1.0)
        word = ("chemistry", "medicine", "finance", "mathematics", "benchmark")[number % 5]
        for end in range(1, len(word) + 1):
            key = word[end - 1]
            await clock.take("narrow", press(key), answered(word[:end]))
        await press("enter", "escape")()
        await until(lambda: not pane._shown.text and pane._answered == pane._number)
        await press("slash")()
        field = app.screen.query_one("#search")
        slipped = word[:3] + word[4] + word[3] + word[5:]

        async def type_slipped(field: object = field, slipped: str = slipped) -> None:
            field.value = slipped  # type: ignore[attr-defined]

        await clock.take("near", type_slipped, answered(slipped))
        await press("enter", "escape")()
        await until(lambda: not pane._shown.text and pane._answered == pane._number)
        for column in ("size", "task"):
            await clock.take(
                "sort",
                lambda column=column: _do(lambda: pane.sort(column)),
                lambda column=column: pane._shown.sort == column,
            )
        from dataclasses import replace

        wanted = replace(pane.query_now, domain="law", fits=True, sort="")
        await clock.take(
            "filter",
            lambda wanted=wanted: _do(lambda: pane.narrow(wanted)),
            lambda wanted=wanted: pane._shown == wanted,
        )
        await press("escape")()
        await until(lambda: pane._shown.empty and pane._answered == pane._number)


async def _do(action: Callable[[], object]) -> None:
    action()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--learnwares", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        os.environ["LWTUI_HOME"] = str(home)
        seconds = fill(home, options.learnwares)
        (home / "welcomed").touch()
        print(f"filling the index with {options.learnwares:,}: {seconds:.1f} s")
        still()
        clock, first = asyncio.run(measure(options.rounds))
    print(f"from the start of the app to the rows: {first:.0f} ms")
    RESULTS.parent.mkdir(exist_ok=True)
    with RESULTS.open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["what", "median ms", "slowest ms", "longest stall ms", "of it busy ms"])
        for name, times in clock.times.items():
            stall, busy = clock.stalls[name]
            middle, slowest = statistics.median(times), max(times)
            row = [f"{value:.1f}" for value in (middle, slowest, stall, busy)]
            table.writerow([name, *row])
            print(
                f"{name:<15} {middle:8.1f} ms  slowest {slowest:8.1f} ms"
                f"  longest stall {stall:6.1f} ms (busy {busy:6.1f} ms)"
            )


if __name__ == "__main__":
    main()
