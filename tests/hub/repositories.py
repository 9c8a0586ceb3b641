"""What the loopback Hub keeps: repositories of commits of files, and its users."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LARGE_BYTES = 10 * 1024 * 1024
"""From here on a file is kept by Git LFS whatever its name, as on the Hub."""
LARGE_SUFFIXES = (".safetensors", ".gguf", ".bin", ".pt", ".pth", ".pkl", ".parquet", ".zip")

Content = bytes | str | Path


@dataclass(frozen=True)
class StoredFile:
    """A file of a commit. `data` is its bytes, or the path of a file that has them."""

    path: str
    size: int
    oid: str
    """Git's SHA-1: of the blob, or of the pointer of a large file."""
    sha256: str
    """Of a large file; empty for a small one."""
    data: bytes | Path
    pointer_size: int = 0

    def read(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Bytes start … stop in pieces of 1 MiB."""
        stop = self.real_size if stop is None else stop
        if isinstance(self.data, bytes):
            for at in range(start, stop, 1 << 20):
                yield self.data[at : min(stop, at + (1 << 20))]
            return
        with self.data.open("rb") as source:
            source.seek(start)
            while start < stop and (piece := source.read(min(1 << 20, stop - start))):
                start += len(piece)
                yield piece

    def all(self) -> bytes:
        return b"".join(self.read())

    @property
    def real_size(self) -> int:
        """Of its bytes, whatever `size` says to clients."""
        return len(self.data) if isinstance(self.data, bytes) else self.data.stat().st_size

    @property
    def etag(self) -> str:
        return self.sha256 or self.oid


def git_blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def pointer(sha256: str, size: int) -> bytes:
    """The text that Git keeps in place of a large file (git-lfs specification, version 1)."""
    line = "version https://git-lfs.github.com/spec/v1"
    return f"{line}\noid sha256:{sha256}\nsize {size}\n".encode()


def store(path: str, content: Content, large: bool | None = None) -> StoredFile:
    data = content.encode() if isinstance(content, str) else content
    size = data.stat().st_size if isinstance(data, Path) else len(data)
    if large is None:
        large = size >= LARGE_BYTES or path.endswith(LARGE_SUFFIXES)
    if not large:
        data = data.read_bytes() if isinstance(data, Path) else data
        return StoredFile(path, size, git_blob(data), "", data)
    if isinstance(data, Path):
        digest = hashlib.sha256()
        with data.open("rb") as source:
            while piece := source.read(1 << 20):
                digest.update(piece)
        sha256 = digest.hexdigest()
    else:
        sha256 = hashlib.sha256(data).hexdigest()
    text = pointer(sha256, size)
    return StoredFile(path, size, git_blob(text), sha256, data, len(text))


@dataclass
class Commit:
    id: str
    title: str
    date: str
    files: dict[str, StoredFile]
    message: str = ""
    author: str = "someone"

    def folders(self) -> set[str]:
        found: set[str] = set()
        for path in self.files:
            parts = path.split("/")[:-1]
            found.update("/".join(parts[: end + 1]) for end in range(len(parts)))
        return found


@dataclass
class Repository:
    """A model or a dataset. `facts` holds what the server tells beside what it derives."""

    id: str
    type: str = "model"
    gated: bool | str = False
    private: bool = False
    disabled: bool = False
    downloads: int = 0
    likes: int = 0
    created: str = "2026-01-01T00:00:00.000Z"
    updated: str = ""
    """Overrides the date of the newest commit."""
    facts: dict[str, Any] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)
    """Oldest first."""
    branches: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    tag_set: tuple[Commit, frozenset[str]] | None = None
    derived: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By commit: what card, configuration and headers say; filled when first asked for."""

    @property
    def owner(self) -> str:
        return self.id.split("/")[0]

    @property
    def head(self) -> Commit:
        return self.commits[-1]

    @property
    def modified(self) -> str:
        return self.updated or self.head.date

    def commit(self, revision: str) -> Commit | None:
        """Of a branch, a tag or a commit's id (whole, or its first seven digits and more)."""
        for refs in ({"main": self.head.id}, self.branches, self.tags):
            for prefix in ("", "refs/heads/", "refs/tags/"):
                if revision.startswith(prefix) and revision[len(prefix) :] in refs:
                    revision = refs[revision[len(prefix) :]]
        found = [each for each in self.commits if each.id.startswith(revision)]
        return found[-1] if len(revision) >= 7 and found else None

    def add(
        self,
        files: Mapping[str, StoredFile],
        deleted: Iterable[str] = (),
        title: str = "Upload files",
        message: str = "",
        author: str = "",
    ) -> Commit:
        """A commit on main. A deleted path that ends in "/" takes the whole folder along."""
        kept = dict(self.head.files) if self.commits else {}
        for path in deleted:
            for name in list(kept):
                if name == path or (path.endswith("/") and name.startswith(path)):
                    del kept[name]
        kept.update(files)
        parent = self.head.id if self.commits else ""
        told = [
            self.type,
            self.id,
            parent,
            title,
            *(f"{p} {f.oid}" for p, f in sorted(kept.items())),
        ]
        name = hashlib.sha1("\n".join(told).encode(), usedforsecurity=False).hexdigest()
        minutes = len(self.commits)
        date = f"2026-01-{1 + minutes // 1440:02}T{minutes // 60 % 24:02}:{minutes % 60:02}:00.000Z"
        self.commits.append(Commit(name, title, date, kept, message, author or self.owner))
        return self.head


@dataclass
class User:
    name: str
    token: str
    can_read: set[str] = field(default_factory=set)
    """Gated repositories it was let into, and others' private ones it may see."""
    organisations: tuple[str, ...] = ()
    role: str = "write"

    def owns(self, repository: Repository) -> bool:
        return repository.owner == self.name or repository.owner in self.organisations

    def sees(self, repository: Repository) -> bool:
        return self.owns(repository) or repository.id in self.can_read
