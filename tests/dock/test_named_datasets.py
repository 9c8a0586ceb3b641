"""Rows of the datasets on a Hub: the right files, a bounded part of them, nothing run."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from lwtui.dock import dataset_rows, named_datasets
from lwtui.dock.dataset_files import DataFile, choose, data_files
from lwtui.errors import Cancelled
from lwtui.jobs import CancelToken, JobContext
from tests.dock.dataset_builders import SCRIPT, columns, csv, jsonl, parquet, rows, zipped
from tests.hub.faults import Fault
from tests.hub.server import HubServer


def sample(
    tmp_path: Path, *names: str, rows: int = 20, context: JobContext | None = None
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """What is told of the datasets, and the rows; nothing else is left in the folder."""
    folder = tmp_path / "work"
    folder.mkdir(exist_ok=True)
    request = {"names": list(names), "rows": rows, "folder": str(folder)}
    told = named_datasets.run(request, context or JobContext())
    assert [path.name for path in folder.iterdir()] == ["rows.jsonl"]
    lines = (folder / "rows.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    assert len(found) == told["rows"]
    return told["datasets"], found


def fetched(hub: HubServer) -> list[str]:
    """Paths of the files that were asked for."""
    return [path for _, path, _ in hub.requests if "/resolve/" in path]


FILES: dict[str, Any] = {
    "train.jsonl": jsonl("tea"),
    "data/train.csv": csv("tea"),
    "train.jsonl.gz": zipped(jsonl("tea")),
    "train-00000-of-00001.parquet": parquet(columns("tea")),
    "train.json": json.dumps(rows("tea")),
}


@pytest.mark.parametrize("name", FILES)
def test_formats(hub: HubServer, tmp_path: Path, name: str) -> None:
    files = {name: FILES[name], "test.jsonl": jsonl("coffee"), "notes.md": "# x"}
    commit = hub.add_dataset("data/tea", files, card={"license": "mit"})
    ((told,), found) = sample(tmp_path, "data/tea")
    assert told["problem"] == ""
    assert (told["name"], told["revision"], told["licence"]) == ("data/tea", commit, "mit")
    assert told["files"] == [name] or told["files"] == (name,)
    assert len(found) == 20
    assert len({row["instruction"] for row in found}) == 20
    assert all("tea" in row["instruction"] and row["output"] for row in found)
    # The same again, wherever it runs.
    assert sample(tmp_path, "data/tea")[1] == found


def test_rows_are_split_evenly_and_what_one_lacks_the_next_makes_up(
    hub: HubServer, tmp_path: Path
) -> None:
    hub.add_dataset("data/tea", {"train.jsonl": jsonl("tea", 4)})
    hub.add_dataset("data/coffee", {"train.jsonl": jsonl("coffee")})
    hub.add_dataset("data/milk", {"train.jsonl": jsonl("milk")})
    told, found = sample(tmp_path, "data/tea", "no/where", "data/coffee", "data/milk", rows=30)
    assert [each["rows"] for each in told] == [4, 0, 13, 13]
    assert "no/where" in told[1]["problem"] or "not" in told[1]["problem"]
    assert len(found) == 30


def test_class_labels_of_parquet_get_their_names(hub: HubServer, tmp_path: Path) -> None:
    table = {"text": [f"Message {n}" for n in range(40)], "label": [n % 2 for n in range(40)]}
    names = {"_type": "ClassLabel", "names": ["lost card", "late transfer"]}
    data = parquet(table, metadata={"info": {"features": {"label": names}}})
    hub.add_dataset("data/intents", {"data/train-0.parquet": data})
    _, found = sample(tmp_path, "data/intents")
    assert {row["output"] for row in found} == {"lost card", "late transfer"}


def test_the_cards_first_configuration_and_its_training_split(
    hub: HubServer, tmp_path: Path
) -> None:
    configs = [
        {"config_name": "socratic", "data_files": "socratic/*"},
        {
            "config_name": "main",
            "data_files": [
                {"split": "test", "path": "files/b-*.jsonl"},
                {"split": "train", "path": ["files/a-*.jsonl"]},
            ],
        },
    ]
    files = {
        "files/a-1.jsonl": jsonl("tea"),
        "files/b-1.jsonl": jsonl("coffee"),
        "socratic/train.jsonl": jsonl("milk"),
    }
    hub.add_dataset("data/maths", files, card={"configs": configs})
    _, found = sample(tmp_path, "data/maths")
    assert all("tea" in row["instruction"] for row in found)


def test_a_program_alone_is_not_run_but_its_converted_files_are_read(
    hub: HubServer, tmp_path: Path
) -> None:
    commit = hub.add_dataset("data/script", {"default/train/0000.parquet": parquet(columns("tea"))})
    hub.add_commit(
        "data/script",
        {"script.py": SCRIPT},
        delete=["default/train/0000.parquet"],
        repo_type="dataset",
    )
    (told,), found = sample(tmp_path, "data/script")
    assert not found
    assert "a program" in told["problem"]
    hub.repositories["dataset", "data/script"].branches[named_datasets.CONVERTED] = commit
    (told,), found = sample(tmp_path, "data/script")
    assert len(found) == 20
    assert told["revision"] == commit
    assert not any(".py" in path for path in fetched(hub))
    assert not Path("/tmp/owned").exists()  # noqa: S108


def test_bytes_in_columns_are_left_unread(hub: HubServer, tmp_path: Path) -> None:
    import pickle

    class Harmful:
        def __reduce__(self) -> Any:
            return (os.system, ("touch /tmp/owned",))

    table = columns("tea")
    data = parquet({**table, "object": [pickle.dumps(Harmful())] * 300})
    hub.add_dataset("data/pickled", {"train.parquet": data, "train.pkl": pickle.dumps(Harmful())})
    hub.add_dataset("data/only", {"train.parquet": parquet({"object": [b"x"] * 300})})
    told, found = sample(tmp_path, "data/pickled", "data/only")
    assert len(found) == 20
    assert "no column of text" in told[1]["problem"]
    assert not any(path.endswith(".pkl") for path in fetched(hub))
    assert not Path("/tmp/owned").exists()  # noqa: S108


def test_names_that_lead_astray_are_left() -> None:
    sizes = {
        "../../train.jsonl": 10,
        "/etc/train.jsonl": 10,
        ".git/train.jsonl": 10,
        "a\\train.jsonl": 10,
        "\x1b[31mtrain.jsonl": 10,
        "dataset_infos.json": 10,
        "empty.jsonl": 0,
        "good/train.jsonl": 10,
    }
    assert [file.path for file in data_files(sizes)] == ["good/train.jsonl"]


def test_traversal_on_a_server(hub: HubServer, tmp_path: Path) -> None:
    siblings = [{"rfilename": "../../../owned.jsonl", "size": 100}]
    hub.add_dataset("data/bad", {"x.txt": "x"}, siblings=siblings)
    before = sorted(tmp_path.parent.iterdir())
    (told,), found = sample(tmp_path, "data/bad")
    assert told["problem"]
    assert not found
    assert sorted(tmp_path.parent.iterdir()) == before


def test_a_mirror_that_tells_no_sizes(hub: HubServer, tmp_path: Path) -> None:
    siblings = [{"rfilename": "data/train.jsonl"}]
    hub.add_dataset("data/tea", {"data/train.jsonl": jsonl("tea")}, siblings=siblings)
    hub.tree_page_size = 1
    (told,), found = sample(tmp_path, "data/tea")
    assert told["problem"] == ""
    assert len(found) == 20


def test_a_server_that_drips(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add_dataset("data/tea", {"train.jsonl": jsonl("tea", 500)})
    hub.inject(Fault("drip", "*train.jsonl", times=-1, rate=100))
    monkeypatch.setattr(named_datasets, "SECONDS", 0.0)
    (told,), found = sample(tmp_path, "data/tea")
    assert "and 0 s" in told["problem"]
    assert not found


def test_gated_missing_and_odd_names(hub: HubServer, tmp_path: Path) -> None:
    hub.add_dataset("data/gated", {"train.jsonl": jsonl("tea")}, gated=True)
    told, found = sample(tmp_path, "data/gated", "data/none", "../../etc", "a b", "http://x/y")
    assert not found
    assert [each["name"] for each in told] == ["data/gated", "data/none"]
    assert all(each["problem"] for each in told)
    assert "\x1b" not in str(told)


def test_a_gigantic_file_is_read_in_pieces(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dataset_rows, "_WHOLE", 100_000)
    monkeypatch.setattr(dataset_rows, "_BEGINNING", 20_000)
    monkeypatch.setattr(dataset_rows, "_PIECE", 5_000)
    monkeypatch.setattr(named_datasets, "BYTES", 200_000)
    hub.add_dataset("data/large", {"train.jsonl": jsonl("tea", 40_000)})
    (told,), found = sample(tmp_path, "data/large", rows=60)
    assert told["problem"] == ""
    assert 20_000 < told["bytes"] < 70_000
    numbers = [int(row["instruction"].split()[-1][:-1]) for row in found]
    assert min(numbers) < 1_000 < 10_000 < max(numbers)  # not of its beginning alone
    # Where ranges are ignored, the beginning has to do.
    hub.inject(Fault("no_range", "*train.jsonl", times=-1))
    (told,), found = sample(tmp_path, "data/large", rows=60)
    assert told["problem"] == ""
    assert told["bytes"] < 25_000
    assert len(found) == 60


def test_a_gigantic_parquet_is_read_by_row_groups(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = parquet({**columns("tea", 60_000), "n": list(range(60_000))}, group=5_000)
    assert len(data) > 600_000
    hub.add_dataset("data/large", {"train.parquet": data})
    monkeypatch.setattr(named_datasets, "BYTES", 600_000)
    (told,), found = sample(tmp_path, "data/large", rows=40)
    assert len(found) == 40
    assert told["bytes"] < 600_000
    # One that cannot be sampled within the budget says so.
    monkeypatch.setattr(named_datasets, "BYTES", 5_000)
    (told,), found = sample(tmp_path, "data/large", rows=40)
    assert not found
    assert "that lwtui allows itself" in told["problem"]


@pytest.mark.parametrize(
    "data",
    [
        b"PAR1" + b"\0" * 2_000 + b"PAR1",
        b"PAR1" + b"\xff" * 2_000 + b"\xff\xff\xff\x7fPAR1",
        b"no parquet at all",
        parquet(columns("tea"))[:-100],
    ],
)
def test_damaged_parquet(hub: HubServer, tmp_path: Path, data: bytes) -> None:
    hub.add_dataset("data/bad", {"train.parquet": data})
    (told,), found = sample(tmp_path, "data/bad")
    assert told["problem"]
    assert not found


def test_a_gzip_bomb_is_unpacked_only_so_far(hub: HubServer, tmp_path: Path) -> None:
    bomb = zipped(jsonl("tea", 30) + b" " * 80_000_000)
    hub.add_dataset("data/bomb", {"train.jsonl.gz": bomb})
    (told,), found = sample(tmp_path, "data/bomb")
    assert len(found) == 20
    assert told["problem"] == ""


def test_gigantic_metadata_and_broken_servers(hub: HubServer, tmp_path: Path) -> None:
    hub.add_dataset("data/tea", {"train.jsonl": jsonl("tea")})
    for fault in (
        Fault("gigantic", "/api/datasets/*", size=1 << 30),
        Fault("status", "/api/datasets/*", status=500),
        Fault("html", "/api/datasets/*"),
        Fault("status", "*/resolve/*", status=429, times=2, headers={"Retry-After": "3600"}),
        Fault("redirect_loop", "*/resolve/*", times=-1),
    ):
        hub.inject(fault)
        (told,), found = sample(tmp_path, "data/tea")
        assert told["problem"], fault
        assert not found
        hub.faults.clear()


def test_a_cancel_leaves_nothing(hub: HubServer, tmp_path: Path) -> None:
    hub.add_dataset("data/tea", {"train.jsonl": jsonl("tea")})
    cancel = CancelToken()
    context = JobContext(lambda progress: progress.done and cancel.cancel(), cancel)
    with pytest.raises(Cancelled):
        sample(tmp_path, "data/tea", context=context)
    assert not list((tmp_path / "work").iterdir())


def test_choosing_by_names() -> None:
    def chosen(*paths: str) -> list[str]:
        return [file.path for file in choose([DataFile(path, 1) for path in paths], {})]

    assert chosen("a/train.csv", "a/test.csv", "b/train.csv") == ["a/train.csv"]
    assert chosen("main/train-0.parquet", "abc/train-0.parquet") == ["main/train-0.parquet"]
    assert chosen("validation.jsonl", "questions.jsonl") == ["questions.jsonl"]
    assert chosen("test.jsonl") == ["test.jsonl"]
    assert chosen("x.csv", "x.parquet", "y.parquet") == ["x.parquet", "y.parquet"]
    assert chosen("data/train/1.jsonl", "data/train/2.jsonl") == [
        "data/train/1.jsonl",
        "data/train/2.jsonl",
    ]
    assert chosen() == []
