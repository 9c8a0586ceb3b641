"""What people add: each kind of folder, and what is refused with a reason."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from lwtui.errors import BadInput
from lwtui.learnware.checks import check_static
from lwtui.learnware.collection import Collection
from lwtui.learnware.manifest import read_manifest
from lwtui.workflow.browse import list_learnwares, open_collection, show
from lwtui.workflow.collect import add, remove

from .builders import BASE_REPOSITORY, manifest_text, write_adapter, write_base, write_gguf

CARD = """---
license: MIT
language:
- en
- fr
tags: [finance, "intent"]
datasets:
- PolyAI/banking77
pipeline_tag: text-generation
---
# Banking intents

Text.
"""


@pytest.fixture
def base(home: Path, tmp_path: Path) -> Path:
    folder = write_base(tmp_path / "Tiny Base!")
    add(folder)
    return folder


def own_learnwares() -> list[str]:
    """Ids of the user's own, without the built-in ones."""
    return [found.id for found in list_learnwares() if found.owner != "starter"]


def test_a_hugging_face_model(base: Path) -> None:
    found = show("local/Tiny-Base")
    assert found.model.kind == "model"
    assert found.model.architecture == "llama"
    assert found.model.context_length == 128
    assert found.model.parameters == 32 * 16 + 2 * 4 * 16 * 16
    assert found.formats == ("safetensors",)
    assert found.provenance.location == str(base)
    assert found.semantic.title == "Tiny-Base"


def test_an_adapter_finds_its_base_and_its_card(base: Path, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "intents", base=str(base))
    (folder / "README.md").write_text(CARD)
    (folder / "notes.txt").write_text("not needed")
    found = add(folder)
    assert found.model.base == "local/Tiny-Base"
    assert found.model.context_length == 128
    assert found.formats == ("peft",)
    semantic = found.semantic
    assert (semantic.title, semantic.licence) == ("Banking intents", "mit")
    assert (semantic.languages, semantic.tags) == (("en", "fr"), ("finance", "intent"))
    assert semantic.data[0].name == "PolyAI/banking77"
    assert {file.path for file in found.model.files} == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "README.md",
    }
    with open_collection() as collection:
        base_found = collection.base_of(found)
        report = check_static(found, base_found)
    assert {item.name: item.ok for item in report.items} == {
        "manifest": True,
        "files": True,
        "safety": True,
        "weights": True,
        "licence": True,
        "specification": False,
        "base": True,
    }
    assert not report.ok


def test_the_base_may_be_named(base: Path, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "a", base="/train/run/7")
    with pytest.raises(BadInput, match="Which base") as caught:
        add(folder)
    assert "--base" in (caught.value.hint or "")
    assert add(folder, base="local/tiny-base").model.base == "local/Tiny-Base"
    with pytest.raises(BadInput, match="no base 'local/nothing'"):
        add(folder, id="local/b", base="local/nothing")


def test_a_base_from_the_hub_may_come_later(home: Path, tmp_path: Path) -> None:
    found = add(write_adapter(tmp_path / "a"))
    assert found.model.base == BASE_REPOSITORY
    report = check_static(found, None)
    (item,) = [item for item in report.items if item.name == "base"]
    assert not item.ok
    assert "lwtui pull tests/tiny-base" in item.hint


def test_an_adapter_that_does_not_fit_is_not_added(base: Path, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "a", width=64)
    with pytest.raises(BadInput, match="does not fit"):
        add(folder, base="local/tiny-base")
    assert own_learnwares() == ["local/Tiny-Base"]


def test_gguf_files(base: Path, tmp_path: Path) -> None:
    path = write_gguf(tmp_path / "whole.gguf", **{"tokenizer.chat_template": "{{ x }}"})
    found = add(path)
    assert (found.id, found.model.kind) == ("local/whole", "model")
    assert (found.model.context_length, found.model.chat_template) == (128, "gguf")
    assert found.formats == ("gguf",)
    lora = {
        "general.type": "adapter",
        "adapter.type": "lora",
        "general.base_model.0.repo_url": f"https://huggingface.co/{BASE_REPOSITORY}",
    }
    path = write_gguf(tmp_path / "folder" / "lora.gguf", **lora)
    found = add(path.parent)
    assert (found.id, found.model.base) == ("local/folder", BASE_REPOSITORY)
    assert found.formats == ("gguf-lora",)
    assert add(path, base="local/tiny-base").model.base == "local/Tiny-Base"
    wrong = write_gguf(tmp_path / "q.gguf", **lora, **{"general.architecture": "qwen2"})
    with pytest.raises(BadInput, match="for a qwen2 model"):
        add(wrong, base="local/tiny-base")
    write_gguf(path.with_name("other.gguf"))
    with pytest.raises(BadInput, match="2 GGUF files"):
        add(path.parent, id="local/two")


