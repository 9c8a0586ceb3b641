"""One file into the Hugging Face cache: whole, checked, and from where it stopped."""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest
from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download

from lwtui.dock import download as downloading
from lwtui.dock.transport import Patience
from lwtui.errors import LwtuiError
from tests.dock.pulling import (
    ADAPTER,
    BIG,
    add_adapter,
    add_base,
    add_big,
    blob_folder,
    cache,
    fetch,
    gets,
    ids,
    interrupt,
    partial_sizes,
    sound,
)
from tests.hub.faults import Fault, rate_limited
from tests.hub.server import HubServer

WEIGHTS = "*model.safetensors"


def test_other_tools_see_a_normal_cache(hub: HubServer, tmp_path: Path) -> None:
    commit = add_base(hub, tmp_path)
    add_adapter(hub, tmp_path)
    learnware = fetch(ADAPTER)
    assert sound(learnware)
    scanned = scan_cache_dir(cache())
    assert not scanned.warnings
    assert not scanned.incomplete_files
    assert {repo.repo_id for repo in scanned.repos} == {ADAPTER, "tests/tiny-base"}
    before = len(hub.requests)
    where = {"cache_dir": cache(), "local_files_only": True}
    one = hf_hub_download("tests/tiny-base", "model.safetensors", **where)
    assert Path(one).is_symlink()
    assert Path(snapshot_download("tests/tiny-base", **where)).name == commit
    assert len(hub.requests) == before


def test_file_that_another_tool_fetched_is_not_fetched_again(
    hub: HubServer, tmp_path: Path
) -> None:
    add_big(hub, tmp_path)
    hf_hub_download(BIG, "model.safetensors", cache_dir=cache(), endpoint=hub.url)
    before = len(gets(hub, "/cdn/"))
    assert sound(fetch(BIG))
    assert len(gets(hub, "/cdn/")) == before


@pytest.mark.parametrize("place", ["port", "name", "same"])
def test_cut_connections_lose_nothing(hub: HubServer, tmp_path: Path, place: str) -> None:
    hub.cdn = place  # type: ignore[assignment]
    data = add_big(hub, tmp_path)
    hub.inject(Fault("cut", WEIGHTS, times=3, after=2_000_000, method="GET"))
    learnware = fetch(BIG)
    assert sound(learnware)
    starts = [headers["range"] for headers in gets(hub, "/cdn/") if "range" in headers]
    assert starts == [f"bytes={at}-" for at in (2_000_000, 4_000_000, 6_000_000)]
    assert len(data) > 6_000_000


def test_server_without_ranges_is_borne(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path)
    hub.inject(Fault("no_range", WEIGHTS, times=-1))
    hub.inject(Fault("cut", WEIGHTS, times=2, after=3_000_000, method="GET"))
    assert sound(fetch(BIG))


@pytest.mark.parametrize("kind", ["hang", "drip"])
def test_stalled_connection_is_made_anew(hub: HubServer, tmp_path: Path, kind: str) -> None:
    add_big(hub, tmp_path)
    hub.inject(Fault(kind, WEIGHTS, after=1_500_000, rate=500, method="GET"))  # type: ignore[arg-type]
    patience = Patience(silence=0.4, floor=50_000, floor_seconds=0.8, pauses=(0.05,))
    assert sound(fetch(BIG, patience=patience))
    assert len(gets(hub, "/cdn/")) == 2


def test_short_and_wrong_answers_are_asked_again(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path)
    hub.inject(Fault("truncate", WEIGHTS, after=100_000, method="GET"))
    hub.inject(Fault("html", WEIGHTS, method="GET"))
    hub.inject(Fault("status", WEIGHTS, status=503, method="GET"))
    assert sound(fetch(BIG))


def test_sign_in_page_does_not_cost_what_is_here(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path)
    interrupt(hub, 5_000_000)
    hub.inject(Fault("html", "/tests/big/resolve/*", times=-1, method="GET"))
    with pytest.raises(LwtuiError, match="a web page came"):
        fetch(BIG)
    assert partial_sizes() == [5_000_000]
    hub.faults.clear()
    assert sound(fetch(BIG))
    assert gets(hub, "/cdn/")[-1]["range"] == "bytes=5000000-"


def test_corrupt_file_is_fetched_once_more(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path)
    hub.inject(Fault("corrupt", WEIGHTS, after=4_000_000, method="GET"))
    assert sound(fetch(BIG))
    assert len(gets(hub, "/cdn/")) == 2


