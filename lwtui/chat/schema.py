"""The tables of ``chats.db``, and how an older file becomes one of today's."""

from __future__ import annotations

import sqlite3

VERSION = 3
"""``PRAGMA user_version`` of a file with everything below; each script brings it one further."""

_SESSIONS = """
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

_TRASH_AND_NUMBERS = """
ALTER TABLE chat_session ADD COLUMN deleted TEXT NOT NULL DEFAULT '';
ALTER TABLE chat_session ADD COLUMN forked_from TEXT NOT NULL DEFAULT '';
CREATE TABLE numbered (
    number INTEGER PRIMARY KEY,
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
    UNIQUE (session, position)
) STRICT;
INSERT INTO numbered (session, position, role, content, learnware, status, note, tokens, seconds,
                      created) SELECT * FROM chat_message ORDER BY session, position;
DROP TABLE chat_message;
ALTER TABLE numbered RENAME TO chat_message;
"""
# ``deleted``: when it went to the trash; ``number``: full-text search needs an integer key.

_FIRST_WORD = """
ALTER TABLE chat_message ADD COLUMN first REAL NOT NULL DEFAULT 0;
"""

_SCRIPTS = (_SESSIONS, _TRASH_AND_NUMBERS, _FIRST_WORD)

_WORDS = """
CREATE VIRTUAL TABLE chat_words USING fts5 (
    content, content='chat_message', content_rowid='number',
    tokenize="unicode61 remove_diacritics 2"
);
CREATE TRIGGER chat_words_in AFTER INSERT ON chat_message BEGIN
    INSERT INTO chat_words (rowid, content) VALUES (new.number, new.content); END;
CREATE TRIGGER chat_words_out AFTER DELETE ON chat_message BEGIN
    INSERT INTO chat_words (chat_words, rowid, content)
    VALUES ('delete', old.number, old.content); END;
CREATE TRIGGER chat_words_other AFTER UPDATE OF content ON chat_message BEGIN
    INSERT INTO chat_words (chat_words, rowid, content)
    VALUES ('delete', old.number, old.content);
    INSERT INTO chat_words (rowid, content) VALUES (new.number, new.content); END;
INSERT INTO chat_words (chat_words) VALUES ('rebuild');
"""


def version_of(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def migrate(database: sqlite3.Connection) -> None:
    """Bring an open file to today's tables; the caller holds a transaction."""
    for script in _SCRIPTS[version_of(database) :]:
        _run(database, script)
    database.execute(f"PRAGMA user_version = {VERSION}")


def add_words(database: sqlite3.Connection) -> bool:
    """Make the full-text index if there is none yet; False where SQLite was built without FTS5.
    The caller holds a transaction."""
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'chat_words'").fetchone():
        return True
    (there,) = database.execute(
        "SELECT count(*) FROM pragma_module_list WHERE name = 'fts5'"
    ).fetchone()
    if there:
        _run(database, _WORDS)
    return bool(there)


def _run(database: sqlite3.Connection, script: str) -> None:
    # Not executescript(), which would commit first.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if statement.strip() and sqlite3.complete_statement(statement):
            database.execute(statement)
            statement = ""
