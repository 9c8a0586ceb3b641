"""Search as the app and the command line ask for it: what is here, what the catalogue knows."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from lwtui.dock.catalogue import CatalogueEntry
from lwtui.dock.hub_errors import HubError, NotOnHub
from lwtui.dock.record import HubModel, HubQuery
from lwtui.errors import Cancelled
from lwtui.jobs import CancelToken, JobContext
from lwtui.learnware.known import Known
from lwtui.learnware.model import Learnware, ModelInfo, Semantic
from lwtui.workflow import search as workflow
from lwtui.workflow.search_catalogue import search_catalogue
from tests.hub.server import HubServer

CATALOGUE = (
    HubModel(
        "someone/finance-lora", licence="mit", domain="finance", downloads=5, note="Why it is here"
    ),
    HubModel("someone/gone", licence="mit", domain="medicine", note="It was good"),
    HubModel("someone/maths", licence="apache-2.0", domain="mathematics", downloads=9),
)


@pytest.fixture(autouse=True)
def small_catalogue(monkeypatch: pytest.MonkeyPatch, hub: HubServer, tmp_path: Path) -> None:
    made = tuple(CatalogueEntry(model, "adapter", "a task", "read") for model in CATALOGUE)
    monkeypatch.setattr("lwtui.dock.catalogue.entries", lambda: made)
    monkeypatch.setattr("lwtui.paths.starter_root", lambda: tmp_path / "starter")
    hub.add_model("someone/finance-lora", {"config.json": "{}"}, card={"tags": ["finance"]})
    hub.add_model("someone/other", {"config.json": "{}"}, likes=1)


def test_notes_of_the_catalogue_come_along() -> None:
    notes = {model.id: model.note for model in workflow.search_hub(HubQuery()).models}
    assert notes == {"someone/finance-lora": "Why it is here", "someone/other": ""}
    assert workflow.hub_model("someone/finance-lora").note == "Why it is here"


def test_entry_that_the_hub_no_longer_has_is_missing_and_no_error() -> None:
    model = workflow.hub_model("someone/gone")
    assert model.missing
    assert model.note == "It was good"
    with pytest.raises(NotOnHub):
        workflow.hub_model("someone/never-was")


def test_whether_the_hub_still_has_an_entry_is_remembered(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add_model("someone/maths", {"config.json": "{}"}, downloads=77)
    assert not any(model.missing for model in search_catalogue(HubQuery()).models)
    assert not hub.requests
    seen: list[float] = []
    context = JobContext(lambda progress: seen.append(progress.done))
    checked = search_catalogue(HubQuery(), check=True, context=context).models
    assert {model.id for model in checked if model.missing} == {"someone/gone"}
    assert checked[0].downloads == 77
    assert checked[0].domain == "mathematics"
    assert seen == [1, 2, 3]
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    offline = workflow.search_hub(HubQuery()).models
    assert {model.id for model in offline if model.missing} == {"someone/gone"}
    monkeypatch.delenv("HF_HUB_OFFLINE")
    hub.add_model("someone/gone", {"config.json": "{}"})
    assert not workflow.hub_model("someone/gone", fresh=True).missing
    assert not any(model.missing for model in search_catalogue(HubQuery()).models)


def test_checking_the_catalogue_without_a_network_changes_nothing(hub: HubServer) -> None:
    hub.close()
    page = search_catalogue(HubQuery(), check=True)
    assert len(page.models) == 3
    assert not any(model.missing for model in page.models)
    assert "not reached" in page.problem
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        search_catalogue(HubQuery(), True, JobContext(cancel=token))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        (HubQuery(), ["someone/maths", "someone/finance-lora", "someone/gone"]),
        (HubQuery(domain="finance"), ["someone/finance-lora"]),
        (HubQuery("maths"), ["someone/maths"]),
        (HubQuery(licence="MIT"), ["someone/finance-lora", "someone/gone"]),
        (HubQuery("good"), ["someone/gone"]),
        (HubQuery(language="de"), []),
    ],
)
def test_offline_without_an_answer_the_catalogue_is_shown(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, query: HubQuery, ids: list[str]
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    page = workflow.search_hub(query)
    assert [model.id for model in page.models] == ids
    assert "HF_HUB_OFFLINE" in page.problem
    assert not page.from_cache
    assert not hub.requests


def test_offline_the_page_of_an_entry_is_what_the_catalogue_says(hub: HubServer) -> None:
    hub.close()
    assert workflow.hub_model("someone/maths").licence == "apache-2.0"
    with pytest.raises(HubError):
        workflow.hub_model("someone/other")


def test_a_later_page_that_cannot_be_had_is_an_error(hub: HubServer) -> None:
    hub.add_many(60)
    page = workflow.search_hub(HubQuery())
    hub.close()
    with pytest.raises(HubError):
        workflow.search_hub(HubQuery(), page.next)


def test_known_learnwares_are_not_here_and_are_found_in_the_collection(tmp_path: Path) -> None:
    known = Learnware(
        "someone/other",
        ModelInfo("model"),
        Semantic(title="Other", domain="finance", licence="mit", languages=("en",)),
    )
    Known(tmp_path / "home").put(known, {}, "hub")
    (other,) = workflow.search_hub(HubQuery("other")).models
    assert not other.here
    found, total = workflow.search_collection(HubQuery("other", language="EN"))
    assert (total, [each.id for each in found]) == (1, ["someone/other"])
    assert not found[0].pulled
    assert workflow.search_collection(HubQuery("other", language="de")) == ([], 0)
    assert workflow.search_collection(HubQuery("other", task="translation")) == ([], 0)
    assert workflow.search_collection(HubQuery(relation="adapter")) == ([], 0)


def test_choices_of_a_gguf_repository(hub: HubServer) -> None:
    hub.add_model("someone/gguf", {"m-Q4_K_M.gguf": b"4" * 4, "m-Q8_0.gguf": b"8" * 8})
    choices = workflow.gguf_choices("someone/gguf")
    assert [(each.name, each.advised) for each in choices] == [("Q4_K_M", False), ("Q8_0", True)]
    assert workflow.gguf_choices("someone/other") == ()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "now"),
        (59, "now"),
        (60, "1 minute ago"),
        (7_300, "2 hours ago"),
        (200_000, "2 days ago"),
    ],
)
def test_age_in_words(seconds: float, words: str) -> None:
    assert workflow.age(time.time() - seconds) == words


def test_everything_is_plain_data() -> None:
    (model,) = workflow.search_hub(HubQuery("other")).models
    assert replace(model, here=True) != model
    assert hash(model)
