"""A program in a pseudo-terminal, driven by keys."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

ENTER_SCREEN, LEAVE_SCREEN, SHOW_CURSOR = b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25h"
LIMIT = 30.0
"""Seconds of silence after which a program is given up."""


class Terminal:
    """A program in a pseudo-terminal."""

    def __init__(
        self, argv: list[str], size: tuple[int, int], environment: Mapping[str, str]
    ) -> None:
        self.written = b""
        self.exit_code: int | None = None
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, {**os.environ, "TERM": "xterm-256color", **environment})  # noqa: S606
        width, height = size
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def press(self, keys: bytes) -> None:
        os.write(self._terminal, keys)

    def read_until(self, mark: bytes, limit: float = LIMIT) -> None:
        """Read until the program has written ``mark``."""
        deadline = time.monotonic() + limit
        while mark not in self.written:
            assert self._read(deadline), f"{mark!r} not in {self.written[-1500:]!r}"

    def read_after(self, keys: bytes, mark: bytes, limit: float = LIMIT) -> None:
        """Press, and read until ``mark`` was written since."""
        self.written = b""
        self.press(keys)
        self.read_until(mark, limit)

    def read_to_end(self, limit: float = LIMIT) -> int:
        """Read until the program has ended; its exit code."""
        deadline = time.monotonic() + limit
        while self._read(deadline):
            pass
        _, status = os.waitpid(self.pid, 0)
        self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"silent after {self.written[-1500:]!r}"
        try:
            piece = os.read(self._terminal, 65536)
        except OSError:  # Linux says so when the other end is closed
            return False
        self.written += piece
        return bool(piece)

    def hang_up(self) -> None:
        """Close the terminal, as with its window."""
        os.close(self._terminal)
        self._terminal = -1

    def close(self) -> None:
        if self.exit_code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        if self._terminal >= 0:
            os.close(self._terminal)


@contextmanager
def terminal(
    *argv: str, size: tuple[int, int] = (120, 40), environment: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """Run ``python`` with these arguments."""
    program = Terminal([sys.executable, *argv], size, environment or {})
    try:
        yield program
    finally:
        program.close()


def given_back(written: bytes) -> bool:
    """Whether the terminal is as it was before the app."""
    return written.rfind(LEAVE_SCREEN) > written.rfind(ENTER_SCREEN) and SHOW_CURSOR in written
