"""Chat with a real (tiny) model, from the collection to the disk."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_models import CONTEXT, needs_llama_cpp

from lwtui.backend.protocol import Chunk, Finished, GenerationSettings
from lwtui.chat.store import ChatStore
from lwtui.errors import BackendError, BadInput, Cancelled
from lwtui.jobs import CancelToken, JobContext
from lwtui.learnware.model import Learnware, ModelInfo, Semantic
from lwtui.workflow.chat import Chat, default_settings, note
from lwtui.workflow.doctor import diagnose

GREEDY = GenerationSettings(max_tokens=CONTEXT, temperature=0)
MORNING = "Good morning.\n\nHow can I help you today?"


def ask(chat: Chat, text: str) -> tuple[str, Finished]:
    *chunks, end = chat.ask(text)
    assert isinstance(end, Finished)
    return "".join(c.text for c in chunks if isinstance(c, Chunk)), end


@needs_llama_cpp
def test_a_conversation(home: Path) -> None:
    with Chat.open("tiny/base", settings=GREEDY) as chat:
        assert chat.where == "llama_cpp/cpu"
        assert "CPU" in chat.reason
        text, end = ask(chat, "Hello")
        assert (text, end.reason) == (MORNING, "stop")
        assert chat.session.turns[-1].content == text
        assert chat.session.turns[-1].status == "complete"
        again = "".join(c.text for c in chat.regenerate() if isinstance(c, Chunk))
        assert again == text
        assert [turn.role for turn in chat.session.turns] == ["user", "assistant"]
        first = chat.session.id
        chat.clear()
        assert ask(chat, "2+2?")[0] == "Four, as every child knows."
    with ChatStore() as store:
        assert [s.title for s in store.list()] == ["2+2?", "Hello"]
        assert store.load(first).turns[1].content == MORNING
    with Chat.open("tiny/base", session_id=first) as chat:
        assert len(chat.session.turns) == 2
        assert chat.session.settings == GREEDY


def test_transformers_and_a_switch(home: Path) -> None:
    with Chat.open("tiny/base", backend="transformers", settings=GREEDY, keep=False) as chat:
        assert chat.where.startswith("transformers/")
        base, _ = ask(chat, "Who are you?")
        chat.clear()
        ready = chat.switch("tiny/ada")
        assert ready.base_loads == 1
        adapted, _ = ask(chat, "Who are you?")
        assert base == "A tiny model that learnt its answers by heart." != adapted
        assert chat.session.turns[-1].learnware == "tiny/ada"
    assert not (home / "chats.db").exists()


@pytest.mark.parametrize(
    "backend", ["transformers", pytest.param("llama_cpp", marks=needs_llama_cpp)]
)
def test_an_answer_cut_short_goes_on_where_it_was(home: Path, backend: str) -> None:
    short = replace(GREEDY, max_tokens=2)
    with Chat.open("tiny/base", backend=backend, settings=short) as chat:
        cut, end = ask(chat, "Hello")
        assert (end.reason, MORNING.startswith(cut), cut != MORNING) == ("length", True, True)
        chat.configure(max_tokens=CONTEXT)
        *_, end = chat.go_on()
        (_, answer) = chat.session.turns
        assert (answer.content, answer.status, answer.note) == (MORNING, "complete", "")
        assert answer.tokens == 2 + end.tokens
        with pytest.raises(BadInput, match="no question"):
            chat.edit(1, "Who are you?")
        assert "".join(c.text for c in chat.edit(0, "2+2?") if isinstance(c, Chunk)).startswith("F")
        identifier = chat.session.id
    with ChatStore() as store:
        assert [turn.content for turn in store.load(identifier).turns] == [
            "2+2?",
            "Four, as every child knows.",
        ]


@needs_llama_cpp
def test_stop_and_kill_keep_what_came(home: Path) -> None:
    with Chat.open("tiny/base", settings=GREEDY) as chat:
        stream = chat.ask("Sing!")
        next(stream)
        chat.stop()
        *_, end = stream
        assert isinstance(end, Finished)
        assert end.reason == "cancelled"
        stopped = chat.session.turns[-1]
        assert stopped.status == "stopped"
        assert stopped.content.startswith("la")

        chat.clear()
        stream = chat.ask("Sing!")
        next(stream)
        assert chat.process_id is not None
        os.kill(chat.process_id, signal.SIGKILL)
        with pytest.raises(BackendError, match="SIGKILL"):
            list(stream)
        failed = chat.session.turns[-1]
        assert failed.status == "failed"
        assert failed.content.startswith("la")
        assert "SIGKILL" in failed.note
        with ChatStore() as store:
            assert store.load(chat.session.id) == chat.session

        chat.clear()
        assert ask(chat, "Hello")[0] == MORNING


@needs_llama_cpp
def test_walking_away_and_closing_keep_what_came(home: Path) -> None:
    chat = Chat.open("tiny/base", settings=GREEDY)
    stream = chat.ask("Sing!")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    assert chat.session.turns[-1].status == "stopped"
    chat.clear()
    assert ask(chat, "Hello")[0] == MORNING
    chat.clear()
    stream = chat.ask("Sing!")
    next(stream)
    chat.close()
    *_, end = stream
    assert isinstance(end, Finished)
    assert end.reason == "cancelled"
    chat.close()
    with ChatStore() as store:
        turn = store.load(chat.session.id).turns[-1]
    assert turn.status == "stopped"
    assert turn.content.startswith("la")


def test_bad_requests_change_nothing(home: Path) -> None:
    with pytest.raises(BadInput, match="tiny/bass"):
        Chat.open("tiny/bass")
    with pytest.raises(BadInput, match="Which server"):
        Chat.open("tiny/base", backend="openai")
    with pytest.raises(BadInput, match="no conversation"):
        Chat.open("tiny/base", session_id="nothing")
    with ChatStore() as store:
        assert store.list() == []


@needs_llama_cpp
def test_empty_questions_and_nothing_to_answer_again(home: Path) -> None:
    with Chat.open("tiny/base", settings=GREEDY) as chat:
        with pytest.raises(BadInput, match="empty"):
            chat.ask("  \n")
        with pytest.raises(BadInput, match="no question"):
            chat.regenerate()
        with pytest.raises(BadInput, match="no answer"):
            chat.go_on()
        assert chat.session.turns == []
        with pytest.raises(BadInput, match="no learnware"):
            chat.switch("tiny/nothing")
        assert ask(chat, "Hello")[0] == MORNING


def test_loading_can_be_cancelled(home: Path) -> None:
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        Chat.open("tiny/base", backend="transformers", context=JobContext(cancel=token))


def test_notes_are_sentences() -> None:
    end = Finished("stop", 1, 1, 0.0, 0.0)
    assert note(end) == ""
    assert "the oldest message was left out" in note(replace(end, dropped_messages=1))
    assert "oldest 4 messages were" in note(replace(end, dropped_messages=4))
    assert "first 12 tokens" in note(replace(end, truncated_tokens=12))
    assert "greatest length" in note(replace(end, reason="length"))


def test_the_doctor(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = {item.name: item for item in diagnose().items}
    assert items["collection"].value.startswith("2 learnwares, 1")
    assert "tiny/ada" in items["auto"].value
    assert items["home"].ok
    assert items["backend transformers"].ok
    assert set(diagnose().to_dict()) == {"ok", "items"}
    assert diagnose().ok
    monkeypatch.setenv("LWTUI_HOME", str(home / "chats.txt" / "home"))
    (home / "chats.txt").write_text("a file where a folder should be")
    report = diagnose()
    assert not report.ok
    assert not {item.name: item for item in report.items}["home"].ok


def test_the_doctor_asks_the_hub_only_when_told(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Hub answers" not in {item.name for item in diagnose().items}
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    items = {item.name: item for item in diagnose(network=True).items}
    assert "was not reached" in items["Hub answers"].value


@pytest.mark.parametrize(
    ("task", "greedy"),
    [
        ("intent classification", True),
        ("multiple choice", True),
        ("named entity recognition", True),
        ("question answering", False),
        ("summarisation", False),
        ("", False),
    ],
)
def test_labels_are_decoded_greedily_and_running_text_is_sampled(task: str, greedy: bool) -> None:
    settings = default_settings(Learnware("me/x", ModelInfo("model"), Semantic(task=task)))
    assert (settings.temperature == 0) is greedy
    assert (settings.repeat_penalty > 1) is not greedy
