"""An index kept in step with a collection, and the shortlist of it that is ranked exactly.

Nothing tells the index of changes. Before a search the collection's listing is compared with what
is indexed, by a stamp per learnware that changes with its specification's file and with whatever
is filtered by; the difference is added and removed.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.model import Learnware, SpecificationEntry
from lwtui.match.confidence import CLEAR_MARGIN
from lwtui.match.expect import Usual, find_anchors, known_gains
from lwtui.match.index.project import Kind, kind_of, project, quantised
from lwtui.match.index.query import Query
from lwtui.match.index.scan import Found, passing, search
from lwtui.match.index.segment import Block, Facts, block_of, hash64, word64
from lwtui.match.index.store import Store
from lwtui.match.rank import data_and_tasks, elsewhere, matching_entry, passes
from lwtui.match.result import Filters
from lwtui.spec.compare import directions
from lwtui.spec.specification import Specification, load_specification

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FOLDER = "match-index"
"""In the collection's home, beside ``index.db``."""
FEWEST = 500
"""Comparable learnwares below which reading every specification is as quick."""
SHORT = 300
"""Learnwares of a shortlist, and at least twice as many as are asked for."""
_TWINS = 1000
"""The most on it with twins added."""
_BLOCK = 1024
"""Specifications read between two writes: a kill loses no more."""

BaseOf = Callable[[Learnware], Learnware | None]


@dataclass(frozen=True)
class Shortlist:
    """What of a collection has to be ranked exactly."""

    learnwares: tuple[Learnware, ...]
    comparable: int
    """Of the collection, those that can be compared and pass the filters."""
    nothing: bool
    """Not even without the filters is there one."""
    usual: Usual | None
    """What all of those show on average where gains are not known."""


def shortlist(
    home: Path,
    learnwares: Sequence[Learnware],
    base_of: BaseOf,
    wanted: Specification,
    filters: Filters,
    count: int = SHORT,
    context: JobContext | None = None,
) -> Shortlist | None:
    """The ``count`` most promising learnwares for a requirement, and their near twins.

    Brings the index in step first, which takes about 2 ms for each new learnware. None when there
    are few, when the index cannot be kept (a full or read-only disk, another process that builds
    it for long), or when it cannot hold such a requirement: rank them all then. Raises
    ``Cancelled``; what was read until then is kept.
    """
    comparable = [each for each in learnwares if _entry(each, wanted) is not None]
    if len(comparable) < FEWEST:
        return None
    by_id = {each.id: each for each in comparable}
    try:
        kind = kind_of(wanted.space, wanted.recipe)
        query = Query.of(kind, wanted)
        store = Store(home / FOLDER / f"{wanted.space}-{wanted.recipe}", kind)
        keep_in_step(store, comparable, base_of, context)
        snapshot = store.snapshot()
        found = search(snapshot, query, filters)
    except (BadInput, ValueError, OSError):
        return None
    chosen = [
        each
        for name in _chosen(found, count)
        if (each := by_id.get(name)) and passes(each, base_of(each), filters)
    ]
    nothing = not found.passing and not any(
        passing(segment, query, Filters()).any() for segment in snapshot.segments
    )
    return Shortlist(tuple(chosen), found.passing, nothing, found.usual)


def _chosen(found: Found, count: int) -> list[str]:
    """The first ``count`` ids and, for near twins count as equally similar, the twins of them."""
    import numpy as np

    chosen = set(range(min(count, len(found.rows))))
    of_first = found.twins[:count]
    for twin in np.unique(of_first[of_first != 0]):
        places = np.flatnonzero(found.twins == twin)
        best = found.similarities[places].max()
        near = places[found.similarities[places] >= best - 2 * CLEAR_MARGIN]
        for place in near[np.argsort(-found.similarities[near], kind="stable")]:
            if len(chosen) >= max(_TWINS, count):
                break
            chosen.add(int(place))
    rows = (found.rows[place] for place in sorted(chosen))
    return [segment.name(row) for segment, row in rows]


def keep_in_step(
    store: Store,
    learnwares: Sequence[Learnware],
    base_of: BaseOf,
    context: JobContext | None = None,
) -> int:
    """Add what is new or changed, remove what is gone; how many that were. Raises ``OSError``,
    ``Cancelled``."""
    import numpy as np

    kind = store.kind
    now = np.array([hash64(each.id) for each in learnwares], np.uint64)
    stamps = np.array([_stamp(each, kind, base_of) for each in learnwares], np.uint64)
    added, removed = _difference(store, now, stamps)
    if not len(added) and not removed:
        return 0
    with store.locked():
        added, removed = _difference(store, now, stamps)  # another process may have been here
        new = [learnwares[place] for place in added]
        store.update(_blocks(kind, new, base_of, context or JobContext()), removed)
    return len(added) + len(removed)


