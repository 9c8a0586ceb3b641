"""One model of a long job for both faces: progress with an estimate, and a cancel that works."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lwtui.errors import Cancelled


@dataclass(frozen=True)
class Part:
    """One of the things a job works on at once, in the units of its progress."""

    name: str
    done: float
    total: float | None


@dataclass(frozen=True)
class Progress:
    """How far a job is. ``done`` and ``total`` count units (rows, bytes, batches)."""

    done: float
    total: float | None
    note: str = ""
    elapsed: float = 0.0
    """Seconds since the job started."""
    parts: tuple[Part, ...] = ()
    """What is under way in it right now, as the files of a pull; may be empty."""
    start: float = 0.0
    """What was done already when the job began, as of a pull that goes on."""

    @property
    def fraction(self) -> float | None:
        """Share done, 0 to 1; None when the total is unknown."""
        if not self.total:
            return None
        return min(1.0, self.done / self.total)

    @property
    def remaining(self) -> float | None:
        """Estimated seconds left, from the mean speed so far; None when it cannot be told."""
        gained = self.done - self.start
        if not self.total or gained <= 0:
            return None
        return self.elapsed * max(0.0, self.total - self.done) / gained


class CancelToken:
    """Set once by whoever waits; read often by whoever works. Safe between threads."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raise :class:`~lwtui.errors.Cancelled` if the job was cancelled."""
        if self._event.is_set():
            raise Cancelled()


class JobContext:
    """What a verb of the workflow gets to report progress and to hear of a cancel.

    A verb calls :meth:`progress` often (it is cheap) and :meth:`check` at least every 100 ms of
    work. ``on_progress`` is called on the worker's thread.
    """

    def __init__(
        self,
        on_progress: Callable[[Progress], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> None:
        self._on_progress = on_progress
        self.cancel = cancel or CancelToken()
        self._started = time.monotonic()
        self._start: float | None = None

    def check(self) -> None:
        self.cancel.check()

    def progress(
        self,
        done: float,
        total: float | None = None,
        note: str = "",
        parts: tuple[Part, ...] = (),
    ) -> None:
        """Report and check for a cancel in one call. Raises ``Cancelled``."""
        self.cancel.check()
        if total and (self._start is None or done < self._start):
            self._start = done
        if self._on_progress is not None:
            elapsed = time.monotonic() - self._started
            start = self._start or 0.0
            self._on_progress(Progress(done, total, note, elapsed, parts, start))
