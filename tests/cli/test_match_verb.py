"""``lwtui spec`` and ``lwtui match`` with the real reference model and the demo datasets."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from lwtui import paths
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware, ModelInfo, Semantic, SpecificationEntry
from lwtui.match.result import Match, MatchResult, Verification

from .conftest import Run

ROWS = "12"
WRITTEN_ROWS = "16"
DEMOS = {"finance": "finance-support", "medicine": "clinic-questions"}


def demo(domain: str) -> Path:
    return paths.demo_root() / DEMOS[domain]


@pytest.fixture(scope="module")
def specifications(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One specification a demo dataset, computed once."""
    from lwtui.workflow.specify import specify

    folder = tmp_path_factory.mktemp("specifications")
    made = {}
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OMP_NUM_THREADS", "1")
        for domain in DEMOS:
            made[domain] = folder / f"{domain}.safetensors"
            specify(demo(domain), rows=int(ROWS), seed=7).save(made[domain])
    return made


@pytest.fixture
def specialists(home: Path, specifications: dict[str, Path]) -> None:
    """A learnware a domain, specified by the demo of that domain."""
    from lwtui.spec.specification import load_specification

    with Collection.open() as collection:
        for domain, file in specifications.items():
            found = load_specification(file)
            entry = SpecificationEntry("pave", found.recipe, found.space, "pave.safetensors")
            semantic = Semantic(title=domain, domain=domain, licence="mit")
            learnware = Learnware(
                f"test/{domain}", ModelInfo("model"), semantic, specifications=(entry,)
            )
            collection.add(learnware, {}, {"pave.safetensors": file})


def test_spec_writes_the_file(lwtui: Run, tmp_path: Path) -> None:
    target = tmp_path / "out.safetensors"
    arguments = ["spec", demo("finance"), "-o", target, "--rows", WRITTEN_ROWS, "--json"]
    first = lwtui(*arguments)
    assert first.code == 0
    facts = first.json
    assert facts["file"] == str(target)
    assert (facts["dataset"], facts["rows"]) == (DEMOS["finance"], int(WRITTEN_ROWS))
    assert facts["parts"] == ["answer", "output", "prompt"]
    content = target.read_bytes()
    assert str(tmp_path).encode() not in content
    assert DEMOS["finance"].encode() not in content


