"""A shortlist by the index and then the ranking: what ranking everything gives."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lwtui.errors import BadInput, Cancelled
from lwtui.jobs import JobContext
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware
from lwtui.match import expect
from lwtui.match.index import upkeep
from lwtui.match.index.project import kind_of
from lwtui.match.index.store import MANIFEST, Store
from lwtui.match.result import Filters, MatchResult
from lwtui.spec.specification import Specification, load_specification
from lwtui.workflow.match import match

COUNT = 1040
MANIFEST_TEXT = """schema = 1
id = "{id}"

[model]
kind = "adapter"
base = "starter/base"

[[model.files]]
path = "adapter_model.safetensors"
format = "peft"
size = {size}

[semantic]
title = "Number {number}"
domain = "{domain}"
languages = ["en"]
licence = "{licence}"

[[semantic.data]]
name = "{data}"

[[specification]]
type = "pave"
recipe = "gradient"
space = "{space}"
file = "pave.safetensors"

[[score]]
task = "{data}"
metric = "answer loss"
value = 1.5
"""


def starter() -> dict[str, Specification]:
    with Collection.open() as collection:
        return {
            each.id: load_specification(each.specs_folder / each.specifications[0].file)
            for each in collection.list()
            if each.specifications and each.specs_folder is not None
        }


def varied(one: Specification, seed: int, noise: float = 0.7) -> Specification:
    """Like another draw of the same data: noise in every part, other gains, some without."""
    source = np.random.default_rng(seed)

    def near(vector: np.ndarray) -> np.ndarray:
        size = np.sqrt(np.mean(vector**2))
        drawn = source.standard_normal(len(vector), dtype=np.float32)
        return (vector + noise * size * drawn).astype(np.float32)

    parts = {name: near(vector) for name, vector in one.parts.items()}
    if seed % 9 == 0:
        parts.pop("output", None)
    gains = None if one.gains is None or seed % 7 == 0 else one.gains + np.float32(0.1) * (seed % 5)
    own = None if seed % 11 == 0 or one.own_gain is None else one.own_gain + 0.01 * (seed % 13)
    return dataclasses.replace(one, parts=parts, gains=gains, own_gain=own)


def write_learnware(home: Path, number: int, one: Specification, task: str) -> Path:
    folder = home / "specs" / f"owner{number % 7}" / f"l{number}"
    folder.mkdir(parents=True)
    text = MANIFEST_TEXT.format(
        id=f"owner{number % 7}/l{number}",
        number=number,
        size=1000 * number,
        domain=("finance", "Medicine", "mathematics")[number % 3],
        licence=("mit", "apache-2.0")[number % 2],
        data=f"{task}-{number // 70}" if number % 4 else f"set {number}",
        space=one.space,
    )
    (folder / "pave.safetensors").write_bytes(one.to_bytes())
    (folder / "learnware.toml").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of a thousand, four of them of no use."""
    home = tmp_path_factory.mktemp("large")
    real = list(starter().items())
    for number in range(COUNT):
        name, one = real[number % len(real)]
        write_learnware(home, number, varied(one, number), name)
    (home / "specs/owner0/l0/pave.safetensors").write_bytes(b"damaged")
    (home / "specs/owner1/l1/pave.safetensors").unlink()
    short = dataclasses.replace(real[2][1], parts={"prompt": np.ones(5, np.float32)})
    (home / "specs/owner2/l2/pave.safetensors").write_bytes(short.to_bytes())
    other = dataclasses.replace(real[3][1], space="other-1")
    (home / "specs/owner3/l3/pave.safetensors").write_bytes(other.to_bytes())
    return home


def both(
    home: Path, wanted: Specification, filters: Filters | None = None, top: int = 10
) -> tuple[MatchResult, MatchResult]:
    """What the index gives and what ranking everything gives."""
    with Collection.open(home=home) as collection, pytest.MonkeyPatch.context() as patch:
        quick = match(wanted, filters=filters, collection=collection, top=top)
        patch.setattr(upkeep, "FEWEST", 10**9)
        return quick, match(wanted, filters=filters, collection=collection, top=top)


def same(quick: MatchResult, exact: MatchResult) -> bool:
    assert [each.id for each in quick.matches] == [each.id for each in exact.matches]
    for one, other in zip(quick.matches, exact.matches, strict=True):
        assert one.similarity == other.similarity
        assert one.parts == other.parts
        assert one.value == pytest.approx(other.value, abs=1e-6)
    assert (quick.skipped, quick.abstained) == (exact.skipped, exact.abstained)
    assert (quick.confidence, quick.selected) == (exact.confidence, exact.selected)
    return True


