"""Learnwares of the Hub that are only known: manifest and specification here, weights not.

They lie in ``LWTUI_HOME/known``, a tree of the same shape as the collection's own, and say in
``[known]`` of their manifest where lwtui has them from: the repository itself (``hub``), an index
(``index:OWNER/NAME``) or the catalogue (``catalogue``).
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from lwtui.errors import BadInput, LwtuiError
from lwtui.jobs import JobContext
from lwtui.learnware.manifest import FILE_NAME, read_manifest
from lwtui.learnware.manifest_writer import render_manifest
from lwtui.learnware.model import Learnware, SpecificationEntry, check_id
from lwtui.learnware.storage import relative_path_problem, sync_folder, write_atomically

KEY = "known"
_MADE = "made_here"
_LOCK_SECONDS = 60.0
_RANKS = ("catalogue", "index", "hub")
"""The later knows better: an author's own word comes first, what ships with lwtui last."""

Entry = tuple[Learnware, Mapping[str, bytes]]
"""A learnware, and its specification files by their names in its manifest."""


def known_root(home: Path) -> Path:
    """The tree of the learnwares that are only known."""
    return home / "known"


def source_of(learnware: Learnware) -> str:
    """Where lwtui has a known learnware from; empty for one that is here."""
    told = learnware.extra.get(KEY)
    source = told.get("from") if isinstance(told, dict) else None
    return source if isinstance(source, str) else ""


