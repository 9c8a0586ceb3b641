"""What a learnware is, as plain data. Reading and writing lies in ``manifest.py``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lwtui.errors import BadInput

Kind = Literal["base", "adapter", "model"]
"""``base``: a base model others build on; ``adapter``: LoRA on a base; ``model``: a whole model."""

FileFormat = Literal["safetensors", "peft", "gguf", "gguf-lora", "tokenizer", "config"]

MINIMUM_ROWS = 16
"""Different rows below which a specification is not written for others: see
``spec/privacy.py``."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")


def check_id(text: str) -> str:
    """Return ``text`` if it is a learnware id (``owner/name``), else raise ``BadInput``."""
    if not _ID.fullmatch(text) or ".." in text:
        raise BadInput(
            f"{text!r} is not a learnware id.",
            hint="An id is owner/name, of letters, digits, '.', '_' and '-'.",
        )
    return text


@dataclass(frozen=True)
class ModelFile:
    """One file of a model, relative to the learnware's model folder."""

    path: str
    format: FileFormat
    size: int = 0
    """Bytes."""
    sha256: str = ""
    own: bool = False
    """It lies in ``models/<id>``, though the others are used in place: made here, from them."""


@dataclass(frozen=True)
class ModelInfo:
    """What runs."""

    kind: Kind
    base: str = ""
    """For an adapter: the learnware id (or Hub repo id) of its base model."""
    base_revision: str = ""
    architecture: str = ""
    parameters: int = 0
    """Number of parameters (of the adapter alone, for an adapter)."""
    context_length: int = 0
    """Tokens."""
    chat_template: str = ""
    """Where it comes from: ``tokenizer``, ``gguf`` or a template's text; empty: lwtui's default."""
    folder: str = ""
    """Absolute folder of the files when they are used in place; empty: ``models/<id>``."""
    files: tuple[ModelFile, ...] = ()


@dataclass(frozen=True)
class DataSource:
    """A dataset the model was trained on, with the attribution its licence asks for."""

    name: str
    licence: str = ""
    source: str = ""
    rows: int = 0


@dataclass(frozen=True)
class Semantic:
    """What it is good at, in words."""

    title: str = ""
    description: str = ""
    domain: str = ""
    """``finance``, ``medicine``, ``mathematics``, ``general`` or any other word."""
    task: str = ""
    languages: tuple[str, ...] = ()
    licence: str = ""
    """SPDX id in lower case, as on the Hub."""
    tags: tuple[str, ...] = ()
    data: tuple[DataSource, ...] = ()


@dataclass(frozen=True)
class Provenance:
    """Where it came from."""

    source: str = ""
    """``starter``, ``folder``, ``hub`` or ``beimingwu``."""
    location: str = ""
    revision: str = ""
    added: str = ""
    """ISO 8601, UTC."""
    made_by: str = ""


@dataclass(frozen=True)
class SpecificationEntry:
    """One statistical specification, relative to ``specs/<id>/``."""

    type: str
    """``pave``."""
    recipe: str
    """``gradient`` or ``paper``."""
    space: str
    """Id of the specification space."""
    file: str
    sha256: str = ""
    rows: int = 0
    origin: str = ""
    """``training data``, ``published``, ``named datasets`` or ``own answers``: see ``grade.py``."""
    made_by: str = ""


@dataclass(frozen=True)
class Score:
    """A measured score. ``base`` is the same measure of the base model, where known."""

    task: str
    metric: str
    """``answer loss`` (nats/token, lower is better), ``accuracy`` or ``exact match``."""
    value: float
    base: float | None = None
    rows: int = 0


@dataclass(frozen=True)
class Learnware:
    """A model and its specification. ``extra`` keeps what this version does not know."""

    id: str
    model: ModelInfo
    semantic: Semantic = field(default_factory=Semantic)
    provenance: Provenance = field(default_factory=Provenance)
    specifications: tuple[SpecificationEntry, ...] = ()
    scores: tuple[Score, ...] = ()
    models_folder: Path | None = None
    """Where the model's files lie (set by the collection)."""
    specs_folder: Path | None = None
    """Where ``learnware.toml`` and the specifications lie (set by the collection)."""
    extra: dict[str, Any] = field(default_factory=dict)
    pulled: bool = True
    """Its weights are on this machine. False for one that is only known, from the catalogue, an
    index or its repository on the Hub (set by the collection)."""

    @property
    def owner(self) -> str:
        return self.id.split("/", 1)[0]

    @property
    def name(self) -> str:
        return self.id.split("/", 1)[1]

    @property
    def size(self) -> int:
        """Bytes of all model files."""
        return sum(file.size for file in self.model.files)

    @property
    def formats(self) -> tuple[str, ...]:
        """The weight formats on offer, of ``safetensors``, ``peft``, ``gguf``, ``gguf-lora``."""
        weights = ("safetensors", "peft", "gguf", "gguf-lora")
        return tuple(name for name in weights if any(f.format == name for f in self.model.files))

    def file(self, file_format: FileFormat) -> Path | None:
        """The path of the first file of a format, or None."""
        for entry in self.model.files:
            if entry.format == file_format:
                return self.path_of(entry)
        return None

    def path_of(self, entry: ModelFile) -> Path | None:
        """Where one of its files lies; None outside a collection."""
        if entry.own and self.specs_folder is not None:
            owner, name = self.specs_folder.parts[-2:]
            return self.specs_folder.parents[2] / "models" / owner / name / entry.path
        return None if self.models_folder is None else self.models_folder / entry.path
