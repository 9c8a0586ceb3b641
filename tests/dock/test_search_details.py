"""A model's page, its card, and answers that are hostile or gigantic."""

from __future__ import annotations

from typing import Any

import pytest

from lwtui.dock.facts import hub_model
from lwtui.dock.hub import read_json
from lwtui.dock.hub_errors import HubError, NotOnHub
from lwtui.dock.record import HubQuery
from lwtui.dock.search import card, details, search
from lwtui.errors import BadInput
from tests.hub.faults import Fault
from tests.hub.server import HubServer

from .searched import filled, found

__all__ = ["filled"]


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
