"""What every backend does to a request before its model sees it: fit, slice, detokenise."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lwtui.backend.protocol import Message
from lwtui.errors import BadInput

Encode = Callable[[Sequence[Message]], list[int]]
"""Renders messages and returns their tokens."""


@dataclass(frozen=True)
class Prompt:
    """A prompt that fits."""

    tokens: list[int]
    dropped_messages: int = 0
    truncated_tokens: int = 0


def fit(messages: Sequence[Message], encode: Encode, context: int, max_tokens: int) -> Prompt:
    """Drop the oldest turns until the prompt leaves room for an answer in ``context`` tokens.

    The system prompt and the last message always stay; what follows a dropped turn starts with a
    question again, as templates want it. If the last message alone is too long its beginning is
    cut and the result says by how many tokens. Room for an answer: ``max_tokens``, but a quarter
    of the context at most.
    """
    room = max(1, min(max_tokens, context // 4))
    budget = context - room
    system = [m for m in messages if m.role == "system"]
    turns = [m for m in messages if m.role != "system"]
    if not turns:
        raise BadInput("There is no message to answer.")
    starts = [0] + [i for i in range(1, len(turns)) if turns[i].role == "user"]
    # The more is dropped the shorter it gets: search for the first start that fits.
    low, high = 0, len(starts) - 1
    tokens = encode([*system, *turns])
    if len(tokens) <= budget:
        return Prompt(tokens)
    while low < high:
        middle = (low + high) // 2
        if len(encode([*system, *turns[starts[middle] :]])) <= budget:
            high = middle
        else:
            low = middle + 1
    dropped = starts[low]
    tokens = encode([*system, *turns[dropped:]])
    if len(tokens) <= budget:
        return Prompt(tokens, dropped)
    return _cut(system, turns[-1], encode, budget, len(turns) - 1)


def _cut(system: list[Message], last: Message, encode: Encode, budget: int, dropped: int) -> Prompt:
    """Keep the end of the last message: as many of its characters as fit."""
    whole = len(encode([*system, last]))
    if len(encode([*system, Message(last.role, "")])) >= budget:
        raise BadInput(
            f"The system prompt fills the model's whole context ({budget} tokens).",
            hint="Shorten it, or take a model with a longer context.",
        )
    low, high = 1, len(last.content)
    while low < high:
        middle = (low + high) // 2
        if len(encode([*system, Message(last.role, last.content[middle:])])) <= budget:
            high = middle
        else:
            low = middle + 1
    tokens = encode([*system, Message(last.role, last.content[low:])])
    return Prompt(tokens, dropped, whole - len(tokens))


class Slices:
    """Cuts a long prompt into slices of about 100 ms each, so that a stop is heard between them.

    The first is small; each next one is sized by how long the last took.
    """

    def __init__(self, longest: int, seconds: float = 0.1) -> None:
        self._longest = longest
        self._seconds = seconds
        self._size = min(64, longest)

    def cut(self, tokens: Sequence[int]) -> Iterator[Sequence[int]]:
        start = 0
        while start < len(tokens):
            begun = time.monotonic()
            yield tokens[start : start + self._size]
            start += self._size
            took = time.monotonic() - begun
            if took < self._seconds / 2:
                self._size = min(self._size * 2, self._longest)
            elif took > self._seconds * 2:
                self._size = max(self._size // 2, 16)


class StopText:
    """Passes text on but never a stop text, nor the beginning of what may become one."""

    def __init__(self, stop: Sequence[str]) -> None:
        self._stop = [text for text in stop if text]
        self._held = ""
        self.found = False

    def feed(self, text: str) -> str:
        """What of the text so far may be shown. Sets ``found`` at a stop text."""
        if not self._stop:
            return text
        self._held += text
        at = min((i for i in map(self._held.find, self._stop) if i >= 0), default=-1)
        if at >= 0:
            self.found = True
            shown, self._held = self._held[:at], ""
            return shown
        keep = max(self._overlap(stop) for stop in self._stop)
        cut = len(self._held) - keep
        shown, self._held = self._held[:cut], self._held[cut:]
        return shown

    def flush(self) -> str:
        """What was held back, when the answer ends."""
        shown, self._held = self._held, ""
        return shown

    def _overlap(self, stop: str) -> int:
        """Length of the longest end of the held text that begins ``stop``."""
        longest = min(len(stop) - 1, len(self._held))
        return next((n for n in range(longest, 0, -1) if self._held.endswith(stop[:n])), 0)


def utf8_decoder() -> codecs.IncrementalDecoder:
    """Bytes in, whole characters out; bytes that can be none become U+FFFD."""
    return codecs.getincrementaldecoder("utf-8")(errors="replace")


class Detokeniser:
    """Tokens in, whole characters out, for tokenizers that give text and not bytes.

    Each step decodes a short window twice, without and with the new token, and emits the
    difference unless it ends in half a character (the method of Hugging Face's
    text-generation-inference). Half characters that never become whole are let go after
    ``longest`` tokens.
    """

    def __init__(self, decode: Callable[[list[int]], str], longest: int = 8) -> None:
        self._decode = decode
        self._longest = longest
        self._window: list[int] = []
        self._shown = 0
        """How many tokens of the window have been emitted."""

    def feed(self, token: int) -> str:
        self._window.append(token)
        text = self._new()
        if text.endswith("\ufffd") and len(self._window) - self._shown < self._longest:
            return ""
        self._window = self._window[self._shown :]
        self._shown = len(self._window)
        return text

    def flush(self) -> str:
        text = self._new() if len(self._window) > self._shown else ""
        self._window, self._shown = [], 0
        return text

    def _new(self) -> str:
        before = self._decode(self._window[: self._shown]) if self._shown else ""
        return self._decode(self._window)[len(before) :]
