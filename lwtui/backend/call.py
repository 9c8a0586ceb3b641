"""One request on its way to a model's process."""

from __future__ import annotations

import queue
import threading
import time

from lwtui.backend.process import Answer
from lwtui.errors import Cancelled
from lwtui.jobs import JobContext

STOP_GRACE = 0.12
"""Seconds that a stopped answer may take to end by itself; then it ends here all the same."""
_POLL = 0.05
"""Seconds between two looks at a job's cancel token."""


class SilentError(Exception):
    """No answer came in time."""


class Call:
    """The answers to one request. ``put`` and ``stop`` may be called from any thread."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.stopped = threading.Event()
        self.running = False
        """Whether the process works on it: something was sent and its result has not come."""
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()

    def put(self, answer: Answer) -> None:
        self._answers.put(answer)

    def stop(self) -> None:
        """Wake whoever waits: from now on the end comes within ``STOP_GRACE``."""
        self.stopped.set()
        self._answers.put(("wake", self.number, None))

    def next(self, limit: float, context: JobContext | None = None) -> Answer:
        """Wait for the next answer.

        Raises ``SilentError`` after ``limit`` seconds, ``Cancelled`` when the job was cancelled or
        the call was stopped and its own end is late.
        """
        deadline = time.monotonic() + limit
        while True:
            if self.stopped.is_set():
                deadline = min(deadline, time.monotonic() + STOP_GRACE)
            wait = max(0.0, deadline - time.monotonic())
            try:
                answer = self._answers.get(timeout=min(wait, _POLL) if context else wait)
            except queue.Empty:
                if context is not None and context.cancel.cancelled:
                    raise Cancelled() from None
                if time.monotonic() < deadline:
                    continue
                if self.stopped.is_set():
                    raise Cancelled() from None
                raise SilentError from None
            if answer[0] != "wake":
                return answer
