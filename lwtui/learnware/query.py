"""What a list of learnwares may be narrowed to and sorted by, as SQL over the index."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Literal

Tree = Literal["starter", "home", "known"]
Where = Literal["here", "known", "all"]
"""``here``: with weights on this machine; ``known``: only those without."""
Column = Literal["domain", "base", "licence", "kind"]
SortKey = Literal[
    "", "name", "domain", "task", "base", "licence", "kind", "format", "size", "grade", "added",
    "where",
]  # fmt: skip
"""Empty: the best first when there is a text, else by name."""

SORTED_BY: dict[str, str] = {
    "name": "id_key",
    "domain": "domain",
    "task": "task",
    "base": "base",
    "licence": "licence",
    "kind": "kind",
    "format": "formats",
    "size": "size",
    "grade": "grade",
    "added": "added",
    "where": "tree = 'known'",
}
"""The SQL behind every column that a list can be sorted by."""

_EMPTY_LAST = {"domain", "task", "base", "licence", "formats", "size", "grade", "added"}
_NEEDED = """(weight + CASE WHEN kind <> 'adapter' THEN 0 ELSE coalesce(
    (SELECT min(whole.weight) FROM listing AS whole WHERE whole.id_key = listing.base
        AND whole.kind <> 'adapter' AND whole.weight > 0),
    (SELECT min(whole.weight) FROM listing AS whole WHERE whole.location = listing.base
        AND whole.kind <> 'adapter' AND whole.weight > 0),
    0) END)"""
"""Bytes of weights that running takes: an adapter's base is counted, as far as it is known."""


@dataclass(frozen=True)
class Query:
    """What a list may be narrowed by; empty means anything. Compared without regard to case."""

    text: str = ""
    domain: str = ""
    base: str = ""
    """An id, or its part after the owner."""
    licence: str = ""
    kind: str = ""
    within: Where = "here"
    format: str = ""
    """``safetensors``, ``peft`` or ``gguf`` (that of an adapter too)."""
    max_size: int = 0
    """Bytes of all its files at most."""
    most_weights: int = 0
    """Bytes of weights at most, in its smallest format and those of its base with it."""
    specified: bool = False
    """Only those that can be matched."""
    sort: SortKey = ""
    descending: bool = False
    near: bool = False
    """With a text: near misses after what was found (see ``fuzzy.py``), the best first."""

    @property
    def words(self) -> list[str]:
        return self.text.casefold().split()

    def frame(self) -> Query:
        """The same list without its text."""
        return replace(self, text="", near=False)

    def filters(self) -> dict[str, Query]:
        """For every filter that is set, the query without it."""
        names = (
            "domain", "base", "licence", "kind", "format", "max_size", "most_weights", "specified",
        )  # fmt: skip
        plain = {field.name: field.default for field in fields(self)}
        return {
            name: replace(self, **{name: plain[name]})  # type: ignore[arg-type]
            for name in names
            if getattr(self, name) != plain[name]
        }

    def where(self) -> tuple[str, list[object]]:
        """An SQL condition on ``listing``, and its values; the text too, every word as it is."""
        parts = ["NOT shadowed"]
        values: list[object] = []
        if self.within != "all":
            parts.append(f"tree {'=' if self.within == 'known' else '<>'} 'known'")
        for column in ("domain", "licence", "kind"):
            wanted = getattr(self, column)
            if wanted:
                parts.append(f"{column} = ?")
                values.append(wanted.casefold())
        if self.base:
            # The whole id, or the part after the owner.
            parts.append("(base = ? OR substr(base, instr(base, '/') + 1) = ?)")
            values += [self.base.casefold()] * 2
        if self.format:
            parts.append("instr(formats, ?) > 0")
            values.append(f" {self.format.casefold()}")
        if self.specified:
            parts.append("grade > 0")
        if self.max_size:
            parts.append("size BETWEEN 1 AND ?")
            values.append(self.max_size)
        if self.most_weights:
            parts.append(f"weight > 0 AND {_NEEDED} <= ?")
            values.append(self.most_weights)
        for word in self.words:
            parts.append("instr(search, ?) > 0")
            values.append(word)
        return " AND ".join(parts), values

    def order(self) -> str:
        """The SQL after ``ORDER BY``. Stable: equal ones by name; without a value last."""
        column = SORTED_BY[self.sort or "name"]
        if column == "id_key":
            return f"id_key{' DESC' if self.descending else ''}"
        empty = {"size": "size = 0, ", "grade": "grade = 0, "}.get(column, f"{column} = '', ")
        first = empty if column in _EMPTY_LAST else ""
        return f"{first}{column}{' DESC' if self.descending else ''}, id_key"
