"""Recipe ``gradient``: the mean direction in which B would move, one pass, no optimiser.

With y = Wx + s·B·A·x, s = alpha/rank and B = 0: ∂ℓ/∂A = 0 and ∂ℓ/∂B = s·(∂ℓ/∂y)ᵀ(A·x), so the
first step of plain gradient descent on B is a mean of per-row gradients (DESIGN, section 4). The
loss on the prompt's tokens and the loss on the answer's are kept as two parts: averaged gradients
of both at once carry the layout of a text at least as strongly as its subject.

A third part, ``output``, is the gradient of the answer's loss by a vector v that is added to the
hidden state before the output head, at v = 0: Uᵀ(p − y) averaged over the answer's tokens, with U
the head, p the predicted distribution and y the token. It says which words answers are made of,
and costs nothing: the way back begins with it.

Every row's gradient is scaled to unit length per part, so that long or surprising rows do not
drown the rest and no single row can weigh more than 1/rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lwtui.errors import LwtuiError
from lwtui.jobs import JobContext
from lwtui.spec.decoder import Packed
from lwtui.spec.parallel import in_order
from lwtui.spec.reference import Reference
from lwtui.spec.render import Rendered, batches
from lwtui.spec.space import Space

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

TEXT = ("prompt", "answer")
"""The two stretches of a row."""
PARTS = (*TEXT, "output")
TOKENS_PER_BATCH = 1024
"""Tokens under way at a time on a CPU: more are no faster there and only take memory."""
WORKERS = 4
"""The most threads with a batch of their own; further cores share the work within a batch."""
TOKENS_PER_GPU_BATCH = 1 << 16
"""The most on a GPU, however much memory is free."""
GROUPS = 16
"""Row groups kept for the bootstrap."""


@dataclass(frozen=True)
class Partial:
    """What one stretch of the rows adds to a specification. Holds no row of data."""

    sums: dict[str, NDArray[np.float32]]
    """Sums of unit-length row gradients by part, (GROUPS, the part's dimension)."""
    counts: dict[str, int]
    """Rows that have the part."""
    rows: int


def merge(first: Partial, second: Partial) -> Partial:
    """Of two stretches of one dataset: the same as of both at once, up to rounding."""
    return Partial(
        {name: first.sums[name] + second.sums[name] for name in first.sums},
        {name: first.counts[name] + second.counts[name] for name in first.counts},
        first.rows + second.rows,
    )


def row_gradients(
    reference: Reference,
    space: Space,
    rows: Sequence[Rendered],
    check: Callable[[], None] = lambda: None,
) -> dict[str, torch.Tensor]:
    """The gradient at B = 0 of every row's mean loss per token, by part.

    Returns float32 (rows, dimension) for ``prompt`` and ``answer`` and (rows, hidden) for
    ``output``; a row without that part has a zero row. ``check`` is called between layers and may
    raise. On a GPU whose memory does not suffice the rows are taken by halves; raises
    ``LwtuiError`` when one alone does not fit.
    """
    import torch

    try:
        return reference.decoder(space).row_gradients(packed(rows, reference.device), PARTS, check)
    except torch.OutOfMemoryError as error:
        if len(rows) == 1:
            raise LwtuiError(
                "The GPU's free memory does not suffice for one row.",
                hint="Close other programs that use it.",
            ) from error
    torch.cuda.empty_cache()
    middle = len(rows) // 2
    halves = [
        row_gradients(reference, space, half, check) for half in (rows[:middle], rows[middle:])
    ]
    return {name: torch.cat([half[name] for half in halves]) for name in PARTS}


def gradient_sums(
    reference: Reference,
    space: Space,
    rows: Sequence[Rendered],
    context: JobContext,
    *,
    start: int = 0,
    total: int | None = None,
) -> Partial:
    """The sums over ``rows``, the stretch of a dataset that begins at its row ``start``.

    A row belongs to the group of its index in the dataset modulo ``GROUPS``; the sum over groups
    is the specification. Progress is told in rows of ``total``. Raises ``Cancelled``.
    """
    import numpy as np
    import torch

    workers = min(torch.get_num_threads(), WORKERS) if reference.device == "cpu" else 1
    result = Partial(
        {name: np.zeros((GROUPS, space.part_dimension(name)), np.float32) for name in PARTS},
        dict.fromkeys(PARTS, 0),
        0,
    )
    total = total or start + len(rows)

    def sums_of(indices: list[int], check: Callable[[], None]) -> Partial:
        found = row_gradients(reference, space, [rows[i] for i in indices], check)
        groups = torch.tensor([(start + i) % GROUPS for i in indices], device=reference.device)
        member = torch.nn.functional.one_hot(groups, GROUPS).T.float()
        sums, counts = {}, {}
        for name, gradients in found.items():
            lengths = gradients.norm(dim=1, keepdim=True)
            sums[name] = (member @ (gradients / lengths.clamp(min=1e-30))).cpu().numpy()
            counts[name] = int((lengths > 0).sum())
        return Partial(sums, counts, len(indices))

    reference.decoder(space)
    chosen = batches(rows, _tokens_per_batch(reference, space, workers))
    context.progress(start, total, "computing the specification")
    for more in in_order(chosen, sums_of, workers, context):
        result = merge(result, more)
        context.progress(start + result.rows, total, "computing the specification")
    return result


def packed(rows: Sequence[Rendered], device: str) -> Packed:
    """The rows' tokens but each one's last, which predicts nothing: prompts first."""
    import torch

    ids: list[int] = []
    targets: list[int] = []
    row: list[int] = []
    position: list[int] = []
    for part in TEXT:
        for index, one in enumerate(rows):
            text = one.prompt + one.answer
            middle = max(0, len(one.prompt) - 1)
            begin, end = (0, middle) if part == "prompt" else (middle, len(text) - 1)
            ids += text[begin:end]
            targets += text[begin + 1 : end + 1]
            row += [index] * (end - begin)
            position += range(begin, end)
    cut = sum(max(0, len(one.prompt) - 1) for one in rows)

    def column(values: list[int]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.long, device=device)

    return Packed(column(ids), column(targets), column(row), column(position), cut, len(rows))


def _tokens_per_batch(reference: Reference, space: Space, workers: int) -> int:
    """On a GPU what should fit into half of its free memory, at 64 numbers kept for every one of a
    token's hidden states; where that is too much, :func:`row_gradients` tries halves."""
    import torch

    if reference.device == "cpu":
        return TOKENS_PER_BATCH // workers
    torch.cuda.init()
    free, _ = torch.cuda.mem_get_info()
    fit = free // 2 // (64 * space.layers * space.hidden)
    return max(TOKENS_PER_BATCH, min(TOKENS_PER_GPU_BATCH, fit))
