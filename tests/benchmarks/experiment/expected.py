"""The gain to expect of every learnware for every user, as the product computes it.

The anchors are the starter tasks that ship as anchors, specified from their training rows, and the
learnwares' gains are measured on the users' other test rows (those kept for verifying), never on
the rows that score a choice. Unless ``own_anchor`` is asked for, the anchors of a user's own task
are left out: nobody has measured anything on a task like the user's.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lwtui.match.expect import expected_gains
from lwtui.starter.plan import STARTER_TASKS
from tests.benchmarks.experiment import plan, value

Array = NDArray[np.float64]
ORDERS = ("similarity", "expected gain", "expected gain, own anchor")


@dataclass(frozen=True)
class Anchored:
    """What is measured at the anchors."""

    places: list[int]
    """Of each anchor's training set among the sets."""
    gains: Array
    """(sets, anchors), nats/token; positive is better than the base."""
    own: Array
    """On each set's own tasks (sets,). A set with wrong labels claims what the others do."""


def measure(measured: value.Measured) -> Anchored:
    """From the rows kept for verifying."""
    return _measure(_Key(measured))


@dataclass(frozen=True)
class _Key:
    measured: value.Measured

    def __hash__(self) -> int:
        return id(self.measured)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.measured is self.measured


@functools.lru_cache(maxsize=1)
def _measure(key: _Key) -> Anchored:
    measured = key.measured
    held = slice(plan.SCORED_ROWS, plan.SCORED_ROWS + plan.VERIFY_ROWS)
    base = np.array([value.mean_loss(rows[held]) for rows in measured.base_rows])
    sets = plan.training_sets()
    loss = np.array(
        [
            np.mean(
                [
                    [value.mean_loss(r[held]) for r in measured.rows[n]]
                    for n in names_of(measured, k)
                ],
                axis=0,
            )
            for k in measured.sets
        ]
    )
    gains = base - loss
    tasks = [[t for t in sets[key][0] if t in plan.SEEN] for key in measured.sets]
    own = np.array(
        [gains[i, [measured.users.index(t) for t in found]].mean() for i, found in enumerate(tasks)]
    )
    wrong = np.array([sets[key][1] > 0 for key in measured.sets])
    own[wrong] = np.median(own[~wrong])
    places = [measured.sets.index(task.split("/", 1)[1]) for task in STARTER_TASKS]
    columns = [measured.users.index(task) for task in STARTER_TASKS]
    return Anchored(places, gains[:, columns], own)


def names_of(measured: value.Measured, key: str) -> list[str]:
    return [name for name in plan.training_sets()[key][2] if name in measured.rows]


def anchors_of(user: str, own_anchor: bool) -> list[int]:
    """Which of the anchors a user may be compared with."""
    return [i for i, task in enumerate(STARTER_TASKS) if own_anchor or task != user]


def gains(measured: value.Measured, similarity: Array, own_anchor: bool = False) -> Array:
    """``similarity`` and the result are (users of the plan, sets)."""
    found = measure(measured)
    result = np.zeros_like(similarity)
    for index, user in enumerate(measured.users):
        kept = anchors_of(user, own_anchor)
        ours = similarity[index]
        to_anchors = ours[[found.places[i] for i in kept]]
        result[index] = expected_gains(to_anchors, ours, found.gains[:, kept], found.own)
    return result


def orders(measured: value.Measured, similarity: Array) -> dict[str, Array]:
    """Everything that learnwares may be ordered by."""
    return {
        ORDERS[0]: similarity,
        ORDERS[1]: gains(measured, similarity),
        ORDERS[2]: gains(measured, similarity, own_anchor=True),
    }
