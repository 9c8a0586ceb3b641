"""Caches what routing looks at: of every user's scored rows the prompt alone, as a router sees it.

Gradients of the prompt's loss (unit rows, float16) and mean hidden states of the reference model,
by layout. Called by ``mixture.py``; the rows of specifications come from the experiment's caches.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lwtui.dataset.example import Example
from lwtui.spec.render import question_text
from tests.benchmarks.experiment import embeddings, gradients, plan, rows

Array = NDArray[np.float32]
LAYOUTS = ("instruction", "bare")
FOLDER = "mixture"


@dataclass(frozen=True)
class Prompts:
    """One user's rows as prompts without answers."""

    gradient: Array
    """Unit gradients of the prompt part, (rows, dimension)."""
    hidden: Array
    """(rows, hidden)."""
    text: list[str]


def prompts_of(data: Path, task: str, layout: str) -> list[Example]:
    """The scored rows without their answers."""
    examples = rows.laid_out(rows.user(data, task).scored, layout)
    return [Example(one.prompt, one.input, None) for one in examples]


def _file(work: Path, task: str, layout: str) -> Path:
    return work / FOLDER / f"{task.replace('/', '.')}-{layout}.npz"


def cache(data: Path, work: Path, layouts: Sequence[str] = LAYOUTS) -> None:
    """Compute what is missing; a minute or two for all users on one free core."""
    from lwtui.spec.reference import load_reference
    from lwtui.spec.space import find_space

    wanted = [(t, w) for t in plan.USERS for w in layouts if not _file(work, t, w).exists()]
    if not wanted:
        return
    space = find_space("starter")
    reference = load_reference(space, device="cpu")
    embed = embeddings.reference_embedder()
    for task, layout in wanted:
        began = time.monotonic()
        prompts = prompts_of(data, task, layout)
        found = gradients.compute(reference, space, prompts, 256)
        hidden = embed([question_text(one) for one in prompts])
        file = _file(work, task, layout)
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary = file.with_suffix(".tmp.npz")
        np.savez(temporary, gradient=found["unit_prompt"], hidden=hidden)
        temporary.replace(file)
        print(f"{task:<40}{layout:<12}{time.monotonic() - began:6.1f} s", flush=True)


def load(data: Path, work: Path, task: str, layout: str) -> Prompts:
    """The scored rows of one user as a router sees them."""
    with np.load(_file(work, task, layout), allow_pickle=False) as found:
        gradient, hidden = found["gradient"].astype(np.float32), found["hidden"]
    text = [question_text(one) for one in prompts_of(data, task, layout)]
    return Prompts(gradient, hidden, text)
