"""Pulls that are stopped, refused, renamed, or made twice at once."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from lwtui.dock.record import PullPlan
from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.jobs import JobContext, Progress
from lwtui.workflow import pull as verbs
from tests.dock.pulling import (
    ADAPTER,
    BASE,
    BIG,
    add_adapter,
    add_base,
    add_big,
    cache,
    fetch,
    gets,
    ids,
    interrupt,
    partial_sizes,
    sound,
)
from tests.hub.faults import Fault
from tests.hub.server import HubServer
from tests.learnware.builders import write_base


def test_stopped_pull_goes_on_with_the_same_commit(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path)
    pinned = verbs.plan_pull(BIG).revision
    interrupt(hub, 3_000_000)
    hub.add_commit(BIG, {"config.json": '{"model_type": "llama", "newer": 1}'})
    [left] = verbs.unfinished()
    assert (left.repo, left.revision) == (BIG, pinned)
    assert 3_000_000 <= left.have < left.size
    assert ids() == []
    learnware = fetch(BIG)
    assert learnware.provenance.revision == pinned
    assert gets(hub, "/cdn/")[-1]["range"] == "bytes=3000000-"
    assert verbs.unfinished() == []


def test_cancel_ends_the_process_and_leaves_a_pull_to_go_on_with(
    hub: HubServer, tmp_path: Path
) -> None:
    add_big(hub, tmp_path)
    hub.inject(Fault("hang", "*model.safetensors", after=2_000_000, method="GET"))
    context = JobContext(lambda progress: stop(progress))

    def stop(progress: Progress) -> None:
        if any(part.done >= 1_000_000 for part in progress.parts):
            context.cancel.cancel()

    with pytest.raises(Cancelled):
        verbs.pull(BIG, context=context)
    assert [each.repo for each in verbs.unfinished()] == [BIG]
    assert ids() == []
    assert verbs.pull(BIG).id == BIG
    start = gets(hub, "/cdn/")[-1]["range"].removeprefix("bytes=").removesuffix("-")
    assert 1_000_000 <= int(start) <= 2_000_000


def test_discarded_pull_frees_what_it_fetched_alone(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path)
    card = tmp_path / "elsewhere"
    from huggingface_hub import hf_hub_download

    card = Path(hf_hub_download(BIG, "README.md", cache_dir=cache(), endpoint=hub.url))
    interrupt(hub, 3_000_000)
    assert verbs.discard(BIG) >= 3_000_000
    assert verbs.unfinished() == []
    assert partial_sizes() == []
    left = [path.name for path in cache().rglob("snapshots/*/*")]
    assert left == ["README.md"]
    assert card.read_text()
    with pytest.raises(BadInput, match="no unfinished pull"):
        verbs.discard(BIG)


def test_two_pulls_of_the_same_at_once_are_one(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path, megabytes=4)
    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(verbs.pull(BIG).id)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [BIG, BIG]
    assert ids() == [BIG]
    assert len(gets(hub, "/cdn/")) == 1


def test_two_adapters_at_once_share_their_base(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    names = [ADAPTER, "tests/second"]
    for name in names:
        add_adapter(hub, tmp_path, name=name)
    threads = [threading.Thread(target=lambda name=name: verbs.pull(name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ids() == sorted([*names, BASE])
    assert verbs.unfinished() == []


def test_renamed_repository_is_followed_and_told(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    hub.rename(BASE, "tests/new-name")
    plan = verbs.plan_pull(BASE)
    assert f"{BASE} is called tests/new-name now." in plan.notes
    assert fetch(BASE).id == "tests/new-name"
    add_adapter(hub, tmp_path)
    assert fetch(ADAPTER).model.base == "tests/new-name"


def _refused(repo: str, kind: type[LwtuiError] = LwtuiError) -> str:
    with pytest.raises(kind) as caught:
        verbs.pull(repo)
    assert caught.value.hint
    assert ids() == []
    assert not list(cache().rglob("*.incomplete"))
    return str(caught.value)


def test_gated_private_missing_and_wrong_token(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_base(hub, tmp_path, gated="manual")
    add_adapter(hub, tmp_path)
    assert "accept the terms" in _refused(BASE)
    assert "its base cannot be had" in _refused(ADAPTER)
    assert "or is private" in _refused("tests/nothing", BadInput)
    monkeypatch.setenv("HF_TOKEN", "hf_wrong_token")
    text = _refused(BASE)
    assert "does not know your access token" in text
    assert "hf_wrong" not in text
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert "HF_HUB_OFFLINE is set" in _refused(BASE)


def test_revision_may_be_a_tag_or_a_commit(hub: HubServer, tmp_path: Path) -> None:
    first = add_base(hub, tmp_path, tags=("v1",))
    hub.add_commit(BASE, {"config.json": '{"model_type": "llama", "newer": 1}'})
    assert verbs.plan_pull(f"{BASE}@v1").revision == first
    assert verbs.plan_pull(BASE, revision=first).ref == ""
    with pytest.raises(LwtuiError, match="no such revision"):
        verbs.plan_pull(f"{BASE}@v2")
    assert fetch(BASE, revision="v1").provenance.revision == first
    assert (cache() / "models--tests--tiny-base" / "refs" / "v1").read_text() == first


def test_without_network_the_cache_is_named(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import snapshot_download

    add_base(hub, tmp_path)
    snapshot_download(BASE, cache_dir=cache(), endpoint=hub.url)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(LwtuiError, match="`lwtui pull --cached`"):
        fetch(BASE)


def test_pull_that_was_all_but_done_needs_no_network(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_base(hub, tmp_path)

    def stop(progress: Progress) -> None:
        if progress.note == "checking what was fetched":
            raise Cancelled()

    with pytest.raises(Cancelled):
        fetch(BASE, seen=stop)
    assert ids() == []
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetch(BASE).id == BASE


def test_name_of_something_else_is_not_taken_over(hub: HubServer, tmp_path: Path) -> None:
    from lwtui.workflow.collect import add

    add_base(hub, tmp_path)
    add(write_base(tmp_path / "mine"), id=BASE)
    with pytest.raises(BadInput, match="from elsewhere"):
        fetch(BASE)


def test_mirror_that_is_no_hub_is_borne(hub: HubServer, tmp_path: Path) -> None:
    add_base(hub, tmp_path)
    add_adapter(hub, tmp_path)
    hub.foreign = True
    plan = verbs.plan_pull(ADAPTER)
    assert isinstance(plan, PullPlan)
    assert sound(fetch(ADAPTER))
