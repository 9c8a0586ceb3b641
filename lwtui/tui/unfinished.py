"""What runs now, on disk: so that the next start can go on with it, whatever ended this one.

Each session has a file of its own, ``LWTUI_HOME/unfinished/<name>.json``, and holds its lock for as
long as it lives. A file whose lock is free was left behind: by a quit, a closed terminal, a kill.
"""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lwtui import paths
from lwtui.tui.background import in_thread

if TYPE_CHECKING:
    from filelock import BaseFileLock

LARGEST = 1024 * 1024
MOST = 100
"""Jobs read of one file."""


@dataclass(frozen=True)
class Unfinished:
    """A job by what it takes to start it again. ``kind`` is one of ``RunningJob.kind``."""

    kind: str
    title: str
    arguments: dict[str, str | int] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return str(self.arguments.get(name, ""))

    def number(self, name: str) -> int:
        value = self.arguments.get(name, 0)
        return value if isinstance(value, int) else 0


class UnfinishedFile:
    """The file of this session. Nothing is written while nothing that can go on runs."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._name = uuid.uuid4().hex
        self._lock = threading.Lock()
        self._wanted: list[Unfinished] = []
        self._written: list[Unfinished] = []
        self._held: BaseFileLock | None = None
        self._closed = False

    def keep(self, jobs: Sequence[Unfinished]) -> None:
        """These run now. Returns at once; a thread writes."""
        if not self._closed and list(jobs) != self._wanted:
            self._wanted = list(jobs)
            in_thread(self._write, "unfinished")

    def close(self, *, forget: bool = False) -> None:
        """The session ends: what runs now is what the next one finds, or nothing of it."""
        if self._closed:
            return
        self._closed = True
        if forget:
            self._wanted = []
        self._write()
        with self._lock:
            self._let_go()

    def _write(self) -> None:
        """The newest wish; a disk that is full or read-only costs only the memory of it."""
        with self._lock, contextlib.suppress(OSError):
            if self._wanted == self._written:
                return
            wanted = list(self._wanted)
            folder = self._folder or _folder()
            file = folder / f"{self._name}.json"
            if not wanted:
                file.unlink(missing_ok=True)
                self._let_go()
            else:
                folder.mkdir(parents=True, exist_ok=True)
                if self._held is None:
                    self._held = _locked(file)
                entries = [[each.kind, each.title, each.arguments] for each in wanted]
                from lwtui.learnware.storage import write_atomically

                write_atomically(file, json.dumps(entries).encode())
            self._written = wanted

    def _let_go(self) -> None:
        """Give the lock back; its file goes with the last job."""
        held, self._held = self._held, None
        if held is not None:
            held.release()
            if not self._wanted:
                Path(held.lock_file).unlink(missing_ok=True)


class LeftBehind:
    """What earlier sessions left. It stays theirs until :meth:`forget`, so that a kill before the
    user has answered loses nothing."""

    def __init__(self, folder: Path | None = None) -> None:
        self.jobs: list[Unfinished] = []
        self._claimed: list[tuple[Path, BaseFileLock]] = []
        folder = folder or _folder()
        for file in sorted(folder.glob("*.json")) if folder.is_dir() else ():
            lock = _locked(file)
            if lock is not None:  # else its session lives
                self._claimed.append((file, lock))
                self.jobs += [job for job in _read(file) if job not in self.jobs]

    def forget(self) -> None:
        """The user has answered."""
        claimed, self._claimed = self._claimed, []
        for file, lock in claimed:
            with contextlib.suppress(OSError):
                file.unlink(missing_ok=True)
                lock.release()
                Path(lock.lock_file).unlink(missing_ok=True)


def _folder() -> Path:
    return paths.home() / "unfinished"


def _locked(file: Path) -> BaseFileLock | None:
    """The lock of a session's file; None when another process holds it."""
    from filelock import FileLock, Timeout

    lock = FileLock(file.with_suffix(".lock"), timeout=0, thread_local=False)
    try:
        lock.acquire()
    except (Timeout, OSError):
        return None
    return lock


def _read(file: Path) -> list[Unfinished]:
    """A broken file holds nothing."""
    try:
        with file.open("rb") as stream:
            entries: Any = json.loads(stream.read(LARGEST))
    except (OSError, ValueError, RecursionError):
        return []
    if not isinstance(entries, list):
        return []
    return [job for entry in entries[:MOST] if (job := _job(entry)) is not None]


def _job(entry: Any) -> Unfinished | None:
    if not isinstance(entry, list) or len(entry) != 3:
        return None
    kind, title, arguments = entry
    if not isinstance(kind, str) or not isinstance(title, str) or not isinstance(arguments, dict):
        return None
    plain = all(isinstance(value, (str, int)) for value in arguments.values())
    return Unfinished(kind, title, arguments) if plain else None
