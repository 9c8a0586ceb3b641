"""Computes the specifications of the starter learnwares, their space's mean and its anchors."""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from lwtui.dataset.example import Example
from lwtui.starter import corpus, plan

SEED = 3407
ROWS = 64
ANCHORS = "starter-1"
"""Id of the anchors: another choice of tasks, or of their rows, needs another one."""


def example(row: corpus.Row, layout: str) -> Example:
    """A row as lwtui's reader would give it, with or without its instruction."""
    if layout == "bare" and row.input:
        return Example(row.input, "", row.output)
    return Example(row.instruction, row.input, row.output)


def examples(data: Path, tasks: tuple[str, ...], share: float, rows: int) -> list[Example]:
    """A seeded sample of training rows, half of them without their instruction: what is specified
    is the task and not how somebody worded it."""
    found = corpus.recipe_rows(data, tasks, share, SEED)
    random.Random(f"{SEED}/specification").shuffle(found)
    return [example(row, ("chat", "bare")[index % 2]) for index, row in enumerate(found[:rows])]


def main() -> None:
    import safetensors.numpy

    from lwtui.match import expect
    from lwtui.spec import compare
    from lwtui.spec.compute import compute
    from lwtui.spec.reference import load_reference
    from lwtui.spec.space import find_space

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for the specifications")
    parser.add_argument("--recipe", default="gradient", choices=("gradient", "paper"))
    arguments = parser.parse_args()
    space = find_space("starter")
    reference = load_reference(space)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for recipe in plan.RECIPES:
        file = arguments.out / f"{recipe.name}-{arguments.recipe}.safetensors"
        if file.exists():
            continue
        rows = examples(arguments.data, recipe.tasks, recipe.share, ROWS)
        found = compute(rows, space, arguments.recipe, seed=SEED, reference=reference)
        found.save(file)
        print(recipe.name, flush=True)
    mean_file = arguments.out / f"{space.id}-gradient.safetensors"
    if arguments.recipe == "gradient" and not mean_file.exists():
        single = {}
        for task in plan.SEEN_BY_BASE:
            rows = examples(arguments.data, (task,), 1.0, ROWS)
            single[task] = compute(rows, space, "gradient", seed=SEED, reference=reference)
            print(task, flush=True)
        anchors = {task: single[task] for task in plan.STARTER_TASKS}
        expect.write_anchors(arguments.out / "anchors", ANCHORS, anchors)
        means = compare.mean_of(list(single.values())).items()
        mean = {name: part.astype("float16") for name, part in means}
        safetensors.numpy.save_file(mean, mean_file)


if __name__ == "__main__":
    main()
