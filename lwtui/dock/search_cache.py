"""What the Hub said before, with when: ``LWTUI_HOME/cache/hub.db``.

A cache may be lost at any time, so nothing about it is an error: a damaged file is made anew, and
where it cannot be written nothing is kept. Each Hub and each user has its own answers.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lwtui import paths
from lwtui.dock import hub_settings

VERSION = 1
"""``PRAGMA user_version`` of the table, and of the layout of what it holds."""
MOST_ROWS = 2_000
MOST_BYTES = 48 * 2**20
"""Of the answers, packed. The oldest go first."""
_LARGEST = 16 * 2**20
_TABLE = """CREATE TABLE answer (
    key TEXT PRIMARY KEY, fetched REAL NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID"""


@dataclass(frozen=True)
class Answer:
    """What was kept: JSON values, and when the Hub said them (seconds since 1970)."""

    value: Any
    fetched: float


def cache_file() -> Path:
    return paths.home() / "cache" / "hub.db"


def key(kind: str, *parts: Any) -> str:
    """The key of an answer of this Hub to this user. A token enters only as a short hash."""
    user = hub_settings.token() or ""
    secret = hashlib.sha256(user.encode()).hexdigest()[:12] if user else ""
    told = json.dumps([kind, hub_settings.endpoint(), secret, *parts], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def read(name: str) -> Answer | None:
    """What is kept under a key; None if there is nothing."""
    if not cache_file().is_file():
        return None
    with _ignored(), _open() as connection:
        row = connection.execute(
            "SELECT fetched, body FROM answer WHERE key = ?", [name]
        ).fetchone()
        if row is not None:
            unpacked = zlib.decompressobj().decompress(row[1], 8 * _LARGEST)
            return Answer(json.loads(unpacked), float(row[0]))
    return None


def write(name: str, value: Any, fetched: float) -> None:
    """Keep ``value``; the oldest answers go when there are too many."""
    body = zlib.compress(json.dumps(value).encode(), 1)
    if len(body) > _LARGEST:
        return
    with _ignored():
        cache_file().parent.mkdir(parents=True, exist_ok=True)
        with _open() as connection, connection:
            connection.execute(
                "INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)",
                [name, fetched, len(body), body],
            )
            _shorten(connection)


def forget() -> None:
    """Remove every answer."""
    for end in ("", "-wal", "-shm"):
        with contextlib.suppress(OSError):
            cache_file().with_name(cache_file().name + end).unlink(missing_ok=True)


def _shorten(connection: sqlite3.Connection) -> None:
    rows, size = connection.execute("SELECT count(*), total(size) FROM answer").fetchone()
    if rows <= MOST_ROWS and size <= MOST_BYTES:
        return
    gone = []
    for name, each in connection.execute("SELECT key, size FROM answer ORDER BY fetched"):
        # Somewhat more than needed, so that it is not done at every answer.
        if rows <= MOST_ROWS * 0.9 and size <= MOST_BYTES * 0.9:
            break
        gone.append([name])
        rows, size = rows - 1, size - each
    connection.executemany("DELETE FROM answer WHERE key = ?", gone)


@contextlib.contextmanager
def _open() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(cache_file(), timeout=2)) as connection:
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("DROP TABLE IF EXISTS answer")
                connection.execute(_TABLE)
                connection.execute(f"PRAGMA user_version = {VERSION}")
        yield connection


@contextlib.contextmanager
def _ignored() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        text = str(error).lower()
        if "malformed" in text or "not a database" in text:
            forget()
    except (OSError, ValueError, zlib.error):
        pass
