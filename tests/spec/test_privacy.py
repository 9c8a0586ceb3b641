"""Noise on specifications: the accountant, the bound it rests on, and what a file promises."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lwtui.dataset.example import Example
from lwtui.errors import BadInput
from lwtui.learnware.model import MINIMUM_ROWS, Learnware, ModelInfo
from lwtui.match.confidence import redraw
from lwtui.match.rank import Candidate, rank
from lwtui.spec import privacy
from lwtui.spec.compare import directions, similarities
from lwtui.spec.compute import compute
from lwtui.spec.reference import Reference
from lwtui.spec.render import Rendered
from lwtui.spec.space import Space
from lwtui.spec.specification import Specification, load_specification
from lwtui.spec.subspace import Subspace, find_subspace
from tests.spec.conftest import ROWS

pytest.importorskip("dp_accounting")
MANY = tuple(Example(f"Is the card number {n} blocked?", "", "declined_card") for n in range(20))


@pytest.fixture(scope="session")
def subspace(space: Space) -> Subspace:
    return find_subspace(space.id, "gradient")


def unit_rows(space: Space, count: int, seed: int = 0) -> dict[str, np.ndarray]:
    source = np.random.default_rng(seed)
    rows = {}
    for part in ("prompt", "answer", "output"):
        drawn = source.normal(size=(count, space.part_dimension(part)))
        rows[part] = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return rows


def exact_delta(epsilon: float, sigma: float) -> float:
    """Of the Gaussian mechanism with sensitivity 1: Balle and Wang 2018, theorem 8."""

    def below(x: float) -> float:
        return 0.5 * math.erfc(-x / math.sqrt(2))

    half, ratio = 0.5 / sigma, epsilon * sigma
    return below(half - ratio) - math.exp(epsilon) * below(-half - ratio)


@pytest.mark.parametrize("parts", [1, 2, 3])
@pytest.mark.parametrize("epsilon", [0.5, 1.0, 4.0, 8.0])
@pytest.mark.parametrize("delta", [1e-5, 1e-3])
def test_the_noise_is_what_the_closed_form_asks_for_and_hardly_more(
    epsilon: float, delta: float, parts: int
) -> None:
    sigma = privacy.noise_multiplier(epsilon, delta, parts)
    one = sigma / math.sqrt(parts)  # several releases are one with a row that weighs √parts
    assert exact_delta(epsilon, one) <= delta * 1.0001
    assert exact_delta(epsilon, one * 0.99) > delta


@settings(max_examples=25, deadline=None)
@given(
    drawn=arrays(np.float32, (6, 320), elements=st.floats(-1, 1, width=32)),
    left_out=st.integers(0, 5),
)
def test_leaving_out_any_row_moves_a_sum_by_at_most_one(
    space: Space, subspace: Subspace, drawn: np.ndarray, left_out: int
) -> None:
    found = privacy.contributions(drawn, "output", subspace)
    rest = np.delete(found, left_out, axis=0)
    assert np.linalg.norm(found.sum(0) - rest.sum(0)) <= 1 + 1e-9


def test_the_subspace_is_orthonormal_and_free_of_the_mean(space: Space, subspace: Subspace) -> None:
    assert find_subspace(space.id, "gradient").id == subspace.id
    for part, basis in subspace.basis.items():
        assert basis.shape[1] == space.part_dimension(part)
        assert len(basis) < 64
        assert np.abs(basis @ basis.T - np.eye(len(basis))).max() < 1e-4
        assert np.abs(basis @ subspace.mean[part]).max() < 1e-4


def test_what_is_put_back_has_the_same_direction_after_centring(
    space: Space, subspace: Subspace
) -> None:
    wanted = np.random.default_rng(0).normal(size=len(subspace.basis["answer"]))
    vector = subspace.back("answer", wanted)
    assert np.linalg.norm(vector) == pytest.approx(1.0, abs=1e-4)
    found = directions(Specification("gradient", space.id, {"answer": vector}, 1))["answer"]
    cosine = subspace.basis["answer"] @ found @ wanted / np.linalg.norm(wanted)
    assert cosine == pytest.approx(1.0, abs=1e-4)


def test_another_space_has_no_subspace() -> None:
    with pytest.raises(BadInput, match="no public subspace"):
        find_subspace("other-01234567", "gradient")


def test_less_epsilon_is_more_noise(space: Space, subspace: Subspace) -> None:
    rows = {part: np.repeat(value[:1], 64, axis=0) for part, value in unit_rows(space, 1).items()}
    exact = privacy.noised(rows, subspace, math.inf)
    cosines = []
    for epsilon in (0.25, 1.0, 4.0):
        sigma = privacy.noise_multiplier(epsilon, privacy.DELTA, 3)
        noised = privacy.noised(rows, subspace, epsilon, seed=1)
        inside = [subspace.basis["prompt"] @ one["prompt"] for one in (noised, exact)]
        cosine = inside[0] @ inside[1] / np.linalg.norm(inside[0]) / np.linalg.norm(inside[1])
        size = sigma * math.sqrt(len(inside[0])) / 64  # of the noise, against a sum of 64
        assert cosine == pytest.approx(1 / math.sqrt(1 + size**2), abs=0.15)
        cosines.append(cosine)
    assert cosines == sorted(cosines)


def test_the_noise_has_the_stated_size(subspace: Subspace) -> None:
    drawn = privacy._generator(None)(4000)
    assert np.std(drawn) == pytest.approx(1.0, abs=0.06)
    assert np.mean(drawn) == pytest.approx(0.0, abs=0.08)
    assert np.mean(np.abs(drawn) < 1) == pytest.approx(0.6827, abs=0.04)


def test_two_releases_differ_and_no_seed_leads_to_them(subspace: Subspace) -> None:
    nothing = {"output": np.zeros(len(subspace.basis["output"]))}
    one, other = (privacy.released(nothing, 1.0, subspace)["output"] for _ in range(2))
    assert not np.allclose(one, other, atol=1e-3)


def test_a_specification_with_noise(reference: Reference, space: Space, tmp_path: Path) -> None:
    first = compute(
        MANY, space, "gradient", seed=3, reference=reference,
        epsilon=8.0, stop_at=0.01, partials=tmp_path / "partials",
    )  # fmt: skip
    assert first.rows == len(MANY)  # no early stop
    assert not (tmp_path / "partials").exists()
    assert not first.groups
    first.export(tmp_path / "s.safetensors")
    again = load_specification(tmp_path / "s.safetensors")
    assert again.privacy == first.privacy
    assert again.privacy is not None
    assert (again.privacy.epsilon, again.privacy.delta) == (8.0, privacy.DELTA)
    assert again.privacy.minimum_rows == MINIMUM_ROWS
    assert again.privacy.noise == privacy.noise_multiplier(8.0, privacy.DELTA, 3)
    plain = compute(MANY, space, "gradient", reference=reference)
    assert plain.privacy is None
    assert similarities(plain, [again])[0][0] > 0.2  # comparable, and about the same
    assert redraw(again, [plain]) is None  # nothing to draw again from: as of any file


def test_prompts_alone_spend_on_one_part(
    reference: Reference, space: Space, rows: list[Rendered]
) -> None:
    bare = [Example(row.prompt, row.input) for row in ROWS]
    found = compute(bare, space, "gradient", reference=reference, epsilon=2.0)
    assert list(found.parts) == ["prompt"]
    assert found.privacy is not None
    assert found.privacy.noise == privacy.noise_multiplier(2.0, privacy.DELTA, 1)


@pytest.mark.parametrize(
    ("recipe", "epsilon", "delta", "words"),
    [
        ("paper", 1.0, 1e-5, "recipe paper"),
        ("replay", 1.0, 1e-5, "recipe replay"),
        ("gradient", 0.0, 1e-5, "above 0"),
        ("gradient", math.nan, 1e-5, "above 0"),
        ("gradient", 1.0, 0.5, "1/rows"),
        ("gradient", 1.0, 0.0, "1/rows"),
    ],
)
def test_what_cannot_be_promised_is_refused(
    space: Space, recipe: str, epsilon: float, delta: float, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        compute(ROWS, space, recipe, epsilon=epsilon, delta=delta)


def test_without_the_accountant_it_says_what_to_install(
    space: Space, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "dp_accounting"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "dp_accounting", None)
    with pytest.raises(BadInput) as caught:
        compute(ROWS, space, "gradient", epsilon=1.0)
    assert "pip install 'lwtui[privacy]'" in str(caught.value.hint)


def test_too_few_different_rows_are_not_exported(tmp_path: Path) -> None:
    some = Specification("gradient", "starter-0", {"prompt": np.ones(4, np.float32)}, 64)
    for changes in ({"distinct": MINIMUM_ROWS - 1}, {"rows": MINIMUM_ROWS - 1}):
        with pytest.raises(BadInput, match="different rows"):
            dataclasses.replace(some, **changes).export(tmp_path / "s.safetensors")
        assert list(tmp_path.iterdir()) == []
    dataclasses.replace(some, distinct=MINIMUM_ROWS).export(tmp_path / "s.safetensors")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("bad", [1, {}, {"epsilon": "much"}, {"epsilon": math.inf}])
def test_a_guarantee_that_is_none_is_refused(bad: object) -> None:
    with pytest.raises(ValueError, match=r"table|number|missing"):
        privacy.guarantee_from(bad)


def test_the_file_says_it_in_one_place(tmp_path: Path) -> None:
    promise = privacy.Guarantee(4.0, 1e-5, 1.9, "01234567")
    parts = {"prompt": np.ones(4, np.float32)}
    content = Specification("gradient", "starter-0", parts, 64, privacy=promise).to_bytes()
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])["__metadata__"]["lwtui.specification"]
    assert json.loads(header)["privacy"] == dataclasses.asdict(promise)
    assert privacy.guarantee_from(json.loads(header)["privacy"]) == promise


def test_a_match_with_noise_is_never_called_clear(space: Space) -> None:
    source = np.random.default_rng(0)
    vectors = [source.normal(size=space.dimension).astype(np.float32) for _ in range(2)]
    mine = Specification("gradient", space.id, {"prompt": vectors[0]}, 64)
    others = [
        Candidate(
            Learnware(f"test/{name}", ModelInfo("model")),
            Specification("gradient", space.id, {"prompt": vector}, 64),
        )
        for name, vector in zip("ab", vectors, strict=True)
    ]
    assert rank(mine, others)[1].word == "clear"
    promise = privacy.Guarantee(4.0, 1e-5, 1.9, "01234567")
    assert rank(dataclasses.replace(mine, privacy=promise), others)[1].word == "close call"
