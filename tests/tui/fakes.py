"""A small collection and a talking model without weights: real objects, canned answers.

They stand behind the same interface as the workflow, so that pictures of screens and tests of
timing are the same on every machine. What the workflow itself does is tested with the real one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lwtui.backend.protocol import Chunk, Finished
from lwtui.dataset.example import Example, Problem
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.model import (
    DataSource,
    Learnware,
    ModelFile,
    ModelInfo,
    Provenance,
    Score,
    Semantic,
    SpecificationEntry,
)
from lwtui.match.result import Match, MatchResult, Verification
from lwtui.tui.services import CollectionFacts, DatasetView, Facets, Place, Query

from .fake_evaluation import FakeEvaluation
from .fake_hub import FakeHub

DOMAINS = ("finance", "medicine", "mathematics")
TASKS = ("intent of a bank's customer", "name of a drug", "word problem", "sentiment", "summary")


def learnware(number: int, **semantic: object) -> Learnware:
    domain = DOMAINS[number % 3]
    fields: dict[str, object] = {
        "title": f"{domain.title()} specialist {number}",
        "description": f"Answers short questions about {domain}. Trained on one task.",
        "domain": domain,
        "task": TASKS[number % 5],
        "languages": ("en",),
        "licence": "apache-2.0",
        "data": (DataSource(f"{domain}-questions", "cc-by-4.0", "https://example.org/data", 1200),),
    }
    return Learnware(
        id=f"starter/{domain}-{number:03d}",
        model=ModelInfo(
            kind="adapter",
            base="starter/base",
            parameters=180_000,
            context_length=512,
            files=(
                ModelFile("adapter_model.safetensors", "peft", 720_000),
                ModelFile("adapter.gguf", "gguf-lora", 410_000),
            ),
        ),
        semantic=Semantic(**{**fields, **semantic}),  # type: ignore[arg-type]
        provenance=Provenance("starter", "", "r1", "2026-11-20T12:00:00Z", "lwtui 0.1"),
        specifications=(
            SpecificationEntry("pave", "gradient", "starter", "pave-starter.safetensors", rows=256),
        )
        if number % 4
        else (),
        scores=(Score(TASKS[number % 5], "answer loss", 1.62, 2.91, 200),),
    )


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


class FakeServices(FakeEvaluation, FakeHub):
    """A collection of ``size`` learnwares. ``gate`` makes the specification wait for the test."""

    def __init__(self, size: int = 24, answer: str = "Hello **there**.") -> None:
        FakeEvaluation.__init__(self)
        FakeHub.__init__(self)
        self.learnwares = [learnware(number) for number in range(size)]
        self.answer = answer
        self.chat_gate: threading.Semaphore | None = None
        self.match_gate: threading.Semaphore | None = None
        self.chats: list[FakeChat] = []
        self.remembered: list[Path] = []
        self.verified: list[int] = []
        self.far = False
        """Nothing fits the data, and a match says so."""
        self.gains = False
        """Learnwares were measured on the anchors."""
        self.offered: list[Place] = [
            Place("finance-support", Path("/demo/finance-support"), "demo"),
            Place("clinic-questions", Path("/demo/clinic-questions"), "demo"),
            Place("school-word-problems", Path("/demo/school-word-problems"), "demo"),
        ]
        self.problems: tuple[str, ...] = ()
        self.view = DatasetView(
            name="finance-support",
            layout="prompt/answer",
            fields=(("prompt", "message"), ("answer", "intent")),
            examples=tuple(
                Example(f"My card did not arrive, what now? ({n})", answer="card_arrival")
                for n in range(12)
            ),
            files=1,
            rows=64,
            skipped=2,
            problems=(Problem("rows.jsonl", 7, "not JSON"), Problem("rows.jsonl", 9, "no prompt")),
        )
        self.stopped = self.closed = False

    def collection(self) -> CollectionFacts:
        bases = tuple(sorted({item.model.base for item in self.learnwares}))
        domains = tuple(sorted({item.semantic.domain for item in self.learnwares}))
        here = sum(item.pulled for item in self.learnwares)
        return CollectionFacts(here, Facets(domains, bases), self.problems)

    def page(self, query: Query, offset: int, limit: int) -> tuple[list[Learnware], int]:
        words = query.text.casefold().split()
        found = [
            item
            for item in self.learnwares
            if (item.pulled or query.known)
            and (not query.domain or item.semantic.domain == query.domain)
            and (not query.base or item.model.base == query.base)
            and all(word in f"{item.id} {item.semantic.title}".casefold() for word in words)
        ]
        return found[offset : offset + limit], len(found)

    def learnware(self, learnware_id: str) -> Learnware:
        return next(item for item in self.learnwares if item.id == learnware_id)

    def arrive(self, learnware: Learnware) -> None:
        kept = [item for item in self.learnwares if item.id != learnware.id]
        self.learnwares = [*kept, learnware]

    def default_learnware(self) -> str:
        return self.learnwares[0].id if self.learnwares else ""

    def machine(self) -> str:
        return "llama.cpp/cpu"

    def places(self) -> list[Place]:
        return self.offered

    def remember(self, path: Path) -> None:
        self.remembered.append(path)

    def preview(self, path: Path) -> DatasetView:
        if "missing" in str(path):
            raise BadInput("There is no such file or folder.", file=path)
        return self.view

    def match(self, path: Path, *, verify: int, context: JobContext) -> MatchResult:
        self.verified.append(verify)
        for row in range(129):
            if self.match_gate is not None:
                while not self.match_gate.acquire(timeout=0.02):
                    context.check()
            context.progress(row, 128, "gradients" if row else "loading the reference model")
        ranked = [item for item in self.learnwares if item.specifications][:10]
        matches = tuple(
            Match(
                item,
                0.82 - 0.09 * rank,
                0.95 - 0.08 * rank,
                {"prompt": 0.5, "answer": 0.4},
                (0.79 - 0.09 * rank, 0.85 - 0.09 * rank),
                1.5 + 0.2 * rank if rank < verify else None,
                0 if rank >= verify else 32 if rank < 2 else 16 if rank < 4 else 8,
                0.62 - 0.11 * rank if self.gains else None,
            )
            for rank, item in enumerate(ranked)
        )
        verification = Verification(32, verify, 2.7, 3.0, evaluations=160) if verify else None
        if self.far and not verify:
            return self._far(matches)
        return MatchResult(
            self.view.name, "starter", "gradient", 64, matches,
            "clear" if matches else "none", len(self.learnwares) - len(ranked), verification,
            rows_skipped=2, problems=tuple(str(problem) for problem in self.view.problems),
            probability=(0.97 if verify else 0.932) if matches else None,
        )  # fmt: skip

    def _far(self, matches: tuple[Match, ...]) -> MatchResult:
        base = Learnware("starter/base", ModelInfo("base"), Semantic(title="The bare base"))
        reason = "Nothing here was made for data like this: the highest similarity is 0.09"
        return MatchResult(
            self.view.name, "starter", "gradient", 64,
            tuple(
                replace(match, similarity=match.similarity - 0.73, interval=None)
                for match in matches
            ),
            "close call", abstained=True, reason=f"{reason}, below 0.15", base=base,
        )  # fmt: skip

    def open_chat(self, learnware_id: str, context: JobContext) -> FakeChat:
        context.progress(0, None, "loading the model")
        chat = FakeChat(self.answer, self.chat_gate)
        self.chats.append(chat)
        return chat

    def stop(self) -> None:
        self.stopped = True
        for chat in self.chats:
            chat.stop()

    def close(self) -> None:
        self.closed = True
