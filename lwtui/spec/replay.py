"""Recipe ``replay``: the published optimiser, run over cached gradients instead of a model.

Over the 400 small steps of ``paper`` B stays so near to 0 that the gradient of a row hardly
changes (DESIGN, section 4). So every row's gradient is taken once, at B = 0 and without dropout,
and the published AdamW, clipping, schedule and "L1" term run over batches of those: no further
forward or backward pass. The loss is the published one, over the whole text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lwtui.jobs import JobContext
from lwtui.spec import paper
from lwtui.spec.space import Space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lwtui.spec.reference import Reference
    from lwtui.spec.render import Rendered


def replay_b(
    gradients: NDArray[np.float32],
    tokens: Sequence[int],
    space: Space,
    context: JobContext,
    steps: int = paper.STEPS,
) -> NDArray[np.float32]:
    """B after ``steps`` published steps over cached row gradients, flattened, float32 (dimension,).

    ``gradients`` (rows, dimension) are of every row's mean loss over its whole text at B = 0,
    ``tokens`` the number of tokens that mean is over. A batch's loss is the mean over all its
    tokens, so its gradient is the rows' mean weighted by their tokens: exactly, at B = 0.
    """
    import torch

    cached = torch.from_numpy(gradients).float()
    counts = torch.tensor(list(tokens), dtype=torch.float32).clamp(min=1)
    matrices = paper.zero_b(space, "cpu")
    sizes = [matrix.numel() for matrix in matrices]
    torch.manual_seed(paper.SEED)
    order = paper.length_grouped([int(count) for count in counts])

    def backward() -> None:
        chosen = paper.take(order, min(paper.BATCH, len(cached)))
        weights = counts[chosen] / counts[chosen].sum()
        gradient = weights @ cached[chosen]
        for matrix, piece in zip(matrices, gradient.split(sizes), strict=True):
            matrix.grad = piece.view_as(matrix).clone()

    paper.optimise(matrices, backward, context, steps)
    return paper.flattened(matrices)


def whole_text_gradients(
    reference: Reference, space: Space, rows: Sequence[Rendered], context: JobContext
) -> tuple[NDArray[np.float32], list[int]]:
    """Every row's gradient of its mean loss over the whole text, float32 (rows, dimension), and
    the number of its predicted tokens."""
    import numpy as np

    from lwtui.spec.gradient import TOKENS_PER_BATCH, row_gradients
    from lwtui.spec.render import batches

    result = np.zeros((len(rows), space.dimension), np.float32)
    tokens = [max(1, len(row) - 1) for row in rows]
    done = 0
    for chosen in batches(rows, TOKENS_PER_BATCH):
        context.progress(done, len(rows), "computing the rows' gradients")
        found = row_gradients(reference, space, [rows[i] for i in chosen], context.check)
        for part, share in (("prompt", _prompt_share), ("answer", _answer_share)):
            weights = np.array([share(rows[i]) for i in chosen], np.float32)
            result[chosen] += weights[:, None] * found[part].cpu().numpy()
        done += len(chosen)
    return result, tokens


def _prompt_share(row: Rendered) -> float:
    return max(0, len(row.prompt) - 1) / max(1, len(row) - 1)


def _answer_share(row: Rendered) -> float:
    return len(row.answer) / max(1, len(row) - 1)
