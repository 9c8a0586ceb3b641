"""Instead of routing: the adapters of a mix's set merged into one.

    python -m tests.benchmarks.experiment.mixture_merge --data DIR --work DIR

The set is what the product finds (``mixture.py``), one learnware for each training set. Its weight
changes are averaged, or summed (task arithmetic), and added to the base; losses are of the same
scored rows as ever, by the same functions. Users with answers, with their instructions.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lwtui import paths
from lwtui.starter.batches import tensors
from tests.benchmarks.experiment import (
    layers,
    losses,
    mixture,
    mixture_groups,
    plan,
    value,
)
from tests.benchmarks.experiment.study import RESULTS

MERGED: tuple[tuple[str, ...], ...] = (
    mixture.MIXES["seen, one domain"][0],
    mixture.MIXES["seen, one domain"][3],
    mixture.MIXES["seen, two domains"][0],
    mixture.MIXES["seen, two domains"][2],
    mixture.MIXES["seen and unseen"][2],
    mixture.MIXES["three tasks"][0],
)


class Merged:
    """The base with several adapters' changes added, each times ``weight``."""

    def __init__(self, model: torch.nn.Module, folders: Sequence[Path], weight: float) -> None:
        self._model, self._folders, self._weight = model, folders, weight
        self._kept: dict[str, torch.Tensor] = {}

    def __enter__(self) -> None:
        total: dict[str, torch.Tensor] = {}
        for folder in self._folders:
            for module, change in layers.adapter_tensors(folder):
                total[module] = total.get(module, 0) + self._weight * change
        for module, change in total.items():
            weight = self._model.get_submodule(module).weight
            self._kept[module] = weight.data
            weight.data = (weight.data.float() + change).to(weight.dtype)

    def __exit__(self, *_: object) -> None:
        for module, weight in self._kept.items():
            self._model.get_submodule(module).weight.data = weight


@torch.no_grad()
def merged_loss(model: torch.nn.Module, data: Path, tokenizer: object, task: str) -> float:
    """Mean answer loss on a task's scored rows, nats/token."""
    numbers, batches = losses.user_batches(data, tokenizer, task)
    result = np.zeros((sum(map(len, numbers)), 3))
    for chosen, batch in zip(numbers, batches, strict=True):
        ids, mask = tensors(batch, "cpu")
        end = layers.run_layers(model, model.model.embed_tokens(ids), 0, 8)
        result[chosen] = losses.measure(model, end, ids, mask)
    return value.mean_loss(result[: plan.SCORED_ROWS])


def routed_loss(
    measured: value.Measured,
    names: Sequence[str],
    users: Sequence[int],
    routed: Sequence[NDArray[np.int64]],
) -> float:
    """The same with every row answered by the learnware it was routed to."""
    found = []
    for user, places in zip(users, routed, strict=True):
        tables = [
            measured.base_rows[user] if name == losses.BASE else measured.rows[name][user]
            for name in names
        ]
        rows = np.stack([tables[place][i] for i, place in enumerate(places)])
        found.append(value.mean_loss(rows))
    return float(np.mean(found))


def main() -> None:
    from tokenizers import Tokenizer

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    starter = paths.models_dir(paths.starter_root()) / "starter"
    tokenizer = Tokenizer.from_file(str(starter / "base" / "tokenizer.json"))
    model = layers.load_base(starter / "base", torch.bfloat16)
    measured = value.read(arguments.work)
    data = mixture.read(arguments.data, arguments.work, "instruction")
    firsts = [plan.training_sets()[key][2][0] for key in measured.sets] + [losses.BASE]
    ways = ("base", "single pick", "routed", "merged, mean", "merged, sum")
    with (RESULTS / "mixture_merge.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["mix", "set", *ways])
        total = []
        for tasks in MERGED:
            mix = mixture.Mix(data, tasks)
            view = mix.views["hidden state"]
            choice = mixture_groups.by_cover(view.rows, mix.gains)
            names = [firsts[option] for option in choice.options]
            single = firsts[int(mix.gains(np.arange(len(mix.task))).argmax())]
            routed = mixture_groups.route(choice, view)
            all_to_one = [np.zeros(plan.SCORED_ROWS, np.int64)] * len(tasks)
            found = [
                routed_loss(measured, [losses.BASE], mix.users, all_to_one),
                routed_loss(measured, [single], mix.users, all_to_one),
                routed_loss(measured, names, mix.users, routed),
            ]
            folders = [
                own if (own := arguments.work / "adapters" / name).is_dir() else starter / name
                for name in names
                if name != losses.BASE
            ]
            for weight in (1 / len(names), 1.0):
                with Merged(model, folders, weight):
                    each = [merged_loss(model, arguments.data, tokenizer, task) for task in tasks]
                found.append(float(np.mean(each)))
            total.append(found)
            writer.writerow([" + ".join(tasks), " + ".join(names), *np.round(found, 4)])
            print(" + ".join(tasks), names, *np.round(found, 3), flush=True)
        print("mean", dict(zip(ways, np.mean(total, axis=0).round(3).tolist(), strict=True)))


if __name__ == "__main__":
    main()