@pytest.mark.parametrize(
    ("task", "filters", "prompt_only"),
    [
        ("starter/banking-intent", Filters(), False),
        ("starter/gene-names", Filters(domain="medicine", max_bytes=10**9), False),
        ("starter/word-problem-steps", Filters(licence="MIT"), True),
        ("starter/report-calculation", Filters(base="starter/base", language="EN"), True),
    ],
)
def test_the_first_ten_are_those_of_ranking_everything(
    home: Path, task: str, filters: Filters, prompt_only: bool
) -> None:
    wanted = varied(starter()[task], 5000)
    if prompt_only:
        wanted = dataclasses.replace(wanted, parts={"prompt": wanted.parts["prompt"]})
    assert same(*both(home, wanted, filters))
    kind = kind_of(wanted.space, wanted.recipe)
    folder = home / upkeep.FOLDER / f"{wanted.space}-{wanted.recipe}"
    assert Store(folder, kind).snapshot().rows > COUNT  # the starter collection is in it


def test_without_gains_the_first_ten_are_the_most_similar(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in (expect, upkeep):
        monkeypatch.setattr(place, "find_anchors", lambda *_: None)
    monkeypatch.setattr("lwtui.match.index.query.find_anchors", lambda *_: None)
    quick, exact = both(home, varied(starter()["starter/drug-names"], 6000))
    assert quick.matches[0].expected_gain is None
    assert same(quick, exact)


def test_the_index_follows_the_collection(home: Path) -> None:
    real = starter()
    wanted = varied(real["starter/drug-names"], 7001)
    best = both(home, wanted)[0].matches[0]
    folder = best.learnware.specs_folder
    assert folder is not None
    if folder.is_relative_to(home):
        (folder / "learnware.toml").unlink()
    added = write_learnware(home, COUNT + 5, dataclasses.replace(wanted, own_gain=9.0), "new")
    assert same(*both(home, wanted))
    assert both(home, wanted)[0].matches[0].id == f"owner{(COUNT + 5) % 7}/l{COUNT + 5}"
    far = varied(real["starter/banking-intent"], 1)
    (added / "pave.safetensors").write_bytes(far.to_bytes())
    quick, exact = both(home, wanted)
    assert same(quick, exact)
    assert quick.matches[0].similarity < 0.99
    manifest = home / upkeep.FOLDER / f"{wanted.space}-{wanted.recipe}" / MANIFEST
    manifest.write_bytes(b"damaged")
    assert same(*both(home, wanted))


def test_building_the_index_can_be_cancelled_and_goes_on_where_it_was(
    home: Path, tmp_path: Path
) -> None:
    wanted = starter()["starter/drug-names"]
    context, kept = JobContext(), Store(tmp_path, kind_of(wanted.space, wanted.recipe))
    with Collection.open(home=home) as collection:
        learnwares = [each for each in collection.list() if each.specifications]
    some = learnwares[: upkeep._BLOCK + 3]

    def base_of(learnware: Learnware) -> None:
        if learnware is some[upkeep._BLOCK] and kept.snapshot().rows:
            context.cancel.cancel()

    with pytest.raises(Cancelled):
        upkeep.keep_in_step(kept, some, base_of, context)
    assert kept.snapshot().rows == upkeep._BLOCK
    assert upkeep.keep_in_step(kept, some, lambda _: None) == 3
    assert upkeep.keep_in_step(kept, some, lambda _: None) == 0
    occupied = tmp_path / "file"
    occupied.write_text("no folder can be made here")
    assert upkeep.shortlist(occupied, some, lambda _: None, wanted, Filters()) is None
    assert upkeep.shortlist(tmp_path, some[:400], lambda _: None, wanted, Filters()) is None


def test_nothing_to_compare_is_said_as_without_an_index(home: Path) -> None:
    wanted = starter()["starter/drug-names"]
    quick, exact = both(home, wanted, Filters(domain="law"))
    assert quick.matches == exact.matches == ()
    assert same(quick, exact)
    unknown = Specification("gradient", "nowhere-1", {"prompt": np.ones(4, np.float32)}, 1)
    with pytest.raises(BadInput, match="nowhere-1"):
        both(home, unknown)
