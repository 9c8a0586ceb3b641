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
from typing import Any, TypeVar

from lwtui.errors import LwtuiError
from lwtui.learnware.index_schema import MIGRATIONS
from lwtui.learnware.query import Column, Query, Tree, Where

__all__ = [
    "FILE_NAME", "MIGRATIONS", "Column", "CorruptIndexError", "Index", "IndexUnavailableError",
    "Query", "Result", "Row", "Tree", "Where", "delete_index",
]  # fmt: skip

FILE_NAME = "index.db"

Result = TypeVar("Result")

_BUSY_SECONDS = 15.0
# Of two folders whose names differ only in case the first is seen; a built-in learnware goes
# before a user's, and one that is only known goes last.
_SHADOW = """
    UPDATE listing SET shadowed = EXISTS (
        SELECT 1 FROM listing AS other JOIN learnware AS its USING (number)
        WHERE other.id_key = listing.id_key AND (
            instr('starter home known', other.tree) < instr('starter home known', listing.tree)
            OR other.tree = listing.tree AND its.folder <
                (SELECT folder FROM learnware WHERE number = listing.number)
        )
    ) WHERE id_key IN (SELECT id_key FROM touched)
"""
_LISTED = (
    "tree", "id_key", "domain", "task", "base", "licence", "kind", "formats", "size", "weight",
    "grade", "added", "location", "search",
)  # fmt: skip


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
    task: str = ""
    base: str = ""
    licence: str = ""
    kind: str = ""
    formats: tuple[str, ...] = ()
    size: int = 0
    """Bytes of all files."""
    weight: int = 0
    """Bytes of the files of its smallest format."""
    grade: int = 0
    """Of its best specification, from 0, none, to 4."""
    added: str = ""
    location: str = ""


