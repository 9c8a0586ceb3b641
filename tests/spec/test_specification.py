from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import save_file

from lwtui.errors import BadInput, LwtuiError
from lwtui.spec.specification import Specification, load_specification, read_facts


def some(seed: int = 0, **changes: object) -> Specification:
    source = np.random.default_rng(seed)
    parts = {name: source.normal(size=50).astype(np.float32) for name in ("prompt", "answer")}
    facts: dict[str, object] = {
        "recipe": "gradient",
        "space": "starter-0",
        "parts": parts,
        "rows": 7,
        "name": "my private folder",
    }
    return Specification(**{**facts, **changes})  # type: ignore[arg-type]


def test_a_round_trip_keeps_directions_and_facts(tmp_path: Path) -> None:
    before = some(seed=3)
    before.save(tmp_path / "s.safetensors")
    after = load_specification(tmp_path / "s.safetensors")
    assert (after.recipe, after.space, after.rows) == ("gradient", "starter-0", 7)
    for name, vector in before.parts.items():
        other = after.parts[name]
        cosine = vector @ other / np.linalg.norm(vector) / np.linalg.norm(other)
        assert cosine == pytest.approx(1.0, abs=1e-6)


def test_tiny_vectors_keep_their_direction(tmp_path: Path) -> None:
    vector = np.random.default_rng(0).normal(size=50).astype(np.float32) * 1e-9
    some(parts={"whole": vector}, recipe="paper").save(tmp_path / "s.safetensors")
    other = load_specification(tmp_path / "s.safetensors").parts["whole"]
    cosine = vector @ other / np.linalg.norm(vector) / np.linalg.norm(other)
    assert cosine == pytest.approx(1.0, abs=1e-6)


def test_the_file_holds_no_name_no_path_and_no_groups(tmp_path: Path) -> None:
    path = tmp_path / "s.safetensors"
    some(groups={"prompt": np.ones((16, 50), np.float32)}).save(path)
    content = path.read_bytes()
    assert b"private" not in content
    assert str(tmp_path).encode() not in content
    assert sorted(read_facts(path)) == [
        "made_by",
        "recipe",
        "rows",
        "schema",
        "seed",
        "space",
        "type",
    ]
    assert not load_specification(path).groups


def test_saving_where_one_may_not_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        some().save(tmp_path / "no" / "such" / "s.safetensors")
    assert caught.value.file is not None
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 99}, "newer lwtui"),
        ({"type": "rkme"}, "unknown here"),
        ({"recipe": "guess"}, "unknown here"),
        ({"rows": "many"}, "rows"),
        ({"space": None}, "space"),
    ],
)
def test_a_wrong_header_is_explained(tmp_path: Path, change: dict[str, object], words: str) -> None:
    facts = {"schema": 1, "type": "pave", "recipe": "paper", "space": "s", "rows": 1, **change}
    path = tmp_path / "s.safetensors"
    metadata = {"lwtui.specification": json.dumps(facts)}
    save_file({"whole": np.ones(4, np.float32)}, path, metadata=metadata)
    with pytest.raises(BadInput, match=words):
        load_specification(path)


def test_other_safetensors_files_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file({"w": np.ones(4, np.float32)}, path)
    with pytest.raises(BadInput, match="not a specification"):
        load_specification(path)


@pytest.mark.parametrize("bad", [np.array([1.0, np.nan]), np.ones((2, 2))])
def test_vectors_that_are_none_are_refused(tmp_path: Path, bad: np.ndarray) -> None:
    facts = {"schema": 1, "type": "pave", "recipe": "paper", "space": "s", "rows": 1}
    path = tmp_path / "s.safetensors"
    save_file({"whole": bad}, path, metadata={"lwtui.specification": json.dumps(facts)})
    with pytest.raises(BadInput, match="finite"):
        load_specification(path)


@given(junk=st.binary(max_size=300))
def test_junk_never_breaks_the_reader(
    junk: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("junk") / "s.safetensors"
    path.write_bytes(junk)
    with pytest.raises(LwtuiError):
        load_specification(path)
