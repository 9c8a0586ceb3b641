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

from lwtui.match import expect
from tests.benchmarks.experiment import expected, plan, recipes, text, value, vectors
from tests.benchmarks.experiment.vectors import Sides

Array = NDArray[np.float64]
RESULTS = Path(__file__).parents[1] / "results"
GROUPS: dict[str, tuple[tuple[str, ...], bool]] = {
    "seen": (plan.SEEN, False),
    "own out": (plan.SEEN, True),
    "unseen": (plan.UNSEEN, False),
}
WIDTHS = (0.3, 0.5, 0.7, 1.0, 1.5)
ABLATION = (
    ["prompt", "answer"],
    ["answer", "output"],
    ["prompt", "output"],
    ["answer"],
    ["output"],
)
"""Parts that are left when others are taken from the default recipe."""


def sliced(sides: Sides, first: int, last: int) -> Sides:
    """Only the coordinates of layers ``first`` to ``last`` (not included)."""

    def cut(found: dict[str, recipes.Parts]) -> dict[str, recipes.Parts]:
        return {
            key: {
                p: v if p == "output" else v[len(v) * first // 8 : len(v) * last // 8]
                for p, v in x.items()
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
            for parts in ABLATION:
                some = recipes.cosines(users, sets, parts=parts)
                yield f"{name}, centred, {' + '.join(parts)} alone", "answers", some
    standard = sides["row unit norm"]
    for first, last in ((0, 4), (4, 8), (6, 8), (2, 6)):
        users, sets = sliced(standard, first, last)
        for has, parts in (("answers", None), ("prompts only", ["prompt"])):
            found = recipes.cosines(users, sets, parts=parts)
            yield f"layers {first + 1} to {last} of 8, centred", has, found
    short = recipes.cosines(*vectors.truncated_sides(work))
    yield "row unit norm, centred, first 64 tokens", "answers", short
    own = vectors.own_answers(work)
    if len(own) == len(plan.training_sets()):
        found = recipes.cosines(standard[0], own, parts=["answer"])
        yield "own answers against the user's, centred", "answers", found
    found = recipes.cosines(standard[0], vectors.of_weights(work), centre=True, parts=["answer"])
    yield "the adapter's own weights, centred", "answers", found


def mixed_recipes(sides: dict[str, Sides], data: Path, work: Path) -> Iterator[tuple[str, Array]]:
    """The default recipe with an embedding of the text itself as one more part."""
    ours = recipes.cosines(*sides["row unit norm"])
    yield "three parts + TF-IDF", (3 * ours + text.tfidf(data, True)) / 4
    for model, name in (("reference", "mean hidden state"), ("sentence", "MiniLM mean")):
        if (work / "embeddings" / f"{model}.npz").exists():
            yield f"three parts + {name}", (3 * ours + text.mean_embedding(work, model, True)) / 4


def with_published(
    measured: value.Measured, sides: dict[str, Sides], work: Path
) -> Iterator[tuple[str, value.Measured, Array]]:
    """The published recipe and its rivals, on those training sets and users that it was run on."""
    users, sets = vectors.published_sides(work)
    if not users or not sets:
        return
    some = value.subset(
        measured,
        [key for key in measured.sets if key in sets],
        [user for user in measured.users if user in users],
    )

    def of(side: Sides, centre: bool) -> Array:
        ours = {user: side[0][user] for user in some.users}
        return recipes.cosines(ours, {key: side[1][key] for key in some.sets}, centre=centre)

    end = f"of {len(some.sets)} sets, {len(some.users)} users"
    for name, side in (
        ("paper", (users, sets)),
        ("replay", sides["replay"]),
        ("row unit norm", sides["row unit norm"]),
    ):
        for centre in (False, True):
            yield f"{name}{', centred' if centre else ''}, {end}", some, of(side, centre)


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


def widths(measured: value.Measured, similarity: Array) -> Iterator[list[object]]:
    """The pick of the default recipe when similarities count more or less sharply."""
    usual = expect.WIDTH
    try:
        for width in WIDTHS:
            expect.WIDTH = width
            order = expected.gains(measured, similarity)
            found = [value.value(measured, order, list(u), out) for u, out in GROUPS.values()]
            yield [width, *(round(one.pick, 4) for one in found)]
    finally:
        expect.WIDTH = usual


def lines(
    name: str, has: str, measured: value.Measured, orders: dict[str, Array]
) -> Iterator[list[object]]:
    """One line of the results for each order and group of users; also printed."""
    for order, figures in orders.items():
        shown = []
        for group, (users, own_out) in GROUPS.items():
            present = [user for user in users if user in measured.users]
            if not present:
                continue
            result = value.value(measured, figures, present, own_out)
            numbers = dataclasses.asdict(result).values()
            yield [name, has, order, group,
                   *(round(x, 4) if isinstance(x, float) else int(x) for x in numbers)]  # fmt: skip
            shown.append(
                f"{result.pick:6.3f} {result.share:6.2f} {result.top3:6.3f} {result.ties:3d}"
                f" {result.own_first:3d} {result.correlation:5.2f}"
            )
        print(f"{name:<44.44}{has:<13}{order:<27}" + " | ".join(shown))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    measured = value.read(arguments.work)
    sides = vectors.cached_sides(arguments.work, "vectors", lambda: vectors.build(arguments.work))
    RESULTS.mkdir(exist_ok=True)
    with (RESULTS / "width.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["width", *GROUPS])
        writer.writerows(widths(measured, recipes.cosines(*sides["row unit norm"])))
    with (RESULTS / "recipes.csv").open("w", newline="") as file:
        fields = [field.name for field in dataclasses.fields(value.Value)]
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["recipe", "user_has", "ordered_by", "group", *fields])
        for name, has, similarity in gradient_recipes(sides, arguments.work):
            orders = expected.orders(measured, similarity)
            writer.writerows(lines(name, has, measured, orders))
        for name, has, similarity in text_recipes(arguments.data, arguments.work):
            # A maximum mean discrepancy is not a cosine: its width would be another one.
            cosine = not name.startswith("RKME")
            orders = expected.orders(measured, similarity) if cosine else {"similarity": similarity}
            writer.writerows(lines(name, has, measured, orders))
        for name, similarity in mixed_recipes(sides, arguments.data, arguments.work):
            orders = expected.orders(measured, similarity)
            writer.writerows(lines(name, "answers", measured, orders))
        for name, some, similarity in with_published(measured, sides, arguments.work):
            writer.writerows(lines(name, "answers", some, {"similarity": similarity}))


if __name__ == "__main__":
    main()
