"""Where a file lies in the Hugging Face cache: blobs, snapshots, refs, locks.

The layout is that of ``huggingface_hub`` 2.4 (``file_download.py``; described in
https://huggingface.co/docs/huggingface_hub/guides/manage-cache), so that every other tool finds
what lwtui pulled, and lwtui what they did.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lwtui.dock.hub_settings import cache_dir
from lwtui.dock.record import PullFile
from lwtui.learnware.storage import write_atomically

COMMIT = re.compile(r"[0-9a-f]{40}")
_REF = re.compile(r"[\w.\-]+(/[\w.\-]+){0,4}")


@dataclass(frozen=True)
class CachedRepository:
    """The folders of one model repository in the cache. Nothing is made by asking."""

    repo: str
    cache: Path

    @classmethod
    def of(cls, repo: str) -> CachedRepository:
        """In the cache that the environment names now."""
        return cls(repo, cache_dir().absolute())

    @property
    def folder(self) -> Path:
        return self.cache / "--".join(["models", *self.repo.split("/")])

    @property
    def blobs(self) -> Path:
        return self.folder / "blobs"

    def snapshot(self, commit: str) -> Path:
        return self.folder / "snapshots" / commit

    def pointer(self, commit: str, path: str) -> Path:
        return self.snapshot(commit).joinpath(*PurePosixPath(path).parts)

    def lock(self, etag: str) -> Path:
        return self.cache / ".locks" / self.folder.name / f"{etag}.lock"

    def blob(self, etag: str) -> Path:
        return self.blobs / etag

    def partial(self, etag: str) -> Path:
        """The same name at each try, so that the next one goes on where this one stopped. (The
        library's own has a random part; `hf cache prune` knows both.)"""
        return self.blobs / f"{etag}.incomplete"

    def prepare(self, commit: str) -> None:
        """Make the folders. A repository without a snapshot would count as a broken one."""
        self.blobs.mkdir(parents=True, exist_ok=True)
        self.snapshot(commit).mkdir(parents=True, exist_ok=True)
        (self.cache / ".locks" / self.folder.name).mkdir(parents=True, exist_ok=True)

    def set_ref(self, name: str, commit: str) -> None:
        """Let a branch or tag mean ``commit`` for those who load it offline."""
        if not name or COMMIT.fullmatch(name) or not _REF.fullmatch(name) or ".." in name:
            return
        ref = self.folder.joinpath("refs", *name.split("/"))
        ref.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(ref, commit.encode())


def etag_of(file: PullFile) -> str:
    """The name of a file's blob: its SHA-256 if it is large, else Git's SHA-1 of it."""
    return file.sha256 or file.blob_id


def bytes_held(file: PullFile, commit: str) -> int:
    """Bytes of a file that are in the cache, of the whole or of a part."""
    cached = CachedRepository.of(file.repo)
    for whole in (cached.pointer(commit, file.path), cached.blob(etag_of(file))):
        if is_whole(whole, file.size):
            return file.size
    with contextlib.suppress(OSError):
        return min(file.size, cached.partial(etag_of(file)).stat().st_size)
    return 0


def is_whole(path: Path, size: int) -> bool:
    try:
        return path.is_file() and path.stat().st_size == size
    except OSError:
        return False


def point(cached: CachedRepository, commit: str, path: str, blob: Path) -> Path:
    """Make the snapshot's name for a blob, as the library does: a relative link; where there are no
    links, the file itself moves there."""
    from huggingface_hub.file_download import are_symlinks_supported

    pointer = cached.pointer(commit, path)
    if pointer.exists():
        return pointer
    pointer.parent.mkdir(parents=True, exist_ok=True)
    if not are_symlinks_supported(cached.cache):
        if blob.is_symlink():
            shutil.copyfile(blob, pointer)
        else:
            blob.replace(pointer)
        return pointer
    if pointer.is_symlink():
        pointer.unlink()  # its blob is gone
    with contextlib.suppress(FileExistsError):  # another process was faster
        pointer.symlink_to(os.path.relpath(blob, pointer.parent))
    return pointer
