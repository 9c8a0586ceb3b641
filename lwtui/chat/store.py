"""Conversations on disk: ``chats.db``, SQLite with a write-ahead log.

An answer is written while it streams, so a crash of the app loses a second of it at most; what
was still running then is found as ``stopped`` the next time.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from lwtui import paths
from lwtui.backend.protocol import GenerationSettings
from lwtui.chat.session import ChatSession, Turn, now
from lwtui.errors import BadInput, LwtuiError

VERSION = 1
"""``PRAGMA user_version`` of the schema below; a later one is migrated step by step."""

_SCHEMA = """
CREATE TABLE chat_session (
    id TEXT PRIMARY KEY,
    title TEXT NOT NULL,
    learnware TEXT NOT NULL,
    system TEXT NOT NULL,
    settings TEXT NOT NULL,
    created TEXT NOT NULL,
    updated TEXT NOT NULL
) STRICT;
CREATE TABLE chat_message (
    session TEXT NOT NULL REFERENCES chat_session (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    role TEXT NOT NULL CHECK (role IN ('user', 'assistant')),
    content TEXT NOT NULL,
    learnware TEXT NOT NULL,
    status TEXT NOT NULL,
    note TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    seconds REAL NOT NULL,
    created TEXT NOT NULL,
    PRIMARY KEY (session, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX chat_session_updated ON chat_session (updated DESC);
"""
_TURN = ("role", "content", "learnware", "status", "note", "tokens", "seconds", "created")


@dataclass(frozen=True)
class SessionSummary:
    """A conversation in a list."""

    id: str
    title: str
    learnware: str
    updated: str
    turns: int


class ChatStore:
    """Safe between threads and processes. Close it, or use it as a context manager."""

    def __init__(self, file: Path | None = None) -> None:
        """Open, making the file and its folder if need be."""
        self.file = file or paths.home() / "chats.db"
        self._lock = threading.Lock()
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(self.file, timeout=10, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA foreign_keys = ON")
            self._migrate()
        except (OSError, sqlite3.Error) as error:
            raise LwtuiError(
                f"The conversations cannot be opened: {error}",
                file=self.file,
                hint="Move the file away to begin a new one.",
            ) from error

    def _migrate(self) -> None:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            (version,) = self._db.execute("PRAGMA user_version").fetchone()
            if version > VERSION:
                raise LwtuiError(
                    "The conversations were written by a newer lwtui.",
                    file=self.file,
                    hint="Upgrade lwtui, or move the file away.",
                )
            if version == 0:
                for statement in _SCHEMA.split(";\n"):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def __enter__(self) -> ChatStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def save(self, session: ChatSession) -> None:
        """Write a conversation as it is now, in one transaction."""
        session.updated = now()
        settings = json.dumps(asdict(session.settings))
        rows = [
            (session.id, i, *(getattr(turn, name) for name in _TURN))
            for i, turn in enumerate(session.turns)
        ]
        with self._lock, self._db:
            self._db.execute(
                "INSERT INTO chat_session VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE "
                "SET title = excluded.title, learnware = excluded.learnware, "
                "system = excluded.system, settings = excluded.settings, "
                "updated = excluded.updated",
                (
                    session.id,
                    session.title,
                    session.learnware,
                    session.system,
                    settings,
                    session.created,
                    session.updated,
                ),
            )
            self._db.execute("DELETE FROM chat_message WHERE session = ?", (session.id,))
            marks = ", ".join("?" * (2 + len(_TURN)))
            self._db.executemany(f"INSERT INTO chat_message VALUES ({marks})", rows)  # noqa: S608

    def save_last(self, session: ChatSession) -> None:
        """Write the last turn alone: cheap enough to call while it streams."""
        position = len(session.turns) - 1
        values = [getattr(session.turns[position], name) for name in _TURN]
        marks = ", ".join("?" * (2 + len(_TURN)))
        with self._lock, self._db:
            self._db.execute(
                f"INSERT OR REPLACE INTO chat_message VALUES ({marks})",  # noqa: S608
                (session.id, position, *values),
            )

    def load(self, identifier: str) -> ChatSession:
        """One conversation. Raises ``BadInput`` when there is none of this id."""
        with self._lock:
            row = self._db.execute(
                "SELECT id, title, learnware, system, settings, created, updated "
                "FROM chat_session WHERE id = ?",
                (identifier,),
            ).fetchone()
            if row is None:
                raise BadInput(f"There is no conversation {identifier!r}.")
            turns = self._db.execute(
                f"SELECT {', '.join(_TURN)} FROM chat_message "  # noqa: S608
                "WHERE session = ? ORDER BY position",
                (identifier,),
            ).fetchall()
        session = ChatSession(
            id=row[0],
            title=row[1],
            learnware=row[2],
            system=row[3],
            settings=_settings(row[4]),
            created=row[5],
            updated=row[6],
            turns=[Turn(**dict(zip(_TURN, turn, strict=True))) for turn in turns],
        )
        for turn in session.turns:
            if turn.status == "running":
                turn.status, turn.note = "stopped", "lwtui ended in the middle of this answer."
        return session

    def list(self, text: str = "", *, limit: int = 100, offset: int = 0) -> list[SessionSummary]:
        """Conversations, the last used first; ``text`` must occur in a title or a message."""
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        pattern = f"%{escaped}%"
        with self._lock:
            rows = self._db.execute(
                "SELECT id, title, learnware, updated, "
                "(SELECT COUNT(*) FROM chat_message WHERE session = id) "
                "FROM chat_session WHERE title LIKE ? ESCAPE '\\' OR EXISTS "
                "(SELECT 1 FROM chat_message WHERE session = id AND content LIKE ? ESCAPE '\\') "
                "ORDER BY updated DESC, id LIMIT ? OFFSET ?",
                (pattern, pattern, limit, offset),
            ).fetchall()
        return [SessionSummary(*row) for row in rows]

    def delete(self, identifier: str) -> None:
        with self._lock, self._db:
            self._db.execute("DELETE FROM chat_session WHERE id = ?", (identifier,))


def _settings(text: str) -> GenerationSettings:
    """Settings of another version may have more or fewer names."""
    data = json.loads(text)
    known = {field.name for field in fields(GenerationSettings)}
    values = {name: value for name, value in data.items() if name in known}
    if "stop" in values:
        values["stop"] = tuple(values["stop"])
    return GenerationSettings(**values)
