"""From the Hub into the collection: what is fetched, what is entered, what goes on when stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from lwtui.errors import BadInput
from lwtui.jobs import JobContext, Progress
from lwtui.learnware.collection import Collection
from lwtui.learnware.known import Known
from lwtui.learnware.model import Learnware, ModelInfo, Semantic, SpecificationEntry
from lwtui.paths import starter_root
from lwtui.workflow import pull as verbs
from tests.dock.pulling import (
    ADAPTER,
    BASE,
    add_adapter,
    add_base,
    cache,
    fetch,
    ids,
    sound,
)
from tests.hub.server import HubServer
from tests.learnware.builders import write_adapter, write_base, write_gguf

MANIFEST = """schema = 1
id = "tests/finance-adapter"

[model]
kind = "adapter"
base = "tests/tiny-base"

[[model.files]]
path = "adapter_model.safetensors"
format = "peft"

[semantic]
title = "Its author's title"
domain = "finance"

[[specification]]
type = "pave"
recipe = "gradient"
space = "starter-407954b0"
file = "pave-starter-407954b0.safetensors"
rows = 64
origin = "training data"
"""
VECTOR = "pave-starter-407954b0.safetensors"
UNWANTED = {
    "pytorch_model.bin": b"pickle",
    "training_args.bin": b"pickle",
    "modeling_custom.py": "raise SystemExit",
    "original/consolidated.00.pth": b"pickle",
    "original/params.json": "{}",
    "consolidated.safetensors": b"the same once more",
    "model.fp16.safetensors": b"the same in half precision",
    "onnx/model.onnx": b"another format",
    ".gitattributes": "*.bin filter=lfs",
}


def test_adapter_comes_with_its_base_and_nothing_else(hub: HubServer, tmp_path: Path) -> None:
    commit = add_base(hub, tmp_path, files=UNWANTED)
    adapter_commit = add_adapter(hub, tmp_path, files={"optimizer.pt": b"pickle"})
    seen: list[Progress] = []
    learnware = verbs.pull(ADAPTER, context=JobContext(seen.append))
    assert (learnware.id, learnware.model.kind, learnware.model.base) == (ADAPTER, "adapter", BASE)
    assert learnware.model.base_revision == commit
    assert learnware.provenance.source == "hub"
    assert learnware.provenance.revision == adapter_commit
    assert (learnware.semantic.licence, learnware.semantic.domain) == ("mit", "finance")
    assert sound(learnware)
    with Collection.open() as collection:
        base = collection.get(BASE)
    assert base.model.kind == "base"
    assert {file.path for file in base.model.files} == {
        "README.md",
        "config.json",
        "model.safetensors",
        "tokenizer.json",
    }
    fetched = {path.name for path in cache().rglob("snapshots/*/*")}
    assert not fetched & {name.split("/")[0] for name in UNWANTED}
    assert seen[-1].done == seen[-1].total
    assert verbs.unfinished() == []


def test_base_that_is_here_is_not_fetched(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    fetch(BASE)
    add_adapter(hub, tmp_path)
    plan = verbs.plan_pull(ADAPTER)
    assert plan.base == ""
    assert {file.repo for file in plan.files} == {ADAPTER}
    assert f"Its base {BASE} is here already." in plan.notes
    assert fetch(ADAPTER).model.base == BASE


def test_local_base_may_be_named(hub: HubServer, tmp_path: Path) -> None:
    from lwtui.workflow.collect import add

    add(write_base(tmp_path / "mine"), id="me/base")
    add_adapter(hub, tmp_path, base="/home/author/base")
    hub.add_commit(ADAPTER, {"README.md": "no word of a base"})
    with pytest.raises(BadInput, match="Which base is this adapter for"):
        fetch(ADAPTER)
    assert fetch(ADAPTER, base="me/base").model.base == "me/base"


def test_adapter_that_does_not_fit_is_not_entered(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    adapter = write_adapter(tmp_path / "wide", width=32, base=BASE)
    hub.add_model("tests/wide", {path.name: path for path in adapter.iterdir()})
    with pytest.raises(BadInput, match="does not fit"):
        fetch("tests/wide")
    assert ids() == [BASE]


def test_base_at_a_revision_that_only_its_trainer_had(hub: HubServer, tmp_path: Path) -> None:
    commit = add_base(hub, tmp_path)
    adapter = write_adapter(tmp_path / "own", base=BASE, config={"revision": "my-branch"})
    hub.add_model("tests/own", {path.name: path for path in adapter.iterdir()})
    assert fetch("tests/own").model.base_revision == commit


def test_shards_must_be_complete(hub: HubServer, tmp_path: Path) -> None:
    index = '{"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "%s"}}'
    name = "model-00002-of-00002.safetensors"
    files = {
        "config.json": '{"model_type": "llama"}',
        "model-00001-of-00002.safetensors": b"one",
        "model.safetensors.index.json": index % name,
    }
    hub.add_model("tests/sharded", files)
    with pytest.raises(BadInput, match="Not all weights are there"):
        verbs.plan_pull("tests/sharded")
    hub.add_commit("tests/sharded", {name: b"two"})
    assert len([f for f in verbs.plan_pull("tests/sharded").files if ".safetensors" in f.path]) == 3
    hub.add_commit("tests/sharded", {"model.safetensors.index.json": index % "../../etc/x"})
    with pytest.raises(BadInput, match="Not all weights are there"):
        verbs.plan_pull("tests/sharded")


def test_model_that_writes_no_text_is_refused(hub: HubServer, tmp_path: Path) -> None:
    config = '{"model_type": "bert", "architectures": ["BertForSequenceClassification"]}'
    add_base(hub, tmp_path, files={"config.json": config})
    with pytest.raises(BadInput, match="no model that writes text"):
        verbs.plan_pull(BASE)


def test_one_quantisation_with_all_its_parts(hub: HubServer, tmp_path: Path) -> None:
    small, part = write_gguf(tmp_path / "small.gguf"), write_gguf(tmp_path / "part.gguf")
    files = {
        "m-Q4_K_M.gguf": small,
        "Q8_0/m-Q8_0-00001-of-00002.gguf": part,
        "Q8_0/m-Q8_0-00002-of-00002.gguf": part,
        "mmproj-f16.gguf": small,
        "imatrix.dat": b"x",
    }
    hub.add_model("tests/gguf", files, card={"license": "mit"})
    first = fetch("tests/gguf", quantisation="q4_k_m")
    assert [f.path for f in first.model.files if f.format == "gguf"] == ["m-Q4_K_M.gguf"]
    second = fetch("tests/gguf", quantisation="Q8_0")
    assert [f.path for f in second.model.files if f.format == "gguf"] == [
        "Q8_0/m-Q8_0-00001-of-00002.gguf",
        "Q8_0/m-Q8_0-00002-of-00002.gguf",
    ]
    assert sound(second)
    with pytest.raises(BadInput, match="There is no 'Q2_K' here"):
        fetch("tests/gguf", quantisation="Q2_K")


def test_adapter_in_gguf_finds_its_base_by_the_card(hub: HubServer, tmp_path: Path) -> None:
    hub.add_model("tests/base-gguf", {"base-Q8_0.gguf": write_gguf(tmp_path / "base.gguf")})
    kind = {"general.type": "adapter", "adapter.type": "lora"}
    lora = write_gguf(tmp_path / "lora.gguf", **kind)
    card = {"license": "mit", "base_model": "tests/base-gguf", "base_model_relation": "adapter"}
    hub.add_model("tests/lora", {"lora-f16.gguf": lora}, card=card)
    for _ in range(2):
        learnware = fetch("tests/lora")
        assert (learnware.model.kind, learnware.model.base) == ("adapter", "tests/base-gguf")
        assert learnware.formats == ("gguf-lora",)
        with Collection.open() as collection:
            collection.remove("tests/lora")  # the base stays


def publication(vector: bytes | Path) -> dict[str, bytes | str | Path]:
    return {
        "learnware/learnware.toml": MANIFEST,
        f"learnware/{VECTOR}": vector,
        "learnware/setup.py": "raise SystemExit",
    }


def test_published_specification_comes_along(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    vector = starter_root() / "specs" / "starter" / "banking-intent" / VECTOR
    add_adapter(hub, tmp_path, files=publication(vector))
    learnware = fetch(ADAPTER)
    assert learnware.semantic.title == "Its author's title"
    assert learnware.semantic.licence == "mit"
    [entry] = learnware.specifications
    assert (entry.origin, entry.rows) == ("published", 64)
    assert learnware.specs_folder is not None
    assert (learnware.specs_folder / entry.file).read_bytes() == vector.read_bytes()
    assert not list(cache().rglob("setup.py"))


def test_false_specification_is_left_out_and_said(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    add_adapter(hub, tmp_path, files=publication(b"no vector"))
    notes: list[str] = []
    learnware = fetch(ADAPTER, seen=lambda progress: notes.append(progress.note))
    assert learnware.specifications == ()
    assert any(note.startswith("its specification is refused: ") for note in notes)
    assert sound(learnware)


def test_what_was_known_of_it_stays_known(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    add_adapter(hub, tmp_path)
    entry = SpecificationEntry("pave", "gradient", "starter", "pave-starter.safetensors")
    known = Learnware(
        ADAPTER,
        ModelInfo("adapter", base=BASE),
        Semantic(title="From the catalogue", task="support"),
        specifications=(entry,),
    )
    with Collection.open() as collection:
        Known(collection.home).put(known, {entry.file: b"vector"}, "catalogue")
    learnware = fetch(ADAPTER)
    assert learnware.pulled
    assert (learnware.semantic.title, learnware.semantic.licence) == ("From the catalogue", "mit")
    assert [each.file for each in learnware.specifications] == [entry.file]


def test_newer_revision_keeps_what_was_made_here(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    add_adapter(hub, tmp_path)
    first = fetch(ADAPTER)
    vector = tmp_path / "vector"
    vector.write_bytes(b"made here")
    entry = SpecificationEntry("pave", "gradient", "starter", "pave.safetensors")
    with Collection.open() as collection:
        collection.add_specification(ADAPTER, vector, entry)
    changed = write_adapter(tmp_path / "changed", rank=2, base=BASE)
    commit = hub.add_commit(ADAPTER, {path.name: path for path in changed.iterdir()})
    hub.add_commit(BASE, {"generation_config.json": "{}"})
    second, base = fetch(ADAPTER), fetch(BASE)
    assert second.provenance.revision == commit
    assert second.models_folder != first.models_folder
    assert second.model.parameters == first.model.parameters // 2
    assert [each.file for each in second.specifications] == ["pave.safetensors"]
    assert "generation_config.json" in {file.path for file in base.model.files}
    assert sound(second)
    assert base.model.kind == "base"
