"""A specification: what the statistical part of a learnware or a requirement is, and its file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lwtui import __version__
from lwtui.errors import BadInput
from lwtui.spec.privacy import Guarantee, guarantee_from, require_enough

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TYPE = "pave"
RECIPES = ("gradient", "paper", "replay")
"""``gradient``: parts ``prompt``, ``answer`` and ``output``; the others: one part, ``whole``."""
SCHEMA = 2
"""2 added the part ``output`` and the gains."""
_KEY = "lwtui.specification"
_PART_NAMES = {"prompt", "answer", "output", "whole"}
_GAINS = "gains"
_LIMIT = 1 << 30


@dataclass(frozen=True)
class Specification:
    """Vectors that say what a dataset or a model is about, in one specification space."""

    recipe: str
    space: str
    """Id of the space."""
    parts: dict[str, NDArray[np.float32]]
    """Flattened B or its gradient, (dimension,) each, and ``output``, (hidden,): see
    ``gradient.py``. Their lengths carry no meaning."""
    rows: int
    """Rows of data that went in."""
    seed: int = 0
    made_by: str = f"lwtui {__version__}"
    gains: NDArray[np.float32] | None = None
    """Of a learnware: how much lower than its base's its mean answer loss was on each of the
    space's anchor tasks, nats/token, (anchors,); see ``match/expect.py``. None: not measured."""
    own_gain: float | None = None
    """The same on the tasks it was trained on."""
    anchors: str = ""
    """Id of the anchors that ``gains`` is about."""
    privacy: Guarantee | None = None
    """What its noise promises; None: it has none."""
    groups: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """Sums over groups of rows, (groups, the part's dimension), for the bootstrap. Never saved, and
    empty where noise was added: they have none."""
    distinct: int | None = None
    """How many of the rows are not a repetition; None: not counted. Never saved."""
    name: str = ""
    """Of the dataset, for the screen. Never saved."""
    rows_seen: int | None = None
    """Usable rows of the dataset it was sampled from; None: not known. Never saved."""
    skipped: int = 0
    """Rows of the dataset that could not be read. Never saved."""
    problems: tuple[str, ...] = ()
    """Why, for the first of them. Never saved."""
    seconds: float = 0.0
    """How long it took. Never saved."""

    def digest(self) -> str:
        """SHA-256 of what :meth:`save` writes."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def to_bytes(self) -> bytes:
        """The safetensors file. Equal specifications give equal bytes.

        Vectors are scaled to a root mean square of 1 and stored as float16, which costs a cosine
        less than 1e-6. The header holds one JSON text with sorted keys, since the order of several
        header entries would change from run to run. No row of data, no file name and no path.
        """
        import numpy as np
        from safetensors.numpy import save

        facts = {
            "schema": SCHEMA,
            "type": TYPE,
            "recipe": self.recipe,
            "space": self.space,
            "rows": self.rows,
            "seed": self.seed,
            "made_by": self.made_by,
        }
        if self.privacy is not None:
            facts["privacy"] = dataclasses.asdict(self.privacy)
        tensors = {}
        for name, vector in sorted(self.parts.items()):
            size = float(np.sqrt(np.mean(np.square(vector, dtype=np.float64))))
            scaled = vector / size if size > 0 else vector
            tensors[name] = np.ascontiguousarray(scaled, dtype=np.float16)
        if self.gains is not None:
            facts |= {"anchors": self.anchors, "own_gain": self.own_gain}
            tensors[_GAINS] = np.ascontiguousarray(self.gains, dtype=np.float32)
        return save(tensors, metadata={_KEY: json.dumps(facts, sort_keys=True)})

    def export(self, path: Path) -> None:
        """Write the file for others to have. Raises ``BadInput`` if it is of too few rows for that
        (:func:`~lwtui.spec.privacy.require_enough`), and then writes nothing."""
        require_enough(self.rows if self.distinct is None else self.distinct)
        self.save(path)

    def save(self, path: Path) -> None:
        """Write the file whole or not at all."""
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
                f"The specification could not be written: {error.strerror or error}.",
                file=path,
                hint="Choose a folder that exists and that you may write to.",
            ) from error


def read_facts(path: Path) -> dict[str, Any]:
    """The header of a specification file, without its vectors. Raises ``BadInput``."""
    from lwtui.learnware.headers import safetensors_header

    metadata = safetensors_header(path).get("__metadata__") or {}
    text = metadata.get(_KEY) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise BadInput(
            "This safetensors file is not a specification.",
            file=path,
            hint="Make one with: lwtui spec FOLDER -o FILE",
        )
    try:
        facts = json.loads(text)
    except ValueError as error:
        raise BadInput("The header is not JSON.", file=path, field=_KEY) from error
    wanted = {"schema": int, "type": str, "recipe": str, "space": str, "rows": int}
    for name, kind in wanted.items():
        if not isinstance(facts, dict) or not isinstance(facts.get(name), kind):
            raise BadInput("The header lacks this or has it wrong.", file=path, field=name)
    if facts["schema"] > SCHEMA:
        raise BadInput(
            f"The specification was made by a newer lwtui (schema {facts['schema']}).",
            file=path,
            hint="Update lwtui.",
        )
    if facts["type"] != TYPE or facts["recipe"] not in RECIPES:
        raise BadInput(
            f"Specifications of type {facts['type']}/{facts['recipe']} are unknown here.",
            file=path,
            hint=f"Known: {TYPE} with recipe {' or '.join(RECIPES)}.",
        )
    return facts


def load_specification(path: Path) -> Specification:
    """Read a specification file. Raises ``BadInput`` naming what is wrong with it."""
    import numpy as np
    from safetensors import SafetensorError
    from safetensors.numpy import load

    facts = read_facts(path)
    if path.stat().st_size > _LIMIT:
        raise BadInput("The file is too large for a specification.", file=path)
    try:
        tensors = load(path.read_bytes())
    except SafetensorError as error:
        raise BadInput(f"Not a sound safetensors file: {error}.", file=path) from error
    parts = {}
    for name, tensor in tensors.items():
        vector = np.asarray(tensor, dtype=np.float32)
        if vector.ndim != 1 or not np.isfinite(vector).all():
            raise BadInput("Not a vector of finite numbers.", file=path, field=name)
        parts[name] = vector
    gains = parts.pop(_GAINS, None)
    if not parts or not set(parts) <= _PART_NAMES:
        raise BadInput(f"Unexpected tensors: {', '.join(sorted(tensors)) or 'none'}.", file=path)
    own_gain = facts.get("own_gain")
    if own_gain is not None and not (isinstance(own_gain, float) and math.isfinite(own_gain)):
        raise BadInput("Not a finite number.", file=path, field="own_gain")
    try:
        privacy = guarantee_from(facts["privacy"]) if "privacy" in facts else None
    except ValueError as error:
        raise BadInput(f"Not a guarantee: {error}.", file=path, field="privacy") from error
    return Specification(
        recipe=facts["recipe"],
        space=facts["space"],
        parts=parts,
        rows=facts["rows"],
        seed=int(facts.get("seed", 0)),
        made_by=str(facts.get("made_by", "")),
        gains=gains,
        own_gain=own_gain,
        anchors=str(facts.get("anchors", "")),
        privacy=privacy,
        name=path.name,
    )
