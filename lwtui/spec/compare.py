"""Similarity of two specifications: cosine per part, after taking away the space's mean.

All B-gradients of a space share a large common component (roughly: learn to write text in this
template). It says nothing about the subject, so the ``gradient`` recipe subtracts the mean
direction of the space, which ships with it, before the cosine; the cosines of the parts that both
sides have are averaged. The ``paper`` recipe is compared as published: one plain cosine.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui.errors import BadInput
from lwtui.spec.specification import Specification

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_MEANS = Path(__file__).with_name("means")
TEMPERATURE = 0.1


def require_comparable(ours: Specification, theirs: Specification) -> None:
    """Raise ``BadInput`` unless both lie in one space and were made by one recipe."""
    if ours.space != theirs.space:
        raise BadInput(
            f"Specifications of different spaces cannot be compared: {ours.space} and "
            f"{theirs.space}.",
            hint=f"Compute one again: lwtui spec FOLDER --space {theirs.space.rsplit('-', 1)[0]}",
        )
    if ours.recipe != theirs.recipe:
        raise BadInput(
            f"Specifications of different recipes cannot be compared: {ours.recipe} and "
            f"{theirs.recipe}.",
            hint=f"Compute one again: lwtui spec FOLDER --recipe {theirs.recipe}",
        )


@functools.cache
def space_mean(space: str, recipe: str) -> dict[str, NDArray[np.float32]]:
    """Mean unit vector of each part, (dimension,); empty where the space ships none."""
    file = _MEANS / f"{space}-{recipe}.safetensors"
    if not file.is_file():
        return {}
    import numpy as np
    from safetensors.numpy import load

    return {name: part.astype(np.float32) for name, part in load(file.read_bytes()).items()}


def directions(specification: Specification) -> dict[str, NDArray[np.float32]]:
    """Centred unit vector of each part, (dimension,), float32."""
    mean = space_mean(specification.space, specification.recipe)
    return {name: centred(vector, mean.get(name)) for name, vector in specification.parts.items()}


def centred(vector: NDArray[np.float32], mean: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Scale to unit length, subtract the mean, scale again. Works on the last axis.

    Raises ``BadInput`` if the lengths differ.
    """
    unit = _unit(vector)
    if mean is None:
        return unit
    if unit.shape[-1:] != mean.shape:
        raise BadInput("A part has another length than its space, so the specification is damaged.")
    return _unit(unit - mean)


def similarities(
    ours: Specification, theirs: Sequence[Specification]
) -> list[tuple[float, dict[str, float]]]:
    """For each of ``theirs``: the similarity (−1 to 1) and the cosine of each shared part.

    Raises ``BadInput`` for another space or recipe, or when no part is shared.
    """
    mine = directions(ours)
    result = []
    for other in theirs:
        require_comparable(ours, other)
        yours = directions(other)
        shared = [name for name in mine if name in yours]
        if not shared:
            raise BadInput("The two specifications have no part in common.")
        if any(mine[name].shape != yours[name].shape for name in shared):
            raise BadInput("The two specifications differ in length, so one of them is damaged.")
        parts = {name: float(mine[name] @ yours[name]) for name in shared}
        result.append((sum(parts.values()) / len(parts), parts))
    return result


def score(similarity: float) -> float:
    """softmax([similarity, 0] / 0.1)[0], as the ``learnware`` package's LLM searcher shows it."""
    import math

    return 1.0 / (1.0 + math.exp(-similarity / TEMPERATURE))


def _unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    import numpy as np

    length = np.linalg.norm(vector, axis=-1, keepdims=True)
    return vector / np.maximum(length, 1e-30)


def mean_of(specifications: Sequence[Specification]) -> dict[str, NDArray[np.float32]]:
    """The mean unit vector of each part over several specifications of one space and recipe."""
    import numpy as np

    names = {name for item in specifications for name in item.parts}
    return {
        name: np.mean(
            [_unit(item.parts[name]) for item in specifications if name in item.parts], axis=0
        ).astype(np.float32)
        for name in sorted(names)
    }
