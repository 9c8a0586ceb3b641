"""The built-in collection is what it says it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from lwtui import paths
from lwtui.learnware.checks import check_static
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware
from lwtui.spec.compare import space_mean
from lwtui.spec.space import find_space
from lwtui.spec.specification import load_specification
from lwtui.starter import plan

ROOT = paths.starter_root()
LARGEST = 60_000_000
FREE = {
    "apache-2.0",
    "mit",
    "cc-by-3.0",
    "cc-by-4.0",
    "cdla-permissive-1.0",
    "public domain",
    "public domain (USA)",
}


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    with Collection.open(home=tmp_path_factory.mktemp("home")) as opened:
        yield opened


@pytest.fixture(scope="module")
def starter(collection: Collection) -> list[Learnware]:
    return collection.list()


def test_there_are_enough_of_each(starter: list[Learnware]) -> None:
    specialists = Counter(i.semantic.domain for i in starter if "specialist" in i.semantic.tags)
    generalists = Counter(i.semantic.domain for i in starter if "generalist" in i.semantic.tags)
    for domain in ("finance", "medicine", "mathematics"):
        assert specialists[domain] >= 8
        assert generalists[domain] >= 2
    assert {item.id for item in starter} == {
        "starter/base",
        *(f"starter/{recipe.name}" for recipe in plan.RECIPES),
    }


def test_every_one_passes_its_checks(starter: list[Learnware], collection: Collection) -> None:
    for item in starter:
        report = check_static(item, collection.base_of(item))
        wrong = [found for found in report.items if not found.ok]
        assert not wrong, f"{item.id}: {wrong}"


def test_every_adapter_has_both_forms_and_a_comparable_specification(
    starter: list[Learnware],
) -> None:
    space = find_space("starter")
    for item in starter:
        if item.model.kind == "base":
            assert set(item.formats) == {"safetensors", "gguf"}
            continue
        assert set(item.formats) == {"peft", "gguf-lora"}
        (entry,) = [entry for entry in item.specifications if entry.recipe == "gradient"]
        assert item.specs_folder is not None
        specification = load_specification(item.specs_folder / entry.file)
        assert specification.space == entry.space == space.id
        assert set(specification.parts) == {"prompt", "answer", "output"}
        for name, part in specification.parts.items():
            assert len(part) == space.part_dimension(name)


def test_the_mean_of_the_space_ships() -> None:
    space = find_space("starter")
    mean = space_mean(space.id, "gradient")
    assert {name: len(part) for name, part in mean.items()} == {
        "prompt": space.dimension,
        "answer": space.dimension,
        "output": space.hidden,
    }


def test_specialists_carry_scores_measured_beside_the_base(starter: list[Learnware]) -> None:
    for item in starter:
        if "specialist" in item.semantic.tags:
            losses = [score for score in item.scores if score.metric == "answer loss"]
            assert losses, item.id
            assert all(score.base is not None and score.rows > 0 for score in losses)


def test_all_data_may_be_used_and_is_attributed(starter: list[Learnware]) -> None:
    for item in starter:
        assert item.semantic.licence == "apache-2.0"
        assert item.semantic.data
        for source in item.semantic.data:
            assert source.licence in FREE, (item.id, source)
            assert source.source
        assert item.models_folder is not None
        card = (item.models_folder / "README.md").read_text(encoding="utf-8")
        assert all(source.name in card for source in item.semantic.data)


def test_it_is_small_and_holds_nothing_that_runs_code() -> None:
    files = [
        file
        for folder in (paths.models_dir(ROOT), paths.specs_dir(ROOT))
        for file in folder.rglob("*")
        if file.is_file()
    ]
    assert sum(file.stat().st_size for file in files) < LARGEST
    kinds = {file.suffix for file in files}
    assert kinds == {".safetensors", ".gguf", ".json", ".jinja", ".md", ".toml"}
    for file in files:
        if file.suffix in (".json", ".toml", ".md"):
            text = file.read_text(encoding="utf-8")
            assert str(Path.home()) not in text
            assert str(ROOT) not in text


def test_unseen_tasks_are_in_nobodys_training() -> None:
    trained = {task for recipe in plan.RECIPES for task in recipe.tasks} | set(plan.SEEN_BY_BASE)
    assert not trained & plan.UNSEEN
    assert not trained & plan.SHARE_ALIKE
    domains = Counter(task.split("/")[0] for task in plan.UNSEEN)
    assert min(domains[domain] for domain in plan.DOMAINS) >= 3
