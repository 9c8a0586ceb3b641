"""The public subspace that a noised specification lies in: the directions that public tasks span.

Noise of a given size in each of 28,672 dimensions drowns a sum of 64 row gradients; in the few
dimensions in which public tasks differ it does not, and those are what learnwares are told apart
by. The subspace is spanned by the specifications of the space's anchor tasks, less the space's
mean: made of files that ship with lwtui, so it says nothing about anybody's data and costs no ε.
Measured against the span of the starter learnwares, its leading directions and seeded random
projections: see ``tests/benchmarks/privacy_value.py``.
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui.errors import BadInput
from lwtui.spec.compare import space_mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

_ANCHORS = Path(__file__).parents[1] / "match" / "anchors"
"""Data of the room above; only the files are read."""
_SMALLEST = 1e-3
"""Directions whose singular value is below this share of the first are rounding."""


@dataclass(frozen=True)
class Subspace:
    """Orthonormal directions of each part, all orthogonal to the space's mean."""

    id: str
    """Eight hexadecimal digits of all it is made of."""
    mean: dict[str, Array]
    """Mean unit vector of each part, (dimension,)."""
    basis: dict[str, Array]
    """(directions, the part's dimension)."""

    def back(self, part: str, coordinates: NDArray[np.floating]) -> Array:
        """The unit vector of the whole space whose direction after centring is ``coordinates``.

        ``compare.directions`` subtracts the mean m from a unit vector; of m + t·z with z in the
        subspace and t such that its length is 1, exactly the direction of z is left.
        """
        import numpy as np

        mean = self.mean[part]
        inside = np.asarray(coordinates, np.float32) @ self.basis[part]
        length = float(np.linalg.norm(inside))
        free = max(0.0, 1.0 - float(mean @ mean)) ** 0.5
        return np.asarray(mean + free / max(length, 1e-30) * inside, dtype=np.float32)


@functools.cache
def find_subspace(space: str, recipe: str) -> Subspace:
    """The subspace of a space (its id). Raises ``BadInput`` where lwtui ships none."""
    import numpy as np
    from safetensors.numpy import load

    mean = space_mean(space, recipe)
    file = _ANCHORS / f"{space}-{recipe}.safetensors"
    if not mean or not file.is_file():
        raise BadInput(
            f"The space {space} has no public subspace for recipe {recipe}, so no noise can be "
            "added there that would leave something to match with.",
            hint="Leave out --epsilon, or use --space starter.",
        )
    anchors = {name: part.astype(np.float32) for name, part in load(file.read_bytes()).items()}
    facts = hashlib.sha256()
    for name in sorted(mean):
        facts.update(mean[name].tobytes() + anchors[name].tobytes())
    basis = {name: _span(anchors[name], mean[name]) for name in mean}
    return Subspace(facts.hexdigest()[:8], mean, basis)


def _span(vectors: Array, mean: Array) -> Array:
    """An orthonormal basis of what the unit vectors (vectors, dimension) span besides the mean."""
    import numpy as np

    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True) - mean
    along = mean / np.linalg.norm(mean)
    free = unit - np.outer(unit @ along, along)
    _, sizes, directions = np.linalg.svd(free.astype(np.float64), full_matrices=False)
    return np.asarray(directions[sizes > _SMALLEST * sizes[0]], dtype=np.float32)
