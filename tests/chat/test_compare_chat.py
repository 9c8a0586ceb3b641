"""One prompt to several learnwares, with the real models of the starter collection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_models import needs_llama_cpp

from lwtui.backend.protocol import Chunk, Finished, ModelReady
from lwtui.chat.store import ChatStore
from lwtui.cli.main import run_command
from lwtui.errors import BackendError, BadInput
from lwtui.learnware.collection import Collection
from lwtui.workflow import compare_chat
from lwtui.workflow.chat import Chat
from lwtui.workflow.compare_chat import Comparison, Loading, Step, participants_of

INTENT, BASE, NOTES = "starter/banking-intent", "starter/base", "starter/clinical-notes"
PROMPT = "My card did not arrive"


@pytest.fixture
def collection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Collection]:
    monkeypatch.setenv("LWTUI_HOME", str(tmp_path / "home"))
    with Collection.open() as collection:
        yield collection


def kinds(steps: Iterator[tuple[int, Step]]) -> list[tuple[int, str]]:
    """What happened, with repetitions taken out."""
    names = [(place, type(step).__name__) for place, step in steps]
    return [name for at, name in enumerate(names) if at == 0 or name != names[at - 1]]


@needs_llama_cpp
def test_all_answer_in_one_process(collection: Collection) -> None:
    with Comparison.open(
        [INTENT, BASE, NOTES], system="Be brief.", changes={"max_tokens": 8}, collection=collection
    ) as comparison:
        answer = ["Loading", "ModelReady", "Chunk", "Finished"]
        assert kinds(comparison.ask(PROMPT)) == [(p, name) for p in range(3) for name in answer]
        intent, base, _ = comparison.participants
        assert intent.answer == "card_arrival" != base.answer
        assert [each.session.system for each in comparison.participants] == ["Be brief."] * 3
        ready = [each.ready for each in comparison.participants]
        assert {r.process_id for r in ready if r} == {ready[0] and ready[0].process_id}
        assert [r.base_loads for r in ready if r] == [1, 1, 1]
        ends = [each.finished for each in comparison.participants]
        assert all(end and end.prompt_tokens for end in ends)
        assert ends[0]
        assert ends[0].speed > 0

        # Once more by one alone; then a second prompt, which goes on from the first.
        assert [place for place, _ in kinds(comparison.again(1))] == [1] * 4
        assert [turn.role for turn in base.session.turns] == ["user", "assistant"]
        stopped = []
        for place, step in comparison.ask("And now?"):
            if place == 0 and isinstance(step, Loading):
                comparison.stop(1)
            if isinstance(step, Finished):
                stopped.append((place, step.reason == "cancelled"))
        assert stopped == [(0, False), (1, True), (2, False)]
        assert len(base.session.messages()) == 4  # the system prompt, and no empty answer

        kept = comparison.keep(0)
    with ChatStore() as store:
        assert [each.id for each in store.list()] == [kept.id]
        assert store.load(kept.id).turns[1].content == "card_arrival"


@needs_llama_cpp
def test_stopping_all_keeps_what_has_come(collection: Collection) -> None:
    changes = {"max_tokens": 900, "temperature": 1.5, "ignore_end": True, "seed": 1}
    with Comparison.open([BASE, INTENT], changes=changes, collection=collection) as comparison:
        for _, step in comparison.ask(PROMPT):
            if isinstance(step, Chunk):
                comparison.stop()
        ends = [each.finished for each in comparison.participants]
        assert [end.reason for end in ends if end] == ["cancelled", "cancelled"]
        assert comparison.participants[0].answer
        assert comparison.participants[1].answer == ""
        comparison.close()
        assert kinds(comparison.again()) == [(0, "Finished"), (1, "Finished")]  # closed: no answer


class FakeProcess:
    """Stands for a model's process: what is tested is when one is started and closed."""

    made: list[FakeProcess] = []  # noqa: RUF012 - emptied by the test

    def __init__(self) -> None:
        self.process_id: int | None = None
        self.fail = len(self.made) == 1  # a card whose memory the first has taken
        self.made.append(self)

    def load(self, plan: object, context: object) -> ModelReady:
        del context
        if self.fail:
            self.fail = False
            raise BackendError("There is not enough GPU memory for this model.")
        self.process_id = len(self.made)
        return ModelReady(getattr(plan, "learnware", ""), "llama_cpp", "cpu", 512, 0.1)

    def generate(self, *_: object) -> Iterator[Chunk | Finished]:
        yield Chunk("yes", 1)
        yield Finished("stop", 3, 1, 0.1, 0.2)

    def stop(self) -> None: ...

    def close(self) -> None:
        self.process_id = None


