"""The published space's architecture (Qwen2: biases, grouped heads, Alpaca layout), in small."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np
import pytest
import torch
from transformers import Qwen2Config, Qwen2ForCausalLM

from lwtui.spec.compute import compute
from lwtui.spec.gradient import row_gradients
from lwtui.spec.reference import Reference
from lwtui.spec.render import render
from lwtui.spec.space import Space, find_space, frozen_a
from tests.spec.conftest import ROWS
from tests.spec.test_gradient import explicit_gradient


@pytest.fixture(scope="module")
def small() -> Space:
    space = dataclasses.replace(
        find_space("qwen2.5-0.5b"),
        layers=2,
        hidden=64,
        outputs=(("q_proj", 64), ("k_proj", 16), ("v_proj", 16)),
        rank=4,
        alpha=8,
        max_tokens=128,
    )
    drawn = hashlib.sha256(frozen_a(space, check=False).tobytes()).hexdigest()
    return dataclasses.replace(space, frozen_a_sha256=drawn)


@pytest.fixture(scope="module")
def qwen(reference: Reference) -> Reference:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=reference.tokenizer.get_vocab_size(),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=1,
        tie_word_embeddings=True,
    )
    model = Qwen2ForCausalLM(config).eval().requires_grad_(False)
    return Reference(model, reference.tokenizer, "cpu")


def test_modules_and_widths_are_those_of_qwen2(small: Space, qwen: Reference) -> None:
    for name, width in small.modules:
        assert qwen.model.get_submodule(name).out_features == width
        assert qwen.model.get_submodule(name).bias is not None
    published = find_space("qwen2.5-0.5b")
    assert published.outputs == (("q_proj", 896), ("k_proj", 128), ("v_proj", 128))


@pytest.mark.parametrize("part", ["prompt", "answer"])
def test_gradients_equal_autograd(small: Space, qwen: Reference, part: str) -> None:
    rows = [render(row, small.template, qwen.tokenizer, small.max_tokens) for row in ROWS]
    batched = row_gradients(qwen, small, rows)[part]
    for index, row in enumerate(rows):
        exact = explicit_gradient(qwen, small, row, part)
        assert (batched[index] - exact).norm() / exact.norm() < 1e-4


def test_both_recipes_run(small: Space, qwen: Reference) -> None:
    gradient = compute(ROWS, small, "gradient", reference=qwen)
    assert set(gradient.parts) == {"prompt", "answer", "output"}
    paper = compute(ROWS, small, "paper", reference=qwen)
    assert paper.parts["whole"].shape == (small.dimension,)
    assert np.isfinite(paper.parts["whole"]).all()
    assert np.abs(paper.parts["whole"]).max() > 0
