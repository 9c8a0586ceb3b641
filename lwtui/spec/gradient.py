"""Recipe ``gradient``: the mean direction in which B would move, one backward pass, no optimiser.

With y = Wx + s·B·A·x, s = alpha/rank and B = 0: ∂ℓ/∂A = 0 and ∂ℓ/∂B = s·(∂ℓ/∂y)ᵀ(A·x), so the
first step of plain gradient descent on B is a mean of per-row gradients (DESIGN, section 4). The
loss on the prompt's tokens and the loss on the answer's are kept as two parts: averaged gradients
of both at once carry the layout of a text at least as strongly as its subject. Every row's
gradient is scaled to unit length per part, so that long or surprising rows do not drown the rest
and no single row can weigh more than 1/rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from lwtui.jobs import JobContext
from lwtui.spec.reference import Reference
from lwtui.spec.render import Rendered, batches
from lwtui.spec.space import Space, frozen_a

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray

TOKENS_PER_BATCH = 2048
"""Padded tokens of a batch: small enough to hear a cancel soon, large enough for the cores."""
GROUPS = 16
"""Row groups kept for the bootstrap."""

Sums = dict[str, "NDArray[np.float32]"]


class Taps:
    """Hooks on the adapted modules that keep A·x and the module's output of a forward pass."""

    def __init__(self, model: Any, space: Space) -> None:
        import torch

        matrices = frozen_a(space)
        parameter = next(model.parameters())
        self._a = torch.from_numpy(matrices).to(parameter.device, parameter.dtype)
        self.projected: list[torch.Tensor] = []
        self.outputs: list[torch.Tensor] = []
        self._handles = [
            model.get_submodule(name).register_forward_hook(self._keep(index))
            for index, (name, _) in enumerate(space.modules)
        ]

    def _keep(self, index: int) -> Callable[..., None]:
        def hook(module: Any, inputs: tuple[Any, ...], output: Any) -> None:
            self.projected.append(inputs[0].detach() @ self._a[index].T)
            self.outputs.append(output)

        return hook

    def clear(self) -> None:
        self.projected, self.outputs = [], []

    def remove(self) -> None:
        for handle in self._handles:
            handle.remove()


def row_gradients(
    reference: Reference, space: Space, rows: Sequence[Rendered], taps: Taps
) -> dict[str, torch.Tensor]:
    """The gradient at B = 0 of every row's mean loss per token, by part.

    Returns float32 (rows, dimension) for ``prompt`` and ``answer``; a row without that part has a
    zero row.
    """
    import torch
    from torch.nn import functional

    ids, prompt_mask, answer_mask = _tensors(rows, reference.device)
    taps.clear()
    embedded = reference.model.get_input_embeddings()(ids).requires_grad_(True)
    logits = reference.model(inputs_embeds=embedded, use_cache=False).logits
    losses = functional.cross_entropy(
        logits[:, :-1].float().flatten(0, 1), ids[:, 1:].flatten(), reduction="none"
    ).view(len(rows), -1)
    result = {}
    for name, mask in (("prompt", prompt_mask), ("answer", answer_mask)):
        counts = mask.sum(1).clamp(min=1)
        loss = ((losses * mask).sum(1) / counts).sum()
        gradients = torch.autograd.grad(loss, taps.outputs, retain_graph=name == "prompt")
        flat = [
            torch.einsum("bto,btr->bor", gradient.float(), projected.float()).flatten(1)
            for gradient, projected in zip(gradients, taps.projected, strict=True)
        ]
        result[name] = space.scale * torch.cat(flat, 1)
    taps.clear()
    return result


def gradient_sums(
    reference: Reference, space: Space, rows: Sequence[Rendered], context: JobContext
) -> tuple[Sums, dict[str, int]]:
    """Sums of the unit-length row gradients by part, (GROUPS, dimension), and rows counted.

    A row belongs to the group of its index modulo ``GROUPS``; the sum over groups is the
    specification. Sums of two stretches of data may be added: merging equals the whole.
    """
    import numpy as np

    names = ("prompt", "answer")
    sums = {name: np.zeros((GROUPS, space.dimension), np.float32) for name in names}
    counts = dict.fromkeys(names, 0)
    taps = Taps(reference.model, space)
    done = 0
    try:
        for indices in batches(rows, TOKENS_PER_BATCH):
            context.progress(done, len(rows), "computing the specification")
            found = row_gradients(reference, space, [rows[i] for i in indices], taps)
            for name, gradients in found.items():
                lengths = gradients.norm(dim=1, keepdim=True)
                unit = (gradients / lengths.clamp(min=1e-30)).cpu().numpy()
                for index, vector, length in zip(indices, unit, lengths, strict=True):
                    if float(length) > 0:
                        sums[name][index % GROUPS] += vector
                        counts[name] += 1
            done += len(indices)
        context.progress(done, len(rows), "computing the specification")
    finally:
        taps.remove()
    return sums, counts


def _tensors(rows: Sequence[Rendered], device: str) -> tuple[Any, Any, Any]:
    """Ids padded on the right (rows, length) and masks of predicted positions (rows, length − 1).

    Attention is causal and padding comes last, so no attention mask is needed.
    """
    import torch

    length = max(2, *(len(row) for row in rows))
    ids = torch.zeros((len(rows), length), dtype=torch.long)
    prompt = torch.zeros((len(rows), length), dtype=torch.bool)
    answer = torch.zeros((len(rows), length), dtype=torch.bool)
    for index, row in enumerate(rows):
        middle, end = len(row.prompt), len(row)
        ids[index, :end] = torch.tensor(row.prompt + row.answer)
        prompt[index, :middle] = True
        answer[index, middle:end] = True
    return ids.to(device), prompt[:, 1:].to(device), answer[:, 1:].to(device)
