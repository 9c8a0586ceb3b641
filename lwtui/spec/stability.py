"""How near a specification is to the one that infinitely many such rows would give."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lwtui.spec.space import Space

if TYPE_CHECKING:
    from lwtui.spec.gradient import Partial

SPLITS = 8


def stability(partial: Partial, space: Space) -> float:
    """Expected cosine of the direction with its limit, the mean of the parts', 0 to 1.

    The row groups are halved in ``SPLITS`` ways. If two halves' directions have cosine r, then one
    of both together has the reliability 2r / (1 + r) (Spearman 1910, Brown 1910), which is the
    square of its cosine with the limit: noise of independent rows adds up orthogonally. Directions
    are those that are compared in the end, after centring: a plain mean of gradients looks stable
    after two rows, for what all texts have in common. 0 when there are too few rows to tell.
    """
    import numpy as np

    from lwtui.spec.compare import directions
    from lwtui.spec.specification import Specification

    present = [name for name, count in partial.counts.items() if count]
    if not present:
        return 0.0
    agreement = dict.fromkeys(present, 0.0)
    source = np.random.RandomState(0)
    for _ in range(SPLITS):
        halves = []
        for chosen in np.array_split(source.permutation(len(partial.sums[present[0]])), 2):
            parts = {name: partial.sums[name][chosen].sum(0) for name in present}
            if not all(part.any() for part in parts.values()):
                return 0.0
            halves.append(directions(Specification("gradient", space.id, parts, 1)))
        for name in present:
            agreement[name] += float(halves[0][name] @ halves[1][name]) / SPLITS
    known = [max(0.0, value) for value in agreement.values()]
    return sum((2 * value / (1 + value)) ** 0.5 for value in known) / len(known)
