"""How much better than the bare base a learnware is expected to be on a requirement's data.

Similarity tells whose data is alike. It does not tell what a learnware does to data that is not
its own, and on that learnwares differ most: a narrow one can be far worse than its base, and to a
new task the most similar learnware is always somebody. So a learnware also carries what it did to a
few public tasks, the space's anchors: its **gains**, the base's mean answer loss minus its own. The
gain to expect on a requirement is a mean of those and of the gain g on its own training data,
weighted by the requirement's similarity to each (Nadaraya 1964, Watson 1964)::

    ĝ = (Σ_a k(s_a)·g_a + k(s)·g) / (Σ_a k(s_a) + k(s)),  k(s) = exp((s − mean_a s_a) / (WIDTH·sd))

with sd the standard deviation of the similarities to the anchors: how high similarities are depends
on how a dataset is written, and how far one stands out does not. What WIDTH is worth is measured in
``tests/benchmarks/experiment``.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui.match.confidence import redraw
from lwtui.spec.compare import similarities
from lwtui.spec.specification import Specification

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.floating]

FOLDER = Path(__file__).with_name("anchors")
_KEY = "lwtui.anchors"
WIDTH = 0.7
"""Standard deviations of the similarities that change a weight by the factor e."""
LEAST_SPREAD = 0.05
"""Standard deviation of data that is like no anchor more than like another, where it would be 0."""


@dataclass(frozen=True)
class Anchors:
    """The public tasks of one space and recipe, in the order of a learnware's gains."""

    id: str
    """Changes with the tasks: gains of other anchors are not comparable."""
    tasks: tuple[str, ...]
    specifications: tuple[Specification, ...]


@functools.cache
def find_anchors(space: str, recipe: str) -> Anchors | None:
    """The anchors of a space (its id) and recipe that ship with lwtui; None when it has none."""
    from safetensors import safe_open

    file = FOLDER / f"{space}-{recipe}.safetensors"
    if not file.is_file():
        return None
    with safe_open(file, framework="np") as found:
        facts = json.loads(found.metadata()[_KEY])
        names = list(found.keys())
        parts = {name: found.get_tensor(name).astype("float32") for name in names}
    specifications = tuple(
        Specification(recipe, space, {name: part[i] for name, part in parts.items()}, facts["rows"])
        for i in range(len(facts["tasks"]))
    )
    return Anchors(facts["id"], tuple(facts["tasks"]), specifications)


def write_anchors(folder: Path, id: str, found: Mapping[str, Specification]) -> None:
    """The file that :func:`find_anchors` reads, of each task's specification."""
    import numpy as np
    from safetensors.numpy import save_file

    first = next(iter(found.values()))
    parts = {
        name: np.stack(
            [one.parts[name] / np.linalg.norm(one.parts[name]) for one in found.values()]
        )
        for name in sorted(first.parts)
    }
    scaled = {name: part * part.shape[1] ** 0.5 for name, part in parts.items()}
    folder.mkdir(parents=True, exist_ok=True)
    facts = {"id": id, "tasks": list(found), "rows": first.rows}
    save_file(
        {name: part.astype(np.float16) for name, part in scaled.items()},
        folder / f"{first.space}-{first.recipe}.safetensors",
        metadata={_KEY: json.dumps(facts, sort_keys=True)},
    )


@dataclass(frozen=True)
class Usual:
    """What stands for the gains of a learnware that was not measured."""

    gains: NDArray[np.float32]
    """Mean of those that were, (anchors,), nats/token."""
    own: float
    """Median of the known gains on their own data."""


def known_gains(one: Specification, anchors: Anchors) -> NDArray[np.float32] | None:
    """Its gains at these anchors, if they were measured."""
    if one.gains is None or one.anchors != anchors.id or len(one.gains) != len(anchors.tasks):
        return None
    return one.gains


def usual_of(found: Sequence[Specification], anchors: Anchors) -> Usual | None:
    """What learnwares show on average; None when none was measured at these anchors."""
    import numpy as np

    known = [gains for one in found if (gains := known_gains(one, anchors)) is not None]
    owns = [one.own_gain for one in found if one.own_gain is not None]
    if not known:
        return None
    return Usual(np.mean(np.stack(known), axis=0), float(np.median(owns)) if owns else 0.0)


