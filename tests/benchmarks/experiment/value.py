"""What a way of choosing is worth: losses of the chosen learnwares on the users' scored rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.experiment import plan

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Measured:
    """All losses, by training set (the mean of its learnwares, as the paper takes it)."""

    sets: list[str]
    users: list[str]
    base: Array
    """Mean answer loss of the bare base, nats/token (users,)."""
    loss: Array
    """The same of each training set's learnwares, averaged (sets, users)."""
    base_exact: Array
    exact: Array
    """Share of answers given exactly (sets, users)."""
    base_rows: list[Array]
    """Per user (rows, 3): loss, tokens, exact; scored rows first."""
    rows: dict[str, list[Array]]
    """The same of each learnware."""


def _read(file: Path) -> list[Array]:
    found = np.load(file, allow_pickle=False)
    return [found[user.replace("/", ".")] for user in plan.USERS]


def mean_loss(rows: Array) -> float:
    """Nats per answer token."""
    return float(rows[:, 0].sum() / rows[:, 1].sum())


def read(work: Path) -> Measured:
    """Everything that was measured; learnwares not measured yet are left out."""
    base = _read(work / "losses" / "base.npz")
    rows = {
        name: _read(work / "losses" / f"{name}.npz")
        for name in plan.learnwares()
        if (work / "losses" / f"{name}.npz").exists()
    }
    sets = {
        key: [name for name in names if name in rows]
        for key, (_, _, names) in plan.training_sets().items()
    }
    sets = {key: names for key, names in sets.items() if names}
    scored = slice(0, plan.SCORED_ROWS)

    def table(column: int) -> Array:
        return np.array(
            [
                [
                    np.mean([_value(rows[name][user][scored], column) for name in names])
                    for user in range(len(plan.USERS))
                ]
                for names in sets.values()
            ]
        )

    return Measured(
        list(sets),
        list(plan.USERS),
        np.array([_value(found[scored], 0) for found in base]),
        table(0),
        np.array([_value(found[scored], 2) for found in base]),
        table(2),
        base,
        rows,
    )


def subset(measured: Measured, sets: list[str], users: list[str]) -> Measured:
    """Only some training sets and users."""
    i = [measured.sets.index(key) for key in sets]
    u = [measured.users.index(user) for user in users]
    return Measured(
        sets, users, measured.base[u], measured.loss[np.ix_(i, u)], measured.base_exact[u],
        measured.exact[np.ix_(i, u)], [measured.base_rows[c] for c in u],
        {name: [rows[c] for c in u] for name, rows in measured.rows.items()},
    )  # fmt: skip


def _value(rows: Array, column: int) -> float:
    return mean_loss(rows) if column == 0 else float(rows[:, 2].mean())


def allowed(measured: Measured, user: str, own_out: bool) -> NDArray[np.bool_]:
    """Which training sets a user may be given (sets,)."""
    out = plan.touched_sets(user) if own_out else set()
    return np.array([key not in out for key in measured.sets])


@dataclass(frozen=True)
class Value:
    """Mean losses over a group of users, nats/token."""

    users: int
    base: float
    random: float
    best_single: float
    pick: float
    oracle: float
    top3: float
    """The best of the three most similar."""
    top8: float
    share: float
    """(base − pick) / (base − oracle): the part of the way from the base to the oracle."""
    ties: int
    """Users whose pick is the oracle's."""
    own_first: int
    """Users whose own training set (or a mixture with it) came first."""
    correlation: float
    """Mean over users of Spearman's ρ between similarity and −loss."""


def value(measured: Measured, similarity: Array, users: list[str], own_out: bool = False) -> Value:
    """``similarity`` is (users of the plan, sets)."""
    from scipy.stats import spearmanr

    columns = [measured.users.index(user) for user in users]
    masks = {c: allowed(measured, measured.users[c], own_out) for c in columns}
    everywhere = measured.loss[:, columns].mean(1)
    best = int(np.argmin(everywhere))
    picked = {c: _order(similarity[c], masks[c]) for c in columns}
    losses = {c: measured.loss[:, c] for c in columns}
    oracle = {c: losses[c][masks[c]].min() for c in columns}
    pick = {c: losses[c][picked[c][0]] for c in columns}

    def mean(found: dict[int, float]) -> float:
        return float(np.mean(list(found.values())))

    base = float(measured.base[columns].mean())
    return Value(
        users=len(users),
        base=base,
        random=mean({c: losses[c][masks[c]].mean() for c in columns}),
        best_single=mean({c: _single(measured, columns, masks, c, best) for c in columns}),
        pick=mean(pick),
        oracle=mean(oracle),
        top3=mean({c: losses[c][picked[c][:3]].min() for c in columns}),
        top8=mean({c: losses[c][picked[c][:8]].min() for c in columns}),
        share=(base - mean(pick)) / (base - mean(oracle)),
        ties=sum(pick[c] <= oracle[c] + 1e-12 for c in columns),
        own_first=sum(
            measured.sets[picked[c][0]] in plan.own_sets(measured.users[c]) for c in columns
        ),
        correlation=mean(
            {
                c: float(spearmanr(similarity[c][masks[c]], -losses[c][masks[c]]).statistic)
                for c in columns
            }
        ),
    )


def _order(similarity: Array, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    order = np.argsort(-similarity, kind="stable")
    return order[mask[order]]


def _single(
    measured: Measured, columns: list[int], masks: dict[int, NDArray[np.bool_]], c: int, best: int
) -> float:
    """The best single learnware over the group; where it may not be given, the next best may."""
    if masks[c][best]:
        return float(measured.loss[best, c])
    order = np.argsort(measured.loss[:, columns].mean(1))
    return float(measured.loss[next(s for s in order if masks[c][s]), c])
