"""Sending a publication: what is on the plan, whole or not at all."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from lwtui.cli.main import run_command
from lwtui.dock.publish import PlannedStream
from lwtui.dock.publish_record import BLOCK, PublishPlan, of_disk
from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.jobs import CancelToken, JobContext, Progress
from lwtui.learnware.model import Semantic
from lwtui.workflow.publish import plan_publish, publish
from tests.dock.publishing import ADAPTER, BASE, TOKEN, base_on_hub, become, trained
from tests.hub import uploads as uploads_of_server
from tests.hub.faults import Fault
from tests.hub.server import HubServer


@pytest.fixture
def work(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder an adapter was trained in; its base is on the Hub."""
    hub.add_user("alice", TOKEN)
    base_on_hub(hub)
    folder = become(monkeypatch, tmp_path, "alice") / "studio" / "adapter"
    trained(folder)
    return folder


def plan(**how: Any) -> PublishPlan:
    return plan_publish(ADAPTER, ADAPTER, base=BASE, **how)


def uploads(hub: HubServer, start: int = 0) -> list[str]:
    """SHA-256 of every large file that was sent, in order."""
    paths = [path for method, path, _ in hub.requests[start:] if method == "PUT"]
    return [path.split("?")[0].rpartition("/")[2] for path in paths]


def test_one_commit_of_exactly_the_plan(work: Path, hub: HubServer) -> None:
    made = plan(message="My first")
    seen: list[Progress] = []
    asked = len(hub.requests)
    publish(made, JobContext(seen.append))
    files = hub.files(ADAPTER)
    assert {file.path for file in made.files} | {".gitattributes"} == files.keys()
    commits = hub.repositories["model", ADAPTER].commits
    assert [commit.title for commit in commits] == ["initial commit", "My first"]
    large = [file.sha256 for file in made.files if file.path.endswith((".safetensors", ".gguf"))]
    assert sorted(uploads(hub, asked)) == sorted(large)
    assert (seen[-1].done, seen[-1].total) == (made.size, made.size)
    assert not [path for _, path, _ in hub.requests[asked:] if "xet" in path]
    # The token goes to the Hub alone, and a signed address gets none.
    assert not [h for _, path, h in hub.requests if "/lfs/upload" in path and "authorization" in h]


