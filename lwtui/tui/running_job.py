"""A long job of the app, as the header, the list of jobs and the question before leaving see it."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from lwtui.errors import Cancelled
from lwtui.jobs import CancelToken, Progress

if TYPE_CHECKING:
    from lwtui.tui.unfinished import Unfinished

JobState = Literal["running", "paused", "done", "stopped", "failed"]
JobKind = Literal[
    "pull", "match", "evaluation", "specification", "conversion", "publication", "index",
    "adoption", "model", "other",
]  # fmt: skip
KEPT_NOTES = 200
"""Notes of a job that are kept; the oldest go first."""
SAME_MOMENT = 5.0
"""Seconds in which notes that differ in their numbers count as one."""
NUMBERS = re.compile(r"[\d.,]+")


@dataclass(frozen=True)
class JobNote:
    """Something a job said."""

    at: datetime
    text: str
    """As it was said: whoever shows it cleans it."""


class RunningJob:
    """Quitting stops it. ``again`` runs it anew after a failure or a stop; None: it cannot."""

    def __init__(
        self, title: str, mode: str = "match", unit: str = "rows", kind: JobKind = "other"
    ) -> None:
        """``mode``: the screen it belongs to; ``unit``: what its progress counts."""
        self.title = title
        self.mode = mode
        self.unit = unit
        self.kind: JobKind = kind
        self.cancel = CancelToken()
        self.progress: Progress | None = None
        self.state: JobState = "running"
        self.message = ""
        """Why it failed."""
        self.error: Exception | None = None
        self.again: Callable[[], None] | None = None
        self.kept: Unfinished | None = None
        """What a later session needs to go on with it; None: nothing of it is kept."""
        self.started = datetime.now()
        self.notes: deque[JobNote] = deque(maxlen=KEPT_NOTES)
        self._started = time.monotonic()
        self._seconds: float | None = None

    @property
    def percent(self) -> str:
        """``43%``, or empty while the total is unknown."""
        fraction = self.progress.fraction if self.progress else None
        return f"{fraction:.0%}" if fraction is not None else ""

    @property
    def seconds(self) -> float:
        """How long it has run, or ran."""
        return time.monotonic() - self._started if self._seconds is None else self._seconds

    @property
    def can_pause(self) -> bool:
        """Whether it keeps what it has when it is stopped, and goes on from there."""
        return False

    @property
    def can_resume(self) -> bool:
        return False

    @property
    def is_over(self) -> bool:
        """Whether it neither runs nor waits to go on."""
        return self.state != "running" and not self.can_resume

    @property
    def can_retry(self) -> bool:
        return self.state in ("failed", "stopped", "paused") and self.again is not None

    def note(self, text: str) -> None:
        """Write something into its log, unless it was just said. What changes only its numbers
        from one moment to the next takes the place of what it said before."""
        last = self.notes[-1] if self.notes else None
        if not text or (last is not None and last.text == text):
            return
        now = datetime.now()
        if (
            last is not None
            and (now - last.at).total_seconds() < SAME_MOMENT
            and NUMBERS.sub("0", last.text) == NUMBERS.sub("0", text)
        ):
            self.notes[-1] = JobNote(last.at, text)
        else:
            self.notes.append(JobNote(now, text))

    def advance(self, progress: Progress) -> None:
        """Take a report."""
        self.progress = progress
        self.note(progress.note)

    @property
    def speed(self) -> float | None:
        """Units a second, as far as it can be told."""
        progress = self.progress
        if progress is None or not progress.total or progress.elapsed < 0.5 or not progress.done:
            return None
        return (progress.done - progress.start) / progress.elapsed

    @property
    def remaining(self) -> float | None:
        """Seconds left, estimated."""
        return self.progress.remaining if self.progress is not None else None

    def restart(self) -> None:
        """It runs once more."""
        self.cancel = CancelToken()
        self.state = "running"
        self.message = ""
        self.error = None
        self.started = datetime.now()
        self._started = time.monotonic()
        self._seconds = None
        self.note("begun again" if self.notes else "")

    def was_left(self, message: str, state: JobState = "stopped") -> None:
        """An earlier session left it; it does not run now."""
        self.state = state
        self.message = message
        self._seconds = 0.0

    def end(self, error: Exception | None) -> None:
        self._seconds = self.seconds
        stopped = isinstance(error, Cancelled)
        self.state = "done" if error is None else "stopped" if stopped else "failed"
        self.error = None if stopped else error
        self.message = "" if error is None or stopped else str(error)
