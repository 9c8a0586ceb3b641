"""A user's dataset: opened, previewed, sampled. Rows stream; none is kept but those asked for."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from lwtui.dataset.example import Example, Problem
from lwtui.dataset.fields import FieldMap, find_fields
from lwtui.dataset.find import READ, Found, find_sources, safe_name
from lwtui.dataset.mapper import RowMapper
from lwtui.dataset.problems import ProblemLog
from lwtui.dataset.reader import read_rows
from lwtui.dataset.source import Source
from lwtui.errors import BadInput
from lwtui.jobs import JobContext

MAX_LABELS = 100
"""With more classes than this the answers are taken for text, not for choices."""
_HEAD_ROWS = 50
_REPORT_EVERY = 512
"""Rows between two reports of progress (and two looks at the cancel token)."""


@dataclass(frozen=True)
class Sample:
    """Rows drawn at random, in random order: any beginning of it is a random sample too."""

    examples: tuple[Example, ...]
    rows_seen: int
    """Usable rows in the whole dataset."""
    skipped: int
    """Rows, and whole files, that could not be used."""
    problems: tuple[Problem, ...]


@dataclass
class _File:
    """A file whose fields are known, or the reason why they are not."""

    source: Source
    mapper: RowMapper | None
    problem: str = ""
    columns: tuple[str, ...] = ()
    head: tuple[Mapping[str, Any], ...] = ()


class Dataset:
    """The rows of a folder or file. Make one with :func:`open_dataset`.

    ``problems`` and ``skipped`` are those of the latest reading: opening and :meth:`preview` read
    only the beginning of each file, :meth:`sample` and iterating read everything.
    """

    def __init__(self, path: Path, found: Found, fields: FieldMap | None) -> None:
        self.path = path
        self.name = safe_name(path.resolve().name if path.is_dir() else path.name.split(".")[0])
        self.left_out = tuple(found.left_out)
        """Hidden files, READMEs and the like, which are no data."""
        self._found = found
        self._given = fields
        self._log = ProblemLog(found.log)
        self._files = [self._inspect(source) for source in found.sources]
        self._labels: dict[str, tuple[str, ...]] | None = None

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files in use, relative to the folder."""
        return tuple(file.source.name for file in self._files if file.mapper is not None)

    @property
    def fields(self) -> FieldMap:
        """The fields of the first file in use (each file has its own)."""
        return next(file.mapper.fields for file in self._files if file.mapper is not None)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column of every file, for whoever wants to name the fields."""
        return tuple(dict.fromkeys(column for file in self._files for column in file.columns))

    @property
    def problems(self) -> list[Problem]:
        return self._log.problems

    @property
    def skipped(self) -> int:
        return self._log.skipped

    @property
    def size(self) -> int:
        """Bytes on disk of the files in use."""
        return sum(file.source.size for file in self._files if file.mapper is not None)

    def preview(self, limit: int = 20) -> list[Example]:
        """The first rows. Reads only as much as they need."""
        self._log = ProblemLog(self._found.log)
        rows = list(islice(self._rows(self._log, None), limit))
        labels: dict[str, dict[str, None]] = {}
        for mapper, row in rows:
            _collect(labels, mapper, row)
        return _convert(rows, self._labels or _settle(labels, len(rows)), self._log)

    def sample(self, rows: int, seed: int = 0, context: JobContext | None = None) -> Sample:
        """Draw ``rows`` usable rows at random, each equally likely (fewer if there are fewer).

        Reads everything once as a stream and keeps only the rows drawn. The same data and seed
        give the same sample. Progress counts bytes on disk. Raises ``Cancelled``, and ``BadInput``
        when no row can be used.
        """
        log = ProblemLog(self._found.log)
        # Not a secret, but fixed for all versions of Python: random() is, choice() is not.
        draw = random.Random(seed)
        kept: list[tuple[RowMapper, Mapping[str, Any]]] = []
        labels: dict[str, dict[str, None]] = {}
        seen = 0
        for mapper, row in self._rows(log, context):
            if mapper.fields.labelled:
                _collect(labels, mapper, row)
            seen += 1
            if len(kept) < rows:
                kept.append((mapper, row))
            elif (slot := int(draw.random() * seen)) < rows:
                kept[slot] = (mapper, row)
        for last in range(len(kept) - 1, 0, -1):
            other = int(draw.random() * (last + 1))
            kept[last], kept[other] = kept[other], kept[last]
        self._labels = _settle(labels, seen)
        examples = _convert(kept, self._labels, log)
        self._log = log
        if not examples:
            raise self._nothing_usable()
        return Sample(tuple(examples), seen, log.skipped, tuple(log.problems))

    def __iter__(self) -> Iterator[Example]:
        """Every usable row in order. Reads twice where the classes must be collected first."""
        if self._labels is None:
            labels: dict[str, dict[str, None]] = {}
            count = 0
            if any(file.mapper and file.mapper.fields.labelled for file in self._files):
                for mapper, row in self._rows(ProblemLog(), None):
                    count += 1
                    _collect(labels, mapper, row)
            self._labels = _settle(labels, count)
        self._log = ProblemLog(self._found.log)
        for pair in self._rows(self._log, None):
            yield from _convert([pair], self._labels, self._log)

    def rows_estimate(self) -> int:
        """About how many rows there are, from the beginning of each file."""
        return sum(_estimate(file) for file in self._files if file.mapper is not None)

    def _rows(
        self, log: ProblemLog, context: JobContext | None
    ) -> Iterator[tuple[RowMapper, Mapping[str, Any]]]:
        """The usable rows of all files in order; the others go to the log."""
        total, before = self.size, 0
        for file in self._files:
            source, mapper = file.source, file.mapper
            if mapper is None:
                if file.problem:
                    log.skip(source.name, None, file.problem)
                else:  # it cannot be read at all: reading says why
                    for _ in read_rows(source, log):
                        pass
                continue
            unanswered, first_line, count = 0, 0, 0
            for line, row in read_rows(source, log, mapper.fields.columns):
                count += 1
                if context is not None and count % _REPORT_EVERY == 0:
                    context.progress(before + source.locate(), total, f"reading {source.name}")
                if reason := mapper.reject(row):
                    log.skip(source.name, line, f"{reason}; the row was skipped")
                    continue
                if mapper.fields.answer and row.get(mapper.fields.answer) in (None, ""):
                    unanswered, first_line = unanswered + 1, first_line or line
                yield mapper, row
            if unanswered:
                many = "1 row has" if unanswered == 1 else f"{unanswered:,} rows have"
                message = f"{many} no '{mapper.fields.answer}'; used without an answer"
                log.note(source.name, first_line, message)
            before += source.size
            if context is not None:
                context.progress(before, total, f"reading {source.name}")

    def _inspect(self, source: Source) -> _File:
        """Find a file's fields from its first rows."""
        log = ProblemLog()
        rows = [row for _, row in islice(read_rows(source, log), _HEAD_ROWS)]
        self._log.take(log)
        if not rows:
            return _File(source, None)
        columns = tuple(dict.fromkeys(str(name) for row in rows for name in row))
        found = find_fields(rows)
        given = self._given
        missing = [name for name in given.columns if not _has(rows, name)] if given else []
        if missing:
            names = ", ".join(f"'{name}'" for name in missing)
            reason = f"has no column {names}; it has {_listed(columns)}. The file was skipped"
            self._log.skip(source.name, None, reason)
            return _File(source, None, reason, columns)
        fields = given.over(found or FieldMap()) if given else found
        if fields is None or not (fields.prompt or fields.messages):
            reason = (
                f"no column looks like a prompt; it has {_listed(columns)}. Name one with "
                "--fields prompt=COLUMN,answer=COLUMN. The file was skipped"
            )
            self._log.skip(source.name, None, reason)
            return _File(source, None, reason, columns)
        return _File(source, RowMapper(fields, source.class_names), "", columns, tuple(rows))

    def check(self) -> None:
        """Raise ``BadInput`` when nothing here can be used."""
        if any(file.mapper is not None for file in self._files):
            return
        raise self._nothing_usable()

    def _nothing_usable(self) -> BadInput:
        problems = self._log.problems
        wrong = [file for file in self._files if file.problem.startswith("has no column")]
        if self._given and wrong:
            columns = _listed(self.columns)
            missing = [name for name in self._given.columns if name not in self.columns]
            names = ", ".join(f"'{name}'" for name in missing)
            return BadInput(
                f"no file has the column {names}.",
                hint=f"The columns are {columns}.",
                file=self.path,
                field="fields",
            )
        if not problems and not self._files:
            found = "the folder is empty" if self.path.is_dir() else "it is of no format I know"
            if self.left_out:
                found = f"found only {_listed(self.left_out)}"
        else:
            found = "; ".join(str(problem) for problem in problems[:5])
            if len(problems) > 5:
                found += f"; and {len(problems) - 5} more problems"
        return BadInput(
            f"nothing here can be used: {found}.",
            hint=f"Expected {READ}, with a column such as prompt, question, text or messages.",
            file=self.path,
        )