def _difference(
    store: Store, now: NDArray[np.uint64], stamps: NDArray[np.uint64]
) -> tuple[NDArray[np.int64], list[int]]:
    """Places of what is to be added, and hashes of the ids that are to be removed."""
    import numpy as np

    segments = store.snapshot().segments
    nothing = np.zeros(0, np.uint64)
    ids = np.concatenate([nothing, *(each["ident"][each.live] for each in segments)])
    kept = np.concatenate([nothing, *(each["stamp"][each.live] for each in segments)])
    order = np.argsort(ids)
    places = np.minimum(np.searchsorted(ids[order], now), max(0, len(ids) - 1))
    same = np.zeros(len(now), bool)
    if len(ids):
        at = order[places]
        same = (ids[at] == now) & (kept[at] == stamps)
    return np.flatnonzero(~same), [int(each) for each in ids[~np.isin(ids, now)]]


def _blocks(
    kind: Kind, learnwares: Sequence[Learnware], base_of: BaseOf, context: JobContext
) -> Iterator[Block]:
    """What an index holds of learnwares: their specifications are read, a block at a time."""
    for begin in range(0, len(learnwares), _BLOCK):
        context.progress(begin, len(learnwares), "indexing specifications")
        yield indexed(kind, learnwares[begin : begin + _BLOCK], base_of, context.check)


def indexed(
    kind: Kind,
    learnwares: Sequence[Learnware],
    base_of: BaseOf,
    check: Callable[[], None] = lambda: None,
) -> Block:
    """Rows of learnwares. One whose specification is damaged gets a row that no search finds.
    ``check`` may raise."""
    import numpy as np

    facts = []
    codes = np.zeros((len(learnwares), kind.row_bytes), np.int8)
    lengths = dict(kind.lengths)
    for place, learnware in enumerate(learnwares):
        check()
        found = _load(learnware, kind)
        parts = found.parts if found else {}
        right = {name: one for name, one in parts.items() if len(one) == lengths.get(name)}
        has = sum(1 << kind.parts.index(name) for name in right)
        odd = sum(1 << kind.parts.index(name) for name in parts if name in lengths) - has
        if found:
            for name, vector in directions(dataclasses.replace(found, parts=right)).items():
                projected = project(vector[None], kind.width, kind.seed)
                codes[place, kind.columns[name]] = quantised(projected)[0]
        facts.append(facts_of(learnware, found, kind, base_of, has, odd))
    return block_of(kind, facts, codes)


def facts_of(
    learnware: Learnware,
    found: Specification | None,
    kind: Kind,
    base_of: BaseOf,
    has: int,
    odd: int,
) -> Facts:
    """A learnware's row beside its codes; ``has`` and ``odd`` as in :class:`Facts`."""
    semantic = learnware.semantic
    anchors = find_anchors(kind.space, kind.recipe)
    data = data_and_tasks(learnware)
    return Facts(
        learnware.id,
        _stamp(learnware, kind, base_of),
        word64(semantic.domain),
        word64(learnware.model.base),
        word64(semantic.licence),
        word64(learnware.id),
        tuple(word64(each) for each in semantic.languages),
        _size(learnware, base_of),
        hash64(repr([sorted(each) for each in data])) if all(data) else 0,
        has,
        odd,
        known_gains(found, anchors) if found and anchors else None,
        found.own_gain if found else None,
        elsewhere(learnware, kind.space),
        learnware.pulled,
    )


def _stamp(learnware: Learnware, kind: Kind, base_of: BaseOf) -> int:
    """Of everything a row holds: the specification's file and the words beside it."""
    entry = matching_entry(learnware, kind.space, kind.recipe)
    semantic = learnware.semantic
    seen: tuple[int, ...] = ()
    if entry is not None and learnware.specs_folder is not None:
        try:
            found = os.stat(learnware.specs_folder / entry.file)  # noqa: PTH116 - many of them
            seen = found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino
        except OSError:
            pass
    words = (semantic.domain, learnware.model.base, semantic.licence, semantic.languages)
    data = [sorted(each) for each in data_and_tasks(learnware)]
    return hash64(repr((entry, seen, words, _size(learnware, base_of), data, learnware.pulled)))


def _size(learnware: Learnware, base_of: BaseOf) -> int:
    base = base_of(learnware)
    return learnware.size + (base.size if base is not None else 0)


def _entry(learnware: Learnware, wanted: Specification) -> SpecificationEntry | None:
    return matching_entry(learnware, wanted.space, wanted.recipe)


def _load(learnware: Learnware, kind: Kind) -> Specification | None:
    entry = matching_entry(learnware, kind.space, kind.recipe)
    if entry is None or learnware.specs_folder is None:
        return None
    try:
        found = load_specification(learnware.specs_folder / entry.file)
    except (BadInput, OSError):
        return None
    return found if (found.space, found.recipe) == (kind.space, kind.recipe) else None
