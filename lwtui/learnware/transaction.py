"""Changes to the user's tree that are done wholly or not at all, whenever the process is killed.

Everything is built in ``models/.staging/<token>`` and ``specs/.staging/<token>`` and then renamed,
the folder under ``specs/`` last when adding and first when removing, since it alone makes a
learnware visible. A journal beside the staged folders says what was under way; a lock file held by
the process that does it tells a change under way from the rest of one that died.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from lwtui import paths
from lwtui.errors import BadInput, LwtuiError
from lwtui.learnware.manifest import FILE_NAME
from lwtui.learnware.model import check_id
from lwtui.learnware.storage import sync_folder, write_atomically

if TYPE_CHECKING:
    from filelock import BaseFileLock

_LOCK_SECONDS = 30.0
_TOKEN = re.compile(r"((?:add|remove)-[0-9a-f]{32})(\..*)?")


@dataclass(frozen=True)
class Staged:
    """A change being built. ``models`` and ``specs`` are folders to fill (or already filled)."""

    action: Literal["add", "remove"]
    id: str
    models: Path
    specs: Path
    journal: Path


class Changes:
    """The changes to one home tree."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._models = paths.models_dir(home)
        self._specs = paths.specs_dir(home)
        self._staging = self._specs / ".staging"
        self._file_lock: BaseFileLock | None = None

    @contextlib.contextmanager
    def lock(self, seconds: float = _LOCK_SECONDS) -> Iterator[None]:
        """Hold the collection's lock: short work only, no copying. Freed by a dying process."""
        from filelock import FileLock, Timeout

        try:
            self._home.mkdir(parents=True, exist_ok=True)
            # One object, so that a thread that holds it may take it again.
            if self._file_lock is None:
                self._file_lock = FileLock(str(self._home / ".lock"))
            lock = self._file_lock
            lock.acquire(timeout=seconds)
        except Timeout:
            raise LwtuiError(
                "Another lwtui is changing the collection.", hint="Wait for it, then try again."
            ) from None
        except OSError as error:
            raise LwtuiError(
                f"The collection cannot be changed: {error.strerror}.", file=self._home
            ) from error
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def staged(self, action: Literal["add", "remove"], identifier: str) -> Iterator[Staged]:
        """Folders to build a change in. What is left of them afterwards is deleted."""
        token = f"{action}-{uuid.uuid4().hex}"
        with self.lock():
            self._staging.mkdir(parents=True, exist_ok=True)
            (self._models / ".staging").mkdir(parents=True, exist_ok=True)
            holder = self._holder(token)
            holder.acquire(timeout=_LOCK_SECONDS)
            change = self._change(action, identifier, token)
            record = json.dumps({"action": action, "id": identifier})
        try:
            with self.lock():
                write_atomically(change.journal, record.encode())
            yield change
        finally:
            self._clean(change)
            holder.release()
            Path(holder.lock_file).unlink(missing_ok=True)

    def commit_add(self, change: Staged) -> None:
        """Make a filled change visible. The caller holds the lock.

        Raises ``BadInput`` if the id was taken meanwhile.
        """
        models, specs = self._targets(change.id)
        if specs.exists():
            raise BadInput(f"There is already a learnware {change.id}.")
        models.parent.mkdir(parents=True, exist_ok=True)
        specs.parent.mkdir(parents=True, exist_ok=True)
        if change.models.is_dir():
            if models.exists():
                raise BadInput(
                    "A folder of this name lies here already, without a manifest.",
                    file=models,
                    hint="Move it away, or add it under another id.",
                )
            change.models.rename(models)
            sync_folder(models.parent)
        try:
            change.specs.rename(specs)
        except OSError:
            if models.is_dir() and not change.models.exists():
                models.rename(change.models)
            raise
        sync_folder(specs.parent)

    def commit_remove(self, change: Staged, keep: Path | None = None) -> None:
        """Make a learnware invisible, then take its files, to the folder ``keep`` if there is one.
        The caller holds the lock."""
        models, specs = self._targets(change.id)
        specs.rename(change.specs)
        sync_folder(specs.parent)
        if models.is_dir():
            models.rename(change.models)
        for folder in (specs.parent, models.parent):
            # The owner's folder stays while it holds others.
            with contextlib.suppress(OSError):
                folder.rmdir()
        if keep is not None:
            keep.mkdir(parents=True)
            for folder, name in ((change.models, "models"), (change.specs, "specs")):
                if folder.is_dir():
                    folder.rename(keep / name)

    def commit_restore(self, change: Staged, kept: Path) -> None:
        """Make what :meth:`commit_remove` has kept visible again. The caller holds the lock."""
        moves = [(kept / "models", change.models), (kept / "specs", change.specs)]
        try:
            for source, target in moves:
                if source.is_dir():
                    source.rename(target)
            self.commit_add(change)
        except BaseException:
            for source, target in moves:
                if target.is_dir() and not source.exists():
                    target.rename(source)
            raise

    def recover(self) -> bool:
        """Finish or undo what killed processes left; True if anything was found.

        Changes that are under way in other processes are left alone.
        """
        if not self._leftovers():
            return False
        try:
            with self.lock(seconds=2.0):
                # Half-written journals; whole ones are written under this lock.
                for stray in self._staging.glob(".*.tmp"):
                    stray.unlink(missing_ok=True)
                return sum(self._recover_one(token) for token in self._leftovers()) > 0
        except LwtuiError:
            # Somebody else holds the lock, or the disk is read-only: next time.
            return False

    def _leftovers(self) -> list[str]:
        """Tokens of all changes that have something on disk, under way or dead."""
        found: set[str] = set()
        for folder in (self._staging, self._models / ".staging"):
            with contextlib.suppress(OSError):
                matches = [_TOKEN.fullmatch(entry.name) for entry in folder.iterdir()]
                found |= {match[1] for match in matches if match}
        return sorted(found)

    def _recover_one(self, token: str) -> bool:
        from filelock import Timeout

        holder = self._holder(token)
        try:
            holder.acquire(blocking=False)
        except Timeout:
            return False
        try:
            journal = self._staging / f"{token}.json"
            try:
                record = json.loads(journal.read_text(encoding="utf-8"))
                action, identifier = record["action"], check_id(record["id"])
            except (OSError, ValueError, KeyError, TypeError, BadInput):
                # Died before the journal was written: nothing but empty folders.
                action, identifier = "add", ""
            change = self._change(action, identifier, token)
            if identifier:
                self._finish(change)
            self._clean(change)
        finally:
            holder.release()
            Path(holder.lock_file).unlink(missing_ok=True)
        return True

    def _finish(self, change: Staged) -> None:
        models, specs = self._targets(change.id)
        if change.action == "remove":
            # Invisible already: the weights go too.
            if change.specs.is_dir() and not specs.exists() and models.is_dir():
                models.rename(change.models)
        elif (
            (change.specs / FILE_NAME).is_file()
            and not change.models.exists()
            and models.is_dir()
            and not specs.exists()
        ):
            # Died between the two renames. The manifest is written last, so all is there.
            specs.parent.mkdir(parents=True, exist_ok=True)
            change.specs.rename(specs)
            sync_folder(specs.parent)

    def _clean(self, change: Staged) -> None:
        for folder in (change.models, change.specs):
            shutil.rmtree(folder, ignore_errors=True)
        if not change.models.exists() and not change.specs.exists():
            change.journal.unlink(missing_ok=True)

    def _change(self, action: Literal["add", "remove"], identifier: str, token: str) -> Staged:
        return Staged(
            action,
            identifier,
            self._models / ".staging" / token,
            self._staging / token,
            self._staging / f"{token}.json",
        )

    def _targets(self, identifier: str) -> tuple[Path, Path]:
        return self._models / identifier, self._specs / identifier

    def _holder(self, token: str) -> BaseFileLock:
        from filelock import FileLock

        return FileLock(str(self._staging / f"{token}.lock"))
