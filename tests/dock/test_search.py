"""Search over the real protocol: filters, pages, the cache's age, offline, hostile answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lwtui import paths
from lwtui.dock import search_cache
from lwtui.dock.facts import hub_model
from lwtui.dock.hub import read_json
from lwtui.dock.hub_errors import HubError, NotOnHub
from lwtui.dock.record import HubModel, HubQuery
from lwtui.dock.search import card, details, search
from lwtui.errors import BadInput
from tests.hub.faults import Fault
from tests.hub.server import HubServer

BASE = "Qwen/Qwen2.5-0.5B"
GIGABYTE = 10**9


@pytest.fixture
def filled(hub: HubServer) -> HubServer:
    """Six models that differ in everything a query can ask for."""
    hub.add_model(
        "bank/finance-lora",
        {"adapter_config.json": json.dumps({"peft_type": "LORA", "task_type": "CAUSAL_LM"})}
        | {"adapter_model.safetensors": b"weights"},
        card={
            "base_model": BASE,
            "license": "apache-2.0",
            "language": ["en", "de"],
            "datasets": ["gbharti/finance-alpaca"],
            "tags": ["finance", "learnware"],
        },
        downloads=50,
        likes=5,
        updated="2026-05-01T00:00:00.000Z",
    )
    hub.add_model(
        "doctor/Med-GGUF",
        {"m-Q4_K_M.gguf": b"q4" * 50, "m-Q8_0.gguf": b"q8" * 100, "m-F16.gguf": b"f" * 400},
        card={"base_model": BASE, "license": "mit", "tags": ["medical"]},
        downloads=70,
        gguf={"total": 8_000_000_000},
    )
    hub.add_model(
        "school/MathTutor-7B",
        {"config.json": "{}", "model.safetensors": b"x"},
        card={"license": "llama3.2", "base_model": BASE, "base_model_relation": "finetune"},
        downloads=90,
        likes=1,
        safetensors={"parameters": {"BF16": 7_000_000_000}, "total": 7_000_000_000},
        gated="manual",
    )
    hub.add_model(
        "art/pictures", {"x.bin": b"x"}, card={"pipeline_tag": "text-to-image"}, downloads=100
    )
    hub.add_model("clinic/notes", {"config.json": "{}"}, card={"tags": ["medicine"]}, likes=9)
    hub.add_model("secret/finance", {}, card={"tags": ["finance"]}, private=True, downloads=999)
    return hub


def found(query: HubQuery, **how: Any) -> list[str]:
    return [model.id for model in search(query, **how).models]


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


def test_details_have_files_sizes_and_hashes(filled: HubServer) -> None:
    model = details("doctor/Med-GGUF")
    sizes = {file.path: file.size for file in model.files}
    assert sizes["m-Q4_K_M.gguf"] == 100
    assert all(len(file.sha256) == 64 for file in model.files if file.path.endswith(".gguf"))
    assert model.formats == ("gguf",)
    assert model.parameters == 8_000_000_000
    assert model.size == 200  # the advised one: the best below 16 bits
    adapter = details("bank/finance-lora")
    assert adapter.formats == ("peft",)
    assert adapter.size == len(b"weights")


def test_details_of_a_revision_and_of_a_renamed_model(filled: HubServer) -> None:
    first = filled.repositories["model", "bank/finance-lora"].head.id
    filled.add_commit("bank/finance-lora", {"new.json": "{}"})
    assert details("bank/finance-lora").revision != first
    assert details("bank/finance-lora", first).revision == first
    filled.rename("bank/finance-lora", "bank/better-name")
    assert details("bank/finance-lora", fresh=True).id == "bank/better-name"


def test_details_of_what_is_not_there(filled: HubServer) -> None:
    with pytest.raises(NotOnHub):
        details("nobody/nothing")
    with pytest.raises(NotOnHub):
        details("bank/finance-lora", "no-such-branch")
    for wrong in ("nothing", "../x", "a/b/c", "", "a/..", "a/b?x=1"):
        with pytest.raises(BadInput):
            details(wrong)


def test_a_removed_model_is_not_shown_from_the_cache(
    filled: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    details("clinic/notes")
    filled.remove("clinic/notes")
    with pytest.raises(NotOnHub):
        details("clinic/notes", fresh=True)


def test_card_is_text_only(hub: HubServer) -> None:
    hostile = (
        "---\nlicense: mit\n---\n# Good \x1b[31mred\x1b[0m\x9b2J\u202eevil\n"
        "<!-- hidden\n -->[click](javascript:x) [bold]not markup[/bold]\r\n\ttext"
    )
    hub.add_model("someone/model", {"README.md": hostile})
    text = card("someone/model")
    assert text.startswith("# Good red")
    assert "license" not in text
    assert "hidden" not in text
    assert "[bold]not markup[/bold]" in text
    assert not set(text) & set("\x1b\x9b\u202e\r")


def test_card_that_is_missing_or_gigantic(hub: HubServer) -> None:
    hub.add_model("someone/none", {"config.json": "{}"})
    assert card("someone/none") == ""
    hub.add_model("someone/long", {"README.md": "x" * 1_500_000})
    assert len(card("someone/long")) < 210_000
    hub.add_model("someone/gigantic", {"README.md": "x" * 3_000_000})
    with pytest.raises(HubError, match="more than"):
        card("someone/gigantic")
    with pytest.raises(NotOnHub):
        card("nobody/nothing")


def test_hostile_facts_are_cleaned_and_bounded(hub: HubServer) -> None:
    hub.add_model(
        "evil/model",
        {},
        card={},
        tags=(),
        pipeline_tag="\x1b]0;title\x07text-\u202egeneration",
        library_name=["not", "a", "text"],
        safetensors={"parameters": {"BF16": -1, "F32": "many", "X": 2**80}, "total": True},
        gguf=[1, 2],
        cardData={"language": {"en": 1}, "datasets": ["\x1b[2J" + "d" * 10**3] * 500},
        siblings=[
            {"rfilename": path}
            for path in ("../../etc/passwd", "/etc/passwd", "C:\\x", "a\x1b[2J.gguf", "x" * 9_999)
        ]
        + [None, 7, {"rfilename": 5}, {"rfilename": "fine.json", "size": -4, "lfs": "x"}],
    )
    hub.repositories["model", "evil/model"].facts |= {
        "tags": ["[red]x[/red]", "license:\x1b[31mmit", "y" * 10**6, 5, None] + ["z"] * 10**4,
    }
    for model in (search(HubQuery("evil")).models[0], details("evil/model")):
        assert model.task == "text-generation"
        assert model.parameters == model.size == 0
        assert model.licence == "mit"
        assert len(model.datasets) <= 100
        assert all(len(text) <= 200 for text in (*model.tags, *model.datasets))
        assert "\x1b" not in repr(model)
    assert [file.path for file in details("evil/model").files] == ["fine.json"]


@pytest.mark.parametrize(
    "told",
    [
        None,
        5,
        [],
        {},
        {"id": 5},
        {"id": "no-owner"},
        {"id": "[b]/x"},
        {"id": "a/" + "b" * 10**6},
        {"id": "a/../b"},
        {"id": "a/\x1b[2J"},
    ],
)
def test_what_is_no_model_is_left_out(told: Any) -> None:
    assert hub_model(told) is None


def test_gigantic_metadata(hub: HubServer) -> None:
    hub.inject(Fault("gigantic"))
    with pytest.raises(HubError, match="more than"):
        details("someone/model")


def test_one_gigantic_card_does_not_hide_the_others(hub: HubServer) -> None:
    hub.add_many(5)
    hub.add_model("evil/model", {}, cardData={"padding": "x" * 13 * 10**6}, downloads=10**9)
    assert len(found(HubQuery(sort="downloads"), limit=6)) == 6
    page = search(HubQuery(sort="likes"), limit=5)
    assert found(HubQuery(sort="likes"), cursor=page.next, limit=5) == ["evil/model"]


def test_json_too_deep_for_its_reader(hub: HubServer) -> None:
    hub.add_model("someone/model", {"deep.json": "[" * 200_000})
    hub.renamed["model", "evil/model"] = "someone/model"
    assert details("evil/model").id == "someone/model"
    with pytest.raises(HubError) as caught:
        read_json(f"{hub.url}/api/../someone/model/resolve/main/deep.json")
    assert caught.value.kind == "not a hub"
