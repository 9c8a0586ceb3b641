"""JSON lines, and JSON documents: lists of objects as a stream, objects of lists in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from lwtui.dataset.problems import ProblemLog
from lwtui.dataset.reader import Row
from lwtui.dataset.reader.json_list import read_list
from lwtui.dataset.reader.json_object import rows_of_object, rows_of_value
from lwtui.dataset.source import Source, chunks, lines

MAX_OBJECT_BYTES = 500 << 20
"""A JSON object must be held in memory as a whole; a larger one is refused."""


def read_json(source: Source, log: ProblemLog) -> Iterator[Row]:
    """Rows of a .json or .jsonl file; which of the two it is, its first lines say."""
    layout = _layout(source)
    if layout == "empty":
        log.skip(source.name, None, "is empty; the file was skipped")
        return iter(())
    if layout == "lines":
        return _read_lines(source, log)
    if layout == "list":
        return read_list(source, log)
    return _read_object(source, log)


def _layout(source: Source) -> str:
    source.encoding()  # binary junk is told apart before anything is made of it
    head = source.head(1 << 16).decode(source.encoding(), "replace").lstrip("\ufeff")
    if not head.strip():
        return "empty"
    first, _, rest = head.lstrip().partition("\n")
    whole = _loads(first)
    if isinstance(whole, dict):
        # One object on the first line: JSON lines, unless it is the whole of a JSON document.
        return "lines" if rest.strip() or source.format == "jsonl" else "object"
    if isinstance(whole, list):
        of_rows = not rest.strip() and all(isinstance(item, (dict, list)) for item in whole)
        return "list" if (of_rows and source.format == "json") or _listed(whole) else "lines"
    second = _loads(rest.lstrip().partition("\n")[0])
    if isinstance(second, dict) and not first.rstrip().endswith(("[", "{", ",")):
        return "lines"  # the first line is broken, the second is a row
    if source.format == "jsonl" and first.strip() not in ("[", "{") and first[:2] not in ("[{",):
        return "lines"
    return "list" if first.startswith("[") else "object" if first.startswith("{") else "lines"


def _listed(whole: list[Any]) -> bool:
    return bool(whole) and isinstance(whole[0], dict) and not {"role", "from"} & set(whole[0])


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _read_lines(source: Source, log: ProblemLog) -> Iterator[Row]:
    loads, name = json.loads, source.name
    for number, line in lines(source, log):
        try:
            value = loads(line.rstrip("\r\n"))
        except (ValueError, RecursionError) as error:
            if not line.isspace():
                log.skip(name, number, f"is not JSON: {reason(error)}; the line was skipped")
            continue
        if type(value) is dict:
            yield number, value
            continue
        row = rows_of_value(value)
        if row is None:
            log.skip(name, number, "holds no object; the line was skipped")
        else:
            yield number, row


def _read_object(source: Source, log: ProblemLog) -> Iterator[Row]:
    pieces, size = [], 0
    for piece in chunks(source, log):
        size += len(piece)
        if size > MAX_OBJECT_BYTES:
            limit = MAX_OBJECT_BYTES >> 20
            log.skip(
                source.name,
                None,
                f"is one JSON object of more than {limit} MB; convert it to JSON lines (.jsonl), "
                "which is read as a stream. The file was skipped",
            )
            return
        pieces.append(piece)
    text = "".join(pieces).lstrip("\ufeff")
    pieces.clear()
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data" and error.lineno > 1:  # several objects, one after another
            yield from _read_lines(source, log)
            return
        log.skip(source.name, error.lineno, f"is not JSON: {reason(error)}; the file was skipped")
        return
    except (ValueError, RecursionError) as error:
        log.skip(source.name, None, f"is not JSON: {reason(error)}; the file was skipped")
        return
    yield from enumerate(rows_of_object(value), start=1)


def reason(error: Exception) -> str:
    """What is wrong with a piece of JSON, in a few words."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg.removesuffix(' at')} at column {error.colno}"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    return str(error)[:80]
