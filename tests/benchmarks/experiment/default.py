"""The similarities that the default recipe gives, from the caches."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.experiment import recipes, vectors

RECIPE = "gradient, 64 rows"


def similarity(work: Path, has: str = "answers", recipe: str = RECIPE) -> NDArray[np.float64]:
    """(users, sets); ``has`` is ``answers`` or ``prompts only``."""
    users, sets = vectors.cached_sides(work, "vectors", lambda: vectors.build(work))[recipe]
    return recipes.cosines(users, sets, parts=None if has == "answers" else ["prompt"])
