"""Compares every recipe by the value of its pick and writes the results.

    python -m tests.benchmarks.experiment.study --data DIR --work DIR

Users in three groups: ``seen`` (some learnware was trained on their task), ``own out`` (the same
users with every learnware that saw their task taken away) and ``unseen`` (nobody was trained on
it). With answers, and with prompts only.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.experiment import plan, recipes, text, value, vectors
from tests.benchmarks.experiment.vectors import Sides

Array = NDArray[np.float64]
RESULTS = Path(__file__).parents[1] / "results"
GROUPS: dict[str, tuple[tuple[str, ...], bool]] = {
    "seen": (plan.SEEN, False),
    "own out": (plan.SEEN, True),
    "unseen": (plan.UNSEEN, False),
}
PER_LAYER = 8


def sliced(sides: Sides, first: int, last: int) -> Sides:
    """Only the coordinates of layers ``first`` to ``last`` (not included)."""

    def cut(found: dict[str, recipes.Parts]) -> dict[str, recipes.Parts]:
        return {
            key: {
                p: v[len(v) * first // PER_LAYER : len(v) * last // PER_LAYER] for p, v in x.items()
            }
            for key, x in found.items()
        }

    return cut(sides[0]), cut(sides[1])


def gradient_recipes(sides: dict[str, Sides], work: Path) -> Iterator[tuple[str, str, Array]]:
    """(recipe, what the user has, similarities)."""
    for name, (users, sets) in sides.items():
        whole = "whole" in next(iter(sets.values()))
        for centre in (True, False):
            label = f"{name}{', centred' if centre else ''}"
            if whole:
                yield label, "answers", recipes.cosines(users, sets, centre=centre)
                continue
            for has, parts in (("answers", None), ("prompts only", ["prompt"])):
                yield label, has, recipes.cosines(users, sets, centre=centre, parts=parts)
            if name == "row unit norm":
                alone = recipes.cosines(users, sets, centre=centre, parts=["answer"])
                yield f"{label}, answer part alone", "answers", alone
    standard = sides["row unit norm"]
    for first, last in ((0, 4), (4, 8), (6, 8), (2, 6)):
        users, sets = sliced(standard, first, last)
        for has, parts in (("answers", None), ("prompts only", ["prompt"])):
            found = recipes.cosines(users, sets, parts=parts)
            yield f"layers {first + 1} to {last} of 8, centred", has, found
    users, sets = vectors.published_sides(work)
    if len(sets) == len(plan.training_sets()) and len(users) == len(plan.USERS):
        for centre in (False, True):
            label = f"paper{', centred' if centre else ''}"
            yield label, "answers", recipes.cosines(users, sets, centre=centre)
    own = vectors.own_answers(work)
    if len(own) == len(plan.training_sets()):
        found = recipes.cosines(standard[0], own, parts=["answer"])
        yield "own answers against the user's, centred", "answers", found
    found = recipes.cosines(standard[0], vectors.of_weights(work), centre=True, parts=["answer"])
    yield "the adapter's own weights, centred", "answers", found


def text_recipes(data: Path, work: Path) -> Iterator[tuple[str, str, Array]]:
    for has, answers in (("answers", True), ("prompts only", False)):
        for centre in (True, False):
            end = ", centred" if centre else ""
            yield f"TF-IDF centroid{end}", has, text.tfidf(data, answers, centre=centre)
            for model, name in (("reference", "mean hidden state"), ("sentence", "MiniLM mean")):
                if (work / "embeddings" / f"{model}.npz").exists():
                    found = text.mean_embedding(work, model, answers, centre=centre)
                    yield f"{name}{end}", has, found
        for model, name in (("reference", "hidden states"), ("sentence", "MiniLM")):
            if (work / "embeddings" / f"{model}.npz").exists():
                yield f"RKME, {name}", has, text.rkme(work, model, answers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    measured = value.read(arguments.work)
    sides = vectors.cached_sides(arguments.work, "vectors", lambda: vectors.build(arguments.work))
    found = [
        *gradient_recipes(sides, arguments.work),
        *text_recipes(arguments.data, arguments.work),
    ]
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / "recipes.csv").open("w", newline="") as file:
        fields = [field.name for field in dataclasses.fields(value.Value)]
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["recipe", "user_has", "group", *fields])
        for name, has, similarity in found:
            shown = []
            for group, (users, own_out) in GROUPS.items():
                result = value.value(measured, similarity, list(users), own_out)
                row = dataclasses.asdict(result).values()
                writer.writerow(
                    [name, has, group, *(round(x, 4) if isinstance(x, float) else x for x in row)]
                )
                shown.append(
                    f"{result.pick:6.3f} {result.share:6.2f} {result.top3:6.3f} {result.ties:3d}"
                    f" {result.own_first:3d} {result.correlation:5.2f}"
                )
            print(f"{name:<44.44}{has:<13}" + " | ".join(shown))
    for group, (users, own_out) in GROUPS.items():
        r = value.value(measured, similarity, list(users), own_out)
        print(
            f"{group}: base {r.base:.3f} random {r.random:.3f} best single {r.best_single:.3f} "
            f"oracle {r.oracle:.3f}"
        )


if __name__ == "__main__":
    main()
