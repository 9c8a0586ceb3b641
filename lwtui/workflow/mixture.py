"""From a dataset whose rows come from several tasks to the few learnwares that cover it."""

from __future__ import annotations

import dataclasses
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui.errors import BadInput
from lwtui.isolated import run_isolated
from lwtui.jobs import JobContext
from lwtui.match.result import Filters
from lwtui.workflow.match import check_space, remembered
from lwtui.workflow.specify import DEFAULT_RECIPE, DEFAULT_ROWS, DEFAULT_SPACE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lwtui.dataset import FieldMap
    from lwtui.learnware.collection import Collection
    from lwtui.learnware.model import Learnware
    from lwtui.match.mixture import Member, Mixture
    from lwtui.match.result import Match
    from lwtui.spec.reference import Reference
    from lwtui.spec.specification import Specification

    Array = NDArray[np.float32]


def match_mixture(
    dataset: Path,
    *,
    filters: Filters | None = None,
    space: str = DEFAULT_SPACE,
    rows: int = DEFAULT_ROWS,
    seed: int = 0,
    fields: FieldMap | None = None,
    collection: Collection | None = None,
    context: JobContext | None = None,
) -> Mixture:
    """The set of learnwares of this machine that covers a dataset (folder or file), and its router.

    Raises ``BadInput`` (nothing usable, too few rows, nothing comparable), ``Cancelled``,
    ``LwtuiError``. No row of the data leaves the machine or reaches the result.
    """
    from lwtui.dataset import open_dataset
    from lwtui.learnware.collection import Collection as OpenCollection

    if dataset.suffix == ".safetensors":
        raise BadInput(
            "A specification holds no rows, so it cannot be told whether they are mixed.",
            hint="Give the dataset's folder instead.",
        )
    if not dataset.exists():
        open_dataset(dataset, fields)  # says what is wrong
    context = context or JobContext()
    own = collection is None
    collection = collection or OpenCollection.open()
    try:
        check_space(collection, space, DEFAULT_RECIPE)
        _check_filters(collection, filters or Filters())
        started = time.monotonic()
        grouped = _grouped(dataset, space, rows, seed, fields, context)
        found = _covered(grouped, filters or Filters(), collection)
    finally:
        if own:
            collection.close()
    return dataclasses.replace(found, seconds=time.monotonic() - started)


def _check_filters(collection: Collection, filters: Filters) -> None:
    """Raise ``BadInput`` before anything slow when nothing passes."""
    from lwtui.match.rank import passes

    base_of = remembered(collection)
    listed = (item for item in collection.list() if item.model.kind != "base")
    if not any(passes(item, base_of(item), filters) for item in listed):
        raise BadInput("No learnware passes these filters.", hint="Filter by less.")


@dataclass(frozen=True)
class _Grouped:
    """A dataset's groups of rows as the isolated process found them."""

    centre: Array
    centroids: Array
    groups: list[Specification]
    name: str
    skipped: int
    problems: tuple[str, ...]


def _grouped(
    path: Path, space: str, rows: int, seed: int, fields: FieldMap | None, context: JobContext
) -> _Grouped:
    from safetensors.numpy import load

    from lwtui.spec.space import find_space
    from lwtui.spec.specification import Specification

    known = find_space(space)
    with tempfile.TemporaryDirectory(prefix="lwtui-") as folder:
        facts = run_isolated(
            "lwtui.spec.worker:run_grouped",
            {
                "path": str(path.expanduser().absolute()),
                "folder": folder,
                "space": space,
                "rows": rows,
                "seed": seed,
                "fields": dataclasses.asdict(fields) if fields else None,
            },
            context,
        )
        tensors = load((Path(folder) / "groups.safetensors").read_bytes())
    parts: list[dict[str, Array]] = [{} for _ in facts["rows"]]
    for key, vector in tensors.items():
        index, _, part = key.partition(".")
        if part:
            parts[int(index)][part] = vector
    groups = [
        Specification(DEFAULT_RECIPE, known.id, each, count, seed)
        for each, count in zip(parts, facts["rows"], strict=True)
    ]
    problems = tuple(facts["problems"])
    return _Grouped(
        tensors["centre"], tensors["centroids"], groups, facts["name"], facts["skipped"], problems
    )


def _covered(grouped: _Grouped, filters: Filters, collection: Collection) -> Mixture:
    """Rank every group, cover them, and put the members in order."""
    import numpy as np

    from lwtui.match.mixture import Mixture, Router, cover

    tables = _ranked(grouped.groups, filters, collection)
    learnwares = {match.id: match.learnware for match in tables[0].values()}
    if not learnwares:
        raise BadInput("No learnware passes these filters.", hint="Filter by less.")
    counts = np.array([one.rows for one in grouped.groups])
    shares = (counts / counts.sum()).astype(np.float32)
    ids = _best_twins(tables, shares)
    values = np.array([[table[id].value for id in ids] for table in tables], np.float32)
    base = collection.base_of(learnwares[ids[int((shares @ values).argmax())]])
    if base is not None:
        ids.append(base.id)
        least = np.full((len(values), 1), _of_base(grouped.groups[0], tables[0]), np.float32)
        values = np.hstack([values, least])
    chosen, places = cover(values, shares)
    members = [
        _member(id, np.flatnonzero(places == place), tables, counts, learnwares.get(id) or base)
        for place, id in enumerate(ids[option] for option in chosen)
    ]
    gains = tables[0][ids[0]].expected_gain is not None
    best = int((shares @ values).argmax())
    return Mixture(
        dataset=grouped.name,
        space=grouped.groups[0].space,
        recipe=grouped.groups[0].recipe,
        rows=int(counts.sum()),
        members=tuple(sorted(members, key=lambda one: (-one.rows, one.learnware.id))),
        router=Router(
            grouped.groups[0].space,
            grouped.centre,
            grouped.centroids,
            tuple(ids[chosen[place]] for place in places),
        ),
        expected_gain=float(shares @ values[:, chosen].max(1)) if gains else None,
        alone=ids[best],
        alone_gain=float(shares @ values[:, best]) if gains else None,
        rows_skipped=grouped.skipped,
        problems=grouped.problems,
    )


