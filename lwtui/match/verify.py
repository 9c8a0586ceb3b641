"""Settles a close call by running the best few on held-back rows of the user's own data."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass

from lwtui.backend.choose import choose
from lwtui.backend.client import ModelProcess
from lwtui.backend.protocol import Continuation, Message, ModelPlan
from lwtui.dataset.example import Example
from lwtui.errors import BadInput, LwtuiError
from lwtui.jobs import JobContext
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware
from lwtui.match import abstain
from lwtui.match.confidence import lowest_share
from lwtui.match.halving import HalvingResult, paired, planned, successive_halving
from lwtui.match.rank import same_as_first
from lwtui.match.result import Match, Verification


@dataclass(frozen=True)
class Verified:
    """What the measurement says."""

    matches: tuple[Match, ...]
    """Those that were run first, the lowest loss first; then the rest as they were."""
    facts: Verification
    reason: str
    """Why the bare base is the better choice; empty when the first match is."""
    probability: float
    """That the loss of what is recommended is the lowest of all that were run."""


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


class Runner:
    """Runs learnwares on rows, one at a time in one process; a base is loaded once and adapters
    are swapped on it. Remembers what it has run."""

    def __init__(self, process: ModelProcess, rows: Sequence[Example], context: JobContext) -> None:
        self._process = process
        self.rows = rows
        self._context = context
        self._plans: dict[str, ModelPlan] = {}
        self._loaded = ""
        self._found: dict[str, list[float]] = {}
        self.tokens: list[int] = []
        """Answer tokens of each row, as the first model that ran counts them: one count for all,
        so that models with other tokenizers are compared by the same nats."""
        self.done = 0
        self.total = 0
        """Rows run, and how many there will be if nothing is close."""

    def can_run(self, learnware: Learnware, base: Learnware | None) -> bool:
        """Is there a backend for it here? Must be asked before it is run."""
        try:
            self._plans[learnware.id] = choose(learnware, base).plan
        except LwtuiError:
            return False
        return True

    def losses(self, id: str, rows: range) -> list[float]:
        """−log p of each row's answer, summed over its tokens, nats."""
        found = self._found.setdefault(id, [])
        if len(found) < rows.stop:
            found += self._run(id, range(len(found), rows.stop))
        return found[rows.start : rows.stop]

    def _run(self, id: str, rows: range) -> list[float]:
        note = f"verifying {id}"
        self._context.progress(self.done, max(self.total, self.done), note)
        if self._loaded != id:
            self._process.load(self._plans[id], JobContext(cancel=self._context.cancel))
            self._loaded = id
        requests = []
        for example in self.rows[rows.start : rows.stop]:
            self._context.check()
            prompt = self._process.render(messages_of(example))
            requests.append(Continuation(prompt, example.answer or ""))
        begun = self.done
        within = JobContext(
            lambda part: self._context.progress(
                begun + part.done, max(self.total, begun + len(requests)), note
            ),
            self._context.cancel,
        )
        scores = self._process.loglikelihoods(requests, within)
        self.done = begun + len(requests)
        if len(self.tokens) < rows.stop:
            self.tokens += [score.tokens for score in scores[len(self.tokens) - rows.start :]]
        return [-score.total for score in scores]

    def mean(self, losses: Sequence[float]) -> float:
        """Mean over all answer tokens of the first rows, nats/token."""
        return sum(losses) / max(1, sum(self.tokens[: len(losses)]))


def verify(
    matches: Sequence[Match],
    count: int,
    examples: Sequence[Example],
    collection: Collection,
    context: JobContext,
    *,
    clear: bool = False,
    reason: str = "",
) -> Verified:
    """Run the best ``count`` matches that are on this machine, and the bare base of the first of
    them, by successive halving. Nothing is fetched.

    With a ``clear`` winner only it (and its twins) and the base are run, and the others just if
    it does not beat the base. ``reason``: why the similarities advise the base, if they do.
    Raises ``BadInput`` when no row has an answer or nothing can be run here, ``BackendError`` when
    a model fails, ``Cancelled``.
    """
    rows = answered(examples)
    started = time.monotonic()
    here = [match for match in matches if match.learnware.pulled][:count]
    if not here:
        raise BadInput(
            "None of the matches is on this machine, so none can be run.",
            hint=f"Fetch one first: lwtui pull {matches[0].id}",
        )
    base = collection.base_of(here[0].learnware)
    with ModelProcess() as process:
        runner = Runner(process, rows, context)
        able = [m for m in here if runner.can_run(m.learnware, _base(collection, m))]
        if not able:
            choose(here[0].learnware, base)  # says what is missing
        if base is not None and not runner.can_run(base, None):
            base = None
        first = [m for m in able if m.id in same_as_first(matches)]
        few = clear and bool(first) and len(first) < len(able)
        result = _halve(runner, first if few else able, base)
        if few and not _beats_base(result, base):
            few, result = False, _halve(runner, able, base)
        context.progress(runner.done, runner.done, "verified")
    measured, reason = _judge(runner, result, able, base, reason)
    facts = Verification(
        rows=len(rows),
        learnwares=len(measured),
        base_loss=runner.mean(result.losses[base.id]) if base is not None else None,
        seconds=time.monotonic() - started,
        evaluations=runner.done,
        winner_only=few,
        left_out=tuple(match.id for match in here if match not in able),
        not_here=tuple(match.id for match in matches[:count] if not match.learnware.pulled),
    )
    run = {match.id for match in measured}
    rest = [match for match in matches if match.id not in run]
    probability = _probability(result, measured, base if reason else None)
    return Verified((*measured, *rest), facts, reason, probability)


def _base(collection: Collection, match: Match) -> Learnware | None:
    return collection.base_of(match.learnware)


def _halve(runner: Runner, matches: Sequence[Match], base: Learnware | None) -> HalvingResult[str]:
    """Those on one base run one after another, so that a round loads each base once."""
    bases = [match.learnware.model.base for match in matches]
    ids = [match.id for match in sorted(matches, key=lambda m: bases.index(m.learnware.model.base))]
    keep = [base.id] if base is not None else []
    rows = len(runner.rows)
    runner.total = runner.done + planned(len(ids), len(keep), rows)
    return successive_halving(ids, runner.losses, rows, keep=keep)


def _beats_base(result: HalvingResult[str], base: Learnware | None) -> bool:
    """Is the best learnware's loss below the base's by more than noise?"""
    if base is None:
        return True
    best = next(id for id in result.order if id != base.id)
    lead, error = paired(result.losses[base.id], result.losses[best])
    return lead > abstain.NOISE * error


def _judge(
    runner: Runner,
    result: HalvingResult[str],
    tried: Sequence[Match],
    base: Learnware | None,
    before: str,
) -> tuple[list[Match], str]:
    """The matches that were run, best first with their losses, and why the base is better."""
    by_id = {match.id: match for match in tried}
    measured = [
        dataclasses.replace(
            by_id[id],
            measured_loss=runner.mean(result.losses[id]),
            measured_rows=len(result.losses[id]),
        )
        for id in result.order
        if id in by_id
    ]
    if base is None:
        return measured, before
    best, bare = result.losses[measured[0].id], result.losses[base.id]
    means = (runner.mean(best), runner.mean(bare))
    return measured, abstain.by_measurement(best, bare, means, before)


def _probability(
    result: HalvingResult[str], measured: Sequence[Match], chosen: Learnware | None
) -> float:
    """That ``chosen`` (the base), or else the first match or its twin, has the lowest loss."""
    ours = {chosen.id} if chosen is not None else same_as_first(measured)
    return lowest_share(list(result.losses.values()), [id in ours for id in result.losses])
