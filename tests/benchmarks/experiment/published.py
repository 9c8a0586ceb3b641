"""Runs the published recipe, 400 optimiser steps each, and keeps every B.

    python -m tests.benchmarks.experiment.published --data DIR --work DIR [--shard 0/2]

Slow (a minute or two each), so it resumes: the unseen users first, then the training sets of one
task, then the other users, then mixtures and wrong labels. ``study`` compares the other recipes on
those that are there.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from lwtui.jobs import JobContext
from lwtui.spec.paper import train_b
from lwtui.spec.reference import load_reference
from lwtui.spec.render import render
from lwtui.spec.space import find_space
from tests.benchmarks.experiment import plan, rows

ROWS = 800
"""As many as 400 steps of two can visit."""


def file_of(work: Path, kind: str, key: str) -> Path:
    return work / "published" / kind / f"{key.replace('/', '.').replace('!', '.')}.npz"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--shard", default="0/1", help="this part of so many, such as 0/2")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.shard.split("/"))
    torch.set_num_threads(1)
    space = find_space("starter")
    reference = load_reference(space, device="cpu")
    sets = plan.training_sets()
    plain = [key for key, (tasks, wrong, _) in sets.items() if len(tasks) == 1 and not wrong]
    wanted = [
        *(("user", task) for task in plan.UNSEEN),
        *(("training", key) for key in plain),
        *(("user", task) for task in plan.SEEN),
        *(("training", key) for key in sets if key not in plain),
    ]
    for kind, key in wanted[part::parts]:
        file = file_of(arguments.work, kind, key)
        if file.exists():
            continue
        if kind == "training":
            found, layout = rows.training_rows(arguments.data, key), "mixed"
        else:
            found, layout = rows.user(arguments.data, key).rows, "instruction"
        examples = rows.laid_out(found[:ROWS], layout)
        rendered = [render(e, space.template, reference.tokenizer, 256) for e in examples]
        began = time.monotonic()
        vector = train_b(reference, space, rendered, JobContext())
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".tmp.npz")
        seconds = time.monotonic() - began
        np.savez(temporary, whole=vector, seconds=seconds, rows=len(rendered))
        temporary.replace(file)
        print(f"{kind:<9}{key:<44}{seconds:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
