"""Every way to turn cached row gradients into a specification, and two of those into a similarity.

A recipe maps rows to vectors by part; similarities are cosines, averaged over the parts both sides
have. ``centred`` subtracts the mean unit vector over the training sets first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lwtui.spec.space import Space
from tests.benchmarks.experiment.gradients import Cached

Vector = NDArray[np.float32]
Parts = dict[str, Vector]
TINY = 1e-30


def unit(vector: Vector) -> Vector:
    """Scale to unit length along the last axis."""
    return vector / np.maximum(np.linalg.norm(vector, axis=-1, keepdims=True), TINY)


def part_rows(cached: Cached, part: str, raw: bool) -> Vector:
    """Row gradients of a part (rows, dimension): raw, or each scaled to unit length."""
    found = unit(cached.unit[part])
    return found * cached.length[part][:, None] if raw else found


def whole_rows(cached: Cached) -> Vector:
    """Raw gradients of every row's mean loss over all its tokens, the published loss."""
    counts = {part: cached.tokens[part][:, None] for part in ("prompt", "answer")}
    total = np.maximum(counts["prompt"] + counts["answer"], 1)
    shares = {part: (count / total).astype(np.float32) for part, count in counts.items()}
    found = [part_rows(cached, part, True) * shares[part] for part in counts]
    return np.asarray(sum(found[1:], start=found[0]))


def plain_mean(rows: Vector) -> Vector:
    return rows.mean(0)


def row_unit(rows: Vector) -> Vector:
    return unit(rows).mean(0)


def sign(rows: Vector) -> Vector:
    return np.sign(rows.mean(0))


def row_sign(rows: Vector) -> Vector:
    return np.sign(rows).mean(0)


def adam(rows: Vector) -> Vector:
    """Mean over root mean square, what Adam's update tends to from these rows."""
    return rows.mean(0) / (np.sqrt(np.square(rows).mean(0)) + 1e-8 * np.abs(rows).max())


def layer_wise(space: Space) -> Callable[[Vector], Vector]:
    """Every module's block of every row scaled to unit length, so that no layer drowns the rest."""
    cuts = np.cumsum([width * space.rank for _, width in space.modules])[:-1]

    def scaled(rows: Vector) -> Vector:
        return np.concatenate([unit(block) for block in np.split(rows, cuts, axis=1)], axis=1).mean(
            0
        )

    return scaled


def layers_of(space: Space, first: int, last: int) -> slice:
    """The coordinates of layers ``first`` to ``last`` (not included)."""
    per = space.dimension // space.layers
    return slice(first * per, last * per)


REDUCTIONS: dict[str, Callable[[Vector], Vector]] = {
    "plain mean": plain_mean,
    "row unit norm": row_unit,
    "sign of the mean": sign,
    "mean of signs": row_sign,
    "adam": adam,
}


def cosines(
    users: Mapping[str, Parts],
    sets: Mapping[str, Parts],
    *,
    centre: bool = True,
    parts: Sequence[str] | None = None,
    weights: Mapping[str, float] | None = None,
    mean_over: Mapping[str, Parts] | None = None,
) -> NDArray[np.float64]:
    """Similarities (users, sets): the weighted mean of the cosines of the shared parts."""
    names = parts or sorted(next(iter(sets.values())))
    total = np.zeros((len(users), len(sets)))
    shares = {name: (weights or {}).get(name, 1.0) for name in names}
    for name in names:
        theirs = unit(np.stack([one[name] for one in sets.values()]))
        ours = unit(np.stack([one[name] for one in users.values()]))
        if centre:
            known = mean_over or sets
            mean = unit(np.stack([one[name] for one in known.values()])).mean(0)
            theirs, ours = unit(theirs - mean), unit(ours - mean)
        total += shares[name] * (ours @ theirs.T)
    return total / sum(shares.values())