def gains_of(
    found: Sequence[Specification],
    anchors: Anchors,
    usual: Usual | None = None,
    elsewhere: Sequence[bool] = (),
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """Gains at the anchors (learnwares, anchors) and on their own data (learnwares,), nats/token.

    Of a learnware that was not measured at these anchors, what the others show on average; None
    when none was. What is on another base than theirs (``elsewhere``) is not taken for harmful
    because they are: away from its own data it is expected to do what its base does, a gain of 0.
    ``usual`` is what the whole collection shows, where these are a shortlist of it.
    """
    import numpy as np

    usual = usual or usual_of(found, anchors)
    if usual is None:
        return None
    zero = np.zeros_like(usual.gains)
    known = [known_gains(one, anchors) for one in found]
    own = [usual.own if one.own_gain is None else one.own_gain for one in found]
    others = [zero if away else usual.gains for away in elsewhere] or [usual.gains] * len(found)
    gains = np.stack(
        [other if row is None else row for row, other in zip(known, others, strict=True)]
    )
    return gains.astype(np.float32), np.array(own, np.float32)


@dataclass(frozen=True)
class Expectation:
    """What is needed to expect something of some learnwares for one requirement."""

    anchors: Anchors
    wanted: Specification
    gains_at: NDArray[np.float32]
    """(learnwares, anchors), nats/token."""
    own: NDArray[np.float32]

    @classmethod
    def of(
        cls,
        wanted: Specification,
        found: Sequence[Specification],
        usual: Usual | None = None,
        elsewhere: Sequence[bool] = (),
    ) -> Expectation | None:
        """None when the space has no anchors or nobody was measured at them."""
        anchors = find_anchors(wanted.space, wanted.recipe)
        known = None
        if anchors is not None and found:
            known = gains_of(found, anchors, usual, elsewhere)
        return None if anchors is None or known is None else cls(anchors, wanted, *known)

    def gains(self, similarities_to_learnwares: Sequence[float]) -> Array:
        """The gain to expect of each learnware, nats/token."""
        import numpy as np

        to_anchors = [value for value, _ in similarities(self.wanted, self.anchors.specifications)]
        ours = np.array(similarities_to_learnwares)
        return expected_gains(np.array(to_anchors), ours, self.gains_at, self.own)

    def redrawn(self, drawn: Array) -> Array:
        """The same for redrawn requirements, from their similarities to the first learnwares,
        (draws, first), which must be of the same draws as :func:`~.confidence.redraw` makes."""
        to_anchors = redraw(self.wanted, self.anchors.specifications, draws=len(drawn))
        if to_anchors is None:
            raise ValueError("The requirement's groups are not known.")
        first = drawn.shape[1]
        return expected_gains(to_anchors, drawn, self.gains_at[:first], self.own[:first])


def expected_gains(to_anchors: Array, to_learnwares: Array, gains: Array, own: Array) -> Array:
    """The gain to expect of each learnware, nats/token, (…, learnwares).

    ``to_anchors`` (…, anchors) and ``to_learnwares`` (…, learnwares): the requirement's
    similarities, −1 to 1. ``gains`` (learnwares, anchors) and ``own`` (learnwares,): what
    :func:`gains_of` gives. The formula stands at the top of this file.
    """
    import numpy as np

    middle = to_anchors.mean(-1, keepdims=True)
    scale = WIDTH * np.maximum(to_anchors.std(-1, keepdims=True), LEAST_SPREAD)
    near = np.exp((to_anchors - middle) / scale)
    near_own = np.exp((to_learnwares - middle) / scale)
    # For one requirement not @: BLAS would start threads, and an index asks for little at a time.
    others = near @ gains.T if near.ndim > 1 else np.einsum("la,a->l", gains, near)
    return np.asarray((others + near_own * own) / (near.sum(-1, keepdims=True) + near_own))
