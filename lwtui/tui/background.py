"""Threads of the app's own, for what may take long or hang.

Textual's thread workers share the few threads of asyncio's executor, and leaving the app waits for
them. A server that does not answer would then keep the list from being read and the app from
ending; four pulls would do the same. These threads are daemons: nobody waits for one that hangs.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable

from textual.message import Message
from textual.message_pump import MessagePump


def in_thread(work: Callable[[], None], name: str) -> threading.Thread:
    """Start ``work`` in a thread of its own. It handles its errors itself."""
    context = contextvars.copy_context()  # which app is ours
    thread = threading.Thread(target=context.run, args=(work,), name=name, daemon=True)
    thread.start()
    return thread


def tell(whom: MessagePump, message: Message) -> None:
    """Post a message from a thread, to an app that may have been left meanwhile."""
    with contextlib.suppress(RuntimeError):  # its event loop is closed
        whom.post_message(message)


class NewestFirst:
    """Runs questions in threads, ``most`` at once; of those that wait only the newest is kept."""

    def __init__(self, name: str, most: int = 3) -> None:
        self._name = name
        self._most = most
        self._lock = threading.Lock()
        self._running = 0
        self._waiting: Callable[[], None] | None = None

    def ask(self, work: Callable[[], None]) -> None:
        with self._lock:
            if self._running >= self._most:
                self._waiting = work
                return
            self._running += 1
        in_thread(lambda: self._run(work), self._name)

    def _run(self, work: Callable[[], None] | None) -> None:
        try:
            while work is not None:
                work()
                with self._lock:
                    work, self._waiting = self._waiting, None
        finally:
            with self._lock:
                self._running -= 1
