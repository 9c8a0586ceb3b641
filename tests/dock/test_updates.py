"""Which pulled learnwares have a newer revision, and which files changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lwtui.errors import BadInput, LwtuiError
from lwtui.workflow import pull as verbs
from tests.dock.pulling import BASE, add_base, fetch
from tests.hub.server import HubServer


def test_changes_are_listed_file_by_file(hub: HubServer, tmp_path: Path) -> None:
    first = add_base(hub, tmp_path, files={"old.txt": "old"})
    fetch(BASE)
    assert verbs.updates() == []
    config = '{"model_type": "llama", "newer": true}'
    last = hub.add_commit(BASE, {"config.json": config, "new.txt": "new!"}, delete=["old.txt"])
    [update] = verbs.updates([BASE])
    assert (update.id, update.here, update.there) == (BASE, first, last)
    assert update.changed == (
        ("changed", "config.json", len(config)),
        ("added", "new.txt", 4),
        ("removed", "old.txt", 3),
    )
    fetch(BASE)
    assert verbs.updates() == []


def test_gone_and_renamed_repositories_are_told(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    fetch(BASE)
    hub.rename(BASE, "tests/new-name")
    hub.add_commit("tests/new-name", {"new.txt": "new"})
    [update] = verbs.updates()
    assert update.note == "It is called tests/new-name now."
    hub.remove("tests/new-name")
    [update] = verbs.updates()
    assert update.there == ""
    assert "What is here stays." in update.note


def test_what_was_not_pulled_has_no_updates(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BadInput, match="was not pulled from the Hub"):
        verbs.updates(["starter/base"])
    add_base(hub, tmp_path)
    fetch(BASE)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(LwtuiError, match="HF_HUB_OFFLINE"):
        verbs.updates()
