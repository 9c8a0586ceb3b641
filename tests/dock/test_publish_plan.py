"""The list of what would be published, the card, and everything that is refused before."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lwtui import paths
from lwtui.dock.publish_record import PublishPlan
from lwtui.dock.publish_target import find_base
from lwtui.dock.publish_texts import check_text
from lwtui.errors import BadInput, LwtuiError
from lwtui.learnware.collection import Collection
from lwtui.learnware.manifest import parse_manifest
from lwtui.learnware.model import DataSource, Learnware, ModelInfo, Semantic, SpecificationEntry
from lwtui.workflow.collect import add
from lwtui.workflow.publish import plan_publish, publish
from lwtui.workflow.pull import pull
from tests.dock.publishing import ADAPTER, BASE, CARD, ROOT, TOKEN, base_on_hub, become, trained
from tests.hub.server import HubServer
from tests.learnware.builders import write_base, write_gguf


@pytest.fixture
def alice(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Her machine; the base of her adapters is on the Hub."""
    hub.add_user("alice", TOKEN, organisations=["her-lab"])
    base_on_hub(hub)
    return become(monkeypatch, tmp_path, "alice")


def plan(**how: Any) -> PublishPlan:
    return plan_publish(ADAPTER, **{"to": ADAPTER, "base": BASE, **how})


def data_of(made: PublishPlan, path: str) -> bytes:
    file = next(each for each in made.files if each.path == path)
    return file.data if file.data is not None else Path(str(file.source)).read_bytes()


def front_matter(made: PublishPlan) -> dict[str, Any]:
    return dict(yaml.safe_load(made.card.split("---")[1]))


