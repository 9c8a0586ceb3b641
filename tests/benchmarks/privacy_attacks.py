"""What can be told from a specification about the rows it was made of, with noise and without.

    python -m tests.benchmarks.privacy_attacks --data DIR [--cache DIR] [--out CSV]

The attacker has the published vectors, the reference model, everything that ships with lwtui, and
rows of the same task of their own. Two attacks:

``membership``: given a row, was it in? The score is the likelihood ratio if the task's rows had
normal gradients, as the attacker's own have: the inner product of row and specification, centred
and with every direction weighed by how little rows scatter along it. Of noised specifications the
gradients are projected as the noised ones were. Area under the curve (0.5 is guessing) and true
positives at a given rate of false ones.

``nearest``: of 1,000 rows (the members, others of the task, and of other tasks), which is nearest
to the specification? How often a member is, what share of the n nearest are, and what chance gives.
Specifications of fewer rows than may be exported are there to show why they may not.
"""

from __future__ import annotations

import argparse
import csv
import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lwtui.dataset.example import Example
from lwtui.spec import privacy
from lwtui.spec.compare import centred
from lwtui.spec.gradient import PARTS, TOKENS_PER_BATCH, row_gradients
from lwtui.spec.reference import load_reference
from lwtui.spec.render import batches, render
from lwtui.spec.space import find_space
from lwtui.spec.subspace import Subspace, find_subspace
from lwtui.starter import corpus

Array = NDArray[np.float32]
Rows = dict[str, Array]
"""Unit row gradients or contributions by part, (rows, numbers)."""

TASKS = (
    "finance/banking77",
    "finance/sentfin_entity_sentiment",
    "math/mathqa_category",
    "math/svamp_answer",
    "medicine/medmcqa",
)
MEMBERS, OUTSIDE, OWN = 512, 192, 128
"""Rows of a task that may be in a specification, that are in none, and that are the attacker's."""
POOL, ELSEWHERE = 1000, 256
SIZES = (1, 4, 16, 64, 256, 512)
EPSILONS = (None, math.inf, 8.0, 4.0, 1.0)
"""None: as ``lwtui spec`` writes it without noise; infinite: projected, and no noise."""
MOST = 32
"""Specifications of one task, size and ε."""
FLOOR = 1e-2
"""Of the variances, as a share of their mean: 64 rows do not tell the small ones."""
SEED = 3407
HERE = Path(__file__).parent


def examples(data: Path, task: str) -> list[Example]:
    """Different rows of both sides of a task, shuffled: members and others are alike."""
    rows = [row for side in ("train", "test") for row in corpus.read_task(data, task, side)]
    random.Random(f"{SEED}/{task}/attack").shuffle(rows)
    found = dict.fromkeys(Example(row.instruction, row.input, row.output) for row in rows)
    return list(found)[: MEMBERS + OUTSIDE + OWN]


def unit_gradients(data: Path, task: str, cache: Path | None) -> Rows:
    """Unit gradients of a task's rows, kept as float16 where there is a cache."""
    file = cache / f"attack-{task.replace('/', '.')}.npz" if cache else None
    if file and file.exists():
        with np.load(file, allow_pickle=False) as found:
            return {part: unit(found[part].astype(np.float32)) for part in PARTS}
    space = find_space("starter")
    reference = load_reference(space, device="cpu")
    rows = [
        render(one, space.template, reference.tokenizer, space.max_tokens)
        for one in examples(data, task)
    ]
    result = {part: np.zeros((len(rows), space.part_dimension(part)), np.float16) for part in PARTS}
    for chosen in batches(rows, TOKENS_PER_BATCH):
        for part, values in row_gradients(reference, space, [rows[i] for i in chosen]).items():
            scaled = unit(values.numpy()) * values.shape[1] ** 0.5
            result[part][chosen] = scaled
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(file, **result)
    return {part: unit(values.astype(np.float32)) for part, values in result.items()}


def unit(rows: Array) -> Array:
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-30)


def seen(rows: Rows, epsilon: float | None, subspace: Subspace) -> Rows:
    """The rows as the attacker compares them."""
    if epsilon is None:
        return rows
    return {p: privacy.contributions(v, p, subspace).astype(np.float32) for p, v in rows.items()}


