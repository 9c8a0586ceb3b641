"""What was left out of a dataset and why, counted exactly and listed up to a limit."""

from __future__ import annotations

from lwtui.dataset.example import Problem

MAX_LISTED = 1000
"""Messages kept; beyond them only the count goes on, so that junk cannot fill the memory."""


class ProblemLog:
    """Collects problems. ``skipped`` counts rows (and whole files) that were not used."""

    def __init__(self, start: ProblemLog | None = None) -> None:
        self._listed: list[Problem] = list(start._listed) if start else []
        self.skipped: int = start.skipped if start else 0
        self.unlisted: int = start.unlisted if start else 0
        """Problems beyond ``MAX_LISTED``."""

    def skip(self, file: str, line: int | None, message: str) -> None:
        """One row or file is left out."""
        self.skipped += 1
        self.note(file, line, message)

    def note(self, file: str, line: int | None, message: str) -> None:
        """Worth saying; nothing is left out."""
        if len(self._listed) < MAX_LISTED:
            self._listed.append(Problem(file, line, message))
        else:
            self.unlisted += 1

    def take(self, other: ProblemLog) -> None:
        """Add what another log has collected."""
        room = MAX_LISTED - len(self._listed)
        self._listed += other._listed[:room]
        self.unlisted += other.unlisted + max(0, len(other._listed) - room)
        self.skipped += other.skipped

    @property
    def total(self) -> int:
        """Number of problems, listed or not."""
        return len(self._listed) + self.unlisted

    @property
    def problems(self) -> list[Problem]:
        """The messages, oldest first; a last one says how many more there are."""
        if not self.unlisted:
            return list(self._listed)
        more = Problem(".", None, f"and {self.unlisted:,} more problems like these")
        return [*self._listed, more]
