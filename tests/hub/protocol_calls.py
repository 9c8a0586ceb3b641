"""Calls of huggingface_hub against a server, in a process whose environment leads there.

``python -m tests.hub.protocol_calls GROUP`` writes what every call of the group gave, or how it
failed, as JSON. Nothing of the library is changed: its constants come from the environment.
"""

from __future__ import annotations

import io
import json
import sys
import warnings
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    HfFileSystem,
    ModelCard,
    hf_hub_download,
    list_models,
    model_info,
    snapshot_download,
)
from huggingface_hub.hf_api import RepoFile

ANNS, BOBS, NOBODYS = "hf_ann", "hf_bob", "hf_none"
ANN, BOB = HfApi(token=ANNS), HfApi(token=BOBS)
ANYBODY = HfApi(token=False)
LORA = "ann/lora"


def reading() -> dict[str, Callable[[], Any]]:
    def info(**how: Any) -> dict[str, Any]:
        told = vars(model_info(LORA, token=False, **how))
        return {key: value for key, value in told.items() if value is not None}

    def files(**how: Any) -> dict[str, Any]:
        return {
            entry.path: [entry.size, entry.blob_id, entry.lfs and entry.lfs.sha256]
            if isinstance(entry, RepoFile)
            else entry.tree_id
            for entry in ANYBODY.list_repo_tree(LORA, **how)
        }

    def names(**how: Any) -> list[str]:
        return [model.id for model in list_models(token=False, **how)]

    folder = Path(snapshot_download(LORA, token=False))
    return {
        "whoami": lambda: ANN.whoami()["name"],
        "whoami with a false token": lambda: HfApi(token=NOBODYS).whoami(),
        "info": lambda: info(),
        "info of files": lambda: [vars(s) for s in info(files_metadata=True)["siblings"]],
        "info expanded": lambda: info(expand=["sha", "tags", "baseModels", "usedStorage"]),
        "info expanded wrongly": lambda: info(expand=["nonsense"]),
        "info at a commit": lambda: [
            model_info(LORA, revision=commit.commit_id, token=False).sha == commit.commit_id
            for commit in ANYBODY.list_repo_commits(LORA)
        ],
        "info of a renamed one": lambda: ANYBODY.model_info("ann/old-name").id,
        "info of an ownerless one": lambda: ANYBODY.model_info("gpt2").id,
        "info of a dataset": lambda: ANYBODY.dataset_info("ann/rows").tags,
        "tree": lambda: files(recursive=True),
        "tree of a folder": lambda: files(path_in_repo="learnware"),
        "tree with commits": lambda: [
            entry.last_commit and entry.last_commit.title
            for entry in ANYBODY.list_repo_tree(LORA, expand=True)
        ],
        "tree of no folder": lambda: files(path_in_repo="nowhere"),
        "paths": lambda: [
            each.path for each in ANYBODY.get_paths_info(LORA, ["README.md", "learnware", "no"])
        ],
        "refs": lambda: [
            [ref.name for ref in ANYBODY.list_repo_refs(LORA).branches],
            [ref.name for ref in ANYBODY.list_repo_refs(LORA).tags],
        ],
        "many": lambda: len(names(author="many")),
        "many, some": lambda: len(names(author="many", limit=7)),
        "many, first": lambda: [m.id for m in islice(list_models(token=False), 2)],
        "by search": lambda: names(search="LoRA ann"),
        "by tags": lambda: names(filter=["learnware", "base_model:adapter:ann/base"]),
        "by task": lambda: names(pipeline_tag="text-generation", author="ann"),
        "by gate": lambda: names(gated=True),
        "by parameters": lambda: names(num_parameters="min:1K,max:2K", author="ann"),
        "by downloads": lambda: names(author="ann", sort="downloads"),
        "full": lambda: [
            [m.sha is not None, m.gated, len(m.siblings or ()), m.card_data and m.card_data.license]
            for m in list_models(search="lora", full=True, cardData=True, token=False)
        ],
        "datasets": lambda: [each.id for each in ANYBODY.list_datasets(author="ann")],
        "private, listed": lambda: [m.id for m in ANN.list_models(search="secret")],
        "private, listed for others": lambda: [m.id for m in BOB.list_models(search="secret")],
        "file": lambda: Path(hf_hub_download(LORA, "config.json", token=False)).read_text(),
        "file of a folder": lambda: Path(
            hf_hub_download(LORA, "learnware/ü x.toml", token=False)
        ).read_text(),
        "snapshot": lambda: sorted(
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        ),
        "snapshot of a dataset": lambda: sorted(
            path.name for path in Path(snapshot_download("ann/rows", repo_type="dataset")).iterdir()
        ),
        "snapshot again": lambda: snapshot_download(LORA, token=False) == str(folder),
        "verified": lambda: ANYBODY.verify_repo_checksums(LORA).mismatches,
        "file system": lambda: [
            HfFileSystem(token=False).ls("datasets/ann/rows", detail=False),
            HfFileSystem(token=False).cat_file("datasets/ann/rows/train.jsonl", 2, 5).decode(),
        ],
        "card": lambda: ModelCard.load(LORA).data.license,
        "missing": lambda: ANYBODY.model_info("ann/none"),
        "missing for a user": lambda: BOB.hf_hub_download("ann/none", "config.json"),
        "missing revision": lambda: hf_hub_download(LORA, "config.json", revision="v9"),
        "missing file": lambda: hf_hub_download(LORA, "none.json", token=False),
        "private": lambda: BOB.hf_hub_download("ann/secret", "config.json"),
        "private, its owner": lambda: bool(ANN.hf_hub_download("ann/secret", "config.json")),
        "gated": lambda: ANYBODY.hf_hub_download("ann/gated", "config.json"),
        "gated for a user": lambda: ANN.hf_hub_download("eve/gated", "config.json"),
        "gated, let in": lambda: bool(BOB.hf_hub_download("eve/gated", "config.json")),
        "gated, its page": lambda: ANYBODY.model_info("eve/gated").gated,
        "disabled": lambda: ANYBODY.model_info("ann/disabled"),
    }


