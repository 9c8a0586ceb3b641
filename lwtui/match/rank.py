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
_LOSS = "answer loss"
_Ranked = tuple[Match, Specification]


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
        if found.space == wanted.space and found.recipe == wanted.recipe and _fits(found, wanted):
            yield Candidate(learnware, found)


def _fits(found: Specification, wanted: Specification) -> bool:
    """One that shares no part, or whose vectors have another length, must not spoil the rest."""
    shared = [name for name in wanted.parts if name in found.parts]
    return bool(shared) and all(
        found.parts[name].shape == wanted.parts[name].shape for name in shared
    )


def rank(wanted: Specification, found: Sequence[Candidate]) -> tuple[tuple[Match, ...], str]:
    """All candidates, best first, and how sure the first place is.

    By similarity; equal ones by id. Near twins (trained on the same data, nearly as similar) are
    ordered among themselves by their measured scores, since a specification tells what data a
    model was trained on and not how well. Raises ``BadInput`` if a specification does not fit.
    """
    measured = similarities(wanted, [candidate.specification for candidate in found])
    ranked = [
        (Match(candidate.learnware, value, score(value), parts), candidate.specification)
        for candidate, (value, parts) in zip(found, measured, strict=True)
    ]
    ranked.sort(key=lambda pair: (-pair[0].similarity, pair[0].id))
    ranked = _better_twins_first(ranked)
    return tuple(match for match, _ in ranked), _confidence(wanted, ranked)


def _better_twins_first(ranked: list[_Ranked]) -> list[_Ranked]:
    """Give the places that near twins hold to the same twins, the lowest answer loss first."""
    result = list(ranked)
    for first, (match, _) in enumerate(ranked):
        places = [
            place
            for place in range(first, len(ranked))
            if twins(match.learnware, ranked[place][0].learnware)
            and match.similarity - ranked[place][0].similarity <= CLEAR_MARGIN
        ]
        if len(places) > 1 and all(result[place] is ranked[place] for place in places):
            ordered = sorted((ranked[place] for place in places), key=lambda pair: _loss(pair[0]))
            for place, pair in zip(places, ordered, strict=True):
                result[place] = pair
    return result


def twins(one: Learnware, other: Learnware) -> bool:
    """Trained on the same named data, with scores measured on the same tasks."""
    names = {source.name for source in one.semantic.data}
    tasks = {score.task for score in one.scores if score.metric == _LOSS}
    return (
        bool(names and tasks)
        and names == {source.name for source in other.semantic.data}
        and tasks == {score.task for score in other.scores if score.metric == _LOSS}
    )


def _loss(match: Match) -> float:
    losses = [score.value for score in match.learnware.scores if score.metric == _LOSS]
    return sum(losses) / len(losses)


def _confidence(wanted: Specification, ranked: Sequence[_Ranked]) -> str:
    """A winner and its twins count as one: which of them it is was not told by the rows."""
    if not ranked:
        return "none"
    winner = ranked[0][0]
    same = [m is winner or twins(m.learnware, winner.learnware) for m, _ in ranked]
    if all(same):
        return "clear"
    shares = win_share(wanted, [specification for _, specification in ranked[:BOOTSTRAPPED]])
    if shares:
        won = sum(share for share, own in zip(shares, same, strict=False) if own)
        return "clear" if won >= CLEAR else "close call"
    best = max(m.similarity for (m, _), own in zip(ranked, same, strict=True) if own)
    other = max(m.similarity for (m, _), own in zip(ranked, same, strict=True) if not own)
    return "clear" if best - other >= CLEAR_MARGIN else "close call"


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
