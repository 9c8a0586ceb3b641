"""Runs one function in a process of its own: progress comes out, a cancel kills it at once.

For jobs that run native code over strangers' files or on a model: a crash, an out-of-memory kill
or a hang there ends in a message here. The line is JSON, one object per line: whatever the other
side sends can become text and numbers, never code.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any, BinaryIO, cast

from lwtui import errors
from lwtui.errors import LwtuiError
from lwtui.jobs import JobContext, Part, Progress
from lwtui.process_end import explain_exit, oom_kills

# sys.path[0] would be the folder the user happens to be in: a stray torch.py there must not be
# imported. It becomes the folder that holds lwtui.
_BOOT = "import sys; sys.path[0] = sys.argv[1]; from lwtui.isolated import child; child()"
_KINDS = {kind.__name__: kind for kind in (errors.LwtuiError, errors.BadInput, errors.BackendError)}
_FIELDS = ("message", "hint", "file", "line", "field")


def run_isolated(target: str, request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """Call ``module:function`` with (request, JobContext) in a new process; return its result.

    ``request`` and the result are plain JSON. Raises what the function raised if it is an
    ``LwtuiError``, ``Cancelled`` when told to stop (the process is then already gone), and
    ``LwtuiError`` when the process dies.
    """
    package_parent = str(Path(__file__).resolve().parents[1])
    with subprocess.Popen(
        [sys.executable, "-c", _BOOT, package_parent],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONUTF8": "1", "HF_HUB_DISABLE_TELEMETRY": "1"},
        start_new_session=True,  # Ctrl+C in the terminal is for the app alone
    ) as process:
        line = _Line(process)
        try:
            return line.converse({"target": target, "request": request}, context)
        finally:
            if process.poll() is None:
                process.kill()
            line.join()


class _Line:
    """The app's end of the line to one process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._oom_before = oom_kills()
        self._answers: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._log: deque[str] = deque(maxlen=40)
        self._readers = [
            threading.Thread(target=work, daemon=True) for work in (self._listen, self._keep_log)
        ]
        for reader in self._readers:
            reader.start()

    def converse(self, message: dict[str, Any], context: JobContext) -> dict[str, Any]:
        request = cast(BinaryIO, self._process.stdin)
        with contextlib.suppress(OSError):  # it died already: the reader says so
            request.write(json.dumps(message).encode() + b"\n")
            request.flush()  # left open: its end tells the child that we are gone
        while True:
            context.check()
            try:
                line = self._answers.get(timeout=0.05)
            except queue.Empty:
                continue
            if line is None:
                self._process.wait()
                self.join()
                killed = oom_kills() > self._oom_before
                raise _died(self._process.returncode, self._log, killed)
            answer = json.loads(line)
            if answer["event"] == "progress":
                parts = tuple(Part(*part) for part in answer["parts"])
                context.progress(answer["done"], answer["total"], answer["note"], parts)
            elif answer["event"] == "result":
                return dict(answer["value"])
            else:
                kind = _KINDS.get(answer["kind"], LwtuiError)
                raise kind(answer["message"], **{name: answer[name] for name in _FIELDS[1:]})

    def join(self) -> None:
        """Wait for the readers, which end with the process: its pipes may then be closed."""
        for reader in self._readers:
            reader.join()

    def _listen(self) -> None:
        for line in cast(BinaryIO, self._process.stdout):
            self._answers.put(line)
        self._answers.put(None)

    def _keep_log(self) -> None:
        while piece := cast(BinaryIO, self._process.stderr).readline(4096):
            line = piece.decode("utf-8", errors="replace").rsplit("\r", 1)[-1]
            self._log.append("".join(letter for letter in line if letter.isprintable()))


def _died(code: int, log: deque[str], out_of_memory: bool) -> LwtuiError:
    message, hint = explain_exit(code, out_of_memory, "The job's process")
    last = " ".join(line for line in list(log)[-3:] if line)[-400:]
    if last and code != -signal.SIGKILL:
        message = f"{message} Its last words: {last}"
    return LwtuiError(message, hint=hint or None)


def child() -> None:
    """The other side: read one request, answer on what was standard output."""
    # Libraries print where they like: give them standard error and keep the line for ourselves.
    line = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    message = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_leave_with_parent, daemon=True).start()

    def send(event: str, **facts: Any) -> None:
        line.write(json.dumps({"event": event, **facts}).encode() + b"\n")
        line.flush()

    def report(progress: Progress) -> None:
        parts = [(part.name, part.done, part.total) for part in progress.parts]
        send(
            "progress",
            done=progress.done,
            total=progress.total,
            note=progress.note,
            parts=parts,
        )

    module, _, function = message["target"].partition(":")
    try:
        call = getattr(importlib.import_module(module), function)
        send("result", value=call(message["request"], JobContext(report)))
    except LwtuiError as error:
        facts = {name: getattr(error, name) for name in _FIELDS}
        send("error", kind=type(error).__name__, **facts)


def _leave_with_parent() -> None:
    # Not through sys.stdin: a thread that holds its lock would abort the interpreter's end.
    while os.read(0, 4096):
        pass
    os._exit(0)
