"""Several learnwares for one dataset: which few cover its groups of rows, and who answers a prompt.

Every group of like rows is ranked as a dataset of its own would be. Then learnwares are chosen one
by one, each the one that adds most to what is expected of the rows, shared out to the best of those
chosen; another that adds less than ``MARGIN`` is not worth having (greedy cover). The bare base may
be one of them. A prompt goes to the group its hidden state is nearest to, and so to that group's
learnware. ``tests/benchmarks/experiment/mixture.py`` measures all of it.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui import __version__
from lwtui.errors import BadInput
from lwtui.learnware.model import Learnware
from lwtui.spec.rows import centred

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float32]

MARGIN = 0.05
"""What a further learnware must add to the mean over all rows, nats/token."""
MOST = 4
"""Learnwares at most."""
_KEY = "lwtui.mixture"
_SCHEMA = 1
_LIMIT = 1 << 26


def cover(
    values: Array, shares: Array, margin: float = MARGIN, most: int = MOST
) -> tuple[list[int], NDArray[np.int64]]:
    """Which options to have, the first chosen first, and each group's place among them.

    ``values`` (groups, options): what is expected of an option on a group's rows, higher is better;
    ``shares`` (groups,): of the rows, summing to 1. Equal ones by their order. An option that no
    group keeps in the end is left out.
    """
    import numpy as np

    chosen = [int((shares @ values).argmax())]
    best = values[:, chosen[0]]
    while len(chosen) < most:
        added = shares @ (np.maximum(values, best[:, None]) - best[:, None])
        further = int(added.argmax())
        if added[further] < margin:
            break
        chosen.append(further)
        best = np.maximum(best, values[:, further])
    places = values[:, chosen].argmax(1)
    held, places = np.unique(places, return_inverse=True)
    return [chosen[place] for place in held], places


@dataclass(frozen=True)
class Member:
    """One of a set of learnwares."""

    learnware: Learnware
    share: float
    """Of the dataset's rows that it is to answer, 0 to 1."""
    rows: int
    expected_gain: float | None
    """How much lower than its base's its answer loss is expected to be on those, nats/token; None
    when nothing was measured on the space's anchors."""
    similarity: float | None
    """Mean cosine with those rows' groups; None for the bare base."""
    is_base: bool = False


@dataclass(frozen=True)
class Mixture:
    """A dataset covered by few learnwares, the one with the most rows first."""

    dataset: str
    """Name of the folder (no path)."""
    space: str
    recipe: str
    rows: int
    members: tuple[Member, ...]
    router: Router
    expected_gain: float | None
    """Of the set over all rows, nats/token."""
    alone: str
    """Id of the one learnware that is the best for all rows."""
    alone_gain: float | None
    rows_skipped: int = 0
    problems: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def is_one(self) -> bool:
        """One learnware covers the dataset."""
        return len(self.members) == 1


@dataclass(frozen=True)
class Router:
    """Who answers which prompt. Holds averages over groups of rows and no row of data."""

    space: str
    """Id of the space whose reference model makes the hidden states."""
    centre: Array
    """(2·hidden,)."""
    centroids: Array
    """(groups, 2·hidden), unit vectors."""
    learnwares: tuple[str, ...]
    """Ids, one for each group; several groups may have the same."""

    def route(self, states: Array) -> list[str]:
        """The learnware for each prompt, by its hidden states, (prompts, 2·hidden)."""
        near = (centred(states, self.centre) @ self.centroids.T).argmax(1)
        return [self.learnwares[group] for group in near]

    def to_bytes(self) -> bytes:
        """The safetensors file. Equal routers give equal bytes; no row of data and no path."""
        from safetensors.numpy import save

        facts = {
            "schema": _SCHEMA,
            "space": self.space,
            "learnwares": list(self.learnwares),
            "made_by": f"lwtui {__version__}",
        }
        tensors = {"centre": self.centre, "centroids": self.centroids}
        return save(tensors, metadata={_KEY: json.dumps(facts, sort_keys=True)})

    def save(self, path: Path) -> None:
        """Write the file whole or not at all. Raises ``BadInput``."""
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as file:
                file.write(self.to_bytes())
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise BadInput(
                f"The mixture could not be written: {error.strerror or error}.",
                file=path,
                hint="Choose a folder that exists and that you may write to.",
            ) from error


def load_router(path: Path) -> Router:
    """Read what :meth:`Router.save` wrote. Raises ``BadInput`` naming what is wrong with it."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    from lwtui.learnware.headers import safetensors_header

    hint = "Make one with: lwtui match FOLDER --mixture -o FILE"
    metadata = safetensors_header(path).get("__metadata__")
    text = metadata.get(_KEY) if isinstance(metadata, dict) else None
    if not isinstance(text, str) or path.stat().st_size > _LIMIT:
        raise BadInput("This file is not a mixture.", file=path, hint=hint)
    try:
        facts = json.loads(text)
        tensors = load(path.read_bytes())
    except (ValueError, SafetensorError) as error:
        raise BadInput("This mixture is damaged.", file=path, hint=hint) from error
    space, names = _names(facts, path)
    centre, centroids = (np.asarray(tensors.get(name, ())) for name in ("centre", "centroids"))
    if (
        centre.ndim != 1
        or centroids.shape != (len(names), len(centre))
        or not (np.isfinite(centre).all() and np.isfinite(centroids).all())
    ):
        raise BadInput("The vectors of this mixture are not sound.", file=path, hint=hint)
    return Router(space, centre.astype(np.float32), centroids.astype(np.float32), names)


def _names(facts: object, path: Path) -> tuple[str, tuple[str, ...]]:
    """The space and the learnwares that a file's header names."""
    if not isinstance(facts, dict) or not isinstance(facts.get("schema"), int):
        raise BadInput("The header lacks this or has it wrong.", file=path, field="schema")
    if facts["schema"] > _SCHEMA:
        raise BadInput("The mixture was made by a newer lwtui.", file=path, hint="Update lwtui.")
    space, names = facts.get("space"), facts.get("learnwares")
    if not isinstance(space, str):
        raise BadInput("The header lacks this or has it wrong.", file=path, field="space")
    if not (isinstance(names, list) and names and all(isinstance(name, str) for name in names)):
        raise BadInput("The header lacks this or has it wrong.", file=path, field="learnwares")
    return space, tuple(names)
