"""Caches what a mixture looks at besides the gradients of a user's rows, by layout.

The reference model's states of every user's prompts, and of the scored prompts the gradients too:
what routing sees. Called by ``mixture.py``; by itself it says what routing one prompt costs:

    python -m tests.benchmarks.experiment.mixture_rows --data DIR
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lwtui.dataset.example import Example
from lwtui.spec.gradient import row_gradients
from lwtui.spec.reference import Reference, load_reference
from lwtui.spec.render import question_text, render
from lwtui.spec.rows import prompt_states
from lwtui.spec.space import Space, find_space
from tests.benchmarks.experiment import gradients, plan, rows

Array = NDArray[np.float32]
LAYOUTS = ("instruction", "bare")
ROWS = 64


@dataclass(frozen=True)
class Prompts:
    """One user's prompts, without answers."""

    states: Array
    """Of the rows of the specification, (rows, 2·hidden)."""
    text: list[str]
    scored_gradients: Array
    """Unit gradients of the prompt part, (scored rows, dimension)."""
    scored_states: Array
    scored_text: list[str]


def _prompts(data: Path, task: str, layout: str) -> tuple[list[Example], list[Example]]:
    """Rows of the specification, and scored rows, without their answers."""
    found = rows.user(data, task)
    both = (found.rows[:ROWS], found.scored)
    first, second = (
        [Example(one.prompt, one.input, None) for one in rows.laid_out(side, layout)]
        for side in both
    )
    return first, second


def _file(work: Path, kind: str, task: str, layout: str) -> Path:
    return work / "mixture" / f"{task.replace('/', '.')}-{layout}-{kind}.npz"


def cache(data: Path, work: Path, layouts: Sequence[str] = LAYOUTS) -> None:
    """Compute what is missing: some five minutes of one core for all users and both layouts."""
    space = find_space("starter")
    reference = None
    for task, layout in [(task, layout) for task in plan.USERS for layout in layouts]:
        began = time.monotonic()
        for kind, make in (("gradients", _gradients), ("states", _states)):
            file = _file(work, kind, task, layout)
            if file.exists():
                continue
            reference = reference or load_reference(space, device="cpu")
            file.parent.mkdir(parents=True, exist_ok=True)
            temporary = file.with_suffix(".tmp.npz")
            np.savez(temporary, **make(reference, space, *_prompts(data, task, layout)))
            temporary.replace(file)
            print(f"{kind:<10}{task:<40}{layout:<12}{time.monotonic() - began:6.1f} s", flush=True)


def _gradients(
    reference: Reference, space: Space, _: list[Example], scored: list[Example]
) -> dict[str, Array]:
    return {"scored": gradients.compute(reference, space, scored, 256)["unit_prompt"]}


def _states(
    reference: Reference, space: Space, first: list[Example], scored: list[Example]
) -> dict[str, Array]:
    def of(examples: list[Example]) -> Array:
        tokenizer = reference.tokenizer
        rendered = [render(one, space.template, tokenizer, space.max_tokens) for one in examples]
        return prompt_states(reference, space, rendered)

    return {"rows": of(first), "scored": of(scored)}


def load(data: Path, work: Path, task: str, layout: str) -> Prompts:
    """Everything that is cached of one user."""
    with np.load(_file(work, "gradients", task, layout), allow_pickle=False) as found:
        gradient = found["scored"].astype(np.float32)
    with np.load(_file(work, "states", task, layout), allow_pickle=False) as found:
        states, scored = found["rows"], found["scored"]
    first, second = _prompts(data, task, layout)
    return Prompts(
        states, [question_text(one) for one in first],
        gradient, scored, [question_text(one) for one in second],
    )  # fmt: skip


def main() -> None:
    """Milliseconds a prompt on one thread, over the first scored prompt of every user."""
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    space = find_space("starter")
    reference = load_reference(space, device="cpu")
    prompts = []
    for task in plan.USERS:
        one = _prompts(arguments.data, task, "instruction")[1][0]
        prompts.append(render(one, space.template, reference.tokenizer, space.max_tokens))
    tokens = float(np.median([len(one.prompt) for one in prompts]))
    found: dict[str, list[float]] = {"hidden state": [], "gradient": []}
    for one in prompts:
        for way, do in (("hidden state", prompt_states), ("gradient", row_gradients)):
            began = time.perf_counter()
            do(reference, space, [one])
            found[way].append((time.perf_counter() - began) * 1000)
    for way, times in found.items():
        low, middle, high = np.quantile(times, [0.1, 0.5, 0.9])
        print(f"{way:<14}{middle:7.1f} ms a prompt ({low:.1f} to {high:.1f}), {tokens:.0f} tokens")


if __name__ == "__main__":
    main()
