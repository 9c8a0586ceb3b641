"""A user's dataset: opened, previewed, sampled. Rows stream; none is kept but those asked for."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lwtui.dataset.example import Example, Problem
from lwtui.dataset.fields import FieldMap
from lwtui.dataset.files import Mapped, inspect, listed, read_head, usable_rows
from lwtui.dataset.find import READ, Found, find_sources, safe_name
from lwtui.dataset.labels import Labels
from lwtui.dataset.problems import ProblemLog
from lwtui.dataset.source import Source
from lwtui.errors import BadInput
from lwtui.jobs import JobContext

_COUNTED_BYTES = 8 << 20
"""Up to this size of a dataset its rows are counted rather than estimated."""


@dataclass(frozen=True)
class Sample:
    """Rows drawn at random, in random order: any beginning of it is a random sample too."""

    examples: tuple[Example, ...]
    rows_seen: int
    """Usable rows in the whole dataset."""
    skipped: int
    """Rows, and whole files, that could not be used."""
    problems: tuple[Problem, ...]


class Dataset:
    """The rows of a folder or file. Make one with :func:`open_dataset`.

    ``problems`` and ``skipped`` are those of the latest full reading (:meth:`sample`, iterating);
    before one, those that opening met in the beginning of each file.
    """

    def __init__(self, path: Path, found: Found, fields: FieldMap | None) -> None:
        self.path = path
        self.name = safe_name(
            path.resolve().name if path.is_dir() else path.name.strip(".").split(".")[0]
        )
        self.left_out = tuple(found.left_out)
        """Hidden files, READMEs and the like, which are no data."""
        self._found = found
        self._given = fields
        self._log = ProblemLog(found.log)
        self._files = [inspect(source, fields, self._log) for source in found.sources]
        self._labels: Labels | None = None

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
        rows = list(islice(self._rows(ProblemLog(), None), limit))
        labels = self._labels
        if labels is None:
            labels = Labels()
            for mapper, row in rows:
                labels.add(mapper, row)
        return _convert(rows, labels)

    def sample(self, rows: int, seed: int = 0, context: JobContext | None = None) -> Sample:
        """Draw ``rows`` usable rows at random, each equally likely (fewer if there are fewer).

        Reads everything once as a stream and keeps only the rows drawn. The same data and seed
        give the same sample. Progress counts bytes on disk. Raises ``Cancelled``, and ``BadInput``
        when no row can be used or ``rows`` is less than 1.
        """
        if rows < 1:
            raise BadInput("a sample needs at least one row.", field="rows")
        log, labels = ProblemLog(self._found.log), Labels()
        # Only random() is promised to give the same numbers in every version of Python.
        draw = random.Random(seed).random
        kept: list[Mapped] = []
        seen = 0
        for mapper, row in self._rows(log, context):
            labels.add(mapper, row)
            seen += 1
            if len(kept) < rows:
                kept.append((mapper, row))
            elif (slot := int(draw() * seen)) < rows:
                kept[slot] = (mapper, row)
        self._log, self._labels = log, labels
        if not kept:
            raise self._nothing_usable()
        for last in range(len(kept) - 1, 0, -1):
            other = int(draw() * (last + 1))
            kept[last], kept[other] = kept[other], kept[last]
        return Sample(tuple(_convert(kept, labels)), seen, log.skipped, tuple(log.problems))

    def __iter__(self) -> Iterator[Example]:
        """Every usable row in order. Reads twice where the classes must be collected first."""
        if self._labels is None:
            labels = Labels()
            if any(file.mapper and file.mapper.fields.labelled for file in self._files):
                for mapper, row in self._rows(ProblemLog(), None):
                    labels.add(mapper, row)
            self._labels = labels
        self._log = ProblemLog(self._found.log)
        for pair in self._rows(self._log, None):
            yield from _convert([pair], self._labels)

    def rows_estimate(self) -> int:
        """About how many usable rows there are: counted in a small dataset, else told from the
        length of the first rows."""
        if self.size <= _COUNTED_BYTES:
            return sum(1 for _ in self._rows(ProblemLog(), None))
        return sum(file.rows_estimate() for file in self._files if file.mapper is not None)

    def _rows(self, log: ProblemLog, context: JobContext | None) -> Iterator[Mapped]:
        """The usable rows of all files in order; the others go to the log."""
        total, before = self.size, 0
        for file in self._files:
            source, mapper = file.source, file.mapper
            if mapper is None:
                if file.problem:
                    log.skip(source.name, None, file.problem)
                else:  # nothing was found in it: reading again says why
                    read_head(source, log)
                continue
            if context is not None:
                source.tick = _reporter(context, source, before, total)
            try:
                yield from usable_rows(source, mapper, log)
            finally:
                source.tick = None
            before += source.size

    def check(self) -> None:
        """Raise ``BadInput`` when nothing here can be used."""
        if any(file.mapper is not None for file in self._files):
            return
        raise self._nothing_usable()

    def _nothing_usable(self) -> BadInput:
        problems = self._log.problems
        given = self._given.columns if self._given else ()
        missing = tuple(name for name in given if name.split(".")[0] not in self.columns)
        if missing and self.columns:
            return BadInput(
                f"no file has a column {listed(missing)}.",
                hint=f"The columns are {listed(self.columns)}.",
                file=self.path,
                field="fields",
            )
        if not problems and not self._files:
            found = "the folder is empty" if self.path.is_dir() else "it is no data file"
            if self.left_out:
                found = f"it holds only {listed(self.left_out)}"
        else:
            found = "; ".join(str(problem) for problem in problems[:3])
            if self._log.total > 3:
                found += f"; and {self._log.total - 3:,} more problems"
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


def _convert(rows: Iterable[Mapped], labels: Labels) -> list[Example]:
    """Examples of rows that are known to be usable."""
    made = (mapper.convert(row, labels.choices(mapper)) for mapper, row in rows)
    return [example for example in made if isinstance(example, Example)]


def _reporter(context: JobContext, source: Source, before: int, total: int) -> Callable[[], None]:
    def report() -> None:
        context.progress(before + source.locate(), total, f"reading {source.name}")

    return report
