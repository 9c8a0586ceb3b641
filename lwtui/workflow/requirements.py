"""Save what a match was made for, match it again later, and compare two matches."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.match.result import Filters, MatchResult

if TYPE_CHECKING:
    from lwtui.dataset import FieldMap
    from lwtui.learnware.collection import Collection
    from lwtui.match.compare import Comparison
    from lwtui.match.ranking import Ranking
    from lwtui.match.requirements import Requirement

RANKED = 100
"""How many learnwares a match that is to be remembered ranks."""
_LARGEST = 16 << 20


@dataclass(frozen=True)
class Rerun:
    """A saved requirement, matched again."""

    requirement: Requirement
    """With this match among its rankings."""
    result: MatchResult
    comparison: Comparison | None
    """With the match before; None when there was none."""


def save_requirement(
    name: str, result: MatchResult, data: Path | None, fields: FieldMap | None = None
) -> Requirement:
    """Save what ``result`` was made for, under a name. ``data`` is the dataset's folder or file.

    Raises ``BadInput`` for a name that is taken or no name, and for a result without its
    specification. No row of the data is saved.
    """
    from lwtui.match.ranking import Ranking, now
    from lwtui.match.requirements import Requirement, Requirements, check_name

    if result.specification is None:
        raise BadInput("This match has no specification that could be saved.")
    given = data is not None and data.suffix != ".safetensors"
    requirement = Requirement(
        name=check_name(name),
        dataset=result.dataset,
        data=str(data.expanduser().absolute()) if given and data is not None else "",
        fields=fields.named if fields is not None else {},
        rows=result.rows,
        rows_seen=result.rows_seen,
        saved=now(),
        rankings=(Ranking.of(result),),
    )
    Requirements().add(requirement, result.specification)
    return requirement


def match_again(
    name: str,
    *,
    filters: Filters | None = None,
    top: int = 10,
    collection: Collection | None = None,
    context: JobContext | None = None,
) -> Rerun:
    """Rank the learnwares of now for a saved requirement, and note what was found.

    The dataset is not read: it may have changed or be gone. With filters nothing is noted, since
    such a ranking is no measure of what is new. Raises ``BadInput``, ``Cancelled``, ``LwtuiError``.
    """
    import dataclasses

    from lwtui.match.compare import compare
    from lwtui.match.ranking import Ranking
    from lwtui.match.requirements import Requirements
    from lwtui.workflow.match import match

    saved = Requirements()
    requirement = saved.load(name)
    result = match(
        saved.specification(requirement),
        filters=filters,
        top=max(top, RANKED),
        collection=collection,
        context=context,
    )
    result = dataclasses.replace(result, rows_seen=requirement.rows_seen)
    before, ranking = requirement.latest, Ranking.of(result)
    if filters is None or filters == Filters():
        requirement = saved.remember(requirement, ranking)
    comparison = None if before is None else compare(before, ranking)
    result = dataclasses.replace(result, matches=result.matches[: max(1, top)])
    return Rerun(requirement, result, comparison)


def find_ranking(text: str) -> Ranking:
    """The latest ranking of a saved requirement NAME, the Nth of it (``NAME@2``; 1 is the oldest
    that is remembered), or that in a file that ``lwtui match --json`` wrote. Raises ``BadInput``.
    """
    from lwtui.match.ranking import ranking_from
    from lwtui.match.requirements import Requirements

    if text.endswith(".json"):
        return ranking_from(_read_json(Path(text).expanduser()), text)
    name, at, number = text.rpartition("@")
    if not at:
        name, number = text, ""
    requirement = Requirements().load(name)
    count = len(requirement.rankings)
    if not count:
        raise BadInput(f"{name!r} has not been matched yet.")
    if not number:
        return requirement.rankings[-1]
    if not number.isdecimal() or not 1 <= int(number) <= count:
        raise BadInput(f"{name!r} has no match number {number}: it has {count}, from 1 on.")
    return requirement.rankings[int(number) - 1]


def _read_json(file: Path) -> object:
    try:
        if file.stat().st_size > _LARGEST:
            raise BadInput("The file is too large for a match.", file=file)
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"Cannot be read: {error.strerror or error}.", file=file) from error
    except ValueError as error:
        raise BadInput("Not JSON.", file=file, hint="Write one: lwtui match … --json") from error
