"""Successive halving on losses that are known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwtui.errors import Cancelled
from lwtui.jobs import CancelToken
from lwtui.match.halving import near, paired, planned, rounds, successive_halving

ROWS = 32


class Table:
    """Known losses of some models, and a count of what was asked for."""

    def __init__(self, losses: dict[str, Sequence[float]]) -> None:
        self.known = losses
        self.asked: list[tuple[str, int]] = []

    def __call__(self, name: str, rows: range) -> Sequence[float]:
        self.asked += [(name, row) for row in rows]
        return self.known[name][rows.start : rows.stop]


def models(
    means: Sequence[float], seed: int = 0, spread: float = 1.0
) -> dict[str, Sequence[float]]:
    """Rows differ much from each other and models a little, as real ones do."""
    source = np.random.default_rng(seed)
    hard = source.gamma(2.0, 10.0, ROWS)
    return {
        f"m{index}": (hard + mean + source.normal(0, spread, ROWS)).tolist()
        for index, mean in enumerate(means)
    }


def test_the_best_is_found_with_fewer_evaluations() -> None:
    table = Table(models([4, 7, 1, 9, 5, 8, 6, 3]))
    names = list(table.known)
    result = successive_halving(names, table, ROWS)
    assert result.order[0] == "m2"
    assert set(result.order) == set(names)
    assert result.evaluations == len(table.asked) == planned(8, 0, ROWS) == 32 + 16 + 16 + 16
    assert result.evaluations < 8 * ROWS
    assert len(set(table.asked)) == len(table.asked)  # no row twice
    assert len(result.losses["m2"]) == ROWS
    assert len(result.losses["m3"]) == 4
    seen = [len(result.losses[name]) for name in result.order]
    assert seen == sorted(seen, reverse=True)


def test_the_base_is_kept_to_the_end_and_takes_nobodys_place() -> None:
    known = {**models([4, 7, 1, 9, 5, 8, 6, 3]), "base": [99.0] * ROWS}
    table = Table(known)
    result = successive_halving(list(known)[:-1], table, ROWS, keep=["base"])
    assert len(result.losses["base"]) == ROWS
    assert result.order[0] == "m2"
    assert result.evaluations == planned(8, 1, ROWS) == 36 + 20 + 24 + 32
    best_base = Table({**known, "base": [0.0] * ROWS})
    found = successive_halving(list(known)[:-1], best_base, ROWS, keep=["base"])
    assert found.order[:2] == ("base", "m2")


def test_near_ties_are_not_dropped() -> None:
    close = [0.0, 0.01, 0.02, 0.03, 30, 31, 32, 33]
    table = Table(models(close))
    result = successive_halving(list(table.known), table, ROWS, noise=2.0)
    assert all(len(result.losses[f"m{index}"]) == ROWS for index in range(2))
    assert all(len(result.losses[f"m{index}"]) == 4 for index in range(4, 8))
    strict = successive_halving(list(table.known), Table(table.known), ROWS, noise=0.0)
    assert strict.evaluations <= result.evaluations
    same = {name: [1.0] * ROWS for name in ("a", "b", "c")}
    assert successive_halving(list(same), Table(same), ROWS).order == ("a", "b", "c")


def test_one_candidate_runs_once_over_all_rows() -> None:
    calls = []

    def losses(name: str, rows: range) -> list[float]:
        calls.append((name, rows))
        return [1.0] * len(rows)

    result = successive_halving(["a"], losses, ROWS, keep=["base"])
    assert calls == [("base", range(ROWS)), ("a", range(ROWS))]
    assert result.evaluations == 2 * ROWS == planned(1, 1, ROWS)
    assert set(result.order) == {"a", "base"}


def test_what_the_callback_raises_ends_it() -> None:
    token = CancelToken()
    asked = []

    def losses(name: str, rows: range) -> list[float]:
        token.check()
        asked.append(name)
        if name == "b":
            token.cancel()
        return [1.0] * len(rows)

    with pytest.raises(Cancelled):
        successive_halving(["a", "b", "c"], losses, ROWS)
    assert asked == ["a", "b"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(0, []), (1, [1]), (4, [4]), (20, [4, 8, 16, 20]), (32, [4, 8, 16, 32]), (99, [4, 8, 16, 32])],
)
def test_rounds_end_with_the_rows_there_are(rows: int, expected: list[int]) -> None:
    assert rounds(rows) == expected


def test_paired_differences() -> None:
    assert paired([], [1.0]) == (0.0, math.inf)
    assert paired([3.0], [1.0, 9.0]) == (2.0, math.inf)
    mean, error = paired([2.0, 4.0, 6.0], [1.0, 1.0, 1.0])
    assert (mean, error) == (3.0, pytest.approx(2 / math.sqrt(3)))
    assert near([1.0, 1.0], [1.0, 1.0])
    assert not near([2.0, 2.0], [1.0, 1.0])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 20), min_size=1, max_size=12),
    st.integers(0, 40),
    st.integers(0, 99),
    st.floats(0, 3),
)
def test_any_collection_is_ordered_whole_and_cheaper_than_all(
    means: list[float], rows: int, seed: int, noise: float
) -> None:
    table = Table(models(means, seed))
    names = list(table.known)
    result = successive_halving(names, table, rows, noise=noise)
    used = min(rows, ROWS)
    assert sorted(result.order) == sorted(names)
    assert result.evaluations == len(set(table.asked)) <= len(names) * used
    assert len(result.losses[result.order[0]]) == used
    last = [name for name in result.order if len(result.losses[name]) == used]
    sums = [sum(result.losses[name]) for name in last]
    assert sums == sorted(sums)
