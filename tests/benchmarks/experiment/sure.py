"""How sure a pick is, when to abstain, and what verifying adds.

    python -m tests.benchmarks.experiment.sure --data DIR --work DIR

A pick is ``right`` when no learnware is better on the scored rows by more than two standard errors
of the paired difference. Every probability, and every decision to abstain, of a user comes from
constants fitted without that user's task. Prints the constants fitted on everybody, for
``lwtui/match/calibration.toml``.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lwtui.match.calibration import EDGE, find_calibration
from lwtui.match.expect import expected_gains
from lwtui.match.halving import SCHEDULE, paired, successive_halving
from lwtui.spec.gradient import GROUPS
from lwtui.spec.space import find_space
from tests.benchmarks.experiment import (
    default,
    expected,
    gradients,
    plan,
    recipes,
    value,
    vectors,
)
from tests.benchmarks.experiment.study import GROUPS as USER_GROUPS
from tests.benchmarks.experiment.study import RESULTS

Array = NDArray[np.float64]
DRAWS = 500
COUNTS = (16, 32, 64)
STANDARD = 64
TOP = 12
ERRORS = 2
"""Standard errors by which a better learnware must be better."""
THRESHOLDS = (-1.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3)
BINS = (0.0, 0.5, 0.8, 0.9, 0.97, 1.0001)
BASE = -1


@dataclass(frozen=True)
class Pick:
    """What is known of one user's match before and after it is measured."""

    user: str
    group: str
    has: str
    rows: int
    order: list[int]
    """Allowed training sets, the highest gain to expect first."""
    gain: float
    """The first one's, nats/token."""
    similarity: float
    """The first one's."""
    highest: float
    """The highest similarity of all."""
    share: float
    """Of the bootstrap draws in which the winner comes first."""
    right: bool
    pick: float
    base: float
    oracle: float
    """The best allowed learnware or the base, nats/token."""


def set_rows(measured: value.Measured) -> list[list[Array]]:
    """Per set and user (rows, 3), averaged over the learnwares of the set; last the base's."""
    result = []
    for key in measured.sets:
        names = [name for name in plan.training_sets()[key][2] if name in measured.rows]
        result.append(
            [np.mean([measured.rows[name][u] for name in names], 0) for u in range(len(plan.USERS))]
        )
    return [*result, measured.base_rows]


def picks(work: Path, measured: value.Measured, has: str, count: int) -> list[Pick]:
    """All users' matches with a specification of ``count`` rows."""
    sides = vectors.cached_sides(work, "vectors", lambda: vectors.build(work))
    sets = sides[default.RECIPE][1]
    parts = vectors.PARTS if has == "answers" else ("prompt",)
    theirs, means = {}, {}
    for part in parts:
        stacked = recipes.unit(np.stack([sets[key][part] for key in measured.sets]))
        means[part] = stacked.mean(0)
        theirs[part] = recipes.unit(stacked - means[part])
    rows = set_rows(measured)
    anchored = expected.measure(measured)
    result = []
    for task in plan.USERS:
        cached = gradients.load(work, "user", task, "instruction", count)
        drawn = np.zeros((DRAWS + 1, len(measured.sets)))
        held = len(next(iter(cached.tokens.values())))
        groups = min(GROUPS, held)
        weights = np.random.default_rng(0).multinomial(groups, np.full(groups, 1 / groups), DRAWS)
        weights = np.concatenate([np.ones((1, groups)), weights]).astype(np.float32)
        for part in parts:
            unit = recipes.part_rows(cached, part, False)
            sums = np.stack([unit[group::groups].sum(0) for group in range(groups)])
            ours = recipes.unit(recipes.unit(weights @ sums) - means[part])
            drawn += ours @ theirs[part].T / len(parts)
        kept = expected.anchors_of(task, own_anchor=False)
        to_anchors = drawn[:, [anchored.places[i] for i in kept]]
        alike = drawn[0]
        drawn = expected_gains(to_anchors, drawn, anchored.gains[:, kept], anchored.own)
        for group, (users, own_out) in USER_GROUPS.items():
            if task in users:
                mask = value.allowed(measured, task, own_out)
                result.append(_pick(measured, rows, drawn, alike, mask, task, group, has, count))
    return result


