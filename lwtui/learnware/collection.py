"""The learnwares on this machine: the built-in ones, read-only, and the user's own."""

from __future__ import annotations

import builtins
import dataclasses
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lwtui import paths
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware import adding, scan, siblings
from lwtui.learnware.finder import Finder
from lwtui.learnware.index import (
    FILE_NAME,
    Column,
    CorruptIndexError,
    Index,
    IndexUnavailableError,
    Query,
    Result,
    Tree,
    Where,
    delete_index,
)
from lwtui.learnware.known import known_root
from lwtui.learnware.model import DataSource, Learnware, ModelFile, SpecificationEntry, check_id
from lwtui.learnware.names import near_names
from lwtui.learnware.record import collector_paused, from_record
from lwtui.learnware.transaction import Changes

_ELSEWHERE = "`lwtui list` shows what is here; `lwtui pull {}` fetches a model of the Hub."
_REFRESH_SECONDS = 1.0
"""How old a look at the folders may be. What lwtui itself changes is seen at once."""


class Collection:
    """Two trees of folders and one index over them. Safe between threads and processes."""

    def __init__(self, home: Path, starter: Path, look: bool = True) -> None:
        """Use :meth:`open`."""
        self.home = home
        self.starter = starter
        self._roots: dict[Tree, Path] = {
            "starter": starter,
            "home": home,
            "known": known_root(home),
        }
        self._changes = Changes(home)
        self._lock = threading.RLock()
        self._looking = threading.RLock()
        self._looked = 0.0
        self._changes.recover()
        self._index = self._open_index()
        self._finder = Finder()
        if look or not self.how_many(Query(within="all")):
            self.refresh()

    @classmethod
    def open(
        cls, home: Path | None = None, starter: Path | None = None, *, look: bool = True
    ) -> Collection:
        """Open the collection; what a killed process left half done is finished or undone.

        Without ``look`` it starts as the index has it, as far as there is one, and the caller
        looks at the folders with :meth:`refresh` when there is time.
        """
        home, starter = home or paths.home(), starter or paths.starter_root()
        return cls(home.absolute(), starter.absolute(), look)

    def close(self) -> None:
        self._index.close()

    def __enter__(self) -> Collection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def list(
        self,
        text: str = "",
        *,
        domain: str = "",
        base: str = "",
        licence: str = "",
        kind: str = "",
        where: Where = "here",
        limit: int | None = None,
        offset: int = 0,
    ) -> builtins.list[Learnware]:
        """Learnwares sorted by id: those whose weights are here, those of the Hub that are only
        known (``where="known"``), or all.

        Every word of ``text`` must occur in the id, title, description, domain, task, tags or data
        names. ``base`` is an id, or its part after the owner. Upper and lower case do not matter.
        """
        query = Query(text, domain, base, licence, kind, where)
        self._refresh_if_due()
        return self._guarded(lambda: self._built(self._index.records(query, limit, offset)))

    def _built(self, rows: Sequence[tuple[Tree, str]]) -> builtins.list[Learnware]:
        with collector_paused(len(rows) > 20):
            return [self._build(tree, record) for tree, record in rows]

    def select(
        self, query: Query, limit: int | None = None, offset: int = 0
    ) -> tuple[builtins.list[Learnware], int]:
        """Learnwares of a query in its order, and how many it finds in all. Page after page is
        quick: what was found is remembered. What was changed by hand is seen after a
        :meth:`refresh`."""

        def read() -> tuple[builtins.list[Learnware], int]:
            numbers = self._finder.find(self._index, query)
            end = len(numbers) if limit is None else offset + max(0, limit)
            return self._built(self._index.records_of(numbers[offset:end])), len(numbers)

        return self._guarded(read)

    def prepare_search(self, query: Query) -> None:
        """Read what :meth:`select` looks for a text in: the first letter is quick then."""
        self._guarded(lambda: self._finder.prepare(self._index, query))

    def how_many(self, query: Query) -> int:
        """How many a query finds; its near misses are not counted."""
        return self._guarded(lambda: self._index.count(query))

    def count(self, text: str = "", *, where: Where = "here", **filters: str) -> int:
        """How many learnwares :meth:`list` would give without a limit."""
        self._refresh_if_due()
        return self.how_many(Query(text, within=where, **filters))  # type: ignore[arg-type]

    def get(self, identifier: str) -> Learnware:
        """One learnware by its id, upper or lower case. Raises ``BadInput`` with near names."""
        found = self.find(identifier)
        if found is not None:
            return found
        self.refresh()
        found = self.find(identifier)
        if found is not None:
            return found
        for problem in self.problems:
            if f"/{identifier.lower()}/" in problem.lower().replace("\\", "/"):
                raise BadInput(f"{identifier} cannot be used: {problem}")
        near = near_names(identifier, self._guarded(self._index.folders))
        hint = f"Did you mean {' or '.join(near)}?" if near else _ELSEWHERE.format(identifier)
        raise BadInput(f"There is no learnware {identifier!r} in the collection.", hint=hint)

    def find(self, identifier: str) -> Learnware | None:
        """Like :meth:`get`, but None when there is none."""

        def read() -> Learnware | None:
            row = self._index.record(identifier)
            if row is None:
                return None
            tree, folder, stamp, record = row
            if stamp != scan.stamp(self._roots[tree], folder):
                # Edited since: one manifest is cheap to read again.
                self._index.update(tree, [scan.read_row(self._roots[tree], folder)])
                row = self._index.record(identifier)
                if row is None:
                    return None
                tree, _, _, record = row
            return self._build(tree, record)

        return self._guarded(read)

    @property
    def problems(self) -> builtins.list[str]:
        """What was left out of the collection, and why: one sentence each."""
        self._refresh_if_due()
        return self._guarded(self._index.problems)

    def base_of(self, learnware: Learnware) -> Learnware | None:
        """The learnware an adapter builds on; None if it is not here or there is none. Its GGUF
        may come from a repository of its own (``<base>-GGUF``)."""
        base = self.find_base(learnware.model.base) if learnware.model.base else None
        if base is None or "gguf-lora" not in learnware.formats or "gguf" in base.formats:
            return base
        return siblings.with_gguf(base, self.list(siblings.gguf_name(base)))

    def find_base(self, name: str) -> Learnware | None:
        """A whole model here, by its id or the Hub repository or folder it came from."""
        found = self.find(name)
        if found is not None and found.pulled and found.model.kind != "adapter":
            return found
        whole = self._guarded(lambda: self._built(self._index.located(name)))
        return next((each for each in whole if each.model.kind != "adapter"), None)

    def facets(self, where: Where = "here") -> dict[str, builtins.list[str]]:
        """The values there are to filter by: ``domain``, ``base``, ``licence``, ``kind``."""
        self._refresh_if_due()
        names: tuple[Column, ...] = ("domain", "base", "licence", "kind")
        return self._guarded(lambda: {name: self._index.values(name, where) for name in names})

    def is_builtin(self, learnware: Learnware) -> bool:
        """Whether it belongs to the starter collection, which is read-only."""
        folder = learnware.specs_folder
        return folder is not None and folder.is_relative_to(self.starter / "specs")

    def add(
        self,
        learnware: Learnware,
        weights: dict[str, Path],
        specifications: dict[str, Path] | None = None,
        *,
        in_place: bool = False,
        context: JobContext | None = None,
    ) -> Learnware:
        """Add a learnware, wholly or not at all; return it as it is now in the collection.

        ``weights`` maps a path inside the learnware's folder to the file to copy (or, ``in_place``,
        to leave where it is); ``specifications`` likewise. Sizes and SHA-256 are filled in. Raises
        ``BadInput`` for pickles, code, links that lead outside, and an id that is taken;
        ``LwtuiError`` when the disk has no room.
        """
        check_id(learnware.id)
        self._check_free(learnware.id)
        files = (weights, specifications or {})
        request = adding.Request(adding.dated(learnware), *files, in_place, context or JobContext())
        request.check(self.home)
        with self._changes.staged("add", learnware.id) as change:
            request.fill(change)
            with self._changes.lock():
                self._check_free(learnware.id)
                self._changes.commit_add(change)
                self._reread("home", learnware.id)
        return self.get(learnware.id)

    def remove(self, identifier: str, keep: Path | None = None) -> None:
        """Remove a learnware of the user's own with its files; files used in place stay.

        ``keep``: a folder on the same disk that they go to, for :meth:`restore`. Raises
        ``BadInput`` as :meth:`check_removable` does."""
        learnware = self.get(identifier)
        self.check_removable(learnware)
        with self._changes.staged("remove", learnware.id) as change, self._changes.lock():
            self._changes.commit_remove(change, keep)
            self._guarded(lambda: self._index.update("home", [], [learnware.id]))

    def restore(self, identifier: str, kept: Path) -> Learnware:
        """Put back what :meth:`remove` has kept. Raises ``BadInput`` if the id is taken."""
        self._check_free(identifier)
        with self._changes.staged("add", identifier) as change, self._changes.lock():
            self._changes.commit_restore(change, kept)
            self._reread("home", identifier)
        return self.get(identifier)

    def check_removable(self, learnware: Learnware, with_it: Sequence[str] = ()) -> None:
        """Raise ``BadInput`` for a built-in one, and for a base that adapters build on which do
        not go ``with_it``."""
        self._check_own(learnware, "removed")
        users = [each for each in self._users(learnware) if each not in with_it]
        if users:
            named = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if users[5:] else "")
            raise BadInput(
                f"{learnware.id} is the base of {named}.", hint="Remove the adapters first."
            )

    def add_specification(
        self,
        identifier: str,
        file: Path,
        entry: SpecificationEntry,
        data: Sequence[DataSource] = (),
    ) -> Learnware:
        """Copy a specification into a learnware and enter it in its manifest, in place of one of
        the same type, recipe and space. ``entry.sha256`` is filled in. ``data``: what was learnt of
        datasets on the way, as their licences."""
        learnware = self.get(identifier)
        self._check_own(learnware, "changed")
        with self._changes.lock():
            adding.add_specification(self.home / "specs" / learnware.id, file, entry, data)
            self._reread("home", learnware.id)
        return self.get(learnware.id)

    def add_file(
        self,
        identifier: str,
        file: Path,
        entry: ModelFile,
        context: JobContext | None = None,
    ) -> Learnware:
        """Copy a file made of its own into ``models/<id>`` and enter it in its manifest."""
        learnware = self.get(identifier)
        self._check_own(learnware, "changed")
        home = self.home
        with self._changes.lock():
            models, specs = home / "models" / learnware.id, home / "specs" / learnware.id
            adding.add_file(models, specs, file, entry, context or JobContext())
            self._reread("home", learnware.id)
        return self.get(learnware.id)

    def rebuild(self) -> None:
        """Throw the index away and read every manifest again."""
        with self._lock:
            self._replace_index()
        self.refresh()

    def refresh(self) -> bool:
        """Look whether folders were changed by hand, and read those again; True if any was."""
        with self._looking:
            looks = [self._look_at(tree, root) for tree, root in self._roots.items()]
            self._looked = time.monotonic()
        return any(looks)

    def _look_at(self, tree: Tree, root: Path) -> bool:
        # The index is asked before the disk: what another process adds in between then looks new
        # (and is read twice) rather than gone. While the disk is read, others may use the index:
        # 100,000 folders take a second, thousands of new manifests several.
        known = self._guarded(lambda: self._index.stamps(tree))
        rows, gone = scan.look(known, root)
        if rows or gone:
            self._guarded(lambda: self._index.update(tree, rows, gone))
        return bool(rows or gone)

    def _look(self) -> None:
        for tree, root in self._roots.items():
            self._index.update(tree, *scan.look(self._index.stamps(tree), root))

    def _refresh_if_due(self) -> None:
        if time.monotonic() - self._looked >= _REFRESH_SECONDS:
            self.refresh()

    def _reread(self, tree: Tree, folder: str) -> None:
        row = scan.read_row(self._roots[tree], folder)
        self._guarded(lambda: self._index.update(tree, [row]))

    def _build(self, tree: Tree, record: str) -> Learnware:
        root = self._roots[tree]
        try:
            found = from_record(record, str(root / "models"), str(root / "specs"))
            return dataclasses.replace(found, pulled=False) if tree == "known" else found
        except (ValueError, KeyError, TypeError) as error:
            raise CorruptIndexError(str(error)) from error

    def _check_free(self, identifier: str) -> None:
        taken = scan.taken_as([self.starter, self.home], identifier)
        if taken is not None:
            raise BadInput(
                f"There is already {taken} in the collection.",
                hint="Choose another id (--id owner/name), or remove that one first.",
            )

    def _check_own(self, learnware: Learnware, what: str) -> None:
        if self.is_builtin(learnware):
            raise BadInput(f"{learnware.id} is built into lwtui and cannot be {what}.")
        if not learnware.pulled:
            raise BadInput(
                f"{learnware.id} is on the Hub and not on this machine: it cannot be {what}.",
                hint=f"To have it here: lwtui pull {learnware.id}",
            )

    def _users(self, base: Learnware) -> builtins.list[str]:
        """Ids of the adapters here that build on ``base``."""
        if base.model.kind == "adapter":
            return []
        names = {base.id, base.provenance.location} - {""}
        return sorted({user.id for name in names for user in self.list(base=name)})

    def _open_index(self) -> Index:
        path = self.home / FILE_NAME
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            return Index(path)
        except CorruptIndexError:
            with self._changes.lock():
                try:
                    # Another process may have replaced it while we waited for the lock.
                    return Index(path)
                except CorruptIndexError:
                    delete_index(path)
                    return Index(path)
        except (IndexUnavailableError, OSError):
            return Index(None)

    def _replace_index(self) -> None:
        self._index.close()
        with self._changes.lock():
            delete_index(self.home / FILE_NAME)
        self._index = self._open_index()
        self._look()

    def _guarded(self, action: Callable[[], Result]) -> Result:
        """Run an action on the index; one that proves corrupt is filled again and asked again."""
        with self._lock:
            try:
                return action()
            except CorruptIndexError:
                self._replace_index()
            except IndexUnavailableError:
                self._index.close()
                self._index = Index(None)
                self._look()
            return action()