class Index:
    """An open index. Safe between threads; other processes may use the same file."""

    def __init__(self, path: Path | None) -> None:
        """Open ``path``, or an index in memory for None.

        Raises ``CorruptIndexError`` or ``IndexUnavailableError``.
        """
        self._lock = threading.RLock()
        self._writes = 0
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
        with self._lock, _translated():
            return dict(
                self._connection.execute(
                    "SELECT folder, stamp FROM learnware WHERE tree = ?", [tree]
                )
            )

    def update(self, tree: Tree, rows: Iterable[Row], gone: Iterable[str] = ()) -> None:
        """Put rows in and take the folders ``gone`` out, in one transaction."""
        rows, gone = list(rows), list(gone)
        with self._transaction() as connection:
            connection.execute("CREATE TEMP TABLE IF NOT EXISTS touched (id_key TEXT)")
            connection.execute("DELETE FROM touched")
            connection.executemany(
                "INSERT INTO touched VALUES (?)",
                [(name.lower(),) for name in (*gone, *(row.folder for row in rows))],
            )
            connection.executemany(
                "DELETE FROM listing WHERE number ="
                " (SELECT number FROM learnware WHERE tree = ? AND folder = ?)",
                [(tree, name) for name in (*gone, *(row.folder for row in rows))],
            )
            connection.executemany(
                "DELETE FROM learnware WHERE tree = ? AND folder = ?",
                [(tree, folder) for folder in gone],
            )
            connection.executemany(
                "INSERT INTO learnware (tree, folder, stamp, record, problem) VALUES (?,?,?,?,?)"
                " ON CONFLICT (tree, folder) DO UPDATE SET stamp = excluded.stamp,"
                " record = excluded.record, problem = excluded.problem",
                [(tree, row.folder, row.stamp, row.record, row.problem) for row in rows],
            )
            connection.executemany(
                f"INSERT INTO listing (number, {', '.join(_LISTED)})"  # noqa: S608
                f" SELECT number, {', '.join('?' * len(_LISTED))} FROM learnware"
                " WHERE tree = ? AND folder = ?",
                [(*_values(tree, row), tree, row.folder) for row in rows if row.record is not None],
            )
            connection.execute(_SHADOW)
            self._writes += 1

    @property
    def revision(self) -> tuple[int, int]:
        """Another one after every change, whoever made it."""
        return int(self._select("PRAGMA data_version", [])[0][0]), self._writes

    def records(
        self, query: Query, limit: int | None = None, offset: int = 0
    ) -> list[tuple[Tree, str]]:
        """(tree, record) of the learnwares a query finds, in its order."""
        where, values = query.where()
        window = [-1 if limit is None else max(0, limit), max(0, offset)]
        return self._select(
            "SELECT tree, (SELECT record FROM learnware WHERE number = listing.number)"  # noqa: S608
            f" FROM listing WHERE {where} ORDER BY {query.order()} LIMIT ? OFFSET ?",
            [*values, *window],
        )

    def numbers(self, query: Query) -> list[int]:
        """The numbers of all that a query finds, in its order."""
        where, values = query.where()
        return self._column(
            f"SELECT number FROM listing WHERE {where} ORDER BY {query.order()}",  # noqa: S608
            values,
        )

    def texts(self, query: Query) -> list[str]:
        """Beside :meth:`numbers`: what a search looks at in each, the id in the first line."""
        where, values = query.where()
        return self._column(
            f"SELECT search FROM listing WHERE {where} ORDER BY {query.order()}",  # noqa: S608
            values,
        )

    def records_of(self, numbers: Sequence[int]) -> list[tuple[Tree, str]]:
        """(tree, record) of these, in this order; one that is gone meanwhile is left out."""
        found: dict[int, tuple[Tree, str]] = {}
        for start in range(0, len(numbers), 500):  # SQLite takes so many values at once
            part = numbers[start : start + 500]
            marks = ", ".join("?" * len(part))
            rows = self._select(
                f"SELECT number, tree, record FROM learnware WHERE number IN ({marks})",  # noqa: S608
                list(part),
            )
            found.update({number: (tree, record) for number, tree, record in rows if record})
        return [found[number] for number in numbers if number in found]

    def count(self, query: Query) -> int:
        where, values = query.where()
        rows = self._select(f"SELECT count(*) FROM listing WHERE {where}", values)  # noqa: S608
        return int(rows[0][0])

    def record(self, identifier: str) -> tuple[Tree, str, str, str] | None:
        """(tree, folder, stamp, record) of one learnware, or None."""
        rows = self._select(
            "SELECT learnware.tree, folder, stamp, record FROM listing JOIN learnware"
            " USING (number) WHERE id_key = ? AND NOT shadowed",
            [identifier.lower()],
        )
        return rows[0] if rows else None

    def located(self, location: str) -> list[tuple[Tree, str]]:
        """(tree, record) of the learnwares here that came from a place, sorted by id."""
        return self._select(
            "SELECT learnware.tree, record FROM listing JOIN learnware USING (number)"
            " WHERE location = ? AND listing.tree <> 'known' AND NOT shadowed ORDER BY id_key",
            [location.casefold()],
        )

    def values(self, column: Column, where: Where = "here") -> list[str]:
        """The different values of a column, lower case, sorted, without the empty one."""
        condition, values = Query(within=where).where()
        rows = self._select(
            f"SELECT DISTINCT {column} FROM listing"  # noqa: S608
            f" WHERE {condition} AND {column} <> '' ORDER BY {column}",
            values,
        )
        return [row[0] for row in rows]

    def folders(self) -> list[str]:
        """``owner/name`` of every learnware that can be used, sorted."""
        query = "SELECT folder FROM learnware JOIN listing USING (number) ORDER BY id_key"
        return [row[0] for row in self._select(query, [])]

    def problems(self) -> list[str]:
        # Two questions: of both at once SQLite makes a look at every row.
        broken = self._select(
            "SELECT tree, folder, problem FROM learnware WHERE problem IS NOT NULL", []
        )
        hidden = self._select(
            "SELECT learnware.tree, folder, '' FROM listing JOIN learnware USING (number)"
            " WHERE shadowed = 1 AND listing.tree <> 'known'",
            [],
        )
        text = "{}: another learnware has this id (upper and lower case do not tell two apart)."
        return [problem or text.format(folder) for _, folder, problem in sorted([*broken, *hidden])]

    def _select(self, query: str, values: Sequence[Any]) -> list[Any]:
        with self._lock, _translated():
            return self._connection.execute(query, values).fetchall()

    def _column(self, query: str, values: Sequence[Any]) -> list[Any]:
        # Row by row: 100,000 tuples at once would call the cycle collector, which stops the screen.
        with self._lock, _translated():
            return [value for (value,) in self._connection.execute(query, values)]

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
        connection.execute("PRAGMA temp_store = MEMORY")
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
    """Of the columns ``_LISTED``."""
    words = (row.domain, row.task, row.base, row.licence)
    facets = (*(word.casefold() for word in words), row.kind, f" {' '.join(row.formats)} ")
    numbers = (row.size, row.weight, row.grade)
    return (
        tree, row.folder.lower(), *facets, *numbers, row.added, row.location.casefold(), row.search,
    )  # fmt: skip


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
