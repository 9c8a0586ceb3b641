"""The rows inside a JSON value that is already in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lwtui.dataset.conversation import is_conversation
from lwtui.dataset.fields import find_fields

_ROW_KEYS = ("data", "rows", "examples", "records", "items", "instances", "questions", "samples")
_SPLITS = ("train", "training", "validation", "valid", "val", "dev", "test")


def rows_of_value(value: Any) -> dict[str, Any] | None:
    """A row made of a list's element that is no object; None if nothing can be made of it."""
    if isinstance(value, str) and value.strip():
        return {"text": value}
    if isinstance(value, list) and value:
        if is_conversation(value):
            return {"messages": value}
        if len(value) == 2 and isinstance(value[0], str) and not isinstance(value[1], list):
            return {"text": value[0], "label": value[1]}
        if not any(isinstance(item, (list, dict)) for item in value):
            return {f"column_{index}": item for index, item in enumerate(value, start=1)}
    return value if isinstance(value, dict) else None


def expand(value: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows of one object: those of a SQuAD article, else the object itself."""
    paragraphs = value.get("paragraphs")
    if not isinstance(paragraphs, list):
        yield value
        return
    for paragraph in paragraphs:
        if not isinstance(paragraph, Mapping) or not isinstance(paragraph.get("qas"), list):
            continue
        for asked in paragraph["qas"]:
            if isinstance(asked, Mapping):
                yield {
                    "context": paragraph.get("context"),
                    "question": asked.get("question"),
                    "answers": asked.get("answers"),
                }


def rows_of_object(value: Any) -> Iterator[dict[str, Any]]:
    """The rows of a whole JSON document that is an object (or was one element)."""
    if isinstance(value, list):
        yield from _rows_of_list(value)
        return
    if not isinstance(value, dict) or not value:
        return
    listed = {key: item for key, item in value.items() if isinstance(item, list) and item}
    of_rows = {key: item for key, item in listed.items() if isinstance(item[0], (dict, list))}
    if not of_rows and _same_length(listed) and (len(listed) > 1 or _named(listed)):
        for cells in zip(*listed.values(), strict=True):
            yield dict(zip(listed, cells, strict=True))
    elif all(isinstance(item, dict) for item in value.values()):
        yield from _rows_of_objects(value)
    elif find_fields([value]) is not None and not _has_rows(of_rows):
        yield value
    elif of_rows or listed:
        for key in _chosen(of_rows or listed):
            yield from _rows_of_list(value[key])


def _rows_of_list(items: list[Any]) -> Iterator[dict[str, Any]]:
    for item in items:
        if isinstance(item, dict):
            yield from expand(item)
        elif (row := rows_of_value(item)) is not None:
            yield row


def _chosen(lists: Mapping[str, list[Any]]) -> list[str]:
    """Which lists hold the rows: splits together, else the best name, else the longest."""
    splits = [key for key in lists if key.lower() in _SPLITS]
    if splits:
        return splits
    named = [key for key in _ROW_KEYS if key in lists]
    return [named[0] if named else max(lists, key=lambda key: len(lists[key]))]


def _has_rows(lists: Mapping[str, list[Any]]) -> bool:
    return any(key.lower() in (*_ROW_KEYS, *_SPLITS) for key in lists)


def _same_length(lists: Mapping[str, list[Any]]) -> bool:
    return bool(lists) and len({len(items) for items in lists.values()}) == 1


def _named(lists: Mapping[str, list[Any]]) -> bool:
    return not any(key.lower() in (*_ROW_KEYS, *_SPLITS) for key in lists)


def _rows_of_objects(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Objects of objects, as pandas writes them: by row or by column, with an index inside."""
    inner = [item for item in value.values() if item]
    if not inner:
        return
    if len(inner) == 1 and _has_rows({key: [] for key in value}):
        yield from rows_of_object(inner[0])
        return
    if find_fields(inner[:20]) is not None:
        for item in inner:
            yield from expand(item)
        return
    for key in inner[0]:
        yield {column: cells.get(key) for column, cells in value.items()}
