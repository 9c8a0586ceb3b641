"""Learnwares without a specification get one: of what their card names, of what they answer."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "backend"))

from tiny_models import TinyModel, make_all

from lwtui.cli import specify as specify_verb
from lwtui.cli.main import run_command
from lwtui.dock.probe import probe_set
from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.jobs import CancelToken, JobContext
from lwtui.learnware.collection import Collection
from lwtui.learnware.grade import best_grade, grade_of
from lwtui.learnware.known import Known
from lwtui.learnware.manifest import write_manifest
from lwtui.learnware.model import (
    DataSource,
    Learnware,
    ModelFile,
    ModelInfo,
    Provenance,
    Semantic,
    SpecificationEntry,
)
from lwtui.spec.specification import load_specification
from lwtui.workflow import collect
from lwtui.workflow.specify import specify
from lwtui.workflow.specify_learnware import specify_learnware
from lwtui.workflow.work_folder import work_folder
from tests.dock.dataset_builders import SCRIPT, jsonl
from tests.hub.server import HubServer


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    return make_all(tmp_path_factory.getbasetemp() / "tiny_model")


@pytest.fixture
def home(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr("lwtui.paths.starter_root", lambda: tmp_path / "starter")
    return tmp_path / "home"


@pytest.fixture
def pulled(home: Path, tiny: TinyModel) -> str:
    """An adapter that says it comes from the Hub; its id."""
    collect.add(tiny.base, id="someone/base")
    with Collection.open() as collection:
        base = collection.get("someone/base")
        files = {path.name: path for path in tiny.adapter.glob("adapter_*")}
        model = ModelInfo("adapter", base=base.id)
        data = (DataSource("data/tea"), DataSource("data/coffee", licence="cc0-1.0"))
        origin = Provenance("hub", "someone/adapter", "0" * 40)
        learnware = Learnware("someone/adapter", model, Semantic(data=data), origin)
        collection.add(learnware, files)
    return "someone/adapter"


def know(home: Path, *datasets: str) -> str:
    """A learnware of which only the catalogue tells; its id."""
    semantic = Semantic(data=tuple(DataSource(name) for name in datasets))
    learnware = Learnware("far/model", ModelInfo("model"), semantic, Provenance("hub", "far/model"))
    Known(home).put(learnware, {}, "catalogue")
    return learnware.id


def only(learnware: Learnware) -> SpecificationEntry:
    (entry,) = learnware.specifications
    assert learnware.specs_folder is not None
    made = load_specification(learnware.specs_folder / entry.file)
    assert (made.space, made.recipe, made.rows) == (entry.space, entry.recipe, entry.rows)
    return entry


def left_over(home: Path) -> list[str]:
    return [path.name for path in (home / "cache").glob("specify-*")]


def test_of_named_datasets(hub: HubServer, home: Path, pulled: str) -> None:
    commit = hub.add_dataset("data/tea", {"train.jsonl": jsonl("tea")}, card={"license": "mit"})
    hub.add_dataset("data/coffee", {"train.jsonl": jsonl("coffee")}, card={"license": "other"})
    made = specify_learnware(pulled, method="datasets", rows=24)
    entry = only(made)
    assert (entry.origin, entry.rows) == ("named datasets", 24)
    assert f"data/tea@{commit[:7]} (mit) 12 rows" in entry.made_by
    assert grade_of(entry.origin).letter == "B"
    # Its licence is noted; what the manifest said before stays.
    assert [(each.name, each.licence) for each in made.semantic.data] == [
        ("data/tea", "mit"),
        ("data/coffee", "cc0-1.0"),
    ]
    assert not left_over(home)
    for path in home.rglob("*"):
        assert not path.is_file() or b"is blue" not in path.read_bytes()
    again = specify_learnware(pulled, method="datasets", rows=24)
    assert only(again).sha256 == entry.sha256


def test_of_its_own_answers_then_of_better_ones_and_never_back(
    hub: HubServer, home: Path, pulled: str
) -> None:
    made = specify_learnware(pulled)  # the Hub has neither it nor its datasets
    entry = only(made)
    assert (entry.origin, grade_of(entry.origin).letter) == ("own answers", "C")
    assert entry.made_by.endswith(probe_set().name)
    assert 16 <= entry.rows <= len(probe_set().prompts)
    assert made.specs_folder is not None
    assert set(load_specification(made.specs_folder / entry.file).parts) == {"answer", "output"}
    assert not left_over(home)
    hub.add_dataset("data/tea", {"train.jsonl": jsonl("tea")})
    made = specify_learnware(pulled, rows=16)
    assert only(made).origin == "named datasets"
    with pytest.raises(BadInput, match="better specification: grade B"):
        specify_learnware(pulled, method="answers")


def publish(hub: HubServer, home: Path, tiny: TinyModel, weights: bytes, rows: int = 20) -> bytes:
    """Put someone/adapter on the Hub with a specification; its file."""
    folder = home.parent / "published"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "rows.jsonl").write_bytes(jsonl("tea"))
    made = specify(folder / "data", rows=rows)
    file = folder / f"pave-{made.space}.safetensors"
    made.export(file)
    entry = SpecificationEntry("pave", made.recipe, made.space, file.name, "", rows)
    sha256 = hashlib.sha256(weights).hexdigest()
    model = ModelInfo(
        "adapter",
        base="someone/base",
        files=(ModelFile("adapter_model.safetensors", "peft", len(weights), sha256),),
    )
    write_manifest(
        folder,
        Learnware(
            "someone/adapter",
            model,
            Semantic(data=(DataSource("data/tea", licence="mit"),)),
            specifications=(entry,),
        ),
    )
    hub.add_model(
        "someone/adapter",
        {
            "adapter_config.json": tiny.adapter / "adapter_config.json",
            "adapter_model.safetensors": weights,
            "learnware/learnware.toml": (folder / "learnware.toml").read_text(),
            f"learnware/{file.name}": file,
        },
    )
    return file.read_bytes()


def test_published(hub: HubServer, home: Path, pulled: str, tiny: TinyModel) -> None:
    weights = (tiny.adapter / "adapter_model.safetensors").read_bytes()
    published = publish(hub, home, tiny, weights)
    made = specify_learnware(pulled)
    entry = only(made)
    assert (entry.origin, grade_of(entry.origin).letter) == ("published", "A")
    assert made.specs_folder is not None
    assert (made.specs_folder / entry.file).read_bytes() == published
    assert made.semantic.data[0] == DataSource("data/tea", licence="mit")


def test_published_of_other_weights(
    hub: HubServer, home: Path, pulled: str, tiny: TinyModel
) -> None:
    other = (tiny.second_adapter / "adapter_model.safetensors").read_bytes()
    publish(hub, home, tiny, other)
    with pytest.raises(LwtuiError, match="no specification of these weights"):
        specify_learnware(pulled, method="published")
    # One that is only known gets it with the manifest.
    collect.remove(pulled)
    with Collection.open() as collection:
        assert collection.find(pulled) is None
    Known(home).put(Learnware(pulled, ModelInfo("adapter", base="someone/base")), {}, "catalogue")
    made = specify_learnware(pulled, method="published")
    assert (made.pulled, only(made).origin) == (False, "published")


def test_one_that_is_only_known(hub: HubServer, home: Path) -> None:
    hub.add_dataset("data/tea", {"train.jsonl": jsonl("tea")})
    identifier = know(home, "data/tea")
    made = specify_learnware(identifier, rows=20)
    assert not made.pulled
    assert (only(made).origin, only(made).rows) == ("named datasets", 20)
    # The catalogue is read again: it stays.
    know(home, "data/tea")
    with Collection.open() as collection:
        assert only(collection.get(identifier)).origin == "named datasets"
    with pytest.raises(BadInput, match="grade B"):
        specify_learnware(identifier, method="answers")


def test_datasets_that_only_the_hub_knows_of(hub: HubServer, home: Path) -> None:
    hub.add_model("far/model", {"config.json": "{}"}, card={"datasets": ["data/tea"]})
    hub.add_dataset("data/tea", {"train.jsonl": jsonl("tea")})
    assert only(specify_learnware(know(home), method="datasets", rows=16)).rows == 16


def test_when_nothing_works_each_way_says_why(hub: HubServer, home: Path) -> None:
    hub.add_dataset("data/script", {"script.py": SCRIPT})
    hub.add_dataset("data/gated", {"train.jsonl": jsonl("tea")}, gated=True)
    identifier = know(home, "data/script", "data/gated")
    before = sorted(path for path in (home / "known").rglob("*.toml"))
    with pytest.raises(LwtuiError) as caught:
        specify_learnware(identifier)
    told = caught.value.message
    assert "Published:" in told
    assert "data/script is made by a program" in told
    assert "data/gated" in told
    assert "Own answers: far/model is on the Hub" in told
    assert caught.value.hint
    assert sorted(path for path in (home / "known").rglob("*.toml")) == before
    assert not left_over(home)


def test_too_few_rows_are_refused(hub: HubServer, home: Path, pulled: str) -> None:
    hub.add_dataset("data/tea", {"train.jsonl": jsonl("tea", 9)})
    with pytest.raises(LwtuiError, match="could not be sampled"):
        specify_learnware(pulled, method="datasets")
    with pytest.raises(BadInput, match="At least 16"):
        specify_learnware(pulled, rows=3)
    with pytest.raises(BadInput, match="no method"):
        specify_learnware(pulled, method="guess")  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["datasets", "answers"])
def test_a_cancel_leaves_nothing(hub: HubServer, home: Path, pulled: str, method: str) -> None:
    hub.add_dataset("data/tea", {"train.jsonl": jsonl("tea")})
    cancel = CancelToken()
    seen: list[str] = []

    def stop(progress: object) -> None:
        seen.append(str(progress))
        if len(seen) > 2:
            cancel.cancel()

    with pytest.raises(Cancelled):
        specify_learnware(pulled, method=method, context=JobContext(stop, cancel))  # type: ignore[arg-type]
    with Collection.open() as collection:
        assert not collection.get(pulled).specifications
    assert not left_over(home)


def test_what_a_killed_process_left_is_removed(home: Path) -> None:
    dead = home / "cache" / "specify-999999999-abc"
    dead.mkdir(parents=True)
    (dead / "rows.jsonl").write_text("a row")
    with work_folder("specify") as mine:
        assert not dead.exists()
        with work_folder("specify") as other:
            assert mine.is_dir()
            assert other != mine
    assert not left_over(home)


def test_offline(hub: HubServer, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(LwtuiError, match="HF_HUB_OFFLINE"):
        specify_learnware(know(home, "data/tea"), method="datasets")
    assert not hub.requests


def test_the_verb(
    hub: HubServer, home: Path, pulled: str, capfd: pytest.CaptureFixture[str]
) -> None:
    hub.add_dataset("data/tea", {"train.jsonl": jsonl("tea")}, card={"license": "mit"})
    capfd.readouterr()
    assert run_command(["specify", pulled, "--method", "datasets", "--rows", "16", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["specifications"][0]["origin"] == "named datasets"
    with Collection.open() as collection:
        entry = only(collection.get(pulled))
    assert "grade B, of datasets its card names, sampled" in specify_verb.words(pulled, entry)
    assert run_command(["specify", pulled, "--method", "published"]) == 2
    assert "someone/adapter" in capfd.readouterr().err
    assert run_command(["specify", "no/body"]) == 2


def test_grades() -> None:
    entry = SpecificationEntry("pave", "gradient", "space", "file", origin="own answers")
    better = dataclasses.replace(entry, origin="published")
    unknown = dataclasses.replace(entry, origin="somewhere")
    assert best_grade([]) is None
    assert [grade_of(each.origin).letter for each in (entry, better, unknown)] == ["C", "A", "?"]
    best = best_grade([unknown, entry, better])
    assert best is not None
    assert best.letter == "A"


def test_the_probe_set_is_what_everybody_asks() -> None:
    probe = probe_set()
    assert len(set(probe.prompts)) == 64
    assert probe.domains[:4] == ("finance", "medicine", "mathematics", "general")
    # Changed? Then raise its version: specifications of other prompts cannot be compared.
    known = {1: "3f8308ae3250c82e72e47a3ab8100f0121cbfd095995501c19f082c1b36883ba"}
    assert known[probe.version] == probe.digest
