"""What a specification gives away, and noise against it.

A specification is a mean of unit gradients. No row of the data is in it, and yet it is not
anonymous: published attacks reconstruct text from gradients, whole batches exactly (DAGER, Petrov
et al. 2024) and from those of low-rank adapters too (Chen et al. 2026, arXiv 2601.17533), and
whoever holds a row can tell whether it went in (``tests/benchmarks/privacy_attacks.py``). So: no
raw data leaves, but never "it cannot be inverted".

Against that, recipe ``gradient`` can be noised (the Gaussian mechanism, Dwork et al. 2006, with
the calibration of Balle and Wang 2018):

1. every row's unit gradient is projected into the public subspace (``subspace.py``) and scaled to
   unit length there, part by part. That is the clipping: no row contributes more than length 1;
2. the contributions are summed and Gaussian noise of standard deviation σ is added to each number;
3. the sum's direction, put back into the whole space, is the part. It is compared like any other.

**What is promised.** Take one row's contribution away and what is published changes its
probability by no more than (ε, δ) allow: leaving out one row moves each part's sum by at most 1,
and the parts are accounted together. The number of rows and which fields a dataset has are
public. Exchanging a row for another moves the sums twice as far: that is promised at twice the
noise. A person with k rows, or a second specification from the same rows, needs the same again:
budgets add up. The noise is drawn from the operating system's source of randomness and kept
nowhere; no seed in the file leads to it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.model import MINIMUM_ROWS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lwtui.spec.reference import Reference
    from lwtui.spec.render import Rendered
    from lwtui.spec.space import Space
    from lwtui.spec.subspace import Subspace

MECHANISM = "projected-gaussian-1"
"""Its name and version in the file."""
DELTA = 1e-5
"""Far below one in the number of rows, as it must be: a mechanism that publishes one row at random
has δ = 1/rows."""
_SUMMED = 4


@dataclass(frozen=True)
class Guarantee:
    """What a specification's noise promises."""

    epsilon: float
    delta: float
    noise: float
    """σ of every number of the sums, in units of the most that one row contributes to a part."""
    subspace: str
    """Id of the public subspace."""
    mechanism: str = MECHANISM
    minimum_rows: int = MINIMUM_ROWS
    """The fewest different rows that such a specification is made of."""

    @property
    def text(self) -> str:
        """For a person."""
        return (
            f"Noised: ε = {self.epsilon:g}, δ = {self.delta:g} for each row "
            f"({self.mechanism}, subspace {self.subspace}, σ = {self.noise:.3g})."
        )


def guarantee_from(facts: Any) -> Guarantee:
    """Of a file's header. Raises ``ValueError`` if it is not one."""
    if not isinstance(facts, dict):
        raise ValueError("not a table")
    for name in ("epsilon", "delta", "noise"):
        number = facts.get(name)
        if not isinstance(number, int | float) or not 0 <= number < math.inf:
            raise ValueError(f"{name} is not a finite number")
    if not all(isinstance(facts.get(name), str) for name in ("subspace", "mechanism")):
        raise ValueError("subspace or mechanism is missing")
    if not isinstance(facts.get("minimum_rows"), int):
        raise ValueError("minimum_rows is missing")
    return Guarantee(**{field.name: facts[field.name] for field in fields(Guarantee)})


def require_epsilon(epsilon: float, delta: float, recipe: str, rows: int) -> None:
    """Raise ``BadInput`` unless noise can be added to this, before anything slow."""
    if recipe != "gradient":
        raise BadInput(
            f"Noise is not offered for recipe {recipe}: it trains on the rows again and again, so "
            "what one row contributes has no bound.",
            field="epsilon",
            hint="Use --recipe gradient, or leave out --epsilon.",
        )
    if not (math.isfinite(epsilon) and epsilon > 0):
        raise BadInput("It is a number above 0.", field="epsilon", hint="For instance 4.")
    if not 0 < delta < 1 / max(rows, 1):
        raise BadInput(
            f"It lies between 0 and 1/rows, here {1 / max(rows, 1):.2g}: above, one row in clear "
            "would satisfy it.",
            field="delta",
            hint=f"Leave it at {DELTA:g}.",
        )
    noise_multiplier(epsilon, delta, 1)


def noise_multiplier(epsilon: float, delta: float, parts: int) -> float:
    """The least σ, in units of one row's contribution to a part, at which all parts together keep
    (ε, δ). By ``dp-accounting``; raises ``BadInput`` when it is absent."""
    try:
        from dp_accounting.pld.accountant import get_smallest_gaussian_noise
        from dp_accounting.pld.common import DifferentialPrivacyParameters
    except ImportError as error:
        raise BadInput(
            "Noise is accounted for by the package dp-accounting, which is not installed.",
            field="epsilon",
            hint="Install it: pip install 'lwtui[privacy]'",
        ) from error
    wanted = DifferentialPrivacyParameters(epsilon, delta)
    return float(get_smallest_gaussian_noise(wanted, num_queries=parts, sensitivity=1.0))


def contributions(unit_rows: NDArray[np.floating], part: str, subspace: Subspace) -> NDArray[Any]:
    """What each row adds to a part's sum, float64 (rows, directions): length 1, or 0 for a row
    without that part."""
    import numpy as np

    inside = np.asarray(unit_rows @ subspace.basis[part].T, np.float64)
    length = np.linalg.norm(inside, axis=1, keepdims=True)
    return inside / np.maximum(length, 1e-30)


