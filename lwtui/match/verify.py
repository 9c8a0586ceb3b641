"""Settles a close call by running the best few on held-back rows of the user's own data."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence

from lwtui.backend.choose import choose
from lwtui.backend.client import ModelProcess
from lwtui.backend.protocol import Continuation, Message
from lwtui.dataset.example import Example
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware
from lwtui.match.result import Match, Verification


def answered(examples: Sequence[Example]) -> list[Example]:
    """The rows that have an answer. Raises ``BadInput`` when none has."""
    found = [example for example in examples if example.answer]
    if not found:
        raise BadInput(
            "A match can only be verified on rows that have answers, and these have none.",
            hint="Name the answer's column (--fields answer=COLUMN), or match without verifying.",
        )
    return found


def messages_of(example: Example) -> list[Message]:
    """The conversation up to the row's answer."""
    system = [Message("system", example.system)] if example.system else []
    turns = [
        Message("assistant" if role == "assistant" else "user", text)
        for role, text in example.history
    ]
    return [*system, *turns, Message("user", example.question)]


def mean_answer_loss(
    process: ModelProcess, examples: Sequence[Example], context: JobContext
) -> float:
    """Mean over all answer tokens of −log p, in nats per token."""
    requests = [
        Continuation(process.render(messages_of(example)), example.answer or "")
        for example in examples
    ]
    found = process.loglikelihoods(requests, JobContext(cancel=context.cancel))
    tokens = sum(result.tokens for result in found)
    return -sum(result.total for result in found) / max(1, tokens)


def verify(
    matches: Sequence[Match],
    count: int,
    examples: Sequence[Example],
    collection: Collection,
    context: JobContext,
) -> tuple[tuple[Match, ...], Verification]:
    """Run the first ``count`` matches and their bare base; re-rank those by measured loss.

    The base is loaded once: adapters of one base are swapped on it. Raises ``BadInput`` when no
    row has an answer, ``BackendError`` when nothing runs, ``Cancelled``.
    """
    rows = answered(examples)
    started = time.monotonic()
    tried = sorted(matches[:count], key=lambda match: match.learnware.model.base)
    best = matches[0].learnware
    base = collection.base_of(best)
    losses: dict[str, float] = {}
    with ModelProcess() as process:
        plan: list[Learnware] = [match.learnware for match in tried]
        if base is not None:
            plan.insert(0, base)
        for done, learnware in enumerate(plan):
            context.progress(done, len(plan), f"verifying {learnware.id}")
            choice = choose(learnware, collection.base_of(learnware))
            process.load(choice.plan, JobContext(cancel=context.cancel))
            losses[learnware.id] = mean_answer_loss(process, rows, context)
        context.progress(len(plan), len(plan), "verified")
    measured = [
        dataclasses.replace(match, measured_loss=losses[match.id]) for match in matches[:count]
    ]
    measured.sort(key=lambda match: (match.measured_loss or 0.0, match.id))
    facts = Verification(
        rows=len(rows),
        learnwares=len(measured),
        base_loss=losses[base.id] if base is not None else None,
        seconds=time.monotonic() - started,
    )
    return (*measured, *matches[count:]), facts
