"""``lwtui convert``: the file is added to the learnware, and llama.cpp runs it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from tiny_models import TALKS, TinyModel, make_all, needs_llama_cpp

from lwtui.backend.choose import choose
from lwtui.backend.client import ModelProcess
from lwtui.backend.protocol import Chunk, GenerationSettings, Message
from lwtui.cli.main import run_command
from lwtui.errors import BadInput, Cancelled
from lwtui.jobs import CancelToken, JobContext
from lwtui.learnware.checks import check_static
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware, ModelFile, ModelInfo
from lwtui.workflow import collect
from lwtui.workflow.convert import convert
from tests.convert.small_models import Small

MakeSmall = Callable[[str], Small]


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    return make_all(tmp_path_factory.getbasetemp() / "tiny_model")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LWTUI_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("lwtui.paths.starter_root", lambda: tmp_path / "starter")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return tmp_path / "home"


@pytest.fixture
def added(home: Path, tiny: TinyModel, tmp_path: Path) -> Path:
    """A base in both forms and an adapter without GGUF that is used in place; its folder."""
    both = tmp_path / "both"
    shutil.copytree(tiny.base, both)
    shutil.copy(tiny.gguf, both / "base.gguf")
    collect.add(both, id="tests/base")
    adapter = tmp_path / "snapshot"
    shutil.copytree(tiny.adapter, adapter)
    collect.add(adapter, id="tests/adapter", base="tests/base", in_place=True)
    return adapter


def answer(learnware: Learnware, question: str, backend: str = "llama_cpp") -> str:
    with Collection.open() as collection:
        plan = choose(learnware, collection.base_of(learnware), backend).plan
    with ModelProcess() as process:
        process.load(plan)
        settings = GenerationSettings(max_tokens=30, temperature=0)
        pieces = process.generate([Message("user", question)], settings)
        return "".join(piece.text for piece in pieces if isinstance(piece, Chunk))


@needs_llama_cpp
def test_an_adapter_used_in_place(added: Path, home: Path) -> None:
    before = sorted(path.name for path in added.iterdir())
    made = convert("tests/adapter")
    assert made.formats == ("peft", "gguf-lora")
    assert made.file("gguf-lora") == home / "models" / "tests" / "adapter" / "adapter-f16.gguf"
    assert made.file("peft") == added / "adapter_model.safetensors"
    assert sorted(path.name for path in added.iterdir()) == before
    assert not list((home / "cache").iterdir())
    with Collection.open() as collection:
        read = collection.get("tests/adapter")
        assert read == made
        report = check_static(read, collection.base_of(read))
    wrong = {item.name for item in report.items if not item.ok}
    assert wrong == {"licence", "specification"}  # which nobody gave it
    question, base_says, _ = TALKS[0]
    assert answer(made, question) == answer(made, question, "transformers") != base_says
    with pytest.raises(BadInput, match="already"):
        convert("tests/adapter")
    collect.remove("tests/adapter")
    assert not (home / "models" / "tests" / "adapter").exists()
    assert sorted(path.name for path in added.iterdir()) == before


def test_the_verb(added: Path, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    adapter = home.parent / "copied"
    shutil.copytree(added, adapter)
    collect.add(adapter, id="tests/copied", base="tests/base")
    capfd.readouterr()
    assert run_command(["convert", "tests/copied", "--json"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["formats"] == ["peft", "gguf-lora"]
    assert not any(file["own"] for file in told["model"]["files"])
    assert run_command(["convert", "tests/adapter"]) == 0
    captured = capfd.readouterr()
    assert "adapter-f16.gguf" in captured.out
    assert "no GGUF" not in captured.err
    assert run_command(["convert", "tests/base"]) == 2
    assert "whole model" in capfd.readouterr().err


@needs_llama_cpp
def test_a_base_whose_gguf_is_in_a_repository_of_its_own(
    home: Path, tiny: TinyModel, capfd: pytest.CaptureFixture[str]
) -> None:
    collect.add(tiny.base, id="tests/Base-1")
    collect.add(tiny.adapter, id="tests/adapter", base="tests/Base-1")
    capfd.readouterr()
    assert run_command(["convert", "tests/adapter"]) == 0
    assert "no GGUF here yet" in capfd.readouterr().err
    collect.add(tiny.gguf, id="others/base-10-GGUF")
    collect.add(tiny.gguf, id="others/base-1-GGUF")
    with Collection.open() as collection:
        made = collection.get("tests/adapter")
        base = collection.base_of(made)
        assert base is not None
        assert (base.id, base.formats) == ("tests/Base-1", ("safetensors", "gguf"))
        assert base.file("gguf") == collection.get("others/base-1-GGUF").file("gguf")
    question, base_says, _ = TALKS[0]
    assert answer(made, question) not in ("", base_says)


def test_what_is_not_here(home: Path, small: MakeSmall) -> None:
    with pytest.raises(BadInput, match="no learnware"):
        convert("tests/nothing")
    with Collection.open() as collection:
        model = ModelInfo("adapter", base="far/away", files=(ModelFile("x.safetensors", "peft"),))
        source = home.parent / "x.safetensors"
        shutil.copy(small("qwen2").adapter / "adapter_model.safetensors", source)
        collection.add(Learnware("tests/alone", model), {"x.safetensors": source})
    with pytest.raises(BadInput, match="not here"):
        convert("tests/alone")


def test_nothing_is_left_of_one_that_failed_or_was_stopped(added: Path, home: Path) -> None:
    config = added / "adapter_config.json"
    right = config.read_text()
    config.write_text(json.dumps(json.loads(right) | {"use_dora": True}))
    with pytest.raises(BadInput, match="DoRA"):
        convert("tests/adapter")
    config.write_text(right)
    cancel = CancelToken()
    with pytest.raises(Cancelled):
        convert("tests/adapter", context=JobContext(lambda _: cancel.cancel(), cancel))
    assert not list((home / "cache").iterdir())
    assert not (home / "models" / "tests" / "adapter").exists()
    with Collection.open() as collection:
        assert collection.get("tests/adapter").formats == ("peft",)


def test_a_base_of_another_family(home: Path, small: MakeSmall) -> None:
    folder = home.parent / "base"
    shutil.copytree(small("qwen2").base, folder)
    config = folder / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"model_type": "phi3"}))
    collect.add(folder, id="tests/phi")
    collect.add(small("qwen2").adapter, id="tests/adapter", base="tests/phi")
    with pytest.raises(BadInput, match="'phi3' models are not converted"):
        convert("tests/adapter")
