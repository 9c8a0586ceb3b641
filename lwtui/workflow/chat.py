"""Chat with a learnware: load it, ask, stop, switch, and keep the conversation."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

from lwtui.backend.choose import Choice, choose, choose_served
from lwtui.backend.client import ModelProcess
from lwtui.backend.protocol import Chunk, Finished, GenerationSettings, ModelReady
from lwtui.backend.served import is_served
from lwtui.chat.session import ChatSession, Turn
from lwtui.chat.store import ChatStore
from lwtui.errors import BadInput, LwtuiError
from lwtui.jobs import JobContext
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware
from lwtui.workflow.chat_context import ContextUsage, Counted, usage_of

SAVE_SECONDS = 1.0
"""How often a streaming answer is written to disk."""


class Chat:
    """A conversation with a loaded model. ``stop`` may be called from any thread, the rest from
    one worker at a time."""

    def __init__(
        self,
        collection: Collection,
        store: ChatStore | None,
        session: ChatSession,
        backend: str,
        own_collection: bool,
        server: tuple[str, str] = ("", ""),
    ) -> None:
        """Use :meth:`open`."""
        self.session = session
        self.ready: ModelReady | None = None
        """What was loaded."""
        self.reason = ""
        """Why this backend runs it, in a sentence."""
        self.suggested = GenerationSettings()
        """How to sample when the user has not said: as the learnware's task suggests."""
        self._collection = collection
        self._store = store
        self._backend = backend
        self._server = server
        self._own_collection = own_collection
        self._counted: Counted | None = None
        self._answering = False
        self._closing = threading.Lock()
        self._process = ModelProcess()

    @classmethod
    def open(
        cls,
        learnware_id: str,
        *,
        backend: str = "auto",
        settings: GenerationSettings | None = None,
        changes: Mapping[str, object] | None = None,
        system: str = "",
        session_id: str | None = None,
        keep: bool = True,
        collection: Collection | None = None,
        context: JobContext | None = None,
        server: str = "",
        served_model: str = "",
    ) -> Chat:
        """Load the learnware in a process of its own.

        With the backend ``openai``, ``server`` runs it under the name ``served_model``; the id
        ``openai:NAME@URL`` is a model of a server that is no learnware.

        Without ``settings`` the learnware's task decides (:func:`default_settings`); ``changes``
        are laid over either, such as ``{"temperature": 0}``. ``session_id`` goes on with an earlier
        conversation; ``keep=False`` writes nothing to disk.
        Raises ``BadInput`` (unknown id, backend that cannot run it), ``BackendError`` (it does not
        load) or ``Cancelled``.
        """
        own = collection is None
        collection = collection or Collection.open()
        store = None
        chat = None
        try:
            at = (server, served_model)
            choice, usual = resolve(collection, learnware_id, backend, at)
            store = ChatStore() if keep else None
            if session_id is not None and store is not None:
                session = store.load(session_id)
                session.learnware = choice.plan.learnware
            else:
                session = ChatSession(choice.plan.learnware, system=system, settings=usual)
            if settings is not None:
                session.settings = settings
            chosen: dict[str, Any] = dict(changes or {})
            session.settings = replace(session.settings, **chosen)
            chat = cls(collection, store, session, backend, own, at)
            chat.suggested = usual
            chat._load(choice, context)
        except BaseException:
            if chat is not None:
                chat.close()
            else:
                if store is not None:
                    store.close()
                if own:
                    collection.close()
            raise
        return chat

    @property
    def where(self) -> str:
        """Backend and device, as ``llama_cpp/cpu``."""
        return f"{self.ready.backend}/{self.ready.device}" if self.ready else ""

    @property
    def process_id(self) -> int | None:
        """Of the model's process, while it runs."""
        return self._process.process_id

    def ask(self, text: str) -> Iterator[Chunk | Finished]:
        """Ask, and stream the answer. What has come when the user stops, or the model's process
        dies, is kept in the conversation and on disk."""
        if not text.strip():
            raise BadInput("The message is empty.")
        self.session.ask(text)
        return self._answer()

    def regenerate(self) -> Iterator[Chunk | Finished]:
        """Answer the last question again, in place of the answer there is."""
        turns = self.session.turns
        while turns and turns[-1].role == "assistant":
            turns.pop()
        if not turns:
            raise BadInput("There is no question to answer again.")
        return self._answer()

    def go_on(self) -> Iterator[Chunk | Finished]:
        """Go on with the last answer, which was stopped or met its greatest length; what follows
        is joined to it."""
        turns = self.session.turns
        if not turns or turns[-1].role != "assistant" or not turns[-1].content:
            raise BadInput("There is no answer to go on with.")
        return self._answer(turns[-1])

    def edit(self, position: int, text: str) -> Iterator[Chunk | Finished]:
        """Ask the question at ``position`` in other words; it and all that came after it go."""
        turns = self.session.turns
        if not 0 <= position < len(turns) or turns[position].role != "user":
            raise BadInput("There is no question to edit at that place.")
        if not text.strip():
            raise BadInput("The message is empty.")
        self.session.take_back(position)
        return self.ask(text)

    def stop(self) -> None:
        """End the running answer; its text so far is kept."""
        self._process.stop()

    def switch(self, learnware_id: str, context: JobContext | None = None) -> ModelReady:
        """Go on with another learnware; on the same base only the adapter is swapped."""
        choice, usual = resolve(self._collection, learnware_id, self._backend, self._server)
        ready = self._load(choice, context)
        self.suggested = usual
        self.take(self.session)
        self._save_facts()
        return ready

    def take(self, session: ChatSession) -> None:
        """Go on with a conversation, begun with whomever. What nobody chose of its settings
        becomes what the task of the learnware that is loaded suggests."""
        if self.ready is None:
            raise LwtuiError("No model is loaded.")
        before = GenerationSettings()
        learnware = self._collection.find(session.learnware)
        if learnware is not None:
            before = default_settings(learnware)
        chosen = {
            field.name: value
            for field in fields(before)
            if (value := getattr(session.settings, field.name)) != getattr(before, field.name)
        }
        session.settings = replace(self.suggested, **chosen)
        session.learnware = self.ready.learnware
        self.session = session
        self._counted = None  # another tokenizer may count otherwise

    def clear(self, *, fresh: bool = False) -> None:
        """Begin a new conversation with the same model; the old one stays on disk. ``fresh``: with
        no system prompt, and all settings as suggested; else with those of the old one."""
        old = self.session
        if fresh:
            self.session = ChatSession(old.learnware, settings=self.suggested)
        else:
            self.session = ChatSession(old.learnware, system=old.system, settings=old.settings)

    def configure(self, settings: GenerationSettings | None = None, **changes: object) -> None:
        """Change settings for the answers to come: ``configure(temperature=0)``."""
        current = settings or self.session.settings
        self.session.settings = replace(current, **changes)  # type: ignore[arg-type]
        self._save_facts()

    def set_system(self, text: str) -> None:
        """Another system prompt for the answers to come; empty: none."""
        self.session.system = text.strip()
        self._save_facts()

    def remark(self, text: str) -> None:
        """Note something about the last answer, such as the one that was expected."""
        turns = self.session.turns
        if turns and turns[-1].role == "assistant":
            turns[-1].note = f"{turns[-1].note} {text}".strip()
            self._save(self.session, len(turns) - 1)

    @property
    def usage(self) -> ContextUsage:
        """How full the context is. Asks no model: it may be called while one answers."""
        length = self.ready.context_length if self.ready else 0
        return usage_of(self.session, length, self._counted)

    def rest(self) -> bool:
        """Free the model's memory unless it answers now; the next question loads it again."""
        if self._answering:
            return False
        self._process.close()
        return True

    def close(self) -> None:
        """End the model's process. Callable from any thread, more than once; an answer that is
        running then is kept as it is."""
        self._process.close()
        turns = self.session.turns
        if turns and turns[-1].status == "running":
            turns[-1].status = "stopped"
            self._save(self.session, len(turns) - 1)
        with self._closing:
            store, self._store = self._store, None
            if store is not None:
                store.close()
        if self._own_collection:
            self._own_collection = False
            self._collection.close()

    def __enter__(self) -> Chat:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _load(self, choice: Choice, context: JobContext | None) -> ModelReady:
        self.ready = self._process.load(choice.plan, context)
        self.reason = choice.reason
        return self.ready

    def _answer(self, begun: Turn | None = None) -> Iterator[Chunk | Finished]:
        """Stream an answer to the last question, or what follows in one that was ``begun``."""
        session = self.session
        messages = session.messages()
        turn = begun or session.begin_answer()
        self._answering = True
        turn.status, turn.note = "running", ""
        tokens, seconds = turn.tokens, turn.seconds
        since = len(session.turns) - 2  # the question and its answer; what was before is on disk
        self._save(session, since)
        saved = time.monotonic()
        try:
            for item in self._process.generate(messages, session.settings):
                if isinstance(item, Finished):
                    finish_turn(turn, item, tokens, seconds)
                    if item.prompt_tokens:  # else it was stopped before the model had read it
                        self._counted = Counted.at_end(session, item)
                else:
                    turn.content += item.text
                    turn.tokens = tokens + item.tokens
                    if time.monotonic() - saved > SAVE_SECONDS:
                        self._save(session)
                        saved = time.monotonic()
                yield item
        except LwtuiError as error:
            turn.status, turn.note = "failed", str(error)
            raise
        finally:
            self._answering = False
            if turn.status == "running":
                turn.status = "stopped"  # whoever read the stream walked away
            self._save(session, since)

    def _save_facts(self) -> None:
        """What is said of the conversation, if it is on disk: an empty one is nothing to keep."""
        if self.session.turns:
            self._save(self.session, len(self.session.turns))

    def _save(self, session: ChatSession, since: int | None = None) -> None:
        """The turns from ``since`` on; the last turn alone, quickly, without it."""
        with self._closing:
            if self._store is None:
                return
            if since is not None:
                self._store.save(session, since)
            else:
                self._store.save_last(session)