def noised(
    unit_rows: Mapping[str, NDArray[np.floating]],
    subspace: Subspace,
    epsilon: float,
    delta: float = DELTA,
    *,
    seed: int | None = None,
) -> dict[str, NDArray[np.float32]]:
    """A specification's parts from unit row gradients (rows, dimension) by part, noised.

    For experiments over cached gradients: infinite ε projects and adds nothing. ``seed`` makes it
    repeatable, and void as a protection.
    """
    sums = {
        name: contributions(rows, name, subspace).sum(0)
        for name, rows in unit_rows.items()
        if rows.any()
    }
    sigma = 0.0 if math.isinf(epsilon) else noise_multiplier(epsilon, delta, len(sums))
    return released(sums, sigma, subspace, seed=seed)


def released(
    sums: Mapping[str, NDArray[Any]], sigma: float, subspace: Subspace, *, seed: int | None = None
) -> dict[str, NDArray[np.float32]]:
    """The parts, (dimension,) each, from sums of contributions (directions,) and noise of σ."""
    normal = _generator(seed)
    return {
        name: subspace.back(name, sums[name] + sigma * normal(len(sums[name])))
        for name in sorted(sums)
    }


def noised_parts(
    reference: Reference,
    space: Space,
    rows: Sequence[Rendered],
    epsilon: float,
    delta: float,
    context: JobContext,
) -> tuple[dict[str, NDArray[np.float32]], Guarantee]:
    """The parts of a specification with noise, and what that promises.

    Takes all rows, whatever they are like: an early stop would tell something about them. Nothing
    is kept for a later try, since sums without noise would lie on the disk.
    """
    from lwtui.spec.subspace import find_subspace

    subspace = find_subspace(space.id, "gradient")
    sums = _sums(reference, space, rows, subspace, context)
    sigma = noise_multiplier(epsilon, delta, len(sums))
    parts = released(sums, sigma, subspace)
    return parts, Guarantee(epsilon, delta, sigma, subspace.id)


def _sums(
    reference: Reference,
    space: Space,
    rows: Sequence[Rendered],
    subspace: Subspace,
    context: JobContext,
) -> dict[str, NDArray[Any]]:
    """Sums of contributions by part, of those parts that any row has. Raises ``Cancelled``."""
    import numpy as np
    import torch

    from lwtui.spec.gradient import PARTS, TOKENS_PER_BATCH, WORKERS, row_gradients
    from lwtui.spec.parallel import in_order
    from lwtui.spec.render import batches

    workers = min(torch.get_num_threads(), WORKERS) if reference.device == "cpu" else 1

    def sums_of(indices: list[int], check: Callable[[], None]) -> dict[str, NDArray[Any]]:
        found = row_gradients(reference, space, [rows[i] for i in indices], check)
        return {
            name: contributions(_unit(gradients).cpu().numpy(), name, subspace).sum(0)
            for name, gradients in found.items()
        }

    reference.decoder(space)
    chosen = batches(rows, TOKENS_PER_BATCH // workers)
    total = {name: np.zeros(len(subspace.basis[name])) for name in PARTS}
    done = 0
    context.progress(0, len(rows), "computing the specification")
    for more, indices in zip(in_order(chosen, sums_of, workers, context), chosen, strict=True):
        total = {name: total[name] + more[name] for name in PARTS}
        done += len(indices)
        context.progress(done, len(rows), "computing the specification")
    return {name: part for name, part in total.items() if part.any()}


def _unit(gradients: Any) -> Any:
    return gradients / gradients.norm(dim=1, keepdim=True).clamp(min=1e-30)


def _generator(seed: int | None) -> Callable[[int], NDArray[np.float64]]:
    """Draws standard normal numbers: from the operating system's cryptographic source, or
    repeatably for an experiment.

    A floating-point normal number can give away which value lay under it, since not all doubles
    occur (Mironov 2012). A sum of four has too many preimages for that (Holohan and Braghin 2021).
    """
    import numpy as np

    if seed is not None:
        return np.random.default_rng(seed).standard_normal
    source = random.SystemRandom()

    def one() -> float:
        return sum(source.gauss(0.0, 1.0) for _ in range(_SUMMED)) / _SUMMED**0.5

    return lambda count: np.array([one() for _ in range(count)])


def different(rows: Iterable[object]) -> int:
    """How many of the rows are not a repetition."""
    return len(set(rows))


def require_enough(rows: int) -> None:
    """Raise ``BadInput`` if a specification of so many different rows may not leave this machine.

    A row's share of the mean is 1/rows. Of one row a specification *is* that row's gradient; of 4
    rows, 73 % of the 4 nearest among 1,000 are the members, of 16 rows 32 % of the 16 nearest
    (``tests/benchmarks/results/privacy_attacks.csv``). The bound keeps the worst away and is no
    guarantee: who knows the task can still tell nearly every member of 16. Noise is one.
    """
    if rows < MINIMUM_ROWS:
        count = f"Only {rows} different row{'s' * (rows != 1)}"
        raise BadInput(
            f"{count}: a specification of so few can give them away, so it is not written.",
            field="rows",
            hint=f"Give at least {MINIMUM_ROWS} (more data, --rows), or match directly from the "
            "folder, which writes nothing: lwtui match FOLDER",
        )
