"""Rows of one dataset told apart: their hidden states, groups of like rows, a sum for each group.

A mixed dataset's mean gradient is nobody's. Its rows are grouped by what the reference model makes
of their prompts, its last hidden states: measured, they tell tasks apart better than a single
row's gradient, whose cosine with its own task's is small, and they cost one forward pass, so that a
prompt can be routed the same way later (``tests/benchmarks/experiment/mixture.py``). Each group's
gradients make a specification as ever.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lwtui.errors import BadInput
from lwtui.jobs import JobContext

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lwtui.spec.gradient import Partial
    from lwtui.spec.reference import Reference
    from lwtui.spec.render import Rendered
    from lwtui.spec.space import Space

    Array = NDArray[np.float32]

GROUPS = 8
"""Groups of rows, more than a dataset is likely to have tasks: those that one learnware serves best
are joined again."""
ROWS_PER_GROUP = 16
"""A group holds about so many rows at least on average; below two groups nothing is mixed."""
STARTS = 8
ROUNDS = 50


@dataclass(frozen=True)
class Grouped:
    """A dataset's rows in groups. Holds no row of data."""

    centre: Array
    """Mean unit hidden state of the rows, (2·hidden,)."""
    centroids: Array
    """Unit vectors, (groups, 2·hidden)."""
    sums: tuple[Partial, ...]
    """Row gradients of each group, summed."""


def group_rows(
    reference: Reference,
    space: Space,
    rows: Sequence[Rendered],
    context: JobContext,
    seed: int = 0,
) -> Grouped:
    """Group the rows by their prompts' hidden states and sum every group's gradients.

    Deterministic for the same rows and seed. Raises ``BadInput`` for too few rows, ``Cancelled``.
    """
    import numpy as np

    from lwtui.spec.gradient import gradient_sums

    count = min(GROUPS, len(rows) // ROWS_PER_GROUP)
    if count < 2:
        raise BadInput(
            f"{len(rows)} rows are too few to find out whether they are mixed.",
            hint=f"Give at least {2 * ROWS_PER_GROUP} rows, or match without --mixture.",
        )
    states = prompt_states(reference, space, rows, context)
    centre = unit(states).mean(0)
    labels, centroids = spherical_k_means(centred(states, centre), count, seed)
    sums = []
    done = 0
    for group in range(len(centroids)):
        chosen = [rows[i] for i in np.flatnonzero(labels == group).tolist()]
        sums.append(gradient_sums(reference, space, chosen, context, start=done, total=len(rows)))
        done += len(chosen)
    return Grouped(centre, centroids, tuple(sums))


def prompt_states(
    reference: Reference,
    space: Space,
    rows: Sequence[Rendered],
    context: JobContext | None = None,
) -> Array:
    """The reference model's last hidden states of each row's prompt, their mean and the last one,
    float32 (rows, 2·hidden). The answers are not looked at."""
    import numpy as np

    from lwtui.spec.gradient import TOKENS_PER_BATCH, packed
    from lwtui.spec.render import Rendered, batches

    prompts = [Rendered(row.prompt, ()) for row in rows]
    check: Callable[[], None] = context.check if context else lambda: None
    found = np.zeros((len(prompts), 2 * space.hidden), np.float32)
    decoder = reference.decoder(space)
    for chosen in batches(prompts, TOKENS_PER_BATCH):
        batch = packed([prompts[i] for i in chosen], reference.device)
        found[chosen] = decoder.prompt_states(batch, check).cpu().numpy()
    return found


def centred(states: Array, centre: Array) -> Array:
    """Unit hidden states relative to a dataset's mean, unit again, (…, 2·hidden)."""
    return unit(unit(states) - centre)


def spherical_k_means(rows: Array, groups: int, seed: int = 0) -> tuple[NDArray[np.int64], Array]:
    """Labels of unit rows and unit centroids that maximise the sum of the rows' cosines with their
    own (Dhillon and Modha 2001); the best of ``STARTS`` starts spread out as k-means++ does (Arthur
    and Vassilvitskii 2007). Fewer groups come back where rows are equal."""
    import numpy as np

    source = np.random.RandomState(seed)
    best: tuple[float, Array] | None = None
    for _ in range(STARTS):
        centroids = _spread(rows, groups, source)
        for _ in range(ROUNDS):
            labels = (rows @ centroids.T).argmax(1)
            moved = np.stack(
                [
                    unit(rows[labels == each].sum(0)) if (labels == each).any() else centroids[each]
                    for each in range(groups)
                ]
            )
            if np.allclose(moved, centroids, atol=1e-6):
                break
            centroids = moved
        value = float((rows @ centroids.T).max(1).sum())
        if best is None or value > best[0] + 1e-6:
            best = (value, centroids)
    assert best is not None  # noqa: S101 - STARTS is positive
    labels = (rows @ best[1].T).argmax(1)
    held, labels = np.unique(labels, return_inverse=True)
    return labels, best[1][held]


def _spread(rows: Array, groups: int, source: np.random.RandomState) -> Array:
    """Rows to start from, each drawn with a probability that rises with its distance to those
    before it."""
    import numpy as np

    chosen = [int(source.randint(len(rows)))]
    while len(chosen) < groups:
        distance = np.maximum(1 - (rows @ rows[chosen].T).max(1), 1e-9).astype(np.float64)
        chosen.append(int(source.choice(len(rows), p=distance / distance.sum())))
    return rows[chosen]


def unit(vector: Array) -> Array:
    """Scaled to unit length along the last axis; zeros stay."""
    import numpy as np

    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    return np.asarray(vector / np.maximum(length, 1e-30), dtype=np.float32)
