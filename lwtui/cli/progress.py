"""A job in the foreground: progress on standard error, Ctrl+C cancels it."""

from __future__ import annotations

import contextlib
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

from lwtui.cli.output import cells, fit
from lwtui.jobs import CancelToken, JobContext, Progress
from lwtui.safe_text import one_line

_SECONDS = 0.1
"""Between two drawings of the line."""
_BAR = 24


@contextlib.contextmanager
def job() -> Iterator[JobContext]:
    """A context for a verb of the workflow. The first Ctrl+C cancels, so that the verb can tidy
    up; the second interrupts whatever runs."""
    line = _Line()
    cancel = CancelToken()
    with interrupts(cancel):
        try:
            yield JobContext(line.show, cancel)
        finally:
            line.clear()


@contextlib.contextmanager
def interrupts(cancel: CancelToken) -> Iterator[None]:
    """Let Ctrl+C set ``cancel`` while inside."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if cancel.cancelled:
            raise KeyboardInterrupt
        cancel.cancel()

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Line:
    """One line that is drawn over; where there is no terminal, a line for each new note."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._drawn = 0.0
        self._note = ""
        self._lock = threading.Lock()

    def show(self, progress: Progress) -> None:
        note = one_line(progress.note)
        with self._lock:
            if not self._terminal:
                if note and note != self._note:
                    self._write(f"{note}\n")
                self._note = note
                return
            now = time.monotonic()
            if now - self._drawn < _SECONDS and note == self._note:
                return
            self._drawn, self._note = now, note
            width = shutil.get_terminal_size().columns - 1
            text = _describe(progress, note)
            self._write("\r\x1b[K" + (fit(text, width) if cells(text) > width else text))

    def clear(self) -> None:
        with self._lock:
            if self._terminal and self._drawn:
                self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        # Whoever reads standard error may have left; the job itself goes on.
        with contextlib.suppress(OSError):
            sys.stderr.write(text)
            sys.stderr.flush()


def _describe(progress: Progress, note: str) -> str:
    parts = [note or "working"]
    fraction = progress.fraction
    if fraction is not None:
        full = round(fraction * _BAR)
        parts.append(f"{'█' * full}{'░' * (_BAR - full)} {fraction:4.0%}")
        if progress.remaining is not None and progress.elapsed > 2:
            parts.append(f"{progress.remaining:.0f} s left")
    return "  ".join(parts)
