"""The curated catalogue: models of the Hub that lwtui knows from the start, offline too.

``catalogue.toml`` says what each is and why it is there; ``catalogue/`` holds the specifications of
those whose card names data that could be sampled, made of the named datasets and not of the model.
Several entries that name the same data share one. :func:`sync` makes them known learnwares, so that
a match ranks them beside those that are here.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tomli

from lwtui.dock.record import HubModel
from lwtui.errors import LwtuiError
from lwtui.learnware.known import Known, known_root
from lwtui.learnware.model import (
    DataSource,
    FileFormat,
    Kind,
    Learnware,
    ModelFile,
    ModelInfo,
    Provenance,
    Semantic,
    SpecificationEntry,
)
from lwtui.learnware.storage import write_atomically

SOURCE = "catalogue"
ORIGIN = "named datasets"
_FILE = Path(__file__).with_name("catalogue.toml")
FOLDER = Path(__file__).with_name("catalogue")
_SPECIFICATIONS = FOLDER / "specifications.toml"
_STAMP = ".catalogue"
_WEIGHTS: dict[str, tuple[str, FileFormat]] = {
    "peft": ("adapter_model.safetensors", "peft"),
    "safetensors": ("model.safetensors", "safetensors"),
    "gguf": ("model.gguf", "gguf"),
}
"""The file that stands for the weights until a pull lists the real ones."""


@dataclass(frozen=True)
class CatalogueEntry:
    """A model of the catalogue."""

    model: HubModel
    """As a search would tell it; ``note`` says why it is here."""
    kind: Kind
    task: str
    """What it does, in words; ``model.task`` is the Hub's ``pipeline_tag``."""
    evidence: str
    """Whether its card was read when the entry was written."""
    specification: str = ""
    """Name of the shipped specification; empty: it is listed and can be pulled, not matched."""

    @property
    def id(self) -> str:
        return self.model.id


@dataclass(frozen=True)
class ShippedSpecification:
    """A specification of ``catalogue/``."""

    name: str
    space: str
    """Id of its space."""
    recipe: str
    rows: int
    sha256: str
    made_by: str
    data: tuple[DataSource, ...]

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.name}.safetensors"


@functools.cache
def entries() -> tuple[CatalogueEntry, ...]:
    """All entries, as they are in the file."""
    return tuple(_entry(row) for row in tomli.loads(_FILE.read_text(encoding="utf-8"))["entry"])


@functools.cache
def specifications() -> dict[str, ShippedSpecification]:
    """The shipped specifications by name."""
    rows = tomli.loads(_SPECIFICATIONS.read_text(encoding="utf-8"))["specification"]
    found = (
        ShippedSpecification(**{**row, "data": tuple(DataSource(**each) for each in row["data"])})
        for row in rows
    )
    return {each.name: each for each in found}


@functools.cache
def version() -> str:
    """Changes with everything that ships: the entries and (by their hashes) the specifications."""
    return hashlib.sha256(_FILE.read_bytes() + _SPECIFICATIONS.read_bytes()).hexdigest()


def sync(home: Path) -> bool:
    """Make the catalogue's entries known learnwares of ``home``, unless those of this version are;
    True if it did.

    Costs a small file's reading when there is nothing to do. A home that cannot be written, or that
    another process changes for long, is left as it is: the catalogue is then not ranked.
    """
    stamp = known_root(home) / _STAMP
    try:
        if stamp.read_text(encoding="ascii") == version():
            return False
    except (OSError, ValueError):
        pass
    try:
        Known(home).replace(SOURCE, [known(entry) for entry in entries()])
        write_atomically(stamp, version().encode("ascii"))
    except (LwtuiError, OSError):
        return False
    return True


def forget(home: Path) -> None:
    """Let the next :func:`sync` put everything again: a source that knew better is gone."""
    with contextlib.suppress(OSError):
        (known_root(home) / _STAMP).unlink(missing_ok=True)


def known(entry: CatalogueEntry) -> tuple[Learnware, Mapping[str, bytes]]:
    """An entry as a known learnware, with its specification file if it has one."""
    model = entry.model
    shipped = specifications().get(entry.specification)
    adapter = entry.kind == "adapter"
    learnware = Learnware(
        id=entry.id,
        model=ModelInfo(
            kind=entry.kind,
            base=model.base if adapter else "",
            parameters=0 if adapter else model.parameters,
            files=tuple(ModelFile(*_WEIGHTS[name], size=model.size) for name in model.formats[:1]),
        ),
        semantic=Semantic(
            title=entry.id.split("/", 1)[1],
            description=model.note,
            domain=model.domain,
            task=entry.task,
            languages=model.languages,
            licence=model.licence,
            tags=("catalogue",),
            data=_data(model.datasets, shipped),
        ),
        provenance=Provenance(source="hub", location=entry.id),
    )
    if shipped is None:
        return learnware, {}
    made = SpecificationEntry(
        type="pave",
        recipe=shipped.recipe,
        space=shipped.space,
        file=f"pave-{shipped.space}.safetensors",
        sha256=shipped.sha256,
        rows=shipped.rows,
        origin=ORIGIN,
        made_by=shipped.made_by,
    )
    return replace(learnware, specifications=(made,)), {made.file: shipped.path.read_bytes()}


def _data(names: tuple[str, ...], shipped: ShippedSpecification | None) -> tuple[DataSource, ...]:
    """The datasets the card names; with its licence, what of them was sampled here."""
    sampled = shipped.data if shipped is not None else ()
    others = tuple(DataSource(name) for name in names if name not in {s.name for s in sampled})
    return (*sampled, *others)


def _entry(row: dict[str, Any]) -> CatalogueEntry:
    model = HubModel(
        id=row["id"],
        gated=row.get("gated", False),
        licence=row["licence"],
        base=row.get("base", ""),
        relation=row.get("relation", ""),
        domain=row["domain"],
        task="text-generation",
        languages=tuple(row["languages"]),
        datasets=tuple(row.get("datasets", ())),
        formats=tuple(row["formats"]),
        parameters=row["parameters"],
        size=row.get("size", 0),
        note=row["why"],
    )
    return CatalogueEntry(
        model, row["kind"], row["task"], row["evidence"], row.get("specification", "")
    )
