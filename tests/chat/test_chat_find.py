"""Conversations found, renamed, forked, thrown away and had back, exported."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lwtui.chat import find, schema
from lwtui.chat.export import to_json, to_markdown
from lwtui.chat.session import ChatSession
from lwtui.chat.store import ChatStore
from lwtui.errors import BadInput


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ChatStore]:
    with ChatStore(tmp_path / "chats.db") as opened:
        yield opened


def conversation(*texts: str, id: str = "") -> ChatSession:
    session = ChatSession("a/b", **({"id": id} if id else {}))
    for text in texts:
        session.ask(text)
        turn = session.begin_answer()
        turn.content, turn.status = f"Answer to {text}", "complete"
    return session


def found(store: ChatStore, text: str) -> list[tuple[str, int]]:
    return [(each.title, each.position) for each in store.find(text)]


def test_every_word_must_be_there_and_the_last_may_be_begun(store: ChatStore) -> None:
    store.save(conversation("How do I block my card", "And the crème brûlée"))
    store.save(conversation("Which drug for a cold"))
    assert found(store, "card block") == [("How do I block my card", n) for n in (0, 1)]
    assert found(store, "BRUL creme") == []  # only the last word may be begun
    assert [place for _, place in found(store, "creme bru")] == [2, 3]
    assert found(store, "answer drug") == [("Which drug for a cold", 1)]
    assert found(store, "") == found(store, "   ") == found(store, "nothing of it") == []
    (first, _) = store.find("card")
    assert ("card", True) in first.snippet
    assert "".join(piece for piece, _ in first.snippet) == "How do I block my card"


@pytest.mark.parametrize("text", ['"', "a AND", "NEAR(", "content:x", "*", "' OR 1=1", "%", "x*y"])
def test_what_is_typed_is_never_a_query_language(store: ChatStore, text: str) -> None:
    store.save(conversation(f"before {text} after", "something else"))
    assert all(place in (0, 1) for _, place in found(store, text))


def test_writing_without_spaces_is_found_in_its_middle(store: ChatStore) -> None:
    store.save(conversation("我想查询银行卡余额"))
    assert [place for _, place in found(store, "银行卡")] == [0, 1]
    (first, _) = store.find("银行卡")
    assert first.snippet == (("我想查询", False), ("银行卡", True), ("余额", False))


def test_what_changed_or_went_is_not_found(store: ChatStore) -> None:
    session = conversation("one apple", "two pears")
    store.save(session)
    assert session.take_back(2) == "two pears"
    store.save(session, since=2)
    assert found(store, "pears") == []
    session.turns[1].content = "bananas"
    store.save_last(session)
    assert [place for _, place in found(store, "bananas")] == [1]
    assert [place for _, place in found(store, "apple")] == [0]
    store.delete(session.id)
    assert found(store, "apple") == []


def test_only_the_turns_from_since_are_written(store: ChatStore) -> None:
    session = conversation("one", "two")
    store.save(session)
    session.turns[0].content = "changed in memory alone"
    session.turns[3].content = "written"
    store.save(session, since=3)
    assert [turn.content for turn in store.load(session.id).turns] == [
        "one",
        "Answer to one",
        "two",
        "written",
    ]


def test_trash(store: ChatStore) -> None:
    session = conversation("keep me")
    store.save(session)
    store.delete(session.id)
    assert store.list() == []
    assert [each.title for each in store.trash()] == ["keep me"]
    with pytest.raises(BadInput, match="no conversation"):
        store.load(session.id)
    with pytest.raises(BadInput):
        store.delete(session.id)
    store.restore(session.id)
    assert store.load(session.id) == session
    assert store.trash() == []
    assert [place for _, place in found(store, "keep")] == [0, 1]


def test_the_trash_is_emptied_of_what_is_old(store: ChatStore) -> None:
    old, new = conversation("old"), conversation("new")
    for session in (old, new):
        store.save(session)
    store.delete(old.id)
    with sqlite3.connect(store.file) as database:
        database.execute("UPDATE chat_session SET deleted = '2001' WHERE deleted <> ''")
    store.delete(new.id)
    assert [each.title for each in store.trash()] == ["new"]


def test_rename_and_find_by_the_beginning_of_an_id(store: ChatStore) -> None:
    for identifier in ("abc1", "abd2"):
        store.save(conversation("Hello", id=identifier))
    store.rename("abc1", "  Of\n bank cards ")
    assert store.load("abc1").title == "Of bank cards"
    assert store.resolve("abc") == "abc1"
    for wrong in ("ab", "x", "", "%"):
        with pytest.raises(BadInput):
            store.resolve(wrong)
    with pytest.raises(BadInput, match="name"):
        store.rename("abc1", " ")


def test_a_fork_goes_its_own_way(store: ChatStore) -> None:
    session = conversation("one", "two")
    fork = session.fork(1)
    fork.turns[0].content = "another"
    assert (session.turns[0].content, len(session.turns)) == ("one", 4)
    assert (fork.title, fork.forked_from, len(fork.turns)) == ("one (fork)", session.id, 2)
    for each in (session, fork):
        store.save(each)
    assert store.load(fork.id) == fork
    with pytest.raises(IndexError):
        session.fork(4)
    with pytest.raises(ValueError, match="answer"):
        session.take_back(1)


def test_a_file_of_the_first_version_is_brought_up(tmp_path: Path) -> None:
    file = tmp_path / "chats.db"
    with sqlite3.connect(file) as database:
        schema._run(database, schema._SESSIONS)
        database.execute("PRAGMA user_version = 1")
        database.execute("INSERT INTO chat_session VALUES ('s', 'T', 'a/b', '', '{}', 'c', 'u')")
        values = [
            ("s", n, role, f"text {n}", "", "complete", "", 0, 0.0, "c")
            for n, role in ((0, "user"), (1, "assistant"))
        ]
        marks = "?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
        database.executemany(f"INSERT INTO chat_message VALUES ({marks})", values)  # noqa: S608
    with ChatStore(file) as store:
        assert [turn.content for turn in store.load("s").turns] == ["text 0", "text 1"]
        assert found(store, "text 1") == [("T", 1)]
    with ChatStore(file) as store:
        assert found(store, "text") == [("T", 0), ("T", 1)]


def test_without_full_text_search_it_looks_through_the_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "add_words", lambda database: False)
    with ChatStore(tmp_path / "chats.db") as store:
        store.save(conversation("about banks"))
        assert found(store, "T BAN") == [("about banks", 0), ("about banks", 1)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(content=st.text(max_size=80), text=st.text(max_size=12))
def test_a_snippet_is_made_of_the_message(content: str, text: str) -> None:
    pieces = find._around(content, text) if text else ()
    assert "".join(piece for piece, _ in pieces).replace("…", "") in content.replace("…", "")


def test_exports() -> None:
    session = conversation("Grüße")
    session.system, session.turns[1].status = "Be kind.", "stopped"
    session.turns[1].note = "You\nstopped it."
    data = json.loads(to_json(session))
    assert [(m["role"], m["content"]) for m in data["messages"]] == [
        ("user", "Grüße"),
        ("assistant", "Answer to Grüße"),
    ]
    assert (data["schema"], data["system"], data["settings"]["seed"]) == (1, "Be kind.", None)
    text = to_markdown(session)
    assert text.startswith("# Grüße\n\n- learnware: a/b\n")
    assert "## System prompt\n\nBe kind.\n" in text
    assert "## You\n\nGrüße\n" in text
    assert "## a/b\n\nAnswer to Grüße\n\n*(stopped: You stopped it.)*\n" in text
