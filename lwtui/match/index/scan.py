"""The search: all rows by their signs, the best few thousand by their longer codes.

What is sought is what ``rank`` would put first: the highest gain to expect where gains are known
(``expect.py``), the highest similarity where they are not. A row that both parts of the search
take for similar is kept as well as one that they take for useful, since the gain to expect hangs
on the similarity steeply and the signs tell that only roughly.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lwtui.match.confidence import CLEAR_MARGIN
from lwtui.match.expect import Usual, expected_gains
from lwtui.match.index.query import Query
from lwtui.match.index.segment import MEASURED, Segment, word64
from lwtui.match.index.store import Snapshot
from lwtui.match.result import Filters

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]
    Mask = NDArray[np.bool_]

READ = 3072 * 2368
"""Bytes of longer codes that are read: of the most similar rows, half of it of the most useful."""
ERROR = 0.05
"""How much higher a similarity may be than the signs tell: what a row may be worth is asked."""
_AT_ONCE = 1 << 15
"""Rows compared at a time: few enough for the processor's cache, and so many that threads, which
pass Python's lock to each other at every step, take few steps."""
_FEW = 0.25
"""Share of rows that pass the filters below which they are picked out to be compared."""
_READ_AT_ONCE = 64
"""Rows whose longer codes are read at a time."""
_THREADS = 4
_ENOUGH = 1 << 10
"""Rows whose gains are averaged where the average is of no use to anybody."""


@dataclass(frozen=True)
class Found:
    """What a search gives: rows, best first."""

    rows: tuple[tuple[Segment, int], ...]
    """Where they are: reading an id takes longer than comparing a row."""
    values: Array
    """What they are ordered by: gain to expect in nats/token, or similarity."""
    similarities: Array
    twins: NDArray[np.uint64]
    passing: int
    """Rows of the index that can be compared and pass the filters."""
    usual: Usual | None
    """What the passing ones show on average; None when no gain is known."""

    def ids(self, count: int | None = None) -> list[str]:
        """Ids of the first."""
        return [segment.name(row) for segment, row in self.rows[:count]]


