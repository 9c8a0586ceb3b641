"""A watchdog over the event loop: how long the UI thread was blocked, and what ran meanwhile.

    with watched() as watchdog:      # inside the running loop
        ...
    watchdog.check(0.05)             # or ``with watched(limit=0.05):``

The loop turns: it asks its selector what has happened, then runs everything that is ready. While a
turn lasts, no key is read and nothing is painted. A turn's length by the clock says little on a
loaded machine, where the thread may be ready to run and simply not be given a processor. What is
counted as **blocked** is therefore

    the turn's wall-clock time − the time threads of this process stood in the scheduler's queue

which is what the thread computed plus what it waited for (a sleep, a lock, a file, the interpreter
held by another thread), both of which are the program's own fault. The queueing of other threads
counts too: one that holds the interpreter and is not given a processor keeps this one waiting. On
an idle machine nobody queues, and the figure is exact; on a loaded one it errs to the low side.
Linux tells it in ``schedstat``; where it is not told, the processor's time of the thread alone is
counted, so that calls that only wait go unseen there.

A second thread looks at the stack of a turn that lasts, so that a failure says where it was. It
also times a small piece of work now and then: beside other work a processor is slower (caches, its
other half, a virtual machine's neighbours), and its time says nothing of that. Limits are for the
pace of a machine left alone, which is the best that was seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import os
import statistics
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

LOOK = 0.004
"""Seconds between two looks at the stack of a turn that lasts."""
WORTH_NOTING = 0.02
"""Turns that blocked for less (seconds) are only counted."""
FRAMES = 14
"""Of a stack, the innermost so many are told."""
LOOKS_A_PACE = 8
"""Every so many looks the processor's pace is measured."""
_paces: list[float] = []
"""The best that this process has seen, in seconds for the piece of work."""

Stack = tuple[str, ...]


@dataclass
class Stall:
    """One turn of the loop, all in seconds."""

    blocked: float
    wall: float
    processor: float
    collector: float
    """Of it, Python's garbage collector (in whichever thread: all others wait)."""
    stacks: Counter[Stack] = field(default_factory=Counter)

    def __str__(self) -> str:
        said = (
            f"blocked {self.blocked * 1000:.0f} ms (wall clock {self.wall * 1000:.0f}, "
            f"processor {self.processor * 1000:.0f}, garbage collector "
            f"{self.collector * 1000:.0f})"
        )
        for stack, seen in self.stacks.most_common(2):
            said += f"\n  seen {seen} times:" + "".join(f"\n    {frame}" for frame in stack)
        return said