def published(
    rows: Rows, chosen: slice, epsilon: float | None, subspace: Subspace, source: random.Random
) -> tuple[Rows, Rows]:
    """Of the chosen rows, (1, numbers) by part: the specification as the attacker compares it, as
    it is and centred by the space's mean."""
    if epsilon is None:
        plain = {part: unit(values[chosen].mean(0, keepdims=True)) for part, values in rows.items()}
        return plain, {p: centred(v, subspace.mean[p]) for p, v in plain.items()}
    members = {part: values[chosen] for part, values in rows.items()}
    parts = privacy.noised(members, subspace, epsilon, seed=source.getrandbits(60))
    inside = {p: unit((subspace.basis[p] @ v)[None]) for p, v in parts.items()}
    return inside, inside


def inner(rows: Rows, vectors: Rows) -> NDArray[np.float64]:
    """Σ over parts of the inner products, (rows, vectors)."""
    return np.sum([rows[part] @ vectors[part].T for part in PARTS], axis=0, dtype=np.float64)


def stacked(found: list[Rows]) -> Rows:
    return {part: np.concatenate([one[part] for one in found]) for part in PARTS}


@dataclass(frozen=True)
class Normal:
    """How rows of a task scatter in one part, by the attacker's own rows."""

    mean: Array
    directions: Array
    """Orthonormal, (directions, numbers)."""
    variance: Array
    rest: float
    """Variance in every direction but those."""

    @classmethod
    def of(cls, own: Array, others: Array) -> Normal:
        """``others`` tell what is left outside the directions of the ``own`` rows."""
        mean = own.mean(0)
        _, sizes, directions = np.linalg.svd(own - mean, full_matrices=False)
        kept = sizes > 1e-3 * sizes[0]
        directions, variance = directions[kept], sizes[kept] ** 2 / (len(own) - 1)
        centred = others - mean
        outside = np.square(centred).sum(1) - np.square(centred @ directions.T).sum(1)
        free = mean.size - len(directions)
        return cls(mean, directions, variance, float(outside.mean()) / free if free else 0.0)

    def whitened(self, vectors: Array, noise: float) -> Array:
        """Σ⁻¹ of them, (vectors, numbers), where ``noise`` is added to every variance."""
        rest = self.rest + noise + FLOOR * float(self.variance.mean())
        inside = vectors @ self.directions.T
        factor = 1 / (self.variance + rest) - 1 / rest
        return vectors / rest + (inside * factor) @ self.directions


