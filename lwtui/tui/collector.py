"""Keeps Python's garbage collector from holding up the screen.

A full collection walks over everything that lives. Textual, numpy and huggingface_hub together
make some hundred thousand objects that stay as long as the app does: walking over them took 40 to
170 ms, several times while one scrolls or a specification runs. So full collections are not left to
chance: what lives when much has been loaded is set aside and not walked over again, and the rest is
looked through in a moment in which the UI thread has nothing to do. Young objects, which is nearly
all that ever becomes garbage, are collected as always, in a millisecond.
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

from textual.app import App

PAGE = 4096
"""Bytes of a page of memory on nearly every machine that has statm."""
LOOK = 5.0
"""Seconds between two looks whether the UI thread is idle."""
IDLE = 0.02
"""Share of the processor's time up to which it is."""
AWAY = 12
"""Idle looks in a row after which nobody is there: then what was set aside is walked over too."""
WORTH_IT = 10
"""Collections of younger objects after which a full one is worth it, as by Python's own default."""
TOO_MUCH = 200e6
"""Bytes that the process has grown by since the last: there is one however busy the thread is."""
NEVER = 1_000_000
"""Collections of younger objects after which Python does a full one by itself."""
NEWCOMERS = 30
"""So many modules more, and much has been loaded."""


def set_aside() -> None:
    """What lives now stays: collections leave it alone. For moments when much has been loaded."""
    gc.freeze()


class Collector:
    """Decides, every ``LOOK`` seconds, whether to collect now."""

    def __init__(self) -> None:
        self._used = time.thread_time()
        self._modules = len(sys.modules)
        self._idle = 0
        """Idle looks in a row."""
        self._short = 0
        """Collections since the last that walked over everything."""
        self._resident = resident()

    def look(self) -> None:
        if len(sys.modules) >= self._modules + NEWCOMERS:
            self._modules = len(sys.modules)
            set_aside()
        used = time.thread_time() - self._used
        self._idle = self._idle + 1 if used < IDLE * LOOK else 0
        waiting = gc.get_count()[2]
        if self._idle >= AWAY and self._short >= WORTH_IT:
            gc.unfreeze()
            self._collect()
            self._short = 0
        elif waiting >= WORTH_IT and (self._idle or resident() > self._resident + TOO_MUCH):
            self._collect()
        self._used = time.thread_time()  # a collection is no work of the app

    def _collect(self) -> None:
        gc.collect()
        set_aside()  # the next one walks over what has come since
        self._short += 1
        self._resident = resident()


def resident() -> float:
    """Bytes of memory this process holds; 0 where that is not told so cheaply."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    except (OSError, ValueError, IndexError):
        return 0.0
    return float(pages * PAGE)


def collect_when_idle(app: App[None]) -> None:
    """Full collections of this process happen from now on when the app's thread is idle."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, NEVER)
    app.set_interval(LOOK, Collector().look)


def collect_as_usual() -> None:
    """Full collections happen when Python wants them, and walk over everything, as before the app:
    what it leaves behind is garbage soon."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, WORTH_IT)
    gc.unfreeze()
