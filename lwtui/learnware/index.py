"""The index of the collection: a SQLite file that may be thrown away at any time.

The folders are the truth. A row holds what one manifest said and the stamp its file had then, so
that one ``stat`` per learnware tells whether the row is still right. The file is deleted and
filled again when it is missing, corrupt, or written by a newer lwtui.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from lwtui.errors import LwtuiError

FILE_NAME = "index.db"

Tree = Literal["starter", "home", "known"]
Where = Literal["here", "known", "all"]
"""``here``: with weights on this machine; ``known``: only those without."""
Column = Literal["domain", "base", "licence", "kind"]
Result = TypeVar("Result")

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE learnware (
        tree TEXT NOT NULL,      -- 'starter', 'home' or 'known'
        folder TEXT NOT NULL,    -- owner/name as the folders are called
        id_key TEXT NOT NULL,    -- lower case: ids are unique without regard to case
        stamp TEXT NOT NULL,     -- of the manifest's file; '' to read it again
        record TEXT,             -- JSON of the learnware; NULL when its manifest is broken
        problem TEXT,            -- what is wrong with it, else NULL
        shadowed INTEGER NOT NULL DEFAULT 0,
        search TEXT NOT NULL DEFAULT '',
        domain TEXT NOT NULL DEFAULT '',
        base TEXT NOT NULL DEFAULT '',
        licence TEXT NOT NULL DEFAULT '',
        kind TEXT NOT NULL DEFAULT '',
        location TEXT NOT NULL DEFAULT '',  -- where it came from
        PRIMARY KEY (tree, folder)
    );
    CREATE INDEX learnware_id ON learnware (id_key);
    CREATE INDEX learnware_location ON learnware (location);
    """,
    # The tree 'known'. A learnware with weights hides one of the same id without them.
    "UPDATE learnware SET stamp = ''",
)
"""Script *n* brings ``PRAGMA user_version`` from *n* to *n + 1*."""

_BUSY_SECONDS = 15.0
_SHADOW = """
    UPDATE learnware SET shadowed = EXISTS (
        SELECT 1 FROM learnware AS other
        WHERE other.id_key = learnware.id_key AND other.record IS NOT NULL AND (
            instr('starter home known', other.tree) < instr('starter home known', learnware.tree)
            OR other.tree = learnware.tree AND other.folder < learnware.folder
        )
    )
"""


class CorruptIndexError(Exception):
    """The index file makes no sense: throw it away and fill it again."""


class IndexUnavailableError(Exception):
    """The index cannot be kept on this disk (read-only, full): use one in memory."""


@dataclass(frozen=True)
class Row:
    """One learnware of the index."""

    folder: str
    stamp: str
    record: str | None
    problem: str | None = None
    search: str = ""
    domain: str = ""
    base: str = ""
    licence: str = ""
    kind: str = ""
    location: str = ""


@dataclass(frozen=True)
class Query:
    """What a list may be narrowed by; empty means anything. Compared without regard to case."""

    text: str = ""
    domain: str = ""
    base: str = ""
    licence: str = ""
    kind: str = ""
    within: Where = "here"

    def where(self) -> tuple[str, list[str]]:
        """An SQL condition and its values."""
        parts = ["record IS NOT NULL", "NOT shadowed"]
        values: list[str] = []
        for word in self.text.casefold().split():
            parts.append("instr(search, ?) > 0")
            values.append(word)
        for column in ("domain", "licence", "kind"):
            wanted = getattr(self, column)
            if wanted:
                parts.append(f"{column} = ?")
                values.append(wanted.casefold())
        if self.within != "all":
            parts.append(f"tree {'=' if self.within == 'known' else '<>'} 'known'")
        if self.base:
            # The whole id, or the part after the owner.
            parts.append("(base = ? OR substr(base, instr(base, '/') + 1) = ?)")
            values += [self.base.casefold()] * 2
        return " AND ".join(parts), values


