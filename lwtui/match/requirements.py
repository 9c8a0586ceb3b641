"""Saved requirements: a dataset's specification to match again when the collection has grown.

Each has a folder of its own in ``requirements/`` of the user's data, readable by that user alone:
``requirement.json`` (what it was made of and what its matches found),
``specification.safetensors``, and ``groups.safetensors``, the sums over groups of rows that tell
how sure a ranking is. No row of the data is in any of them, and no sum of fewer rows than a
specification needs. The groups say more of the rows than the specification does, so they stay
here: nothing publishes or exports this folder.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import shutil
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lwtui import paths
from lwtui.errors import BadInput
from lwtui.learnware.model import MINIMUM_ROWS
from lwtui.learnware.storage import sync_folder, write_atomically
from lwtui.match.confidence import FEWEST
from lwtui.match.ranking import Ranking, ranking_from
from lwtui.spec.specification import Specification, load_specification

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCHEMA = 1
RUNS = 12
"""Of more matches the first and the latest of them are remembered."""
_FACTS = "requirement.json"
_VECTORS = "specification.safetensors"
_GROUPS = "groups.safetensors"
_NAME = re.compile(r"[^\W_][\w .+-]{0,59}")
_STALE = 3600.0
"""Seconds after which a folder that was not finished belongs to a process that has ended."""


@dataclass(frozen=True)
class Requirement:
    """What was saved. ``rankings``: what each match of it found, the oldest first."""

    name: str
    dataset: str
    data: str = ""
    """The folder or file it was made of, which may be gone; empty: it was a specification."""
    fields: dict[str, str] = field(default_factory=dict)
    """Columns that the user had named, as ``--fields`` takes them."""
    rows: int = 0
    rows_seen: int | None = None
    """Usable rows of the dataset; None: not known."""
    saved: str = ""
    """ISO 8601 with time zone."""
    rankings: tuple[Ranking, ...] = ()

    @property
    def latest(self) -> Ranking | None:
        return self.rankings[-1] if self.rankings else None


def check_name(name: str) -> str:
    """The name without blanks around it. Raises ``BadInput`` if no folder should be called so."""
    name = name.strip()
    if not _NAME.fullmatch(name) or name.endswith((".", ".json")):
        raise BadInput(
            f"{name!r} is no name for a requirement.",
            hint="Letters, digits, blanks, '.', '+', '-' and '_', 60 at most, a letter or digit "
            "first.",
            field="name",
        )
    return name


class Requirements:
    """The saved requirements of this machine."""

    def __init__(self, home: Path | None = None) -> None:
        self.root = (home or paths.home()) / "requirements"

    def list(self) -> tuple[list[Requirement], list[str]]:
        """All that can be read, the last matched first, and what is wrong with the others."""
        found, problems = [], []
        try:
            folders = sorted(path for path in self.root.iterdir() if path.is_dir())
        except FileNotFoundError:
            return [], []
        for folder in folders:
            if folder.name.startswith("."):
                continue
            try:
                found.append(self.load(folder.name))
            except BadInput as error:
                problems.append(str(error))
        found.sort(key=lambda each: each.latest.when if each.latest else each.saved, reverse=True)
        return found, problems

    def load(self, name: str) -> Requirement:
        """Raises ``BadInput`` when there is none of this name or it is damaged."""
        file = self._folder(name) / _FACTS
        try:
            facts = json.loads(file.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise BadInput(
                f"There is no saved requirement {name!r}.", hint="See: lwtui requirements"
            ) from error
        except (ValueError, OSError) as error:
            raise BadInput(f"Not a saved requirement: {error}.", file=file) from error
        return _read(facts, self._folder(name).name, file)

    def specification(self, requirement: Requirement) -> Specification:
        """Its vectors. Raises ``BadInput`` when they are damaged or gone."""
        file = self._folder(requirement.name) / _VECTORS
        if not file.is_file():
            raise BadInput("The specification of this requirement is gone.", file=file)
        found = load_specification(file)
        groups = _load_groups(file.with_name(_GROUPS))
        return dataclasses.replace(found, name=requirement.dataset, groups=groups)

    def add(self, requirement: Requirement, specification: Specification) -> None:
        """Save it whole or not at all. Raises ``BadInput`` for a name that is taken and for a
        specification of too few rows to be written."""
        folder = self._folder(check_name(requirement.name))
        self._must_be_free(folder)
        self.root.mkdir(parents=True, exist_ok=True)
        self._tidy()
        made = self.root / f".new-{uuid.uuid4().hex}"
        try:
            made.mkdir(mode=0o700)
            specification.export(made / _VECTORS)
            groups = merged(specification)
            if groups:
                write_atomically(made / _GROUPS, _groups_to_bytes(groups))
            write_atomically(made / _FACTS, _to_bytes(requirement))
            made.rename(folder)
        except BaseException:
            shutil.rmtree(made, ignore_errors=True)
            raise
        sync_folder(self.root)

    def remember(self, requirement: Requirement, ranking: Ranking) -> Requirement:
        """Note what another match of it found; returns it with that."""
        rankings = (*requirement.rankings, ranking)
        if len(rankings) > RUNS:
            rankings = (rankings[0], *rankings[-(RUNS - 1) :])
        changed = dataclasses.replace(requirement, rankings=rankings)
        write_atomically(self._folder(changed.name) / _FACTS, _to_bytes(changed))
        return changed

    def rename(self, name: str, new: str) -> None:
        """Raises ``BadInput`` when there is none, or one of the new name."""
        self.load(name)
        target = self._folder(check_name(new))
        self._must_be_free(target)
        self._folder(name).rename(target)
        sync_folder(self.root)

    def delete(self, name: str) -> None:
        """Raises ``BadInput`` when there is none. A damaged one can be deleted too."""
        folder = self._folder(name)
        if not folder.is_dir():
            raise BadInput(
                f"There is no saved requirement {name!r}.", hint="See: lwtui requirements"
            )
        gone = self.root / f".gone-{uuid.uuid4().hex}"
        folder.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)

    def _tidy(self) -> None:
        """Remove what a killed process left."""
        for old in self.root.glob(".*"):
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > _STALE:
                    shutil.rmtree(old, ignore_errors=True)

    def _folder(self, name: str) -> Path:
        return self.root / check_name(name)

    def check_free(self, name: str) -> None:
        """Raise ``BadInput`` if nothing can be saved under this name."""
        self._must_be_free(self._folder(name))

    def _must_be_free(self, folder: Path) -> None:
        if folder.exists():
            raise BadInput(
                f"There is a requirement {folder.name!r} already.",
                hint="Choose another name, or rename or delete that one.",
                field="name",
            )


def merged(specification: Specification) -> dict[str, NDArray[np.float32]]:
    """Its groups, (fewer groups, the part's dimension), so few that each is a sum of
    ``MINIMUM_ROWS`` rows at least; empty where there would be too few to tell anything.

    The rows of a dataset are dealt to the groups in turn, so groups whose numbers are equal modulo
    a divisor of how many there are hold equally many rows.
    """
    import numpy as np

    rows = specification.rows if specification.distinct is None else specification.distinct
    count = max((len(sums) for sums in specification.groups.values()), default=0)
    fits = (n for n in range(count, FEWEST - 1, -1) if count % n == 0 and rows // n >= MINIMUM_ROWS)
    few = next(fits, 0)
    if not few:
        return {}
    return {
        name: np.asarray(sums.reshape(-1, few, sums.shape[1]).sum(0), np.float32)
        for name, sums in specification.groups.items()
    }


def _groups_to_bytes(groups: Mapping[str, NDArray[np.float32]]) -> bytes:
    """As float16, scaled to a root mean square of 1 as the specification's own vectors are: a
    similarity changes by less than 1e-5, and only the groups' proportions count."""
    import numpy as np
    from safetensors.numpy import save

    scaled = {}
    for name, sums in groups.items():
        size = float(np.sqrt(np.mean(np.square(sums, dtype=np.float64))))
        scaled[name] = np.ascontiguousarray(sums / size if size > 0 else sums, dtype=np.float16)
    return save(scaled)


def _load_groups(file: Path) -> dict[str, NDArray[np.float32]]:
    """None when they are not there or damaged: then a match says less of how sure it is."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        found = load(file.read_bytes())
    except (OSError, SafetensorError):
        return {}
    groups = {name: sums.astype(np.float32) for name, sums in found.items() if sums.ndim == 2}
    return groups if all(np.isfinite(sums).all() for sums in groups.values()) else {}


def _to_bytes(requirement: Requirement) -> bytes:
    facts = {
        "schema": SCHEMA,
        "dataset": requirement.dataset,
        "data": requirement.data,
        "fields": requirement.fields,
        "rows": requirement.rows,
        "rows_seen": requirement.rows_seen,
        "saved": requirement.saved,
        "rankings": [each.to_facts() for each in requirement.rankings],
    }
    return (json.dumps(facts, ensure_ascii=True, indent=1) + "\n").encode()


def _read(facts: Any, name: str, file: Path) -> Requirement:
    if not isinstance(facts, Mapping) or not isinstance(facts.get("schema"), int):
        raise BadInput("Not a saved requirement.", file=file, field="schema")
    if facts["schema"] > SCHEMA:
        raise BadInput(
            f"It was saved by a newer lwtui (schema {facts['schema']}).",
            file=file,
            hint="Update lwtui.",
        )
    texts = {key: facts.get(key) for key in ("dataset", "data", "saved")}
    fields = facts.get("fields")
    rankings = facts.get("rankings")
    for key, value in texts.items():
        if not isinstance(value, str):
            raise BadInput("Not a text.", file=file, field=key)
    if not isinstance(fields, dict) or not isinstance(rankings, list):
        raise BadInput("It lacks its fields or its rankings.", file=file)
    seen = facts.get("rows_seen")
    rows = facts.get("rows")
    return Requirement(
        name,
        **texts,  # type: ignore[arg-type]
        fields={str(role): str(column) for role, column in fields.items()},
        rows=rows if isinstance(rows, int) else 0,
        rows_seen=seen if isinstance(seen, int) else None,
        rankings=tuple(ranking_from(each, file) for each in rankings),
    )
