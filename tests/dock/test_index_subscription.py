"""Published indexes over the loopback Hub: built, published, added, refreshed, removed."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from lwtui import paths
from lwtui.cli.main import run_command
from lwtui.dock import index_format, subscription
from lwtui.dock.catalogue import entries
from lwtui.dock.index_format import INDEX, SEMANTICS, write_index
from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.jobs import CancelToken, JobContext
from lwtui.learnware.known import Known, source_of
from lwtui.learnware.model import (
    ModelInfo,
    Provenance,
)
from lwtui.workflow import index
from lwtui.workflow.match import match
from tests.hub.server import HubServer

from .indexed import COMMIT, REPO, entry, fetched, folder, known, other, publish, read, shipped

__all__ = ["folder"]


def test_what_is_read_is_what_was_written_byte_for_byte(folder: Path) -> None:
    written = [entry(f"o/m{n}", other(n)) for n in range(5)]
    written.append(entry("o/prompts", dataclasses.replace(shipped(), parts={
        "prompt": shipped().parts["prompt"]
    })))  # fmt: skip
    summary = write_index(folder, written)
    assert (summary.learnwares, summary.specifications) == (6, 6)
    assert len(summary.files) == 3  # other tensors lie in another file
    found, problems = read(folder)
    assert not problems
    assert {one.id: data for one, data in found} == {one.id: data for one, data in written}
    for learnware, _ in found:
        assert learnware.semantic.title == learnware.id
        assert learnware.provenance == Provenance("hub", learnware.id, COMMIT)
        assert [each.origin for each in learnware.specifications] == ["published"]


def test_the_same_index_is_the_same_bytes_and_one_more_changes_few_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_format, "PER_FILE", 4)
    some = [entry(f"o/m{n}") for n in range(24)]
    before = write_index(folder, some)
    assert write_index(folder, reversed(some)) == before
    after = write_index(folder, [*some, entry("o/new")])
    hashes = {file.sha256 for file in before.files}
    assert len([file for file in after.files if file.sha256 not in hashes]) == 2
    small = write_index(folder, some[:3])
    assert {path.name for path in folder.iterdir()} == {INDEX, *(f.path for f in small.files)}


def test_added_matched_refreshed_and_removed(hub: HubServer, folder: Path) -> None:
    write_index(folder, [entry("o/sums", shipped()), entry("o/far", other(1))])
    publish(hub, folder)
    report = index.subscribe(REPO)
    assert (report.learnwares, report.problems) == (2, ())
    assert source_of(known()["o/sums"]) == f"index:{REPO}"
    start = len(hub.requests)
    found = match(shipped(), top=50)
    assert len(hub.requests) == start  # nobody learns what is sought
    best = next(each for each in found.matches if not each.learnware.pulled)
    assert best.id in ("o/sums", "TheBloke/MetaMath-Mistral-7B-GGUF", "ShunyaLab/OpenMath")
    ours = {each.id: each for each in found.matches}["o/sums"]
    assert ours.similarity == pytest.approx(1, abs=1e-3)
    assert ours.cost == 4_000_000

    assert [each.changed for each in index.refresh(hub=False)] == [0]
    write_index(folder, [entry("o/sums", shipped()), entry("o/newer", other(2))])
    hub.add_commit(REPO, {p.name: p.read_bytes() for p in folder.iterdir()}, repo_type="dataset")
    assert [each.changed for each in index.refresh(hub=False)] == [2]
    assert "o/newer" in known()
    assert "o/far" not in known()
    (one,) = index.subscriptions()
    assert (one.repo, one.learnwares, one.left_out) == (REPO, 2, 0)

    assert index.unsubscribe(REPO) == 2
    assert index.subscriptions() == ()
    assert set(known()) == {each.id for each in entries()}  # the catalogue's are there again
    with pytest.raises(BadInput, match="no subscription"):
        index.unsubscribe(REPO)


def test_a_refresh_fetches_only_what_has_changed(
    hub: HubServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_format, "PER_FILE", 2)
    some = [entry(f"o/m{n}") for n in range(8)]
    write_index(folder, some)
    publish(hub, folder)
    index.subscribe(REPO)
    start = len(hub.requests)
    after = write_index(folder, [*some[:-1], entry("o/m7", other(9))])
    hub.add_commit(REPO, {p.name: p.read_bytes() for p in folder.iterdir()}, repo_type="dataset")
    index.refresh(hub=False)
    again = fetched(hub, start) - {INDEX}
    assert SEMANTICS in again
    assert len(again) == 2
    assert len(after.files) > 3


def test_what_another_source_knows_better_stays_with_it(hub: HubServer, folder: Path) -> None:
    learnware, files = entry("o/sums")
    Known(paths.home()).put(learnware, files, "hub")
    write_index(folder, [entry("o/sums", title="by the index"), entry("o/more")])
    publish(hub, folder)
    assert index.subscribe(REPO).learnwares == 1
    assert known()["o/sums"].semantic.title == "o/sums"


def test_published_by_one_and_added_by_another(
    hub: HubServer, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    hub.add_user("curator", "hf_" + "c" * 30)
    monkeypatch.setenv("HF_TOKEN", "hf_" + "c" * 30)
    for each in ("o/one", "o/two"):
        Known(paths.home()).put(*entry(each), "hub")

    def run(*arguments: object) -> tuple[int, str]:
        capfd.readouterr()
        code = run_command([*map(str, arguments)])
        return code, capfd.readouterr().out

    code, out = run("index", "build", folder, "--json")
    assert (code, json.loads(out)["learnwares"]) == (0, 2)
    start = len(hub.requests)
    code, out = run("index", "publish", folder, "--to", REPO, "--dry-run", "--json")
    assert len(hub.requests) == start
    planned = json.loads(out)
    assert (code, planned["sent"]) == (0, False)
    code, out = run("index", "publish", folder, "--to", REPO, "--yes", "--json")
    assert (code, json.loads(out)["sent"]) == (0, True)
    there = hub.files(REPO, "dataset")
    sent = {file["path"]: file["size"] for file in planned["files"]}
    assert {path: len(there[path]) for path in sent} == sent
    assert set(there) - set(sent) <= {".gitattributes"}

    monkeypatch.delenv("HF_TOKEN")
    monkeypatch.setenv("LWTUI_HOME", str(tmp_path / "another"))
    code, out = run("index", "add", REPO, "--json")
    assert (code, json.loads(out)["learnwares"]) == (0, 2)
    assert {"o/one", "o/two"} <= set(known())
    code, out = run("index", "list")
    assert REPO in out
    code, out = run("index", "remove", REPO)
    assert code == 0
    code, _ = run("index", "publish", folder, "--to", REPO, "--yes")
    assert code == 1  # nobody is logged in


def test_only_what_others_can_pull_goes_into_an_index(hub: HubServer, folder: Path) -> None:
    learnware, files = entry("o/local")
    few = dataclasses.replace(learnware.specifications[0], rows=3)
    Known(paths.home()).put(dataclasses.replace(learnware, specifications=(few,)), files, "hub")
    with pytest.raises(BadInput, match="at least 16 rows"):
        index.build_index(folder, ["o/local"])
    with pytest.raises(BadInput, match="publish it first"):
        index.build_index(folder, ["starter/banking-intent"])
    with pytest.raises(BadInput, match="No learnware of the Hub"):
        index.build_index(folder)
    with pytest.raises(BadInput, match="holds no whole index"):
        index.plan_index(folder, REPO)


def test_one_that_cannot_be_read_does_not_stop_the_others(hub: HubServer, folder: Path) -> None:
    write_index(folder, [entry("o/one")])
    publish(hub, folder)
    publish(hub, folder, "curator/other")
    index.subscribe(REPO)
    index.subscribe("curator/other")
    hub.remove(REPO, "dataset")
    reports = {each.source: each for each in index.refresh(hub=False)}
    assert reports[f"index:{REPO}"].failed
    assert not reports["index:curator/other"].failed
    assert "o/one" in known()
    with pytest.raises(LwtuiError):
        index.subscribe("nobody/nothing")
    with pytest.raises(BadInput):
        index.subscribe("../../etc")


def test_repositories_tagged_learnware_are_read(hub: HubServer) -> None:
    learnware, files = entry("alice/sums")
    ((name, data),) = files.items()
    from lwtui.learnware.manifest_writer import render_manifest

    bare = dataclasses.replace(learnware, model=ModelInfo("model"))
    hub.add_model(
        "alice/sums",
        {"learnware/learnware.toml": render_manifest(bare), f"learnware/{name}": data},
        card={"tags": ["learnware"], "license": "mit"},
    )
    hub.add_model("bob/empty", {"config.json": "{}"}, card={"tags": ["learnware"]})
    (report,) = index.refresh()
    assert (report.source, report.learnwares, report.changed, report.failed) == ("hub", 1, 1, False)
    assert source_of(known()["alice/sums"]) == "hub"
    start = len(hub.requests)
    (again,) = index.refresh()
    assert again.changed == 0
    assert not [path for _, path, _ in hub.requests[start:] if "alice/sums/resolve" in path]


def test_a_cancel_leaves_a_subscription_that_can_go_on(hub: HubServer, folder: Path) -> None:
    write_index(folder, [entry(f"o/m{n}") for n in range(6)])
    publish(hub, folder)
    cancel = CancelToken()

    def stop(progress: object) -> None:
        if (
            getattr(progress, "note", "") == "reading the index"
            and getattr(progress, "done", 0) > 2
        ):
            cancel.cancel()

    with pytest.raises(Cancelled):
        index.subscribe(REPO, JobContext(stop, cancel))
    assert [one.repo for one in index.subscriptions()] == [REPO]
    (report,) = index.refresh(hub=False)
    assert report.learnwares == 6


def test_a_file_of_subscriptions_that_was_spoilt(hub: HubServer) -> None:
    path = paths.home() / subscription.FILE_NAME
    path.parent.mkdir(parents=True)
    for text in ("[[subscription]\n", "subscription = 3", '[[subscription]]\nrepo = "../x"\n'):
        path.write_text(text)
        with pytest.raises(BadInput):
            index.subscriptions()