def offline() -> dict[str, Callable[[], Any]]:
    return {
        "cached file": lambda: Path(hf_hub_download(LORA, "config.json")).read_text(),
        "cached snapshot": lambda: Path(snapshot_download(LORA)).is_dir(),
        "file": lambda: hf_hub_download(LORA, "never.json"),
        "info": lambda: model_info(LORA),
    }


def publishing(folder: Path) -> dict[str, Callable[[], Any]]:
    def weights() -> Any:
        return (folder / "adapter_model.safetensors").open("rb")

    def add(path: str, content: Any) -> CommitOperationAdd:
        return CommitOperationAdd(path, content)

    def committed(*operations: Any, api: HfApi = ANN, **how: Any) -> str:
        return api.create_commit("ann/new", operations, commit_message="one", **how).oid

    return {
        "create": lambda: ANN.create_repo("ann/new").repo_id,
        "create again": lambda: ANN.create_repo("ann/new"),
        "create if missing": lambda: ANN.create_repo("ann/new", exist_ok=True).repo_id,
        "create in another's name": lambda: ANN.create_repo("bob/new"),
        "create without token": lambda: ANYBODY.create_repo("ann/newer"),
        "commit": lambda: committed(
            add("adapter_model.safetensors", weights()), add("learnware/learnware.toml", b"id = 1")
        ),
        "commit the same": lambda: committed(add("adapter_model.safetensors", weights())),
        "commit of another": lambda: committed(add("x.txt", b"x"), api=BOB),
        "commit on an old parent": lambda: committed(add("x.txt", b"x"), parent_commit="0" * 40),
        "commit a wrong card": lambda: committed(
            add("README.md", b"---\nlicense: nonsense\n---\n")
        ),
        "folder": lambda: ANN.upload_folder(repo_id="ann/new", folder_path=folder).oid,
        "pulled by another": lambda: sorted(
            path.relative_to(root).as_posix()
            for root in [Path(snapshot_download("ann/new", token=BOBS))]
            for path in root.rglob("*")
            if path.is_file()
        ),
        "found by another": lambda: [m.id for m in BOB.list_models(filter="learnware-of-ann")],
        "delete": lambda: committed(
            CommitOperationDelete("learnware/"), CommitOperationDelete("adapter_model.safetensors")
        ),
        "left": lambda: ANYBODY.list_repo_files("ann/new"),
        "delete what is not there": lambda: committed(CommitOperationDelete("none.txt")),
        "dataset": lambda: ANN.create_repo("ann/index", repo_type="dataset").repo_id,
        "dataset's file": lambda: (
            ANN.upload_file(
                path_or_fileobj=io.BytesIO(b"PAR1"),
                path_in_repo="data/index.parquet",
                repo_id="ann/index",
                repo_type="dataset",
            ).oid
        ),
        "dataset's files": lambda: BOB.list_repo_files("ann/index", repo_type="dataset"),
        "tag": lambda: [
            ANN.create_tag("ann/new", tag="v1"),
            [ref.name for ref in ANN.list_repo_refs("ann/new").tags],
        ],
        "hide": lambda: ANN.update_repo_settings("ann/new", visibility="private"),
        "hidden": lambda: BOB.model_info("ann/new"),
        "move": lambda: ANN.move_repo("ann/new", "ann/newest"),
        "moved": lambda: ANN.model_info("ann/new").id,
        "remove": lambda: ANN.delete_repo("ann/newest"),
        "removed": lambda: ANN.model_info("ann/newest"),
    }


def outcome(call: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"gave": call()}
    except Exception as error:  # noqa: BLE001 - what kind it is, is the question
        return {"failed": [kind.__name__ for kind in type(error).__mro__], "text": str(error)}


def main(group: str, folder: str = "") -> None:
    warnings.simplefilter("ignore")
    calls = {"reading": reading, "offline": offline}.get(group) or (
        lambda: publishing(Path(folder))
    )
    outcomes = {name: outcome(call) for name, call in calls().items()}
    sys.stdout.write(json.dumps(outcomes, default=str))


if __name__ == "__main__":
    main(*sys.argv[1:])
