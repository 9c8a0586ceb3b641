"""From rows of data to a specification, inside whatever process calls it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui.dataset.example import Example
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.spec.space import Space
from lwtui.spec.specification import RECIPES, Specification

if TYPE_CHECKING:
    from lwtui.spec.checkpoint import Checkpoint
    from lwtui.spec.gradient import Partial
    from lwtui.spec.reference import Reference
    from lwtui.spec.render import Rendered

FIRST_ROUND = 16
"""Rows before the first look at their stability: one in each group of the bootstrap."""
ROUND = 256
"""Rows of a round where nothing may stop early."""


def compute(
    examples: Sequence[Example],
    space: Space,
    recipe: str,
    *,
    seed: int = 0,
    context: JobContext | None = None,
    reference: Reference | None = None,
    stop_at: float | None = None,
    partials: Path | None = None,
    epsilon: float | None = None,
    delta: float | None = None,
) -> Specification:
    """The specification of some rows. Deterministic for the same rows on the same machine, unless
    it is noised.

    ``stop_at``: recipe ``gradient`` takes the rows in order and no more of them once its estimated
    :func:`~lwtui.spec.stability.stability` reaches this; None takes all. ``partials`` is a folder
    for the sums so far of what takes long: the same call goes on from there after an interruption.
    With ``epsilon`` (recipe ``gradient``) it is noised as ``privacy.py`` says, of all the rows, and
    nothing is kept in ``partials``.
    Raises ``BadInput`` for an unknown recipe or no rows, ``Cancelled`` when told to stop.
    """
    from lwtui.spec.checkpoint import Checkpoint
    from lwtui.spec.privacy import DELTA, noised_parts, require_epsilon
    from lwtui.spec.reference import load_reference
    from lwtui.spec.render import render

    context = context or JobContext()
    if recipe not in RECIPES:
        raise BadInput(f"{recipe!r} is not a recipe.", hint=f"Recipes: {', '.join(RECIPES)}.")
    if not examples:
        raise BadInput("There is no row to make a specification from.")
    delta = DELTA if delta is None else delta
    if epsilon is not None:
        require_epsilon(epsilon, delta, recipe, len(examples))
    context.progress(0, len(examples), "loading the reference model")
    reference = reference or load_reference(space)
    rows = [
        render(example, space.template, reference.tokenizer, space.max_tokens)
        for example in examples
    ]
    if epsilon is not None:
        parts, privacy = noised_parts(reference, space, rows, epsilon, delta, context)
        return Specification(recipe, space.id, parts, len(rows), seed, privacy=privacy)
    if recipe == "paper":
        from lwtui.spec.paper import train_b

        parts = {"whole": train_b(reference, space, rows, context)}
        return Specification(recipe, space.id, parts, len(rows), seed)
    if recipe == "replay":
        from lwtui.spec.replay import replay_b, whole_text_gradients

        gradients, tokens = whole_text_gradients(reference, space, rows, context)
        parts = {"whole": replay_b(gradients, tokens, space, context)}
        return Specification(recipe, space.id, parts, len(rows), seed)
    checkpoint = Checkpoint(partials, rows, space) if partials else None
    sums = _in_rounds(reference, space, rows, context, stop_at, checkpoint)
    found = {name: group for name, group in sums.sums.items() if sums.counts[name]}
    parts = {name: group.sum(0) / sums.counts[name] for name, group in found.items()}
    return Specification(recipe, space.id, parts, sums.rows, seed, groups=found)


def _in_rounds(
    reference: Reference,
    space: Space,
    rows: Sequence[Rendered],
    context: JobContext,
    stop_at: float | None,
    checkpoint: Checkpoint | None,
) -> Partial:
    from lwtui.spec.gradient import gradient_sums, merge
    from lwtui.spec.stability import stability

    sums = checkpoint.load() if checkpoint else None
    for begin, end in rounds(len(rows), early=stop_at is not None):
        if sums and sums.rows >= end:
            continue
        more = gradient_sums(
            reference, space, rows[begin:end], context, start=begin, total=len(rows)
        )
        sums = merge(sums, more) if sums else more
        if stop_at is not None and end < len(rows) and stability(sums, space) >= stop_at:
            break
        if checkpoint:
            checkpoint.save(sums)
    if checkpoint:
        checkpoint.done()
    if sums is None:
        raise BadInput("There is no row to make a specification from.")
    return sums


def rounds(rows: int, *, early: bool) -> Iterator[tuple[int, int]]:
    """Stretches (begin, end) of the rows, each merged with those before it.

    With an early stop they grow by half, from ``FIRST_ROUND`` rows: the stop comes soon after it
    could have, and a GPU's batches still grow. Without one a round is only a place to resume at.
    """
    begin = 0
    while begin < rows:
        size = max(FIRST_ROUND, begin // 2) if early else ROUND
        yield begin, min(begin + size, rows)
        begin += size
