"""A JSON list of any size, element by element."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from lwtui.dataset.problems import ProblemLog
from lwtui.dataset.reader import Row
from lwtui.dataset.reader.json_object import expand, rows_of_value
from lwtui.dataset.source import MAX_LINE_BYTES, Source, chunks

_BLANK = re.compile(r"[\s,]*")
_NEXT = re.compile(r"[}\]]\s*,\s*(?=[{\[])")


def read_list(source: Source, log: ProblemLog) -> Iterator[Row]:
    """Rows of a file that is one JSON list; the number of a row is the line it begins on."""
    return _ListReader(source, log).rows()


class _ListReader:
    """Holds a window of the text: from the element at hand to what has been read so far."""

    def __init__(self, source: Source, log: ProblemLog) -> None:
        self._source, self._log = source, log
        self._chunks = chunks(source, log)
        self._text = ""
        self._at = 0
        self._line = 1
        self._decode = json.JSONDecoder().raw_decode

    def rows(self) -> Iterator[Row]:
        self._skip(re.compile(r"[\s\ufeff]*"))
        self._at += 1  # the opening bracket, which the caller has seen
        while True:
            self._skip(_BLANK)
            if self._at >= len(self._text):
                self._broken("ends before its list does")
                return
            if self._text[self._at] == "]":
                return
            line = self._line
            try:
                value = self._element()
            except (ValueError, RecursionError) as error:
                message = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
                message = message.removesuffix(" at")
                if not self._resume(getattr(error, "pos", self._at)):
                    self._log.skip(
                        self._source.name,
                        line,
                        f"is not JSON: {message[:80]}; the rest of the file was skipped",
                    )
                    return
                self._log.skip(
                    self._source.name, line, f"is not JSON: {message[:80]}; the row was skipped"
                )
                continue
            yield from self._rows_of(line, value)

    def _rows_of(self, line: int, value: Any) -> Iterator[Row]:
        if isinstance(value, dict):
            for row in expand(value):
                yield line, row
            return
        made = rows_of_value(value)
        if made is None:
            self._log.skip(self._source.name, line, "holds no object; it was skipped")
        else:
            yield line, made

    def _element(self) -> Any:
        """The next element; reads on while it may only be cut off."""
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut_off = error.msg.startswith("Unterminated") or error.pos > len(self._text) - 16
                if not cut_off or len(self._text) - self._at > MAX_LINE_BYTES:
                    raise
                if not self._more():
                    raise
                continue
            if end == len(self._text) and not isinstance(value, (dict, list)) and self._more():
                continue  # a number or word may go on
            self._advance(end)
            return value

    def _resume(self, position: int) -> bool:
        """Go to where the next element seems to begin, after a broken one."""
        start = max(position - 1, self._at)
        while True:
            found = _NEXT.search(self._text, start)
            if found:
                self._advance(found.end())
                return True
            if len(self._text) - self._at > MAX_LINE_BYTES or not self._more():
                return False
            start = self._at

    def _broken(self, message: str) -> None:
        self._log.note(self._source.name, self._line, message)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        while True:
            match = pattern.match(self._text, self._at)
            self._advance(match.end() if match else self._at)
            if self._at < len(self._text) or not self._more():
                return

    def _advance(self, end: int) -> None:
        self._line += self._text.count("\n", self._at, end)
        self._at = end

    def _more(self) -> bool:
        """Add text to the window, as much again as an unfinished element already has."""
        pieces, wanted = [self._text[self._at :]], max(1, len(self._text) - self._at)
        got = 0
        while got < wanted and (piece := next(self._chunks, None)) is not None:
            pieces.append(piece)
            got += len(piece)
        self._text, self._at = "".join(pieces), 0
        return got > 0