class Index:
    """An open index. Safe between threads; other processes may use the same file."""

    def __init__(self, path: Path | None) -> None:
        """Open ``path``, or an index in memory for None.

        Raises ``CorruptIndexError`` or ``IndexUnavailableError``.
        """
        self._lock = threading.RLock()
        with _translated():
            self._connection = sqlite3.connect(
                str(path) if path else ":memory:",
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            with _translated():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def stamps(self, tree: Tree) -> dict[str, str]:
        """The stamp of every row of a tree, by folder."""
        rows = self._select("SELECT folder, stamp FROM learnware WHERE tree = ?", [tree])
        return dict(rows)

    def update(self, tree: Tree, rows: Iterable[Row], gone: Iterable[str] = ()) -> None:
        """Put rows in and take the folders ``gone`` out, in one transaction."""
        with self._transaction() as connection:
            connection.executemany(
                "DELETE FROM learnware WHERE tree = ? AND folder = ?",
                [(tree, folder) for folder in gone],
            )
            connection.executemany(
                "INSERT OR REPLACE INTO learnware (tree, folder, id_key, stamp, record, problem,"
                " search, domain, base, licence, kind, location) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
                [_values(tree, row) for row in rows],
            )
            # Of two folders whose names differ only in case the first is seen; a built-in
            # learnware goes before a user's, and one that is only known goes last.
            connection.execute(_SHADOW)

    def records(
        self, query: Query, limit: int | None = None, offset: int = 0
    ) -> list[tuple[Tree, str]]:
        """(tree, record) of the learnwares a query finds, sorted by id."""
        where, values = query.where()
        window = [-1 if limit is None else max(0, limit), max(0, offset)]
        return self._select(
            f"SELECT tree, record FROM learnware WHERE {where} ORDER BY id_key LIMIT ? OFFSET ?",  # noqa: S608
            [*values, *window],
        )

    def count(self, query: Query) -> int:
        where, values = query.where()
        rows = self._select(f"SELECT count(*) FROM learnware WHERE {where}", values)  # noqa: S608
        return int(rows[0][0])

    def record(self, identifier: str) -> tuple[Tree, str, str, str] | None:
        """(tree, folder, stamp, record) of one learnware, or None."""
        rows = self._select(
            "SELECT tree, folder, stamp, record FROM learnware"
            " WHERE id_key = ? AND record IS NOT NULL AND NOT shadowed",
            [identifier.lower()],
        )
        return rows[0] if rows else None

    def located(self, location: str) -> list[tuple[Tree, str]]:
        """(tree, record) of the learnwares here that came from a place, sorted by id."""
        return self._select(
            "SELECT tree, record FROM learnware WHERE location = ? AND tree <> 'known'"
            " AND record IS NOT NULL AND NOT shadowed ORDER BY id_key",
            [location.casefold()],
        )

    def values(self, column: Column, where: Where = "here") -> list[str]:
        """The different values of a column, lower case, sorted, without the empty one."""
        condition, values = Query(within=where).where()
        rows = self._select(
            f"SELECT DISTINCT {column} FROM learnware"  # noqa: S608
            f" WHERE {condition} AND {column} <> '' ORDER BY {column}",
            values,
        )
        return [row[0] for row in rows]

    def folders(self) -> list[str]:
        """``owner/name`` of every learnware that can be used, sorted."""
        query = "SELECT folder FROM learnware WHERE record IS NOT NULL ORDER BY id_key"
        return [row[0] for row in self._select(query, [])]

    def problems(self) -> list[str]:
        rows = self._select(
            "SELECT tree, folder, problem, shadowed FROM learnware"
            " WHERE problem IS NOT NULL OR shadowed AND tree <> 'known' ORDER BY tree, folder",
            [],
        )
        hidden = "{}: another learnware has this id (upper and lower case do not tell two apart)."
        return [problem or hidden.format(folder) for _, folder, problem, _ in rows]

    def _select(self, query: str, values: Sequence[Any]) -> list[Any]:
        with self._lock, _translated():
            return self._connection.execute(query, values).fetchall()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock, _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _prepare(self) -> None:
        connection = self._connection
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            # Another process that opens the new file at this moment sets it too.
            with contextlib.suppress(sqlite3.OperationalError):
                connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if self._version() == len(MIGRATIONS):
            return
        with self._transaction():
            version = self._version()
            if version > len(MIGRATIONS):
                # A newer lwtui wrote it. Nothing in it is worth keeping: start again.
                names = connection.execute(
                    "SELECT name FROM sqlite_master"
                    " WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
                ).fetchall()
                for (name,) in names:
                    connection.execute(f'DROP TABLE "{name}"')
                version = 0
            for script in MIGRATIONS[version:]:
                for statement in script.split(";\n"):
                    if statement.strip():
                        connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])


def delete_index(path: Path) -> None:
    """Remove an index file with SQLite's two companions."""
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)


def _values(tree: Tree, row: Row) -> tuple[Any, ...]:
    facets = (row.domain.casefold(), row.base.casefold(), row.licence.casefold())
    key = row.folder.lower()
    told = (row.stamp, row.record, row.problem, row.search)
    return (tree, row.folder, key, *told, *facets, row.kind, row.location.casefold())


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Tell apart what SQLite reports. Its error codes need Python 3.11, hence the texts."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.DatabaseError as error:
        text = str(error).lower()
        if "locked" in text or "busy" in text:
            raise LwtuiError(
                "The collection's index is in use by another program.",
                hint="Wait until other lwtui windows are done, then try again.",
            ) from error
        if any(word in text for word in ("readonly", "unable to open", "full", "i/o error")):
            raise IndexUnavailableError(text) from error
        raise CorruptIndexError(text) from error
