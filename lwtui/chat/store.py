"""Conversations on disk: ``chats.db``, SQLite with a write-ahead log.

An answer is written while it streams, so a crash of the app loses a second of it at most; what
was still running then is found as ``stopped`` the next time.
"""

from __future__ import annotations

import builtins
import json
import sqlite3
import threading
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta, timezone
from pathlib import Path

from lwtui import paths
from lwtui.backend.protocol import GenerationSettings
from lwtui.chat import schema
from lwtui.chat.find import Found, find_text, find_words, like
from lwtui.chat.session import ChatSession, Turn, now, title_of
from lwtui.errors import BadInput, LwtuiError

TRASH_DAYS = 30
"""How long a deleted conversation can be had back."""

_TURN = (
    "role", "content", "learnware", "status", "note", "tokens", "seconds", "created", "first",
)  # fmt: skip
_PUT_TURN = (
    f"INSERT INTO chat_message (session, position, {', '.join(_TURN)})"  # noqa: S608
    f" VALUES ({', '.join('?' * (2 + len(_TURN)))})"
    " ON CONFLICT (session, position) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in _TURN)
)


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
            self._migrate()
            self._db.execute("PRAGMA foreign_keys = ON")
        except (OSError, sqlite3.Error) as error:
            raise LwtuiError(
                f"The conversations cannot be opened: {error}",
                file=self.file,
                hint="Move the file away to begin a new one.",
            ) from error

    def _migrate(self) -> None:
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if schema.version_of(self._db) > schema.VERSION:
                raise LwtuiError(
                    "The conversations were written by a newer lwtui.",
                    file=self.file,
                    hint="Upgrade lwtui, or move the file away.",
                )
            schema.migrate(self._db)
            self._words = schema.add_words(self._db)

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def __enter__(self) -> ChatStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def save(self, session: ChatSession, since: int = 0) -> None:
        """Write a conversation as it is now, in one transaction: what is said of it, and its turns
        from ``since`` on (those before are as they were)."""
        session.updated = now()
        with self._lock, self._db:
            self._put_session(session)
            self._db.execute(
                "DELETE FROM chat_message WHERE session = ? AND position >= ?",
                (session.id, len(session.turns)),
            )
            self._db.executemany(
                _PUT_TURN,
                [
                    (session.id, position, *(getattr(turn, name) for name in _TURN))
                    for position, turn in enumerate(session.turns)
                    if position >= since
                ],
            )

    def save_last(self, session: ChatSession) -> None:
        """Write the last turn alone: cheap enough to call while it streams."""
        position = len(session.turns) - 1
        values = [getattr(session.turns[position], name) for name in _TURN]
        with self._lock, self._db:
            self._db.execute(_PUT_TURN, (session.id, position, *values))

    def _put_session(self, session: ChatSession) -> None:
        names = ("title", "learnware", "system", "settings", "updated")
        changes = ", ".join(f"{name} = excluded.{name}" for name in names)
        self._db.execute(
            f"INSERT INTO chat_session (id, created, forked_from, {', '.join(names)})"  # noqa: S608
            f" VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET {changes}",
            (
                session.id,
                session.created,
                session.forked_from,
                session.title,
                session.learnware,
                session.system,
                json.dumps(asdict(session.settings)),
                session.updated,
            ),
        )

    def load(self, identifier: str) -> ChatSession:
        """One conversation. Raises ``BadInput`` when there is none of this id."""
        with self._lock:
            row = self._db.execute(
                "SELECT id, title, learnware, system, settings, created, updated, forked_from "
                "FROM chat_session WHERE id = ? AND deleted = ''",
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
            forked_from=row[7],
            turns=[Turn(**dict(zip(_TURN, turn, strict=True))) for turn in turns],
        )
        for turn in session.turns:
            if turn.status == "running":
                turn.status, turn.note = "stopped", "lwtui ended in the middle of this answer."
        return session

    def list(self, text: str = "", *, limit: int = 100, offset: int = 0) -> list[SessionSummary]:
        """Conversations, the last used first; ``text`` must occur in a title or a message."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, title, learnware, updated, "
                "(SELECT COUNT(*) FROM chat_message WHERE session = id) "
                "FROM chat_session WHERE deleted = '' AND (title LIKE ? ESCAPE '\\' OR EXISTS "
                "(SELECT 1 FROM chat_message WHERE session = id AND content LIKE ? ESCAPE '\\')) "
                "ORDER BY updated DESC, id LIMIT ? OFFSET ?",
                (like(text), like(text), limit, offset),
            ).fetchall()
        return [SessionSummary(*row) for row in rows]

    def find(self, text: str, limit: int = 50) -> builtins.list[Found]:
        """Messages of all conversations that hold every word of ``text``, best first; if none
        does, those that hold it as it is."""
        with self._lock:
            found = find_words(self._db, text, limit) if self._words else []
            return found or find_text(self._db, text, limit)

    def rename(self, identifier: str, title: str) -> None:
        """Give a conversation another title. Raises ``BadInput`` when there is none of this id, or
        nothing to call it."""
        line = title_of(title)
        if not line:
            raise BadInput("A conversation needs a name.")
        self._change(identifier, "title = ?", line)

    def delete(self, identifier: str) -> None:
        """Move a conversation to the trash, from where :meth:`restore` brings it back for
        ``TRASH_DAYS``. Raises ``BadInput`` when there is none of this id."""
        self._change(identifier, "deleted = ?", now())
        limit = datetime.now(timezone.utc) - timedelta(days=TRASH_DAYS)
        with self._lock, self._db:
            self._db.execute(
                "DELETE FROM chat_session WHERE deleted <> '' AND deleted < ?", (limit.isoformat(),)
            )

    def restore(self, identifier: str) -> None:
        """Take a conversation out of the trash. Raises ``BadInput`` when it is not there."""
        self._change(identifier, "deleted = ?", "", within="deleted <> ''")

    def trash(self) -> builtins.list[SessionSummary]:
        """What was deleted and can be had back, the last deleted first."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id, title, learnware, updated, "
                "(SELECT COUNT(*) FROM chat_message WHERE session = id) "
                "FROM chat_session WHERE deleted <> '' ORDER BY deleted DESC"
            ).fetchall()
        return [SessionSummary(*row) for row in rows]

    def resolve(self, start: str) -> str:
        """The whole id of the one conversation whose id begins so. Raises ``BadInput``."""
        with self._lock:
            rows = self._db.execute(
                "SELECT id FROM chat_session WHERE substr(id, 1, ?) = ? LIMIT 2",
                (len(start), start),
            ).fetchall()
        if not start or not rows:
            raise BadInput(
                f"There is no conversation {start!r}.", hint="`lwtui chats` shows what there is."
            )
        if len(rows) > 1:
            raise BadInput(f"Several conversations begin with {start!r}.", hint="Write more of it.")
        return str(rows[0][0])

    def _change(self, identifier: str, what: str, value: str, within: str = "deleted = ''") -> None:
        with self._lock, self._db:
            changed = self._db.execute(
                f"UPDATE chat_session SET {what} WHERE id = ? AND {within}",  # noqa: S608
                (value, identifier),
            ).rowcount
        if not changed:
            raise BadInput(f"There is no conversation {identifier!r}.")


def _settings(text: str) -> GenerationSettings:
    """Settings of another version may have more or fewer names."""
    data = json.loads(text)
    known = {field.name for field in fields(GenerationSettings)}
    values = {name: value for name, value in data.items() if name in known}
    if "stop" in values:
        values["stop"] = tuple(values["stop"])
    return GenerationSettings(**values)
