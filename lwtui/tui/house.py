"""The state of the app that every screen shows in its first line."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len

from lwtui.tui.messages import RunningJob
from lwtui.tui.text import one_line


@dataclass(frozen=True)
class House:
    """``revision`` grows when a job moves on, so that the header paints again."""

    learnwares: int | None = None
    """None while the collection is being read."""
    machine: str = ""
    """Backend and device."""
    jobs: tuple[RunningJob, ...] = ()
    revision: int = 0

    def summary(self, room: int) -> str:
        """The longest way to say it that fits into ``room`` cells: in the end only the jobs, or
        where none runs the learnwares."""
        count = self.learnwares
        learnwares = "loading…" if count is None else f"{count:,} learnware{'s' * (count != 1)}"
        machine = one_line(self.machine, 60)
        percent = self.jobs[0].percent if self.jobs else ""
        number = len(self.jobs)
        jobs = f"{number} job{'s' * (number != 1)} {percent}".rstrip() if number else "no jobs"
        ways = (
            (learnwares, machine, jobs),
            (learnwares, machine, percent),
            (learnwares, jobs),
            (jobs if number else learnwares,),
        )
        texts = [" · ".join(part for part in way if part) for way in ways]
        return next((text for text in texts if cell_len(text) <= room), texts[-1])
