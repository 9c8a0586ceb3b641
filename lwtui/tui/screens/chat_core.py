"""The core of Chat: a conversation, the model that answers in it, and answers as they stream."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from functools import cached_property, partial
from pathlib import Path

from textual import on, work
from textual.content import Content

from lwtui.backend.protocol import Chunk, Finished
from lwtui.chat.session import ChatSession, Turn
from lwtui.errors import LwtuiError
from lwtui.jobs import JobContext
from lwtui.learnware.model import Learnware
from lwtui.tui import chat_messages as told
from lwtui.tui import messages
from lwtui.tui.messages import RunningJob
from lwtui.tui.screens.chat_tools import ChatTools
from lwtui.tui.services import ChatHandle
from lwtui.tui.stream_buffer import StreamBuffer
from lwtui.tui.text import one_line
from lwtui.tui.widgets.answer import Answer
from lwtui.tui.widgets.prompt import PromptArea
from lwtui.tui.widgets.transcript import Transcript

Stream = Callable[[], Iterator["Chunk | Finished"]]

FLUSH = 1 / 30
"""Seconds between two looks at what the model has written."""


class ChatCore(ChatTools):
    def __init__(self) -> None:
        super().__init__()
        self.learnware: Learnware | None = None
        """Who answers."""
        self.session: ChatSession | None = None
        """The conversation in sight; None: none has begun."""
        self.data: Path | None = None
        """The dataset the learnware was chosen for."""
        self._gone = ""
        """Why nobody can answer in this conversation."""
        self._chat: ChatHandle | None = None
        self._loading: RunningJob | None = None
        self._waiting: Callable[[], Awaitable[None]] | None = None
        """What is to be done once the model is loaded."""
        self._unsent = ""
        """The prompt that waits for it."""
        self._turn = 0
        self._answer: Answer | None = None
        """The answer that streams now."""
        self._last: Answer | None = None
        self._buffer = StreamBuffer()
        self._flushed = 0.0
        self._rest = FLUSH

    @property
    def handle(self) -> ChatHandle | None:
        """The conversation with its model loaded; None: the next prompt loads it."""
        return self._chat

    @property
    def busy(self) -> bool:
        """An answer streams or a model loads."""
        return self._answer is not None or self._loading is not None

    @cached_property
    def prompt(self) -> PromptArea:
        return self.query_one(PromptArea)

    @cached_property
    def transcript(self) -> Transcript:
        return self.query_one(Transcript)

    @property
    def position(self) -> int | None:
        """Place of the message that is marked."""
        return self.transcript.marked

    @property
    def answerer(self) -> str:
        """Id of who answers, a learnware or a model of a server; empty: nobody."""
        if self._gone:
            return ""
        if self.learnware is not None:
            return self.learnware.id
        return self.session.learnware if self.session is not None else ""

    def sessions_changed(self) -> None:
        """The list of conversations is to be read again."""

    def changed(self) -> None:
        """Something that the first line, the footer or the tools show has changed."""
        self._show_head()
        self.refresh_bindings()
        self.tools_changed()

    # The model

    def _load(self) -> None:
        """Load the model of who answers, for the conversation in sight."""
        answerer = self.answerer
        if not answerer or self._loading is not None:
            return
        job = self.lwtui.start_job(f"Loading {answerer}", "chat", kind="model")
        self._loading = job
        self.changed()
        self.load_model(answerer, self.session, job)

    @work(thread=True, group="load")
    def load_model(self, answerer: str, session: ChatSession | None, job: RunningJob) -> None:
        context = JobContext(
            lambda progress: self.tell(messages.JobProgressed(job, progress)), job.cancel
        )
        try:
            chat = self.services.open_chat(answerer, context, session)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.JobEnded(job, error))
            return
        self.post_message(told.ModelLoaded(job, chat))
        self.post_message(messages.JobEnded(job, None))

    def on_model_loaded(self, message: told.ModelLoaded) -> None:
        if message.job is not self._loading:
            return  # another conversation is in sight by now
        self._chat = message.chat
        self.session = message.chat.session
        if message.chat.where:
            self.app.post_message(messages.MachineKnown(message.chat.where))

    async def on_job_ended(self, message: messages.JobEnded) -> None:
        self.lwtui.end_job(message.job, message.error)
        if message.job is not self._loading:
            return
        self._loading = None
        waiting, self._waiting = self._waiting, None
        if message.error is not None:
            self.lwtui.complain(message.error, "The model could not be loaded")
            await self._give_back()
        self.changed()
        if self._chat is not None and waiting is not None:
            await waiting()

    async def _give_back(self) -> None:
        """The prompt that waited is not lost."""
        text, self._unsent = self._unsent, ""
        if text:
            await self.transcript.show(self.session.turns if self.session else [])
            if not self.prompt.text:
                self.prompt.text = text

    async def _when_loaded(self, do: Callable[[], Awaitable[None]]) -> None:
        if self._chat is not None:
            await do()
        else:
            self._waiting = do
            self._load()

    def _show_head(self) -> None:
        """Say who answers, and where."""

    # Asking

    async def ask(self, text: str, instead_of: int | None = None) -> None:
        """Ask, with ``instead_of`` in place of that message and all that follow."""
        if instead_of is not None:
            await self.transcript.cut(instead_of)
        await self.transcript.add(Turn("user", text))
        self._unsent = text

        async def go() -> None:
            chat, self._unsent = self._chat, ""
            if chat is not None:
                stream = partial(chat.ask, text)
                if instead_of is not None:
                    stream = partial(chat.edit, instead_of, text)
                await self._begin(stream)

        await self._when_loaded(go)

    async def regenerate(self) -> None:
        """Answer the last question anew."""

        async def go() -> None:
            chat, turns = self._chat, self.transcript.turns
            if chat is not None and turns:
                if turns[-1].role == "assistant":
                    await self.transcript.cut(len(turns) - 1)
                await self._begin(chat.regenerate)

        await self._when_loaded(go)

    async def go_on(self) -> None:
        """Go on with the last answer."""

        async def go() -> None:
            chat, turns = self._chat, self.transcript.turns
            if chat is not None and turns:
                self._run(Answer(self.transcript, turns[-1], len(turns) - 1), chat.go_on)

        await self._when_loaded(go)

    async def _begin(self, stream: Stream) -> None:
        turn = Turn("assistant", "", self.answerer, "running")
        place = await self.transcript.add(turn)
        self._run(Answer(self.transcript, turn, place), stream)

    def _run(self, answer: Answer, stream: Stream) -> None:
        self._turn += 1
        self._answer = self._last = answer
        self._buffer = StreamBuffer()
        self.refresh_bindings()
        self.stream_answer(self._turn, stream, self._buffer)

    @work(thread=True, group="answer")
    def stream_answer(self, turn: int, stream: Stream, buffer: StreamBuffer) -> None:
        finished: Finished | None = None
        try:
            for piece in stream():
                if isinstance(piece, Finished):
                    finished = piece
                elif buffer.put(piece.text, piece.tokens):
                    self.post_message(told.Written(turn))
        except (LwtuiError, OSError) as error:
            self.post_message(told.AnswerEnded(turn, None, error))
            return
        self.post_message(told.AnswerEnded(turn, finished))

    async def on_written(self, message: told.Written) -> None:
        if message.turn != self._turn or self._answer is None:
            return
        wait = self._rest - (time.monotonic() - self._flushed)
        if wait > 0:
            self.set_timer(wait, partial(self._flush, message.turn))
        else:
            await self._flush(message.turn)

    async def _flush(self, turn: int) -> None:
        answer = self._answer
        if turn != self._turn or answer is None:
            return
        begun = time.monotonic()
        text, tokens, more = self._buffer.take()
        await answer.write(text)
        await answer.wait()
        answer.note(Content(f"{tokens:,} token{'s' * (tokens != 1)}…"))
        self._flushed = time.monotonic()
        self._rest = max(FLUSH, self._flushed - begun)  # half of the time is for keys
        if more:
            self.post_message(told.Written(turn))

    async def on_answer_ended(self, message: told.AnswerEnded) -> None:
        answer = self._answer
        if message.turn != self._turn or answer is None:
            return
        text, _, more = self._buffer.take()
        await answer.write(text)
        if more:
            self.post_message(message)  # keys come in between
            return
        self._answer = None
        self._settle(answer, message.error)
        await answer.end()
        if self._chat is not None and self._chat.where:
            self.app.post_message(messages.MachineKnown(self._chat.where))
        self.changed()
        self.sessions_changed()

    def _settle(self, answer: Answer, error: Exception | None) -> None:
        """The turns in sight are those of the conversation from now on."""
        shown = self.transcript.turns
        turns = self.session.turns if self.session is not None else []
        if len(turns) == len(shown):
            shown[:] = turns
            answer.turn = turns[answer.place]
        if error is not None and answer.turn.status != "failed":
            answer.turn.status, answer.turn.note = "failed", one_line(str(error), 1000)
        elif answer.turn.status == "running":
            answer.turn.status = "stopped"

    @on(PromptArea.Sent)
    async def _sent(self, event: PromptArea.Sent) -> None:
        if self._answer is not None:
            self.notify("An answer is being written: escape stops it.", severity="warning")
        elif self._unsent:
            self.notify("The model is still loading; your prompt waits.", severity="warning")
        else:
            await self.send(event.text)

    async def send(self, text: str) -> None:
        """What enter does with the text of the prompt."""
        self.prompt.clear()
        await self.ask(text)

    def leave_answer(self) -> None:
        """Stop what streams or loads, keeping its text: another conversation comes."""
        if self._loading is not None:
            self._loading.cancel.cancel()
        if self._chat is not None:
            self._chat.stop()
        self._turn += 1  # what still streams belongs to no turn in sight
        self._answer = self._last = self._loading = self._waiting = None
        self._unsent = ""
        self.transcript.on_leave_part = None
