"""huggingface_hub's own calls, unmodified, against the loopback Hub."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hub.files import safetensors_bytes
from tests.hub.repositories import Content
from tests.hub.server import HubServer

ROOT = Path(__file__).parents[2]
CARD = {
    "license": "apache-2.0",
    "base_model": "ann/base",
    "datasets": ["ann/rows"],
    "language": ["en"],
    "tags": ["learnware", "finance"],
}


def filled(hub: HubServer) -> None:
    adapter = json.dumps({"peft_type": "LORA", "task_type": "CAUSAL_LM"})
    files: dict[str, Content] = {
        "adapter_config.json": adapter,
        "adapter_model.safetensors": safetensors_bytes({"a": [8, 16], "b": [16, 8]}),
        "config.json": "{}",
        "learnware/learnware.toml": "id = 'one'\n",
        "learnware/ü x.toml": "two",
    }
    hub.add_model("ann/lora", files, card=CARD, tags=["v1"], likes=3)
    hub.add_commit("ann/lora", {"config.json": '{"new": 1}'}, title="second")
    config = '{"architectures": ["LlamaForCausalLM"], "model_type": "llama"}'
    weights = safetensors_bytes({"w": [40, 40]})
    base: dict[str, Content] = {"config.json": config, "model.safetensors": weights}
    hub.add_model("ann/base", base, card={"license": "mit"}, downloads=10)
    hub.add_model("ann/was-old", {"config.json": "{}"})
    hub.rename("ann/was-old", "ann/new-name")
    hub.renamed["model", "ann/old-name"] = "ann/new-name"
    hub.renamed["model", "gpt2"] = "ann/base"
    hub.add_model("ann/secret", {"config.json": "{}"}, private=True)
    hub.add_model("ann/gated", {"config.json": "{}"}, gated=True)
    hub.add_model("eve/gated", {"config.json": "{}"}, gated="manual")
    hub.add_model("ann/disabled", {"config.json": "{}"})
    hub.repositories["model", "ann/disabled"].disabled = True
    hub.add_dataset("ann/rows", {"train.jsonl": '{"a": 1}\n'}, card={"license": "mit"})
    hub.add_many(25)
    hub.page_size = 10
    hub.tree_page_size = 3
    hub.add_user("ann", "hf_ann")
    hub.add_user("bob", "hf_bob", can_read=["eve/gated"])


@pytest.fixture(scope="module")
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        filled(server)
        yield server


class Calls:
    """Runs groups of calls, each in a process of its own, with one cache for all."""

    def __init__(self, hub: HubServer, folder: Path) -> None:
        home = folder / "huggingface"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
        self.environment = {**kept, "HF_ENDPOINT": hub.url, "HF_HOME": str(home)}
        self.environment["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"

    def run(self, *group: str, **environment: str) -> dict[str, dict[str, Any]]:
        told = subprocess.run(
            [sys.executable, "-m", "tests.hub.protocol_calls", *group],
            cwd=ROOT,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            check=True,
        )
        read: dict[str, dict[str, Any]] = json.loads(told.stdout)
        return read


@pytest.fixture(scope="module")
def calls(hub: HubServer, tmp_path_factory: pytest.TempPathFactory) -> Calls:
    return Calls(hub, tmp_path_factory.mktemp("calls"))


@pytest.fixture(scope="module")
def read(calls: Calls) -> dict[str, dict[str, Any]]:
    return calls.run("reading")


def gave(outcomes: dict[str, dict[str, Any]], *names: str) -> Any:
    told = []
    for name in names:
        assert "failed" not in outcomes[name], (name, outcomes[name])
        told.append(outcomes[name]["gave"])
    return told[0] if len(told) == 1 else told


def test_who_somebody_is(read: dict[str, Any]) -> None:
    assert gave(read, "whoami") == "ann"
    assert "HfHubHTTPError" in read["whoami with a false token"]["failed"]


def test_the_page_of_a_model_says_what_its_files_say(hub: HubServer, read: dict[str, Any]) -> None:
    info = gave(read, "info")
    assert info["library_name"] == "peft"
    assert info["pipeline_tag"] == "text-generation"
    told = {"license:apache-2.0", "base_model:ann/base", "base_model:adapter:ann/base", "learnware"}
    assert told | {"dataset:ann/rows", "en", "finance", "safetensors"} <= set(info["tags"])
    assert info["safetensors"] == {"parameters": {"BF16": 256}, "total": 256}
    sizes = {each["rfilename"]: each for each in gave(read, "info of files")}
    data = hub.files("ann/lora")
    assert {name: each["size"] for name, each in sizes.items()} == {
        name: len(content) for name, content in data.items()
    }
    assert sizes["config.json"]["lfs"] is None
    assert "sha256" in str(sizes["adapter_model.safetensors"]["lfs"])
    expanded = gave(read, "info expanded")
    expected = {"_id", "id", "modelId", "sha", "tags", "base_models", "used_storage"}
    assert set(expanded) == expected
    assert expanded["used_storage"] == sum(map(len, data.values()))
    assert "BadRequestError" in read["info expanded wrongly"]["failed"]
    assert gave(read, "info of a dataset") == ["license:mit"]


def test_names_that_moved_and_commits_that_passed(read: dict[str, Any]) -> None:
    assert gave(read, "info at a commit") == [True, True]
    assert gave(read, "info of a renamed one") == "ann/new-name"
    assert gave(read, "info of an ownerless one") == "ann/base"
    assert gave(read, "refs") == [["main"], ["v1"]]


def test_trees_come_in_pages(hub: HubServer, read: dict[str, Any]) -> None:
    whole = gave(read, "tree")
    assert set(whole) == {*hub.files("ann/lora"), "learnware"}
    assert whole["adapter_model.safetensors"][2]
    assert set(gave(read, "tree of a folder")) == {"learnware/learnware.toml", "learnware/ü x.toml"}
    assert sorted(gave(read, "tree with commits")) == ["initial commit"] * 4 + ["second"]
    assert "RemoteEntryNotFoundError" in read["tree of no folder"]["failed"]
    assert gave(read, "paths") == ["README.md", "learnware"]
    asked = [path for _, path, _ in hub.requests if "/tree/" in path and "recursive=true" in path]
    assert sum("cursor=" in path for path in asked) >= 2


def test_lists_come_in_pages_and_by_condition(hub: HubServer, read: dict[str, Any]) -> None:
    assert gave(read, "many", "many, some") == [25, 7]
    assert len(gave(read, "many, first")) == 2
    assert gave(read, "by search") == ["ann/lora"]
    assert gave(read, "by tags") == ["ann/lora"]
    assert set(gave(read, "by task")) == {"ann/lora", "ann/base"}
    assert set(gave(read, "by gate")) == {"ann/gated", "eve/gated"}
    assert gave(read, "by parameters") == ["ann/base"]
    assert gave(read, "by downloads")[0] == "ann/base"
    assert gave(read, "full") == [[True, False, 6, "apache-2.0"]]
    assert gave(read, "datasets") == ["ann/rows"]
    assert gave(read, "private, listed") == ["ann/secret"]
    assert gave(read, "private, listed for others") == []


def test_files_and_snapshots_are_what_was_put_there(hub: HubServer, read: dict[str, Any]) -> None:
    data = hub.files("ann/lora")
    assert gave(read, "file").encode() == data["config.json"]
    assert gave(read, "file of a folder").encode() == data["learnware/ü x.toml"]
    assert gave(read, "snapshot") == sorted(data)
    assert gave(read, "snapshot again") is True
    assert gave(read, "snapshot of a dataset") == ["README.md", "train.jsonl"]
    assert gave(read, "verified") == []
    assert gave(read, "card") == "apache-2.0"
    listed = ["datasets/ann/rows/README.md", "datasets/ann/rows/train.jsonl"]
    assert gave(read, "file system") == [listed, 'a":']


def test_errors_are_those_that_the_library_knows(read: dict[str, Any]) -> None:
    for name, kind in {
        "missing": "RepositoryNotFoundError",
        "missing for a user": "RepositoryNotFoundError",
        "missing revision": "RevisionNotFoundError",
        "missing file": "RemoteEntryNotFoundError",
        "private": "RepositoryNotFoundError",
        "gated for a user": "GatedRepoError",
        "gated": "GatedRepoError",
        "disabled": "DisabledRepoError",
    }.items():
        assert kind in read[name].get("failed", ()), (name, read[name])
    assert gave(read, "private, its owner") is True
    assert gave(read, "gated, let in") is True
    assert gave(read, "gated, its page") == "manual"


def test_the_token_goes_to_the_hub_alone(hub: HubServer, read: dict[str, Any]) -> None:
    here, there = hub.url.removeprefix("http://"), hub.cdn_url.removeprefix("http://")
    told = {(headers["host"], "authorization" in headers) for _, _, headers in hub.requests}
    assert (here, True) in told
    assert (there, False) in told
    assert (there, True) not in told


def test_offline_the_cache_serves_and_nothing_is_asked(
    hub: HubServer, calls: Calls, read: dict[str, Any]
) -> None:
    before = len(hub.requests)
    outcomes = calls.run("offline", HF_HUB_OFFLINE="1")
    assert gave(outcomes, "cached file", "cached snapshot") == ['{"new": 1}', True]
    assert "LocalEntryNotFoundError" in outcomes["file"]["failed"]
    assert "OfflineModeIsEnabled" in outcomes["info"]["failed"]
    assert len(hub.requests) == before


@pytest.mark.parametrize(
    ("xet", "part_bytes"), [("0", 0), ("1", 4096)], ids=["with xet", "in parts"]
)
def test_what_is_published_is_found_and_pulled_by_another(
    hub: HubServer, calls: Calls, tmp_path: Path, xet: str, part_bytes: int
) -> None:
    """With hf_xet installed the library sends paths by xet alone, which this server has not: it
    takes open files by LFS. Without hf_xet everything goes by LFS."""
    folder = tmp_path / "new"
    (folder / "learnware").mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(safetensors_bytes({"a": [100, 100]}))
    (folder / "learnware/learnware.toml").write_bytes(b"id = 1")
    (folder / "README.md").write_text("---\nlicense: mit\ntags: [learnware-of-ann]\n---\n")
    hub.part_bytes = part_bytes
    hub.objects.clear()
    out = calls.run("publishing", str(folder), HF_HUB_DISABLE_XET=xet)
    assert gave(out, "create", "create if missing") == ["ann/new", "ann/new"]
    for name in ("create again", "create in another's name", "create without token"):
        assert "HfHubHTTPError" in out[name]["failed"], name
    assert gave(out, "commit") == gave(out, "commit the same")
    for name in ("commit of another", "commit on an old parent", "delete what is not there"):
        assert "HfHubHTTPError" in out[name]["failed"], name
    assert '"license" must be one of' in out["commit a wrong card"]["text"]
    pulled = {"adapter_model.safetensors", "learnware/learnware.toml", ".gitattributes"}
    if xet == "1":
        pulled.add("README.md")
        assert gave(out, "folder")
        assert gave(out, "found by another") == ["ann/new"]
    else:
        assert "xet-write-token" in out["folder"]["text"]
    assert set(gave(out, "pulled by another")) == pulled
    gone = {"adapter_model.safetensors", "learnware/learnware.toml"}
    assert set(gave(out, "delete", "left")[1]) == pulled - gone
    assert gave(out, "dataset", "dataset's file")[0] == "ann/index"
    assert set(gave(out, "dataset's files")) == {".gitattributes", "data/index.parquet"}
    assert gave(out, "tag")[1] == ["v1"]
    assert gave(out, "moved", "hide", "move", "remove")[0] == "ann/newest"
    for name in ("hidden", "removed"):
        assert "RepositoryNotFoundError" in out[name]["failed"], name
    hub.remove("ann/index", "dataset")
    hub.renamed.pop(("model", "ann/new"))
    uploads = [path for method, path, _ in hub.requests if method == "PUT" and "/lfs/" in path]
    assert any("/lfs/part/" in path for path in uploads) == bool(part_bytes)
    hub.requests.clear()
