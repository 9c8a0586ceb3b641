"""The maths of the gradient recipe, checked against autograd on an explicit adapter."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.nn import functional

from lwtui.errors import Cancelled
from lwtui.jobs import CancelToken, JobContext
from lwtui.spec.compute import compute
from lwtui.spec.decoder import Packed
from lwtui.spec.gradient import GROUPS, PARTS, Partial, gradient_sums, merge, row_gradients
from lwtui.spec.reference import Reference, load_reference
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


@pytest.fixture(scope="module")
def exact(space: Space) -> Reference:
    """The reference model with float32 gradients, whatever this machine would choose."""
    return load_reference(space, device="cpu", dtype=torch.float32)


def away(one: torch.Tensor, other: torch.Tensor) -> float:
    """Relative distance."""
    return float((one - other).norm() / other.norm())


@pytest.mark.parametrize("part", ["prompt", "answer"])
def test_row_gradients_in_a_batch_equal_autograd_row_by_row(
    exact: Reference, space: Space, rows: list[Rendered], part: str
) -> None:
    batched = row_gradients(exact, space, rows)[part]
    assert batched.shape == (len(rows), space.dimension)
    for index, row in enumerate(rows):
        assert away(batched[index], explicit_gradient(exact, space, row, part)) < 1e-4


def test_the_output_part_equals_autograd_by_a_vector_before_the_head(
    exact: Reference, space: Space, rows: list[Rendered]
) -> None:
    found = row_gradients(exact, space, rows)["output"]
    assert found.shape == (len(rows), space.hidden)
    for index, row in enumerate(rows):
        added = torch.zeros(space.hidden, requires_grad=True)
        ids = torch.tensor([row.prompt + row.answer])
        hidden = exact.model.model(input_ids=ids, use_cache=False).last_hidden_state
        logits = exact.model.lm_head(hidden + added)[0, len(row.prompt) - 1 : -1]
        functional.cross_entropy(logits, ids[0, len(row.prompt) :]).backward()
        assert added.grad is not None
        assert away(found[index], added.grad) < 1e-4


def test_the_fused_attention_of_long_rows_and_gpus_gives_the_same(
    exact: Reference, space: Space, rows: list[Rendered], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = row_gradients(exact, space, rows)
    monkeypatch.setattr("lwtui.spec.attention.PLAIN_LENGTH", 0)
    fused = row_gradients(exact, space, rows)
    for part in plain:
        assert away(fused[part], plain[part]) < 1e-4


def test_bfloat16_is_near(exact: Reference, space: Space, rows: list[Rendered]) -> None:
    rough = load_reference(space, device="cpu", dtype=torch.bfloat16)
    near, far = row_gradients(rough, space, rows), row_gradients(exact, space, rows)
    for part in near:
        assert functional.cosine_similarity(near[part], far[part]).min() > 0.99


def test_a_row_does_not_depend_on_what_else_is_in_its_batch(
    exact: Reference, space: Space, rows: list[Rendered]
) -> None:
    together = row_gradients(exact, space, rows)
    turned = row_gradients(exact, space, rows[::-1])
    bare = row_gradients(exact, space, [rows[0], Rendered(rows[1].prompt, ())])
    for part in together:
        assert away(turned[part].flip(0), together[part]) < 1e-5
    assert away(bare["answer"][0], together["answer"][0]) < 1e-5
    assert away(bare["prompt"], together["prompt"][:2]) < 1e-5
    assert not bare["answer"][1].any()


def test_a_batch_that_does_not_fit_is_halved(
    exact: Reference, space: Space, rows: list[Rendered], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = row_gradients(exact, space, rows)
    decoder = exact.decoder(space)
    real = decoder.row_gradients

    def small(batch: Packed, *rest: Any) -> dict[str, torch.Tensor]:
        if batch.rows > 2:
            raise torch.OutOfMemoryError
        return real(batch, *rest)

    monkeypatch.setattr(decoder, "row_gradients", small)
    halved = row_gradients(exact, space, rows)
    for part in whole:
        assert away(halved[part], whole[part]) < 1e-5


def test_one_small_step_of_plain_gradient_descent_on_a_peft_adapter_is_the_gradient(
    exact: Reference, space: Space, rows: list[Rendered]
) -> None:
    """First order: a step of plain SGD from B = 0 takes B to minus the rate times the gradient, and
    the loss falls by rate · |gradient|²."""
    model = get_peft_model(
        copy.deepcopy(exact.model),
        LoraConfig(
            r=space.rank,
            lora_alpha=space.alpha,
            lora_dropout=0.0,
            target_modules=[name for name, _ in space.outputs],
        ),
    )
    named = dict(model.named_parameters())
    matrices = []
    for (name, _), a in zip(space.modules, torch.from_numpy(frozen_a(space)), strict=True):
        named[f"base_model.model.{name}.lora_A.default.weight"].data.copy_(a)
        matrices.append(named[f"base_model.model.{name}.lora_B.default.weight"])
    row, rate = rows[1], 1e-3
    ids = torch.tensor([row.prompt + row.answer])
    labels = ids.clone()
    labels[0, : len(row.prompt)] = -100
    before = model(input_ids=ids, labels=labels).loss
    before.backward()
    torch.optim.SGD(matrices, lr=rate).step()
    after = model(input_ids=ids, labels=labels).loss
    step = torch.cat([matrix.detach().flatten() for matrix in matrices])
    gradient = row_gradients(exact, space, [row])["answer"][0]
    assert away(step, -rate * gradient) < 1e-4
    fall = float((before - after).detach())
    assert fall == pytest.approx(rate * float(gradient @ gradient), rel=0.05)


def test_a_row_without_an_answer_has_no_answer_gradient(
    reference: Reference, space: Space, rows: list[Rendered]
) -> None:
    bare = [Rendered(row.prompt, ()) for row in rows]
    found = gradient_sums(reference, space, bare, JobContext())
    assert found.counts == {"prompt": len(rows), "answer": 0, "output": 0}
    assert not found.sums["answer"].any()


def test_a_row_with_nothing_to_predict_counts_for_nothing(
    reference: Reference, space: Space, rows: list[Rendered]
) -> None:
    found = gradient_sums(reference, space, [Rendered((5,), ())], JobContext())
    assert found.counts == {"prompt": 0, "answer": 0, "output": 0}
    assert found.rows == 1


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_two_stretches_merge_to_the_whole(
    exact: Reference, space: Space, rows: list[Rendered], cut: int
) -> None:
    whole = gradient_sums(exact, space, rows, JobContext())
    merged = merge(
        gradient_sums(exact, space, rows[:cut], JobContext()),
        gradient_sums(exact, space, rows[cut:], JobContext(), start=cut),
    )
    assert (merged.rows, merged.counts) == (whole.rows, whole.counts)
    for name in whole.sums:
        assert merged.sums[name].shape == (GROUPS, space.part_dimension(name))
        np.testing.assert_allclose(merged.sums[name], whole.sums[name], atol=2e-6)


def test_threads_change_nothing_but_the_time(
    exact: Reference, space: Space, rows: list[Rendered], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lwtui.spec.gradient._tokens_per_batch", lambda *_: 40)
    before = torch.get_num_threads()
    sums = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            sums.append(gradient_sums(exact, space, rows * 3, JobContext()).sums)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    for part in PARTS:
        np.testing.assert_allclose(sums[0][part], sums[1][part], atol=1e-6)


def test_merging_is_a_plain_sum() -> None:
    one = Partial({"prompt": np.ones((2, 3), np.float32)}, {"prompt": 2}, 4)
    other = Partial({"prompt": np.full((2, 3), 2, np.float32)}, {"prompt": 3}, 5)
    both = merge(one, other)
    assert np.array_equal(both.sums["prompt"], np.full((2, 3), 3, np.float32))
    assert (both.counts, both.rows) == ({"prompt": 5}, 9)


def test_no_row_weighs_more_than_its_share(
    reference: Reference, space: Space, rows: list[Rendered]
) -> None:
    for row in rows:
        found = gradient_sums(reference, space, [row], JobContext())
        for part in found.sums.values():
            assert np.linalg.norm(part.sum(0)) == pytest.approx(1.0, abs=1e-4)


def test_the_same_rows_give_the_same_bytes(reference: Reference, space: Space) -> None:
    first = compute(ROWS, space, "gradient", seed=5, reference=reference)
    second = compute(ROWS, space, "gradient", seed=5, reference=reference)
    assert first.to_bytes() == second.to_bytes()


def test_a_cancel_is_heard_between_layers(
    reference: Reference, space: Space, rows: list[Rendered]
) -> None:
    """Not only between batches: the second look at the token ends it."""
    looks: list[int] = []

    def check() -> None:
        looks.append(len(looks))
        if len(looks) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        row_gradients(reference, space, rows, check)
    assert len(looks) == 2
    looks = []
    row_gradients(reference, space, rows, lambda: looks.append(1))
    assert len(looks) >= 3 * space.layers  # forward, and backward for either part


def test_a_cancelled_job_ends_at_once(
    reference: Reference, space: Space, rows: list[Rendered]
) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        gradient_sums(reference, space, rows, JobContext(cancel=token))
