"""A user with something to publish: copies of starter learnwares under ids of their own."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware, Provenance
from lwtui.paths import starter_root
from tests.hub.server import HubServer

ROOT = starter_root()
BASE = "alice/little-base"
ADAPTER = "alice/bank-intents"
TOKEN = "hf_" + "alice" * 8


def become(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, token: str = TOKEN) -> Path:
    """Point everything at the machine of ``name``; its folder."""
    machine = tmp_path / f"machine-of-{name}"
    monkeypatch.setenv("LWTUI_HOME", str(machine / "lwtui"))
    monkeypatch.setenv("HF_HOME", str(machine / "huggingface"))
    monkeypatch.setenv("HF_HUB_CACHE", str(machine / "huggingface" / "hub"))
    monkeypatch.setenv("HF_TOKEN", token)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    machine.mkdir(exist_ok=True)
    return machine


CARD = """---
license: apache-2.0
my-own-key: [1, 2]
tags: [bank]
---

# Bank intents

I trained this on a rainy day.
"""


def trained(
    folder: Path,
    name: str = "banking-intent",
    *,
    identifier: str = ADAPTER,
    card: str = CARD,
    **facts: object,
) -> Learnware:
    """A starter specialist as if it had been trained in ``folder`` and added from there, with a
    configuration that names the folder of its base, as PEFT writes it."""
    folder.mkdir(parents=True)
    with Collection.open() as collection:
        like = collection.get(f"starter/{name}")
        for file in like.model.files:
            (folder / file.path).write_bytes((ROOT / "models" / like.id / file.path).read_bytes())
        config = json.loads((folder / "adapter_config.json").read_text())
        config["base_model_name_or_path"] = str(folder.parent / "base")
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=2))
        (folder / "README.md").write_text(card)
        files = tuple(dataclasses.replace(f, size=0, sha256="") for f in like.model.files)
        learnware = dataclasses.replace(
            like,
            id=identifier,
            model=dataclasses.replace(like.model, files=files),
            provenance=Provenance("folder", str(folder), made_by="Alice, with lwtui"),
            specs_folder=None,
            extra={"notes": {"seed": 7}},
        )
        weights = {path.name: path for path in sorted(folder.iterdir())}
        specs = {entry.file: ROOT / "specs" / like.id / entry.file for entry in like.specifications}
        learnware = dataclasses.replace(learnware, **facts)  # type: ignore[arg-type]
        if not learnware.specifications:
            specs = {}
        return collection.add(learnware, weights, specs, in_place=True)


def base_on_hub(hub: HubServer, name: str = BASE, **how: object) -> str:
    """The starter base in a repository; its commit."""
    folder = ROOT / "models" / "starter" / "base"
    names = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
    files = {each: folder / each for each in names}
    return hub.add_model(name, files, card={"license": "apache-2.0"}, **how)  # type: ignore[arg-type]
