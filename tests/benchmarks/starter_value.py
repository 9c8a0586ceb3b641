"""Is the right starter learnware picked for the test side of each task, and what is that worth?

    python tests/benchmarks/starter_value.py --data DIR [--layout chat|bare] [--rows 64]

``DIR`` holds the task data the collection was made from (see lwtui/starter). The answer losses of
every learnware on every task are read from ``starter_losses.csv`` beside this file, which
``python -m lwtui.starter.measure`` writes; ``--layout bare`` leaves the instruction out of the
user's rows, as somebody else's dataset would. Learnwares are ordered by similarity alone: their
gains were measured on these very rows, so what a pick by them is worth cannot be told here (it is
measured in ``tests/benchmarks/experiment``, on other rows); only how often it is the right one.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import random
import statistics
import time
from pathlib import Path

from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware
from lwtui.match.rank import Candidate, candidates, rank
from lwtui.spec.compute import compute
from lwtui.spec.reference import Reference, load_reference
from lwtui.spec.space import Space, find_space
from lwtui.starter import corpus, plan
from lwtui.starter.specifications import example

LOSSES = Path(__file__).with_name("starter_losses.csv")
BASE = "base"


def read_losses(file: Path) -> dict[str, dict[str, float]]:
    """learnware -> task -> mean answer loss, nats/token."""
    losses: dict[str, dict[str, float]] = {}
    with file.open(newline="") as lines:
        for row in csv.DictReader(lines):
            losses.setdefault(row["learnware"], {})[row["task"]] = float(row["answer_loss"])
    return losses


def ranking(
    data: Path,
    task: str,
    layout: str,
    rows: int,
    recipe: str,
    reference: Reference,
    space: Space,
    learnwares: list[Learnware],
) -> tuple[list[str], str, str]:
    """Names of the starter learnwares by similarity, best first, for the test side of a task; then
    the first by the gain to expect, and how sure that is."""
    found = corpus.read_task(data, task, "test")
    random.Random(task).shuffle(found)
    examples = [example(row, layout) for row in found[:rows]]
    wanted = compute(examples, space, recipe, reference=reference)
    every = list(candidates(learnwares, wanted))
    bare = [
        Candidate(each.learnware, dataclasses.replace(each.specification, gains=None))
        for each in every
    ]
    alike, _ = rank(wanted, bare)
    matches, sure = rank(wanted, every)
    first = matches[0].learnware.name
    return [match.learnware.name for match in alike], first, sure.word


def summary(losses: dict[str, dict[str, float]], picks: dict[str, str]) -> dict[str, float]:
    """Mean over the tasks of the answer loss of each way to choose."""
    names = [name for name in losses if name != BASE]
    tasks = list(picks)
    best = min(names, key=lambda name: statistics.fmean(losses[name][task] for task in tasks))
    ways = {
        "base": lambda task: losses[BASE][task],
        "random pick": lambda task: statistics.fmean(losses[name][task] for name in names),
        f"best single ({best})": lambda task: losses[best][task],
        "the pick": lambda task: losses[picks[task]][task],
        "oracle": lambda task: min(losses[name][task] for name in names),
    }
    return {way: statistics.fmean(value(task) for task in tasks) for way, value in ways.items()}


def report(title: str, picks: dict[str, list[str]], losses: dict[str, dict[str, float]]) -> None:
    print(f"\n{title} ({len(picks)} tasks)")
    own = {task: set(plan.specialists_of(task)) for task in picks}
    if all(own.values()):
        first = sum(ranked[0] in own[task] for task, ranked in picks.items())
        third = sum(bool(own[task] & set(ranked[:3])) for task, ranked in picks.items())
        print(f"  own or twin specialist on top: {first} of {len(picks)}; in the top 3: {third}")
    print("  mean answer loss, nats/token:")
    for way, loss in summary(losses, {t: ranked[0] for t, ranked in picks.items()}).items():
        print(f"    {way:<40} {loss:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--layout", choices=("chat", "bare"), default="chat")
    parser.add_argument("--rows", type=int, default=64)
    parser.add_argument("--recipe", choices=("gradient", "paper"), default="gradient")
    parser.add_argument("--losses", type=Path, default=LOSSES)
    arguments = parser.parse_args()
    losses = read_losses(arguments.losses)
    space = find_space("starter")
    reference = load_reference(space, device="cpu")
    with Collection.open() as collection:
        learnwares = [i for i in collection.list() if i.id.startswith("starter/")]
    started = time.monotonic()
    seen: dict[str, list[str]] = {}
    unseen: dict[str, list[str]] = {}
    measured = losses[BASE]
    right = 0
    for task in (task for task in (*plan.STARTER_TASKS, *sorted(plan.UNSEEN)) if task in measured):
        ranked, by_gain, confidence = ranking(
            arguments.data,
            task,
            arguments.layout,
            arguments.rows,
            arguments.recipe,
            reference,
            space,
            learnwares,
        )
        own = plan.specialists_of(task)
        (seen if own else unseen)[task] = ranked
        mark = "" if not own else ("ok" if by_gain in own else "no")
        right += bool(own) and by_gain in own
        print(f"{mark:<3}{task:<36} {by_gain:<32} {ranked[0]:<32} {confidence}", flush=True)
    print(f"\nBy the gain to expect: own or twin specialist on top: {right} of {len(seen)}")
    seconds = (time.monotonic() - started) / (len(seen) + len(unseen))
    report("Tasks that a starter specialist was trained on", seen, losses)
    if unseen:
        report("Tasks that nobody was trained on", unseen, losses)
    print(f"\n{arguments.rows} rows, layout {arguments.layout}: {seconds:.1f} s a specification")


if __name__ == "__main__":
    main()
