"""Ranks learnwares for a requirement by what their specifications let expect of them."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lwtui.errors import BadInput
from lwtui.learnware.model import Learnware, SpecificationEntry
from lwtui.match.calibration import Calibration, find_calibration
from lwtui.match.confidence import CLEAR_MARGIN, Sureness, intervals, redraw, sureness
from lwtui.match.expect import Expectation, Usual
from lwtui.match.result import Filters, Match
from lwtui.spec.compare import score, similarities
from lwtui.spec.space import find_space
from lwtui.spec.specification import Specification, load_specification

REDRAWN = 64
"""How many of the best are ranked again with redrawn rows; those behind them get no interval."""
_LOSS = "answer loss"
Preference = Callable[[Learnware], tuple[Any, ...]]
"""What comes first of equals: the lower. Ends with the id, so that there are no equals left."""


@dataclass(frozen=True)
class Candidate:
    """A learnware with its specification in the requirement's space and recipe."""

    learnware: Learnware
    specification: Specification

    @property
    def elsewhere(self) -> bool:
        """It does not build on the space's own reference model, on which gains were measured."""
        return elsewhere(self.learnware, self.specification.space)


_Ranked = tuple[Match, Candidate]


def elsewhere(learnware: Learnware, space: str) -> bool:
    """Does it build on another model than the learnwares that were measured in this space (its
    id), or on none? Their gains are no measure of its own then."""
    return learnware.model.base != _reference(space)


@functools.cache
def _reference(space: str) -> str:
    """Id of the learnware that is the space's reference model; empty when it has none."""
    try:
        return find_space(space).learnware
    except BadInput:
        return ""


def passes(learnware: Learnware, base: Learnware | None, filters: Filters) -> bool:
    """Does a learnware satisfy the filters? Words are compared without case."""
    semantic = learnware.semantic
    total = learnware.size + (base.size if base is not None else 0)
    return (
        (learnware.pulled or not filters.here)
        and _same(filters.domain, semantic.domain)
        and _same(filters.base, learnware.model.base, learnware.id)
        and _same(filters.licence, semantic.licence)
        and _same(filters.language, *semantic.languages)
        and (not filters.max_bytes or (total <= filters.max_bytes and _size_known(learnware, base)))
    )


def _size_known(learnware: Learnware, base: Learnware | None) -> bool:
    """Of what is not here, the catalogue or an index may not say how large it is."""
    if learnware.pulled:
        return True
    return base is not None if learnware.model.kind == "adapter" else learnware.size > 0


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


def rank(
    wanted: Specification,
    found: Sequence[Candidate],
    calibration: Calibration | None = None,
    usual: Usual | None = None,
    prefer: Preference | None = None,
) -> tuple[tuple[Match, ...], Sureness]:
    """All candidates (of a collection, or a shortlist), best first, and how sure the first is.

    By the gain to expect of each (``expect.py``), for which near twins (trained on the same data,
    nearly as similar) count as equally similar: similarity tells what data a model was trained on
    and not how well. Where nothing was measured on the space's anchors by similarity, and near
    twins among themselves by their measured scores. Equal ones (several that share a specification)
    by ``prefer``, or by id. The calibration is the requirement's unless given. ``usual`` is what
    the whole collection shows where gains are not known, of a shortlist.
    Raises ``BadInput`` if a specification does not fit.
    """
    specifications = [candidate.specification for candidate in found]
    measured = similarities(wanted, specifications)
    expectation = _expectation(wanted, found, usual)
    alike = _nearest_twin([each.learnware for each in found], [value for value, _ in measured])
    gains = expectation.gains([measured[i][0] for i in alike]) if expectation else None
    ranked = [
        (
            Match(
                candidate.learnware,
                value,
                score(value),
                parts,
                expected_gain=None if gains is None else float(gains[index]),
                assumed=gains is not None and candidate.specification.gains is None,
            ),
            candidate,
        )
        for index, (candidate, (value, parts)) in enumerate(zip(found, measured, strict=True))
    ]
    order = prefer or (lambda learnware: (learnware.id,))
    ranked.sort(key=lambda pair: (-pair[0].value, -pair[0].similarity, *order(pair[0].learnware)))
    if gains is None:
        ranked = _better_twins_first(ranked)
    if calibration is None:
        calibration = calibration_of(wanted)
    return _with_sureness(wanted, ranked, calibration, usual)