def _ranked(
    groups: Sequence[Specification], filters: Filters, collection: Collection
) -> list[dict[str, Match]]:
    """Each group's matches by id, the same learnwares for all. Raises ``BadInput``."""
    from lwtui.match.index.upkeep import shortlist
    from lwtui.match.rank import candidates, explain_nothing, passes, rank

    # All are listed, so that the index is the same for every match; a mixture must run now.
    everything = [item for item in collection.list(where="all") if item.model.kind != "base"]
    filters = dataclasses.replace(filters, here=True)
    base_of = remembered(collection)
    short = [shortlist(collection.home, everything, base_of, one, filters) for one in groups]
    listed = [one for one in short if one is not None]
    if len(listed) == len(short):
        promising = {each.id: each for one in listed for each in one.learnwares}
        chosen = list(promising.values())
    else:
        chosen = [item for item in everything if passes(item, base_of(item), filters)]
    found = list(candidates(chosen, groups[0]))
    if not found and not list(candidates(everything, groups[0])):
        raise explain_nothing(everything, groups[0].space, groups[0].recipe)
    usual = listed[0].usual if len(listed) == len(short) else None
    return [{match.id: match for match in rank(one, found, None, usual)[0]} for one in groups]


def _best_twins(tables: Sequence[dict[str, Match]], shares: Array) -> list[str]:
    """Ids of the learnwares, of near twins (trained on the same data) only the best over all rows:
    two of a kind cover no more than one."""
    from lwtui.match.rank import twins

    mean = {
        id: float(sum(shares * [table[id].value for table in tables])) for id in sorted(tables[0])
    }
    kept: list[str] = []
    for id in sorted(mean, key=lambda id: (-mean[id], id)):
        own = tables[0][id].learnware
        if not any(twins(own, tables[0][other].learnware) for other in kept):
            kept.append(id)
    return kept


def _of_base(group: Specification, table: dict[str, Match]) -> float:
    """What the bare base counts as: it gains nothing on itself. Where matches have no gains, the
    similarity below which none is recommended."""
    from lwtui.match.rank import calibration_of

    if any(match.expected_gain is not None for match in table.values()):
        return 0.0
    return calibration_of(group).threshold


def _member(
    id: str,
    groups: NDArray[np.int64],
    tables: Sequence[dict[str, Match]],
    counts: NDArray[np.int64],
    learnware: Learnware | None,
) -> Member:
    from lwtui.match.mixture import Member

    if learnware is None:
        raise ValueError(f"{id} is neither a match nor the base.")
    rows = counts[groups]
    share = float(rows.sum() / counts.sum())
    own = [tables[group].get(id) for group in groups]
    matches = [match for match in own if match is not None]
    if not matches:
        return Member(learnware, share, int(rows.sum()), 0.0, None, is_base=True)
    gains = [match.expected_gain for match in matches if match.expected_gain is not None]
    weights = rows / rows.sum()
    gain = float(sum(weights * gains)) if len(gains) == len(matches) else None
    similarity = float(sum(weights * [match.similarity for match in matches]))
    return Member(learnware, share, int(rows.sum()), gain, similarity)


class PromptRouter:
    """Routes prompts in this process. The reference model is loaded by the first and kept: it is
    the one its space pins, so that nothing a stranger wrote is run, and a process of its own would
    cost seconds for milliseconds of work."""

    def __init__(self, file: Path) -> None:
        """Raises ``BadInput`` when the file is no mixture or its space is unknown here."""
        from lwtui.match.mixture import load_router
        from lwtui.spec.space import find_space

        self.router = load_router(file)
        self._space = find_space(self.router.space)
        self._reference: Reference | None = None

    def route(self, prompt: str) -> str:
        """Id of the learnware that is to answer."""
        import torch

        from lwtui.dataset.example import Example
        from lwtui.spec.reference import load_reference
        from lwtui.spec.render import render
        from lwtui.spec.rows import prompt_states

        if self._reference is None:
            self._reference = load_reference(self._space, device="cpu")
        tokenizer, space = self._reference.tokenizer, self._space
        row = render(Example(prompt, "", None), space.template, tokenizer, space.max_tokens)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # for so little work more only wait for each other
        try:
            return self.router.route(prompt_states(self._reference, space, [row]))[0]
        finally:
            torch.set_num_threads(threads)
