"""What the Hugging Face cache holds already is entered without a download."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from huggingface_hub import snapshot_download

from lwtui.errors import BadInput
from lwtui.workflow import pull as verbs
from tests.dock.pulling import ADAPTER, BASE, BIG, add_adapter, add_base, add_big, cache, ids, sound
from tests.hub.server import HubServer


def fetch_elsewhere(hub: HubServer, repo: str, **how: object) -> None:
    """As another program does it: everything, pickles and code included."""
    snapshot_download(repo, cache_dir=cache(), endpoint=hub.url, **how)  # type: ignore[call-overload]


def test_whole_models_are_found_and_entered_without_network(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_base(hub, tmp_path, files={"pytorch_model.bin": b"pickle", "modeling.py": "boom"})
    add_adapter(hub, tmp_path, files={"optimizer.pt": b"pickle"})
    add_big(hub, tmp_path, megabytes=2)
    for repo in (BASE, ADAPTER, BIG):
        fetch_elsewhere(hub, repo)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    before = len(hub.requests)
    found = verbs.adoptable()
    assert [model.id for model in found] == [BIG, ADAPTER, BASE]
    assert (found[1].base, found[1].licence, found[1].domain) == (BASE, "mit", "finance")
    adopted = verbs.adopt()
    assert sorted(ids()) == sorted([BASE, ADAPTER, BIG])
    assert all(sound(learnware) for learnware in adopted)
    names = {file.path for learnware in adopted for file in learnware.model.files}
    assert not {Path(name).suffix for name in names} & {".bin", ".py", ".pt"}
    assert len(hub.requests) == before
    assert verbs.adoptable() == []


def test_incomplete_snapshot_is_not_offered(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    add_adapter(hub, tmp_path)
    fetch_elsewhere(hub, BASE, allow_patterns=["*.json"])
    fetch_elsewhere(hub, ADAPTER)
    assert verbs.adoptable() == []
    with pytest.raises(BadInput, match="not whole in the Hugging Face cache"):
        verbs.adopt([BASE])
    fetch_elsewhere(hub, BASE)
    assert [each.id for each in verbs.adopt([ADAPTER])] == [BASE, ADAPTER]


def test_broken_cache_is_no_error(hub: HubServer, tmp_path: Path) -> None:
    assert verbs.adoptable() == []
    add_base(hub, tmp_path)
    fetch_elsewhere(hub, BASE)
    (cache() / "models--someone--broken" / "snapshots").mkdir(parents=True)
    (cache() / "models--someone--broken" / "snapshots" / "stray").write_text("x")
    (cache() / "models--x").mkdir()
    (cache() / "notes.txt").write_text("mine")
    weights = next(cache().rglob("snapshots/*/model.safetensors"))
    assert [model.id for model in verbs.adoptable()] == [BASE]
    os.truncate(weights.resolve(), 100)
    with pytest.raises(BadInput, match="cut short"):
        verbs.adopt([BASE])
    assert ids() == []
