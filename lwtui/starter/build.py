"""Assembles the starter collection: GGUF, manifests and cards into ``models/`` and ``specs/``."""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from lwtui import __version__
from lwtui.learnware.manifest import write_manifest
from lwtui.learnware.model import (
    Learnware,
    ModelFile,
    ModelInfo,
    Provenance,
    Score,
    Semantic,
    SpecificationEntry,
)
from lwtui.match import expect
from lwtui.spec import compare
from lwtui.spec.reference import file_sha256
from lwtui.spec.space import find_space
from lwtui.spec.specification import load_specification
from lwtui.starter import corpus, plan, sources
from lwtui.starter.cards import card
from lwtui.starter.gguf_writer import write_base_gguf, write_lora_gguf
from lwtui.starter.pretrain import ROWS_PER_TASK
from lwtui.starter.specifications import ANCHORS
from lwtui.starter.tokenizer import CONTEXT

BASE = "starter/base"
BASE_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")
MEANS = Path(compare.__file__).with_name("means")
MADE = "2026-11-21T00:00:00Z"


def model_file(folder: Path, name: str, kind: Any) -> ModelFile:
    path = folder / name
    path.chmod(0o644)
    return ModelFile(name, kind, path.stat().st_size, file_sha256(path))


def build_base(source: Path, models: Path, specs: Path) -> Learnware:
    """The base: safetensors and Q8_0 GGUF."""
    folder = models / BASE
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*BASE_FILES, "chat_template.jinja"):
        shutil.copyfile(source / name, folder / name)
    write_base_gguf(folder, folder / "base-q8_0.gguf", "q8_0")
    learnware = Learnware(
        id=BASE,
        model=ModelInfo(
            kind="base",
            architecture="llama",
            parameters=10_818_880,
            context_length=CONTEXT,
            chat_template="tokenizer",
            files=(
                model_file(folder, "model.safetensors", "safetensors"),
                model_file(folder, "config.json", "config"),
                model_file(folder, "tokenizer.json", "tokenizer"),
                model_file(folder, "tokenizer_config.json", "tokenizer"),
                model_file(folder, "chat_template.jinja", "tokenizer"),
                model_file(folder, "base-q8_0.gguf", "gguf"),
            ),
        ),
        semantic=Semantic(
            title="Starter base",
            description="A very small Llama model (10.8 million parameters) trained from scratch "
            "on textbooks, old books, speeches and a few rows of each task. The starter adapters "
            "build on it, and it is the reference model of the starter space.",
            domain="general",
            task="text generation",
            languages=("en",),
            licence="apache-2.0",
            tags=("learnware", "base"),
            data=sources.of_base(plan.SEEN_BY_BASE, ROWS_PER_TASK),
        ),
        provenance=Provenance("starter", "", "", MADE, f"lwtui {__version__}"),
    )
    write(learnware, folder, specs / BASE)
    return learnware


def build_adapter(
    recipe: plan.Recipe, arguments: argparse.Namespace, measures: dict[str, Any]
) -> None:
    """One adapter: PEFT safetensors, GGUF, specifications, manifest and card."""
    identifier = f"starter/{recipe.name}"
    source, folder = arguments.adapters / recipe.name, arguments.models / identifier
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("adapter_model.safetensors", "adapter_config.json"):
        shutil.copyfile(source / name, folder / name)
    write_lora_gguf(folder, arguments.models / BASE, folder / "adapter-f16.gguf", "f16")
    training = json.loads((source / "training.json").read_text())
    rows = {
        task: round(recipe.share * len(corpus.read_task(arguments.data, task, "train")))
        for task in recipe.tasks
    }
    specs = arguments.specs / identifier
    specs.mkdir(parents=True, exist_ok=True)
    learnware = Learnware(
        id=identifier,
        model=ModelInfo(
            kind="adapter",
            base=BASE,
            architecture="llama",
            parameters=32_768 * recipe.rank,
            context_length=CONTEXT,
            files=(
                model_file(folder, "adapter_model.safetensors", "peft"),
                model_file(folder, "adapter_config.json", "config"),
                model_file(folder, "adapter-f16.gguf", "gguf-lora"),
            ),
        ),
        semantic=Semantic(
            title=recipe.title,
            description=recipe.description,
            domain=recipe.domain,
            task=recipe.kind_of_task,
            languages=("en",),
            licence="apache-2.0",
            tags=("learnware", "generalist" if recipe.generalist else "specialist"),
            data=sources.of_tasks(recipe.tasks, rows),
        ),
        provenance=Provenance(
            "starter", "", "", MADE, f"lwtui {__version__}, {training['steps']} steps"
        ),
        specifications=specifications(recipe, arguments.specifications, specs, measures),
        scores=scores(recipe, measures),
    )
    write(learnware, folder, specs)


