"""CSV and TSV: the delimiter is found, ragged and broken rows are reported with their line."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator

from lwtui.dataset.problems import ProblemLog
from lwtui.dataset.reader import Row
from lwtui.dataset.source import MAX_LINE_BYTES, Source, lines

_DELIMITERS = (",", "\t", ";", "|")
_MAX_RECORD_LINES = 5000
_MAX_RECORD_CHARACTERS = 1 << 20
"""A quoted cell that goes on for longer was never closed."""


class _NeverClosedError(Exception):
    """A quotation mark opened a cell that does not end."""


class _Lines:
    """Feeds a csv reader, remembers what it took for one record, and can take it back."""

    def __init__(self, numbered: Iterator[tuple[int, str]]) -> None:
        self._numbered = numbered
        self._back: deque[tuple[int, str]] = deque()
        self.taken: list[tuple[int, str]] = []
        self._characters = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._characters > _MAX_RECORD_CHARACTERS or len(self.taken) > _MAX_RECORD_LINES:
            raise _NeverClosedError
        pair = self._back.popleft() if self._back else next(self._numbered)
        self.taken.append(pair)
        self._characters += len(pair[1])
        return pair[1]

    def begin(self) -> None:
        """A new record begins."""
        self.taken = []
        self._characters = 0

    def give_back(self) -> None:
        """All but the first line of the record are read again, as records of their own."""
        self._back.extendleft(reversed(self.taken[1:]))


def read_delimited(source: Source, log: ProblemLog) -> Iterator[Row]:
    """Rows of a CSV or TSV file; a row's number is the line it begins on."""
    head = source.head(1 << 16).decode(source.encoding(), "replace").lstrip("\ufeff")
    if not head.strip():
        log.skip(source.name, None, "is empty; the file was skipped")
        return
    delimiter = _sniff(head, "\t" if source.format == "tsv" else ",")
    quoting = _quoting(head, delimiter)
    csv.field_size_limit(MAX_LINE_BYTES + 1)
    header: list[str] | None = None
    for number, cells in _records(source, log, delimiter, quoting):
        if header is None:
            header = _header(source, log, number, cells)
        elif len(cells) == len(header):
            yield number, dict(zip(header, cells, strict=True))
        else:
            values = "1 value" if len(cells) == 1 else f"{len(cells)} values"
            log.skip(
                source.name,
                number,
                f"has {values}, the header names {len(header)} columns; the row was skipped",
            )


def _records(
    source: Source, log: ProblemLog, delimiter: str, quoting: int
) -> Iterator[tuple[int, list[str]]]:
    feed = _Lines(lines(source, log))

    def reader() -> Iterator[list[str]]:
        return csv.reader(feed, delimiter=delimiter, quoting=quoting, strict=True)  # type: ignore[arg-type]

    rows = reader()
    while True:
        feed.begin()
        try:
            cells = next(rows)
        except StopIteration:
            return
        except (csv.Error, _NeverClosedError) as error:
            number = feed.taken[0][0]
            log.skip(source.name, number, f"{_reason(error)}; the row was skipped")
            feed.give_back()
            rows = reader()  # the old one still waits for the closing quotation mark
            continue
        if cells:
            yield feed.taken[0][0], cells


def _reason(error: Exception) -> str:
    text = str(error)
    if isinstance(error, _NeverClosedError) or "unexpected end" in text:
        return "a quotation mark is never closed"
    if "expected after" in text:
        return "a quotation mark inside a quoted value is not doubled"
    return f"is not CSV: {text}"


def _header(source: Source, log: ProblemLog, line: int, cells: list[str]) -> list[str]:
    header: list[str] = []
    for index, cell in enumerate(cells, start=1):
        name = cell.strip() or f"column_{index}"
        if name in header:
            number = 2
            while f"{name}.{number}" in header:
                number += 1
            log.note(
                source.name, line, f"two columns are named '{name}'; one is now '{name}.{number}'"
            )
            name = f"{name}.{number}"
        header.append(name)
    return header


def _sniff(head: str, usual: str) -> str:
    """The delimiter that cuts the first lines into the same number (two or more) of columns."""
    sample = head.splitlines(keepends=True)
    if len(head) >= 1 << 16:
        sample = sample[:-1]
    best, best_score = usual, 0.0
    for delimiter in (usual, *(mark for mark in _DELIMITERS if mark != usual)):
        try:
            rows = [row for row in csv.reader(sample[:100], delimiter=delimiter) if row]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        if width < 2:
            continue
        same = sum(len(row) == width for row in rows) / len(rows)
        # The usual delimiter wins ties: a comma in every text must not beat a tab in every line.
        score = same + (0.5 if delimiter == usual else 0.0)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _quoting(head: str, delimiter: str) -> int:
    """Tab-separated files mostly have no quoting: a quotation mark there is just a character."""
    if delimiter != "\t":
        return csv.QUOTE_MINIMAL
    cells = [cell for line in head.splitlines() for cell in line.split("\t")]
    opened = [cell for cell in cells if cell.startswith('"')]
    closed = [cell for cell in opened if len(cell) > 1 and cell.endswith('"')]
    return csv.QUOTE_MINIMAL if opened and len(closed) == len(opened) else csv.QUOTE_NONE