def resolve(
    collection: Collection, id: str, backend: str, server: tuple[str, str] = ("", "")
) -> tuple[Choice, GenerationSettings]:
    """What to load for an id, and how to sample when nobody says."""
    if is_served(id):
        return choose_served(id), GenerationSettings()
    learnware = collection.get(id)
    base = collection.base_of(learnware)
    choice = choose(learnware, base, backend, server=server[0], served_model=server[1])
    return choice, default_settings(learnware)


def finish_turn(turn: Turn, end: Finished, tokens: int = 0, seconds: float = 0.0) -> None:
    """``tokens`` and ``seconds`` are what the answer had before this part of it."""
    turn.status = "stopped" if end.reason == "cancelled" else "complete"
    turn.tokens, turn.seconds = tokens + end.tokens, seconds + end.seconds
    turn.note = note(end)
    if not tokens:
        turn.first = end.seconds_to_first


def note(end: Finished) -> str:
    """What the user should know about how an answer came to be; empty: nothing."""
    notes = []
    if end.dropped_messages:
        count = end.dropped_messages
        what = "the oldest message was" if count == 1 else f"the oldest {count} messages were"
        notes.append(f"The conversation is longer than the model's context: {what} left out.")
    if end.truncated_tokens:
        notes.append(
            "The message is longer than the model's context: its first "
            f"{end.truncated_tokens} tokens were left out."
        )
    if end.reason == "length":
        notes.append("The answer ended at its greatest length.")
    return " ".join(notes)


_ONE_RIGHT_ANSWER = (
    "classification",
    "choice",
    "sentiment",
    "recognition",
    "extraction",
    "parsing",
    "arithmetic",
    "reasoning",
    "logic",
)


def default_settings(learnware: Learnware) -> GenerationSettings:
    """How to sample when the user has not said: a label or a number is decoded greedily, since
    any other word for it is wrong; running text is sampled, and discouraged from going in circles,
    which small models like to do."""
    task = learnware.semantic.task.casefold()
    if any(word in task for word in _ONE_RIGHT_ANSWER):
        return GenerationSettings(temperature=0.0)
    return GenerationSettings(repeat_penalty=1.1)
