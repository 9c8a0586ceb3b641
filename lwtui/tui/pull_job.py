"""A pull as a job of the app: it can pause, go on, and be ended with or without what it fetched."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal

from lwtui.jobs import Progress
from lwtui.tui.running_job import RunningJob
from lwtui.tui.text import one_line
from lwtui.tui.unfinished import Unfinished

if TYPE_CHECKING:
    from lwtui.dock.record import UnfinishedPull

WINDOW = 8.0
"""Seconds over which the speed is measured."""


class PullJob(RunningJob):
    """``ending`` says what the user wants of a pull that is being cancelled."""

    def __init__(
        self, repo: str, revision: str = "", quantisation: str = "", size: int = 0, have: int = 0
    ) -> None:
        """``size`` and ``have`` in bytes, of a pull that was begun earlier."""
        super().__init__(f"Pull {one_line(repo, 100)}", "jobs", "bytes", "pull")
        self.repo = repo
        self.revision = revision
        self.quantisation = quantisation
        self.ending: Literal["", "pause", "keep", "discard"] = ""
        self.kept = Unfinished("pull", self.title, {"repo": repo})
        self._samples: deque[tuple[float, float]] = deque()
        if size:
            self.progress = Progress(have, size)

    @classmethod
    def begun_earlier(cls, pull: UnfinishedPull) -> PullJob:
        """One that an earlier session left."""
        job = cls(pull.repo, pull.revision, pull.quantisation, pull.size, pull.have)
        job.was_left("Begun in an earlier session: space goes on with it, x discards it.", "paused")
        return job

    @property
    def can_pause(self) -> bool:
        return self.state == "running" and not self.cancel.cancelled

    @property
    def can_resume(self) -> bool:
        return self.state in ("paused", "failed") or (
            self.state == "stopped" and self.ending == "keep"
        )

    @property
    def can_discard(self) -> bool:
        """Whether anything it fetched may still lie there."""
        return self.can_pause or self.can_resume

    def advance(self, progress: Progress) -> None:
        """Take a report; what was here before the pull (re)started is no speed."""
        super().advance(progress)
        samples = self._samples
        samples.append((progress.elapsed, progress.done))
        while len(samples) > 2 and progress.elapsed - samples[1][0] > WINDOW:
            samples.popleft()

    @property
    def speed(self) -> float | None:
        """Bytes a second of late."""
        if len(self._samples) < 2:
            return None
        (start, before), (end, after) = self._samples[0], self._samples[-1]
        return (after - before) / (end - start) if end - start >= 0.2 else None

    @property
    def remaining(self) -> float | None:
        speed, progress = self.speed, self.progress
        if not speed or speed <= 0 or progress is None or not progress.total:
            return None
        return max(0.0, progress.total - progress.done) / speed

    def begin(self) -> None:
        """Run (again)."""
        self.ending = ""
        self._samples.clear()
        self.restart()

    def end(self, error: Exception | None) -> None:
        super().end(error)
        if self.state == "stopped" and self.ending in ("", "pause"):
            self.state = "paused"
