"""A requirement as the index compares it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lwtui.match.expect import find_anchors
from lwtui.match.index.project import Kind, project, quantised, sign_planes
from lwtui.spec.compare import directions, similarities
from lwtui.spec.specification import Specification

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]


@dataclass(frozen=True)
class Query:
    """Its projected parts, and what the gain to expect needs of it."""

    kind: Kind
    numbers: dict[str, Array]
    """Px of each part, of length 1."""
    planes: dict[str, NDArray[np.uint64]]
    """Its signs, (words,)."""
    to_anchors: Array | None
    """Its similarities to the anchors; None where the space has none."""

    @classmethod
    def of(cls, kind: Kind, wanted: Specification) -> Query:
        """Raises ``ValueError`` when its parts have other lengths than the kind's."""
        import numpy as np

        numbers = {}
        for name, vector in directions(wanted).items():
            if dict(kind.lengths).get(name) != len(vector):
                raise ValueError(f"The part {name} does not fit the index.")
            numbers[name] = project(vector[None], kind.width, kind.seed)[0]
        anchors = find_anchors(wanted.space, wanted.recipe) if kind.anchors else None
        to_anchors = None
        if anchors is not None:
            found = [value for value, _ in similarities(wanted, anchors.specifications)]
            to_anchors = np.array(found, np.float32)
        return cls.of_projected(kind, numbers, to_anchors)

    @classmethod
    def of_projected(cls, kind: Kind, numbers: dict[str, Array], to_anchors: Array | None) -> Query:
        """Of parts that were projected already."""
        import numpy as np

        unit = {name: x / max(float(np.linalg.norm(x)), 1e-30) for name, x in numbers.items()}
        planes = {
            name: sign_planes(quantised(x[None]), kind.signs(name))[:, 0]
            for name, x in unit.items()
        }
        return cls(kind, unit, planes, to_anchors)

    @property
    def span(self) -> slice:
        """The columns of codes that hold all its parts."""
        found = [self.kind.columns[name] for name in self.numbers]
        return slice(min(each.start for each in found), max(each.stop for each in found))

    @property
    def bits(self) -> int:
        """Bit n: part n of the kind is wanted."""
        return sum(1 << place for place, name in enumerate(self.kind.parts) if name in self.numbers)
