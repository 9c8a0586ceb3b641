"""What is a specification worth that was made of a model's own answers to the probe prompts?

    python -m tests.benchmarks.own_answers --data DIR [--cache FILE] [--rows 64]

``DIR`` holds the task data the collection was made from (see lwtui/starter). The starter
learnwares have true specifications, made of their training data. Here each gets a second one, of
its own answers, as if nothing were known of its data; then

1. own against true: is a learnware's own-answers specification nearest to its own true one?
2. users: the test side of each task, matched against own-answers specifications alone, against
   true ones alone, and against true ones of which the right specialist's alone is of its answers.

Specifications of named datasets are measured beside them: the training files, on a Hub of loopback
as a card would name them, sampled and read as ``lwtui specify --method datasets`` does. That is
the best case: the card names what it was trained on, and nothing else.

Several ways to make one of own answers are compared: ``plain`` (prompts and answers as they are),
``no prompt`` (without the part of the prompts, which are everybody's: what lwtui does), ``base``
(less what the bare base answers), ``mean`` (less the mean of the other learnwares' ones).
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from lwtui.backend.choose import choose
from lwtui.backend.client import ModelProcess
from lwtui.dataset import open_dataset
from lwtui.dataset.example import Example
from lwtui.dock import named_datasets
from lwtui.dock.probe import probe_set
from lwtui.jobs import JobContext
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware
from lwtui.spec.compare import space_mean
from lwtui.spec.compute import compute
from lwtui.spec.reference import load_reference
from lwtui.spec.space import find_space
from lwtui.spec.specification import Specification, load_specification
from lwtui.starter import corpus, plan
from lwtui.starter.specifications import example
from lwtui.workflow.own_answers import ask
from tests.hub.server import HubServer

LAYOUTS = ("chat", "bare")
"""Users' rows with the task's instruction, and without."""
Parts = dict[str, np.ndarray]
"""Part to unit vector."""


def unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-30)


def units(parts: Mapping[str, np.ndarray]) -> Parts:
    return {name: unit(np.asarray(vector, np.float64)) for name, vector in parts.items()}


def less(parts: Parts, mean: Mapping[str, np.ndarray]) -> Parts:
    return {name: unit(vector - mean[name]) for name, vector in parts.items()}


def mean(several: Sequence[Parts]) -> Parts:
    return {name: np.mean([parts[name] for parts in several], axis=0) for name in several[0]}


def alike(a: Parts, b: Parts) -> float:
    shared = [name for name in a if name in b]
    return float(np.mean([a[name] @ b[name] for name in shared]))


def measure(data: Path, cache: Path, rows: int) -> dict[str, dict[str, Parts]]:
    """``own``, ``named`` and each layout -> name -> parts; computed once and kept in ``cache``."""
    if cache.exists():
        found: dict[str, dict[str, Parts]] = {}
        for key, tensor in load_file(cache).items():
            kind, name, part = key.split("|")
            found.setdefault(kind, {}).setdefault(name, {})[part] = tensor
        return found
    space = find_space("starter")
    reference = load_reference(space, device="cpu")
    found = {"own": {}, "named": {}}
    for name, examples in named_rows(data, rows).items():
        found["named"][name] = compute(examples, space, "gradient", reference=reference).parts
    with Collection.open() as collection, ModelProcess() as process:
        for learnware in [i for i in collection.list() if i.id.startswith("starter/")]:
            started = time.monotonic()
            process.load(choose(learnware, collection.base_of(learnware)).plan)
            answered = ask(process)
            examples = [Example(prompt, "", answer) for prompt, answer in answered]
            made = compute(examples, space, "gradient", reference=reference)
            found["own"][learnware.name] = made.parts
            shown = [answer[:30] for _, answer in answered[:3]]
            print(f"{learnware.name} {len(answered)} {time.monotonic() - started:.1f} s {shown}")
    for layout in LAYOUTS:
        found[layout] = {}
        for task in plan.STARTER_TASKS:
            sample = corpus.read_task(data, task, "test")
            random.Random(task).shuffle(sample)
            examples = [example(row, layout) for row in sample[:rows]]
            found[layout][task] = compute(examples, space, "gradient", reference=reference).parts
    save_file(
        {
            f"{kind}|{name}|{part}": np.ascontiguousarray(vector, np.float32)
            for kind, each in found.items()
            for name, parts in each.items()
            for part, vector in parts.items()
        },
        cache,
    )
    return found


def named_rows(data: Path, rows: int) -> dict[str, list[Example]]:
    """Learnware -> rows of the datasets that it was trained on, sampled from a loopback Hub."""
    found = {}
    with HubServer() as hub, tempfile.TemporaryDirectory() as folder:
        os.environ["HF_ENDPOINT"] = hub.url
        for file in sorted(data.glob("*/*/train.jsonl.gz")):
            name = f"{file.parts[-3]}/{file.parts[-2]}"
            hub.add_dataset(name, {"train.jsonl.gz": file})
        for recipe in plan.RECIPES:
            work = Path(folder) / recipe.name
            work.mkdir()
            request = {"names": list(recipe.tasks), "rows": rows, "folder": str(work)}
            told = named_datasets.run(request, JobContext())
            assert told["rows"] == rows, told
            found[recipe.name] = list(open_dataset(work / "rows.jsonl"))
    return found


def true_specifications(names: Sequence[str]) -> dict[str, Parts]:
    found = {}
    with Collection.open() as collection:
        for name in names:
            learnware: Learnware = collection.get(f"starter/{name}")
            for entry in learnware.specifications:
                if entry.recipe == "gradient" and learnware.specs_folder is not None:
                    made: Specification = load_specification(learnware.specs_folder / entry.file)
                    found[name] = made.parts
    return found


def variants(own: dict[str, Parts], centre: Parts) -> dict[str, dict[str, Parts]]:
    """Way -> learnware -> parts, centred and of unit length."""
    raw = {name: units(parts) for name, parts in own.items()}
    specialists = [name for name in raw if name != "base"]

    def without(parts: Parts) -> Parts:
        return {name: vector for name, vector in parts.items() if name != "prompt"}

    plain = {name: less(raw[name], centre) for name in specialists}
    others = {
        name: mean([raw[other] for other in specialists if other != name]) for name in specialists
    }
    ways = {
        "plain": plain,
        "no prompt": {name: without(plain[name]) for name in specialists},
        "mean": {name: without(less(raw[name], others[name])) for name in specialists},
    }
    if "base" in raw:
        ways["base"] = {name: without(less(raw[name], raw["base"])) for name in specialists}
    return ways


def rank_of(wanted: set[str], scores: Mapping[str, float]) -> int:
    order = sorted(scores, key=lambda name: -scores[name])
    return 1 + min(order.index(name) for name in wanted if name in scores)


def ranks_text(ranks: Sequence[int], of: int) -> str:
    first, third = sum(r == 1 for r in ranks), sum(r <= 3 for r in ranks)
    fifth = sum(r <= 5 for r in ranks)
    return (
        f"first {first:2}, top 3 {third:2}, top 5 {fifth:2} of {len(ranks)}; "
        f"median rank {statistics.median(ranks):g} of {of}"
    )


def compare(
    own: dict[str, Parts], true: dict[str, Parts], users: dict[str, dict[str, Parts]]
) -> None:
    names = sorted(own)
    matrix = np.array([[alike(own[a], true[b]) for b in names] for a in names])
    same = np.diag(matrix)
    others = matrix[~np.eye(len(names), dtype=bool)]
    order = [rank_of({a}, dict(zip(names, matrix[i], strict=True))) for i, a in enumerate(names)]
    print(f"  own against true: same {same.mean():+.3f}, others {others.mean():+.3f}")
    print(f"    its own true one among all: {ranks_text(order, len(names))}")
    for layout, each in users.items():
        alone, mixed = [], []
        for task, user in each.items():
            wanted = set(plan.specialists_of(task)) & set(own)
            by_own = {name: alike(own[name], user) for name in names}
            alone.append(rank_of(wanted, by_own))
            by_true = {name: alike(true[name], user) for name in names}
            mixed.append(rank_of(wanted, {**by_true, **{n: by_own[n] for n in wanted}}))
        print(f"    users ({layout}), all such:    {ranks_text(alone, len(names))}")
        print(f"    users ({layout}), others true: {ranks_text(mixed, len(names))}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("own_answers.safetensors"))
    parser.add_argument("--rows", type=int, default=64)
    arguments = parser.parse_args()
    found = measure(arguments.data, arguments.cache, arguments.rows)
    space = find_space("starter")
    centre = {name: v.astype(np.float64) for name, v in space_mean(space.id, "gradient").items()}
    names = [name for name in found["own"] if name != "base"]
    true = {n: less(units(p), centre) for n, p in true_specifications(names).items()}
    users = {
        layout: {task: less(units(parts), centre) for task, parts in found[layout].items()}
        for layout in LAYOUTS
    }
    wanted = [len(set(plan.specialists_of(task)) & set(names)) for task in plan.STARTER_TASKS]
    chance = sum(wanted) / len(names)
    print(f"{probe_set().name}, {len(names)} learnwares, {len(wanted)} users; drawn at random the")
    print(f"right one would be first for {chance:.1f} of them")
    own = {name: parts for name, parts in found["own"].items() if name in true or name == "base"}
    print("true specifications")
    compare(true, true, users)
    print("of named datasets")
    named = {name: less(units(found["named"][name]), centre) for name in true}
    compare(named, true, users)
    for way, made in variants(own, centre).items():
        print(way)
        compare(made, true, users)


if __name__ == "__main__":
    main()