def specifications(
    recipe: plan.Recipe, source: Path, folder: Path, measures: dict[str, Any]
) -> tuple[SpecificationEntry, ...]:
    """What was computed, with the gains, and its entries for the manifest."""
    space = find_space("starter")
    entries = []
    for kind in ("gradient", "paper"):
        computed = source / f"{recipe.name}-{kind}.safetensors"
        if not computed.exists():
            continue
        file = (
            f"pave-{space.id}.safetensors"
            if kind == "gradient"
            else (f"pave-{space.id}-paper.safetensors")
        )
        facts = load_specification(computed)
        if kind == "gradient" and recipe.name in measures:
            facts = dataclasses.replace(facts, **gains(recipe, measures))
        facts.save(folder / file)
        entries.append(
            SpecificationEntry(
                type="pave",
                recipe=kind,
                space=facts.space,
                file=file,
                sha256=file_sha256(folder / file),
                rows=facts.rows,
                origin="training data",
                made_by=facts.made_by,
            )
        )
    return tuple(entries)


def gains(recipe: plan.Recipe, measures: dict[str, Any]) -> dict[str, Any]:
    """How much lower than the base's its loss was, on every anchor and on its own tasks."""
    found = {
        task: measures["base"][task]["loss"] - measures[recipe.name][task]["loss"]
        for task in plan.STARTER_TASKS
    }
    own = [found[task] for task in recipe.tasks if task in found]
    return {
        "anchors": ANCHORS,
        "gains": np.array(list(found.values()), np.float32),
        "own_gain": float(np.mean(own)),
    }


def scores(recipe: plan.Recipe, measures: dict[str, Any]) -> tuple[Score, ...]:
    """What was measured on the test side of the tasks it was trained on, beside the bare base."""
    result = []
    measured = measures.get(recipe.name, {})
    for task in recipe.tasks if not recipe.generalist else ():
        if task not in measured:
            continue
        own, base = measured[task], measures["base"][task]
        rows = int(own["rows"])
        result += [
            Score(task, "answer loss", round(own["loss"], 3), round(base["loss"], 3), rows),
            Score(task, "exact match", round(own["exact"], 3), round(base["exact"], 3), rows),
        ]
    return tuple(result)


def write(learnware: Learnware, folder: Path, specs: Path) -> None:
    specs.mkdir(parents=True, exist_ok=True)
    write_manifest(specs, learnware)
    (folder / "README.md").write_text(card(learnware), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("data", "base", "adapters", "specifications", "measures"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--specs", type=Path, default=Path("specs"))
    arguments = parser.parse_args()
    measures = json.loads(arguments.measures.read_text()) if arguments.measures.exists() else {}
    build_base(arguments.base, arguments.models, arguments.specs)
    mean = f"{find_space('starter').id}-gradient.safetensors"
    MEANS.mkdir(exist_ok=True)
    shutil.copyfile(arguments.specifications / mean, MEANS / mean)
    expect.FOLDER.mkdir(exist_ok=True)
    shutil.copyfile(arguments.specifications / "anchors" / mean, expect.FOLDER / mean)
    for recipe in plan.RECIPES:
        if (arguments.adapters / recipe.name / "training.json").exists():
            build_adapter(recipe, arguments, measures)


if __name__ == "__main__":
    main()
