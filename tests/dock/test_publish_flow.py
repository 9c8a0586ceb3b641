"""One user publishes; another finds it, matches it before any weights are here, and pulls it."""

from __future__ import annotations

import getpass
import hashlib
import json
from pathlib import Path

import pytest

from lwtui.cli.main import run_command
from lwtui.dock.record import HubQuery
from lwtui.learnware.collection import Collection
from lwtui.paths import demo_root
from lwtui.workflow.collect import add
from lwtui.workflow.index import refresh
from lwtui.workflow.match import match
from lwtui.workflow.publish import plan_publish, publish
from lwtui.workflow.pull import pull
from lwtui.workflow.search import search_hub
from tests.dock.publishing import ADAPTER, BASE, ROOT, TOKEN, become, trained
from tests.hub.server import HubServer

BOBS = "hf_" + "bob" * 12
WEIGHTS = (".safetensors", ".gguf", ".bin")


def small_starter(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """A built-in collection without the twin of what is published."""
    for name in ("base", "drug-names", "word-problem-steps", "bank-chat-details"):
        for tree in ("models", "specs"):
            place = folder / tree / "starter" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.symlink_to(ROOT / tree / "starter" / name)
    monkeypatch.setattr("lwtui.paths.starter_root", lambda: folder)


def weights_asked_for(hub: HubServer, start: int) -> list[str]:
    asked = [path.split("?")[0] for _, path, _ in hub.requests[start:]]
    return [path for path in asked if path.endswith(WEIGHTS) and "/learnware/" not in path]


def bytes_received(hub: HubServer) -> set[str]:
    """SHA-256 of everything that was uploaded, whether a commit took it or not."""
    kept = [data for repo in hub.repositories.values() for data in hub.files(repo.id).values()]
    return {hashlib.sha256(data).hexdigest() for data in kept} | set(hub.objects)


def test_published_found_matched_and_pulled(
    hub: HubServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    hub.add_user("alice", TOKEN)
    hub.add_user("bob", BOBS)
    small_starter(monkeypatch, tmp_path / "starter")

    # Alice: a base of her own, and an adapter trained on it.
    machine = become(monkeypatch, tmp_path, "alice")
    add(ROOT / "models" / "starter" / "base", id=BASE, in_place=True)
    monkeypatch.setattr("lwtui.paths.starter_root", lambda: ROOT)
    trained(machine / "studio" / "adapter")
    monkeypatch.setattr("lwtui.paths.starter_root", lambda: tmp_path / "starter")
    command = ["publish", BASE, "--to", BASE, "--as-base", "--yes", "--json"]
    assert run_command(command) == 0
    base = json.loads(capsys.readouterr().out)
    plan = plan_publish(ADAPTER, ADAPTER, base=BASE)
    address = publish(plan)
    assert address == f"{hub.url}/{ADAPTER}"

    # What the server has is what was on the lists, and says nothing of her machine.
    initial = hashlib.sha256(hub.files(ADAPTER)[".gitattributes"]).hexdigest()
    listed = {file.sha256 for file in plan.files} | {each["sha256"] for each in base["files"]}
    assert bytes_received(hub) == listed | {initial}
    assert hub.files(ADAPTER).keys() == {file.path for file in plan.files} | {".gitattributes"}
    private = [str(machine), str(tmp_path), getpass.getuser() + "/", str(Path.home())]
    for path, data in hub.files(ADAPTER).items():
        assert not [each for each in private if each.encode() in data], path

    # Bob: finds it by the tag, and reads what it is good at.
    become(monkeypatch, tmp_path, "bob", BOBS)
    start = len(hub.requests)
    page = search_hub(HubQuery(learnware=True))
    assert {model.id for model in page.models} == {ADAPTER, BASE}
    (report,) = refresh()
    assert (report.changed, report.problems) == (1, ())
    with Collection.open() as collection:
        known = collection.get(ADAPTER)
    assert known.provenance.revision == hub.repositories["model", ADAPTER].head.id
    result = match(demo_root() / "finance-support")
    assert result.matches[0].learnware.id == ADAPTER
    assert not result.matches[0].learnware.pulled
    assert weights_asked_for(hub, start) == []

    # And has it, byte for byte.
    pull(ADAPTER)
    assert weights_asked_for(hub, start)
    with Collection.open() as collection:
        here = collection.get(ADAPTER)
        under = collection.base_of(here)
    assert here.pulled
    assert under is not None
    assert under.id == BASE
    for file in plan.files:
        if file.path.startswith("learnware/") or here.models_folder is None:
            continue
        data = (here.models_folder / file.path).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file.sha256, file.path
    assert [each.sha256 for each in here.specifications] == [
        file.sha256 for file in plan.files if file.path.startswith("learnware/pave-")
    ]
