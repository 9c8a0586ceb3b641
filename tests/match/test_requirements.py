"""Saved requirements, rankings compared, and why a match came out as it did. No model is run."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest

from lwtui.dataset import FieldMap, open_dataset
from lwtui.errors import BadInput
from lwtui.learnware.model import Learnware, ModelFile, ModelInfo, Semantic
from lwtui.match.compare import compare
from lwtui.match.ranking import Ranked, Ranking, ranking_from
from lwtui.match.reach import fits
from lwtui.match.requirements import RUNS, Requirement, Requirements, merged
from lwtui.match.result import Match, MatchResult
from lwtui.match.why import contributions, domain_shares, nearest
from lwtui.spec.specification import Specification
from lwtui.workflow.requirements import find_ranking, save_requirement


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LWTUI_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def ranking(*ids: str, space: str = "starter-1", dataset: str = "rows", rows: int = 64) -> Ranking:
    places = tuple(Ranked(each, 0.5 - 0.1 * place) for place, each in enumerate(ids))
    best = ids[0] if ids else ""
    return Ranking(dataset, space, "gradient", rows, "clear", places, best, when="2026-11-21")


def specification() -> Specification:
    source = np.random.default_rng(0)
    parts = {"prompt": source.normal(size=32).astype(np.float32)}
    groups = {"prompt": source.normal(size=(16, 32)).astype(np.float32)}
    return Specification("gradient", "starter-1", parts, 64, groups=groups)


def found(similarity: float, domain: str) -> Match:
    learnware = Learnware(
        f"a/{domain or 'none'}-{similarity}", ModelInfo("model"), Semantic(domain=domain)
    )
    return Match(
        learnware, similarity, 0.9, {"prompt": similarity + 0.1, "answer": similarity - 0.1}
    )


def test_two_rankings_side_by_side() -> None:
    then, now = ranking("a/x", "a/y", "a/z"), ranking("a/new", "a/x", "a/y")
    laid = compare(then, now)
    assert [(line.id, line.before, line.after, line.word) for line in laid.lines] == [
        ("a/new", None, 1, "new"),
        ("a/x", 1, 2, "down 1"),
        ("a/y", 2, 3, "down 1"),
        ("a/z", 3, None, "gone"),
    ]
    assert [line.id for line in laid.new] == ["a/new"]
    assert [line.id for line in laid.gone] == ["a/z"]
    assert laid.lines[1].change == pytest.approx(-0.1)
    assert not laid.same_winner
    assert laid.notes == ()
    # What lies in other spaces has places, and no change of similarity.
    other = compare(then, ranking("a/y", "a/x", "a/z", space="other-2", dataset="more", rows=16))
    assert [line.word for line in other.lines] == ["up 1", "down 1", "same"]
    assert {line.change for line in other.lines} == {None}
    assert len(other.notes) == 3


def test_no_sum_of_few_rows_is_kept() -> None:
    """The rows of a dataset are dealt to 16 groups in turn."""
    for rows, count in ((63, 0), (64, 4), (70, 4), (128, 8), (255, 8), (256, 16)):
        dealt = np.zeros((16, 2), np.float32)
        for row in range(rows):
            dealt[row % 16] += 1
        wanted = dataclasses.replace(specification(), rows=rows, groups={"prompt": dealt})
        kept = merged(wanted)
        assert len(kept.get("prompt", ())) == count, rows
        if kept:
            assert kept["prompt"].min() >= 16
            assert kept["prompt"][:, 0].sum() == rows
        assert merged(dataclasses.replace(wanted, distinct=20)) == {}


@pytest.mark.parametrize("few", [{"rows": 15}, {"distinct": 15}])
def test_of_few_rows_nothing_is_written(home: Path, few: dict[str, int]) -> None:
    with pytest.raises(BadInput, match="15 different rows"):
        Requirements().add(Requirement("few", "rows"), dataclasses.replace(specification(), **few))
    assert list((home / "requirements").iterdir()) == []


def test_a_requirement_is_saved_whole_and_matched_again(tmp_path: Path, home: Path) -> None:
    wanted = specification()
    matches = (found(0.5, "finance"), found(0.2, "medicine"))
    result = MatchResult(
        "rows", "starter-1", "gradient", 64, matches, "clear", rows_seen=900, specification=wanted
    )
    fields = FieldMap.parse("prompt=question,input=-")
    save_requirement("my rows", result, tmp_path / "rows", fields)
    saved = Requirements()
    with pytest.raises(BadInput, match="already"):
        save_requirement("my rows", result, None)
    loaded = saved.load("my rows")
    assert (loaded.data, loaded.rows, loaded.rows_seen) == (str(tmp_path / "rows"), 64, 900)
    assert FieldMap.parse(str(fields)) == fields
    assert loaded.fields == {"prompt": "question", "input": "-"}
    assert loaded.latest is not None
    assert loaded.latest.selected == matches[0].id
    again = saved.specification(loaded)
    assert again.name == "rows"
    assert again.groups["prompt"].shape == (4, 32)
    for name, sums in merged(wanted).items():
        scale = np.linalg.norm(sums) / np.linalg.norm(again.groups[name])
        assert np.allclose(again.groups[name] * scale, sums, atol=1e-2)
    for number in range(RUNS + 3):
        loaded = saved.remember(loaded, ranking(f"a/{number}"))
    kept = saved.load("my rows").rankings
    assert len(kept) == RUNS
    assert (kept[0].selected, kept[-1].selected) == (matches[0].id, f"a/{RUNS + 2}")
    assert find_ranking("my rows@1") == kept[0]
    assert find_ranking("my rows") == kept[-1]
    for wrong in ("my rows@99", "my rows@x", "nobody", "no.json", "../up"):
        with pytest.raises(BadInput):
            find_ranking(wrong)
    # What a kill leaves is no requirement, and goes when it is old.
    left = home / "requirements" / ".new-1"
    left.mkdir()
    os.utime(left, (0, 0))
    saved.rename("my rows", "maths 2")
    saved.add(Requirement("other", "rows"), wanted)
    assert not left.exists()
    with pytest.raises(BadInput, match="already"):
        saved.rename("other", "maths 2")
    (home / "requirements" / "other" / "requirement.json").write_text('{"schema": 99}')
    listed, problems = saved.list()
    assert [each.name for each in listed] == ["maths 2"]
    assert "newer lwtui" in problems[0]
    saved.delete("other")  # a damaged one can go too
    assert saved.list()[1] == []
    for name in ("", ".hidden", "a/b", "x" * 80, "out.json", "a\x1b[31m"):
        with pytest.raises(BadInput, match="no name"):
            saved.check_free(name)


def test_what_is_read_from_a_file_is_checked(tmp_path: Path) -> None:
    good = ranking("a/x").to_facts()
    file = tmp_path / "m.json"
    file.write_text(json.dumps(good))
    assert find_ranking(str(file)) == ranking("a/x")
    for wrong in (
        [], {}, {**good, "rows": True}, {**good, "matches": 3}, {**good, "space": None},
        {**good, "matches": [{"id": 1}]}, {**good, "matches": [{"id": "a", "similarity": "x"}]},
    ):  # fmt: skip
        with pytest.raises(BadInput):
            ranking_from(wrong, file)
    file.write_text("{")
    with pytest.raises(BadInput, match="Not JSON"):
        find_ranking(str(file))


def test_shares_of_domains_and_what_parts_contribute() -> None:
    matches = [found(0.1, ""), found(0.6, "finance"), found(0.3, "finance"), found(-0.4, "law")]
    assert [match.similarity for match in nearest(matches, 2)] == [0.6, 0.3]
    shares = domain_shares(matches)
    assert [(each.domain, each.learnwares) for each in shares] == [
        ("finance", 2), ("", 1), ("law", 1),
    ]  # fmt: skip
    assert shares[0].share == pytest.approx(0.9)
    assert sum(each.share for each in shares) == pytest.approx(1)
    assert domain_shares([found(-0.1, "law")]) == ()
    assert sum(contributions(matches[1]).values()) == pytest.approx(0.6)


def test_what_fits_into_memory() -> None:
    unknown = Learnware("a/base", ModelInfo("base"))
    base = Learnware("a/base", ModelInfo("base", files=(ModelFile("w", "safetensors", 800),)))
    files = (ModelFile("adapter", "peft", 300),)
    adapter = Learnware("a/adapter", ModelInfo("adapter", base="a/base", files=files))
    assert fits(adapter, lambda _: None, 1_000) is None
    assert fits(adapter, lambda _: unknown, 1_000) is None
    assert fits(adapter, lambda _: base, 1_000) is False
    assert fits(adapter, lambda _: base, 1_100) is True
    assert fits(base, lambda _: None, 1_000) is True


def test_a_role_that_shall_have_no_column(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("question,context,answer\nWhat?,Here,That\nWhy?,There,So\n")
    assert open_dataset(file).fields.input == "context"
    given = FieldMap.parse("input=-")
    assert dataclasses.asdict(given)["none"] == ("input",)
    dataset = open_dataset(file, given)
    assert (dataset.fields.prompt, dataset.fields.input) == ("question", "")
    assert [example.question for example in dataset.preview()] == ["What?", "Why?"]
    without = open_dataset(file, FieldMap.parse("answer=-"))
    assert without.preview()[0].answer is None
