"""Pulls that were begun and are not done: ``LWTUI_HOME/pulls/<owner>--<name>.json``, one each.

Written whole before the first byte is fetched, removed when the learnware is registered: whenever
the process is killed, the same pull goes on with the same commit.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lwtui import paths
from lwtui.dock.cache_layout import CachedRepository, bytes_held, etag_of
from lwtui.dock.pull_plan import commit_of
from lwtui.dock.record import PullFile, PullPlan, UnfinishedPull
from lwtui.errors import LwtuiError
from lwtui.learnware.model import check_id
from lwtui.learnware.storage import write_atomically

_SCHEMA = 1
_LIMIT = 8 * 1024 * 1024


@dataclass(frozen=True)
class Begun:
    """A pull under way or interrupted."""

    plan: PullPlan
    asked: dict[str, str]
    """``repo``, ``revision``, ``quantisation``, ``base`` as they were asked for."""
    started: str
    had: tuple[str, ...] = ()
    """``repo/path`` of what was in the cache, whole, before: not ours to discard."""
    failed: str = ""
    """Why this commit cannot be had; the next try plans anew then."""


def begin(plan: PullPlan, asked: dict[str, str]) -> Begun:
    """Note that a pull starts; one of the same that could not be ended makes way."""
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    had = {f"{file.repo}/{file.path}" for file in plan.files if file.have == file.size}
    before = find(asked["repo"])
    if before is not None:
        had -= {f"{f.repo}/{f.path}" for f in before.plan.files} - set(before.had)
        needed = {etag_of(file) for file in plan.files}
        for file in before.plan.files:
            if etag_of(file) not in needed:
                _remove(CachedRepository.of(file.repo).partial(etag_of(file)))
    begun = Begun(plan, asked, now, tuple(sorted(had)))
    _write(begun)
    return begun


def fail(begun: Begun, why: str) -> None:
    """Note that this commit cannot be had."""
    _write(replace(begun, failed=why))


def _write(begun: Begun) -> None:
    path = _path(begun.asked["repo"])
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({"schema": _SCHEMA, **asdict(begun)}).encode())


def find(repo: str) -> Begun | None:
    """The unfinished pull of a repository, as it was asked for or as it is called now."""
    name = repo.casefold()
    found = _read(_path(repo))
    if found is not None and found.asked["repo"].casefold() == name:
        return found
    return next((each for each in every() if each.plan.repo.casefold() == name), None)


def every() -> list[Begun]:
    """All unfinished pulls, the oldest first. A file that cannot be read is none."""
    files = sorted(_folder().glob("*.json")) if _folder().is_dir() else []
    found = [begun for begun in map(_read, files) if begun is not None]
    return sorted(found, key=lambda begun: begun.started)


def told(begun: Begun) -> UnfinishedPull:
    """How far it is, by what the cache holds now."""
    plan = begun.plan
    have = sum(bytes_held(file, commit_of(plan, file.repo)) for file in plan.files)
    return UnfinishedPull(
        plan.repo, plan.revision, plan.size, have, begun.started, plan.quantisation
    )


def end(begun: Begun) -> None:
    """Forget it: it is done, or discarded."""
    _path(begun.asked["repo"]).unlink(missing_ok=True)


def discard(begun: Begun, kept: set[Path]) -> int:
    """Remove what this pull put in the cache and nothing else uses; return the bytes freed.

    ``kept`` are snapshot folders in use. What was there before, and a blob that another snapshot
    names, stay.
    """
    freed = 0
    for file in begun.plan.files:
        commit = commit_of(begun.plan, file.repo)
        cached = CachedRepository.of(file.repo)
        freed += _remove(cached.partial(etag_of(file)))
        if f"{file.repo}/{file.path}" in begun.had or cached.snapshot(commit) in kept:
            continue
        freed += _remove_whole(cached, file, commit)
    for repo, commit in {(f.repo, commit_of(begun.plan, f.repo)) for f in begun.plan.files}:
        _remove_empty(CachedRepository.of(repo), commit)
    end(begun)
    return freed


def _remove_whole(cached: CachedRepository, file: PullFile, commit: str) -> int:
    pointer, blob = cached.pointer(commit, file.path), cached.blob(etag_of(file))
    if pointer.exists() and not pointer.is_symlink():
        return _remove(pointer)  # no links here: the file itself
    pointer.unlink(missing_ok=True)
    if _is_named(cached, blob):
        return 0
    return _remove(blob)


def _is_named(cached: CachedRepository, blob: Path) -> bool:
    """Whether any snapshot of the repository still points to a blob."""
    for folder, _, names in os.walk(cached.folder / "snapshots"):
        for name in names:
            path = Path(folder, name)
            with contextlib.suppress(OSError):
                if path.is_symlink() and path.readlink().name == blob.name:
                    return True
    return False


def _remove_empty(cached: CachedRepository, commit: str) -> None:
    """Folders that hold nothing any more, the innermost first."""
    snapshot = cached.snapshot(commit)
    inner = sorted((path for path in snapshot.rglob("*") if path.is_dir()), reverse=True)
    for folder in (*inner, snapshot, snapshot.parent, cached.blobs, cached.folder):
        with contextlib.suppress(OSError):
            folder.rmdir()


def _remove(path: Path) -> int:
    try:
        size = 0 if path.is_symlink() else path.stat().st_size
        path.unlink()
    except OSError:
        return 0
    return size


def _folder() -> Path:
    return paths.home() / "pulls"


def _path(repo: str) -> Path:
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in repo.replace("/", "--"))
    return _folder() / f"{safe[:200].lower()}.json"


def _read(path: Path) -> Begun | None:
    try:
        if path.stat().st_size > _LIMIT:
            return None
        kept: dict[str, Any] = json.loads(path.read_bytes())
        plan = dict(kept["plan"])
        plan["files"] = tuple(PullFile(**file) for file in plan["files"])
        plan["notes"] = tuple(plan["notes"])
        begun = Begun(
            PullPlan(**plan),
            dict(kept["asked"]),
            kept["started"],
            tuple(kept["had"]),
            kept["failed"],
        )
        check_id(begun.plan.repo)
        return begun if kept["schema"] == _SCHEMA else None
    except (OSError, ValueError, TypeError, KeyError, LwtuiError):
        return None
