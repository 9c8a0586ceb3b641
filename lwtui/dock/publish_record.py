"""What would leave this machine, as plain data: every file with its bytes' hash, frozen."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from lwtui.jobs import JobContext

BLOCK = 4 * 1024 * 1024
"""Bytes that are checked at once, before any of them is sent."""
_SMALL = 32 * 1024 * 1024
"""Bytes. The Hub keeps larger files by Git LFS whatever they are, and knows them by SHA-256."""

Status = Literal["new", "replaces", "same"]
"""Beside what the repository has: not there, there with other bytes, there with these bytes."""


@dataclass(frozen=True)
class PlannedFile:
    """One file of a publication. Its bytes are fixed: held in ``data``, or by the hashes."""

    path: str
    """In the repository."""
    size: int
    """Bytes."""
    sha256: str
    origin: str
    """Where it comes from, in words for the user."""
    source: Path | None = None
    """Where it lies on this machine; None for what lwtui wrote for this publication."""
    data: bytes | None = field(default=None, repr=False)
    """What lwtui wrote; None for a file of the disk."""
    blocks: tuple[str, ...] = field(default=(), repr=False)
    """Hash of every :data:`BLOCK` of a file of the disk (BLAKE2b, 16 bytes, hexadecimal)."""
    blob_id: str = ""
    """Git's SHA-1 of the blob, which the Hub knows small files by."""
    status: Status = "new"


@dataclass(frozen=True)
class PublishPlan:
    """All that a publication does. Nothing is sent or changed by making one."""

    id: str
    """The learnware's id on this machine."""
    to: str
    """The repository, ``owner/name``."""
    files: tuple[PlannedFile, ...]
    private: bool
    new: bool
    """The repository does not exist yet and is made."""
    parent: str
    """The commit that the publication builds on; empty for a new repository."""
    user: str
    """Whom the token belongs to."""
    endpoint: str
    message: str
    """Of the commit."""
    section: str
    """The part of the card that lwtui writes, Markdown."""
    base: str = ""
    """Repository of an adapter's base."""
    base_revision: str = ""
    warnings: tuple[str, ...] = ()
    """What the user should know before saying yes."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return sum(file.size for file in self.files)

    @property
    def to_send(self) -> int:
        """Bytes that the repository does not have in this place yet."""
        return sum(file.size for file in self.files if file.status != "same")

    @property
    def address(self) -> str:
        """Where it will be found."""
        return f"{self.endpoint}/{self.to}"

    @property
    def card(self) -> str:
        """The whole card."""
        return next((f.data.decode() for f in self.files if f.path == "README.md" and f.data), "")


def written(path: str, data: bytes, origin: str) -> PlannedFile:
    """A file that lwtui wrote for this publication."""
    return PlannedFile(
        path,
        len(data),
        hashlib.sha256(data).hexdigest(),
        origin,
        data=data,
        blob_id=hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest(),
    )


def of_disk(
    path: str, source: Path, origin: str, context: JobContext, *, done: int = 0, total: int = 0
) -> PlannedFile:
    """A file of the disk, read once to fix its bytes. Raises ``OSError``, ``Cancelled``."""
    size = source.stat().st_size
    whole = hashlib.sha256()
    blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    blocks = []
    read = 0
    with source.open("rb") as stream:
        while block := stream.read(BLOCK):
            whole.update(block)
            if size <= _SMALL:
                blob.update(block)
            blocks.append(block_hash(block))
            read += len(block)
            context.progress(done + read, total or None, f"checking {path}")
    return PlannedFile(
        path,
        read,
        whole.hexdigest(),
        origin,
        source=source,
        blocks=tuple(blocks),
        blob_id=blob.hexdigest() if size <= _SMALL else "",
    )


def block_hash(block: bytes) -> str:
    return hashlib.blake2b(block, digest_size=16).hexdigest()


def to_json(plan: PublishPlan) -> dict[str, Any]:
    """The plan for a process of its own."""
    fields = ("to", "private", "new", "parent", "user", "endpoint", "message")
    files = [
        {
            "path": file.path,
            "size": file.size,
            "sha256": file.sha256,
            "source": str(file.source) if file.source else None,
            "data": None if file.data is None else base64.b64encode(file.data).decode(),
            "blocks": list(file.blocks),
            "blob_id": file.blob_id,
            "status": file.status,
        }
        for file in plan.files
    ]
    return {**{name: getattr(plan, name) for name in fields}, "files": files}


def from_json(told: dict[str, Any]) -> PublishPlan:
    """What :func:`to_json` gave, as far as sending needs it."""
    files = tuple(
        PlannedFile(
            each["path"],
            each["size"],
            each["sha256"],
            "",
            source=Path(each["source"]) if each["source"] else None,
            data=None if each["data"] is None else base64.b64decode(each["data"]),
            blocks=tuple(each["blocks"]),
            blob_id=each["blob_id"],
            status=each["status"],
        )
        for each in told["files"]
    )
    facts = {name: value for name, value in told.items() if name != "files"}
    return PublishPlan(id="", files=files, section="", **facts)
