"""Ranks learnwares for a requirement by the similarity of their specifications."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lwtui.errors import BadInput
from lwtui.learnware.model import Learnware, SpecificationEntry
from lwtui.match.result import Filters, Match
from lwtui.spec.compare import score, similarities, win_share
from lwtui.spec.specification import Specification, load_specification

CLEAR = 0.9
"""A winner is clear when it comes first in this share of the bootstrap draws."""
CLEAR_MARGIN = 0.1
"""Without a bootstrap (a specification read from a file): when it leads by this similarity."""
BOOTSTRAPPED = 8


@dataclass(frozen=True)
class Candidate:
    """A learnware with its specification in the requirement's space and recipe."""

    learnware: Learnware
    specification: Specification


def passes(learnware: Learnware, base: Learnware | None, filters: Filters) -> bool:
    """Does a learnware satisfy the filters? Words are compared without case."""
    semantic = learnware.semantic
    total = learnware.size + (base.size if base is not None else 0)
    return (
        _same(filters.domain, semantic.domain)
        and _same(filters.base, learnware.model.base, learnware.id)
        and _same(filters.licence, semantic.licence)
        and _same(filters.language, *semantic.languages)
        and (not filters.max_bytes or total <= filters.max_bytes)
    )


def _same(wanted: str, *offered: str) -> bool:
    return not wanted or wanted.casefold() in (word.casefold() for word in offered)


def matching_entry(learnware: Learnware, space: str, recipe: str) -> SpecificationEntry | None:
    """The learnware's specification in a space and recipe, if it has one."""
    for entry in learnware.specifications:
        if entry.space == space and entry.recipe == recipe:
            return entry
    return None


def require_comparable(learnwares: Sequence[Learnware], space: str, recipe: str) -> None:
    """Raise ``BadInput`` if none of them could be compared, before anything slow is begun."""
    if not any(matching_entry(learnware, space, recipe) for learnware in learnwares):
        raise explain_nothing(learnwares, space, recipe)


def candidates(learnwares: Sequence[Learnware], wanted: Specification) -> Iterator[Candidate]:
    """Load the comparable specifications; a damaged one is left out (``lwtui check`` tells)."""
    for learnware in learnwares:
        entry = matching_entry(learnware, wanted.space, wanted.recipe)
        if entry is None or learnware.specs_folder is None:
            continue
        try:
            found = load_specification(learnware.specs_folder / entry.file)
        except (BadInput, OSError):
            continue
        if found.space == wanted.space and found.recipe == wanted.recipe:
            yield Candidate(learnware, found)


def rank(wanted: Specification, found: Sequence[Candidate]) -> tuple[tuple[Match, ...], str]:
    """All candidates, best first, and how sure the first place is.

    Equal similarities are ordered by id. Raises ``BadInput`` if a specification does not fit.
    """
    measured = similarities(wanted, [candidate.specification for candidate in found])
    matches = [
        (Match(candidate.learnware, value, score(value), parts), candidate.specification)
        for candidate, (value, parts) in zip(found, measured, strict=True)
    ]
    matches.sort(key=lambda pair: (-pair[0].similarity, pair[0].id))
    return tuple(match for match, _ in matches), _confidence(wanted, matches)


def _confidence(wanted: Specification, ranked: Sequence[tuple[Match, Specification]]) -> str:
    if not ranked:
        return "none"
    if len(ranked) == 1:
        return "clear"
    shares = win_share(wanted, [specification for _, specification in ranked[:BOOTSTRAPPED]])
    if shares:
        return "clear" if shares[0] >= CLEAR else "close call"
    lead = ranked[0][0].similarity - ranked[1][0].similarity
    return "clear" if lead >= CLEAR_MARGIN else "close call"


def explain_nothing(learnwares: Sequence[Learnware], space: str, recipe: str) -> BadInput:
    """Why no learnware could be compared, and what to do about it."""
    offered = sorted(
        {(entry.space, entry.recipe) for item in learnwares for entry in item.specifications}
    )
    if not offered:
        return BadInput(
            "No learnware here has a specification.",
            hint="Add one that has: lwtui add PATH",
        )
    names = ", ".join(f"{entry[0]} ({entry[1]})" for entry in offered)
    known_space, known_recipe = offered[0]
    return BadInput(
        f"No learnware here has a specification in the space {space} with recipe {recipe}, and "
        f"vectors of different spaces or recipes are never compared. There are: {names}.",
        hint=f"Compute yours with: --space {known_space.rsplit('-', 1)[0]} --recipe {known_recipe}",
    )
