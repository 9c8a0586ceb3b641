"""A talking model without weights, behind the interface of the workflow."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from dataclasses import replace

from lwtui.backend.protocol import Chunk, Finished, GenerationSettings, ModelReady
from lwtui.chat.find import Found
from lwtui.chat.session import ChatSession, Turn, now
from lwtui.chat.store import SessionSummary
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.model import Learnware
from lwtui.tui.chat_services import SessionView
from lwtui.workflow.chat_context import ContextUsage, usage_of

CONTEXT = 2048


class FakeChat:
    """Streams ``answer`` word by word. With ``gate``, each word waits until the test lets it."""

    def __init__(
        self,
        answer: str,
        gate: threading.Semaphore | None = None,
        session: ChatSession | None = None,
        learnware_id: str = "starter/base",
    ) -> None:
        self.answer = answer
        self.gate = gate
        self.session = session or ChatSession(learnware_id)
        self.session.learnware = learnware_id
        self.ready: ModelReady | None = ModelReady(learnware_id, "llama_cpp", "cpu", CONTEXT, 0.1)
        self.suggested = GenerationSettings()
        self.reason = "llama.cpp: fastest on this machine without a GPU"
        self.where = "llama_cpp/cpu"
        self.closed = False
        self.fail: Exception | None = None
        self.kept_chats: dict[str, ChatSession] = {}
        self._stop = threading.Event()

    @property
    def prompts(self) -> list[str]:
        return [turn.content for turn in self.session.turns if turn.role == "user"]

    @property
    def usage(self) -> ContextUsage:
        return usage_of(self.session, CONTEXT)

    def ask(self, text: str) -> Iterator[Chunk | Finished]:
        self.session.ask(text)
        return self._stream(self.session.begin_answer())

    def regenerate(self) -> Iterator[Chunk | Finished]:
        while self.session.turns[-1].role == "assistant":
            self.session.turns.pop()
        return self._stream(self.session.begin_answer())

    def go_on(self) -> Iterator[Chunk | Finished]:
        return self._stream(self.session.turns[-1])

    def edit(self, position: int, text: str) -> Iterator[Chunk | Finished]:
        self.session.take_back(position)
        return self.ask(text)

    def _stream(self, turn: Turn) -> Iterator[Chunk | Finished]:
        self._stop.clear()
        turn.status = "running"
        self.session.updated = now()
        self.kept_chats[self.session.id] = self.session
        words = self.answer.split(" ")
        for number, word in enumerate(words, 1):
            while self.gate is not None and not self.gate.acquire(timeout=0.02):
                if self._stop.is_set():
                    break
            if self._stop.is_set():
                yield self._end(turn, Finished("cancelled", 12, number - 1, 0.08, 1.0))
                return
            if self.fail is not None and number == 3:
                error, self.fail = self.fail, None
                turn.status, turn.note = "failed", str(error)
                raise error
            piece = word + (" " if number < len(words) else "")
            turn.content += piece
            yield Chunk(piece, number)
        yield self._end(turn, Finished("stop", 12, len(words), 0.08, len(words) / 40))

    def _end(self, turn: Turn, end: Finished) -> Finished:
        turn.status = "stopped" if end.reason == "cancelled" else "complete"
        turn.tokens, turn.seconds, turn.first = end.tokens, end.seconds, end.seconds_to_first
        return end

    def clear(self) -> None:
        self.session = ChatSession(self.session.learnware)

    def configure(self, settings: GenerationSettings | None = None, **changes: object) -> None:
        current = settings or self.session.settings
        self.session.settings = replace(current, **changes)  # type: ignore[arg-type]

    def set_system(self, text: str) -> None:
        self.session.system = text

    def remark(self, text: str) -> None:
        self.session.turns[-1].note = text

    def stop(self) -> None:
        self._stop.set()

    def close(self) -> None:
        self._stop.set()
        self.closed = True


class FakeChats:
    """Implements ``ChatServices``."""

    learnwares: list[Learnware]

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.chat_gate: threading.Semaphore | None = None
        self.chats: list[FakeChat] = []
        self.kept_chats: dict[str, ChatSession] = {}
        """Conversations on disk."""
        self.trash: dict[str, ChatSession] = {}

    def default_learnware(self) -> str:
        return self.learnwares[0].id if self.learnwares else ""

    def open_chat(
        self, learnware_id: str, context: JobContext, session: ChatSession | None = None
    ) -> FakeChat:
        context.progress(0, None, "loading the model")
        chat = FakeChat(self.answer, self.chat_gate, session, learnware_id)
        chat.kept_chats = self.kept_chats
        self.chats.append(chat)
        return chat

    def sessions(self, offset: int, limit: int) -> list[SessionSummary]:
        newest = sorted(self.kept_chats.values(), key=lambda session: session.updated, reverse=True)
        return [
            SessionSummary(s.id, s.title, s.learnware, s.updated, len(s.turns))
            for s in newest[offset : offset + limit]
        ]

    def find_messages(self, text: str) -> list[Found]:
        found = []
        for session in self.kept_chats.values():
            for position, turn in enumerate(session.turns):
                before, word, after = turn.content.partition(text)
                if word:
                    pieces = ((before, False), (word, True), (after, False))
                    found.append(
                        Found(session.id, session.title, position, turn.role, session.updated,
                              pieces)
                    )  # fmt: skip
        return found

    def open_session(self, session_id: str) -> SessionView:
        if session_id not in self.kept_chats:
            raise BadInput(f"There is no conversation {session_id!r}.")
        session = copy.deepcopy(self.kept_chats[session_id])
        for learnware in self.learnwares:
            if learnware.id == session.learnware:
                return SessionView(session, learnware)
        return SessionView(session, None, f"{session.learnware} is not on this machine.")

    def save_session(self, session: ChatSession) -> None:
        self.kept_chats[session.id] = copy.deepcopy(session)

    def rename_session(self, session_id: str, title: str) -> None:
        self.kept_chats[session_id].title = title

    def delete_session(self, session_id: str) -> None:
        self.trash[session_id] = self.kept_chats.pop(session_id)

    def restore_session(self, session_id: str) -> None:
        self.kept_chats[session_id] = self.trash.pop(session_id)
