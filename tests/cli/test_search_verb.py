"""lwtui search: the collection and the Hub; JSON, table, age, offline, bad input."""

from __future__ import annotations

import pytest
from learnware.builders import write_base

from tests.hub.faults import Fault
from tests.hub.fixture import hub as hub_server
from tests.hub.server import HubServer

from .conftest import Run

__all__ = ["hub_server"]


@pytest.fixture
def hub(hub_server: HubServer, lwtui: Run) -> HubServer:
    """A Hub with four models, and a collection without any."""
    base = "Qwen/Qwen2.5-0.5B"
    for number, tag in enumerate(["finance", "medical", "finance", ""]):
        hub_server.add_model(
            f"someone/{tag or 'plain'}-{number}",
            {"adapter_config.json": '{"peft_type": "LORA"}', "adapter_model.safetensors": b"x"},
            card={"tags": [tag] if tag else [], "base_model": base, "license": "mit"},
            downloads=1234 * number,
            gated="manual" if number == 1 else False,
        )
    return hub_server


def test_hub_as_json(hub: HubServer, lwtui: Run) -> None:
    told = lwtui("search", "--hub", "--domain", "finance", "--sort", "downloads", "--json").json
    assert [model["id"] for model in told["models"]] == ["someone/finance-2", "someone/finance-0"]
    assert told["models"][0]["licence"] == "mit"
    assert told["models"][0]["here"] is False
    assert told["from_cache"] is False
    assert told["problem"] is None
    assert told["more"] is False


def test_hub_as_a_table_and_then_from_the_cache(hub: HubServer, lwtui: Run) -> None:
    done = lwtui("search", "--hub", "--sort", "downloads")
    lines = done.out.splitlines()
    assert done.code == 0
    assert lines[0].split() == [
        "id", "from", "format", "params", "size", "licence", "downloads",
    ]  # fmt: skip
    assert lines[1].split() == ["someone/plain-3", "adapter", "peft", "mit", "3.7k"]
    assert lines[3].endswith("gated")
    assert "lwtui pull" in done.err
    assert "--fresh" in lwtui("search", "--hub", "--sort", "downloads").err
    assert "--fresh" not in lwtui("search", "--hub", "--sort", "downloads", "--fresh").err


def test_limit_takes_as_many_pages_as_it_needs(hub: HubServer, lwtui: Run) -> None:
    hub.add_many(60)
    hub.page_size = 25
    told = lwtui("search", "--hub", "--limit", "60", "--json").json
    assert len({model["id"] for model in told["models"]}) == 60
    assert told["more"] is True
    assert "--limit 20" in lwtui("search", "--hub", "--limit", "10").err


def test_words_need_no_quotes_and_an_address_names_its_model(hub: HubServer, lwtui: Run) -> None:
    address = f"{hub.url}/someone/medical-1"
    (model,) = lwtui("search", address, "--hub", "--json").json["models"]
    assert model["id"] == "someone/medical-1"


def test_what_is_here_is_marked(hub: HubServer, lwtui: Run, tmp_path) -> None:  # type: ignore[no-untyped-def]
    base = write_base(tmp_path / "base")
    hub.add_model("local/base", {})
    assert lwtui("add", base).code == 0
    (model,) = lwtui("search", "local/base", "--hub", "--json").json["models"]
    assert model["here"] is True
    assert "here" in lwtui("search", "local/base", "--hub").out


def test_offline_with_an_old_answer_and_without(
    hub: HubServer, lwtui: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    lwtui("search", "finance", "--hub")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    done = lwtui("search", "finance", "--hub", "--fresh")
    assert done.code == 0
    assert "someone/finance-0" in done.out
    assert "HF_HUB_OFFLINE" in done.err
    assert "What the Hub said" in done.err
    done = lwtui("search", "no-catalogue-has-this", "--hub")
    assert done.code == 1
    assert "HF_HUB_OFFLINE" in done.err


def test_trouble_is_an_error_and_no_traceback(hub: HubServer, lwtui: Run) -> None:
    hub.inject(Fault("status", status=429, headers={"Retry-After": "30"}))
    done = lwtui("search", "no-catalogue-has-this", "--hub", "--json")
    assert done.code == 1
    assert "30 seconds" in done.json["error"]["message"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["--hub", "--domain", "law"],
        ["--hub", "--max-size", "large"],
        ["--hub", "--limit", "0"],
        ["--sort", "likes"],
        ["--gated"],
        ["--fresh"],
        ["--relation", "quantized"],
    ],
)
def test_bad_input(hub: HubServer, lwtui: Run, arguments: list[str]) -> None:
    done = lwtui("search", *arguments)
    assert done.code == 2
    assert not hub.requests


def test_sizes(hub: HubServer, lwtui: Run) -> None:
    hub.add_model("big/model", {}, safetensors={"parameters": {"F16": 10**9}, "total": 10**9})
    hub.repositories["model", "big/model"].facts["tags"] = ["safetensors"]
    for size, seen in (("1.9 GB", 0), ("2gb", 1), ("1TB", 1), ("1999M", 0), ("2000000000", 1)):
        told = lwtui("search", "big/", "--hub", "--max-size", size, "--json").json
        assert len(told["models"]) == seen


def test_the_collection_is_searched_without_the_network(
    hub: HubServer,
    lwtui: Run,
    tmp_path,  # type: ignore[no-untyped-def]
) -> None:
    assert lwtui("add", write_base(tmp_path / "base")).code == 0
    found = lwtui("search", "base", "--json").json["learnwares"]
    assert [each["id"] for each in found if each["pulled"]] == ["local/base"]
    assert "BioMistral/BioMistral-7B-SLERP" in [each["id"] for each in found]  # known, not here
    assert lwtui("search", "local/base", "--json").json["count"] == 1
    small = lwtui("search", "--max-size", "1B", "--json").json["learnwares"]
    assert not [each["id"] for each in small if each["size"]]  # adapters may not tell theirs
    assert "--hub" in lwtui("search", "nothing-like-it").err
    assert not hub.requests


def test_the_catalogue_is_listed_without_the_network(hub: HubServer, lwtui: Run) -> None:
    told = lwtui("search", "--catalogue", "--domain", "finance", "--json").json
    assert len(told["models"]) >= 5
    assert all(model["domain"] == "finance" and model["note"] for model in told["models"])
    assert lwtui("search", "--catalogue").code == 0
    assert not hub.requests
    done = lwtui("search", "--catalogue", "--fresh", "--limit", "3")
    assert done.code == 0
    assert "gone" in done.out
    assert "no longer" in done.err
