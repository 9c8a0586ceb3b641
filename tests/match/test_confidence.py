"""The bootstrap, its calibration, and when the base is recommended."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from lwtui.learnware.model import Learnware, ModelInfo
from lwtui.match.abstain import by_measurement, by_similarity
from lwtui.match.calibration import EDGE, IDENTITY, Calibration, find_calibration
from lwtui.match.confidence import (
    LEVEL,
    Sureness,
    first_share,
    intervals,
    lowest_share,
    redraw,
    sureness,
)
from lwtui.match.result import Match, MatchResult
from lwtui.spec.compare import similarities
from lwtui.spec.space import find_space
from lwtui.spec.specification import Specification
from lwtui.workflow.specify import DEFAULT_RECIPE, DEFAULT_SPACE

SPACE = find_space("starter")


def vector(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=SPACE.dimension).astype(np.float32)


def other(recipe: str = "gradient", **parts: np.ndarray) -> Specification:
    return Specification(recipe, SPACE.id, parts, rows=64)


def requirement(rows: np.ndarray, part: str = "prompt", groups: int = 16) -> Specification:
    """From rows (rows, dimension), with their sums by group."""
    sums = np.zeros((groups, SPACE.dimension), np.float32)
    for index, row in enumerate(rows):
        sums[index % groups] += row
    return replace(other(**{part: sums.sum(0)}), groups={part: sums}, rows=len(rows))


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.stack([vector(50 + index) for index in range(64)])


def test_a_clear_pair_is_sure_and_a_tied_pair_is_not(noise: np.ndarray) -> None:
    user = requirement(vector(0) + 3 * noise)
    clear = redraw(user, [other(prompt=vector(0)), other(prompt=vector(1))])
    assert clear is not None
    assert first_share(clear, [True, False]) == 1.0
    tied = redraw(user, [other(prompt=vector(0) + vector(1)), other(prompt=vector(0) + vector(2))])
    assert tied is not None
    assert 0.02 < first_share(tied, [True, False]) < 0.98
    assert first_share(tied, [True, True]) == 1.0


def test_an_interval_holds_its_similarity_and_narrows_with_rows(noise: np.ndarray) -> None:
    found = [other(prompt=vector(0)), other(prompt=vector(1))]
    widths = []
    for count in (16, 64):
        user = requirement(vector(0) + 3 * noise[:count])
        values = [value for value, _ in similarities(user, found)]
        drawn = redraw(user, found)
        assert drawn is not None
        spread = intervals(drawn, values)
        for value, (low, high) in zip(values, spread, strict=True):
            assert -1 <= low < value < high <= 1
        centred = drawn[:, 0] - drawn[:, 0].mean() + values[0]
        inside = np.mean((centred >= spread[0][0]) & (centred <= spread[0][1]))
        assert inside == pytest.approx(LEVEL, abs=0.01)
        widths.append(spread[0][1] - spread[0][0])
    assert widths[1] < widths[0]


def test_draws_repeat_and_use_the_parts_that_both_have(noise: np.ndarray) -> None:
    user = requirement(vector(0) + noise[:32])
    both = replace(
        user,
        parts={**user.parts, "answer": vector(3)},
        groups={**user.groups, "answer": np.tile(vector(3), (16, 1))},
    )
    found = [other(prompt=vector(0), answer=vector(4)), other(prompt=vector(0))]
    drawn, again = redraw(both, found), redraw(both, found)
    assert drawn is not None
    assert np.array_equal(drawn, again)
    alone = redraw(user, found[1:])
    assert alone is not None
    assert drawn[:, 1] == pytest.approx(alone[:, 0], abs=1e-5)
    assert drawn[:, 0].mean() < drawn[:, 1].mean()


def test_without_groups_or_with_a_few_rows_there_are_no_draws(noise: np.ndarray) -> None:
    found = [other(prompt=vector(0))]
    assert redraw(other(prompt=vector(0)), found) is None
    assert redraw(requirement(noise), []) is None
    assert redraw(requirement(noise[:3]), found) is None
    few = redraw(requirement(noise[:5]), found)
    assert few is not None
    assert np.isfinite(few).all()


def test_sureness_without_draws_goes_by_the_margin() -> None:
    assert sureness([], [], None) == Sureness("none")
    assert sureness([0.5], [True], None) == Sureness("clear")
    assert sureness([0.5, 0.3], [True, False], None) == Sureness("clear")
    assert sureness([0.5, 0.45], [True, False], None) == Sureness("close call")
    assert sureness([0.5, 0.45, 0.3], [True, True, False], None) == Sureness("clear")


def test_a_calibration_is_monotone_and_the_identity_changes_nothing() -> None:
    shares = np.linspace(EDGE, 1 - EDGE, 40)
    assert [IDENTITY.probability(s) for s in shares] == pytest.approx(shares)
    assert IDENTITY.probability(1.0) == pytest.approx(1 - EDGE)
    fitted = Calibration(intercept=-2, bootstrap=0.4, similarity=3)
    for rising in (
        [fitted.probability(s, 0.3) for s in shares],
        [fitted.probability(0.8, s) for s in np.linspace(-1, 1, 9)],
    ):
        assert all(0 < a < b < 1 for a, b in pairwise(rising))
    with pytest.raises(ValueError, match="slopes"):
        Calibration(similarity=-1)
    assert Calibration(intercept=1e9).probability(1.0) == 1.0


@pytest.mark.parametrize("answers", [True, False])
def test_the_default_space_and_recipe_have_been_calibrated(answers: bool) -> None:
    found = find_calibration(find_space(DEFAULT_SPACE).id, DEFAULT_RECIPE, answers)
    assert -1 < found.threshold < 1
    assert find_calibration("elsewhere-1", "gradient", answers) == IDENTITY


def a_match(similarity: float) -> Match:
    return Match(Learnware("me/x", ModelInfo("adapter", base="me/base")), similarity, 0.5)


def test_below_the_threshold_the_base_is_advised() -> None:
    limits = Calibration(threshold=0.3)
    assert "0.20, below 0.30" in by_similarity([a_match(0.2)], limits)
    assert by_similarity([a_match(0.3)], limits) == ""
    assert by_similarity([a_match(-0.9)], IDENTITY) == ""
    assert by_similarity([], limits) == ""
    # The first may be a twin that is a little less similar.
    both = [a_match(0.25), a_match(0.35)]
    assert by_similarity(both, limits) == ""


def test_when_nothing_gains_on_the_base_it_is_advised() -> None:
    limits = Calibration(threshold=0.3)
    worse = [replace(a_match(0.9), expected_gain=-0.1), replace(a_match(0.1), expected_gain=-0.2)]
    assert "-0.10 nats/token" in by_similarity(worse, limits)
    better = [replace(a_match(0.1), expected_gain=0.2), replace(a_match(0.9), expected_gain=-0.2)]
    assert by_similarity(better, limits) == ""
    unlike = [replace(a_match(0.1), expected_gain=0.2)]
    assert "0.10, below 0.30" in by_similarity(unlike, limits)


def test_what_is_selected_when_nothing_fits() -> None:
    base = Learnware("me/base", ModelInfo("base"))
    result = MatchResult("d", "s", "gradient", 9, (a_match(0.1),), "close call")
    assert (result.selected, result.advice) == ("me/x", "")
    far = replace(result, abstained=True, reason="Nothing fits", base=base)
    assert far.selected == "me/base"
    assert far.advice == "Nothing fits. The bare base me/base is the safer choice."
    without = replace(far, base=None)
    assert without.selected is None
    assert "not in the collection" in without.advice
    assert far.matches == result.matches


def test_a_measurement_overrules_the_similarity_beyond_noise_only() -> None:
    base = [10.0, 12.0, 9.0, 11.0, 10.0, 8.0]
    better = [loss - 2 - 0.1 * index for index, loss in enumerate(base)]
    worse = [loss + 2 + 0.1 * index for index, loss in enumerate(base)]
    noisy = [loss + (5 if index % 2 else -5.5) for index, loss in enumerate(base)]
    assert by_measurement(better, base, (1.0, 1.2), "too far") == ""
    assert "1.20 against 1.40" in by_measurement(worse, base, (1.4, 1.2), "")
    assert by_measurement(noisy, base, (1.0, 1.2), "too far") == "too far"
    assert by_measurement(noisy, base, (1.0, 1.2), "") == ""
    assert by_measurement([1.0], [2.0], (1.0, 2.0), "too far") == "too far"  # one row says nothing


def test_how_likely_a_measured_loss_is_the_lowest() -> None:
    source = np.random.default_rng(3)
    rows = source.gamma(2.0, 5.0, 32)
    near, far = rows + source.normal(0, 1, 32), rows + 3 + source.normal(0, 1, 32)
    sure = [True, False]
    assert lowest_share([rows.tolist(), far.tolist()], sure) == 1.0
    assert lowest_share([far.tolist(), rows.tolist()], sure) == 0.0
    assert 0.02 < lowest_share([rows.tolist(), near.tolist()], sure) < 0.98
    assert lowest_share([far.tolist(), rows.tolist(), near.tolist()], [False, True, True]) == 1.0
    assert lowest_share([rows.tolist()], [True]) == 1.0
    # One that fell behind has seen the first rows only: on those it is compared.
    assert lowest_share([rows.tolist(), far[:8].tolist()], sure) > 0.99
    assert lowest_share([[1.0], [2.0]], sure) == 0.5
    assert math.isclose(
        lowest_share([rows.tolist(), near.tolist()], sure)
        + lowest_share([rows.tolist(), near.tolist()], [False, True]),
        1.0,
        abs_tol=0.01,
    )
