"""Log-likelihoods in batches: what both backends share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lwtui.backend.protocol import Continuation, LogLikelihood

Split = Callable[[Continuation], tuple[list[int], int]]
"""Tokens of context and continuation together, and where the continuation starts (1 or more)."""


@dataclass(frozen=True)
class Scored:
    total: float
    greedy: bool


def score(
    requests: Sequence[Continuation],
    split: Split,
    context: int,
    batch_tokens: int,
    run: Callable[[Sequence[tuple[list[int], int]]], list[Scored]],
    done: Callable[[int], None],
) -> list[LogLikelihood]:
    """Score ``requests`` in batches of about one length, ``batch_tokens`` at most (padded).

    What is longer than ``context`` loses its beginning. An empty continuation is certain: 0.
    """
    results: list[LogLikelihood | None] = [None] * len(requests)
    items = []
    for index, request in enumerate(requests):
        tokens, start = split(request)
        excess = max(0, len(tokens) - (context + 1))  # the last token is foretold, never read
        tokens, start = tokens[excess:], max(1, start - excess)
        if start >= len(tokens):
            results[index] = LogLikelihood(0.0, 0, True)
        else:
            items.append((index, tokens, start))
    items.sort(key=lambda item: len(item[1]), reverse=True)
    finished = len(requests) - len(items)
    done(finished)
    while items:
        # The first is the longest, so it sets the padded length of its batch.
        size = max(1, batch_tokens // len(items[0][1]))
        batch, items = items[:size], items[size:]
        scored = run([(tokens, start) for _, tokens, start in batch])
        for (index, tokens, start), result in zip(batch, scored, strict=True):
            results[index] = LogLikelihood(result.total, len(tokens) - start, result.greedy)
        finished += len(batch)
        done(finished)
    return [result for result in results if result is not None]
