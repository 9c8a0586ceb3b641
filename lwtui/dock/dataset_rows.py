"""Some rows of a dataset's files, fetched into a folder."""

from __future__ import annotations

import random
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lwtui.dock.dataset_files import DataFile
from lwtui.dock.remote_file import Budget, NoRangesError, OverBudgetError, RemoteFile, read_range
from lwtui.errors import LwtuiError
from lwtui.safe_text import one_line

_WHOLE = 8 * 1024 * 1024
"""A text file up to this size is read whole: many are sorted by their classes."""
_PIECE = 256 * 1024
_PIECES = 8
_BEGINNING = 2 * 1024 * 1024
_UNPACKED = 64 * 1024 * 1024
"""Of a zipped file, and of a row group's columns."""
_MOST_FILES = 4
_MOST_GROUPS = 4
_BATCH = 64


def fetch_rows(
    repo: str,
    revision: str,
    files: Sequence[DataFile],
    rows: int,
    folder: Path,
    budget: Budget,
) -> tuple[str, ...]:
    """Fetch about ``rows`` rows or more of a few of the files into ``folder``, under names of its
    own; return the files' paths. Which files and where in them is drawn by a fixed seed.

    Raises ``LwtuiError`` if nothing came of it, and ``Cancelled``. A budget that ends leaves what
    came before.
    """
    draw = random.Random(repo)
    some = sorted(draw.sample(range(len(files)), min(_MOST_FILES, len(files))))
    read: list[str] = []
    problem: LwtuiError | None = None
    for number in some:
        file = files[number]
        target = folder / f"{number}.{file.format}"
        try:
            if file.format == "parquet":
                _parquet(repo, revision, file, -(-rows // len(some)), target, budget, draw)
            else:
                _text(repo, revision, file, target, budget, draw)
            read.append(file.path)
        except OverBudgetError:
            problem = LwtuiError(
                f"{one_line(file.path, 120)} cannot be sampled within the "
                f"{budget.size / 1e6:.0f} MB and {budget.seconds:.0f} s that lwtui allows itself."
            )
            break
        except LwtuiError as error:
            if type(error) is not LwtuiError and not isinstance(error, NoRangesError):
                raise  # what the Hub says holds for every file
            problem = error
    if not read:
        raise problem or LwtuiError("It has no rows.")
    return tuple(read)


def _text(
    repo: str, revision: str, file: DataFile, target: Path, budget: Budget, draw: random.Random
) -> None:
    if file.zipped:
        data = read_range(repo, file.path, revision, 0, min(file.size, _BEGINNING), budget)
        data, whole = _unzipped(data)
        target.write_bytes(data if whole else _whole_lines(data))
        return
    if file.size <= min(_WHOLE, budget.left):
        target.write_bytes(read_range(repo, file.path, revision, 0, file.size, budget))
        return
    data = read_range(repo, file.path, revision, 0, min(_BEGINNING, budget.left), budget)
    pieces = [_whole_lines(data)]
    if file.format == "jsonl":
        # Only here does every line begin a row: a line of CSV may lie within quotes.
        for _ in range(_PIECES):
            start = draw.randrange(len(data), file.size)
            try:
                piece = read_range(repo, file.path, revision, start, _PIECE, budget)
            except (NoRangesError, OverBudgetError):
                break
            pieces.append(_whole_lines(piece.partition(b"\n")[2]))
    target.write_bytes(b"".join(pieces))


def _whole_lines(data: bytes) -> bytes:
    """Without the part of a line at the end; all of it if there is but one."""
    end = data.rfind(b"\n")
    return data[: end + 1] if end >= 0 else data


def _unzipped(data: bytes) -> tuple[bytes, bool]:
    """The beginning of a gzip file's content, and whether that is all of it."""
    unzip = zlib.decompressobj(wbits=31)
    try:
        found = unzip.decompress(data, _UNPACKED)
    except zlib.error as error:
        raise LwtuiError(f"It is no sound gzip file: {error}.") from error
    return found, unzip.eof


def _parquet(
    repo: str,
    revision: str,
    file: DataFile,
    rows: int,
    target: Path,
    budget: Budget,
    draw: random.Random,
) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    source = RemoteFile(repo, file.path, revision, file.size, budget)
    batches: list[Any] = []
    try:
        # A buffer, so that a column is read page by page and no further than needed.
        parquet = pq.ParquetFile(
            source,
            buffer_size=65_536,
            pre_buffer=False,
            thrift_string_size_limit=_WHOLE,
            thrift_container_size_limit=1_000_000,
        )
        schema = parquet.schema_arrow
        columns = [field.name for field in schema if _is_text(field.type)]
        if not columns:
            raise LwtuiError(f"{one_line(file.path, 120)} has no column of text or numbers.")
        groups = list(range(parquet.num_row_groups))
        draw.shuffle(groups)
        share = -(-rows // max(1, min(_MOST_GROUPS, len(groups))))
        for group in groups[:_MOST_GROUPS]:
            batches += _some(parquet, group, columns, share)
    except (OverBudgetError, pa.ArrowException, ValueError, TypeError, OSError) as error:
        reason = source.problem or error
        if isinstance(reason, LwtuiError):
            raise reason from error
        if not batches and isinstance(reason, OverBudgetError):
            raise reason from error
        if not batches:
            text = one_line(str(error), 160)
            raise LwtuiError(f"{one_line(file.path, 120)} is no sound Parquet: {text}") from error
    if not batches:
        raise LwtuiError(f"{one_line(file.path, 120)} has no rows.")
    table = pa.Table.from_batches(batches)
    pq.write_table(table.replace_schema_metadata(_labels_only(schema)), target)


def _some(parquet: Any, group: int, columns: list[str], rows: int) -> list[Any]:
    """The first ``rows`` rows of a row group; none of one that unpacks to too much."""
    told = parquet.metadata.row_group(group)
    chunks = [told.column(index) for index in range(told.num_columns)]
    wanted = [each for each in chunks if each.path_in_schema.split(".")[0] in columns]
    size = sum(each.total_uncompressed_size for each in wanted)
    share = size / max(1, told.num_rows) * rows
    if share > _UNPACKED:
        return []
    found: list[Any] = []
    count = 0
    for batch in parquet.iter_batches(
        batch_size=min(_BATCH, rows), row_groups=[group], columns=columns, use_threads=False
    ):
        found.append(batch)
        count += batch.num_rows
        if count >= rows:
            break
    return found


def _is_text(kind: Any) -> bool:
    """Text and numbers, also in lists and records; no bytes, which may be pictures or pickles."""
    import pyarrow.types as types

    if types.is_dictionary(kind):
        return _is_text(kind.value_type)
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _is_text(kind.value_type)
    if types.is_struct(kind):
        return all(_is_text(kind.field(index).type) for index in range(kind.num_fields))
    known = (types.is_string, types.is_large_string, types.is_integer, types.is_floating)
    return any(check(kind) for check in (*known, types.is_boolean))


def _labels_only(schema: Any) -> dict[bytes, bytes]:
    """What ``datasets`` says of the columns (names of classes); pandas' own is left."""
    told = (schema.metadata or {}).get(b"huggingface")
    return {b"huggingface": told} if told else {}
