"""Parquet and Arrow files through pyarrow, a few hundred rows at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from lwtui.dataset.problems import ProblemLog
from lwtui.dataset.reader import Row
from lwtui.dataset.source import Source

_BATCH = 256


def read_columnar(source: Source, log: ProblemLog, columns: Sequence[str] | None) -> Iterator[Row]:
    """Rows of a Parquet or Arrow file, numbered from 1. Fills ``source.class_names``."""
    import pyarrow as pa

    try:
        if source.format == "parquet":
            yield from _parquet(source, log, columns)
        else:
            yield from _arrow(source, log)
    except (pa.ArrowException, ValueError, TypeError, KeyError) as error:
        if isinstance(error, OSError):
            raise
        kind = "Parquet" if source.format == "parquet" else "Arrow"
        first = str(error).splitlines()[0][:120]
        log.skip(source.name, None, f"is not readable as {kind}: {first}; the rest was skipped")


def _parquet(source: Source, log: ProblemLog, columns: Sequence[str] | None) -> Iterator[Row]:
    import pyarrow.parquet as pq

    with source.path.open("rb") as handle:
        file = pq.ParquetFile(handle, pre_buffer=False, memory_map=False)
        source.rows_known = file.metadata.num_rows
        schema = file.schema_arrow
        _learn_classes(source, schema.metadata)
        names = _unique(source, log, schema.names)
        wanted = _wanted(schema, names, columns)
        number = 0
        total = max(1, file.metadata.num_rows)
        for batch in file.iter_batches(batch_size=_BATCH, columns=wanted, use_threads=False):
            source.position = source.size * number // total
            if source.tick is not None:
                source.tick()
            for row in _rows(batch, names if wanted is None else None):
                number += 1
                yield number, row
        source.position = source.size


def _wanted(schema: Any, names: list[str], columns: Sequence[str] | None) -> list[str] | None:
    """The columns to read; None: all. Pictures and sound are left unread."""
    if names != list(schema.names) or any("." in name for name in names):
        return None  # pyarrow reads a dot as a path into a nested column
    if columns is not None and all(column in names for column in columns):
        return list(columns)
    return [field.name for field in schema if not _is_media(field.type)] or None


def _is_media(kind: Any) -> bool:
    import pyarrow.types as types

    if types.is_struct(kind):
        return any(kind.field(index).name == "bytes" for index in range(kind.num_fields))
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _arrow(source: Source, log: ProblemLog) -> Iterator[Row]:
    import pyarrow as pa

    with source.path.open("rb") as handle:
        magic = handle.read(6)
        handle.seek(0)
        if not magic:
            log.skip(source.name, None, "is empty; the file was skipped")
            return
        batches: Any
        if magic == b"ARROW1":
            file = pa.ipc.open_file(handle)
            batches = (file.get_batch(index) for index in range(file.num_record_batches))
            schema = file.schema
        else:
            batches = pa.ipc.open_stream(handle)
            schema = batches.schema
        _learn_classes(source, schema.metadata)
        names = _unique(source, log, schema.names)
        number = 0
        for batch in batches:
            source.position = handle.tell()
            if source.tick is not None:
                source.tick()
            batch.validate(full=True)  # a damaged file must not crash the process
            for start in range(0, batch.num_rows, _BATCH):
                for row in _rows(batch.slice(start, _BATCH), names):
                    number += 1
                    yield number, row


def _rows(batch: Any, names: list[str] | None) -> Iterator[dict[str, Any]]:
    """Plain dicts, column by column: a batch with two columns of one name has no other way."""
    columns = [_cells(column) for column in batch.columns]
    header = names if names is not None else list(batch.schema.names)
    for cells in zip(*columns, strict=True):
        yield dict(zip(header, cells, strict=True))


def _cells(column: Any) -> list[Any]:
    """The values of a column; None for those that Python cannot hold (bad UTF-8, nanoseconds)."""
    if _is_media(column.type):
        return [None] * len(column)
    try:
        values: list[Any] = column.to_pylist()
    except (ValueError, TypeError, OverflowError, KeyError, NotImplementedError):
        return [_cell(item) for item in column]
    return values


def _cell(item: Any) -> Any:
    try:
        return item.as_py()
    except (ValueError, TypeError, OverflowError, KeyError, NotImplementedError):
        return None


def _unique(source: Source, log: ProblemLog, names: Sequence[str]) -> list[str]:
    header: list[str] = []
    for name in names:
        new, number = name, 1
        while new in header:
            number += 1
            new = f"{name}.{number}"
        if new != name:
            log.note(source.name, None, f"two columns are named '{name}'; one is now '{new}'")
        header.append(new)
    return header


def _learn_classes(source: Source, metadata: dict[bytes, bytes] | None) -> None:
    """Names of integer labels, where ``datasets`` has left them in the file's schema."""
    text = (metadata or {}).get(b"huggingface")
    if not text:
        return
    try:
        features = json.loads(text).get("info", {}).get("features", {})
    except (ValueError, AttributeError):
        return
    source.class_names.update(class_names(features))


def class_names(features: Any) -> dict[str, list[str]]:
    """The names of every ``ClassLabel`` of a ``datasets`` features object."""
    found = {}
    for column, feature in features.items() if isinstance(features, dict) else ():
        if isinstance(feature, dict) and feature.get("_type") == "ClassLabel":
            names = feature.get("names")
            if isinstance(names, list) and all(isinstance(name, str) for name in names):
                found[column] = names
    return found
