"""Search over the real protocol: filters, pages, the cache's age, offline, hostile answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from lwtui import paths
from lwtui.dock import search_cache
from lwtui.dock.hub_errors import HubError
from lwtui.dock.record import HubModel, HubQuery
from lwtui.dock.search import search
from lwtui.errors import BadInput
from tests.hub.faults import Fault
from tests.hub.server import HubServer

from .searched import BASE, GIGABYTE, filled, found

__all__ = ["filled"]


def test_everything_that_a_model_tells(filled: HubServer) -> None:
    (model,) = search(HubQuery("finance-lora")).models
    assert model == HubModel(
        id="bank/finance-lora",
        revision=filled.repositories["model", "bank/finance-lora"].head.id,
        downloads=50,
        likes=5,
        updated="2026-05-01T00:00:00.000Z",
        licence="apache-2.0",
        base=BASE,
        relation="adapter",
        domain="finance",
        task="text-generation",
        languages=("en", "de"),
        datasets=("gbharti/finance-alpaca",),
        tags=model.tags,
        formats=("peft",),
        is_learnware=True,
    )


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (HubQuery("MathTutor"), {"school/MathTutor-7B"}),
        (HubQuery(base=BASE, relation="adapter"), {"bank/finance-lora"}),
        (HubQuery(base=BASE, relation="quantized"), {"doctor/Med-GGUF"}),
        (HubQuery(base=BASE, relation="finetune"), {"school/MathTutor-7B"}),
        (HubQuery(relation="finetune"), {"school/MathTutor-7B"}),
        (HubQuery("GGUF", base="qwen2.5-0.5b"), {"doctor/Med-GGUF"}),
        (HubQuery(domain="finance"), {"bank/finance-lora"}),
        (HubQuery(domain="medicine"), {"doctor/Med-GGUF", "clinic/notes"}),
        (HubQuery(domain="mathematics"), {"school/MathTutor-7B"}),
        (HubQuery(task="text-to-image"), {"art/pictures"}),
        (HubQuery(language="de"), {"bank/finance-lora"}),
        (HubQuery(licence="MIT"), {"doctor/Med-GGUF"}),
        (HubQuery(format="peft"), {"bank/finance-lora"}),
        (HubQuery(format="gguf"), {"doctor/Med-GGUF"}),
        (HubQuery(format="safetensors"), {"school/MathTutor-7B"}),
        (HubQuery(gated=True), {"school/MathTutor-7B"}),
        (HubQuery(base=BASE, gated=False), {"bank/finance-lora", "doctor/Med-GGUF"}),
        (HubQuery(learnware=True), {"bank/finance-lora"}),
        (HubQuery(base=BASE, max_bytes=15 * GIGABYTE), {"bank/finance-lora", "doctor/Med-GGUF"}
         | {"school/MathTutor-7B"}),
        (HubQuery(base=BASE, max_bytes=3 * GIGABYTE), {"bank/finance-lora", "doctor/Med-GGUF"}),
        (HubQuery("nobody-has-this"), set()),
    ],
)  # fmt: skip
def test_filters(filled: HubServer, query: HubQuery, ids: set[str]) -> None:
    assert set(found(query)) == ids


def test_sorting(filled: HubServer) -> None:
    names = found(HubQuery(sort="downloads"))
    assert names[:3] == ["art/pictures", "school/MathTutor-7B", "doctor/Med-GGUF"]
    assert found(HubQuery(sort="likes"))[0] == "clinic/notes"
    # A domain's answers come from several questions, and are in order all the same.
    assert found(HubQuery(domain="medicine", sort="likes"))[0] == "clinic/notes"
    assert found(HubQuery(domain="medicine", sort="downloads"))[0] == "doctor/Med-GGUF"


def test_private_models_are_shown_to_those_who_may_see_them(
    filled: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "secret/finance" not in found(HubQuery(domain="finance"))
    filled.add_user("friend", "hf_friend_token", {"secret/finance"})
    monkeypatch.setenv("HF_TOKEN", "hf_friend_token")
    assert "secret/finance" in found(HubQuery(domain="finance"))
    monkeypatch.delenv("HF_TOKEN")
    filled.close()
    assert "secret/finance" not in found(HubQuery(domain="finance"))
    assert b"hf_friend_token" not in search_cache.cache_file().read_bytes()


def test_pages_hold_every_model_once(hub: HubServer) -> None:
    hub.add_many(230)
    seen: list[str] = []
    cursor = ""
    for _ in range(9):
        page = search(HubQuery(sort="downloads"), cursor=cursor, limit=50)
        seen += [model.id for model in page.models]
        cursor = page.next
        if not cursor:
            break
    assert len(seen) == len(set(seen)) == 230
    assert len(hub.requests) == 5


def test_short_pages_are_topped_up(hub: HubServer) -> None:
    hub.add_many(2_000)
    hub.page_size = 100
    # One in three has the task and some fiftieth of those is small enough.
    query = HubQuery(task="text-generation", sort="downloads", max_bytes=200 * 10**6)
    page = search(query, limit=50)
    assert 25 <= len(page.models) <= 125
    assert all(model.size <= 200 * 10**6 for model in page.models)
    assert 1 < len(hub.requests) <= 6


def test_a_filter_that_nothing_passes_ends(hub: HubServer) -> None:
    hub.add_many(2_000)
    page = search(HubQuery(relation="merge"), limit=50)
    assert page.models == ()
    assert page.next
    assert len(hub.requests) == 6


def test_a_domains_pages_hold_every_model_once(hub: HubServer) -> None:
    names = [f"someone/finance-{number:03}" for number in range(90)]
    for number, name in enumerate(names):
        tags = [["finance"], ["financial"], ["finance", "financial"], []][number % 4]
        hub.add_model(name, {}, card={"tags": tags}, downloads=number)
    hub.page_size = 10
    seen: list[str] = []
    cursor = ""
    for _ in range(40):
        page = search(HubQuery(domain="finance", sort="downloads"), cursor=cursor, limit=10)
        seen += [model.id for model in page.models]
        cursor = page.next
        if not cursor:
            break
    assert sorted(seen) == names


def test_cache_answers_with_its_age_and_fresh_asks_anew(filled: HubServer) -> None:
    first = search(HubQuery("lora"))
    asked = len(filled.requests)
    again = search(HubQuery("lora"))
    assert not first.from_cache
    assert again.from_cache
    assert again.models == first.models
    assert again.fetched == first.fetched
    assert len(filled.requests) == asked
    filled.add_model("new/lora", {})
    assert "new/lora" in found(HubQuery("lora"), fresh=True)
    assert "new/lora" in found(HubQuery("lora"))


def test_old_answers_are_asked_for_again(
    filled: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = search(HubQuery("lora"))
    monkeypatch.setattr("lwtui.dock.search.YOUNG", 0.0)
    assert not search(HubQuery("lora")).from_cache
    filled.inject(Fault("status", status=429, headers={"Retry-After": "9"}, times=-1))
    page = search(HubQuery("lora"))
    assert page.from_cache
    assert page.models == first.models
    assert page.fetched >= first.fetched
    assert "in 9 seconds" in page.problem


@pytest.mark.parametrize("how", ["HF_HUB_OFFLINE", "network", "portal"])
def test_offline_shows_the_old_answer_and_says_why(
    filled: HubServer, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    first = search(HubQuery("lora"))
    if how == "HF_HUB_OFFLINE":
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    elif how == "portal":
        filled.inject(Fault("html", times=-1))
    else:
        filled.close()
    page = search(HubQuery("lora"), fresh=True)
    assert page.from_cache
    assert page.models == first.models
    assert page.problem
    with pytest.raises(HubError):
        search(HubQuery("never asked before"))


def test_damaged_cache_is_made_anew(filled: HubServer) -> None:
    file = search_cache.cache_file()
    file.parent.mkdir(parents=True)
    file.write_bytes(b"this is no database" * 1_000)
    assert not search(HubQuery("lora")).from_cache
    search(HubQuery("lora"))
    assert search(HubQuery("lora")).from_cache


def test_cache_that_cannot_be_written_is_done_without(filled: HubServer, tmp_path: Path) -> None:
    paths.home().mkdir(parents=True)
    (paths.home() / "cache").write_text("a file in its place")
    assert found(HubQuery("lora")) == ["bank/finance-lora"]
    assert not search(HubQuery("lora")).from_cache


def test_cache_stays_small(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lwtui.dock.search_cache.MOST_ROWS", 20)
    for number in range(50):
        search_cache.write(f"{number}", {"number": number}, float(number))
    kept = [number for number in range(50) if search_cache.read(f"{number}")]
    assert len(kept) <= 20
    assert kept[-1] == 49


def test_a_cursor_leads_to_no_other_place(filled: HubServer) -> None:
    asked = len(filled.requests)
    for wrong in ("http://127.0.0.1:9/x", '["http://127.0.0.1:9/api/models"]', "[3]", "{}", "["):
        with pytest.raises(BadInput):
            search(HubQuery(), cursor=wrong)
    with pytest.raises(BadInput):
        search(HubQuery(domain="finance"), cursor='["/api/models?cursor=1"]')
    assert len(filled.requests) == asked


def test_a_link_to_another_server_is_followed_here(hub: HubServer) -> None:
    """A mirror may pass on links of the Hub it mirrors."""
    hub.add_many(30)
    page = search(HubQuery(), limit=10)
    assert hub.url not in page.next
    assert search(HubQuery(), cursor=page.next, limit=10).models
