"""The paper's comparison from our runs: base, random, the pick, best single, oracle, by user.

    python -m tests.benchmarks.experiment.table --data DIR --work DIR

Task level, averaging the learnwares of one training set as the paper does; the pick is the highest
gain to expect, with nothing measured on the user's own task. Users whose task some
learnware was trained on and users whose task none was are reported apart. Lower loss is better;
``exact`` is the share of answers that greedy decoding gives word for word.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.experiment import default, plan, value
from tests.benchmarks.experiment.study import GROUPS, RESULTS

Array = NDArray[np.float64]
WAYS = ("base", "random", "pick", "best single", "oracle")


def choices(measured: value.Measured, order: Array, group: str) -> dict[str, dict[str, Array]]:
    """metric -> way of choosing -> figure of each user of a group, and ``picked`` set numbers."""
    users, own_out = GROUPS[group]
    columns = [measured.users.index(user) for user in users]
    masks = np.stack([value.allowed(measured, user, own_out) for user in users], axis=1)
    loss = np.where(masks, measured.loss[:, columns], np.nan)
    exact = np.where(masks, measured.exact[:, columns], np.nan)
    picked = np.argmax(np.where(masks.T, order[columns], -np.inf), axis=1)
    by_mean = np.argsort(np.nanmean(loss, axis=1))
    single = np.array([next(s for s in by_mean if masks[s, u]) for u in range(len(users))])
    oracle = np.nanargmin(loss, axis=0)
    each = np.arange(len(users))
    result = {"picked": {"pick": picked, "best single": single, "oracle": oracle}}
    for metric, table, base in (
        ("loss", loss, measured.base[columns]),
        ("exact", exact, measured.base_exact[columns]),
    ):
        result[metric] = {
            "base": base,
            "random": np.nanmean(table, axis=0),
            "pick": table[picked, each],
            "best single": table[single, each],
            "oracle": table[oracle, each],
        }
    return result


def ranks(losses: dict[str, Array]) -> dict[str, float]:
    """Average rank of each way, 1 the best; ties share the smaller rank (method="min")."""
    from scipy.stats import rankdata

    table = np.stack([losses[way] for way in WAYS])
    found = rankdata(table.round(6), method="min", axis=0).mean(1)
    return {way: float(rank) for way, rank in zip(WAYS, found, strict=True)}


def against(one: Array, other: Array) -> str:
    """Win/tie/loss of ``one``; lower is better."""
    difference = (one - other).round(6)
    return f"{(difference < 0).sum()}/{(difference == 0).sum()}/{(difference > 0).sum()}"


def interval(one: Array, other: Array, draws: int = 10_000) -> tuple[float, float]:
    """95 % interval of the mean difference, users resampled."""
    source = np.random.default_rng(0)
    difference = one - other
    means = difference[source.integers(0, len(difference), (draws, len(difference)))].mean(1)
    return float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    measured = value.read(arguments.work)
    with (
        (RESULTS / "users.csv").open("w", newline="") as users_file,
        (RESULTS / "table.csv").open("w", newline="") as table_file,
    ):
        by_user = csv.writer(users_file, lineterminator="\n")
        by_user.writerow(["group", "user", "metric", *WAYS, "picked", "oracle is"])
        table = csv.writer(table_file, lineterminator="\n")
        table.writerow(["group", "user_has", "users", "way", "loss", "rank", "exact_with_choices"])
        for has in ("answers", "prompts only"):
            gains = default.gains(measured, arguments.work, has)
            for group, (users, _) in GROUPS.items():
                found = choices(measured, gains, group)
                rank = ranks(found["loss"])
                with_choices = [i for i, user in enumerate(users) if user in plan.WITH_CHOICES]
                for way in WAYS:
                    exact = float(found["exact"][way][with_choices].mean())
                    mean = float(found["loss"][way].mean())
                    table.writerow(
                        [group, has, len(users), way, round(mean, 4), round(rank[way], 2),
                         round(exact, 4)]
                    )  # fmt: skip
                loss = found["loss"]
                print(f"\n{group}, {has}: " + "  ".join(f"{w} {loss[w].mean():.3f}" for w in WAYS))
                print("  average ranks: " + "  ".join(f"{w} {rank[w]:.2f}" for w in WAYS))
                print(
                    f"  pick against base {against(loss['pick'], loss['base'])}, best single "
                    f"{against(loss['pick'], loss['best single'])}; oracle against pick "
                    f"{against(loss['oracle'], loss['pick'])}"
                )
                low, high = interval(loss["pick"], loss["base"])
                print(f"  pick − base: 95 % of [{low:.3f}, {high:.3f}]")
                if has == "answers":
                    for i, user in enumerate(users):
                        picked = {w: measured.sets[found["picked"][w][i]] for w in found["picked"]}
                        for metric in ("loss", "exact"):
                            row = [round(float(found[metric][way][i]), 4) for way in WAYS]
                            by_user.writerow(
                                [group, user, metric, *row, picked["pick"], picked["oracle"]]
                            )


if __name__ == "__main__":
    main()
