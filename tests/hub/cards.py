"""What the Hub derives from a repository's files: card data, tags, task, parameters."""

from __future__ import annotations

import json
import math
import re
import struct
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from lwtui.errors import LwtuiError
from tests.hub.repositories import Commit, Repository, StoredFile

FRONT_MATTER = re.compile(r"\A(?:﻿)?\s*---[ \t]*\r?\n(.*?)\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_GENERATED = ("ForCausalLM", "LMHeadModel")


def card_text(card: dict[str, Any] | str | None) -> str | None:
    """README.md of a card: its text, or front matter made of a dict with some words below."""
    if isinstance(card, dict):
        front = yaml.safe_dump(card, sort_keys=False, allow_unicode=True)
        return f"---\n{front}---\n\n# A model for tests\n"
    return card


def derived(repository: Repository, commit: Commit) -> dict[str, Any]:
    """Facts of a commit, made once. Without `cardData` where the front matter is no mapping."""
    if commit.id not in repository.derived:
        repository.derived[commit.id] = _derive(repository, commit)
    return repository.derived[commit.id]


def _derive(repository: Repository, commit: Commit) -> dict[str, Any]:
    card = _card(commit.files.get("README.md"))
    facts: dict[str, Any] = {"cardData": card} if card is not None else {}
    card = card or {}
    if repository.type == "dataset":
        return {**facts, "tags": _card_tags(card, "")}
    config = _json(commit.files.get("config.json")) or {}
    adapter = _json(commit.files.get("adapter_config.json")) or {}
    if adapter:
        keys = ("base_model_name_or_path", "task_type", "peft_type")
        config = {**config, "peft": {key: adapter[key] for key in keys if key in adapter}}
    formats = [
        name
        for name, suffix in (
            ("safetensors", ".safetensors"),
            ("gguf", ".gguf"),
            ("pytorch", ".bin"),
        )
        if any(path.endswith(suffix) for path in commit.files)
    ]
    library = card.get("library_name") or _library(config, formats, bool(adapter))
    relation = _relation(card, formats, bool(adapter))
    task = card.get("pipeline_tag") or _task(config, adapter, bool(formats))
    bases = _several(card.get("base_model"))
    extra = [*([library] if library else []), *formats]
    extra += [config["model_type"]] if isinstance(config.get("model_type"), str) else []
    extra += [task] if task else []
    tags = list(dict.fromkeys([*extra, *_card_tags(card, relation), "region:us"]))
    kept = ("architectures", "model_type", "peft", "quantization_config", "tokenizer_config")
    facts.update(
        {
            "tags": tags,
            "library_name": library,
            "pipeline_tag": task,
            "config": {key: config[key] for key in kept if key in config},
            "safetensors": _safetensors(commit),
            "gguf": _gguf(commit),
            "baseModels": (
                {"relation": relation, "models": [{"_id": identity(b), "id": b} for b in bases]}
                if bases
                else None
            ),
        }
    )
    return {key: value for key, value in facts.items() if value not in (None, {})}


def identity(repo_id: str) -> str:
    """24 hexadecimal digits, as the Hub's database gives every repository."""
    return repo_id.encode().hex().ljust(24, "0")[-24:]


def _card(readme: StoredFile | None) -> dict[str, Any] | None:
    found = FRONT_MATTER.match(readme.all().decode("utf-8", "replace")) if readme else None
    if not found:
        return None
    try:
        read = yaml.safe_load(found[1])
        return json.loads(json.dumps(read, default=str)) if isinstance(read, dict) else None
    except (yaml.YAMLError, ValueError):
        return None


def _several(value: Any) -> list[str]:
    return [str(each) for each in (value if isinstance(value, list) else [value]) if each]


def _card_tags(card: dict[str, Any], relation: str) -> list[str]:
    """In the Hub's order: tags, languages, datasets, base models, licence."""
    tags = [*_several(card.get("tags")), *_several(card.get("language"))]
    tags += [f"task_categories:{each}" for each in _several(card.get("task_categories"))]
    tags += [f"size_categories:{each}" for each in _several(card.get("size_categories"))]
    tags += [f"dataset:{each}" for each in _several(card.get("datasets"))]
    bases = _several(card.get("base_model"))
    tags += [f"base_model:{each}" for each in bases]
    tags += [f"base_model:{relation}:{each}" for each in bases]
    tags += [f"license:{str(each).lower()}" for each in _several(card.get("license"))]
    return tags


def _relation(card: dict[str, Any], formats: list[str], adapter: bool) -> str:
    if card.get("base_model_relation"):
        return str(card["base_model_relation"])
    if adapter or card.get("library_name") in ("peft", "adapter-transformers"):
        return "adapter"
    if "gguf" in formats:
        return "quantized"
    return "merge" if len(_several(card.get("base_model"))) > 1 else "finetune"


def _library(config: dict[str, Any], formats: list[str], adapter: bool) -> str:
    if adapter:
        return "peft"
    return "transformers" if "architectures" in config else ("gguf" if "gguf" in formats else "")


def _task(config: dict[str, Any], adapter: dict[str, Any], weights: bool) -> str:
    names = _several(config.get("architectures")) if weights else []
    if adapter.get("task_type") == "CAUSAL_LM" or any(n.endswith(_GENERATED) for n in names):
        return "text-generation"
    return ""


def _json(file: StoredFile | None) -> dict[str, Any] | None:
    try:
        read = json.loads(file.all()) if file else None
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


def _safetensors(commit: Commit) -> dict[str, Any] | None:
    """Parameters by dtype, summed over the files of the root that are model weights."""
    names = [n for n in commit.files if n.endswith(".safetensors") and "/" not in n]
    models = [n for n in names if n.startswith("model")] or names
    counts: Counter[str] = Counter()
    for name in models:
        start = b"".join(commit.files[name].read(0, min(8, commit.files[name].size)))
        try:
            (length,) = struct.unpack("<Q", start)
            told = b"".join(commit.files[name].read(8, min(8 + length, commit.files[name].size)))
            for key, tensor in json.loads(told).items():
                if key != "__metadata__":
                    counts[tensor["dtype"]] += math.prod(tensor["shape"])
        except (struct.error, ValueError, TypeError, KeyError, AttributeError):
            return None
    return {"parameters": dict(counts), "total": sum(counts.values())} if counts else None


def _gguf(commit: Commit) -> dict[str, Any] | None:
    from lwtui.learnware.gguf import read_gguf

    name = next((n for n in sorted(commit.files) if n.endswith(".gguf")), None)
    if name is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        data = commit.files[name].data
        path = data if isinstance(data, Path) else Path(folder, "model.gguf")
        if isinstance(data, bytes):
            path.write_bytes(data)
        try:
            read = read_gguf(path)
        except LwtuiError:
            return None
    told = {
        "total": read.parameters,
        "architecture": read.architecture,
        "context_length": read.context_length,
        "chat_template": read.text("tokenizer.chat_template"),
    }
    return {key: value for key, value in told.items() if value}
