"""How sure a ranking is: the requirement's row groups drawn again, and what came out ranked again.

The specification of a requirement is a sum over groups of rows. Drawing as many groups as there
are, with replacement, gives the specification that other rows of the same data might have given;
the spread of the similarities over such draws is how much of the ranking hangs on the rows
(Efron's bootstrap). A group, not a row, is drawn, since only the groups' sums are kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lwtui.match.calibration import IDENTITY, Calibration
from lwtui.spec.compare import directions
from lwtui.spec.specification import Specification

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

CLEAR = 0.9
"""A winner is clear when it is right with this probability."""
CLEAR_MARGIN = 0.1
"""Without a bootstrap (a specification read from a file): when it leads by this similarity, or by
this gain to expect."""
LEVEL = 0.9
"""Share of the draws inside an interval."""
DRAWS = 500
FEWEST = 4
"""Groups that hold rows, below which redrawing them says nothing."""
_AT_ONCE = 100
"""Draws held in memory at a time: 100 × 28,672 numbers are 11 MB."""


@dataclass(frozen=True)
class Sureness:
    """How sure the first place is."""

    word: str
    """``clear``, ``close call`` or ``none`` (nothing to choose from)."""
    probability: float | None = None
    """That the winner (or its twin) is the right one, calibrated; None when it cannot be told."""
    share: float | None = None
    """Of the draws in which it comes first, before the calibration."""


def redraw(
    wanted: Specification, found: Sequence[Specification], draws: int = DRAWS, seed: int = 0
) -> Array | None:
    """Similarities of redrawn requirements, (draws, learnwares), float32.

    The same draw serves both parts and all learnwares, so differences within a row are paired.
    A similarity is the mean of the cosines of the shared parts, as in ``spec.compare``. None when
    the groups are not known or too few hold rows.
    """
    import numpy as np

    groups = _filled(wanted)
    if not groups or not found:
        return None
    count = len(next(iter(groups.values())))
    if count < FEWEST:
        return None
    source = np.random.default_rng(seed)
    weights = source.multinomial(count, np.full(count, 1 / count), draws).astype(np.float32)
    theirs = [directions(other) for other in found]
    total = np.zeros((draws, len(found)), np.float32)
    shared = np.zeros(len(found), np.float32)
    for name, sums in groups.items():
        having = [index for index, other in enumerate(theirs) if name in other]
        if not having:
            continue
        matrix = np.stack([theirs[index][name] for index in having])
        for begin in range(0, draws, _AT_ONCE):
            drawn = weights[begin : begin + _AT_ONCE] @ sums
            ours = directions(dataclasses.replace(wanted, parts={name: drawn}))[name]
            total[begin : begin + len(drawn), having] += ours @ matrix.T
        shared[having] += 1
    total /= np.maximum(shared, 1)
    return total


def _filled(wanted: Specification) -> dict[str, Array]:
    """The groups that hold at least one row in any part: fewer rows than groups leave some empty,
    and drawing those would add noise that is not in the data."""
    import numpy as np

    if not wanted.groups:
        return {}
    held = np.any([(sums != 0).any(axis=1) for sums in wanted.groups.values()], axis=0)
    return {name: sums[held] for name, sums in wanted.groups.items()}


def intervals(drawn: Array, similarities: Sequence[float]) -> list[tuple[float, float]]:
    """An interval for each similarity that holds ``LEVEL`` of the draws.

    Redrawn sums are noisier than the sum itself, so that all their cosines are smaller by about
    the same; the draws are shifted to have the similarity as their mean.
    """
    import numpy as np

    tail = (1 - LEVEL) / 2
    low, high = np.quantile(drawn - drawn.mean(0), [tail, 1 - tail], axis=0)
    return [
        (max(-1.0, value + min(0.0, float(under))), min(1.0, value + max(0.0, float(over))))
        for value, under, over in zip(similarities, low, high, strict=True)
    ]


def first_share(drawn: Array, same: Sequence[bool]) -> float:
    """Share of the draws in which the winner or one of its twins (``same``) comes first."""
    import numpy as np

    return float(np.asarray(same)[drawn.argmax(1)].mean())


def sureness(
    values: Sequence[float],
    same: Sequence[bool],
    drawn: Array | None,
    calibration: Calibration = IDENTITY,
    similarity: float = 0.0,
) -> Sureness:
    """How sure it is that the winner is right, from what they are ordered by and its draws.

    ``similarity`` is the winner's. ``same`` marks the winner and its twins, which count as one:
    which of them it is was not told by the rows. With nobody else to choose, they are clear, and
    how probable is not asked.
    """
    if not values:
        return Sureness("none")
    if all(same):
        return Sureness("clear")
    if drawn is None:
        best = max(value for value, own in zip(values, same, strict=True) if own)
        other = max(value for value, own in zip(values, same, strict=True) if not own)
        return Sureness("clear" if best - other >= CLEAR_MARGIN else "close call")
    share = first_share(drawn, same)
    probability = calibration.probability(share, similarity)
    return Sureness(word_of(probability), probability, share)


def word_of(probability: float) -> str:
    """``clear`` or ``close call``."""
    return "clear" if probability >= CLEAR else "close call"


def lowest_share(
    losses: Sequence[Sequence[float]],
    chosen: Sequence[bool],
    draws: int = DRAWS * 4,
    seed: int = 0,
) -> float:
    """How likely the chosen model (or its twin) has the lowest loss, by redrawing the rows.

    ``losses`` are of models on the same rows in the same order, (models, rows), summed over a
    row's tokens; a model may have been measured on the first of them only. A draw compares it
    with the best of the chosen on the drawn rows that both have. One row tells nothing: 0.5.
    """
    import numpy as np

    rows = max(len(each) for each in losses)
    if all(chosen):
        return 1.0
    if rows < 2:
        return 0.5
    weights = np.random.default_rng(seed).multinomial(rows, np.full(rows, 1 / rows), draws)
    wins = np.ones(draws, bool)
    ours = [np.asarray(each) for each, own in zip(losses, chosen, strict=True) if own]
    for each, own in zip(losses, chosen, strict=True):
        if own:
            continue
        lost = np.ones(draws, bool)
        for mine in ours:
            both = min(len(each), len(mine))
            lead = weights[:, :both] @ (np.asarray(each)[:both] - mine[:both])
            lost &= lead < 0
        wins &= ~lost
    return float(wins.mean())