def _pick(
    measured: value.Measured,
    rows: list[list[Array]],
    drawn: Array,
    alike: Array,
    mask: NDArray[np.bool_],
    task: str,
    group: str,
    has: str,
    count: int,
) -> Pick:
    user = measured.users.index(task)
    usual = np.where(mask, drawn[0], -np.inf)
    order = [int(i) for i in np.argsort(-usual, kind="stable") if mask[i]]
    tasks = list(plan.training_sets().values())
    same = [i for i in order if set(tasks[i][0]) == set(tasks[order[0]][0])]
    firsts = np.where(mask, drawn[1:], -np.inf).argmax(1)
    scored = slice(0, plan.SCORED_ROWS)
    mine = rows[order[0]][user][scored, 0]
    better = [paired(mine.tolist(), rows[i][user][scored, 0].tolist()) for i in order[1:]]
    return Pick(
        task, group, has, count, order,
        gain=float(usual[order[0]]),
        similarity=float(alike[order[0]]),
        highest=float(alike[order].max()),
        share=float(np.isin(firsts, same).mean()),
        right=all(difference <= ERRORS * error for difference, error in better),
        pick=float(measured.loss[order[0], user]),
        base=float(measured.base[user]),
        oracle=float(min(measured.base[user], measured.loss[order, user].min())),
    )  # fmt: skip


def features(found: list[Pick]) -> Array:
    shares = np.clip([p.share for p in found], EDGE, 1 - EDGE)
    return np.stack(
        [
            np.ones(len(found)),
            np.log(shares / (1 - shares)),
            [p.similarity for p in found],
        ],
        axis=1,
    )


def fit(found: list[Pick]) -> Array:
    """Constants of the logistic curve (intercept and slopes of at least 0), a little shrunk."""
    from scipy.optimize import minimize

    x, y = features(found), np.array([p.right for p in found], float)

    def cost(beta: Array) -> float:
        odds = x @ beta
        return float(np.mean(np.logaddexp(0, odds) - y * odds) + 1e-4 * np.square(beta[1:]).sum())

    bounds = [(None, None), (0, None), (0, None)]
    return np.asarray(minimize(cost, np.array([0.0, 0.3, 1]), bounds=bounds).x)


def probabilities(found: list[Pick]) -> Array:
    """Of each pick, from constants fitted on the other tasks."""
    result = np.zeros(len(found))
    for task in {p.user for p in found}:
        beta = fit([p for p in found if p.user != task])
        own = [i for i, p in enumerate(found) if p.user == task]
        result[own] = 1 / (1 + np.exp(-features([found[i] for i in own]) @ beta))
    return result


def advised(pick: Pick, threshold: float) -> float:
    """Loss of what is selected when the base is advised below a highest similarity."""
    return pick.base if pick.highest < threshold or pick.gain < 0 else pick.pick


def threshold(found: list[Pick]) -> float:
    """The lowest of ``THRESHOLDS`` that loses least over the picks given, within a hundredth."""
    costs = [np.mean([advised(p, edge) for p in found]) for edge in THRESHOLDS]
    return next(e for e, c in zip(THRESHOLDS, costs, strict=True) if c <= min(costs) + 0.01)


def verified(found: Pick, rows: list[list[Array]], measured: value.Measured) -> tuple[float, int]:
    """Loss on the scored rows of what halving of the first and the base finds, and rows run."""
    user = measured.users.index(found.user)
    after = slice(plan.SCORED_ROWS, None)
    held = {i: rows[i][user][after, 0].tolist() for i in [BASE, *found.order[:TOP]]}
    result = successive_halving(
        found.order[:TOP],
        lambda one, span: held[one][span.start : span.stop],
        min(len(held[BASE]), max(SCHEDULE)),
        keep=(BASE,),
    )
    best = result.order[0]
    loss = measured.base[user] if best == BASE else measured.loss[best, user]
    return float(loss), result.evaluations