def open_dataset(path: Path, fields: FieldMap | None = None) -> Dataset:
    """Open a folder of data, or one file; reads only the beginning of each file.

    ``fields`` names columns, over those that are found by name. Raises ``BadInput`` when the path
    is not there, no file can be used, or no file has a column that was named.
    """
    path = Path(path).expanduser()
    try:
        path.stat()
    except (OSError, ValueError) as error:
        missing = isinstance(error, FileNotFoundError)
        reason = "there is no such file or folder." if missing else f"cannot be read: {error}."
        raise BadInput(reason, hint="Give the folder of a dataset.", file=path) from error
    dataset = Dataset(path, find_sources(path), fields)
    dataset.check()
    return dataset


def _collect(labels: dict[str, dict[str, None]], mapper: RowMapper, row: Mapping[str, Any]) -> None:
    """Add the row's class to those of its column, up to one more than can be choices."""
    if not mapper.fields.labelled:
        return
    names = labels.setdefault(mapper.fields.answer, dict.fromkeys(mapper.class_names))
    if len(names) <= MAX_LABELS and (label := mapper.label(row)):
        names[label] = None


def _settle(labels: Mapping[str, Mapping[str, None]], rows: int) -> dict[str, tuple[str, ...]]:
    """The choices by column: none where the labels are too many, too long or all different."""
    settled = {}
    for column, names in labels.items():
        few = 2 <= len(names) <= MAX_LABELS and (len(names) < 0.8 * rows or len(names) <= 10)
        short = all(len(name) <= 80 for name in names)
        settled[column] = tuple(sorted(names)) if few and short else ()
    return settled


def _convert(
    rows: list[tuple[RowMapper, Mapping[str, Any]]],
    labels: Mapping[str, tuple[str, ...]],
    log: ProblemLog,
) -> list[Example]:
    made = (mapper.convert(row, labels.get(mapper.fields.answer, ())) for mapper, row in rows)
    return [example for example in made if isinstance(example, Example)]


def _has(rows: list[dict[str, Any]], column: str) -> bool:
    from lwtui.dataset.values import lookup

    return any(column in row or lookup(row, column) is not None for row in rows)


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"'{safe_name(name[:60])}'" for name in names[:20])
    return shown + (f" and {len(names) - 20} more" if len(names) > 20 else "")


def _estimate(file: _File) -> int:
    source = file.source
    if source.rows_known is not None:
        return source.rows_known
    if len(file.head) < _HEAD_ROWS:
        return len(file.head)
    spoken = sum(len(str(row)) for row in file.head) / len(file.head)
    return max(len(file.head), int(source.size * (3 if source.compressed else 1) / spoken))
