"""Specification spaces: everything that must be equal for two vectors to be comparable."""

from __future__ import annotations

import functools
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli

from lwtui.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_SPACES = Path(__file__).with_name("spaces.toml")


@dataclass(frozen=True)
class Space:
    """A reference model, the shape of its adapter, the frozen A and the text template.

    The specification of a dataset in this space is about the adapter's B matrices, flattened in
    layer order and within a layer in the order of ``outputs``, each row-major (output, rank):
    the ``named_parameters`` order of the ``learnware`` package.
    """

    name: str
    title: str
    learnware: str
    """Id of the built-in reference model; empty when it comes from the Hub."""
    repository: str
    revision: str
    weights_sha256: str
    layers: int
    hidden: int
    """Width of the input of every adapted module."""
    outputs: tuple[tuple[str, int], ...]
    """Adapted modules of a layer and their output width."""
    rank: int
    alpha: int
    seed: int
    frozen_a_sha256: str
    template: str
    max_tokens: int

    @property
    def scale(self) -> float:
        """s = alpha / rank, the factor before B·A."""
        return self.alpha / self.rank

    @property
    def dimension(self) -> int:
        """Length of the flattened B: layers · rank · Σ output widths."""
        return self.layers * self.rank * sum(width for _, width in self.outputs)

    def part_dimension(self, part: str) -> int:
        """Length of a specification's part: ``output`` is a hidden state, the others are B."""
        return self.hidden if part == "output" else self.dimension

    @property
    def modules(self) -> tuple[tuple[str, int], ...]:
        """(module path, output width) of every adapted module, in order."""
        return tuple(
            (f"model.layers.{layer}.self_attn.{name}", width)
            for layer in range(self.layers)
            for name, width in self.outputs
        )

    @functools.cached_property
    def id(self) -> str:
        """Short and stable: the name and eight hexadecimal digits of all that defines it."""
        facts = {
            "weights": self.weights_sha256,
            "layers": self.layers,
            "hidden": self.hidden,
            "outputs": self.outputs,
            "rank": self.rank,
            "alpha": self.alpha,
            "frozen_a": self.frozen_a_sha256,
            "template": self.template,
            "max_tokens": self.max_tokens,
        }
        text = json.dumps(facts, sort_keys=True)
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def frozen_a(space: Space, *, check: bool = True) -> NDArray[np.float32]:
    """The frozen A of every adapted module, float32, (modules, rank, hidden).

    Drawn as PEFT initialises A: uniform in ±1/√hidden (Kaiming with a = √5), from NumPy's legacy
    Mersenne Twister, whose stream is guaranteed never to change. Raises ``BadInput`` if the hash
    does not match the space's.
    """
    import numpy as np

    source = np.random.RandomState(space.seed)
    bound = 1.0 / np.sqrt(space.hidden)
    shape = (len(space.modules), space.rank, space.hidden)
    matrices = source.uniform(-bound, bound, shape).astype("<f4")
    if check and hashlib.sha256(matrices.tobytes()).hexdigest() != space.frozen_a_sha256:
        raise BadInput(f"The frozen A of space {space.id} is not the published one.")
    return matrices


@functools.cache
def spaces() -> dict[str, Space]:
    """All spaces this version knows, by name."""
    table = tomli.loads(_SPACES.read_text(encoding="utf-8"))
    return {name: _space(name, entry) for name, entry in table.items()}


def _space(name: str, entry: dict[str, Any]) -> Space:
    return Space(
        name=name,
        title=entry["title"],
        learnware=entry.get("learnware", ""),
        repository=entry.get("repository", ""),
        revision=entry.get("revision", ""),
        weights_sha256=entry["weights_sha256"],
        layers=entry["layers"],
        hidden=entry["hidden"],
        outputs=tuple(entry["outputs"].items()),
        rank=entry["rank"],
        alpha=entry["alpha"],
        seed=entry["seed"],
        frozen_a_sha256=entry["frozen_a_sha256"],
        template=entry["template"],
        max_tokens=entry["max_tokens"],
    )


def find_space(name_or_id: str) -> Space:
    """A space by name (``starter``) or id (``starter-1a2b3c4d``). Raises ``BadInput``."""
    for space in spaces().values():
        if name_or_id in (space.name, space.id):
            return space
    known = ", ".join(spaces())
    raise BadInput(
        f"{name_or_id!r} is not a specification space of this version.",
        hint=f"Known spaces: {known}. Compute the specification again in one of them.",
    )