def reliability(kind: str, found: list[Pick], called: Array) -> list[list[object]]:
    lines: list[list[object]] = []
    for low, high in itertools.pairwise(BINS):
        inside = [i for i, p in enumerate(called) if low <= p < high]
        if inside:
            right = np.mean([found[i].right for i in inside])
            lines.append([kind, round(float(np.mean(called[inside])), 3), round(float(right), 3),
                          len(inside)])  # fmt: skip
    return lines


def _write(name: str, header: list[str], lines: list[list[object]]) -> None:
    with (RESULTS / name).open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="not read")
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    measured = value.read(arguments.work)
    rows = set_rows(measured)
    curves: list[list[object]] = []
    values: list[list[object]] = []
    for has in ("answers", "prompts only"):
        found = [p for n in COUNTS for p in picks(arguments.work, measured, has, n)]
        called = probabilities(found)
        curves += reliability(f"calibrated, {has}", found, called)
        curves += reliability(f"bootstrap alone, {has}", found, np.array([p.share for p in found]))
        beta = fit(found)
        standard = [i for i, p in enumerate(found) if p.rows == STANDARD]
        chosen = [found[i] for i in standard]
        limit = find_calibration(find_space("starter").id, "gradient", has == "answers").threshold
        fitted = threshold([p for p in chosen if p.group != "unseen"])
        print(f"{has}: intercept {beta[0]:.3f} bootstrap {beta[1]:.3f} similarity {beta[2]:.3f}; "
              f"threshold by the seen tasks {fitted}, used {limit}")  # fmt: skip
        for group in USER_GROUPS:
            own = [i for i, p in enumerate(chosen) if p.group == group]
            some = [chosen[i] for i in own]
            settled = [verified(p, rows, measured) for p in some]
            close = [called[standard[i]] < 0.9 for i in own]
            ways = {
                "base": [p.base for p in some],
                "pick": [p.pick for p in some],
                "pick or base": [advised(p, limit) for p in some],
                "verified": [loss for loss, _ in settled],
                "verified where close": [
                    loss if c else p.pick
                    for c, (loss, _), p in zip(close, settled, some, strict=True)
                ],
                "oracle or base": [p.oracle for p in some],
            }
            base, oracle = np.mean(ways["base"]), np.mean(ways["oracle or base"])
            for way, losses in ways.items():
                mean = float(np.mean(losses))
                difference = np.array(losses) - np.array(ways["base"])
                error = float(difference.std(ddof=1) / math.sqrt(len(difference)))
                runs = 0.0
                if way == "verified":
                    runs = float(np.mean([count for _, count in settled]))
                elif way == "verified where close":
                    runs = float(np.mean([n * c for c, (_, n) in zip(close, settled, strict=True)]))
                share = float((base - mean) / (base - oracle)) if base > oracle else 0.0
                values.append([group, has, len(some), way, round(mean, 4), round(share, 3),
                               round(float(difference.mean()), 4), round(error, 4),
                               sum(advised(p, limit) != p.pick for p in some)
                               if way == "pick or base" else "",
                               round(runs, 1) or ""])  # fmt: skip
                print(*values[-1], sep="\t")
    _write("reliability.csv", ["kind", "called", "right", "picks"], curves)
    for line in curves:
        print(*line, sep="\t")
    _write(
        "verified.csv",
        ["group", "user_has", "users", "way", "loss", "share_of_the_way", "minus_base",
         "standard_error", "abstained", "rows_run"],
        values,
    )  # fmt: skip


if __name__ == "__main__":
    main()
