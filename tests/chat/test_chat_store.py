"""Conversations on disk."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from lwtui.backend.protocol import GenerationSettings, Message
from lwtui.chat.session import ChatSession
from lwtui.chat.store import ChatStore
from lwtui.errors import BadInput, LwtuiError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "home" / "chats.db"


def conversation(*texts: str) -> ChatSession:
    session = ChatSession(
        "a/b", system="Be kind.", settings=GenerationSettings(stop=("x",), seed=1)
    )
    for text in texts:
        session.ask(text)
        turn = session.begin_answer()
        turn.content, turn.status, turn.tokens = f"re: {text}", "complete", 3
    return session


def test_what_is_saved_is_loaded(file: Path) -> None:
    session = conversation("Grüße 🙂 \x1b[31m", "' OR 1=1 --")
    with ChatStore(file) as store:
        store.save(session)
    with ChatStore(file) as store:
        assert store.load(session.id) == session
        assert [s.id for s in store.list()] == [session.id]
        assert store.list()[0].turns == 4


def test_list_is_newest_first_and_searchable(file: Path) -> None:
    with ChatStore(file) as store:
        sessions = [conversation(text) for text in ("about banks", "about drugs", "100% sure_")]
        for session in sessions:
            store.save(session)
        assert [s.id for s in store.list()] == [s.id for s in reversed(sessions)]
        assert [s.title for s in store.list("BANKS")] == ["about banks"]
        assert [s.title for s in store.list("re: about d")] == ["about drugs"]
        assert [s.title for s in store.list("100% sure_")] == ["100% sure_"]
        assert store.list("%%") == []
        assert [s.title for s in store.list(limit=1, offset=1)] == ["about drugs"]
        store.delete(sessions[0].id)
        assert len(store.list()) == 2
        with pytest.raises(BadInput, match="no conversation"):
            store.load(sessions[0].id)


def test_turns_taken_back_do_not_come_again(file: Path) -> None:
    session = conversation("one", "two")
    with ChatStore(file) as store:
        store.save(session)
        del session.turns[2:]
        store.save(session)
        assert len(store.load(session.id).turns) == 2


KILLED = """
import os, sys
from pathlib import Path
from lwtui.chat.session import ChatSession
from lwtui.chat.store import ChatStore
session = ChatSession("a/b", id="one")
session.ask("Hi")
turn = session.begin_answer()
store = ChatStore(Path(sys.argv[1]))
store.save(session)
turn.content = "half an ans"
store.save_last(session)
os.kill(os.getpid(), 9)
"""


def test_half_an_answer_survives_a_kill(file: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(file)], check=False)
    with ChatStore(file) as store:
        turn = store.load("one").turns[-1]
    assert (turn.content, turn.status) == ("half an ans", "stopped")
    assert turn.note


def test_many_threads(file: Path) -> None:
    with ChatStore(file) as store, ChatStore(file) as other:
        threads = [
            threading.Thread(target=s.save, args=(conversation(f"chat {i}"),))
            for i, s in enumerate([store, other] * 10)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(store.list()) == 20


def test_files_that_are_no_conversations(file: Path, tmp_path: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"junk" * 1000)
    with pytest.raises(LwtuiError, match=r"chats\.db"):
        ChatStore(file)
    assert file.read_bytes() == b"junk" * 1000
    newer = tmp_path / "newer.db"
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(LwtuiError, match="newer lwtui"):
        ChatStore(newer)
    (tmp_path / "blocked").write_text("a file where a folder should be")
    with pytest.raises(LwtuiError, match="cannot be opened"):
        ChatStore(tmp_path / "blocked" / "chats.db")


def test_messages_alternate_whatever_happened() -> None:
    session = conversation("one")
    session.ask("failed")
    session.begin_answer().status = "failed"
    session.ask("last")
    assert session.messages() == [
        Message("system", "Be kind."),
        Message("user", "one"),
        Message("assistant", "re: one"),
        Message("user", "last"),
    ]


def test_titles_are_short_lines() -> None:
    assert conversation("  Hello\n\tthere ").title == "Hello there"
    assert len(conversation("word " * 100).title) == 60
