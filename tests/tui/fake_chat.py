"""A talking model without weights, behind the interface of the workflow."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from lwtui.backend.protocol import Chunk, Finished
from lwtui.jobs import JobContext
from lwtui.learnware.model import Learnware


class FakeChat:
    """Streams ``answer`` word by word. With ``gate``, each word waits until the test lets it."""

    def __init__(self, answer: str, gate: threading.Semaphore | None = None) -> None:
        self.answer = answer
        self.gate = gate
        self.reason = "llama.cpp: fastest on this machine without a GPU"
        self.where = "llama_cpp/cpu"
        self.prompts: list[str] = []
        self.closed = False
        self.fail: Exception | None = None
        self._stop = threading.Event()

    def ask(self, text: str) -> Iterator[Chunk | Finished]:
        self.prompts.append(text)
        return self._stream()

    def regenerate(self) -> Iterator[Chunk | Finished]:
        return self._stream()

    def _stream(self) -> Iterator[Chunk | Finished]:
        self._stop.clear()
        words = self.answer.split(" ")
        for number, word in enumerate(words, 1):
            while self.gate is not None and not self.gate.acquire(timeout=0.02):
                if self._stop.is_set():
                    break
            if self._stop.is_set():
                yield Finished("cancelled", 12, number - 1, 0.08, 1.0)
                return
            if self.fail is not None and number == 3:
                error, self.fail = self.fail, None
                raise error
            yield Chunk(word + (" " if number < len(words) else ""), number)
        yield Finished("stop", 12, len(words), 0.08, len(words) / 40, dropped_messages=0)

    def clear(self) -> None:
        self.prompts.clear()

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

    def default_learnware(self) -> str:
        return self.learnwares[0].id if self.learnwares else ""

    def open_chat(self, learnware_id: str, context: JobContext) -> FakeChat:
        context.progress(0, None, "loading the model")
        chat = FakeChat(self.answer, self.chat_gate)
        self.chats.append(chat)
        return chat
