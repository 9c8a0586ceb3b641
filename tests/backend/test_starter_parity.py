"""The starter models say and score the same on both backends, within quantisation error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tiny_models import needs_llama_cpp

from lwtui.backend.choose import choose
from lwtui.backend.client import ModelProcess
from lwtui.backend.protocol import Chunk, Continuation, GenerationSettings, LogLikelihood, Message
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware

pytestmark = needs_llama_cpp
GREEDY = GenerationSettings(max_tokens=24, temperature=0)
QUESTIONS = [
    "Hello, who are you?",
    "I was charged twice for one card payment. What should I do?",
    "Tom has 12 apples and gives 5 to Ann. How many apples are left?",
    "What are the symptoms of asthma?",
    "My transfer has not arrived yet.",
    "Grüße! How is the weather? 🙂",
]
LOSS = 0.15
"""Nats a token that 8-bit weights may move a score by."""


@dataclass(frozen=True)
class Starter:
    collection: Collection
    transformers: ModelProcess
    llama_cpp: ModelProcess

    def load(self, learnware: Learnware) -> None:
        base = self.collection.base_of(learnware)
        self.transformers.load(choose(learnware, base, "transformers").plan)
        self.llama_cpp.load(choose(learnware, base, "llama_cpp").plan)


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starter]:
    home: Path = tmp_path_factory.mktemp("home")
    with Collection.open(home) as collection, ModelProcess() as one, ModelProcess() as other:
        yield Starter(collection, one, other)


def answer(process: ModelProcess, question: str) -> str:
    stream = process.generate([Message("user", question)], GREEDY)
    return "".join(item.text for item in stream if isinstance(item, Chunk))


def scores(process: ModelProcess, answers: list[str]) -> list[LogLikelihood]:
    contexts = [process.render([Message("user", question)]) for question in QUESTIONS]
    pairs = zip(contexts, answers, strict=True)
    return process.loglikelihoods([Continuation(context, text) for context, text in pairs])


def test_base_and_adapters(starter: Starter) -> None:
    adapters = starter.collection.list(kind="adapter")
    same = total = 0
    for learnware in [starter.collection.get("starter/base"), *adapters[:: len(adapters) // 4]]:
        starter.load(learnware)
        answers = [answer(starter.transformers, question) for question in QUESTIONS]
        others = [answer(starter.llama_cpp, question) for question in QUESTIONS]
        same += sum(a == b for a, b in zip(answers, others, strict=True))
        total += len(QUESTIONS)
        for a, b in zip(
            scores(starter.transformers, answers), scores(starter.llama_cpp, answers), strict=True
        ):
            assert a.tokens == b.tokens
            assert a.total == pytest.approx(b.total, abs=LOSS * max(1, a.tokens)), learnware.id
    # Where two tokens are as good as equally likely, 8-bit weights may prefer the other.
    assert same >= 0.8 * total
