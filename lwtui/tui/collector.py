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
import time
from collections.abc import Callable
from typing import Protocol

LOOK = 5.0
"""Seconds between two looks whether the UI thread is idle."""
IDLE = 0.02
"""Share of the processor's time up to which it is."""
WORTH_IT = 10
"""Collections of younger objects after which a full one is worth it, as by Python's own default."""
TOO_MANY = 150
"""After so many there is a full one however busy the thread is, as garbage may be 100 MB by then;
what it leaves is set aside, so that the next is short."""


class _App(Protocol):
    def set_interval(self, interval: float, callback: Callable[[], None]) -> object: ...


def set_aside() -> None:
    """What lives now stays: collections leave it alone. For moments when much has been loaded."""
    gc.freeze()


def collect_when_idle(app: _App) -> None:
    """Full collections of this process happen from now on when the app's thread is idle."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, 2 * TOO_MANY)
    used = time.thread_time()

    def look() -> None:
        nonlocal used
        before, used = used, time.thread_time()
        waiting = gc.get_count()[2]
        idle = used - before < IDLE * LOOK
        if (idle and waiting >= WORTH_IT) or waiting >= TOO_MANY:
            gc.collect()
            if not idle:
                set_aside()
            used = time.thread_time()  # the collection itself is no work of the app

    app.set_interval(LOOK, look)


def collect_as_usual() -> None:
    """Full collections happen when Python wants them, as before the app."""
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, WORTH_IT)
