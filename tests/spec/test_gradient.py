"""The maths of the gradient recipe, checked against autograd on an explicit adapter."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from lwtui.errors import Cancelled
from lwtui.jobs import CancelToken, JobContext
from lwtui.spec.compute import compute
from lwtui.spec.gradient import GROUPS, Taps, gradient_sums, row_gradients
from lwtui.spec.reference import Reference
from lwtui.spec.render import Rendered
from lwtui.spec.space import Space, frozen_a
from tests.spec.conftest import ROWS


def explicit_gradient(reference: Reference, space: Space, row: Rendered, part: str) -> torch.Tensor:
    """∂ loss / ∂B at B = 0 by autograd through y = Wx + s·B·A·x, one row, no batching."""
    frozen = torch.from_numpy(frozen_a(space))
    matrices = [torch.zeros((width, space.rank), requires_grad=True) for _, width in space.modules]
    handles = [
        reference.model.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, i=index: (
                output + space.scale * (inputs[0] @ frozen[i].T) @ matrices[i].T
            )
        )
        for index, (name, _) in enumerate(space.modules)
    ]
    try:
        ids = torch.tensor([row.prompt + row.answer])
        logits = reference.model(input_ids=ids, use_cache=False).logits[0, :-1]
    finally:
        for handle in handles:
            handle.remove()
    losses = functional.cross_entropy(logits, ids[0, 1:], reduction="none")
    cut = len(row.prompt) - 1
    loss = (losses[:cut] if part == "prompt" else losses[cut:]).mean()
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, matrices)])


@pytest.mark.parametrize("part", ["prompt", "answer"])
def test_row_gradients_in_a_padded_batch_equal_autograd_row_by_row(
    reference: Reference, space: Space, rows: list[Rendered], part: str
) -> None:
    taps = Taps(reference.model, space)
    try:
        batched = row_gradients(reference, space, rows, taps)[part]
    finally:
        taps.remove()
    assert batched.shape == (len(rows), space.dimension)
    for index, row in enumerate(rows):
        exact = explicit_gradient(reference, space, row, part)
        error = (batched[index] - exact).norm() / exact.norm()
        assert error < 1e-4


def test_a_row_without_an_answer_has_no_answer_gradient(
    reference: Reference, space: Space, rows: list[Rendered]
) -> None:
    bare = [Rendered(row.prompt, ()) for row in rows]
    sums, counts = gradient_sums(reference, space, bare, JobContext())
    assert counts == {"prompt": len(rows), "answer": 0}
    assert not sums["answer"].any()


def test_sums_of_two_stretches_merge_to_the_whole(
    reference: Reference, space: Space, rows: list[Rendered]
) -> None:
    whole, _ = gradient_sums(reference, space, rows, JobContext())
    first, _ = gradient_sums(reference, space, rows[:2], JobContext())
    second, _ = gradient_sums(reference, space, rows[2:], JobContext())
    for name in whole:
        merged = first[name].sum(0) + second[name].sum(0)
        together = whole[name].sum(0)
        assert np.linalg.norm(merged - together) / np.linalg.norm(together) < 1e-4
        assert whole[name].shape == (GROUPS, space.dimension)


def test_no_row_weighs_more_than_its_share(
    reference: Reference, space: Space, rows: list[Rendered]
) -> None:
    for row in rows:
        sums, _ = gradient_sums(reference, space, [row], JobContext())
        for part in sums.values():
            assert np.linalg.norm(part.sum(0)) == pytest.approx(1.0, abs=1e-4)


def test_the_same_rows_give_the_same_bytes(reference: Reference, space: Space) -> None:
    first = compute(ROWS, space, "gradient", seed=5, reference=reference)
    second = compute(ROWS, space, "gradient", seed=5, reference=reference)
    assert first.to_bytes() == second.to_bytes()


def test_the_model_is_left_as_it_was(reference: Reference, space: Space) -> None:
    compute(ROWS[:2], space, "gradient", reference=reference)
    hooks = [len(module._forward_hooks) for module in reference.model.modules()]
    assert sum(hooks) == 0


def test_a_cancel_is_heard_and_cleans_up(
    reference: Reference, space: Space, rows: list[Rendered]
) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        gradient_sums(reference, space, rows, JobContext(cancel=token))
    assert sum(len(module._forward_hooks) for module in reference.model.modules()) == 0
