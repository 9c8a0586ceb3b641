from __future__ import annotations

import math

import numpy as np
import pytest

from lwtui.errors import BadInput
from lwtui.spec import compare
from lwtui.spec.space import find_space
from lwtui.spec.specification import Specification

SPACE = find_space("starter").id
LENGTH = find_space("starter").dimension


def specification(
    seed: int, recipe: str = "paper", space: str = SPACE, parts: tuple[str, ...] = ("whole",)
) -> Specification:
    source = np.random.default_rng(seed)
    vectors = {name: source.normal(size=LENGTH).astype(np.float32) for name in parts}
    return Specification(recipe, space, vectors, rows=1)


def test_a_specification_is_most_like_itself() -> None:
    ours = specification(1)
    (own, _), (other, _) = compare.similarities(ours, [specification(1), specification(2)])
    assert own == pytest.approx(1.0, abs=1e-5)
    assert abs(other) < 0.05


def test_length_means_nothing() -> None:
    ours = specification(1)
    longer = Specification("paper", SPACE, {"whole": 1000 * ours.parts["whole"]}, rows=1)
    assert compare.similarities(ours, [longer])[0][0] == pytest.approx(1.0, abs=1e-5)


def test_centring_takes_the_common_component_away() -> None:
    source = np.random.default_rng(0)
    common = source.normal(size=500).astype(np.float32) * 10
    first, second = ((common + source.normal(size=500)).astype(np.float32) for _ in range(2))
    unit = common / np.linalg.norm(common)
    assert compare.centred(first, None) @ compare.centred(second, None) > 0.95
    assert abs(compare.centred(first, unit) @ compare.centred(second, unit)) < 0.2


def test_parts_that_both_have_are_averaged() -> None:
    prompts = specification(1, "gradient", parts=("prompt",))
    both = specification(1, "gradient", parts=("prompt", "answer"))
    similarity, parts = compare.similarities(prompts, [both])[0]
    assert set(parts) == {"prompt"}
    assert similarity == pytest.approx(parts["prompt"])


def test_other_spaces_and_recipes_are_never_compared() -> None:
    ours = specification(1)
    with pytest.raises(BadInput, match=r"different spaces.*--space other"):
        compare.similarities(ours, [specification(1, space="other-00000000")])
    with pytest.raises(BadInput, match=r"different recipes.*--recipe gradient"):
        compare.similarities(ours, [specification(1, "gradient", parts=("prompt",))])


def test_nothing_in_common_is_an_error() -> None:
    ours = specification(1, "gradient", parts=("prompt",))
    with pytest.raises(BadInput, match="no part in common"):
        compare.similarities(ours, [specification(1, "gradient", parts=("answer",))])


def test_the_published_score() -> None:
    for similarity in (-1.0, 0.0, 0.3, 1.0):
        expected = math.exp(similarity / 0.1) / (math.exp(similarity / 0.1) + 1)
        assert compare.score(similarity) == pytest.approx(expected)


def test_a_part_of_another_length_is_named_as_damaged() -> None:
    short = Specification("gradient", SPACE, {"prompt": np.ones(7, np.float32)}, rows=1)
    with pytest.raises(BadInput, match="another length"):
        compare.directions(short)
