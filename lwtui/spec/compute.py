"""From rows of data to a specification, inside whatever process calls it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lwtui.dataset.example import Example
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.spec.space import Space
from lwtui.spec.specification import RECIPES, Specification

if TYPE_CHECKING:
    from lwtui.spec.reference import Reference


def compute(
    examples: Sequence[Example],
    space: Space,
    recipe: str,
    *,
    seed: int = 0,
    context: JobContext | None = None,
    reference: Reference | None = None,
) -> Specification:
    """The specification of some rows. Deterministic for the same rows on the same machine.

    Raises ``BadInput`` for an unknown recipe or no rows, ``Cancelled`` when told to stop.
    """
    from lwtui.spec.reference import load_reference
    from lwtui.spec.render import render

    context = context or JobContext()
    if recipe not in RECIPES:
        raise BadInput(f"{recipe!r} is not a recipe.", hint=f"Recipes: {', '.join(RECIPES)}.")
    if not examples:
        raise BadInput("There is no row to make a specification from.")
    context.progress(0, len(examples), "loading the reference model")
    reference = reference or load_reference(space)
    rows = [
        render(example, space.template, reference.tokenizer, space.max_tokens)
        for example in examples
    ]
    if recipe == "paper":
        from lwtui.spec.paper import train_b

        parts = {"whole": train_b(reference, space, rows, context)}
        return Specification(recipe, space.id, parts, len(rows), seed)
    from lwtui.spec.gradient import gradient_sums

    groups, counts = gradient_sums(reference, space, rows, context)
    found = {name: group for name, group in groups.items() if counts[name]}
    parts = {name: group.sum(0) / counts[name] for name, group in found.items()}
    return Specification(recipe, space.id, parts, len(rows), seed, groups=found)
