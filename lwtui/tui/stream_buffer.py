"""What a model writes on its way from the worker's thread to the screen.

A fast model writes hundreds of pieces a second. Were each a message of its own, the event loop
would have no turn left for keys; so pieces wait here, and one message says that there are some.
"""

from __future__ import annotations

import threading


class StreamBuffer:
    """Put into by one thread, taken from by the event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: list[str] = []
        self._tokens = 0
        self._told = False

    def put(self, text: str, tokens: int) -> bool:
        """Add a piece; ``tokens`` were written so far. True: tell the screen, it does not know."""
        with self._lock:
            self._pieces.append(text)
            self._tokens = tokens
            told, self._told = self._told, True
            return not told

    def take(self, limit: int = 500) -> tuple[str, int, bool]:
        """What came since the last call, about ``limit`` characters of it; the tokens so far; and
        whether there is more."""
        with self._lock:
            count = size = 0
            while count < len(self._pieces) and size < limit:
                size += len(self._pieces[count])
                count += 1
            text = "".join(self._pieces[:count])
            del self._pieces[:count]
            self._told = bool(self._pieces)
            return text, self._tokens, self._told
