"""Runs GGUF models with llama.cpp; LoRA adapters are swapped on a loaded base."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import llama_cpp as c

from lwtui.backend.completing import PieceDecoder, begin_writing
from lwtui.backend.llama_cpp_completing import LlamaCppCompleter
from lwtui.backend.llama_cpp_header import LlamaCppHeader
from lwtui.backend.llama_cpp_model import LlamaCppContext, LlamaCppModel
from lwtui.backend.llama_cpp_sampling import new_sampler
from lwtui.backend.llama_cpp_scoring import GROWTH, LlamaCppScorer
from lwtui.backend.prompt import Slices, StopText, fit, utf8_decoder
from lwtui.backend.protocol import (
    Chunk,
    Completed,
    Completion,
    Continuation,
    Finished,
    GenerationSettings,
    LogLikelihood,
    Message,
    ModelPlan,
    ModelReady,
    ignore,
    never,
)
from lwtui.backend.scoring import score, score_rolling
from lwtui.backend.template import ChatTemplate, ends_open
from lwtui.errors import BackendError, BadInput

SEQUENCES = 32
"""Sequences scored or written on in one batch."""
MANY_TOKENS = 4096
"""Tokens that the context of many sequences has room for, at least."""


class LlamaCppBackend:
    """One base, a chat context, and (once scores are asked for) a scoring context."""

    def __init__(self) -> None:
        self._plan: ModelPlan | None = None
        self._model: LlamaCppModel | None = None
        self._chat: LlamaCppContext | None = None
        self._scoring: LlamaCppScorer | None = None
        self._template: ChatTemplate
        self._context = 0
        self._base_loads = 0
        self._cached: list[int] = []
        """The tokens that the chat context has read."""

    def load(self, plan: ModelPlan) -> ModelReady:
        begun = time.monotonic()
        before = self._plan
        wanted = (plan.base, plan.device, plan.context_length)
        if before is None or (before.base, before.device, before.context_length) != wanted:
            self.unload()
            self._load_base(plan)
        model, _ = self._loaded()
        try:
            self._use_adapter(plan)
        except BaseException:
            self.unload()
            raise
        tokens = model.tokens
        template = plan.chat_template or tokens.chat_template
        self._template = ChatTemplate(template, tokens.special, **tokens.named)
        self._plan = plan
        return ModelReady(
            plan.learnware,
            "llama_cpp",
            model.device,
            self._context,
            time.monotonic() - begun,
            self._base_loads,
            os.getpid(),
        )

    def _load_base(self, plan: ModelPlan) -> None:
        if not plan.base.is_file():
            raise BadInput("There is no GGUF file here.", file=plan.base)
        if plan.device not in ("auto", "cpu", "cuda", "mps"):
            raise BackendError(f"llama.cpp knows no device {plan.device!r}.")
        self._model = LlamaCppModel(plan.base, plan.device)
        trained = self._model.trained_context
        self._context = min(plan.context_length or trained, trained)
        self._chat = self._model.new_context(self._context)
        self._base_loads += 1

    def _loaded(self) -> tuple[LlamaCppModel, LlamaCppContext]:
        if self._model is None or self._chat is None:
            raise BackendError("No model is loaded.")
        return self._model, self._chat

    def _use_adapter(self, plan: ModelPlan) -> None:
        model, chat = self._loaded()
        adapter: Any = model.adapter(plan.adapter) if plan.adapter else None
        self._cached = []
        chat.use(adapter)
        if self._scoring is not None:
            self._scoring.header.context.use(adapter)
            self._scoring.header.forget()
        model.trim()

    def render(
        self,
        messages: Sequence[Message],
        generation_prompt: bool = True,
        continue_last: bool = False,
    ) -> str:
        return self._template.render(messages, generation_prompt, continue_last)

    def generate(
        self,
        messages: Sequence[Message],
        settings: GenerationSettings,
        stopped: Callable[[], bool] = never,
    ) -> Iterator[Chunk | Finished]:
        begun = time.monotonic()
        model, chat = self._loaded()

        def encode(turns: Sequence[Message]) -> list[int]:
            text = self._template.render(turns, continue_last=ends_open(turns))
            return model.tokens.encode(text)

        prompt = fit(messages, encode, self._context, settings.max_tokens)
        text = StopText((*settings.stop, *self._template.stop))
        decoder = utf8_decoder()
        sampler = new_sampler(settings, prompt.tokens, model.vocab_size)
        ends = set() if settings.ignore_end else model.tokens.ends
        count, first, reason = 0, 0.0, "length"
        try:
            for part in Slices(chat.batch).cut(self._uncached(prompt.tokens)):
                if stopped():
                    break
                chat.read(part)
                self._cached.extend(part)
                yield Chunk("", 0)
            limit = min(settings.max_tokens, self._context - len(prompt.tokens))
            while count < limit:
                if stopped():
                    reason = "cancelled"
                    break
                token = c.llama_sampler_sample(sampler, chat.handle, -1)
                first = first or time.monotonic() - begun
                if token in ends:
                    reason = "stop"
                    break
                count += 1
                yield Chunk(text.feed(decoder.decode(model.tokens.piece(token))), count)
                if text.found:
                    reason = "stop"
                    break
                if count < limit:
                    chat.read_one(token)
                    self._cached.append(token)
        except BackendError:
            self._cached = []
            raise
        finally:
            c.llama_sampler_free(sampler)
        if not text.found:
            yield Chunk(text.feed(decoder.decode(b"", final=True)) + text.flush(), count)
        yield Finished(
            reason,  # type: ignore[arg-type]
            len(prompt.tokens),
            count,
            first,
            time.monotonic() - begun,
            prompt.dropped_messages,
            prompt.truncated_tokens,
        )

    def _uncached(self, tokens: list[int]) -> list[int]:
        """Keep what the context shares with a new prompt and return the tokens still to read."""
        _, chat = self._loaded()
        shared = 0
        for old, new in zip(self._cached, tokens[:-1], strict=False):
            if old != new:
                break
            shared += 1
        if not shared or not chat.keep(shared):
            chat.clear()
            shared = 0
        self._cached = self._cached[:shared]
        return tokens[shared:]

    def loglikelihoods(
        self, requests: Sequence[Continuation], done: Callable[[int], None] = ignore
    ) -> list[LogLikelihood]:
        tokens, scorer = self._loaded()[0].tokens, self._scorer()
        return score(requests, tokens, self._context, scorer.run, done)

    def rolling(
        self, texts: Sequence[str], done: Callable[[int], None] = ignore
    ) -> list[LogLikelihood]:
        tokens, scorer = self._loaded()[0].tokens, self._scorer()
        return score_rolling(texts, tokens, self._context, scorer.run, done)

    def complete(
        self, requests: Sequence[Completion], done: Callable[[int], None] = ignore
    ) -> list[Completed]:
        model, _ = self._loaded()
        tokens = model.tokens
        writings = begin_writing(
            requests,
            tokens,
            self._context,
            self._template.stop,
            tokens.ends,
            lambda: PieceDecoder(tokens.piece),
        )
        LlamaCppCompleter(self._scorer().header, model.vocab_size).complete(writings, done)
        return [writing.completed() for writing in writings]

    def _scorer(self) -> LlamaCppScorer:
        """The context of many sequences, made on first use."""
        model, _ = self._loaded()
        plan = self._plan
        if self._scoring is None:
            context = model.new_context(max(self._context, MANY_TOKENS) + GROWTH, SEQUENCES)
            context.use(model.adapter(plan.adapter) if plan and plan.adapter else None)
            self._scoring = LlamaCppScorer(LlamaCppHeader(context, not model.recurrent))
        return self._scoring

    def unload(self) -> None:
        if self._chat is not None:
            self._chat.close()
        if self._scoring is not None:
            self._scoring.header.context.close()
        if self._model is not None:
            self._model.close()
        self._plan, self._model, self._chat, self._scoring = None, None, None, None
        self._cached = []