def test_lying_server_is_refused_and_leaves_nothing(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path)
    hub.lie(BIG, "model.safetensors", sha256="0" * 64)
    with pytest.raises(LwtuiError, match="hash is wrong, twice"):
        fetch(BIG)
    assert ids() == []
    assert partial_sizes() == []
    assert not (blob_folder() / ("0" * 64)).exists()


def test_small_file_that_changed_on_the_way_is_refused(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path)
    hub.lie(BIG, "tokenizer.json", oid="1" * 40)
    with pytest.raises(LwtuiError, match=r"tokenizer\.json.*hash is wrong"):
        fetch(BIG)
    assert ids() == []


def test_more_bytes_than_announced_are_not_written(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path)
    hub.lie(BIG, "model.safetensors", size=1_000_000)
    with pytest.raises(LwtuiError, match="given up"):
        fetch(BIG)
    assert all(size <= 1_000_000 for size in partial_sizes())
    assert ids() == []


def test_spoilt_partial_file_costs_one_more_try(hub: HubServer, tmp_path: Path) -> None:
    data = add_big(hub, tmp_path)
    interrupt(hub, 1_000_000)
    [partial] = blob_folder().glob("*.incomplete")
    spoilt = bytearray(partial.read_bytes())
    assert bytes(spoilt) == data[:1_000_000]
    spoilt[10] ^= 0xFF
    partial.write_bytes(spoilt)
    assert sound(fetch(BIG))


def test_rate_limit_is_honoured_and_shown(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path)
    hub.inject(rate_limited(1, "/tests/big/resolve/*model.safetensors"))
    notes: list[str] = []
    assert sound(fetch(BIG, seen=lambda progress: notes.append(progress.note)))
    assert "the Hub asks to wait, trying again in 1 s" in notes


def test_absurd_wait_is_not_waited_for(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path)
    hub.inject(rate_limited(90_000, "/tests/big/resolve/*model.safetensors", times=-1))
    with pytest.raises(LwtuiError, match="asked too often") as caught:
        fetch(BIG)
    assert "90000 seconds" in str(caught.value)


def test_full_disk_in_the_middle_keeps_what_arrived(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_big(hub, tmp_path)
    write = downloading._Partial.write

    def full(self: downloading._Partial, data: bytes) -> None:
        if self.size > 3_000_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(downloading._Partial, "write", full)
        with pytest.raises(LwtuiError, match="disk is full"):
            fetch(BIG)
    assert partial_sizes()[0] > 3_000_000
    assert ids() == []
    assert sound(fetch(BIG))
    assert int(gets(hub, "/cdn/")[-1]["range"].removeprefix("bytes=").removesuffix("-")) > 3_000_000


def test_full_disk_is_seen_before_anything_is_fetched(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_big(hub, tmp_path)
    usage = shutil.disk_usage(tmp_path)._replace(free=10_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(LwtuiError, match=r"8\.4 MB to fetch.*10\.0 MB free in") as caught:
        fetch(BIG)
    assert str(cache()) in str(caught.value)
    assert not gets(hub, "/cdn/")


def test_without_links_files_lie_in_the_snapshot(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.file_download.are_symlinks_supported", lambda _: False)
    add_base(hub, tmp_path)
    add_adapter(hub, tmp_path)
    learnware = fetch(ADAPTER)
    assert sound(learnware)
    assert learnware.models_folder is not None
    assert not any(path.is_symlink() for path in learnware.models_folder.iterdir())
    before = len(gets(hub, "/cdn/"))
    assert fetch(ADAPTER).id == ADAPTER
    assert len(gets(hub, "/cdn/")) == before


@pytest.mark.parametrize("how", ["refused", "error", "hang"])
def test_xet_that_fails_is_no_trouble(hub: HubServer, tmp_path: Path, how: str) -> None:
    hub.xet = how  # type: ignore[assignment]
    add_big(hub, tmp_path)
    assert sound(fetch(BIG))
    assert not gets(hub, "/xet/")


def test_token_stays_with_the_hub(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_big(hub, tmp_path)
    hub.repositories["model", BIG].private = True
    hub.add_user("friend", "hf_secret", {BIG})
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    assert sound(fetch(BIG))
    assert all("authorization" in headers for headers in gets(hub, "/tests/big/resolve/"))
    assert not any("authorization" in headers for headers in gets(hub, "/cdn/"))
