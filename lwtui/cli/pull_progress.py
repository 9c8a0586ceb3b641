"""The progress of a pull on standard error: a bar for each file under way and one for all."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from lwtui.cli.progress import interrupts
from lwtui.jobs import CancelToken, JobContext, Progress
from lwtui.safe_text import one_line

if TYPE_CHECKING:
    from rich.progress import Progress as Rows
    from rich.progress import TaskID

_SECONDS = 15.0
"""Between two lines where there is no terminal."""
_NAME = 36


@contextlib.contextmanager
def pull_job() -> Iterator[JobContext]:
    """A context for a pull. The first Ctrl+C stops it and keeps what has arrived."""
    cancel = CancelToken()
    with interrupts(cancel), _bars() if sys.stderr.isatty() else _lines() as show:
        yield JobContext(show, cancel)


@contextlib.contextmanager
def _bars() -> Iterator[_Bars]:
    from rich import progress as bars
    from rich.console import Console

    rows = bars.Progress(
        bars.TextColumn("{task.description}", markup=False),
        bars.BarColumn(bar_width=24),
        bars.TaskProgressColumn(),
        bars.TextColumn("{task.fields[note]}", markup=False),
        console=Console(stderr=True, highlight=False),
        transient=True,
    )
    with rows:
        yield _Bars(rows)


class _Bars:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._all = rows.add_task("all", total=None, note="")
        self._files: dict[str, TaskID] = {}

    def __call__(self, progress: Progress) -> None:
        under_way = {part.name: part for part in progress.parts}
        for name in [name for name in self._files if name not in under_way]:
            self._rows.remove_task(self._files.pop(name))
        for name, part in under_way.items():
            if name not in self._files:
                self._files[name] = self._rows.add_task(_short(name), total=part.total, note="")
            self._rows.update(self._files[name], completed=part.done)
        self._rows.update(
            self._all, completed=progress.done, total=progress.total, note=one_line(progress.note)
        )


@contextlib.contextmanager
def _lines() -> Iterator[_Lines]:
    yield _Lines()


class _Lines:
    """Where there is no terminal: a line now and then, and one for each new state."""

    def __init__(self) -> None:
        self._written = -_SECONDS
        self._state = ""

    def __call__(self, progress: Progress) -> None:
        note, now = one_line(progress.note), time.monotonic()
        # Numbers that run are no new state.
        state = "".join(letter for letter in note if letter.isalpha() or letter == " ")
        if note and (now - self._written >= _SECONDS or state != self._state):
            self._written, self._state = now, state
            with contextlib.suppress(OSError):
                sys.stderr.write(f"{note}\n")
                sys.stderr.flush()


def _short(name: str) -> str:
    name = one_line(name)
    return name if len(name) <= _NAME else f"…{name[1 - _NAME :]}"
