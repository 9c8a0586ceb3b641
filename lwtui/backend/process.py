"""One operating-system process that runs :mod:`lwtui.backend.host`, and why it ended.

A plain subprocess on pipes, not ``multiprocessing``: it must not import the app's main module,
must not touch the terminal that Textual owns, and must die with the app. Its standard input and
output are the message line, its standard error a pipe whose last lines are kept here.
"""

from __future__ import annotations

import collections
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

from lwtui.backend.wire import Channel
from lwtui.errors import BackendError
from lwtui.process_end import explain_exit, oom_kills

LOG_LINES = 200
"""Lines of the process's output that are kept."""

# sys.path[0] would be the folder the user happens to be in: a stray torch.py there must not be
# imported. It becomes the folder that holds lwtui.
_BOOT = "import sys; sys.path[0] = sys.argv[1]; from lwtui.backend.host import main; main()"

_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONFAULTHANDLER": "1",
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
}

Answer = tuple[str, int, Any]
"""(kind, call, value); the kind ``died`` (call 0) is ours and the last of a process."""


class HostProcess:
    """Started at once. ``send`` never blocks; ``listener`` hears every answer, on a thread."""

    def __init__(self, listener: Callable[[HostProcess, Answer], None]) -> None:
        self.log: collections.deque[str] = collections.deque(maxlen=LOG_LINES)
        self._listener = listener
        self._killed_for = ""
        self._oom_before = oom_kills()
        self._outbox: queue.SimpleQueue[Answer | None] = queue.SimpleQueue()
        package_parent = str(Path(__file__).resolve().parents[2])
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, package_parent],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, **_QUIET},
                # Out of the terminal's process group: Ctrl+C there is for the app alone. The
                # child ends at the end of its standard input, so it needs no parent-death
                # signal (which Linux sends when the *thread* that started it ends).
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise BackendError(f"The model's process could not be started: {error}") from error
        self._channel = Channel(
            cast(BinaryIO, self._process.stdout), cast(BinaryIO, self._process.stdin)
        )
        self._threads = [
            threading.Thread(target=work, daemon=True, name=f"model-{name}")
            for name, work in (("log", self._keep_log), ("in", self._read), ("out", self._write))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def process_id(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def send(self, kind: str, call: int, value: object = None) -> None:
        self._outbox.put((kind, call, value))

    def kill(self, reason: str = "") -> None:
        """End it at once; ``reason`` is what :meth:`obituary` then says."""
        self._killed_for = self._killed_for or reason
        if self.alive:
            self._process.kill()

    def close(self, seconds: float = 2.0) -> None:
        """End it and free everything it held."""
        self._outbox.put(None)  # closes its standard input: it leaves by itself
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(seconds)
        for pipe in (self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def obituary(self) -> BackendError:
        """Why the process ended, in a sentence, and what the user can do."""
        if self._killed_for:
            return BackendError(self._killed_for, hint="The next request starts it again.")
        code = self._process.returncode
        message, hint = explain_exit(code, oom_kills() > self._oom_before)
        last = " ".join(line for line in list(self.log)[-3:] if line)
        if last and code != -9:
            message = f"{message} Its last words: {last[-300:]}"
        return BackendError(message, hint=f"{hint} The next request starts it again.".strip())

    def _read(self) -> None:
        try:
            while True:
                self._listener(self, self._channel.receive())
        except (EOFError, OSError, ValueError):
            pass
        # The line is cut. A process that lives on without it is of no use.
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._threads[0].join(1.0)  # let the log catch up: it holds the reason
        self._listener(self, ("died", 0, None))

    def _write(self) -> None:
        # A thread of its own, so that a process that no longer reads cannot block the app.
        while (message := self._outbox.get()) is not None:
            try:
                self._channel.send(*message)
            except (OSError, ValueError):
                return  # the reader tells what happened
        try:
            cast(BinaryIO, self._process.stdin).close()
        except OSError:
            return

    def _keep_log(self) -> None:
        pipe = cast(BinaryIO, self._process.stderr)
        # Bounded pieces: a progress bar may go on for ever without a line's end.
        while piece := pipe.readline(4096):
            line = piece.decode("utf-8", errors="replace").rsplit("\r", 1)[-1]
            self.log.append("".join(ch for ch in line if ch.isprintable()))