def _expectation(
    wanted: Specification, found: Sequence[Candidate], usual: Usual | None
) -> Expectation | None:
    specifications = [each.specification for each in found]
    return Expectation.of(wanted, specifications, usual, [each.elsewhere for each in found])


def calibration_of(wanted: Specification) -> Calibration:
    """The constants for requirements of this kind."""
    answers = set(wanted.parts) != {"prompt"}
    return find_calibration(wanted.space, wanted.recipe, answers)


def _with_sureness(
    wanted: Specification,
    ranked: Sequence[_Ranked],
    calibration: Calibration,
    usual: Usual | None,
) -> tuple[tuple[Match, ...], Sureness]:
    """The matches with their intervals, and how sure the first is."""
    matches = [match for match, _ in ranked]
    near = [candidate.specification for _, candidate in ranked[:REDRAWN]]
    drawn = redraw(wanted, near)
    if drawn is not None:
        spread = intervals(drawn, [match.similarity for match in matches[:REDRAWN]])
        for place, interval in enumerate(spread):
            matches[place] = dataclasses.replace(matches[place], interval=interval)
    expectation = _expectation(wanted, [candidate for _, candidate in ranked], usual)
    if drawn is not None and expectation is not None:
        first = matches[:REDRAWN]
        alike = _nearest_twin([m.learnware for m in first], [m.similarity for m in first])
        drawn = expectation.redrawn(drawn[:, alike])
    values = [match.value for match in matches]
    twins_of_first = same_as_first(matches)
    same = [match.id in twins_of_first for match in matches]
    best = matches[0].similarity if matches else 0.0
    sure = sureness(values, same, drawn, calibration, best)
    by_luck = bool(wanted.groups) or wanted.privacy is not None
    if drawn is None and by_luck and sure.word == "clear" and not all(same):
        sure = Sureness("close call")  # a handful of rows, or noise: their margin may be luck
    return tuple(matches), sure


def same_as_first(matches: Sequence[Match]) -> set[str]:
    """Ids of the first match and its twins: they count as one."""
    return {
        match.id
        for match in matches
        if match is matches[0] or twins(match.learnware, matches[0].learnware)
    }


def _nearest_twin(learnwares: Sequence[Learnware], values: Sequence[float]) -> list[int]:
    """For each learnware the place of its most similar near twin, or its own."""
    groups: dict[tuple[frozenset[str], ...], list[int]] = {}
    for place, learnware in enumerate(learnwares):
        if all(known := data_and_tasks(learnware)):
            groups.setdefault(known, []).append(place)
    result = list(range(len(learnwares)))
    for places in groups.values():
        best = max(places, key=lambda place: values[place])
        for place in places:
            if values[best] - values[place] <= CLEAR_MARGIN:
                result[place] = best
    return result


def _better_twins_first(ranked: list[_Ranked]) -> list[_Ranked]:
    """Give the places that near twins hold to the same twins, the lowest answer loss first."""
    result = list(ranked)
    for first, (match, _) in enumerate(ranked):
        places = [
            place
            for place in range(first, len(ranked))
            if _measured_twins(match.learnware, ranked[place][0].learnware)
            and match.similarity - ranked[place][0].similarity <= CLEAR_MARGIN
        ]
        if len(places) > 1 and all(result[place] is ranked[place] for place in places):
            ordered = sorted((ranked[place] for place in places), key=lambda pair: _loss(pair[0]))
            for place, pair in zip(places, ordered, strict=True):
                result[place] = pair
    return result


def twins(one: Learnware, other: Learnware) -> bool:
    """Trained on the same named data, with scores measured on the same tasks; or they share one
    specification, so that no requirement could tell them apart."""
    return _measured_twins(one, other) or shared(one, other)


def _measured_twins(one: Learnware, other: Learnware) -> bool:
    known = data_and_tasks(one)
    return all(known) and known == data_and_tasks(other)


def shared(one: Learnware, other: Learnware) -> bool:
    """Is a specification of both the same file, of the same data?"""
    ours, theirs = ({e.sha256 for e in each.specifications} - {""} for each in (one, other))
    return not ours.isdisjoint(theirs)


def data_and_tasks(learnware: Learnware) -> tuple[frozenset[str], ...]:
    """Names of its training data, and the tasks it was measured on."""
    return (
        frozenset(source.name for source in learnware.semantic.data),
        frozenset(score.task for score in learnware.scores if score.metric == _LOSS),
    )


def _loss(match: Match) -> float:
    losses = [score.value for score in match.learnware.scores if score.metric == _LOSS]
    return sum(losses) / len(losses)


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
