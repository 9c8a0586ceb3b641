"""One row of a dataset, whatever its file looked like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Example:
    """One row. ``prompt`` is the instruction or question; ``input`` what it is about."""

    prompt: str
    input: str = ""
    answer: str | None = None
    """None when the dataset has no answers."""
    choices: tuple[str, ...] = ()
    system: str = ""
    history: tuple[tuple[str, str], ...] = ()
    """Earlier turns of a conversation: (role, content), role ``user`` or ``assistant``."""

    @property
    def question(self) -> str:
        """Prompt and input as one text, a blank line between them."""
        return (
            f"{self.prompt}\n\n{self.input}"
            if self.prompt and self.input
            else (self.prompt or self.input)
        )


@dataclass(frozen=True)
class Problem:
    """Something skipped, and why."""

    file: str
    """Relative to the dataset's folder."""
    line: int | None
    message: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.message}"