def membership(
    known: Rows, specifications: Rows, groups: list[slice], sigma: float
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Scores of members and of rows outside, a specification at a time: log-likelihood ratios
    xᵀΣ⁻¹(s − μ) − xᵀΣ⁻¹x / 2n of normal rows x + μ, a mean s of n of them, and noise."""
    own = slice(MEMBERS + OUTSIDE, MEMBERS + OUTSIDE + OWN // 2)
    rest = slice(own.stop, own.stop + OWN // 2)
    size = groups[0].stop - groups[0].start
    scores = np.zeros((len(known["prompt"]), len(groups)))
    for part in PARTS:
        normal = Normal.of(known[part][own], known[part][rest])
        rows = known[part] - normal.mean
        length = specifications[part] @ normal.mean / (normal.mean @ normal.mean)
        scaled = specifications[part] / np.maximum(length, 0.2)[:, None]
        white = normal.whitened(scaled - normal.mean, sigma**2 / size)
        own_size = (rows * normal.whitened(rows, sigma**2 / size)).sum(1)
        scores += rows @ white.T - own_size[:, None] / (2 * size)
    scores = (scores - scores[rest].mean(0)) / scores[rest].std(0)
    for index, group in enumerate(groups):
        yield scores[group, index], scores[MEMBERS : MEMBERS + OUTSIDE, index]


def nearest(
    known: Rows, elsewhere: Rows, specifications: Rows, groups: list[slice]
) -> Iterator[tuple[bool, float, float]]:
    """Is the nearest row a member, what share of the n nearest are, and what chance gives."""
    here, there = inner(known, specifications), inner(elsewhere, specifications)
    for index, group in enumerate(groups):
        inside = here[group, index]
        outside = np.concatenate([here[MEMBERS:, index], there[:, index]])[: POOL - len(inside)]
        order = np.argsort(-np.concatenate([inside, outside]), kind="stable")
        first = order[: len(inside)] < len(inside)
        yield bool(first[0]), float(first.mean()), len(inside) / len(order)


def curve(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> dict[str, float]:
    """Area under the curve, and true positives at 0.1, 1 and 5 % false ones (the first only of a
    thousand rows outside)."""
    ordered = np.sort(outside)
    below = np.searchsorted(ordered, inside, "left") + np.searchsorted(ordered, inside, "right")
    found = {"auc": float(below.mean() / 2 / len(ordered))}
    for rate in (0.001, 0.01, 0.05):
        threshold = np.quantile(ordered, 1 - rate, method="higher")
        known = rate * len(ordered) >= 1
        found[f"tpr_at_{rate:g}"] = float((inside > threshold).mean()) if known else math.nan
    return found


def attack(gradients: dict[str, Rows], subspace: Subspace) -> Iterator[dict[str, object]]:
    """One line for every ε and size, over all tasks, and one for every task."""
    for epsilon in EPSILONS:
        known = {task: seen(rows, epsilon, subspace) for task, rows in gradients.items()}
        few = {
            task: {p: v[MEMBERS : MEMBERS + ELSEWHERE] for p, v in rows.items()}
            for task, rows in known.items()
        }
        finite = epsilon is not None and math.isfinite(epsilon)
        sigma = privacy.noise_multiplier(epsilon, privacy.DELTA, len(PARTS)) if finite else 0.0
        for size in SIZES:
            pooled: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
            hits: list[tuple[bool, float, float]] = []
            for task, rows in gradients.items():
                source = random.Random(f"{SEED}/{task}/{size}/{epsilon}")
                count = min(MOST, MEMBERS // size)
                groups = [slice(i * size, (i + 1) * size) for i in range(count)]
                if finite:
                    groups *= max(1, 8 // count)  # other noise on the same rows
                made = [published(rows, group, epsilon, subspace, source) for group in groups]
                elsewhere = stacked([few[other] for other in gradients if other != task])
                whole = stacked([plain for plain, _ in made])
                scores = list(membership(known[task], whole, groups, sigma))
                places = list(
                    nearest(known[task], elsewhere, stacked([mid for _, mid in made]), groups)
                )
                yield line(task, epsilon, size, scores, places)
                pooled += scores
                hits += places
            yield line("all", epsilon, size, pooled, hits)


def line(
    task: str,
    epsilon: float | None,
    size: int,
    scores: list[tuple[NDArray[np.float64], NDArray[np.float64]]],
    places: list[tuple[bool, float, float]],
) -> dict[str, object]:
    found = curve(*(np.concatenate(side) for side in zip(*scores, strict=True)))
    hit, share, chance = (float(np.mean(side)) for side in zip(*places, strict=True))
    facts = {**found, "nearest_is_member": hit, "members_among_nearest": share, "chance": chance}
    name = "none" if epsilon is None else f"{epsilon:g}".replace("inf", "projected only")
    return {
        "task": task,
        "epsilon": name,
        "rows": size,
        "specifications": len(scores),
        **{key: "" if math.isnan(value) else f"{value:.4g}" for key, value in facts.items()},
    }


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, help="where to keep row gradients between runs")
    parser.add_argument("--out", type=Path, default=HERE / "results" / "privacy_attacks.csv")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    began = time.process_time()
    gradients = {}
    for task in TASKS:
        gradients[task] = unit_gradients(arguments.data, task, arguments.cache)
        print(f"{task:<40}{len(gradients[task]['prompt'])} rows", flush=True)
    lines = []
    for found in attack(gradients, find_subspace(find_space("starter").id, "gradient")):
        lines.append(found)
        if found["task"] == "all":
            print("  ".join(f"{key} {value}" for key, value in found.items()), flush=True)
    with arguments.out.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(lines[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    print(f"{time.process_time() - began:.0f} s of CPU; wrote {arguments.out.name}")


if __name__ == "__main__":
    main()
