"""Projected directions and the codes that are stored of them.

A direction x of length d is shuffled, its signs are flipped at random, and runs of d/m neighbours
are summed, ``COPIES`` times over: a sparse Johnson–Lindenstrauss projection (Charikar, Chen &
Farach-Colton 2002; Kane & Nelson 2014) with one entry ±1 per copy and coordinate. It needs no
matrix. For unit vectors, with k numbers in all,

    E⟨Px, Py⟩ = ⟨x, y⟩,    Var⟨Px, Py⟩ ≤ (1 + ⟨x, y⟩²) / k

Two codes are kept of Px: k numbers of 8 bits, whose lengths carry no meaning, and the signs of
the first of them. Of signs, the share h that differs is the angle: ⟨x, y⟩ ≈ cos(π·h)
(Goemans & Williamson 1995).
"""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

VERSION = 1
"""Of codes and files; another one is built anew."""
WIDTH = 1024
"""Numbers kept of a part; a shorter part is turned and kept whole."""
BITS = 512
"""Signs kept of a part."""
COPIES = 4
SEED = 3407
_AT_ONCE = 32
"""Directions projected at a time: 32 of 28,672 numbers, four copies, are 15 MB."""


@dataclass(frozen=True)
class Kind:
    """What must be equal for an index to be of use. Another mean, other anchors: another index."""

    space: str
    """Id of the space."""
    recipe: str
    lengths: tuple[tuple[str, int], ...]
    """Part and length of its vectors."""
    mean: str = ""
    """SHA-256 of what is subtracted from the specifications."""
    anchors: str = ""
    """Id of the anchors that gains are about."""
    tasks: int = 0
    """How many anchors there are."""
    seed: int = SEED
    width: int = WIDTH
    bits: int = BITS
    version: int = VERSION

    @property
    def parts(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.lengths)

    @functools.cached_property
    def columns(self) -> dict[str, slice]:
        """Where a part's numbers are in a row of codes."""
        result, begin = {}, 0
        for name, length in self.lengths:
            result[name] = slice(begin, begin + min(self.width, length))
            begin = result[name].stop
        return result

    @functools.cached_property
    def words(self) -> dict[str, slice]:
        """Which of the planes of 64 signs are a part's."""
        result, begin = {}, 0
        for name, _ in self.lengths:
            result[name] = slice(begin, begin + -(-self.signs(name) // 64))
            begin = result[name].stop
        return result

    @property
    def row_bytes(self) -> int:
        """Length of a row of codes."""
        return max(columns.stop for columns in self.columns.values())

    def signs(self, part: str) -> int:
        """How many signs are kept of a part."""
        columns = self.columns[part]
        return min(self.bits, columns.stop - columns.start)

    def facts(self) -> dict[str, Any]:
        """As the manifest holds it (JSON)."""
        names = ("space", "recipe", "mean", "anchors", "tasks", "seed", "width", "bits", "version")
        return {name: getattr(self, name) for name in names} | {
            "lengths": [list(each) for each in self.lengths]
        }


def kind_of(space: str, recipe: str) -> Kind:
    """The kind of index for a space (its id) and recipe. Raises ``BadInput`` for an unknown one."""
    from lwtui.match.expect import find_anchors
    from lwtui.spec.compare import space_mean
    from lwtui.spec.gradient import PARTS
    from lwtui.spec.space import find_space

    found = find_space(space)
    digest = hashlib.sha256()
    for name, mean in sorted(space_mean(space, recipe).items()):
        digest.update(name.encode() + mean.tobytes())
    anchors = find_anchors(space, recipe)
    names = PARTS if recipe == "gradient" else ("whole",)
    return Kind(
        space,
        recipe,
        tuple((name, found.part_dimension(name)) for name in names),
        digest.hexdigest(),
        anchors.id if anchors else "",
        len(anchors.tasks) if anchors else 0,
    )


def project(directions: Array, width: int, seed: int = SEED) -> Array:
    """Px of directions (rows, length): (rows, min(width, length)), float32."""
    import numpy as np

    length = directions.shape[-1]
    if length <= width:
        return np.asarray(directions @ _turn(length, seed), np.float32)
    order, signs = _shuffle(length, width, seed)
    result = np.empty((len(directions), width), np.float32)
    padding = ((0, 0), (0, order.max() + 1 - length))
    for begin in range(0, len(directions), _AT_ONCE):
        some = np.pad(directions[begin : begin + _AT_ONCE], padding)
        flipped = some[:, order] * signs
        result[begin : begin + _AT_ONCE] = flipped.reshape(len(some), width, -1).sum(-1)
    return np.asarray(result / np.float32(COPIES**0.5), np.float32)


@functools.lru_cache(maxsize=4)
def _shuffle(length: int, width: int, seed: int) -> tuple[NDArray[np.int32], Array]:
    """Coordinates in the order in which they are summed, and their signs; ``COPIES`` times.

    From NumPy's legacy Mersenne Twister, whose stream is guaranteed never to change.
    """
    import numpy as np

    if width % COPIES:
        raise ValueError(f"A width must be a multiple of {COPIES}.")
    source = np.random.RandomState(seed)
    sums = width // COPIES
    padded = -(-length // sums) * sums
    order = np.concatenate([source.permutation(padded) for _ in range(COPIES)])
    signs = source.randint(0, 2, len(order)).astype(np.float32) * 2 - 1
    return order.astype(np.int32), signs


@functools.lru_cache(maxsize=4)
def _turn(length: int, seed: int) -> Array:
    """A random rotation (or reflection), (length, length): it spreads a vector over its signs."""
    import numpy as np

    square = np.random.RandomState(seed).standard_normal((length, length))
    return np.linalg.qr(square)[0].astype(np.float32)


def quantised(projected: Array) -> NDArray[np.int8]:
    """Eight bits per number, each row scaled to its largest, (rows, width)."""
    import numpy as np

    largest = np.abs(projected).max(axis=-1, keepdims=True)
    scaled = projected * (127 / np.maximum(largest, 1e-30))
    return np.rint(scaled).astype(np.int8)


def sign_planes(codes: NDArray[np.int8], bits: int) -> NDArray[np.uint64]:
    """The signs of the first ``bits`` codes, 64 to a word: (words, rows), so that a scan reads
    one plane after the other. Missing ones are 0."""
    import numpy as np

    words = -(-bits // 64)
    packed = np.zeros((len(codes), words * 8), np.uint8)
    signs = np.packbits(codes[:, :bits] >= 0, axis=1)
    packed[:, : signs.shape[1]] = signs
    return np.ascontiguousarray(packed.view(np.uint64).T)
