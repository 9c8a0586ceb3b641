"""Tokenised examples with the answer's tokens marked, and batches of similar length."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lwtui.starter.corpus import Piece

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Encoded:
    """Token ids, and for each whether the loss counts on it."""

    ids: list[int]
    target: list[bool]


def encode(tokenizer: Any, pieces: Sequence[Piece], limit: int) -> Encoded:
    """Tokenise piece by piece; a prompt that is too long loses its beginning."""
    ids: list[int] = []
    target: list[bool] = []
    for piece in pieces:
        own = tokenizer.encode(piece.text, add_special_tokens=False).ids
        ids += own
        target += [piece.target] * len(own)
    if len(ids) > limit:
        answer = min(sum(target), limit // 2)
        keep_prompt = limit - answer
        prompt_end = len(ids) - sum(target)
        start = max(0, prompt_end - keep_prompt)
        ids, target = ids[start : start + limit], target[start : start + limit]
    return Encoded(ids, target)


def by_length(
    examples: Sequence[Encoded], size: int, source: random.Random | None = None
) -> Iterator[list[Encoded]]:
    """Batches of similar length; shuffled when a random source is given."""
    order = list(range(len(examples)))
    if source is None:
        order.sort(key=lambda i: len(examples[i].ids))
        batches = [order[i : i + size] for i in range(0, len(order), size)]
    else:
        source.shuffle(order)
        pools = [order[i : i + 16 * size] for i in range(0, len(order), 16 * size)]
        batches = []
        for pool in pools:
            pool.sort(key=lambda i: len(examples[i].ids))
            batches += [pool[i : i + size] for i in range(0, len(pool), size)]
        source.shuffle(batches)
    for batch in batches:
        yield [examples[i] for i in batch]


def tensors(batch: Sequence[Encoded], device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Padded ids and mask of target positions, both (batch, length); pad id 0, on the right."""
    import torch

    length = max(len(e.ids) for e in batch)
    ids = torch.zeros((len(batch), length), dtype=torch.long)
    mask = torch.zeros((len(batch), length), dtype=torch.bool)
    for row, example in enumerate(batch):
        ids[row, : len(example.ids)] = torch.tensor(example.ids)
        mask[row, : len(example.ids)] = torch.tensor(example.target)
    return ids.to(device), mask.to(device)


def target_logits(model: Any, ids: torch.Tensor, mask: torch.Tensor) -> tuple[Any, Any]:
    """Logits (targets, vocabulary) and token ids (targets,) at the target positions alone.

    Padding is on the right and attention is causal, so no attention mask is needed.
    """
    inner = model.get_base_model() if hasattr(model, "get_base_model") else model
    hidden = inner.model(input_ids=ids, use_cache=False).last_hidden_state
    chosen = mask[:, 1:]
    return inner.lm_head(hidden[:, :-1][chosen]), ids[:, 1:][chosen]
