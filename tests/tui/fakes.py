"""A small collection and a talking model without weights: real objects, canned answers.

They stand behind the same interface as the workflow, so that pictures of screens and tests of
timing are the same on every machine. What the workflow itself does is tested with the real one.
"""

from __future__ import annotations

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

from .fake_browse import FakeBrowse
from .fake_chat import FakeChat, FakeChats
from .fake_chat_tools import FakeChatTools
from .fake_evaluation import FakeEvaluation
from .fake_hub import FakeHub
from .fake_match import FakeMatch

__all__ = ["DOMAINS", "TASKS", "FakeChat", "FakeServices", "learnware"]

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


class FakeServices(FakeBrowse, FakeMatch, FakeChats, FakeChatTools, FakeEvaluation, FakeHub):
    """A collection of ``size`` learnwares."""

    def __init__(self, size: int = 24, answer: str = "Hello **there**.") -> None:
        FakeMatch.__init__(self)
        FakeChats.__init__(self, answer)
        FakeChatTools.__init__(self)
        FakeEvaluation.__init__(self)
        FakeHub.__init__(self)
        FakeBrowse.__init__(self, [learnware(number) for number in range(size)])
        self.stopped = self.closed = False

    def learnware(self, learnware_id: str) -> Learnware:
        return next(item for item in self.learnwares if item.id == learnware_id)

    def arrive(self, learnware: Learnware) -> None:
        kept = [item for item in self.learnwares if item.id != learnware.id]
        self.learnwares = [*kept, learnware]

    def machine(self) -> str:
        return "llama.cpp/cpu"

    def stop(self) -> None:
        self.stopped = True
        for chat in self.chats:
            chat.stop()

    def close(self) -> None:
        self.closed = True
