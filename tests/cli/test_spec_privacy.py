"""``lwtui spec``: noise, and the fewest rows that are written."""

from __future__ import annotations

from pathlib import Path

import pytest

from lwtui import paths
from lwtui.learnware.checks import check_static
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware, ModelInfo, Semantic, SpecificationEntry

from .conftest import Run

DEMO = paths.demo_root() / "finance-support"


def test_fewer_than_sixteen_different_rows_are_not_written(lwtui: Run, tmp_path: Path) -> None:
    target = tmp_path / "s.safetensors"
    few = lwtui("spec", DEMO, "-o", target, "--rows", 15)
    assert few.code == 2
    assert "lwtui match" in few.err
    data = tmp_path / "data"
    data.mkdir()
    (data / "rows.csv").write_text("prompt,answer\n" + "Is it late?,yes\n" * 40)
    alike = lwtui("spec", data, "-o", target)
    assert alike.code == 2
    assert "Only 1 different row:" in alike.err
    assert not target.exists()


def test_spec_with_noise_says_so_and_show_does(lwtui: Run, home: Path, tmp_path: Path) -> None:
    pytest.importorskip("dp_accounting")
    target = tmp_path / "s.safetensors"
    arguments = ["spec", DEMO, "-o", target, "--rows", 16, "--epsilon", 4, "--delta", "1e-4"]
    facts = lwtui(*arguments, "--json").json
    found = facts["privacy"]
    assert (found["epsilon"], found["delta"], found["minimum_rows"]) == (4.0, 1e-4, 16)
    entry = SpecificationEntry("pave", "gradient", facts["space"], "pave.safetensors", rows=15)
    semantic = Semantic(title="t", licence="mit")
    learnware = Learnware("test/noised", ModelInfo("model"), semantic, specifications=(entry,))
    with Collection.open() as collection:
        collection.add(learnware, {}, {"pave.safetensors": target})
        (item,) = [
            item
            for item in check_static(collection.get("test/noised"), None).items
            if item.name == "specification"
        ]
    assert lwtui("show", "test/noised", "--json").json["specifications"][0]["privacy"] == found
    assert "noised (ε = 4, δ = 0.0001)" in lwtui("show", "test/noised").out
    assert "fewer than 16 rows" in item.message


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--epsilon", "1", "--recipe", "paper"], "recipe paper"),
        (["--epsilon", "0"], "--epsilon"),
        (["--delta", "1e-5"], "--epsilon"),
        (["--epsilon", "1", "--delta", "0.1"], "1/rows"),
    ],
)
def test_noise_that_cannot_be_is_bad_input(
    lwtui: Run, tmp_path: Path, options: list[str], words: str
) -> None:
    pytest.importorskip("dp_accounting")
    result = lwtui("spec", DEMO, "-o", tmp_path / "s.safetensors", *options)
    assert result.code == 2
    assert words in result.err
    assert list(tmp_path.glob("*.safetensors")) == []
