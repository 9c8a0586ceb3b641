"""Errors a person can act on. Everything else that escapes is a bug and keeps its traceback."""

from __future__ import annotations

from pathlib import Path

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130


class LwtuiError(Exception):
    """Something failed in a way the user can understand.

    ``message`` says what is wrong; ``hint`` says what to do next; ``file``, ``line`` (1-based) and
    ``field`` say where. ``str(error)`` joins them: ``data.csv:7: field 'answer': message Hint.``
    """

    exit_code = EXIT_FAILED

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        file: str | Path | None = None,
        line: int | None = None,
        field: str | None = None,
    ) -> None:
        self.message = message
        self.hint = hint
        self.file = str(file) if file is not None else None
        self.line = line
        self.field = field
        super().__init__(message)

    def __str__(self) -> str:
        where = ""
        if self.file is not None:
            where = self.file + (f":{self.line}" if self.line is not None else "") + ": "
        elif self.line is not None:
            where = f"line {self.line}: "
        if self.field is not None:
            where += f"field '{self.field}': "
        text = where + self.message
        return f"{text} {self.hint}" if self.hint else text


class BadInput(LwtuiError):
    """What the user gave cannot be used; nothing was changed on disk. Exit code 2."""

    exit_code = EXIT_BAD_INPUT


class Cancelled(LwtuiError):
    """The user stopped the job. Exit code 130."""

    exit_code = EXIT_INTERRUPTED

    def __init__(self, message: str = "Stopped.", **where: object) -> None:
        super().__init__(message, **where)  # type: ignore[arg-type]


class BackendError(LwtuiError):
    """A model's process could not start, crashed, hung or refused; the next request may work."""
