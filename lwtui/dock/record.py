"""What the Hub tells of its models, and what a pull will do, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Sort = Literal["trending", "downloads", "likes", "updated"]
Relation = Literal["", "adapter", "finetune", "quantized", "merge"]
"""How a model stems from its base, in the Hub's own words; empty: it names no base."""
WeightFormat = Literal["peft", "safetensors", "gguf"]


@dataclass(frozen=True)
class HubFile:
    """A file of a repository at one commit."""

    path: str
    size: int
    """Bytes."""
    sha256: str = ""
    """Of a large file (Git LFS or xet); empty for a small one."""
    blob_id: str = ""
    """Git's own SHA-1 of the blob."""


@dataclass(frozen=True)
class HubModel:
    """A model repository as a search or its page tells it. Zero and empty mean: not told."""

    id: str
    """``owner/name``; a learnware pulled from it gets the same id."""
    revision: str = ""
    """Commit, 40 hexadecimal digits."""
    downloads: int = 0
    """In the last 30 days."""
    likes: int = 0
    updated: str = ""
    """ISO 8601, UTC."""
    gated: bool = False
    private: bool = False
    licence: str = ""
    base: str = ""
    """Repository of its base model."""
    relation: Relation = ""
    domain: str = ""
    """Guessed from its tags, name and datasets: ``finance``, ``medicine``, ``mathematics``."""
    task: str = ""
    """The Hub's ``pipeline_tag``."""
    languages: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    """That its card names."""
    tags: tuple[str, ...] = ()
    formats: tuple[WeightFormat, ...] = ()
    """Of weights lwtui can run."""
    parameters: int = 0
    size: int = 0
    """Bytes of the weights that a pull would fetch, as far as told."""
    is_learnware: bool = False
    """It carries the tag ``learnware``."""
    files: tuple[HubFile, ...] = ()
    """Empty until its page is asked for."""
    missing: bool = False
    """An entry of the catalogue that the Hub no longer has (or that this user may not see)."""
    note: str = ""
    """Why the catalogue has it."""
    here: bool = False
    """It is in the collection already (set by the workflow)."""


@dataclass(frozen=True)
class HubQuery:
    """What to look for; empty means anything. Words are compared without case."""

    text: str = ""
    base: str = ""
    relation: Relation = ""
    domain: str = ""
    task: str = ""
    language: str = ""
    licence: str = ""
    format: WeightFormat | Literal[""] = ""
    max_bytes: int = 0
    gated: bool | None = None
    """False: only free ones; True: only gated ones."""
    learnware: bool = False
    """Only those tagged ``learnware``."""
    sort: Sort = "trending"


@dataclass(frozen=True)
class HubPage:
    """One page of a search."""

    models: tuple[HubModel, ...]
    next: str = ""
    """Cursor of the next page; empty at the end."""
    fetched: float = 0.0
    """When the Hub said so, seconds since 1970."""
    from_cache: bool = False
    problem: str = ""
    """Why an old answer is shown: no network, a rate limit. Empty otherwise."""


@dataclass(frozen=True)
class PullFile:
    """One file of a pull."""

    repo: str
    path: str
    size: int
    sha256: str = ""
    have: int = 0
    """Bytes already on this machine, of a partial or a whole file."""
    blob_id: str = ""
    """Git's own SHA-1 of the blob; what a small file is checked by."""


@dataclass(frozen=True)
class PullPlan:
    """What a pull would do. Nothing is changed by making one."""

    repo: str
    revision: str
    """Commit."""
    files: tuple[PullFile, ...]
    """The base's first."""
    base: str = ""
    """Repository of the base that comes along; empty when there is none or it is here already."""
    base_revision: str = ""
    quantisation: str = ""
    """Of a GGUF repository: ``Q4_K_M``."""
    free: int = 0
    """Bytes free where the cache lies."""
    notes: tuple[str, ...] = ()
    """What the user should know: files left out, a licence with terms, a gated base."""
    ref: str = ""
    """The branch or tag that was asked for; empty when it was the commit itself."""
    base_here: str = ""
    """Learnware id of an adapter's base that is here already."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(file.size for file in self.files)

    @property
    def missing(self) -> int:
        """Bytes still to fetch."""
        return sum(max(0, file.size - file.have) for file in self.files)


@dataclass(frozen=True)
class UnfinishedPull:
    """A pull that was paused, interrupted or killed, and can go on."""

    repo: str
    revision: str
    size: int
    have: int
    started: str
    """ISO 8601, UTC."""
    quantisation: str = ""
