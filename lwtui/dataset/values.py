"""One value of a row as text."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def text_of(value: Any) -> str:
    """A value as text: numbers as written, lists joined by lines, nothing for a missing one."""
    if isinstance(value, str):
        return _clean(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if math.isnan(value) else repr(value)
    if isinstance(value, (list, tuple)):
        return "\n".join(filter(None, (text_of(item) for item in value)))
    if isinstance(value, Mapping):
        return _mapping_text(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return ""
    return _clean(str(value))


def answer_of(value: Any) -> str:
    """An answer as text. Of several accepted ones (SQuAD, Natural Questions) the first counts."""
    if isinstance(value, Mapping) and "text" in value:
        value = value["text"]
    if isinstance(value, (list, tuple)):
        for item in value:
            if isinstance(item, Mapping) and "content" in item:
                continue
            if text := answer_of(item):
                return text
        # A list of chat turns (``chosen`` of preference data): the last one is the answer.
        turns = [item for item in value if isinstance(item, Mapping)]
        return text_of(turns[-1].get("content")).strip() if turns else ""
    return text_of(value).strip()


def lookup(row: Mapping[str, Any], column: str) -> Any:
    """The value of a column; ``a.b`` reaches into nested objects. None when it is not there."""
    if column in row:
        return row[column]
    value: Any = row
    for part in column.split("."):
        if not isinstance(value, Mapping) or part not in value:
            return None
        value = value[part]
    return value


def _mapping_text(value: Mapping[Any, Any]) -> str:
    for key in ("text", "contexts", "content", "value"):
        if key in value:
            return text_of(value[key])
    return _clean(json.dumps(value, ensure_ascii=False, default=text_of))


def _clean(text: str) -> str:
    """Replace lone surrogates: tokenizers and terminals both refuse them."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
