"""Runs nothing itself: any OpenAI-compatible server does (vLLM, llama-server, Ollama, …)."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any, Literal

from lwtui.backend.openai_scores import PromptScores, without_beginning
from lwtui.backend.openai_server import Server, TooLongError
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
from lwtui.backend.served import host_of
from lwtui.backend.template import ChatTemplate, ends_open, visible
from lwtui.errors import BackendError, BadInput


class OpenAIBackend:
    """One model of one server.

    What only the server knows stays there: its tokenizer, so that lengths are found out by
    asking, and its chat template, so that conversations can be had but not rendered, unless the
    plan names the template.
    """

    def __init__(self) -> None:
        self._plan: ModelPlan | None = None
        self._server: Server | None = None
        self._context = 0
        self._base_loads = 0
        self._scoring: PromptScores | None = None
        """None: nobody has asked for scores yet."""

    def load(self, plan: ModelPlan) -> ModelReady:
        """Find the model on its server. Raises ``BadInput`` and ``BackendError``."""
        begun = time.monotonic()
        before = self._plan
        if before is None or (before.server, before.served_model) != (
            plan.server,
            plan.served_model,
        ):
            self.unload()
            self._server = Server(plan.server, plan.served_model)
            try:
                self._context = _context_length(self._server.find_model()) or plan.context_length
            except BaseException:
                self.unload()
                raise
            self._base_loads += 1
        self._plan = plan
        return ModelReady(
            plan.learnware,
            "openai",
            host_of(plan.server),
            self._context,
            time.monotonic() - begun,
            self._base_loads,
            os.getpid(),
        )

    def _loaded(self) -> tuple[Server, ModelPlan]:
        if self._server is None or self._plan is None:
            raise BackendError("No model is loaded.")
        return self._server, self._plan

    def render(
        self,
        messages: Sequence[Message],
        generation_prompt: bool = True,
        continue_last: bool = False,
    ) -> str:
        """By the plan's template. Unlike elsewhere, control tokens in messages stay what they are:
        only the server's tokenizer knows them. Raises ``BadInput`` without a template."""
        server, plan = self._loaded()
        if not plan.chat_template:
            raise BadInput(
                f"Only the server knows the chat template of {server.model}, so its prompts "
                "cannot be shown or scored as a conversation.",
                hint="Evaluate it without one (--no-chat-template), or name the learnware it is.",
            )
        template = ChatTemplate(plan.chat_template, ())
        return template.render(messages, generation_prompt, continue_last)

    def generate(
        self,
        messages: Sequence[Message],
        settings: GenerationSettings,
        stopped: Callable[[], bool] = never,
    ) -> Iterator[Chunk | Finished]:
        """Stream an answer; the oldest turns are left out until the server takes the rest.

        Where the server does not count tokens, the pieces it sends are counted.
        """
        system = [m for m in messages if m.role == "system"]
        turns = [m for m in messages if m.role != "system"]
        if not turns:
            raise BadInput("There is no message to answer.")
        for dropped in [0, *(i for i in range(1, len(turns)) if turns[i].role == "user")]:
            try:
                yield from self._answer([*system, *turns[dropped:]], settings, stopped, dropped)
            except TooLongError:
                continue
            return
        raise BadInput(
            "The message is longer than the context of the server's model.",
            hint="Shorten it, or start the server with a longer context.",
        )

    def _answer(
        self,
        messages: Sequence[Message],
        settings: GenerationSettings,
        stopped: Callable[[], bool],
        dropped: int,
    ) -> Iterator[Chunk | Finished]:
        server, _ = self._loaded()
        begun = time.monotonic()
        count, prompt_tokens, first, heard = 0, 0, 0.0, False
        reason: Literal["stop", "length", "cancelled", ""] = ""
        stream = server.stream(self._pieces(server, messages, settings))
        for piece in stream:
            if stopped():
                reason = "cancelled"
                stream.close()  # type: ignore[attr-defined] # it is a generator
                break
            text = ""
            heard = heard or piece is not None
            if piece is not None and piece.choices:
                choice = piece.choices[0]
                text = choice.delta.content or ""
                first = first or (time.monotonic() - begun if text else 0.0)
                count += bool(text)
                if choice.finish_reason:
                    reason = "length" if choice.finish_reason == "length" else "stop"
            if piece is not None and piece.usage:
                count, prompt_tokens = piece.usage.completion_tokens, piece.usage.prompt_tokens
            yield Chunk(text, count)
        seconds = time.monotonic() - begun
        if not reason:
            raise server.broken_off() if heard else server.unreadable()
        yield Finished(reason, prompt_tokens, count, first, seconds, dropped)

    async def _pieces(
        self, server: Server, messages: Sequence[Message], settings: GenerationSettings
    ) -> AsyncIterator[Any]:
        extras = {
            "top_k": settings.top_k,
            "min_p": settings.min_p,
            # llama.cpp and vLLM have different words for it.
            "repeat_penalty": settings.repeat_penalty,
            "repetition_penalty": settings.repeat_penalty,
            "stream_options": {"include_usage": True},
        }
        if settings.ignore_end:
            extras["ignore_eos"] = True
        if ends_open(messages):
            # vLLM asks for these; llama-server goes on with an answer by itself.
            extras |= {"continue_final_message": True, "add_generation_prompt": False}
        named: dict[str, Any] = {
            "messages": [{"role": m.role, "content": m.content} for m in messages],
            "max_tokens": settings.max_tokens,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "stream": True,
        }
        if settings.seed is not None:
            named["seed"] = settings.seed
        if settings.stop:
            named["stop"] = list(settings.stop)
        stream = await server.create(server.client.chat.completions.create, extras, **named)
        async with stream:
            async for piece in stream:
                yield piece

    def complete(
        self, requests: Sequence[Completion], done: Callable[[int], None] = ignore
    ) -> list[Completed]:
        """As everywhere, but the server decides what is the same twice: one that batches adds in
        another order each time, and may take the other of two words that are as good."""
        server, _ = self._loaded()

        async def one(request: Completion) -> Completed:
            context, longest = visible(request.context), request.max_tokens
            while True:
                try:
                    return _completed(await self._continue(server, request, context, longest))
                except TooLongError:
                    # As the other backends do: an answer claims a quarter of the context at most,
                    # and the prompt loses its beginning.
                    room = self._context // 4
                    if room and longest > room:
                        longest = room
                        continue
                    context = without_beginning(context)

        return server.many(one, requests, done)

    async def _continue(
        self, server: Server, request: Completion, context: str, max_tokens: int
    ) -> Any:
        extras = {"top_k": request.top_k, "min_p": 0.0}
        extras |= {"repeat_penalty": 1.0, "repetition_penalty": 1.0}  # some servers default to more
        named: dict[str, Any] = {"stop": list(request.stop)} if request.stop else {}
        return await server.create(
            server.client.completions.create,
            extras,
            prompt=context,
            max_tokens=max_tokens,
            temperature=request.temperature,
            top_p=request.top_p,
            seed=request.seed,
            **named,
        )

    def loglikelihoods(
        self, requests: Sequence[Continuation], done: Callable[[int], None] = ignore
    ) -> list[LogLikelihood]:
        """One result a request, in order; a context that is too long loses its beginning.

        Control tokens in a continuation are what the server's tokenizer makes of them. Raises
        ``BackendError`` where the server cannot score prompts, or scores them wrongly.
        """
        server, _ = self._loaded()
        return server.many(self._scores().continuation, requests, done)

    def rolling(
        self, texts: Sequence[str], done: Callable[[int], None] = ignore
    ) -> list[LogLikelihood]:
        """As everywhere, with two differences: the first token of a text has no figure, unless the
        server puts a token before it, and is then not counted; and a text that is too long is
        halved, its second half scored with as much of the first before it as fits."""
        server, _ = self._loaded()
        return server.many(self._scores().text, texts, done)

    def _scores(self) -> PromptScores:
        server, _ = self._loaded()
        if self._scoring is None:
            self._scoring = PromptScores(server)
        return self._scoring

    def unload(self) -> None:
        """Close the line; the server keeps its model."""
        if self._server is not None:
            self._server.close()
        self._plan, self._server, self._scoring, self._context = None, None, None, 0


def _completed(answer: Any) -> Completed:
    choice = answer.choices[0]
    tokens = answer.usage.completion_tokens if answer.usage else 0
    return Completed(choice.text, tokens, "length" if choice.finish_reason == "length" else "stop")


def _context_length(entry: Any) -> int:
    """Tokens, where the server's list of models says so: vLLM and llama-server do."""
    meta = getattr(entry, "meta", None) or {}
    for length in (
        getattr(entry, "max_model_len", None),
        *(meta.get(name) for name in ("n_ctx", "n_ctx_train") if isinstance(meta, dict)),
    ):
        if isinstance(length, int) and length > 0:
            return length
    return 0
