"""Learnwares that are only known, from the catalogue or an index, beside those that are here."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lwtui import paths
from lwtui.dock.catalogue import specifications, sync
from lwtui.errors import BadInput
from lwtui.learnware.collection import Collection
from lwtui.learnware.known import Known
from lwtui.learnware.model import (
    Learnware,
    ModelFile,
    ModelInfo,
    Semantic,
    SpecificationEntry,
)
from lwtui.match import expect
from lwtui.match.index import upkeep
from lwtui.match.reach import cost, order
from lwtui.match.result import Filters, MatchResult
from lwtui.spec.space import find_space
from lwtui.spec.specification import Specification, load_specification
from lwtui.workflow.match import match
from lwtui.workflow.specify import specify

SPACE = find_space("starter").id


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("LWTUI_HOME", str(folder))
    return folder


def shipped(name: str) -> Specification:
    return load_specification(specifications()[name].path)


def put(
    home: Path,
    id: str,
    found: Specification,
    *,
    size: int = 1000,
    licence: str = "mit",
    kind: str = "model",
    base: str = "",
) -> Learnware:
    """A known learnware whose specification is ``found``."""
    file = f"pave-{found.space}.safetensors"
    entry = SpecificationEntry(
        "pave", found.recipe, found.space, file, sha256=found.digest(), rows=found.rows
    )
    files = (ModelFile("model.safetensors", "safetensors", size),)
    learnware = Learnware(
        id,
        ModelInfo(kind, base=base, files=files),  # type: ignore[arg-type]
        Semantic(licence=licence, domain="mathematics"),
        specifications=(entry,),
    )
    Known(home).put(learnware, {file: found.to_bytes()}, "index:some/index")
    return learnware


def known_ids(result: MatchResult) -> list[str]:
    return [each.id for each in result.matches if not each.learnware.pulled]


@pytest.mark.parametrize("name", ["finance-support", "clinic-questions"])
def test_a_first_match_selects_what_runs_now_and_ranks_the_hub_beside_it(
    home: Path, name: str
) -> None:
    wanted = specify(paths.demo_root() / name, rows=16)
    result = match(wanted)
    first = result.matches[0]
    assert first.learnware.pulled
    assert result.selected == result.runnable == first.id
    assert result.to_fetch is None
    assert known_ids(result)
    for each in result.matches:
        assert (each.cost == 0) == each.learnware.pulled
        assert each.assumed == (not each.learnware.pulled)
    assert known_ids(match(wanted, filters=Filters(here=True))) == []


@pytest.mark.parametrize("name", ["gsm8k", "medquad", "pubmedqa", "tatqa", "banking77"])
def test_of_the_hub_the_ones_made_of_such_data_come_first(home: Path, name: str) -> None:
    result = match(shipped(name), top=100)
    best = next(each for each in result.matches if not each.learnware.pulled)
    assert best.similarity == pytest.approx(1, abs=1e-3)
    assert best.expected_gain is not None
    assert best.expected_gain > 0
    rest = [each for each in result.matches if not each.learnware.pulled and each.similarity < 0.1]
    assert all(0 <= (each.expected_gain or 0) < 0.05 for each in rest)


def test_one_that_is_not_here_may_win_and_the_best_that_is_here_is_told(home: Path) -> None:
    with Collection.open() as collection:
        starter = collection.get("starter/word-problem-steps")
    assert starter.specs_folder is not None
    one = load_specification(starter.specs_folder / starter.specifications[0].file)
    better = dataclasses.replace(one, own_gain=9.0)
    put(home, "hub/better", better, size=4_400_000_000)
    result = match(dataclasses.replace(one, gains=None), top=1)
    assert result.selected == "hub/better"
    assert result.to_fetch is not None
    assert result.to_fetch.cost == 4_400_000_000
    assert [each.id for each in result.matches] == ["hub/better"]
    assert result.best_here is not None
    assert result.runnable == result.best_here.id == "starter/word-problem-steps"


def test_of_several_that_share_a_specification_the_handiest_comes_first(home: Path) -> None:
    found = dataclasses.replace(shipped("gsm8k"), seed=5)
    put(home, "hub/enormous", found, size=10**15)
    put(home, "hub/large", found, size=9_000_000)
    put(home, "hub/small-on-terms", found, size=1_000_000, licence="llama3")
    put(home, "hub/small-not-for-sale", found, size=1_000_000, licence="cc-by-nc-4.0")
    put(home, "hub/b-small", found, size=1_000_000)
    put(home, "hub/a-small", found, size=1_000_000)
    result = match(found, top=100)
    ours = [each for each in known_ids(result) if each.startswith("hub/")]
    assert ours == [
        "hub/a-small",
        "hub/b-small",
        "hub/large",
        "hub/small-on-terms",
        "hub/small-not-for-sale",
        "hub/enormous",
    ]


def test_what_having_it_costs() -> None:
    base = Learnware("o/base", ModelInfo("base", files=(ModelFile("m", "safetensors", 70),)))
    away = dataclasses.replace(base, pulled=False)
    adapter = Learnware(
        "o/a", ModelInfo("adapter", "o/base", files=(ModelFile("a", "peft", 3),)), pulled=False
    )
    assert cost(dataclasses.replace(adapter, pulled=True), lambda _: away) == 0
    assert cost(adapter, lambda _: base) == 3
    assert cost(adapter, lambda _: away) == 73
    assert cost(adapter, lambda _: None) is None
    whole = Learnware("o/m", ModelInfo("model"), pulled=False)
    assert cost(whole, lambda _: None) is None
    assert order(adapter, lambda _: base, 100)[1] is False
    assert order(adapter, lambda _: base, 72)[1] is True


def test_a_size_that_is_not_known_passes_no_limit(home: Path) -> None:
    put(home, "hub/unknown", shipped("gsm8k"), size=0)
    put(home, "hub/told", shipped("gsm8k"), size=500)
    put(home, "hub/adapter", shipped("gsm8k"), size=5, kind="adapter", base="nobody/knows")
    result = match(shipped("gsm8k"), filters=Filters(max_bytes=600))
    assert known_ids(result) == ["hub/told"]


def test_only_what_is_here_is_run(home: Path) -> None:
    result = match(paths.demo_root() / "school-maths", verify=3, rows=16)
    assert result.verification is not None
    assert result.verification.learnwares >= 1
    run = [each for each in result.matches if each.measured_loss is not None]
    assert all(each.learnware.pulled for each in run)
    put_first = put(home, "hub/first", shipped("gsm8k"))
    with pytest.raises(BadInput, match="None of the matches is on this machine") as caught:
        match(
            paths.demo_root() / "school-maths",
            verify=1,
            rows=4,
            filters=Filters(base=put_first.id),
        )
    assert "lwtui pull hub/first" in str(caught.value.hint)


def test_assumptions_alone_do_not_outweigh_that_nothing_fits(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that was measured loses to its base, and nobody known was made of such data."""
    put(home, "hub/other", shipped("banking77"))
    usual = expect.expected_gains

    def all_lose(a: np.ndarray, b: np.ndarray, g: np.ndarray, own: np.ndarray) -> np.ndarray:
        worth = usual(a, b, g, own)
        return np.where(np.any(g != 0, axis=1), -0.1, worth)

    monkeypatch.setattr(expect, "expected_gains", all_lose)
    result = match(shipped("gsm8k"), filters=Filters(), top=100)
    similar = [m for m in result.matches if m.assumed and m.similarity >= 0.2]
    assert similar
    assert not result.abstained
    Known(home).drop("catalogue")
    with Collection.open() as collection:  # the user's own is not opened, so no catalogue comes
        far = match(shipped("gsm8k"), collection=collection)
    assert far.abstained
    assert far.base is not None
    assert far.selected == far.runnable == "starter/base"


def test_the_index_finds_what_ranking_everything_finds(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync(home)
    source = np.random.default_rng(0)
    base = list(specifications())
    for number in range(60):
        one = shipped(base[number % len(base)])
        parts = {
            name: vector + source.standard_normal(len(vector), dtype=np.float32)
            for name, vector in one.parts.items()
        }
        put(home, f"many/m{number:02}", dataclasses.replace(one, parts=parts), size=1000 + number)
    for wanted in (shipped("gsm8k"), shipped("medquad")):
        for filters in (Filters(), Filters(here=True), Filters(licence="mit")):
            monkeypatch.setattr(upkeep, "FEWEST", 20)
            quick = match(wanted, filters=filters)
            monkeypatch.setattr(upkeep, "FEWEST", 10**9)
            exact = match(wanted, filters=filters)
            assert [each.id for each in quick.matches] == [each.id for each in exact.matches]
            assert quick.runnable == exact.runnable
            assert (quick.skipped, quick.selected) == (exact.skipped, exact.selected)
