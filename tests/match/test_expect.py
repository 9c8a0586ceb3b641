"""What is expected of a learnware on data it was not made for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwtui.errors import BadInput
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import DataSource, Learnware, ModelInfo, Score, Semantic
from lwtui.match import expect
from lwtui.match.calibration import Calibration
from lwtui.match.expect import Anchors, expected_gains, find_anchors, gains_of, write_anchors
from lwtui.match.rank import Candidate, candidates, rank
from lwtui.spec.compare import similarities
from lwtui.spec.space import find_space
from lwtui.spec.specification import Specification, load_specification
from lwtui.starter import plan

SPACE = find_space("starter")


def drawn(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=SPACE.dimension).astype(np.float32)


def specification(vector: np.ndarray, **changes: object) -> Specification:
    facts: dict[str, object] = {"recipe": "gradient", "space": SPACE.id, "rows": 64}
    return Specification(parts={"prompt": vector}, **{**facts, **changes})  # type: ignore[arg-type]


@pytest.fixture
def anchors(monkeypatch: pytest.MonkeyPatch) -> Anchors:
    """Two tasks that have nothing to do with each other, and no mean to subtract."""
    monkeypatch.setattr("lwtui.spec.compare.space_mean", lambda *_: {})
    found = Anchors("two", ("a", "b"), (specification(drawn(1)), specification(drawn(2))))
    monkeypatch.setattr(expect, "find_anchors", lambda *_: found)
    return found


def learnware(name: str) -> Learnware:
    return Learnware(f"me/{name}", ModelInfo("adapter", base="starter/base"))


def measured(vector: np.ndarray, gains: list[float], own: float) -> Specification:
    kept = np.array(gains, np.float32)
    return specification(vector, gains=kept, own_gain=own, anchors="two")


def test_a_generalist_beats_the_most_similar_one_that_harms_what_is_not_its_own(
    anchors: Anchors,
) -> None:
    task = drawn(1) + 0.9 * drawn(5)  # like the first anchor, and like nobody's training data
    narrow = measured(drawn(5) + 1.5 * drawn(6), [-1.5, -2.0], 1.0)
    broad = measured(drawn(7), [0.3, 0.2], 0.1)
    found = [Candidate(learnware("narrow"), narrow), Candidate(learnware("broad"), broad)]
    matches, _ = rank(specification(task), found)
    assert [match.learnware.name for match in matches] == ["broad", "narrow"]
    assert matches[0].similarity < matches[1].similarity
    gains = [match.expected_gain for match in matches]
    assert gains[0] is not None
    assert gains[1] is not None
    assert gains[0] > 0.1 > -1.0 > gains[1]


def test_on_its_own_data_a_learnware_gets_its_own_gain(anchors: Anchors) -> None:
    narrow = measured(drawn(5), [-1.5, -2.0], 1.0)
    (match,), _ = rank(specification(drawn(5)), [Candidate(learnware("narrow"), narrow)])
    assert match.expected_gain == pytest.approx(1.0, abs=0.02)


def test_who_was_not_measured_is_taken_for_the_average(anchors: Anchors) -> None:
    one, other = measured(drawn(5), [-1.0, 1.0], 0.5), measured(drawn(6), [-3.0, 0.0], 1.5)
    elsewhere = dataclasses.replace(one, anchors="others")
    found = gains_of([one, specification(drawn(7)), other, elsewhere], anchors)
    assert found is not None
    gains, own = found
    np.testing.assert_allclose(gains, [[-1, 1], [-2, 0.5], [-3, 0], [-2, 0.5]])
    np.testing.assert_allclose(own, [0.5, 0.5, 1.5, 0.5])
    assert gains_of([specification(drawn(7)), elsewhere], anchors) is None


def test_near_twins_are_told_apart_by_what_was_measured(anchors: Anchors) -> None:
    weak, good, far = (
        dataclasses.replace(
            learnware(name),
            semantic=Semantic(data=(DataSource("BANK"),)),
            scores=(Score("bank/intents", "answer loss", 1.0),),
        )
        for name in ("weak", "good", "far")
    )
    found = [
        Candidate(weak, measured(drawn(5) + 0.3 * drawn(6), [0, 0], 0.4)),
        Candidate(good, measured(drawn(5) + 0.4 * drawn(7), [0, 0], 0.9)),
        Candidate(far, measured(drawn(5) + 2 * drawn(8), [0, 0], 0.2)),
    ]
    matches, _ = rank(specification(drawn(5)), found)
    assert [match.learnware.name for match in matches] == ["good", "weak", "far"]
    assert matches[0].similarity < matches[1].similarity


def test_without_any_measurement_similarity_decides(anchors: Anchors) -> None:
    found = [
        Candidate(learnware("far"), specification(drawn(8))),
        Candidate(learnware("near"), specification(drawn(5) + drawn(6))),
    ]
    matches, _ = rank(specification(drawn(5)), found)
    assert [match.learnware.name for match in matches] == ["near", "far"]
    assert matches[0].expected_gain is None


def test_redrawn_rows_say_how_sure_the_gain_is(anchors: Anchors) -> None:
    rows = drawn(5) + 2 * np.stack([drawn(100 + i) for i in range(32)])
    groups = np.stack([rows[i::16].sum(0) for i in range(16)])
    user = specification(groups.sum(0), groups={"prompt": groups}, rows=32)
    found = [
        Candidate(learnware("own"), measured(drawn(5), [-1.5, -2.0], 1.0)),
        Candidate(learnware("other"), measured(drawn(6), [-1.0, -1.0], 1.0)),
    ]
    matches, sure = rank(user, found, Calibration())
    assert matches[0].learnware.name == "own"
    assert sure.word == "clear"
    assert sure.probability is not None
    assert matches[0].interval is not None


finite = st.floats(-1, 1)


@given(
    st.lists(finite, min_size=3, max_size=3),
    st.lists(finite, min_size=2, max_size=2),
    st.lists(st.lists(st.floats(-5, 5), min_size=3, max_size=3), min_size=2, max_size=2),
    st.lists(st.floats(-5, 5), min_size=2, max_size=2),
)
def test_what_is_expected_lies_between_what_was_measured(
    to_anchors: list[float], to_learnwares: list[float], gains: list[list[float]], own: list[float]
) -> None:
    table, mine = np.array(gains), np.array(own)
    found = expected_gains(np.array(to_anchors), np.array(to_learnwares), table, mine)
    both = np.concatenate([table, mine[:, None]], axis=1)
    assert (found >= both.min(1) - 1e-9).all()
    assert (found <= both.max(1) + 1e-9).all()
    many = expected_gains(
        np.array([to_anchors] * 2), np.array([to_learnwares] * 2), table, mine
    )  # draws
    np.testing.assert_allclose(many, [found, found])


def test_the_shipped_anchors_are_the_starter_tasks_and_unlike_each_other() -> None:
    found = find_anchors(SPACE.id, "gradient")
    assert found is not None
    assert found.tasks == plan.STARTER_TASKS
    assert find_anchors(SPACE.id, "paper") is None
    for place, one in enumerate(found.specifications):
        values = [value for value, _ in similarities(one, found.specifications)]
        assert int(np.argmax(values)) == place
        assert values[place] == pytest.approx(1.0, abs=1e-3)


def test_every_starter_learnware_was_measured_at_them() -> None:
    with Collection.open() as collection:
        starter = [item for item in collection.list() if item.id.startswith("starter/")]
    wanted = next(iter(find_anchors(SPACE.id, "gradient").specifications))  # type: ignore[union-attr]
    found = list(candidates([item for item in starter if item.model.kind != "base"], wanted))
    assert len(found) == len(plan.RECIPES)
    for each in found:
        assert each.specification.anchors == "starter-1"
        assert each.specification.gains is not None
        assert len(each.specification.gains) == len(plan.STARTER_TASKS)
        assert each.specification.own_gain is not None
        assert set(each.specification.parts) == {"prompt", "answer", "output"}


def test_anchors_and_gains_survive_their_files(tmp_path: Path) -> None:
    one = measured(drawn(1), [0.25, -1.0], 0.5)
    one.save(tmp_path / "one.safetensors")
    again = load_specification(tmp_path / "one.safetensors")
    assert again.gains is not None
    np.testing.assert_array_equal(again.gains, np.array([0.25, -1.0], np.float32))
    assert (again.own_gain, again.anchors) == (0.5, "two")
    assert again.digest() == one.digest()
    write_anchors(tmp_path / "anchors", "mine", {"a": one, "b": specification(drawn(2))})
    assert (tmp_path / "anchors" / f"{SPACE.id}-gradient.safetensors").is_file()


def test_a_gain_that_is_no_number_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "bad.safetensors"
    measured(drawn(1), [float("nan"), 0.0], 0.5).save(file)
    with pytest.raises(BadInput, match="finite"):
        load_specification(file)
    measured(drawn(1), [0.0, 0.0], float("inf")).save(file)
    with pytest.raises(BadInput, match="finite") as caught:
        load_specification(file)
    assert caught.value.field == "own_gain"
