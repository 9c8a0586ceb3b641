"""From a user's dataset, or its specification, to a ranked list of learnwares."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.match.result import Filters, Match, MatchResult
from lwtui.workflow.specify import DEFAULT_RECIPE, DEFAULT_ROWS, DEFAULT_SPACE, specify

if TYPE_CHECKING:
    from lwtui.dataset import FieldMap
    from lwtui.dataset.example import Example
    from lwtui.learnware.collection import Collection
    from lwtui.learnware.model import Learnware
    from lwtui.match.calibration import Calibration
    from lwtui.match.expect import Usual
    from lwtui.match.rank import Preference
    from lwtui.spec.specification import Specification

HELD_BACK = 32
"""Rows sampled beside those of the specification, to verify on."""


def match(
    requirement: Path | Specification,
    *,
    filters: Filters | None = None,
    top: int = 10,
    verify: int = 0,
    space: str = DEFAULT_SPACE,
    recipe: str | None = None,
    rows: int = DEFAULT_ROWS,
    seed: int = 0,
    fields: FieldMap | None = None,
    collection: Collection | None = None,
    calibration: Calibration | None = None,
    context: JobContext | None = None,
) -> MatchResult:
    """Rank the learnwares of this machine, and those of the Hub that are known here, for a dataset
    (folder or file) or a specification. Nothing is asked of the network.

    ``verify`` is how many of the top learnwares are run on held-back rows of the dataset, with
    their bare base, and re-ranked by what was measured; of a clear match only the winner is, unless
    it does not beat the base. When nothing fits, the result says so and the base is selected.
    ``calibration`` replaces the one that was measured for this kind of requirement.
    The user's own collection is opened where none is given, with the catalogue in step.
    Raises ``BadInput`` (nothing usable, nothing comparable, a
    specification cannot be verified), ``Cancelled``, ``LwtuiError``.
    """
    from lwtui import paths
    from lwtui.dataset import open_dataset
    from lwtui.dock.catalogue import sync
    from lwtui.learnware.collection import Collection as OpenCollection
    from lwtui.spec.specification import load_specification

    context = context or JobContext()
    dataset = _dataset(requirement)
    if verify and dataset is None:
        raise BadInput(
            "A specification holds no rows, so a match with it cannot be verified.",
            hint="Give the dataset's folder instead.",
        )
    own = collection is None
    if collection is None:
        sync(paths.home())
        collection = OpenCollection.open()
    try:
        if not isinstance(requirement, Path):
            wanted = requirement
        elif dataset is None:
            wanted = load_specification(requirement)
        else:
            if not dataset.exists():
                open_dataset(dataset, fields)  # says what is wrong
            check_space(collection, space, recipe or DEFAULT_RECIPE)
            wanted = specify(
                dataset,
                space=space,
                recipe=recipe or DEFAULT_RECIPE,
                rows=rows,
                seed=seed,
                fields=fields,
                held_back=HELD_BACK if verify else 0,
                context=context,
            )
        result = _rank(wanted, filters or Filters(), collection, calibration, top, context)
        if verify and dataset is not None and result.matches:
            held = _held_back(dataset, rows, seed, fields, context)
            result = _verified(result, min(verify, len(result.matches)), held, collection, context)
    finally:
        if own:
            collection.close()
    return dataclasses.replace(result, matches=result.matches[: max(1, top)])


def _dataset(requirement: Path | Specification) -> Path | None:
    """The dataset's path; None when the requirement is a specification."""
    if not isinstance(requirement, Path):
        return None
    return None if requirement.suffix == ".safetensors" else requirement


def check_space(collection: Collection, space: str, recipe: str) -> None:
    """Raise ``BadInput`` before anything slow when nothing here could be compared."""
    from lwtui.match.rank import require_comparable
    from lwtui.spec.space import find_space

    require_comparable(collection.list(where="all"), find_space(space).id, recipe)


def _rank(
    wanted: Specification,
    filters: Filters,
    collection: Collection,
    calibration: Calibration | None,
    top: int,
    context: JobContext,
) -> MatchResult:
    from lwtui.match.abstain import by_similarity
    from lwtui.match.confidence import Sureness
    from lwtui.match.rank import calibration_of, candidates, explain_nothing, rank
    from lwtui.match.why import domain_shares

    everything = [item for item in collection.list(where="all") if _counts(item)]
    base_of = remembered(collection)
    few = _to_rank(wanted, filters, collection.home, everything, base_of, top, context)
    found = list(candidates(few.learnwares, wanted))
    comparable = len(found) if few.comparable is None else few.comparable
    if not found and (few.nothing or not list(candidates(everything, wanted))):
        raise explain_nothing(everything, wanted.space, wanted.recipe)
    prefer = _preference(base_of)
    matches, sure = rank(wanted, found, calibration, few.usual, prefer)
    matches = tuple(_with_cost(match, base_of) for match in matches)
    calibration = calibration or calibration_of(wanted)
    best_here = next((match for match in matches if match.learnware.pulled), None)
    base = collection.base_of(best_here.learnware) if best_here else None
    reason = by_similarity(matches, calibration)
    if reason:  # what is selected is the base, and that was not drawn against anything
        sure = Sureness("close call")
    return MatchResult(
        dataset=wanted.name,
        space=wanted.space,
        recipe=wanted.recipe,
        rows=wanted.rows,
        matches=matches,
        confidence=sure.word,
        probability=sure.probability,
        abstained=bool(reason),
        reason=reason,
        base=base,
        best_here=best_here,
        skipped=len(everything) - comparable,
        rows_skipped=wanted.skipped,
        problems=wanted.problems,
        seconds=wanted.seconds,
        domains=domain_shares(matches),
        rows_seen=wanted.rows_seen,
        specification=wanted,
    )


