"""The tools of Chat without models, behind the interface of the workflow."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lwtui.backend.protocol import Chunk, Finished, GenerationSettings, ModelReady
from lwtui.chat.session import ChatSession
from lwtui.dataset.example import Example
from lwtui.errors import BackendError, BadInput, LwtuiError
from lwtui.learnware.model import Learnware
from lwtui.tui.chat_tool_services import DatasetRows
from lwtui.workflow.chat import finish_turn
from lwtui.workflow.compare_chat import Loading, Step
from lwtui.workflow.export_chat import export_chat


class FakeComparison:
    """Every learnware answers its own words; one whose id holds ``broken`` fails. With ``gate``,
    each word waits until the test lets it."""

    def __init__(
        self, sessions: list[ChatSession], answer: str, gate: threading.Semaphore | None
    ) -> None:
        self.sessions = sessions
        self.answer = answer
        self.gate = gate
        self.closed = False
        self.kept: list[ChatSession] = []
        self._stopped: set[int] = set()

    def ask(self, text: str) -> Iterator[tuple[int, Step]]:
        for session in self.sessions:
            session.ask(text)
        return self._answers(range(len(self.sessions)))

    def again(self, place: int | None = None) -> Iterator[tuple[int, Step]]:
        places = range(len(self.sessions)) if place is None else [place]
        for each in places:
            if self.sessions[each].turns[-1].role == "assistant":
                self.sessions[each].turns.pop()
        return self._answers(places)

    def _answers(self, places: Sequence[int] | range) -> Iterator[tuple[int, Step]]:
        self._stopped.clear()
        for place in places:
            for step in self._answer(place):
                yield place, step

    def _answer(self, place: int) -> Iterator[Step]:
        session = self.sessions[place]
        turn = session.begin_answer()
        if place not in self._stopped:
            yield Loading()
            yield ModelReady(session.learnware, "llama_cpp", "cpu", 1024, 0.2)
        if "broken" in session.learnware:
            turn.status, turn.note = "failed", "The model's process was killed."
            yield BackendError(turn.note)
            return
        words = f"{session.learnware.rsplit('/', 1)[-1]}: {self.answer}".split(" ")
        for number, word in enumerate(words, 1):
            while self.gate is not None and not self.gate.acquire(timeout=0.02):
                if place in self._stopped:
                    break
            if place in self._stopped:
                end = Finished("cancelled", 12, number - 1, 0.08, 1.0)
                finish_turn(turn, end)
                yield end
                return
            piece = word + (" " if number < len(words) else "")
            turn.content += piece
            yield Chunk(piece, number)
        end = Finished("stop", 12, len(words), 0.05 + 0.02 * place, 0.3 + 0.4 * place)
        finish_turn(turn, end)
        yield end

    def add(self, learnware_id: str) -> int:
        session = ChatSession(learnware_id)
        asked = [turn for turn in self.sessions[0].turns if turn.role == "user"]
        if asked:
            session.ask(asked[-1].content)
        self.sessions.append(session)
        return len(self.sessions) - 1

    def remove(self, place: int) -> None:
        if len(self.sessions) <= 2:
            raise BadInput("Two are left: a comparison needs them.")
        del self.sessions[place]

    def keep(self, place: int) -> ChatSession:
        self.kept.append(self.sessions[place])
        return self.sessions[place]

    def stop(self, place: int | None = None) -> None:
        places = range(len(self.sessions)) if place is None else [place]
        self._stopped.update(places)

    def close(self) -> None:
        self.stop()
        self.closed = True


class FakeChatTools:
    """Implements ``ChatToolServices``."""

    learnwares: list[Learnware]
    answer: str

    def __init__(self) -> None:
        self.compare_gate: threading.Semaphore | None = None
        self.comparisons: list[FakeComparison] = []
        self.compare_error: LwtuiError | None = None
        self.rows = DatasetRows(
            "finance-support",
            tuple(
                Example(
                    f"Where is my card number {n}?", answer="card_arrival" if n % 2 else "other"
                )
                for n in range(250)
            ),
            more=False,
        )

    def open_comparison(
        self, learnware_ids: Sequence[str], system: str, changes: Mapping[str, object]
    ) -> FakeComparison:
        if self.compare_error is not None:
            raise self.compare_error
        names = list(dict.fromkeys(learnware_ids))
        if len(names) == 1:
            names.append("starter/base")
        settings = GenerationSettings(**dict(changes))  # type: ignore[arg-type]
        sessions = [ChatSession(name, system=system, settings=settings) for name in names]
        made = FakeComparison(sessions, self.answer, self.compare_gate)
        self.comparisons.append(made)
        return made

    def dataset_rows(self, path: Path, count: int) -> DatasetRows:
        if "missing" in str(path):
            raise BadInput("There is no such file or folder.", file=path)
        rows = self.rows.examples
        return DatasetRows(path.name, rows[:count], len(rows) > count, self.rows.offered)

    def export_chat(self, session: ChatSession, target: Path, replace: bool) -> Path:
        return export_chat(session, target, replace=replace)