def test_in_parts(work: Path, hub: HubServer) -> None:
    hub.part_bytes = 100_000
    made = plan()
    publish(made)
    sizes = {path: len(data) for path, data in hub.files(ADAPTER).items()}
    assert all(sizes[file.path] == file.size for file in made.files)


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter-f16.gguf"])
def test_a_file_changed_since_the_plan_is_not_sent(work: Path, hub: HubServer, name: str) -> None:
    made = plan()
    data = bytearray((work / name).read_bytes())
    data[len(data) // 2] ^= 1
    (work / name).write_bytes(data)
    with pytest.raises(BadInput, match="changed since the plan was made") as caught:
        publish(made)
    assert name in str(caught.value)
    assert uploads(hub) == []
    assert ("model", ADAPTER) not in hub.repositories


def test_a_file_that_changes_while_it_is_sent_is_not_sent_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(b"a" * (2 * BLOCK + 10))
    file = of_disk("weights.safetensors", path, "", JobContext())
    stream = PlannedStream(file, lambda _path, _at: None)
    assert stream.read(BLOCK) == b"a" * BLOCK
    path.write_bytes(b"a" * (BLOCK + 5) + b"b" + b"a" * (BLOCK + 100))
    with pytest.raises(BadInput, match="is not sent"):
        stream.read(1)
    stream.seek(-10, 2)
    assert stream.read(64) == b"a" * 10  # what was appended is not on the plan
    assert (stream.seek(0, 2), stream.read(1)) == (file.size, b"")
    stream.close()


def test_a_commit_in_between_is_not_run_over(work: Path, hub: HubServer) -> None:
    publish(plan())
    hub.add_commit(ADAPTER, {"README.md": "---\nlicense: apache-2.0\n---\nTheirs\n"})
    made = plan()
    theirs = hub.add_commit(ADAPTER, {"notes.txt": "meanwhile"})
    with pytest.raises(LwtuiError, match="changed by someone else"):
        publish(made)
    assert hub.repositories["model", ADAPTER].head.id == theirs


def test_a_repository_made_in_between_is_left_alone(work: Path, hub: HubServer) -> None:
    made = plan()
    theirs = hub.add_model(ADAPTER, {"README.md": "mine"})
    with pytest.raises(LwtuiError, match="was not there when the plan was made"):
        publish(made)
    assert hub.repositories["model", ADAPTER].head.id == theirs


def test_a_card_that_the_hub_refuses_makes_nothing(work: Path, hub: HubServer) -> None:
    made = plan()
    card = made.card.replace("license: apache-2.0", "license: my-own")
    files = [
        dataclasses.replace(file, data=card.encode()) if file.path == "README.md" else file
        for file in made.files
    ]
    with pytest.raises(BadInput, match="not what was planned"):
        publish(dataclasses.replace(made, files=tuple(files)))
    hub.inject(
        Fault("status", "/api/validate-yaml", status=400, message='"license" must be one of'),
    )
    with pytest.raises(LwtuiError):
        publish(made)
    assert ("model", ADAPTER) not in hub.repositories
    assert uploads(hub) == []


def test_a_language_the_hub_does_not_know_is_told(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add_user("alice", TOKEN)
    base_on_hub(hub)
    folder = become(monkeypatch, tmp_path, "alice") / "studio" / "adapter"
    semantic = Semantic(title="x", licence="public-domain")
    trained(folder, semantic=semantic, card="")
    with pytest.raises(LwtuiError, match=r"front matter.*license.*must be one of"):
        publish(plan())
    assert ("model", ADAPTER) not in hub.repositories


def test_goes_on_where_a_failure_stopped_it(work: Path, hub: HubServer) -> None:
    made = plan()
    last = max(made.files, key=lambda file: file.size)
    hub.inject(Fault("status", f"/lfs/upload/{last.sha256}", status=403, method="PUT"))
    with pytest.raises(LwtuiError, match="does not allow it"):
        publish(made)
    assert list(hub.files(ADAPTER)) == [".gitattributes"]
    arrived = set(hub.objects)
    again = plan()
    assert not again.new
    asked = len(hub.requests)
    publish(again)
    assert last.sha256 in uploads(hub, asked)
    assert not arrived & set(uploads(hub, asked))
    assert len(hub.files(ADAPTER)) == len(made.files) + 1


def test_a_connection_that_drops_is_tried_again(work: Path, hub: HubServer) -> None:
    dropped = hub.inject(Fault("drop", "/lfs/upload/*", method="PUT"))
    made = plan()
    publish(made)
    assert dropped.used == 1
    assert len(hub.files(ADAPTER)) == len(made.files) + 1


def test_published_but_not_checked_is_said_so(work: Path, hub: HubServer) -> None:
    hub.inject(Fault("status", "*/paths-info/*", status=500))
    with pytest.raises(LwtuiError, match=r"is published, but not checked.*Publish again"):
        publish(plan())
    publish(plan())


def test_a_cancel_ends_a_hub_that_hangs(work: Path, hub: HubServer) -> None:
    hub.inject(Fault("hang", "/lfs/upload/*", times=-1, method="PUT"))
    cancel = CancelToken()

    def seen(progress: Progress) -> None:
        if progress.note == "sending":
            cancel.cancel()

    with pytest.raises(Cancelled):
        publish(plan(), JobContext(seen, cancel))
    assert list(hub.files(ADAPTER)) == [".gitattributes"]


def test_a_rule_there_that_leaves_a_file_out_is_told(
    work: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = uploads_of_server.preupload

    async def ignoring(*request: Any) -> web.Response:
        """As the Hub does for a .gitignore that the repository has."""
        told = json.loads((await whole(*request)).text or "")
        for file in told["files"]:
            file["shouldIgnore"] = file["path"].endswith(".toml")
        return web.json_response(told)

    monkeypatch.setattr(uploads_of_server, "preupload", ignoring)
    with pytest.raises(LwtuiError, match=r"but not learnware/learnware.toml"):
        publish(plan())


def test_a_plan_is_for_one_hub(work: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    made = plan()
    with HubServer() as other:
        monkeypatch.setenv("HF_ENDPOINT", other.url)
        with pytest.raises(BadInput, match="planned for"):
            publish(made)
        assert other.requests == []


def test_command_line(work: Path, hub: HubServer, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["publish", ADAPTER, "--to", ADAPTER, "--base", BASE]
    assert run_command([*command, "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [each["status"] for each in told["files"]] == ["new"] * 6
    assert told["bytes"] == sum(each["bytes"] for each in told["files"])
    assert run_command(command) == 2
    assert "--dry-run" in capsys.readouterr().err
    assert run_command([*command, "--dry-run", "--show-card"]) == 0
    out = capsys.readouterr().out
    assert "learnware/learnware.toml" in out
    assert "### Specification" in out
    assert {method for method, _, _ in hub.requests} == {"GET"}
    assert run_command([*command, "--yes"]) == 0
    out = capsys.readouterr().out
    assert f"{hub.url}/{ADAPTER}" in out
    assert f"lwtui pull {ADAPTER}" in out
    assert TOKEN not in out


def test_nothing_new_is_no_commit(work: Path, hub: HubServer) -> None:
    publish(plan())
    again = plan()
    assert again.to_send == 0
    asked = len(hub.requests)
    assert publish(again) == f"{hub.url}/{ADAPTER}"
    assert hub.requests[asked:] == []
