"""Files on disk, written so that a crash leaves the old content or the new, never a mixture."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import uuid
from pathlib import Path, PurePosixPath

from lwtui.errors import BadInput, LwtuiError
from lwtui.jobs import JobContext

PICKLE_SUFFIXES = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib"})
CODE_SUFFIXES = frozenset({".py", ".pyc", ".pyd", ".so", ".dll", ".dylib", ".sh", ".exe"})

_BLOCK = 4 * 1024 * 1024
_SPARE_BYTES = 64 * 1024 * 1024
"""Left free beside what is copied, so that the index and the system keep working."""


def write_atomically(path: Path, data: bytes) -> None:
    """Replace ``path`` by ``data``: a temporary file beside it, fsync, rename, fsync the folder."""
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames inside ``folder`` durable. A no-op where folders cannot be opened (Windows)."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def copy_file(
    source: Path,
    target: Path,
    context: JobContext | None = None,
    *,
    done: int = 0,
    total: int = 0,
    note: str = "copying",
) -> tuple[int, str]:
    """Copy the content of ``source`` durably; return its size in bytes and its SHA-256 (hex)."""
    digest = hashlib.sha256()
    size = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as reader, target.open("xb") as writer:
        while block := reader.read(_BLOCK):
            digest.update(block)
            writer.write(block)
            size += len(block)
            if context is not None:
                context.progress(done + size, total or None, note)
        writer.flush()
        os.fsync(writer.fileno())
    return size, digest.hexdigest()


def hash_file(
    path: Path, context: JobContext | None = None, *, done: int = 0, total: int = 0
) -> tuple[int, str]:
    """Size in bytes and SHA-256 (hex) of a file, read in blocks."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as reader:
        while block := reader.read(_BLOCK):
            digest.update(block)
            size += len(block)
            if context is not None:
                context.progress(done + size, total or None, f"checking {path.name}")
    return size, digest.hexdigest()


def check_free_space(folder: Path, needed: int) -> None:
    """Raise ``LwtuiError`` unless ``needed`` bytes and a little more are free in ``folder``."""
    existing = folder
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    free = shutil.disk_usage(existing).free
    if free < needed + _SPARE_BYTES:
        raise LwtuiError(
            f"Not enough disk space: {human_size(needed)} needed, {human_size(free)} free "
            f"in {folder}.",
            hint="Free some space, set LWTUI_HOME to a larger disk, or add it in place.",
        )


def human_size(size: float) -> str:
    """Bytes as a person reads them: ``0 B``, ``12.3 MB``; powers of 1,000."""
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or size >= 99.95 else f"{size:.1f} {unit}"


def relative_path_problem(text: str) -> str | None:
    """Why ``text`` is no safe path inside a learnware's folder; None when it is one."""
    if not text:
        return "is empty"
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        return "has a control character"
    if "\\" in text or ":" in text:
        return "must use '/' between its parts, without ':' or '\\'"
    path = PurePosixPath(text)
    if path.is_absolute() or ".." in path.parts or str(path) != text or text == ".":
        return "must be a plain path inside the learnware's folder"
    if any(part.startswith(".") for part in path.parts):
        return "must not name a hidden file"
    return None


def check_source(path: Path, roots: tuple[Path, ...]) -> None:
    """Raise ``BadInput`` unless ``path`` is a file we may take: no pickle, no code, and no link
    that leads out of ``roots``."""
    suffix = path.suffix.lower()
    if suffix in PICKLE_SUFFIXES:
        raise BadInput(
            "This is a pickle: loading it can run any code, so lwtui does not take it.",
            file=path,
            hint="Convert the weights to safetensors, or move this file elsewhere if they exist.",
        )
    if suffix in CODE_SUFFIXES:
        raise BadInput(
            "This is program code, and a learnware holds none.",
            file=path,
            hint="Move it elsewhere and add the folder again; models that need their own code "
            "cannot be added.",
        )
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise BadInput(f"Cannot be read: {_reason(error)}.", file=path) from error
    if not any(real.is_relative_to(root.resolve()) for root in roots):
        raise BadInput(
            "This is a link that leads outside the folder being added.",
            file=path,
            hint="Copy the file it points to into the folder, then add the folder again.",
        )
    if not real.is_file():
        raise BadInput("This is not a regular file.", file=path)


def _reason(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
