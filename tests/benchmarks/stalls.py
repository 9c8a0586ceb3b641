"""The longest time the app's UI thread was blocked between two turns of its event loop.

    python -m tests.benchmarks.stalls [--only stream specification scroll] [--rounds 3]
                                      [--rows 100000] [--verbose]

The real app in a pseudo-terminal of 120 x 36, with its real services, a process a round:

- stream: a starter model answers five times, each time until its context is full;
- specification: a demo dataset is matched, from the key that starts it to the ranking painted;
- scroll: a collection of so many learnwares is scrolled by row, by page, by wheel, and jumped
  through, thirty keys a second.

Printed of all rounds: turns of the loop; the longest block (what the thread computed or waited for,
see ``tests/tui/watchdog.py``); its own processor time and wall clock, each the longest of any turn;
and how many turns were blocked over 20 and 50 ms. ``--verbose`` says what ran in the longest.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import sys
import tempfile
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from lwtui import paths
from lwtui.tui.widgets.row_table import RowTable
from tests.benchmarks.browse_scroll import fill, still
from tests.benchmarks.driven import (
    PATIENCE,
    Figures,
    Scenario,
    add_child,
    figures_of,
    opened,
    run_child,
    run_in_terminal,
)
from tests.tui.helpers import wait_until
from tests.tui.watchdog import watched

RESULTS = Path(__file__).parent / "results" / "stalls.csv"
COLUMNS = (
    "what",
    "turns",
    "blocked_ms",
    "processor_ms",
    "wall_ms",
    "over_20_ms",
    "over_50_ms",
    "rounds",
)
KEY = 1 / 30
"""Seconds between two keys of a held one."""
PROMPT = "My card has not arrived yet. What should I do? Tell me all you know."


async def stream(pilot: Pilot[None]) -> Figures:
    app = await opened(pilot)
    await pilot.press("3")
    await wait_until(pilot, lambda: app.current_mode == "chat")
    screen: Any = app.screen
    screen.prompt.focus()
    await pilot.press(*"Hello", "enter")
    await wait_until(pilot, lambda: screen.handle is not None and not screen.busy, PATIENCE)
    chat = screen.handle
    assert chat is not None
    # Nearly every token equally likely: answers that do not end by themselves too soon.
    chat.configure(temperature=30.0, top_k=0, top_p=1.0, min_p=0.0, max_tokens=100_000)
    with watched() as watchdog:
        for _ in range(5):
            screen.prompt.text = PROMPT
            before = len(screen.session.turns)
            await pilot.press("enter")
            await wait_until(
                pilot,
                lambda n=before: len(screen.session.turns) > n and not screen.busy,
                PATIENCE,
            )
    return figures_of(watchdog)


async def specification(pilot: Pilot[None]) -> Figures:
    app = await opened(pilot)
    await app.open_data(paths.demo_root() / "finance-support")
    screen: Any = app.screen
    await wait_until(pilot, lambda: screen.step == "preview")
    await asyncio.sleep(1)
    with watched() as watchdog:
        app.simulate_key("s")
        await wait_until(pilot, lambda: screen.step == "results", PATIENCE)
        await asyncio.sleep(1)
    return figures_of(watchdog)


async def scroll(pilot: Pilot[None]) -> Figures:
    app = await opened(pilot)
    table = app.screen.query_one("#learnwares", RowTable)
    table.focus()
    with watched() as watchdog:
        for key, times in (("j", 90), ("pagedown", 90), ("G", 1), ("pageup", 60), ("k", 30)):
            for _ in range(times):
                app.simulate_key(key)
                await asyncio.sleep(KEY)
        for _ in range(60):  # as the mouse's wheel does
            table.scroll_relative(y=3, animate=False)
            await asyncio.sleep(KEY)
        for row in range(0, table.row_count, max(1, table.row_count // 60)):
            table.scroll_to(y=row, animate=False)  # the bar is dragged
            await asyncio.sleep(KEY)
    return figures_of(watchdog)


SCENARIOS: dict[str, Scenario] = {
    "stream": stream,
    "specification": specification,
    "scroll": scroll,
}


def row_of(name: str, found: list[Figures]) -> list[str]:
    """The longest of all rounds in ms, and sums of what is counted."""
    longest = [
        f"{max(each[key] for each in found) * 1000:.0f}" for key in ("blocked", "processor", "wall")
    ]
    turns, *over = [str(sum(each[k] for each in found)) for k in ("turns", "over_20", "over_50")]
    return [name, turns, *longest, *over, str(len(found))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", nargs="*", default=list(SCENARIOS), choices=SCENARIOS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--verbose", action="store_true")
    add_child(parser)
    options = parser.parse_args()
    if options.child:
        still()
        run_child(SCENARIOS, options.child)
        return
    rows = []
    print("".join(f"{title:>14}" for title in COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        for name in options.only:
            home = Path(folder) / name / "home"
            if name == "scroll":
                fill(home, options.rows)
            else:
                home.mkdir(parents=True)
            (home / "welcomed").touch()
            found = [
                run_in_terminal("tests.benchmarks.stalls", name, home)
                for _ in range(options.rounds)
            ]
            rows.append(row_of(name, found))
            print("".join(f"{cell:>14}" for cell in rows[-1]), flush=True)
            if options.verbose:
                for each in found:
                    print(*each["what"], sep="\n")
    if set(options.only) == set(SCENARIOS):
        with RESULTS.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([COLUMNS, *rows])


if __name__ == "__main__":
    sys.exit(main())
