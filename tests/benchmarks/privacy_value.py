"""What noise costs: the value of the pick against ε, rows and the subspace the noise is added in.

    python -m tests.benchmarks.privacy_value --work DIR [--out CSV]

Takes the row gradients and losses that ``tests.benchmarks.experiment`` left in its work folder. The
users' specifications are noised, the learnwares' are not. ``share`` is the part of the way from the
base to the oracle (1 is the oracle, below 0 is worse than the base) of the pick by expected gain,
over users whose task nobody was trained on and over those whose task somebody was; ``own first``
counts the latter's whose own training set is the most similar. Mean and spread over noise draws.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lwtui import paths
from lwtui.spec import privacy
from lwtui.spec.compare import centred, space_mean
from lwtui.spec.gradient import PARTS
from lwtui.spec.space import find_space
from lwtui.spec.specification import load_specification
from lwtui.spec.subspace import Subspace, find_subspace
from tests.benchmarks.experiment import expected, gradients, plan, value

Array = NDArray[np.float32]
Rows = dict[str, Array]

SIZES = (16, 32, 64, 128)
EPSILONS = (0.5, 1.0, 2.0, 4.0, 8.0, math.inf)
COMPARED = (1.0, 4.0, math.inf)
"""The ε at which other subspaces are compared, at 64 rows."""
STANDARD = 64
DRAWS = 5
RANDOM = 512
SPACE = find_space("starter").id
HERE = Path(__file__).parent


def unit(rows: Array) -> Array:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-30)


def spanned(vectors: dict[str, Array], keep: int | None = None) -> Subspace:
    """Of other public vectors (vectors, dimension), or their leading directions."""
    mean = space_mean(SPACE, "gradient")
    basis = {}
    for part, rows in vectors.items():
        along = mean[part] / np.linalg.norm(mean[part])
        free = rows - np.outer(rows @ along, along)
        _, sizes, directions = np.linalg.svd(free, full_matrices=False)
        basis[part] = directions[sizes > 1e-3 * sizes[0]][:keep]
    return Subspace("", mean, basis)


def subspaces() -> dict[str, Subspace]:
    mean = space_mean(SPACE, "gradient")
    files = sorted(
        paths.specs_dir(paths.starter_root()).glob(f"starter/*/pave-{SPACE}.safetensors")
    )
    starter = [load_specification(file) for file in files]
    learnwares = {
        part: unit(np.stack([one.parts[part] for one in starter])) - mean[part] for part in PARTS
    }
    source = np.random.default_rng(7)
    drawn = {
        part: source.normal(size=(min(RANDOM, len(mean[part])), len(mean[part]))) for part in PARTS
    }
    return {
        "starter learnwares": spanned(learnwares),
        "starter learnwares, first 8": spanned(learnwares, 8),
        f"random, {RANDOM}": spanned({p: v.astype(np.float32) for p, v in drawn.items()}),
    }


def whole_space(rows: Rows, epsilon: float, seed: int) -> Rows:
    """Noise in every dimension: a unit row is bounded as it is."""
    sigma = 0.0 if math.isinf(epsilon) else privacy.noise_multiplier(epsilon, privacy.DELTA, 3)
    source = np.random.default_rng(seed)
    return {
        part: found.sum(0) + sigma * source.standard_normal(found.shape[1], np.float32)
        for part, found in rows.items()
    }


class Users:
    """Row gradients of every user, and the training sets they are compared with."""

    def __init__(self, work: Path) -> None:
        self.measured = value.read(work)
        mean = space_mean(SPACE, "gradient")
        self.mean = mean
        sets: dict[str, list[Array]] = {part: [] for part in PARTS}
        for key in self.measured.sets:
            cached = gradients.load(work, "training", key, "mixed", STANDARD)
            for part in PARTS:
                sets[part].append(centred(unit(cached.unit[part]).mean(0), mean[part]))
        self.sets = {part: np.stack(found) for part, found in sets.items()}
        self.rows = []
        for user in plan.USERS:
            cached = gradients.load(work, "user", user, "instruction", max(SIZES))
            rows = {part: unit(cached.unit[part]) for part in PARTS}
            self.rows.append({part: found.astype(np.float16) for part, found in rows.items()})

    def first(self, user: int, count: int) -> Rows:
        return {part: unit(v[:count].astype(np.float32)) for part, v in self.rows[user].items()}

    def similarity(self, parts: Rows) -> NDArray[np.float64]:
        """Of one user to every set."""
        found = [self.sets[part] @ centred(parts[part], self.mean[part]) for part in PARTS]
        return np.mean(found, axis=0, dtype=np.float64)

    def worth(self, similarity: NDArray[np.float64]) -> tuple[float, float, int]:
        """Share on unseen tasks, on seen ones, and how many have their own set first."""
        shares = []
        for users, own_anchor in ((plan.UNSEEN, False), (plan.SEEN, True)):
            gains = expected.gains(self.measured, similarity, own_anchor=own_anchor)
            shares.append(value.value(self.measured, gains, list(users)).share)
        first = {
            user: self.measured.sets[int(similarity[index].argmax())]
            for index, user in enumerate(self.measured.users)
        }
        own = sum(first[user] in plan.own_sets(user) for user in plan.SEEN)
        return shares[0], shares[1], own


def seed_of(*facts: object) -> int:
    return int.from_bytes(hashlib.sha256(repr(facts).encode()).digest()[:6], "big")


def measure(
    users: Users, name: str, subspace: Subspace | None, size: int, epsilons: tuple[float, ...]
) -> Iterator[dict[str, object]]:
    """A line for every ε. ``subspace`` None: the whole space."""
    count = len(plan.USERS)
    sums: list[Rows] = []
    for user in range(count) if subspace else ():
        found = users.first(user, size)
        sums.append({p: privacy.contributions(found[p], p, subspace).sum(0) for p in PARTS})
    for epsilon in epsilons:
        sigma = 0.0 if math.isinf(epsilon) else privacy.noise_multiplier(epsilon, privacy.DELTA, 3)
        results = []
        for draw in range(1 if math.isinf(epsilon) else DRAWS):
            similarity = []
            for user in range(count):
                seed = seed_of(name, size, epsilon, draw, user)
                if subspace:
                    parts = privacy.released(sums[user], sigma, subspace, seed=seed)
                else:
                    parts = whole_space(users.first(user, size), epsilon, seed)
                similarity.append(users.similarity(parts))
            results.append(users.worth(np.stack(similarity)))
        mean, spread = np.mean(results, axis=0), np.std(results, axis=0)
        dimension = len(subspace.basis["answer"]) if subspace else users.sets["answer"].shape[1]
        yield {
            "subspace": name,
            "directions": dimension,
            "rows": size,
            "epsilon": f"{epsilon:g}",
            "share_unseen": f"{mean[0]:.3f}",
            "share_unseen_spread": f"{spread[0]:.3f}",
            "share_seen": f"{mean[1]:.3f}",
            "share_seen_spread": f"{spread[1]:.3f}",
            "own_first": f"{mean[2]:.1f}",
            "of": len(plan.SEEN),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=HERE / "results" / "privacy_value.csv")
    arguments = parser.parse_args()
    users = Users(arguments.work)
    lines = []

    def tell(found: Iterator[dict[str, object]]) -> None:
        for one in found:
            lines.append(one)
            print("  ".join(f"{key} {text}" for key, text in one.items()), flush=True)

    shipped = find_subspace(SPACE, "gradient")
    for size in SIZES:
        tell(measure(users, "no noise, no subspace", None, size, (math.inf,)))
        tell(measure(users, "anchors (shipped)", shipped, size, EPSILONS))
    for name, subspace in subspaces().items():
        tell(measure(users, name, subspace, STANDARD, COMPARED))
    tell(measure(users, "whole space", None, STANDARD, COMPARED[:-1]))
    with arguments.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)


if __name__ == "__main__":
    main()