def test_in_place(base: Path, tmp_path: Path) -> None:
    folder = write_adapter(tmp_path / "a")
    found = add(folder, base="local/tiny-base", in_place=True)
    assert found.models_folder == folder
    assert found.file("peft") == folder / "adapter_model.safetensors"
    remove(found.id)
    assert (folder / "adapter_model.safetensors").exists()


def test_a_learnware_moves_with_its_manifest_and_comments(base: Path, tmp_path: Path) -> None:
    adapter = write_adapter(tmp_path / "a", base="local/Tiny-Base")
    folder = tmp_path / "exported"
    shutil.copytree(adapter, folder)
    (folder / "pave.safetensors").write_bytes((adapter / "adapter_model.safetensors").read_bytes())
    text = manifest_text("other/name").replace("local/base", "local/Tiny-Base")
    (folder / "learnware.toml").write_text(
        "# from a friend\n" + text + 'mood = "good"\n'
        '[[model.files]]\npath = "adapter_model.safetensors"\nformat = "peft"\n'
        '[[model.files]]\npath = "adapter_config.json"\nformat = "config"\n'
        '[[specification]]\ntype = "pave"\nrecipe = "gradient"\nspace = "s"\n'
        'file = "pave.safetensors"\nrows = 3\n'
    )
    found = add(folder)
    assert found.id == "other/name"
    assert found.specs_folder is not None
    written = (found.specs_folder / "learnware.toml").read_text()
    assert written.startswith("# from a friend\n")
    assert 'mood = "good"' in written
    assert (found.specs_folder / "pave.safetensors").is_file()
    assert read_manifest(found.specs_folder).specifications[0].sha256
    assert add(folder, id="other/again").id == "other/again"


@pytest.mark.parametrize(
    "name", ["training_args.bin", "optimizer.pt", "modeling_own.py", "x.ckpt", "x.pkl"]
)
def test_pickles_and_code_in_the_folder(base: Path, tmp_path: Path, name: str) -> None:
    folder = write_adapter(tmp_path / "a")
    (folder / name).write_bytes(b"x")
    with pytest.raises(BadInput) as caught:
        add(folder, base="local/tiny-base")
    assert caught.value.file == str(folder / name)


def test_what_is_no_model(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    for path, message in [
        (folder, "no model here"),
        (tmp_path / "nothing", "no such file"),
        (write_base(tmp_path / "code"), "program code of its own"),
    ]:
        if path.name == "code":
            (path / "config.json").write_text(json.dumps({"auto_map": {"AutoModel": "x.Y"}}))
        with pytest.raises(BadInput, match=message):
            add(path)
    text = tmp_path / "x.gguf"
    text.write_text("not a gguf")
    with pytest.raises(BadInput, match="no GGUF"):
        add(text)
    with pytest.raises(BadInput, match="not a learnware id"):
        add(write_base(tmp_path / "base"), id="../../x")
    assert own_learnwares() == []


def test_checks_notice_damage(base: Path) -> None:
    found = show("local/tiny-base")
    weights = found.file("safetensors")
    assert weights is not None
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)

    def wrong() -> dict[str, str]:
        return {item.name: item.message for item in check_static(found, None).items if not item.ok}

    assert "SHA-256 differs" in wrong()["files"]
    weights.write_bytes(content[:-1])
    assert "bytes instead of" in wrong()["files"]
    assert "cut short" in wrong()["weights"]
    (weights.parent / "run.py").write_text("print()")
    assert "program code" in wrong()["safety"]
    weights.unlink()
    assert "missing" in wrong()["files"]
    assert "No licence" in wrong()["licence"]


def test_collection_default_places(home: Path) -> None:
    with Collection.open() as collection:
        assert collection.home == home
        assert collection.starter.is_dir()
