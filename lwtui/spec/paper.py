"""Recipe ``paper``: PAVE as published and as the ``learnware`` package computes it.

A LoRA on q, k and v with a frozen random A is trained for 400 small steps on the whole text; the
specification is the B it ends with, flattened. Figures: arXiv 2505.13425 and the package's
``learnware/specification/regular/text/generative.py`` (0.4.0.post1). Differences, all deliberate:
A is drawn by NumPy's frozen stream and pinned by its hash (theirs depends on the versions of torch
and peft); float32 on a CPU (theirs is bfloat16 everywhere); no checkpoint is unpickled.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lwtui.jobs import JobContext
from lwtui.spec.reference import Reference
from lwtui.spec.render import Rendered
from lwtui.spec.space import Space, frozen_a

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

STEPS = 400
BATCH = 2
LEARNING_RATE = 1e-5
WARM_UP = 0.03
WEIGHT_DECAY = 0.5
L1_WEIGHT = 1.0
MAX_NORM = 1.0
DROPOUT = 0.1
SEED = 3407


def train_b(
    reference: Reference,
    space: Space,
    rows: Sequence[Rendered],
    context: JobContext,
    steps: int = STEPS,
) -> NDArray[np.float32]:
    """B after ``steps`` optimiser steps, flattened, float32 (dimension,)."""
    import torch

    torch.manual_seed(SEED)
    matrices = zero_b(space, reference.device)
    handles = _attach(reference, space, matrices)
    order = length_grouped([len(row) for row in rows])

    def backward() -> None:
        _text_loss(reference, [rows[i] for i in take(order, min(BATCH, len(rows)))]).backward()

    try:
        optimise(matrices, backward, context, steps)
    finally:
        for handle in handles:
            handle.remove()
    return flattened(matrices)


def optimise(
    matrices: list[torch.Tensor],
    backward: Callable[[], None],
    context: JobContext,
    steps: int = STEPS,
) -> None:
    """The published optimiser on B, in place: AdamW with warm-up and cosine, clipping, "L1" term.

    ``backward`` leaves the gradient of the text's loss in every matrix's ``grad``.
    """
    import torch

    optimiser = torch.optim.AdamW(matrices, lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, _cosine_with_warm_up(steps))
    for step in range(steps):
        context.progress(step, steps, "training the specification")
        backward()
        (L1_WEIGHT / len(matrices) * _l1(matrices)).backward()
        torch.nn.utils.clip_grad_norm_(matrices, MAX_NORM)
        optimiser.step()
        schedule.step()
        optimiser.zero_grad(set_to_none=True)
    context.progress(steps, steps, "training the specification")


def flattened(matrices: list[torch.Tensor]) -> NDArray[np.float32]:
    """All B in order, float32 (dimension,)."""
    import torch

    return torch.cat([matrix.detach().flatten() for matrix in matrices]).cpu().numpy()


def zero_b(space: Space, device: str) -> list[torch.Tensor]:
    """Every adapted module's B at its start, float32 (output, rank), to be trained."""
    import torch

    return [
        torch.zeros((width, space.rank), device=device, requires_grad=True)
        for _, width in space.modules
    ]


def _attach(reference: Reference, space: Space, matrices: list[torch.Tensor]) -> list[Any]:
    """Add s·B·A·dropout(x) to the output of every adapted module, in float32 as PEFT does."""
    import torch

    frozen = torch.from_numpy(frozen_a(space)).to(reference.device)

    def adapter(index: int) -> Callable[..., Any]:
        def hook(module: Any, inputs: tuple[Any, ...], output: Any) -> Any:
            dropped = torch.nn.functional.dropout(inputs[0].float(), DROPOUT)
            change = (dropped @ frozen[index].T) @ matrices[index].T
            return output + (space.scale * change).to(output.dtype)

        return hook

    return [
        reference.model.get_submodule(name).register_forward_hook(adapter(index))
        for index, (name, _) in enumerate(space.modules)
    ]


def _l1(matrices: list[torch.Tensor]) -> torch.Tensor:
    """Σ of the package's "L1" term: ``torch.linalg.norm(B, 1)``, the largest column sum."""
    import torch

    return torch.stack([torch.linalg.norm(matrix, 1) for matrix in matrices]).sum()


def _text_loss(reference: Reference, rows: Sequence[Rendered]) -> torch.Tensor:
    """Mean cross-entropy over every token of the batch but each row's first."""
    import torch
    from torch.nn import functional

    length = max(2, *(len(row) for row in rows))
    ids = torch.zeros((len(rows), length), dtype=torch.long)
    labels = torch.full((len(rows), length), -100, dtype=torch.long)
    for index, row in enumerate(rows):
        text = torch.tensor(row.prompt + row.answer)
        ids[index, : len(row)] = text
        labels[index, : len(row)] = text
    ids, labels = ids.to(reference.device), labels.to(reference.device)
    logits = reference.model(input_ids=ids, use_cache=False).logits
    return functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten())


def _cosine_with_warm_up(steps: int) -> Callable[[int], float]:
    warm_up = math.ceil(WARM_UP * steps)

    def factor(step: int) -> float:
        if step < warm_up:
            return step / max(1, warm_up)
        share = (step - warm_up) / max(1, steps - warm_up)
        return max(0.0, 0.5 * (1.0 + math.cos(math.pi * share)))

    return factor


def length_grouped(lengths: list[int]) -> Iterator[int]:
    """Row indices for ever: shuffled each epoch, neighbours of similar length (as the Trainer's
    ``group_by_length`` does it)."""
    import torch
    from transformers.trainer_pt_utils import get_length_grouped_indices

    source = torch.Generator().manual_seed(SEED)
    while True:
        yield from get_length_grouped_indices(lengths, BATCH, generator=source)


def take(order: Iterator[int], count: int) -> list[int]:
    return [next(order) for _ in range(count)]
