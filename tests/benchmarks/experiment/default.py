"""What the default recipe orders learnwares by, from the caches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.experiment import expected, recipes, value, vectors

RECIPE = "row unit norm"


def similarity(work: Path, has: str = "answers", recipe: str = RECIPE) -> NDArray[np.float64]:
    """(users, sets); ``has`` is ``answers`` or ``prompts only``."""
    users, sets = vectors.cached_sides(work, "vectors", lambda: vectors.build(work))[recipe]
    return recipes.cosines(users, sets, parts=None if has == "answers" else ["prompt"])


def gains(measured: value.Measured, work: Path, has: str = "answers") -> NDArray[np.float64]:
    """Gains to expect (users, sets), with nothing measured on a user's own task."""
    return expected.gains(measured, similarity(work, has))
