"""The catalogue that ships: what its file may hold, and how its entries become known learnwares."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from pathlib import Path

import pytest

from lwtui.dock import catalogue
from lwtui.dock.catalogue import CatalogueEntry, entries, specifications, sync
from lwtui.learnware.collection import Collection
from lwtui.learnware.known import Known, known_root, source_of
from lwtui.learnware.licences import licence_note
from lwtui.learnware.model import check_id
from lwtui.spec.space import find_space
from lwtui.spec.specification import load_specification

LARGEST = 9_000_000_000
EVIDENCE = {"card read in a public source", "known, card not read here"}
MOST_BYTES = 4_000_000


def by_id() -> dict[str, CatalogueEntry]:
    return {entry.id.casefold(): entry for entry in entries()}


def test_ids_are_valid_and_occur_once() -> None:
    for entry in entries():
        check_id(entry.id)
    assert len(by_id()) == len(entries())


def test_there_are_enough_and_they_are_openly_licensed() -> None:
    notes = {entry.id: licence_note(entry.model.licence) for entry in entries()}
    commercial = [id for id, note in notes.items() if "no commercial use" not in note]
    assert len(commercial) >= 40
    assert len(entries()) - len(commercial) <= 2


def test_every_domain_and_its_bases_are_there() -> None:
    domains = Counter(entry.model.domain for entry in entries())
    assert set(domains) == {"finance", "medicine", "mathematics", "general"}
    owners = {entry.id.split("/")[0] for entry in entries() if entry.kind == "base"}
    assert {"Qwen", "meta-llama", "mistralai", "google", "microsoft"} <= owners


def test_sizes_and_words() -> None:
    for entry in entries():
        model = entry.model
        assert 0 < model.parameters <= LARGEST, entry.id
        assert model.formats, entry.id
        assert set(model.formats) <= {"peft", "safetensors", "gguf"}, entry.id
        assert model.note.endswith("."), entry.id
        assert len(model.note) <= 130, entry.id
        assert entry.task
        assert entry.evidence in EVIDENCE, entry.id
        assert model.relation in ("", "adapter", "finetune", "quantized", "merge"), entry.id
        assert (model.relation == "adapter") == (entry.kind == "adapter"), entry.id
        assert model.base or not model.relation, entry.id


def test_the_base_of_an_adapter_is_an_entry() -> None:
    adapters = [entry for entry in entries() if entry.kind == "adapter"]
    assert adapters
    for entry in adapters:
        assert by_id()[entry.model.base.casefold()].kind == "base", entry.id


def test_shipped_specifications_are_sound_small_and_named() -> None:
    used = {entry.specification for entry in entries()} - {""}
    assert used == set(specifications())
    space = find_space("starter").id
    total = 0
    for shipped in specifications().values():
        data = shipped.path.read_bytes()
        total += len(data)
        assert hashlib.sha256(data).hexdigest() == shipped.sha256
        found = load_specification(shipped.path)
        assert (found.space, found.recipe, found.rows) == (space, "gradient", shipped.rows)
        assert shipped.data
        assert all(each.licence for each in shipped.data)
    assert total < MOST_BYTES
    assert {path.stem for path in catalogue.FOLDER.glob("*.safetensors")} == set(specifications())


def test_who_has_a_specification_names_its_data() -> None:
    for entry in entries():
        if entry.specification:
            named = " ".join(entry.model.datasets).casefold().replace("_", "").replace("-", "")
            for word in entry.specification.split("-"):
                assert word in named, entry.id


def test_entries_become_known_learnwares(tmp_path: Path) -> None:
    assert sync(tmp_path)
    with Collection.open(tmp_path, tmp_path / "starter") as collection:
        found = {each.id: each for each in collection.list(where="known")}
        assert collection.list() == []
    assert set(found) == {entry.id for entry in entries()}
    for entry in entries():
        learnware = found[entry.id]
        assert not learnware.pulled
        assert source_of(learnware) == "catalogue"
        assert bool(learnware.specifications) == bool(entry.specification)
        assert learnware.size == entry.model.size
        assert learnware.formats == entry.model.formats
        for each in learnware.specifications:
            assert each.origin == "named datasets"
            assert learnware.specs_folder is not None
            load_specification(learnware.specs_folder / each.file)


def test_a_base_that_is_only_known_is_no_base_to_run_on(tmp_path: Path) -> None:
    sync(tmp_path)
    with Collection.open(tmp_path, tmp_path / "starter") as collection:
        assert collection.find_base("Qwen/Qwen2.5-Math-1.5B") is None


def test_it_is_put_once_and_again_when_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sync(tmp_path)
    stamps = [path.stat().st_mtime_ns for path in known_root(tmp_path).rglob("*.toml")]
    assert not sync(tmp_path)
    assert [path.stat().st_mtime_ns for path in known_root(tmp_path).rglob("*.toml")] == stamps
    first = entries()[0]
    monkeypatch.setattr(catalogue, "entries", lambda: (first,))
    monkeypatch.setattr(catalogue, "version", lambda: "another")
    assert sync(tmp_path)
    assert Known(tmp_path).sources() == {"catalogue": 1}


def test_what_knows_better_stays_and_comes_back(tmp_path: Path) -> None:
    entry = next(entry for entry in entries() if entry.specification)
    learnware, files = catalogue.known(entry)
    better = dataclasses.replace(
        learnware, semantic=dataclasses.replace(learnware.semantic, title="by its author")
    )
    Known(tmp_path).put(better, files, "hub")
    sync(tmp_path)
    with Collection.open(tmp_path, tmp_path / "starter") as collection:
        assert collection.get(entry.id).semantic.title == "by its author"
    Known(tmp_path).drop("hub")
    catalogue.forget(tmp_path)
    sync(tmp_path)
    with Collection.open(tmp_path, tmp_path / "starter") as collection:
        assert source_of(collection.get(entry.id)) == "catalogue"


def test_a_home_that_cannot_be_written_is_left_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_text("a file, not a folder")
    assert not sync(home)