def test_the_list_is_exact_and_of_no_machine(alice: Path, hub: HubServer) -> None:
    learnware = trained(alice / "studio" / "adapter")
    asked = len(hub.requests)
    made = plan()
    assert {method for method, _, _ in hub.requests[asked:]} == {"GET"}
    assert [file.path for file in made.files] == [
        "adapter_model.safetensors",
        "adapter_config.json",
        "adapter-f16.gguf",
        "README.md",
        "learnware/learnware.toml",
        "learnware/pave-starter-407954b0.safetensors",
    ]
    for file in made.files:
        data = data_of(made, file.path)
        assert (file.size, file.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert str(alice).encode() not in data
    told = parse_manifest(data_of(made, "learnware/learnware.toml").decode())
    head = hub.repositories["model", BASE].head.id
    assert (told.id, told.model.base, told.model.base_revision) == (ADAPTER, BASE, head)
    assert (told.model.folder, told.provenance.location) == ("", "")
    assert told.extra == {"notes": {"seed": 7}}
    assert {file.path: file.sha256 for file in told.model.files} == {
        file.path: file.sha256 for file in made.files[:3]
    }
    config = json.loads(data_of(made, "adapter_config.json"))
    assert (config["base_model_name_or_path"], config["revision"]) == (BASE, head)
    assert learnware.provenance.location  # it did say where it came from


def test_tables_of_others_stay_only_when_they_say_nothing_of_the_machine(alice: Path) -> None:
    extra = {"tracker": {"folder": str(alice / "runs")}, "known": {"from": "hub"}, "seed": 7}
    trained(alice / "studio" / "adapter", extra=extra)
    made = plan()
    told = parse_manifest(data_of(made, "learnware/learnware.toml").decode())
    assert told.extra == {"seed": 7}
    assert any("[tracker]" in warning for warning in made.warnings)


def test_card_keeps_the_authors_words_and_is_found_by_its_tag(alice: Path) -> None:
    trained(alice / "studio" / "adapter")
    made = plan()
    card = front_matter(made)
    assert card["my-own-key"] == [1, 2]
    assert card["tags"][:2] == ["bank", "learnware"]
    assert (card["base_model"], card["base_model_relation"]) == (BASE, "adapter")
    assert (card["library_name"], card["pipeline_tag"]) == ("peft", "text-generation")
    assert "I trained this on a rainy day." in made.card
    assert made.section in made.card
    assert f"lwtui pull {ADAPTER}" in made.section
    assert "BANKING77 | cc-by-4.0" in made.section
    assert "cannot be" not in made.section


def test_next_publication_replaces_its_section_and_nothing_else(
    alice: Path, hub: HubServer
) -> None:
    trained(alice / "studio" / "adapter")
    publish(plan())
    text = hub.files(ADAPTER)["README.md"].decode()
    edited = text.replace("a rainy day", "a sunny day").replace("BANKING77", "nothing")
    hub.add_commit(ADAPTER, {"README.md": edited + "\nThe end.\n", "notes.txt": "mine"})
    again = plan()
    assert again.card == text.replace("a rainy day", "a sunny day") + "\nThe end.\n"
    status = {file.path: file.status for file in again.files}
    assert status["README.md"] == "replaces"
    assert {status[path] for path in status if path != "README.md"} == {"same"}
    publish(again)
    assert hub.files(ADAPTER)["notes.txt"] == b"mine"
    assert hub.files(ADAPTER)["README.md"].decode() == again.card


def test_words_of_others_cannot_end_the_section(alice: Path) -> None:
    semantic = Semantic(
        title="x",
        description="<!-- /lwtui:learnware --> **bold** [link](http://x) \x1b[31mred",
        licence="mit",
        data=(DataSource("a | b", "mit"),),
    )
    trained(alice / "studio" / "adapter", semantic=semantic, card="")
    section = plan().section
    assert section.count("<!-- /lwtui:learnware -->") == 1
    assert r"\*\*bold\*\* \[link\](http://x) red" in section
    assert r"a \| b" in section


def test_a_repository_that_has_the_weights_gets_what_is_missing(
    alice: Path, hub: HubServer
) -> None:
    folder = ROOT / "models" / "starter" / "banking-intent"
    config = (folder / "adapter_config.json").read_text().replace("starter/base", BASE)
    weights = folder / "adapter_model.safetensors"
    files = {"adapter_config.json": config, "adapter_model.safetensors": weights}
    hub.add_model("alice/plain", files, card={"license": "mit", "base_model": BASE})
    pull("alice/plain")
    spec = ROOT / "specs" / "starter" / "banking-intent" / "pave-starter-407954b0.safetensors"
    with Collection.open() as collection:
        entry = collection.get("starter/banking-intent").specifications[0]
        collection.add_specification("alice/plain", spec, entry)
    made = plan_publish("alice/plain", "alice/plain")
    assert (made.base, made.new) == (BASE, False)
    new = {file.path for file in made.files if file.status != "same"}
    assert new == {
        "README.md",
        "learnware/learnware.toml",
        "learnware/pave-starter-407954b0.safetensors",
    }
    asked = len(hub.requests)
    publish(made)
    sent = [path for method, path, _ in hub.requests[asked:] if method == "PUT"]
    assert len(sent) == 1  # the specification


def test_whole_models_and_bases(alice: Path, hub: HubServer) -> None:
    add(write_base(alice / "studio" / "tiny"), id="alice/tiny")
    with pytest.raises(BadInput, match=r"no specification.*--as-base"):
        plan_publish("alice/tiny", "alice/tiny")
    with pytest.raises(BadInput, match="No licence is stated"):
        plan_publish("alice/tiny", "alice/tiny", as_base=True)
    licensed = alice / "studio" / "licensed"
    write_base(licensed)
    (licensed / "README.md").write_text("---\nlicense: llama3.2\n---\n")
    add(licensed, id="her-lab/tiny")
    made = plan_publish("her-lab/tiny", "her-lab/tiny", as_base=True, private=True)
    assert made.private
    assert any("terms of its own" in warning for warning in made.warnings)
    publish(made)
    assert hub.repositories["model", "her-lab/tiny"].private
    told = parse_manifest(hub.files("her-lab/tiny")["learnware/learnware.toml"].decode())
    assert told.model.kind == "base"


# What is refused


def entry_of(rows: int) -> tuple[SpecificationEntry, ...]:
    return (
        SpecificationEntry(
            "pave",
            "gradient",
            "starter-407954b0",
            "pave-starter-407954b0.safetensors",
            rows=rows,
        ),
    )


def semantic(**facts: Any) -> Semantic:
    return dataclasses.replace(Semantic(title="Bank", licence="mit"), **facts)


KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no specification": ({"specifications": ()}, "lwtui specify alice/bank-intents"),
    "too few rows": ({"specifications": entry_of(8)}, "Only 8 different rows"),
    "no licence": ({"semantic": semantic(licence="")}, "No licence is stated"),
    "unknown licence": ({"semantic": semantic(licence="mine")}, "'mine' is not known"),
    "another licence": ({"semantic": semantic()}, "Make them agree"),
    "a token in the card": (
        {"card": CARD + "\nhf_" + "x" * 34 + "\n"},
        r"README.md:.*an access token",
    ),
    "her own token": ({"card": CARD + TOKEN}, r"README.md:\d+: There is your access token"),
    "a private key": ({"card": CARD + KEY}, "a private key"),
    "a path": ({"card": CARD + "see {machine}/studio/log"}, "a path of this machine"),
    "a path in the title": (
        {"semantic": semantic(title="{machine}/x", licence="apache-2.0")},
        r"learnware/learnware.toml:\d+: There is a path of this machine",
    ),
    "broken markers": ({"card": CARD + "<!-- lwtui:learnware -->"}, "not one pair"),
    "broken front matter": ({"card": "---\na: [\n---\n"}, "front matter cannot be read"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_next_step(alice: Path, case: str) -> None:
    facts, words = REFUSED[case]
    facts = dict(facts)
    if isinstance(facts.get("card"), str):
        facts["card"] = facts["card"].replace("{machine}", str(alice))
    told = facts.get("semantic")
    if told is not None:
        facts["semantic"] = dataclasses.replace(
            told, title=told.title.replace("{machine}", str(alice))
        )
    trained(alice / "studio" / "adapter", **facts)
    with pytest.raises(BadInput, match=words) as caught:
        plan()
    assert caught.value.hint
    assert TOKEN not in str(caught.value)


def test_refused_as_built_in_or_not_here(alice: Path) -> None:
    with pytest.raises(BadInput, match="built into lwtui"):
        plan_publish("starter/banking-intent", ADAPTER)
    with pytest.raises(BadInput, match="not a learnware id"):
        plan_publish("starter/banking-intent", "no owner")


def test_refused_without_a_base_that_others_have(alice: Path, hub: HubServer) -> None:
    trained(alice / "studio" / "adapter")
    with pytest.raises(BadInput, match=r"on this machine alone.*--as-base.*--base"):
        plan(base="")
    with pytest.raises(LwtuiError, match="not on the Hub"):
        plan(base="alice/no-such-base")
    hub.add_model("alice/other", {"config.json": "{}", "model.safetensors": b"other"})
    with pytest.raises(BadInput, match="holds other weights"):
        plan(base="alice/other")
    hub.add_model("starter/base", {"config.json": "{}", "model.safetensors": b"a stranger's"})
    with pytest.raises(BadInput, match="holds other weights"):
        plan(base="")


def test_a_base_whose_commit_is_gone(alice: Path, hub: HubServer) -> None:
    model = ModelInfo("adapter", base=BASE, base_revision="0" * 40)
    found = find_base(Learnware(ADAPTER, model), None, "")
    assert found.revision == hub.repositories["model", BASE].head.id
    assert "no longer there" in found.notes[0]


def test_refused_under_a_licence_that_forbids_it(alice: Path, hub: HubServer) -> None:
    base_on_hub(hub, "alice/closed", tags=())
    hub.add_commit("alice/closed", {"README.md": "---\nlicense: cc-by-nc-nd-4.0\n---\n"})
    trained(alice / "studio" / "adapter")
    with pytest.raises(BadInput, match="nothing made from it may be shared"):
        plan(base="alice/closed")
    hub.add_commit("alice/closed", {"README.md": "---\nlicense: cc-by-nc-4.0\n---\n"})
    assert any("no commercial use" in each for each in plan(base="alice/closed").warnings)


def test_refused_when_changed_since_it_was_added(alice: Path) -> None:
    learnware = trained(alice / "studio" / "adapter")
    weights = Path(str(learnware.models_folder)) / "adapter_model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(BadInput, match="changed since it was added"):
        plan()


def test_refused_with_pickle_or_code_on_its_list(alice: Path) -> None:
    trained(alice / "studio" / "adapter")
    for name in ("run.py", "weights.bin"):
        (alice / "studio" / "adapter" / name).write_bytes(b"cos\nsystem\n")
        manifest = paths.home() / "specs" / ADAPTER / "learnware.toml"
        before = manifest.read_text()
        entry = f'[[model.files]]\npath = "{name}"\nformat = "config"\n\n[semantic]'
        manifest.write_text(before.replace("[semantic]", entry, 1))
        with pytest.raises(BadInput, match=r"pickle|program code"):
            plan()
        manifest.write_text(before)


def test_refused_without_the_right_to_write(
    alice: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(alice / "studio" / "adapter")
    with pytest.raises(BadInput, match=r"may not publish under 'bob'.*alice/x, her-lab/x"):
        plan(to="bob/x")
    hub.users[TOKEN].role = "read"
    with pytest.raises(LwtuiError, match="may only read"):
        plan()
    monkeypatch.setenv("HF_TOKEN", "hf_wrong")
    with pytest.raises(LwtuiError, match="token"):
        plan()
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(LwtuiError, match="hf auth login"):
        plan()


def test_refused_where_something_else_is(alice: Path, hub: HubServer) -> None:
    trained(alice / "studio" / "adapter")
    hub.add_model(ADAPTER, {"model.safetensors": b"another model"})
    with pytest.raises(BadInput, match=r"holds other weights \(model.safetensors\)"):
        plan()
    hub.add_model("alice/public", {})
    with pytest.raises(BadInput, match="is public"):
        plan(to="alice/public", private=True)
    other = Learnware("alice/mine", ModelInfo("model"), Semantic(licence="mit"))
    text = f'schema = 1\nid = "{other.id}"\n[model]\nkind = "model"\n'
    hub.add_model("alice/mine", {"learnware/learnware.toml": text})
    with pytest.raises(BadInput, match="another kind or on another base"):
        plan(to="alice/mine")
    hub.rename("alice/mine", "alice/renamed")
    with pytest.raises(BadInput, match="is called alice/renamed now"):
        plan(to="alice/mine")


def test_what_counts_as_a_secret() -> None:
    secrets = [
        "AKIA" + "ABCDEFGHIJKLMNOP",
        "sk-ant-" + "a1" * 20,
        "ghp_" + "a" * 36,
        "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    ]
    for secret in secrets:
        found = list(check_text("x.md", f"one\nkey: {secret}\n".encode()))
        assert [(each.line, each.grave) for each in found] == [(2, True)], secret
        assert secret not in found[0].what
    innocent = "hf_hub_download, sk-learn, desk-top, /home, ./model, https://x.org/a/b, task-1"
    assert not list(check_text("x.md", innocent.encode()))
    (found_path,) = check_text("x.md", b"trained in /home/somebody-else/runs")
    assert not found_path.grave


def test_the_card_that_peft_writes(alice: Path) -> None:
    """It has the folder of the base in it twice."""
    base = alice / "studio" / "base"
    card = (
        f"---\nbase_model: {base}\nlicense: apache-2.0\nlibrary_name: peft\ntags:\n"
        f"- base_model:adapter:{base}\n- lora\n---\n\n# Model Card\n\n[More Information Needed]\n"
    )
    tags = (f"base_model:adapter:{base}", "lora")
    trained(
        alice / "studio" / "adapter", card=card, semantic=semantic(licence="apache-2.0", tags=tags)
    )
    made = plan()
    told = front_matter(made)
    assert told["base_model"] == BASE
    assert told["tags"] == ["lora", "learnware"]
    assert any("blanks of its template" in warning for warning in made.warnings)
    for file in made.files:
        assert str(alice).encode() not in data_of(made, file.path)


def test_a_licence_of_its_own_needs_a_name(alice: Path) -> None:
    other = semantic(licence="other")
    card = "---\nlicense: other\n{}---\n# Mine\n"
    trained(alice / "studio" / "a", semantic=other, card=card.format(""), identifier="alice/a")
    with pytest.raises(BadInput, match=r"learnware.toml.*'other' is not known"):
        plan_publish("alice/a", "alice/a", base=BASE)
    named = card.format("license_name: bank-terms\n")
    trained(alice / "studio" / "b", semantic=other, card=named, identifier="alice/b")
    made = plan_publish("alice/b", "alice/b", base=BASE)
    assert any("bank-terms: has terms of its own" in warning for warning in made.warnings)


def test_weights_that_name_a_folder_in_their_header(alice: Path) -> None:
    folder = alice / "studio" / "gguf"
    folder.mkdir(parents=True)
    write_gguf(folder / "model.gguf", **{"general.name": f"{alice}/studio/run-3"})
    add(folder / "model.gguf", id="alice/gguf")
    manifest = paths.home() / "specs" / "alice" / "gguf" / "learnware.toml"
    manifest.write_text(manifest.read_text().replace("[semantic]", '[semantic]\nlicence = "mit"'))
    with pytest.raises(BadInput, match=r"model.gguf:\d+: There is a path of this machine"):
        plan_publish("alice/gguf", "alice/gguf", as_base=True)
