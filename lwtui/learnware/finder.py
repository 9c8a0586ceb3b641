"""What a query finds in the index, remembered: a list of 100,000 is read page by page, and each
letter typed looks only at what the letters before have found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lwtui.learnware import fuzzy
from lwtui.learnware.index import Index
from lwtui.learnware.query import Query

_KEPT = 4
"""Queries whose finds are remembered."""


@dataclass
class _Frame:
    """All that the filters let through, in order; ``texts`` and ``ends`` when a text is looked
    for."""

    numbers: list[int]
    texts: list[str] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    text: str = ""
    """What was looked for last, and where it is."""
    places: Sequence[int] = ()


class Finder:
    """Belongs to one index and is used under its lock."""

    def __init__(self) -> None:
        self._of: tuple[Index, tuple[int, int]] | None = None
        self._frame: tuple[Query, _Frame] | None = None
        self._found: dict[Query, list[int]] = {}

    def find(self, index: Index, query: Query) -> list[int]:
        """Numbers of the learnwares that a query finds, in its order; near misses come last."""
        now = (index, index.revision)
        if self._of != now:
            self._of, self._frame = now, None
            self._found.clear()
        if query not in self._found:
            found = self._look(index, query)
            while len(self._found) >= _KEPT:
                self._found.pop(next(iter(self._found)))
            self._found[query] = found
        return self._found[query]

    def _look(self, index: Index, query: Query) -> list[int]:
        words = query.words
        frame = self._framed(index, query)
        if not words:
            return frame.numbers
        self._read_texts(index, query, frame)
        text = " ".join(words)
        # What a longer text finds is among what its beginning has found.
        among = frame.places if frame.text and text.startswith(frame.text) else None
        found = fuzzy.exact(frame.texts, words, range(len(frame.texts)) if among is None else among)
        frame.text, frame.places = text, found
        if not query.sort:
            found = fuzzy.best_first(frame.texts, frame.ends, words, found)
        if query.near and len(found) < fuzzy.FEW:
            found += fuzzy.near(frame.texts, frame.ends, words, found)
        return [frame.numbers[i] for i in found]

    def prepare(self, index: Index, query: Query) -> None:
        """Read what a text typed into this list will be looked for in."""
        self.find(index, query)
        self._read_texts(index, query, self._framed(index, query))

    def _read_texts(self, index: Index, query: Query, frame: _Frame) -> None:
        if not frame.texts and frame.numbers:
            frame.texts = index.texts(query.frame())
            frame.ends = [text.find("\n") for text in frame.texts]

    def _framed(self, index: Index, query: Query) -> _Frame:
        key = replace(query.frame(), sort=query.sort or "name")
        if self._frame is None or self._frame[0] != key:
            self._frame = (key, _Frame(index.numbers(key)))
        return self._frame[1]
