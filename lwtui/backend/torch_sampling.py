"""Picks the next token from logits, in llama.cpp's order of steps, so that settings mean the same
on both backends: repeat penalty, top k, top p, min p, temperature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from lwtui.backend.protocol import GenerationSettings

PENALTY_WINDOW = 64
"""How many of the last tokens the repeat penalty looks at (llama.cpp's default)."""


class Sampler:
    """Remembers the tokens so far; ``pick`` gives the next."""

    def __init__(
        self, settings: GenerationSettings, prompt: Sequence[int], device: torch.device
    ) -> None:
        self._settings = settings
        self._recent = list(prompt[-PENALTY_WINDOW:])
        self._generator = torch.Generator(device)
        if settings.seed is None:
            self._generator.seed()
        else:
            self._generator.manual_seed(settings.seed)

    def pick(self, logits: Any) -> int:
        """``logits``: float32 (vocabulary,). Changes them in place."""
        settings = self._settings
        if settings.repeat_penalty != 1.0 and self._recent:
            seen = torch.tensor(sorted(set(self._recent)), device=logits.device)
            values = logits[seen]
            penalty = settings.repeat_penalty
            logits[seen] = torch.where(values > 0, values / penalty, values * penalty)
        token = int(logits.argmax()) if settings.temperature <= 0 else self._sample(logits)
        self._recent = [*self._recent, token][-PENALTY_WINDOW:]
        return token

    def _sample(self, logits: Any) -> int:
        settings = self._settings
        kept = settings.top_k if 0 < settings.top_k < len(logits) else len(logits)
        values, tokens = logits.topk(kept)  # sorted, the likeliest first
        if 0 < settings.top_p < 1.0:
            probabilities = values.softmax(0)
            before = probabilities.cumsum(0) - probabilities
            values = values[before < settings.top_p]
        if settings.min_p > 0:
            probabilities = values.softmax(0)
            values = values[probabilities >= settings.min_p * probabilities[0]]
        probabilities = (values / settings.temperature).softmax(0)
        choice = torch.multinomial(probabilities, 1, generator=self._generator)
        return int(tokens[choice])