def search(snapshot: Snapshot, query: Query, filters: Filters, read: int = READ) -> Found:
    """The rows whose longer codes were compared, best first: as many as ``read`` bytes hold."""
    import numpy as np

    segments = snapshot.segments
    workers = min(_THREADS, os.cpu_count() or 1, max(1, len(segments)))
    with ThreadPoolExecutor(workers) as pool:
        masks = list(pool.map(lambda each: passing(each, query, filters), segments))
        usual = _usual(segments, masks) if query.to_anchors is not None else None
        scan = functools.partial(_scan, query=query, usual=usual)
        rough = list(pool.map(scan, segments, masks))
        chosen = _chosen(rough, read // (query.span.stop - query.span.start), usual is not None)
        starts = np.cumsum([0, *map(len, segments)])
        parts = np.split(chosen, np.searchsorted(chosen, starts[1:-1])) if segments else []
        places = [some - start for some, start in zip(parts, starts, strict=False)]
        compare = functools.partial(_compare, query=query, usual=usual)
        columns = list(pool.map(compare, segments, places))
    count = sum(int(mask.sum()) for mask in masks)
    if not len(chosen):
        nothing = np.zeros(0, np.float32)
        return Found((), nothing, nothing, np.zeros(0, np.uint64), count, usual)
    alike, twins, *gains = (np.concatenate(column) for column in zip(*columns, strict=True))
    values = alike
    if query.to_anchors is not None and usual is not None:
        values = expected_gains(query.to_anchors, _lifted(alike, twins), *gains)
    order = np.lexsort((-alike, -values))
    owners = np.repeat(np.arange(len(segments)), [len(some) for some in places])[order].tolist()
    rows = np.concatenate(places)[order].tolist()
    best = tuple(zip(map(segments.__getitem__, owners), rows, strict=True))
    return Found(best, values[order], alike[order], twins[order], count, usual)


def _chosen(rough: Sequence[tuple[Array, Array]], count: int, by_value: bool) -> NDArray[np.int64]:
    """Places of the rows to compare closely, ascending: the most similar, the most useful."""
    import numpy as np

    if not by_value:
        return _best(rough, 0, count)
    return np.union1d(_best(rough, 0, count // 2), _best(rough, 1, count // 2))


def _lifted(alike: Array, twins: NDArray[np.uint64]) -> Array:
    """Near twins count as equally similar, as in ``rank``."""
    import numpy as np

    _, group = np.unique(twins, return_inverse=True)
    best = np.full(int(group.max()) + 1, -np.inf, np.float32)
    np.maximum.at(best, group, alike)
    near = (twins != 0) & (best[group] - alike <= CLEAR_MARGIN)
    return np.where(near, best[group], alike)


def passing(block: Segment, query: Query, filters: Filters) -> Mask:
    """Rows that count, can be compared, and satisfy the filters as ``rank.passes`` has it."""
    import numpy as np

    mask = block.live & ((block["has"] & query.bits) != 0) & ((block["odd"] & query.bits) == 0)
    if filters.domain:
        mask &= block["domain"] == np.uint64(word64(filters.domain))
    if filters.licence:
        mask &= block["licence"] == np.uint64(word64(filters.licence))
    if filters.base:
        word = np.uint64(word64(filters.base))
        mask &= (block["base"] == word) | (block["itself"] == word)
    if filters.language:
        hits = np.flatnonzero(block["languages"] == np.uint64(word64(filters.language)))
        speaks = np.zeros(len(mask), bool)
        speaks[np.searchsorted(block["languages_at"], hits, side="right") - 1] = True
        mask &= speaks
    if filters.here:
        mask &= block["here"] != 0
    if filters.max_bytes:
        mask &= block["size"] <= filters.max_bytes
    return np.asarray(mask)


def _usual(segments: Sequence[Segment], masks: Sequence[Mask]) -> Usual | None:
    """The mean of the known gains, and the median of the known gains on their own data. Where all
    are known nobody needs them, and those of a few rows will do: summing takes long."""
    import numpy as np

    filled = [pair for pair in zip(segments, masks, strict=True) if pair[1].any()]
    if filled and all(segment.measured for segment, _ in filled):
        some = filled[0][0]
        gains, own = some["gains"][:_ENOUGH], some["own"][:_ENOUGH]
        return Usual(gains.mean(0), float(np.median(own)))
    total, count, owns = np.zeros(0), 0, []
    for segment, mask in filled:
        known = mask & (segment["known"] == MEASURED)
        owns.append(segment["own"][mask])
        rows = len(known) if known.all() else int(known.sum())
        if rows:
            gains = segment["gains"] if rows == len(known) else segment["gains"][known]
            sums = gains.sum(0, dtype=np.float64)
            total = sums if not count else total + sums
            count += rows
    if not count:
        return None
    own = np.concatenate(owns)
    own = own[~np.isnan(own)]
    return Usual((total / count).astype(np.float32), float(np.median(own)) if len(own) else 0.0)


def _scan(segment: Segment, mask: Mask, query: Query, usual: Usual | None) -> tuple[Array, Array]:
    """Rough similarities, and values as they may be, (rows,) each; −∞ for rows that do not
    pass."""
    import numpy as np

    nothing = np.float32(-np.inf)
    alike = np.full(len(segment), nothing)
    to_anchors = query.to_anchors if usual is not None else None
    values = alike.copy() if to_anchors is not None else alike
    scratch = np.empty((max(map(len, query.planes.values())), _AT_ONCE), np.uint64)
    for begin in range(0, len(segment), _AT_ONCE):
        passed: Any = mask[begin : begin + _AT_ONCE]
        count = np.count_nonzero(passed)
        if not count:
            continue
        some: slice | NDArray[np.int64] = slice(begin, begin + _AT_ONCE)
        if count < len(passed) * _FEW:
            some, passed = begin + np.flatnonzero(passed), True
        found = _rough(segment, some, query, scratch)
        alike[some] = np.where(passed, found, nothing)
        if usual is not None and to_anchors is not None:
            gains = _gains(segment, some, usual)
            worth = expected_gains(to_anchors, found + np.float32(ERROR), *gains)
            values[some] = np.where(passed, worth, nothing)
    return alike, values


def _rough(
    segment: Segment,
    some: slice | NDArray[np.int64],
    query: Query,
    scratch: NDArray[np.uint64],
) -> Array:
    """Similarities by signs alone: cos(π·h), h the share of a part's signs that differ.

    ``scratch``: room for the planes of one part; taking fresh memory takes as long as comparing.
    """
    import numpy as np

    has = segment["has"][some]
    total = np.zeros(len(has), np.float32)
    whole = not query.bits & ~segment.shared
    for place, name in enumerate(query.kind.parts):
        if name not in query.planes:
            continue
        planes = segment["planes"][query.kind.words[name]][:, some]
        room = scratch[: len(planes), : len(has)]
        np.bitwise_xor(planes, query.planes[name][:, None], out=room)
        differ = np.bitwise_count(room).sum(0, dtype=np.uint16)
        cosines = _cosines(query.kind.signs(name))[differ]
        total += cosines if whole else cosines * ((has >> place) & 1)
    if whole:
        total /= np.float32(len(query.planes))
        return total
    return np.asarray(total / np.maximum(np.bitwise_count(has & query.bits), 1), np.float32)


@functools.cache
def _cosines(signs: int) -> Array:
    import numpy as np

    return np.cos(np.pi * np.arange(signs + 1) / signs).astype(np.float32)


def _best(rough: Sequence[tuple[Array, Array]], which: int, count: int) -> NDArray[np.int64]:
    """Places of the ``count`` highest over all segments, ascending."""
    import numpy as np

    scores = np.concatenate([np.zeros(0, np.float32), *(pair[which] for pair in rough)])
    # A bound from every eighth: few are above it, and sorting all would take longer than the scan.
    # Were it too high by chance, all are sorted after all.
    sample = scores[::8]
    sample = sample[sample > -np.inf]
    if len(sample) > 2 * count:
        place = len(sample) - max(1, count // 4)
        places = np.flatnonzero(scores >= np.partition(sample, place)[place])
        if len(places) >= count:
            best = np.argpartition(scores[places], len(places) - count)[-count:]
            return np.sort(places[best])
    places = np.flatnonzero(scores > -np.inf)
    if len(places) > count:
        places = places[np.argpartition(scores[places], len(places) - count)[-count:]]
    return np.sort(places)


def _compare(
    segment: Segment, rows: NDArray[np.int64], query: Query, usual: Usual | None
) -> tuple[NDArray[Any], ...]:
    """Of a few rows: similarities by their longer codes, twins, and what :func:`_gains` gives."""
    import numpy as np

    has, norms = segment["has"][rows], segment["norms"][rows]
    total = np.zeros(len(rows), np.float32)
    shared = np.zeros(len(rows), np.float32)
    span, columns = query.span, query.kind.columns
    scratch = np.empty((_READ_AT_ONCE, max(map(len, query.numbers.values()))), np.float32)
    for begin in range(0, len(rows), _READ_AT_ONCE):
        some = slice(begin, begin + _READ_AT_ONCE)
        codes = segment.read_codes(rows[some], span)
        for place, name in enumerate(query.kind.parts):
            if name in query.numbers:
                here = (has[some] >> place) & 1
                first, last = columns[name].start - span.start, columns[name].stop - span.start
                part = scratch[: len(codes), : last - first]
                part[...] = codes[:, first:last]
                # Not @: threads of BLAS wait for each other longer than so little work takes.
                products = np.einsum("ij,j->i", part, query.numbers[name])
                total[some] += here * products / np.maximum(norms[some, place], 1e-30)
                shared[some] += here
    alike = total / np.maximum(shared, 1)
    return alike, segment["twin"][rows], *(_gains(segment, rows, usual) if usual else ())


def _gains(block: Segment, rows: slice | NDArray[np.int64], usual: Usual) -> tuple[Array, Array]:
    """Gains at the anchors (rows, tasks), and on their own data (rows,)."""
    import numpy as np

    gains, own = block["gains"][rows], block["own"][rows]
    if block.measured:
        return gains, own
    known = block["known"][rows]
    if not known.all():
        gains = np.where(known[:, None] != 0, gains, usual.gains)
    own = np.where(np.isnan(own), np.float32(usual.own), own)
    return gains, own
