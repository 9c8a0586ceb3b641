"""Search over every message of every conversation."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

_SNIPPET = "snippet(chat_words, 0, '\ue000', '\ue001', '…', 16)"
_OPEN, _CLOSE = "\ue000", "\ue001"
"""Mark what was found. Of the private use area: a message that holds them is at worst shown with a
piece too many marked."""


@dataclass(frozen=True)
class Found:
    """A message that holds the words."""

    session: str
    title: str
    position: int
    """Its place in the conversation, 0 for the first message."""
    role: str
    updated: str
    snippet: tuple[tuple[str, bool], ...]
    """Pieces of its text, and whether a piece is what was looked for."""


def find_words(database: sqlite3.Connection, text: str, limit: int) -> list[Found]:
    """Messages that hold every word of ``text``, the last as the beginning of one, best first."""
    words = text.split()
    if not words:
        return []
    quoted = ['"' + word.replace('"', '""') + '"' for word in words]
    rows = database.execute(
        f"SELECT m.session, s.title, m.position, m.role, s.updated, {_SNIPPET}"  # noqa: S608
        " FROM chat_words JOIN chat_message AS m ON m.number = chat_words.rowid"
        " JOIN chat_session AS s ON s.id = m.session AND s.deleted = ''"
        " WHERE chat_words MATCH ? ORDER BY rank, s.updated DESC LIMIT ?",
        (" ".join(quoted) + "*", limit),
    ).fetchall()
    return [Found(s, t, p, r, u, _pieces(text)) for s, t, p, r, u, text in rows]


def find_text(database: sqlite3.Connection, text: str, limit: int) -> list[Found]:
    """Messages that hold ``text`` as it is, the newest conversation first: for writing without
    spaces between words, and where SQLite has no full-text search."""
    wanted = text.strip()
    if not wanted:
        return []
    rows = database.execute(
        "SELECT m.session, s.title, m.position, m.role, s.updated, m.content"
        " FROM chat_message AS m JOIN chat_session AS s ON s.id = m.session AND s.deleted = ''"
        " WHERE m.content LIKE ? ESCAPE '\\' ORDER BY s.updated DESC, m.position LIMIT ?",
        (like(wanted), limit),
    ).fetchall()
    return [Found(s, t, p, r, u, _around(text, wanted)) for s, t, p, r, u, text in rows]


def like(text: str) -> str:
    """A pattern for LIKE … ESCAPE '\\' that means ``text`` anywhere."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _pieces(marked: str) -> tuple[tuple[str, bool], ...]:
    pieces = []
    for number, part in enumerate(marked.split(_OPEN)):
        found, closed, rest = part.partition(_CLOSE)
        if number and closed:
            pieces += [(found, True), (rest, False)]
        else:
            pieces.append((part, False))
    return tuple((piece.replace(_CLOSE, ""), hit) for piece, hit in pieces if piece)


def _around(content: str, wanted: str, room: int = 60) -> tuple[tuple[str, bool], ...]:
    at = content.casefold().find(wanted.casefold())
    if at < 0 or len(content.casefold()) != len(content):
        at = max(0, content.lower().find(wanted.lower()))
    end = at + len(wanted)
    before = ("…" if at > room else "") + content[max(0, at - room) : at]
    after = content[end : end + room] + ("…" if len(content) > end + room else "")
    pieces = ((before, False), (content[at:end], True), (after, False))
    return tuple((piece, hit) for piece, hit in pieces if piece)