class Watchdog:
    """Watches the running loop between :meth:`start` and :meth:`stop`."""

    def __init__(self) -> None:
        self.turns = 0
        self.longest = Stall(0.0, 0.0, 0.0, 0.0)
        """The turn that blocked longest."""
        self.longest_processor = 0.0
        self.longest_wall = 0.0
        self.stalls: list[Stall] = []
        """Those worth noting, in order."""
        self.pieces: list[float] = []
        """Seconds that the piece of work took, each time."""
        self._native = self._looker = 0
        self._collector = self._collecting = 0.0
        self._stacks: Counter[Stack] = Counter()
        self._others: float | None = None
        """Queueing of the other threads at the first look at this turn."""
        self._since: float | None = None
        """When the turn began, by ``perf_counter``; None while the loop waits for events."""
        self._ended = threading.Event()

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()
        self._native = threading.get_native_id()
        self._queue = open_schedstat(self._native)
        # Every loop of the standard library for Unix keeps its selector here; there is no public
        # way to hear of a turn that costs nothing (debug mode makes every callback slower).
        self._selector = self._loop._selector  # type: ignore[attr-defined]
        original = self._selector.select

        def select(timeout: float | None = None) -> object:
            self._end_turn()
            try:
                return original(timeout)
            finally:
                self._begin_turn()

        self._selector.select = select
        gc.callbacks.append(self._collected)
        self._begin_turn()
        threading.Thread(target=self._look, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Also ends the turn it is called in."""
        self._end_turn()
        del self._selector.select  # the class's own is seen again
        gc.callbacks.remove(self._collected)
        self._ended.set()
        if self._queue is not None:
            os.close(self._queue)

    def check(self, limit: float) -> None:
        """Fail if a turn blocked the thread for more than ``limit`` seconds, at the pace of a
        machine left alone."""
        over = [stall for stall in self.stalls if stall.blocked / self.pace > limit]
        assert not over, (
            f"the UI thread was blocked over {limit * 1000:.0f} ms, "
            f"the processor being {self.pace:.1f} times slower than it can be:\n"
        ) + "\n".join(str(stall) for stall in sorted(over, key=lambda stall: -stall.blocked)[:3])

    @property
    def pace(self) -> float:
        """How many times slower the processor was than the best that was seen of it. Where it was
        shared all the time nothing better was seen: then the machine's load says it, up to 2."""
        seen = statistics.median(self.pieces) / min(_paces) if self.pieces else 1.0
        load = os.getloadavg()[0] / (os.cpu_count() or 1)
        return max(1.0, seen, min(load, 2.0))

    # In the watched thread

    def _begin_turn(self) -> None:
        self._waited = self._queued()
        self._used = time.thread_time()
        self._collector = 0.0
        self._stacks = Counter()
        self._others = None
        self._since = time.perf_counter()

    def _end_turn(self) -> None:
        if self._since is None:
            return
        wall = time.perf_counter() - self._since
        processor = time.thread_time() - self._used
        self._since = None
        self.turns += 1
        blocked = processor
        if self._queue is not None and wall > WORTH_NOTING:
            queued = self._queued() - self._waited
            if self._others is not None:
                queued += max(0.0, self._others_queued() - self._others)
            blocked = max(processor, wall - queued)
        stall = Stall(blocked, wall, processor, self._collector, self._stacks)
        self.longest_processor = max(self.longest_processor, processor)
        self.longest_wall = max(self.longest_wall, wall)
        if blocked > self.longest.blocked:
            self.longest = stall
        if blocked > WORTH_NOTING:
            self.stalls.append(stall)

    def _queued(self) -> float:
        """Seconds this thread has stood in the scheduler's queue, ever."""
        if self._queue is None:
            return 0.0
        return int(os.pread(self._queue, 80, 0).split()[1]) / 1e9

    def _others_queued(self) -> float:
        """The same of this process's other threads, but for the one that looks."""
        total = 0
        for thread in Path("/proc/self/task").iterdir():
            if int(thread.name) not in (self._native, self._looker):
                with contextlib.suppress(OSError):  # it has ended
                    total += int((thread / "schedstat").read_bytes().split()[1])
        return total / 1e9

    def _collected(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._collecting = time.perf_counter()
        else:
            self._collector += time.perf_counter() - self._collecting

    # In the thread that looks

    def _look(self) -> None:
        self._looker = threading.get_native_id()
        for look in itertools.count():
            if self._ended.wait(LOOK):
                return
            if look % LOOKS_A_PACE == 0:
                self._take_pace()
            since, stacks = self._since, self._stacks
            if since is None or time.perf_counter() - since < 2 * LOOK:
                continue
            if self._queue is not None and self._others is None:
                self._others = self._others_queued()
            frame = sys._current_frames().get(self._thread)
            if frame is not None and self._since == since:
                stacks[told(frame)] += 1

    def _take_pace(self) -> None:
        piece_of_work()  # what a pause leaves slow is not meant
        seconds = piece_of_work()
        self.pieces.append(seconds)
        if not _paces or seconds < _paces[0]:
            _paces[:] = [seconds]


def piece_of_work() -> float:
    """Seconds of the processor for what the interpreter does all day."""
    started = time.thread_time()
    words: dict[int, str] = {}
    for number in range(600):
        words[number % 97] = str(number)
    return time.thread_time() - started


def told(frame: FrameType | None) -> Stack:
    """The innermost frames, outermost first."""
    lines = []
    for each, line in traceback.walk_stack(frame):
        code = each.f_code
        lines.append(f"{code.co_filename}:{line} {code.co_name}")
        if len(lines) == FRAMES:
            break
    return tuple(reversed(lines))


def open_schedstat(thread: int) -> int | None:
    try:
        queue = os.open(f"/proc/self/task/{thread}/schedstat", os.O_RDONLY)
    except OSError:
        return None
    if not int(os.pread(queue, 80, 0).split()[0]):  # a kernel that does not count
        os.close(queue)
        return None
    return queue


@contextmanager
def watched(limit: float | None = None) -> Iterator[Watchdog]:
    """Watch the running loop; with ``limit`` (seconds), fail if it was blocked for longer."""
    watchdog = Watchdog()
    watchdog.start()
    try:
        yield watchdog
    finally:
        watchdog.stop()
    if limit is not None:
        watchdog.check(limit)


async def never_blocked(scenario: Callable[[], Awaitable[object]], limit: float) -> None:
    """Fail if ``scenario`` blocks the running loop for more than ``limit`` seconds each time it is
    tried: what the program does itself it does every time, and a virtual machine whose processor
    was lent to another counts that as its own. Four times as much fails at once."""
    for last in (False, False, False, False, True):
        with watched() as watchdog:
            await scenario()
        watchdog.check(limit if last else 4 * limit)
        if watchdog.longest.blocked / watchdog.pace <= limit:
            return
