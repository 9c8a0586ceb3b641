"""The collection: what is added, found, refused and removed."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import pytest

from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.jobs import CancelToken, JobContext
from lwtui.learnware import storage
from lwtui.learnware.collection import Collection
from lwtui.learnware.manifest import read_manifest
from lwtui.learnware.model import (
    DataSource,
    Learnware,
    ModelInfo,
    Provenance,
    Semantic,
    SpecificationEntry,
)

from .builders import ids, learnware, manifest_text, weights, write_manifest_text


def test_added_files_are_copied_hashed_and_listed(collection: Collection, tmp_path: Path) -> None:
    added = collection.add(learnware(title="A"), weights(tmp_path))
    (file,) = added.model.files
    assert (file.format, file.size, len(file.sha256)) == ("peft", 1000, 64)
    assert added.models_folder is not None
    assert (added.models_folder / file.path).read_bytes() == b"w" * 1000
    assert added.provenance.added.endswith("+00:00")
    assert collection.list() == [added]
    assert read_manifest(collection.home / "specs" / "local" / "one").id == "local/one"


def test_filters_and_text_search(collection: Collection) -> None:
    data = (DataSource("PubMedQA"),)
    one = learnware("local/a", title="Ärzte fragen", domain="Medicine", licence="mit", data=data)
    two = learnware("local/b", description="Bank cards", domain="finance", tags=("Card",))
    base = Learnware("local/base", ModelInfo("base"), Semantic(domain="general"))
    for each in (two, one, base):
        collection.add(each, {})
    assert ids(collection) == ["local/a", "local/b", "local/base"]
    assert ids(collection, "ÄRZTE pubmed") == ["local/a"]
    assert ids(collection, "bank card") == ["local/b"]
    assert ids(collection, "bank nothing") == []
    assert ids(collection, "100%") == []
    assert ids(collection, domain="medicine") == ["local/a"]
    assert (
        ids(collection, base="LOCAL/base")
        == ids(collection, base="base")
        == [
            "local/a",
            "local/b",
        ]
    )
    assert ids(collection, kind="base") == ["local/base"]
    assert ids(collection, licence="MIT") == ["local/a"]
    assert [found.id for found in collection.list(limit=1, offset=1)] == ["local/b"]
    assert collection.count() == 3
    assert collection.count("bank") == 1
    assert collection.facets()["domain"] == ["finance", "general", "medicine"]


def test_ids_differ_in_more_than_case(collection: Collection) -> None:
    collection.add(learnware("Local/One"), {})
    for taken in ("Local/ONE", "local/two"):
        with pytest.raises(BadInput, match="already"):
            collection.add(learnware(taken), {})
    assert collection.get("LOCAL/one").id == "Local/One"


def test_of_two_folders_that_differ_in_case_one_is_seen(home: Path, starter: Path) -> None:
    write_manifest_text(home, "local/One", manifest_text("local/One"))
    write_manifest_text(home, "local/one", manifest_text("local/one"))
    if len(list((home / "specs" / "local").iterdir())) == 1:
        pytest.skip("this file system does not tell upper from lower case")
    with Collection.open(home, starter) as collection:
        assert ids(collection) == ["local/One"]
        assert "another learnware has this id" in collection.problems[0]


def test_unknown_id_names_its_neighbours(collection: Collection) -> None:
    for name in ("banking-intent", "banking-tone", "drug-names"):
        collection.add(learnware(f"starter/{name}"), {})
    for asked, expected in [
        ("banking-intent", "starter/banking-intent"),
        ("starter/bankng-intent", "starter/banking-intent"),
        ("drug", "starter/drug-names"),
    ]:
        with pytest.raises(BadInput) as caught:
            collection.get(asked)
        assert expected in (caught.value.hint or "")
    with pytest.raises(BadInput, match="no learnware") as caught:
        collection.get("zzzzzzzz")
    assert "lwtui list" in (caught.value.hint or "")


def test_starter_is_read_only_and_goes_first(home: Path, starter: Path) -> None:
    write_manifest_text(starter, "starter/a", manifest_text("starter/a", "built in"))
    write_manifest_text(home, "starter/a", manifest_text("starter/a", "a user's"))
    with Collection.open(home, starter) as collection:
        assert collection.get("starter/a").semantic.title == "built in"
        assert collection.is_builtin(collection.get("starter/a"))
        assert len(collection.problems) == 1
        with pytest.raises(BadInput, match="built into"):
            collection.remove("starter/a")
        entry = SpecificationEntry("pave", "gradient", "s", "p.safetensors")
        with pytest.raises(BadInput, match="built into"):
            collection.add_specification("starter/a", home / "x", entry)
        with pytest.raises(BadInput, match="already"):
            collection.add(learnware("starter/A"), {})


def test_remove_takes_the_files_but_not_those_in_place(
    collection: Collection, tmp_path: Path
) -> None:
    source = weights(tmp_path)
    collection.add(learnware("local/copied"), source)
    placed = collection.add(learnware("local/placed"), source, in_place=True)
    assert placed.models_folder == tmp_path / "source"
    assert not (collection.home / "models" / "local" / "placed").exists()
    for name in ("local/copied", "local/placed"):
        collection.remove(name)
    assert ids(collection) == []
    assert source["adapter_model.safetensors"].exists()
    left = [path for path in collection.home.rglob("*") if path.suffix in (".safetensors", ".toml")]
    assert left == []


def test_a_base_in_use_stays(collection: Collection) -> None:
    provenance = Provenance("hub", "Org/Base")
    base = collection.add(Learnware("local/base", ModelInfo("base"), provenance=provenance), {})
    by_id = collection.add(learnware("local/by-id"), {})
    by_repository = Learnware("local/by-repository", ModelInfo("adapter", base="org/base"))
    assert collection.base_of(collection.add(by_repository, {})) == base
    assert collection.base_of(by_id) == base
    assert collection.base_of(base) is None
    with pytest.raises(BadInput, match="local/by-id, local/by-repository"):
        collection.remove("local/base")
    collection.remove("local/by-id")
    collection.remove("local/by-repository")
    collection.remove("local/base")
    assert collection.count() == 0


@pytest.mark.parametrize("name", ["a.bin", "a.pt", "a.pth", "a.pkl", "a.ckpt", "modeling.py"])
def test_pickles_and_code_are_refused(collection: Collection, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"x")
    with pytest.raises(BadInput) as caught:
        collection.add(learnware(), {name: path})
    assert caught.value.file == str(path)
    assert caught.value.hint
    assert ids(collection) == []


def test_links_that_lead_outside_are_refused(collection: Collection, tmp_path: Path) -> None:
    secret = tmp_path / "secret.safetensors"
    secret.write_bytes(b"s")
    folder = tmp_path / "folder"
    folder.mkdir()
    link = folder / "adapter_model.safetensors"
    link.symlink_to(secret)
    with pytest.raises(BadInput, match="leads outside"):
        collection.add(learnware(), {link.name: link})
    loop = folder / "loop.safetensors"
    loop.symlink_to(loop)
    with pytest.raises(BadInput, match="Cannot be read"):
        collection.add(learnware(), {loop.name: loop})
    inside = folder / "inside.safetensors"
    (folder / "real.safetensors").write_bytes(b"r")
    inside.symlink_to(folder / "real.safetensors")
    assert collection.add(learnware(), {inside.name: inside}).size == 1


def test_hub_cache_snapshots_may_link_to_their_blobs(
    collection: Collection, tmp_path: Path
) -> None:
    repository = tmp_path / "models--org--name"
    snapshot = repository / "snapshots" / "abc"
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "blobs" / "123").write_bytes(b"blob")
    link = snapshot / "model.safetensors"
    link.symlink_to("../../blobs/123")
    added = collection.add(
        Learnware("org/name", ModelInfo("model")), {link.name: link}, in_place=True
    )
    assert added.model.folder == str(snapshot)
    assert added.size == 4


@pytest.mark.parametrize("name", ["../x.safetensors", "/x.safetensors", "a/../x.safetensors", ""])
def test_names_that_lead_outside_are_refused(
    collection: Collection, tmp_path: Path, name: str
) -> None:
    with pytest.raises(BadInput):
        collection.add(learnware(), {name: weights(tmp_path)["adapter_model.safetensors"]})
    assert ids(collection) == []


def test_no_room_on_the_disk(
    collection: Collection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=storage._SPARE_BYTES + 999)
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(LwtuiError, match="Not enough disk space"):
        collection.add(learnware(), weights(tmp_path, 1000))
    assert ids(collection) == []
    collection.add(learnware(), weights(tmp_path, 999))


def test_a_wrong_checksum_is_refused(collection: Collection, tmp_path: Path) -> None:
    files = collection.add(learnware(), weights(tmp_path)).model.files
    other = dataclasses.replace(learnware("local/two"), model=ModelInfo("base", files=files))
    with pytest.raises(BadInput, match="SHA-256"):
        collection.add(other, weights(tmp_path, 1001))
    assert ids(collection) == ["local/one"]


def test_a_cancelled_add_leaves_nothing(collection: Collection, tmp_path: Path) -> None:
    cancel = CancelToken()
    context = JobContext(lambda _: cancel.cancel(), cancel)
    size = storage._BLOCK + 1
    with pytest.raises(Cancelled):
        collection.add(learnware(), weights(tmp_path, size), context=context)
    assert ids(collection) == []
    assert [path for path in collection.home.rglob("*") if path.suffix == ".safetensors"] == []
    collection.add(learnware(), weights(tmp_path))


def test_specification_is_entered_and_replaced(collection: Collection, tmp_path: Path) -> None:
    collection.add(learnware(), {})
    source = tmp_path / "pave.safetensors"
    entry = SpecificationEntry("pave", "gradient", "starter", "pave-starter.safetensors", rows=60)
    for content in (b"first", b"second"):
        source.write_bytes(content)
        updated = collection.add_specification("local/one", source, entry)
        (found,) = updated.specifications
        assert updated.specs_folder is not None
        assert (updated.specs_folder / found.file).read_bytes() == content
    assert len(list(updated.specs_folder.glob("*.safetensors"))) == 1
    escaping = dataclasses.replace(entry, file="../x.safetensors")
    with pytest.raises(BadInput):
        collection.add_specification("local/one", source, escaping)