def test_spec_does_not_replace_what_nobody_named(
    lwtui: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    existing = tmp_path / f"{DEMOS['finance']}-pave-starter.safetensors"
    existing.write_bytes(b"mine")
    result = lwtui("spec", demo("finance"))
    assert result.code == 2
    assert "-o" in result.err
    assert existing.read_bytes() == b"mine"


@pytest.mark.usefixtures("specialists")
def test_match_prints_the_documented_json(lwtui: Run) -> None:
    result = lwtui("match", demo("medicine"), "--rows", ROWS, "--json")
    assert result.code == 0
    found = result.json
    assert found["dataset"] == DEMOS["medicine"]
    assert found["selected"] == "test/medicine"
    assert found["space"].startswith("starter")
    assert found["confidence"] in ("clear", "close call")
    here = [each for each in found["matches"] if each["pulled"]]
    assert [each["id"] for each in here] == ["test/medicine", "test/finance"]
    assert [each["to_fetch"] for each in here] == [0, 0]
    assert found["runnable"] == "test/medicine"
    assert (found["abstained"], found["reason"], found["base"]) == (False, "", None)
    assert 0 < found["probability"] < 1
    for each in found["matches"]:
        low, high = each["interval"]
        assert -1 <= low <= each["similarity"] <= high <= 1
        assert 0 <= each["score"] <= 1
        assert (each["measured_loss"], each["measured_rows"]) == (None, 0)


@pytest.mark.usefixtures("specialists")
def test_match_with_a_specification(lwtui: Run, specifications: dict[str, Path]) -> None:
    result = lwtui("match", specifications["finance"], "--json")
    assert result.json["selected"] == "test/finance"
    assert result.json["probability"] is None
    assert result.json["matches"][0]["interval"] is None
    assert result.json["dataset"] == "finance.safetensors"
    top = lwtui("match", specifications["finance"], "--top", 1)
    assert top.code == 0
    assert "test/finance" in top.out
    assert "test/medicine" not in top.out
    assert "lwtui chat test/finance" in top.err
    filtered = lwtui("match", specifications["finance"], "--domain", "medicine", "--json")
    assert filtered.json["selected"] == "test/medicine"
    nothing = lwtui("match", specifications["finance"], "--licence", "gpl-3.0", "--json")
    assert nothing.code == 0
    assert nothing.json["selected"] is None
    assert nothing.json["matches"] == []
    verify = lwtui("match", specifications["finance"], "--verify")
    assert verify.code == 2
    assert "holds no rows" in verify.err


def a_match(similarity: float, interval: tuple[float, float] | None = None) -> Match:
    learnware = Learnware("test/finance", ModelInfo("adapter"), Semantic(licence="mit"))
    return Match(learnware, similarity, 0.6, {"prompt": similarity}, interval)


def test_the_table_says_when_nothing_fits_and_how_to_overrule_it(
    lwtui: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    far = MatchResult(
        "songs", "starter", "gradient", 12, (a_match(0.08, (0.05, 0.11)),), "close call",
        abstained=True, reason="Nothing here was made for data like this",
        base=Learnware("test/base", ModelInfo("base")),
    )  # fmt: skip
    monkeypatch.setattr("lwtui.cli.match.match", lambda *_, **__: far)
    shown = lwtui("match", "songs")
    assert shown.code == 0
    advice = "Nothing here was made for data like this. The bare base test/base is the safer choice"
    assert advice in shown.out
    assert "0.05…0.11" in shown.out
    assert "Confidence: close call. --verify settles it." in shown.out
    assert "lwtui chat test/base" in shown.err
    assert "Or with the first: lwtui chat test/finance" in shown.err
    facts = lwtui("match", "songs", "--json").json
    assert (facts["abstained"], facts["selected"]) == (True, "test/base")
    assert facts["reason"] == far.reason
    without = dataclasses.replace(far, base=None)
    monkeypatch.setattr("lwtui.cli.match.match", lambda *_, **__: without)
    shown = lwtui("match", "songs.safetensors")
    assert "not in the collection" in shown.out
    assert "settles" not in shown.out
    assert "Chat with it" not in shown.err


def test_the_table_of_a_verification(lwtui: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    measured = dataclasses.replace(a_match(0.4), measured_loss=1.25, measured_rows=32)
    result = MatchResult(
        "bank", "starter", "gradient", 12, (measured, a_match(0.1)), "clear",
        verification=Verification(32, 1, 2.5, 3.0, True, 64, ("test/huge",)), probability=0.994,
    )  # fmt: skip
    monkeypatch.setattr("lwtui.cli.match.match", lambda *_, **__: result)
    shown = lwtui("match", "bank", "--verify").out
    assert "Confidence: clear, 99 % sure." in shown
    assert "the bare base: 2.500" in shown
    assert "64 rows run" in shown
    assert "only the winner" in shown
    assert "Cannot be run here: test/huge" in shown
    check = lwtui("match", "bank", "--verify", "--json").json["verification"]
    assert (check["winner_only"], check["evaluations"]) == (True, 64)


def test_the_table_says_what_is_not_here_and_what_it_costs(
    lwtui: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = SpecificationEntry("pave", "gradient", "starter", "p.safetensors", "a" * 64)
    there = Learnware(
        "hub/large", ModelInfo("model"), Semantic(licence="mit"), specifications=(entry,),
        pulled=False,
    )  # fmt: skip
    away = Match(there, 0.8, 0.9, expected_gain=0.5, assumed=True, cost=15_200_000_000)
    alike = dataclasses.replace(away, learnware=dataclasses.replace(there, id="hub/also"))
    here = a_match(0.4)
    result = MatchResult(
        "bank", "starter", "gradient", 12, (away, alike), "clear", best_here=here,
        verification=Verification(9, 1, 2.5, 3.0, not_here=("hub/large",)),
    )  # fmt: skip
    monkeypatch.setattr("lwtui.cli.match.match", lambda *_, **__: result)
    shown = lwtui("match", "bank")
    assert "The best is on the Hub: hub/large, about 15.2 GB: lwtui pull hub/large" in shown.out
    assert "Made of the same data: hub/also." in shown.out
    assert "~+0.50" in shown.out
    assert "15.2 GB Hub" in shown.out
    assert "Not run, since not here: hub/large. To run it too: lwtui pull hub/large" in shown.out
    assert "Chat now, with the best here: lwtui chat test/finance" in shown.err
    facts = lwtui("match", "bank", "--json").json
    assert (facts["selected"], facts["runnable"]) == ("hub/large", "test/finance")
    first = facts["matches"][0]
    assert (first["pulled"], first["to_fetch"]) == (False, 15_200_000_000)
    assert first["gain_assumed"] is True
    local = dataclasses.replace(result, matches=(here, away), verification=None)
    monkeypatch.setattr("lwtui.cli.match.match", lambda *_, **__: local)
    shown = lwtui("match", "bank")
    assert "Nearest on the Hub: hub/large, about 15.2 GB" in shown.out
    assert "Chat with it: lwtui chat test/finance" in shown.err


def test_what_is_no_requirement(lwtui: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    broken = tmp_path / "broken.safetensors"
    broken.write_bytes(b"x")
    for path in (empty, tmp_path / "nothing", broken, tmp_path / "nothing.safetensors"):
        result = lwtui("match", path, "--json")
        assert result.code == 2, path
        assert result.json["error"]["message"]
        assert "Traceback" not in result.err


@pytest.mark.usefixtures("specialists")
def test_a_requirement_is_saved_matched_again_and_compared(
    lwtui: Run, specifications: dict[str, Path], tmp_path: Path
) -> None:
    from lwtui.workflow.specify import specify

    assert lwtui("requirements").code == 0
    few = lwtui("match", specifications["finance"], "--save", "few")
    assert (few.code, "Only 12 different rows" in few.err) == (2, True)
    enough = tmp_path / "finance-support.safetensors"
    specify(demo("finance"), rows=int(WRITTEN_ROWS), seed=7).save(enough)
    first = lwtui("match", enough, "--save", "bank", "--json")
    assert first.code == 0
    assert first.json["domains"][0]["domain"] == "finance"
    assert lwtui("match", enough, "--save", "bank").code == 2  # it is taken
    listed = lwtui("requirements", "--json").json["requirements"]
    assert [(each["name"], each["matched"]) for each in listed] == [("bank", 1)]
    assert listed[0]["latest"]["selected"] == "test/finance"
    with Collection.open() as collection:
        collection.remove("test/medicine")
        entry = SpecificationEntry("pave", "gradient", first.json["space"], "pave.safetensors")
        learnware = Learnware("test/later", ModelInfo("model"), specifications=(entry,))
        collection.add(learnware, {}, {"pave.safetensors": specifications["medicine"]})
    again = lwtui("match", "--requirement", "bank", "--json")
    assert again.code == 0
    since = again.json["since"]
    words = {line["id"]: line["word"] for line in since["lines"]}
    assert (words["test/finance"], words["test/later"]) == ("same", "new")
    assert words["test/medicine"] == "gone"
    assert since["same_selected"]
    told = lwtui("match", "--requirement", "bank").out
    assert "Nothing new since" in told
    file = tmp_path / "first.json"
    file.write_text(first.out)
    table = lwtui("requirements", "compare", file, "bank").out
    assert "test/later" in table
    assert "gone" in table
    assert lwtui("requirements", "compare", "bank@1", "bank@2", "--json").json["lines"]
    assert "@3" in lwtui("requirements", "show", "bank").out
    assert lwtui("requirements", "rename", "bank", "money").code == 0
    refused = lwtui("match", "--requirement", "money", "--verify")
    assert refused.code == 2
    assert "holds no rows" in refused.err
    for wrong in (["match"], ["match", tmp_path, "--requirement", "money"]):
        assert lwtui(*wrong).code == 2
    assert lwtui("requirements", "delete", "money").code == 0
    assert lwtui("match", "--requirement", "money").code == 2