@needs_llama_cpp
def test_other_bases_get_processes_and_room(
    collection: Collection, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    FakeProcess.made = []
    monkeypatch.setattr(compare_chat, "ModelProcess", FakeProcess)
    room: list[int] = []
    comparison = Comparison.open(
        [INTENT, BASE, NOTES], collection=collection, make_room=lambda: room.append(1)
    )
    other = comparison.participants[1]
    (tmp_path / "other.gguf").write_bytes(b"x" * 1000)
    other.choice = replace(
        other.choice, plan=replace(other.choice.plan, base=tmp_path / "other.gguf", adapter=None)
    )
    # The two on one base first; the third frees what the first process holds, and tries again.
    assert [p for p, name in kinds(comparison.ask(PROMPT)) if name == "Finished"] == [0, 2, 1]
    first, second = FakeProcess.made
    assert (first.process_id, second.process_id, room) == (None, 2, [1])
    # A memory that is too small for both is known before.
    monkeypatch.setattr(compare_chat, "free_memory", lambda: 10)
    assert len(kinds(comparison.again())) == 12
    assert (first.process_id, second.process_id) == (None, 2)
    assert len(room) == 3


def test_who_can_be_compared(collection: Collection) -> None:
    assert participants_of(collection, [INTENT]) == [INTENT, BASE]
    assert participants_of(collection, [INTENT, NOTES, INTENT]) == [INTENT, NOTES]
    with pytest.raises(BadInput, match="no base"):
        participants_of(collection, [BASE])
    with pytest.raises(BadInput, match="2 to 8"):
        Comparison.open([BASE], collection=collection)


@needs_llama_cpp
def test_the_verb(
    collection: Collection, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ["chat", INTENT, "--compare", BASE, "--prompt", PROMPT, "--max-tokens", "4"]
    assert run_command([*arguments, "--json"], lambda *_: 1) == 0
    found = json.loads(capfd.readouterr().out)
    assert [each["learnware"] for each in found["answers"]] == [INTENT, BASE]
    assert {each["finished"] for each in found["answers"]} <= {"stop", "length"}
    assert all(each["prompt_tokens"] > 0 < each["tokens"] for each in found["answers"])
    assert run_command(["chat", "--compare", INTENT, "--prompt", PROMPT], lambda *_: 1) == 0
    out, err = capfd.readouterr()
    assert f"── {INTENT}\ncard_arrival\n   5 tokens" in out
    assert f"── {BASE}\n" in out
    assert "one after the other" in err
    assert run_command(["chat", "--compare", INTENT], lambda *_: 1) == 2


@needs_llama_cpp
def test_what_was_chosen_goes_along_and_is_kept(collection: Collection) -> None:
    with Chat.open(INTENT, collection=collection) as chat:
        assert chat.suggested == chat.session.settings
        assert chat.usage.exact
        chat.configure(temperature=0.2, seed=1)
        chat.set_system("Be brief. ")
        with ChatStore() as store:
            assert store.list() == []  # an empty conversation is nothing to keep
        *_, end = chat.ask(PROMPT)
        assert isinstance(end, Finished)
        assert (chat.usage.tokens, chat.usage.exact) == (end.prompt_tokens + end.tokens, True)
        chat.remark("expected: card_arrival")
        chat.switch(NOTES)
        # Its task suggests another penalty; what the user chose stays.
        settings = chat.session.settings
        assert (settings.temperature, settings.repeat_penalty, settings.seed) == (0.2, 1.1, 1)
        assert not chat.usage.exact
        with ChatStore() as store:
            kept = store.load(chat.session.id)
        assert (kept.system, kept.settings, kept.learnware) == ("Be brief.", settings, NOTES)
        assert kept.turns[-1].note == "expected: card_arrival"

        # Its memory is freed, and the next question loads it again.
        first = chat.process_id
        assert chat.rest()
        assert chat.process_id is None
        for _ in chat.ask("And now?"):
            assert not chat.rest()  # not while it answers
        assert chat.process_id not in (None, first)
        chat.clear(fresh=True)
        assert (chat.session.system, chat.session.settings) == ("", chat.suggested)
        chat.switch(INTENT)
        chat.take(kept)
        assert chat.session.learnware == INTENT
        assert chat.session.settings == replace(chat.suggested, temperature=0.2, seed=1)
