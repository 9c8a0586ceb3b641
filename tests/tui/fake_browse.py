"""A collection without files behind the app's interface."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.fuzzy import letters
from lwtui.learnware.model import Learnware
from lwtui.tui.services import About, CollectionFacts, Facets, Query, Removal

CARD = """# A specialist

Knows the **words** of its trade. See [its paper](https://example.org/paper).

## Training

1. one epoch
2. rank 16

| task | loss |
| --- | --- |
| intent | 1.62 |
"""
ROOM = 700_000
"""Bytes that fit this machine."""


def _size(each: Learnware) -> int:
    return each.size


KEYS: dict[str, Callable[[Learnware], Any]] = {
    "name": lambda each: each.id,
    "where": lambda each: not each.pulled,
    "domain": lambda each: each.semantic.domain,
    "task": lambda each: each.semantic.task,
    "base": lambda each: each.model.base,
    "licence": lambda each: each.semantic.licence,
    "size": _size,
    "grade": lambda each: bool(each.specifications),
    "added": lambda each: each.provenance.added,
}


class FakeBrowse:
    def __init__(self, learnwares: list[Learnware]) -> None:
        self.learnwares = learnwares
        self.problems: tuple[str, ...] = ()
        self.found_about = About(CARD, ("Five tasks · 2026-11-20 · finished",))
        self.asked_about: list[str] = []
        self.removed: list[Learnware] = []

    def collection(self) -> CollectionFacts:
        bases = tuple(sorted({item.model.base for item in self.learnwares}))
        domains = tuple(sorted({item.semantic.domain for item in self.learnwares}))
        licences = tuple(sorted({item.semantic.licence for item in self.learnwares}))
        here = sum(item.pulled for item in self.learnwares)
        return CollectionFacts(here, Facets(domains, bases, licences), self.problems)

    def page(self, query: Query, offset: int, limit: int) -> tuple[list[Learnware], int]:
        found = self._found(query)
        return found[offset : offset + limit], len(found)

    def _found(self, query: Query) -> list[Learnware]:
        words = query.text.casefold().split()
        kept = [item for item in self.learnwares if self._fits(query, item)]
        text = {item.id: f"{item.id} {item.semantic.title}".casefold() for item in kept}
        exact = [item for item in kept if all(word in text[item.id] for word in words)]
        taken = {item.id for item in exact}
        near = [
            item
            for item in kept
            if item.id not in taken
            and all(word in text[item.id] or letters(word, text[item.id]) for word in words)
        ]
        found = exact + near
        if query.sort:
            found.sort(key=lambda each: each.id)
            found.sort(key=KEYS[query.sort], reverse=query.descending)
        return found

    def _fits(self, query: Query, item: Learnware) -> bool:
        return (
            (item.pulled or query.known)
            and (not query.domain or item.semantic.domain == query.domain)
            and (not query.base or item.model.base == query.base)
            and (not query.licence or item.semantic.licence == query.licence)
            and (not query.format or any(each.startswith(query.format) for each in item.formats))
            and (not query.max_bytes or item.size <= query.max_bytes)
            and (not query.fits or item.size <= ROOM)
            and (not query.specified or bool(item.specifications))
        )

    def prepare_search(self, query: Query) -> None:
        pass

    def hidden(self, query: Query) -> tuple[tuple[str, int], ...]:
        found = {name: len(self._found(wider)) for name, wider in query.filters.items()}
        return tuple((name, count) for name, count in found.items() if count)

    def about(self, learnware: Learnware) -> About:
        self.asked_about.append(learnware.id)
        return self.found_about

    def plan_removal(self, ids: Sequence[str]) -> Removal:
        chosen = [item for item in self.learnwares if item.id in ids]
        own = [item for item in chosen if not item.id.startswith("starter/")]
        why = "{} is built into lwtui and cannot be removed."
        refused = [(item.id, why.format(item.id)) for item in chosen if item not in own]
        stays = tuple(item.id for item in own if item.model.folder)
        freed = sum(item.size for item in own if not item.model.folder)
        return Removal(tuple(item.id for item in own), freed, stays, tuple(refused))

    def remove(self, ids: Sequence[str], context: JobContext) -> int:
        if any(each.startswith("starter/") for each in ids):
            raise BadInput("It is built in.")
        self.removed = [item for item in self.learnwares if item.id in ids]
        self.learnwares = [item for item in self.learnwares if item.id not in ids]
        return len(self.removed)

    def restore_removed(self) -> tuple[str, ...]:
        back, self.removed = self.removed, []
        self.learnwares = sorted([*self.learnwares, *back], key=lambda each: each.id)
        return tuple(item.id for item in back)

    def moved_in(self, number: int, name: str) -> Learnware:
        """One of the user's own, in the place of another."""
        self.learnwares[number] = replace(self.learnwares[number], id=name)
        return self.learnwares[number]