class Known:
    """The known learnwares of one home. Safe between processes; each is put whole or not at all."""

    def __init__(self, home: Path) -> None:
        self._specs = known_root(home) / "specs"
        self._staging = self._specs / ".staging"

    def put(self, learnware: Learnware, specifications: Mapping[str, bytes], source: str) -> bool:
        """Keep a learnware, in place of what was known of it; False if a source that knows better
        has it. Raises ``BadInput`` for one that makes no valid manifest, and keeps the old one."""
        check_source_name(source)
        with self._locked():
            return self._put(learnware, specifications, source)

    def add_specification(self, identifier: str, data: bytes, entry: SpecificationEntry) -> None:
        """Give a known learnware a specification that was made here; it takes the place of one of
        the same type, recipe and space, and stays when its source is read again without such a
        one. Raises ``BadInput`` if it is not known."""
        key = _key(entry)
        with self._locked():
            before, files = self._read(self._specs / check_id(identifier))
            kept = [e for e in before.specifications if _key(e) != key]
            made = [e for e in _made_here(before) if e in {each.file for each in kept}]
            told = {**before.extra[KEY], _MADE: [*made, entry.file]}
            learnware = dataclasses.replace(
                before,
                specifications=(*kept, entry),
                extra={**before.extra, KEY: told},
            )
            self._write(learnware, {**{e.file: files[e.file] for e in kept}, entry.file: data})

    def replace(
        self, source: str, entries: Iterable[Entry], context: JobContext | None = None
    ) -> int:
        """Make ``source`` hold exactly these; how many it then has. A cancel leaves those that
        were put and removes nothing."""
        check_source_name(source)
        kept: set[str] = set()
        with self._locked():
            for learnware, specifications in entries:
                if context is not None:
                    context.check()
                if self._put(learnware, specifications, source, durable=False):
                    kept.add(learnware.id)
            if hasattr(os, "sync"):
                os.sync()  # once, in place of three times for each of thousands
            for identifier, other in self._all():
                if other == source and identifier not in kept:
                    self._remove(identifier)
        return len(kept)

    def drop(self, source: str) -> int:
        """Forget all that comes from ``source``; how many that were."""
        with self._locked():
            gone = [identifier for identifier, other in self._all() if other == source]
            for identifier in gone:
                self._remove(identifier)
        return len(gone)

    def sources(self) -> dict[str, int]:
        """How many learnwares each source has."""
        return dict(Counter(source for _, source in self._all()))

    def _put(
        self,
        learnware: Learnware,
        specifications: Mapping[str, bytes],
        source: str,
        *,
        durable: bool = True,
    ) -> bool:
        check_id(learnware.id)
        target = self._specs / learnware.id
        before = self._source_at(target)
        if before and _rank(before) > _rank(source):
            return False
        named = {entry.file for entry in learnware.specifications}
        for name in specifications:
            problem = relative_path_problem(name)
            if problem is not None or name == FILE_NAME or name not in named:
                raise BadInput(
                    f"{learnware.id}: the specification file {name!r:.80} "
                    f"{problem or 'is not one its manifest names'}."
                )
        if missing := named - specifications.keys():
            raise BadInput(f"{learnware.id}: the specification {min(missing)!r:.80} is missing.")
        extra = {**learnware.extra, KEY: {"from": source}}
        model = dataclasses.replace(learnware.model, folder="")
        learnware = dataclasses.replace(learnware, model=model, extra=extra)
        if before:
            learnware, specifications = self._with_own(target, learnware, specifications)
        self._write(learnware, specifications, durable=durable)
        return True

    def _with_own(
        self, target: Path, learnware: Learnware, specifications: Mapping[str, bytes]
    ) -> Entry:
        """With the specifications made here of what was known before, where it has no such one."""
        try:
            before, files = self._read(target)
        except BadInput:
            return learnware, specifications  # damaged: what comes now mends it
        there = {_key(entry) for entry in learnware.specifications}
        own = [
            entry
            for entry in before.specifications
            if entry.file in _made_here(before)
            and _key(entry) not in there
            and entry.file not in specifications
        ]
        if not own:
            return learnware, specifications
        told = {**learnware.extra[KEY], _MADE: [entry.file for entry in own]}
        learnware = dataclasses.replace(
            learnware,
            specifications=(*learnware.specifications, *own),
            extra={**learnware.extra, KEY: told},
        )
        return learnware, {**specifications, **{entry.file: files[entry.file] for entry in own}}

    def _read(self, folder: Path) -> Entry:
        if not (folder / FILE_NAME).is_file():
            raise BadInput(f"{folder.parent.name}/{folder.name} is not known here.")
        learnware = read_manifest(folder)
        try:
            files = {e.file: (folder / e.file).read_bytes() for e in learnware.specifications}
        except OSError as error:
            raise BadInput(f"Cannot be read: {error.strerror}.", file=error.filename) from error
        return learnware, files

    def _write(
        self, learnware: Learnware, specifications: Mapping[str, bytes], *, durable: bool = True
    ) -> None:
        target = self._specs / learnware.id
        text = render_manifest(dataclasses.replace(learnware, specs_folder=None))
        files = {**specifications, FILE_NAME: text.encode()}
        if _holds(target, files):
            return
        staged = self._staging / uuid.uuid4().hex
        try:
            staged.mkdir(parents=True)
            for name, data in files.items():
                (staged / name).parent.mkdir(parents=True, exist_ok=True)
                if durable:
                    write_atomically(staged / name, data)
                else:
                    (staged / name).write_bytes(data)
            self._swap(staged, target, durable)
        except OSError as error:
            raise LwtuiError(
                f"{learnware.id} could not be kept: {error.strerror or error}.", file=target
            ) from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)

    def _swap(self, staged: Path, target: Path, durable: bool) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            # A reader finds the old one, none for a moment, or the new one: never half of one.
            target.rename(staged.with_name(f"{staged.name}.old"))
        staged.rename(target)
        if durable:
            sync_folder(target.parent)
        shutil.rmtree(staged.with_name(f"{staged.name}.old"), ignore_errors=True)

    def _remove(self, identifier: str) -> None:
        target = self._specs / identifier
        gone = self._staging / f"{uuid.uuid4().hex}.gone"
        gone.parent.mkdir(parents=True, exist_ok=True)
        target.rename(gone)
        shutil.rmtree(gone, ignore_errors=True)
        with contextlib.suppress(OSError):
            target.parent.rmdir()

    def _all(self) -> Iterator[tuple[str, str]]:
        """(id, source) of every folder, sorted."""
        for manifest in sorted(self._specs.glob(f"*/*/{FILE_NAME}")):
            folder = manifest.parent
            if not folder.parent.name.startswith("."):
                yield f"{folder.parent.name}/{folder.name}", self._source_at(folder)

    def _source_at(self, folder: Path) -> str:
        try:
            return source_of(read_manifest(folder))
        except BadInput:
            return ""

    def _recover(self) -> None:
        """Undo what a killed process left half done: one that was moved aside comes back."""
        for old in self._staging.glob("*.old"):
            with contextlib.suppress(BadInput, OSError):
                target = self._specs / read_manifest(old).id
                if not target.exists():
                    old.rename(target)
        shutil.rmtree(self._staging, ignore_errors=True)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        try:
            self._specs.mkdir(parents=True, exist_ok=True)
            lock = FileLock(str(self._specs / ".lock"))
            lock.acquire(timeout=_LOCK_SECONDS)
        except Timeout:
            raise LwtuiError(
                "Another lwtui is changing what is known of the Hub.",
                hint="Wait for it, then try again.",
            ) from None
        except OSError as error:
            raise LwtuiError(
                f"What is known of the Hub cannot be changed: {error.strerror}.", file=self._specs
            ) from error
        try:
            self._recover()
            yield
        finally:
            lock.release()


def _holds(folder: Path, files: Mapping[str, bytes]) -> bool:
    """Whether a folder has these files, byte for byte, and no others."""
    try:
        there = {
            path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()
        }
        return there == files.keys() and all(
            (folder / name).read_bytes() == data for name, data in files.items()
        )
    except OSError:
        return False


def _key(entry: SpecificationEntry) -> tuple[str, str, str]:
    return entry.type, entry.recipe, entry.space


def _made_here(learnware: Learnware) -> list[str]:
    """Files of the specifications that did not come from the source."""
    told = learnware.extra.get(KEY)
    made = told.get(_MADE) if isinstance(told, dict) else None
    return [str(each) for each in made] if isinstance(made, list) else []


def check_source_name(source: str) -> None:
    """Raise ``BadInput`` unless it is ``catalogue``, ``hub`` or ``index:OWNER/NAME``."""
    kind, _, name = source.partition(":")
    if kind not in _RANKS or (kind == "index") != bool(name):
        raise BadInput(f"{source!r:.80} is no source of known learnwares.")
    if name:
        check_id(name)


def _rank(source: str) -> int:
    kind = source.partition(":")[0]
    return _RANKS.index(kind) if kind in _RANKS else -1