def _counts(learnware: Learnware) -> bool:
    """Could it be matched? What is only known and has no specification is there to be looked at."""
    return learnware.model.kind != "base" and (learnware.pulled or bool(learnware.specifications))


@dataclass(frozen=True)
class _Few:
    """What has to be ranked exactly."""

    learnwares: Sequence[Learnware]
    usual: Usual | None = None
    comparable: int | None = None
    """None: as many as there are specifications among the learnwares."""
    nothing: bool = False
    """Certain that nothing could be compared, not even without the filters."""


def _to_rank(
    wanted: Specification,
    filters: Filters,
    home: Path,
    everything: Sequence[Learnware],
    base_of: Callable[[Learnware], Learnware | None],
    top: int,
    context: JobContext,
) -> _Few:
    """All that pass the filters; of many those the index finds, the best that are here among them
    whatever an index of the Hub may hold."""
    from lwtui.match.index.upkeep import SHORT, shortlist
    from lwtui.match.rank import passes

    count = max(SHORT, 2 * top)
    find = functools.partial(shortlist, home, everything, base_of, wanted)
    short = find(filters, count, context)
    if short is None:
        return _Few([item for item in everything if passes(item, base_of(item), filters)])
    chosen = {item.id: item for item in short.learnwares}
    if not filters.here and any(not item.pulled for item in short.learnwares):
        here = find(dataclasses.replace(filters, here=True), top, context)
        chosen |= {item.id: item for item in (here.learnwares if here else ())}
    return _Few(tuple(chosen.values()), short.usual, short.comparable, short.nothing)


def _preference(base_of: Callable[[Learnware], Learnware | None]) -> Preference:
    import psutil

    from lwtui.match.reach import order

    memory = psutil.virtual_memory().total
    return lambda learnware: order(learnware, base_of, memory)


def _with_cost(match: Match, base_of: Callable[[Learnware], Learnware | None]) -> Match:
    """What it takes to have it, and whether it would run here."""
    import psutil

    from lwtui.match.reach import cost, fits

    learnware = match.learnware
    memory = psutil.virtual_memory().total
    return dataclasses.replace(
        match, cost=cost(learnware, base_of), fits=fits(learnware, base_of, memory)
    )


def remembered(collection: Collection) -> Callable[[Learnware], Learnware | None]:
    """``collection.base_of``, or else the base that is only known; asked once for each: thousands
    of adapters share a few."""

    @functools.cache
    def find(name: str) -> Learnware | None:
        here = collection.find_base(name)
        if here is not None:
            return here
        known = collection.find(name)
        return known if known is not None and known.model.kind != "adapter" else None

    return lambda learnware: find(learnware.model.base) if learnware.model.base else None


def _held_back(
    dataset: Path, rows: int, seed: int, fields: FieldMap | None, context: JobContext
) -> tuple[Example, ...]:
    from lwtui.dataset import open_dataset
    from lwtui.spec.worker import split

    sample = open_dataset(dataset, fields).sample(rows + HELD_BACK, seed, context)
    return split(sample.examples, rows, HELD_BACK)[1]


def _verified(
    result: MatchResult,
    count: int,
    held: tuple[Example, ...],
    collection: Collection,
    context: JobContext,
) -> MatchResult:
    """After a measurement the confidence is the measurement's: how likely the loss of what is
    selected is the lowest. When only a clear winner was run, the less sure of both counts."""
    from lwtui.match.confidence import word_of
    from lwtui.match.verify import verify

    clear = result.confidence == "clear" and not result.abstained
    found = verify(
        result.matches, count, held, collection, context, clear=clear, reason=result.reason
    )
    only_winner = found.facts.winner_only
    best_here = next((match for match in found.matches if match.learnware.pulled), None)
    before = result.probability if result.probability is not None else 1.0
    probability = min(before, found.probability) if only_winner else found.probability
    return dataclasses.replace(
        result,
        matches=found.matches,
        confidence=word_of(probability),
        probability=probability,
        abstained=bool(found.reason),
        reason=found.reason,
        best_here=best_here,
        verification=found.facts,
    )
