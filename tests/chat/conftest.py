"""A small collection of the tiny model, in a home of its own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "backend"))

from tiny_models import CONTEXT, TinyModel, make_all

from lwtui.learnware.collection import Collection
from lwtui.learnware.model import FileFormat, Learnware, ModelFile, ModelInfo, Semantic


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("OMP_NUM_THREADS", "1")
        yield


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    return make_all(tmp_path_factory.getbasetemp() / "tiny_model")


@pytest.fixture
def home(tmp_path: Path, tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch) -> Path:
    """``LWTUI_HOME`` with ``tiny/base`` and ``tiny/ada``, and no starter collection."""
    home = tmp_path / "home"
    monkeypatch.setenv("LWTUI_HOME", str(home))
    monkeypatch.setattr("lwtui.paths.starter_root", lambda: tmp_path / "starter")
    base_files = {p.name: p for p in sorted(tiny_model.base.iterdir())}
    adapter_files = {
        p.name: p for p in sorted(tiny_model.adapter.iterdir()) if p.name != "README.md"
    }
    with Collection.open() as collection:
        collection.add(
            Learnware(
                "tiny/base",
                ModelInfo("base", context_length=CONTEXT, files=entries(base_files, "safetensors")),
                Semantic(title="Tiny", licence="apache-2.0"),
            ),
            {**base_files, "base.gguf": tiny_model.gguf},
        )
        collection.add(
            Learnware(
                "tiny/ada",
                ModelInfo("adapter", base="tiny/base", files=entries(adapter_files, "peft")),
                Semantic(title="Tiny adapter", licence="apache-2.0"),
            ),
            {**adapter_files, "adapter.gguf": tiny_model.lora},
        )
    return home


def entries(files: dict[str, Path], weights: FileFormat) -> tuple[ModelFile, ...]:
    kinds: dict[str, FileFormat] = {
        "base.gguf": "gguf",
        "adapter.gguf": "gguf-lora",
        "tokenizer.json": "tokenizer",
    }
    names = [*files, "base.gguf" if weights == "safetensors" else "adapter.gguf"]
    return tuple(
        ModelFile(n, weights if n.endswith(".safetensors") else kinds.get(n, "config"))
        for n in names
    )
