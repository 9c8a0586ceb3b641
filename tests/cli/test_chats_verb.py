"""``lwtui chats`` and ``lwtui chat --session``: conversations listed, found, gone on with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tiny_models import TinyModel

from lwtui.chat.session import ChatSession
from lwtui.chat.store import ChatStore
from lwtui.workflow.collect import add

from .conftest import Run


@pytest.fixture
def kept(home: Path) -> ChatSession:
    """One conversation."""
    session = ChatSession("tiny/base", system="Be kind.")
    session.ask("Who wrote \x1b[31mHamlet?")
    answer = session.begin_answer()
    answer.content, answer.status = "Shakespeare wrote it.", "complete"
    with ChatStore() as store:
        store.save(session)
    return session


def test_listed_and_found(kept: ChatSession, lwtui: Run) -> None:
    (listed,) = lwtui("chats", "--json").json["chats"]
    assert (listed["id"], listed["turns"]) == (kept.id, 2)
    assert kept.id[:8] in lwtui("chats").out
    (found,) = lwtui("chats", "find", "shakes", "--json").json["found"]
    assert (found["session"], found["position"], found["role"]) == (kept.id, 1, "assistant")
    told = lwtui("chats", "find", "hamlet").out
    assert "Hamlet?" in told
    assert "\x1b" not in told
    assert "No message" in lwtui("chats", "find", "Macbeth").err


def test_shown_and_exported(kept: ChatSession, lwtui: Run, tmp_path: Path) -> None:
    assert "\x1b" not in lwtui("chats", "show", "last").out
    assert lwtui("chats", "show", kept.id[:6], "--json").json["system"] == "Be kind."
    target = tmp_path / "talk.json"
    assert lwtui("chats", "export", "last", "-o", target).code == 0
    assert json.loads(target.read_text("utf-8"))["id"] == kept.id
    refused = lwtui("chats", "export", "last", "-o", target)
    assert (refused.code, "--force" in refused.err) == (2, True)
    assert lwtui("chats", "export", "last", "-o", target, "--force").code == 0
    assert lwtui("chats", "export", "last", "-o", tmp_path / "no" / "talk.md").code == 2


def test_deleted_and_had_back(kept: ChatSession, lwtui: Run) -> None:
    told = lwtui("chats", "delete", "last").out
    assert lwtui("chats", "--json").json["chats"] == []
    assert [each["id"] for each in lwtui("chats", "trash", "--json").json["chats"]] == [kept.id]
    assert lwtui("chats", "show", kept.id).code == 2
    assert lwtui(*told.split("`")[1].split()[1:]).code == 0  # the command it named
    assert lwtui("chats", "rename", "last", "Plays").code == 0
    assert lwtui("chats", "--json").json["chats"][0]["title"] == "Plays"
    assert lwtui("chats", "delete", "nothing").code == 2


def test_a_conversation_goes_on(
    kept: ChatSession, tiny_model: TinyModel, lwtui: Run, home: Path
) -> None:
    add(tiny_model.base, id="tiny/base", in_place=True)
    arguments = ["chat", "--session", kept.id[:8], "--prompt", "Hello", "--max-tokens", 4]
    assert lwtui(*arguments).code == 0
    with ChatStore() as store:
        session = store.load(kept.id)
    assert [turn.role for turn in session.turns] == ["user", "assistant"] * 2
    assert session.turns[2].content == "Hello"
    assert lwtui(*arguments, "--system", "Be rude.").code == 0
    with ChatStore() as store:
        assert store.load(kept.id).system == "Be rude."
    assert lwtui("chat", "--session", "nothing", "--prompt", "x").code == 2
