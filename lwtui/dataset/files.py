"""One file of a dataset: its fields found, its rows turned into usable ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from lwtui.dataset.fields import FieldMap, counts_from_one, find_fields
from lwtui.dataset.find import safe_name
from lwtui.dataset.mapper import RowMapper
from lwtui.dataset.problems import ProblemLog
from lwtui.dataset.reader import read_rows
from lwtui.dataset.source import Source
from lwtui.dataset.values import answer_of, lookup

_HEAD_ROWS = 50
"""Rows that tell a file's fields."""
_HEAD_BYTES = 64 << 20
"""How far into a file they are looked for."""

Mapped = tuple[RowMapper, Mapping[str, Any]]
"""A raw row and what turns it into an example."""


@dataclass
class DataFile:
    """A file whose fields are known, or the reason why they are not (``mapper`` is None)."""

    source: Source
    mapper: RowMapper | None
    problem: str = ""
    columns: tuple[str, ...] = ()
    head_rows: int = 0
    head_bytes: int = 0

    def rows_estimate(self) -> int:
        known = self.source.rows_known
        if known is not None or self.head_rows < _HEAD_ROWS:
            return self.head_rows if known is None else known
        packed = 3 if self.source.compressed else 1
        return max(self.head_rows, self.source.size * packed * self.head_rows // self.head_bytes)


class _HeadDoneError(Exception):
    """The beginning of a file has been read without finding enough rows."""


def inspect(source: Source, given: FieldMap | None, log: ProblemLog) -> DataFile:
    """Find a file's fields from its first rows. ``given``: columns that the user has named."""
    rows = read_head(source, log)
    if not rows:
        return DataFile(source, None)
    columns = tuple(dict.fromkeys(str(name) for row in rows for name in row))
    missing = [name for name in given.columns if not _has(rows, name)] if given else []
    found = find_fields(rows)
    fields = given.over(found or FieldMap()) if given and not missing else found
    problem = ""
    if missing:
        problem = f"has no column {listed(tuple(missing))}; it has {listed(columns)}"
    elif fields is None or not (fields.prompt or fields.messages):
        problem = (
            f"has no column that looks like a prompt; it has {listed(columns)}; "
            "name one with --fields prompt=COLUMN,answer=COLUMN"
        )
    if problem or fields is None:
        problem += "; the file was skipped"
        log.skip(source.name, None, problem)
        return DataFile(source, None, problem, columns)
    if given and fields.choices:
        fields = replace(fields, one_based=counts_from_one(rows, fields))
    if fields.kind == "given" and _looks_like_classes(rows, fields):
        fields = replace(fields, kind="given/label")
    mapper = RowMapper(fields, source.class_names)
    return DataFile(source, mapper, "", columns, len(rows), sum(map(_length, rows)))


def _looks_like_classes(rows: list[dict[str, Any]], fields: FieldMap) -> bool:
    """Whether a column that the user has named as the answer holds a few short names."""
    if not fields.answer or fields.choices or fields.messages:
        return False
    answers = [answer_of(lookup(row, fields.answer)) for row in rows]
    words = {answer for answer in answers if answer}
    few = len(rows) >= 10 and 2 <= len(words) <= len(rows) // 3
    return few and all(len(word) <= 40 for word in words) and not all(map(str.isdigit, words))


def usable_rows(source: Source, mapper: RowMapper, log: ProblemLog) -> Iterator[Mapped]:
    """The rows of a file that make examples. Says at the end how many have no answer."""
    answer = mapper.fields.answer
    unanswered, first_line = 0, 0
    for line, row in read_rows(source, log, mapper.fields.columns):
        if reason := mapper.reject(row):
            log.skip(source.name, line, f"{reason}; the row was skipped")
            continue
        if answer and row.get(answer) in (None, "", []) and "." not in answer:
            unanswered, first_line = unanswered + 1, first_line or line
        yield mapper, row
    if unanswered:
        many = "1 row has" if unanswered == 1 else f"{unanswered:,} rows have"
        message = f"from here on {many} no '{answer}'; used without an answer"
        log.note(source.name, first_line, message)


def read_head(source: Source, log: ProblemLog) -> list[dict[str, Any]]:
    """The first rows of a file."""

    def enough() -> None:
        if source.locate() > _HEAD_BYTES:
            raise _HeadDoneError

    rows: list[dict[str, Any]] = []
    source.tick = enough
    try:
        for _, row in islice(read_rows(source, log), _HEAD_ROWS):
            rows.append(row)
    except _HeadDoneError:
        if not rows:
            log.skip(source.name, None, f"has no row in its first {_HEAD_BYTES >> 20} MB")
    finally:
        source.tick = None
    return rows


def _has(rows: list[dict[str, Any]], column: str) -> bool:
    return any(column in row or lookup(row, column) is not None for row in rows)


def listed(names: tuple[str, ...]) -> str:
    """Names in quotes, fit to print."""
    shown = ", ".join(f"'{safe_name(name[:60])}'" for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _length(row: Mapping[str, Any]) -> int:
    """About how many bytes a row takes in its file."""
    return sum(len(str(name)) + len(str(value)) + 6 for name, value in row.items())
