"""The classes of text/label data: collected while reading, offered as choices when they are few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lwtui.dataset.mapper import RowMapper

MAX_LABELS = 100
"""With more classes than this the answers are taken for text, not for choices."""
_MAX_CHARACTERS = 80


class Labels:
    """Classes by column, so that the same column of several files shares one set."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, None]] = {}
        self._rows: dict[str, int] = {}
        self._settled: dict[str, tuple[str, ...]] = {}

    def add(self, mapper: RowMapper, row: Mapping[str, Any]) -> None:
        """Count the row's class in; remembers at most one class more than can be choices."""
        if not mapper.fields.labelled:
            return
        column = mapper.fields.answer
        names = self._names.setdefault(column, dict.fromkeys(mapper.class_names))
        self._rows[column] = self._rows.get(column, 0) + 1
        self._settled.pop(column, None)
        if len(names) <= MAX_LABELS and (label := mapper.label(row)):
            names[label] = None

    def choices(self, mapper: RowMapper) -> tuple[str, ...]:
        """The classes of the mapper's column, sorted.

        Empty where they are too many, too long, or nearly all different.
        """
        column = mapper.fields.answer
        if column not in self._settled:
            self._settled[column] = self._settle(column)
        return self._settled[column]

    def _settle(self, column: str) -> tuple[str, ...]:
        names = self._names.get(column, {})
        few = 2 <= len(names) <= MAX_LABELS
        shared = len(names) <= 10 or len(names) < 0.8 * self._rows[column]
        if not few or not shared or any(len(name) > _MAX_CHARACTERS for name in names):
            return ()
        return tuple(sorted(names))
