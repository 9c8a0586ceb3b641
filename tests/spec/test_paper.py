"""The published recipe, checked against peft and torch's own optimiser."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from peft import LoraConfig, get_peft_model

from lwtui.jobs import JobContext
from lwtui.spec import paper
from lwtui.spec.reference import Reference
from lwtui.spec.render import Rendered
from lwtui.spec.space import Space, frozen_a


def peft_b(reference: Reference, space: Space, rows: list[Rendered], steps: int) -> np.ndarray:
    """B as peft trains it with our A, no dropout, the same batches."""
    model = get_peft_model(
        copy.deepcopy(reference.model),
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
        frozen = named[f"base_model.model.{name}.lora_A.default.weight"]
        frozen.data.copy_(a)
        frozen.requires_grad_(False)
        matrices.append(named[f"base_model.model.{name}.lora_B.default.weight"])
    optimiser = torch.optim.AdamW(matrices, lr=1e-5, weight_decay=0.5)
    order = paper.length_grouped([len(row) for row in rows])
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = 1e-5 * paper._cosine_with_warm_up(steps)(step)
        batch = [rows[next(order)] for _ in range(2)]
        length = max(len(row) for row in batch)
        ids = torch.tensor([[*r.prompt, *r.answer] + [0] * (length - len(r)) for r in batch])
        labels = ids.clone()
        for index, row in enumerate(batch):
            labels[index, len(row) :] = -100
        loss = model(input_ids=ids, labels=labels).loss
        loss = loss + sum(torch.linalg.norm(b, 1) for b in matrices) / len(matrices)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(matrices, 1.0)
        optimiser.step()
    return torch.cat([b.detach().flatten() for b in matrices]).numpy()


def test_it_trains_b_as_peft_would(
    reference: Reference, space: Space, rows: list[Rendered], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "DROPOUT", 0.0)
    ours = paper.train_b(reference, space, rows, JobContext(), steps=20)
    theirs = peft_b(reference, space, rows, steps=20)
    assert ours.shape == (space.dimension,)
    cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
    assert cosine > 0.999


def test_the_l1_term_is_the_largest_column_sum() -> None:
    matrix = torch.tensor([[1.0, -2.0], [3.0, 0.5]])
    assert paper._l1([matrix, 2 * matrix]).item() == pytest.approx(4.0 + 8.0)


def test_the_schedule_warms_up_for_three_hundredths_and_ends_at_nothing() -> None:
    factor = paper._cosine_with_warm_up(400)
    assert factor(0) == 0.0
    assert factor(12) == pytest.approx(1.0)
    assert factor(206) == pytest.approx(0.5)
    assert factor(400) == pytest.approx(0.0)


def test_the_same_rows_give_the_same_vector(
    reference: Reference, space: Space, rows: list[Rendered]
) -> None:
    first = paper.train_b(reference, space, rows, JobContext(), steps=3)
    second = paper.train_b(reference, space, rows, JobContext(), steps=3)
    assert np.array_equal(first, second)
    assert np.abs(first).max() > 0
