"""How long a conversation of 5,000 messages takes to open, and what it costs in memory.

    python -m tests.benchmarks.long_session [--messages 5000] [--verbose]

The real app in a pseudo-terminal of 120 x 36. The conversation is opened from the list with enter,
left for a short one, and opened again, nine times; measured is the time from the key to the frame
that shows its last message, to the frame in which the view is full, and the longest block of the
UI thread meanwhile. Memory is the
process's resident set: before the first opening, after it, after paging through 500 messages, and
after the last round; for comparison once more with a conversation of ten messages in its place.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from textual.pilot import Pilot
from textual.widgets import OptionList

from lwtui.chat.session import ChatSession, Turn
from lwtui.chat.store import ChatStore
from tests.benchmarks.driven import (
    Figures,
    Frames,
    add_child,
    figures_of,
    opened,
    run_child,
    run_in_terminal,
    until,
)
from tests.tui.helpers import wait_until
from tests.tui.watchdog import watched

RESULTS = Path(__file__).parent / "results" / "long_session.csv"
MODULE = "tests.benchmarks.long_session"
LAST, SHORT = "the very last words", "a short conversation"
ANSWER = """It depends on **three** things, of which the second matters most:

1. when the card was sent, and `how`
2. where to: abroad it takes *up to ten* days

```python
def days(abroad: bool) -> int:
    return 10 if abroad else 5
```

| where | days |
| --- | ---: |
| here | 5 |
| abroad | 10 |

Number {n} of many, so that no two are alike.
"""


def conversation(messages: int, last: str) -> ChatSession:
    """Questions and answers by turns; some answers are long."""
    turns = []
    for number in range(messages // 2):
        turns.append(Turn("user", f"Question {number}: when does my card come, and from where?"))
        text = ANSWER.format(n=number) * (5 if number % 50 == 0 else 1)
        turns.append(Turn("assistant", text, "starter/base", tokens=150, seconds=0.6, first=0.05))
    turns[-1].content = f"No more of it.\n\nThese are {last}."
    return ChatSession("starter/base", title=last, turns=turns)


def resident() -> float:
    """Megabytes."""
    return psutil.Process().memory_info().rss / 1e6


async def show(pilot: Pilot[None], screen: Any, frames: Frames, text: str) -> tuple[float, float]:
    """Open the conversation of this title from the list; seconds from the key to the frame with
    its last words, and to that of a view filled to its top."""
    await pilot.press("ctrl+s")
    titles = [row.title for row in screen.pane.sessions]
    screen.pane.query_one(OptionList).highlighted = titles.index(text)
    screen.pane.query_one(OptionList).focus()
    await pilot.pause(0.1)
    transcript = screen.transcript
    before = transcript.turns
    started = time.perf_counter()
    pilot.app.simulate_key("enter")
    seen = await frames.first(
        last=lambda shown: f"{text}." in shown,
        full=lambda shown: (
            transcript.turns is not before
            and f"{text}." in shown
            and transcript._offsets()[transcript._first] <= transcript.scroll_offset.y
        ),
    )
    await until(lambda: not transcript._filling)
    await asyncio.sleep(0.3)
    return seen["last"] - started, seen["full"] - started


async def session(pilot: Pilot[None]) -> Figures:
    app = await opened(pilot)
    await pilot.press("3")
    await wait_until(pilot, lambda: app.current_mode == "chat")
    screen: Any = app.screen
    await wait_until(pilot, lambda: len(screen.pane.sessions) == 2)
    frames = Frames(app)
    await show(pilot, screen, frames, SHORT)  # the screen's own first opening
    before = resident()
    times = []
    with watched() as watchdog:
        times.append(await show(pilot, screen, frames, LAST))
        after = resident()
        for _ in range(ROUNDS - 1):
            await show(pilot, screen, frames, SHORT)
            times.append(await show(pilot, screen, frames, LAST))
    screen.transcript.focus()
    for _ in range(250):
        app.simulate_key("pageup")
        await asyncio.sleep(0.01)
    paged = resident()
    await show(pilot, screen, frames, SHORT)
    return {
        "times": times,
        "before": before,
        "after": after,
        "paged": paged,
        "end": resident(),
        **figures_of(watchdog),
    }


ROUNDS = 9


def measure(messages: int) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with ChatStore(home / "chats.db") as store:
            store.save(conversation(messages, LAST))
            store.save(conversation(10, SHORT))
        return run_in_terminal(MODULE, "session", home)


def row_of(messages: int, found: Figures) -> list[str]:
    times = [seconds * 1000 for seconds, _ in found["times"]]
    full = [seconds * 1000 for _, seconds in found["times"]]
    return [
        str(messages),
        f"{times[0]:.0f}",
        f"{statistics.median(times):.0f}",
        f"{max(times):.0f}",
        f"{statistics.median(full):.0f}",
        f"{max(full):.0f}",
        f"{found['blocked'] * 1000:.0f}",
        *(f"{found[key] - found['before']:+.1f}" for key in ("after", "paged", "end")),
    ]


COLUMNS = (
    "messages", "first_ms", "median_ms", "slowest_ms", "full_ms", "full_slowest_ms",
    "longest_block_ms",
)  # fmt: skip
MEMORY = ("opened_mb", "paged_mb", "end_mb")
"""More than before the first opening."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--verbose", action="store_true")
    add_child(parser)
    options = parser.parse_args()
    if options.child:
        run_child({"session": session}, options.child)
        return
    rows = []
    print("".join(f"{title:>18}" for title in (*COLUMNS, *MEMORY)))
    for messages in (10, options.messages):
        found = measure(messages)
        rows.append(row_of(messages, found))
        print("".join(f"{cell:>18}" for cell in rows[-1]), flush=True)
        if options.verbose:
            print(*found["what"], sep="\n")
    with RESULTS.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([(*COLUMNS, *MEMORY), *rows])


if __name__ == "__main__":
    sys.exit(main())
