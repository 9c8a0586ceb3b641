"""One reader a format: each yields (line or row number, columns by name) as a stream."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from lwtui.dataset.problems import ProblemLog
from lwtui.dataset.source import NotTextError, Source

Row = tuple[int, dict[str, Any]]


def read_rows(
    source: Source, log: ProblemLog, columns: Sequence[str] | None = None
) -> Iterator[Row]:
    """The rows of a file, as a stream; whatever goes wrong ends up in the log with its line.

    ``columns``: those needed, for formats that can leave the others unread.
    """
    line: int | None = None
    before = log.skipped
    try:
        for row in _reader(source, log, columns):
            line = row[0]
            yield row
        if line is None and log.skipped == before:
            log.skip(source.name, None, "holds no rows; the file was skipped")
    except NotTextError:
        log.skip(source.name, None, "is binary, not text; the file was skipped")
    except PermissionError:
        log.skip(source.name, None, "may not be read (permission denied); the file was skipped")
    except FileNotFoundError:
        log.skip(source.name, None, "is gone; the file was skipped")
    except (OSError, EOFError, zlib.error) as error:
        rest = "the file was skipped" if line is None else "the rest of the file was skipped"
        log.skip(source.name, line, f"could not be read: {_reason(error)}; {rest}")
    finally:
        source.close()


def _reader(source: Source, log: ProblemLog, columns: Sequence[str] | None) -> Iterator[Row]:
    if source.format in ("jsonl", "json"):
        from lwtui.dataset.reader.json_reader import read_json

        return read_json(source, log)
    if source.format in ("csv", "tsv"):
        from lwtui.dataset.reader.delimited import read_delimited

        return read_delimited(source, log)
    if source.format in ("parquet", "arrow"):
        from lwtui.dataset.reader.columnar import read_columnar

        return read_columnar(source, log, columns)
    from lwtui.dataset.reader.prose import read_prose

    return read_prose(source, log)


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, EOFError):
        return "the compressed file ends too early"
    return str(error) or type(error).__name__
