"""Successive halving: the best of several models on rows of data, without running all on all.

All run on the first few rows, the better half on twice as many, and so on (Karnin, Koren and
Somekh 2013; Jamieson and Talwalkar 2016). Rows that a model has seen are not run again. Every
model sees the same rows in the same order, so that two of them are compared by the differences on
single rows, which vary far less than the losses themselves.

Losses are sums over a row's answer tokens, so the sum over rows is the log-likelihood of all
answers and its order that of the mean loss per token: what the measured scores of the collection
and of the experiment mean. (A mean over rows of each row's own mean would let one-word answers
speak as loudly as paragraphs, and its order could differ from the loss that is shown.)
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)
Losses = Callable[[T, range], Sequence[float]]
"""Losses of a model on some rows, nats summed over a row's tokens. Called once a model and row."""

SCHEDULE = (4, 8, 16, 32)
"""Rows after each round."""
NOISE = 0.5
"""Standard errors of the paired difference to the first within which nobody is dropped."""


@dataclass(frozen=True)
class HalvingResult(Generic[T]):
    """What was measured."""

    order: tuple[T, ...]
    """Best first: who ran on more rows comes first, then the lower loss. Kept ones are in it."""
    losses: dict[T, list[float]]
    """Of each row a model was run on, nats; the first rows first."""
    evaluations: int
    """Rows run, summed over the models."""


def rounds(rows: int, schedule: Sequence[int] = SCHEDULE) -> list[int]:
    """The rows after each round when there are only so many: ``rounds(20) == [8, 16, 20]``."""
    last = min(rows, max(schedule))
    return [*(count for count in schedule if count < last), last] if rows else []


def successive_halving(
    candidates: Sequence[T],
    losses: Losses[T],
    rows: int,
    *,
    keep: Sequence[T] = (),
    schedule: Sequence[int] = SCHEDULE,
    noise: float = NOISE,
) -> HalvingResult[T]:
    """Find the candidate with the lowest loss on ``rows`` rows (as many as the schedule asks for).

    After each round but the last the better half goes on, and whoever is behind the first by no
    more than ``noise`` standard errors. ``keep`` (the bare base) is never dropped and counts for
    no half. Models run in the order given, and equal losses keep it. What ``losses`` raises
    (``Cancelled``) ends it.
    """
    found: dict[T, list[float]] = {each: [] for each in [*keep, *candidates]}
    alive = list(candidates)
    dropped: list[T] = []
    for seen in rounds(rows, schedule):
        if len(alive) < 2:
            seen = min(rows, max(schedule))  # nobody to drop: all rows in one go
        for each in [*keep, *alive]:
            found[each] += losses(each, range(len(found[each]), seen))
        if seen == min(rows, max(schedule)):
            break
        behind = _behind([*alive], found, noise)
        dropped[:0] = behind
        alive = [each for each in alive if each not in behind]
    last = sorted([*alive, *keep], key=lambda each: sum(found[each]))
    return HalvingResult((*last, *dropped), found, sum(map(len, found.values())))


def _behind(alive: list[T], found: dict[T, list[float]], noise: float) -> list[T]:
    """Who is dropped: the worse half, less those near the first. The better comes first."""
    alive.sort(key=lambda each: sum(found[each]))
    half = alive[math.ceil(len(alive) / 2) :]
    return [each for each in half if not near(found[each], found[alive[0]], noise)]


def planned(candidates: int, kept: int, rows: int, schedule: Sequence[int] = SCHEDULE) -> int:
    """Evaluations that halving takes when nobody is near the first."""
    total = seen = 0
    for until in rounds(rows, schedule):
        total += (candidates + kept) * (until - seen)
        seen, candidates = until, math.ceil(candidates / 2)
    return total


def near(one: Sequence[float], other: Sequence[float], noise: float = NOISE) -> bool:
    """Is ``one`` worse by no more than ``noise`` standard errors, on the rows both have?"""
    difference, error = paired(one, other)
    return difference <= noise * error


def paired(one: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Mean over the rows that both have of one's loss minus the other's, and its standard error.

    Nats a row; the error is infinite for fewer than two rows.
    """
    differences = [a - b for a, b in zip(one, other, strict=False)]
    count = len(differences)
    if not count:
        return 0.0, math.inf
    mean = math.fsum(differences) / count
    if count < 2:
        return mean, math.inf
    spread = math.fsum((each - mean) ** 2 for each in differences) / (count - 1)
    return mean, math.sqrt(spread / count)
