"""Chat: a conversation with one learnware."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from lwtui.backend.protocol import Chunk, Finished
from lwtui.errors import LwtuiError
from lwtui.jobs import JobContext
from lwtui.learnware.model import Learnware
from lwtui.tui import messages
from lwtui.tui.bindings import bindings_of
from lwtui.tui.messages import RunningJob
from lwtui.tui.screens.chat_tools import ChatTools
from lwtui.tui.services import ChatHandle
from lwtui.tui.text import one_line
from lwtui.tui.widgets.prompt import PromptArea
from lwtui.tui.widgets.transcript import AnswerTurn, Transcript

Stream = Callable[[], Iterator["Chunk | Finished"]]


class ChatScreen(ChatTools):
    MODE = "chat"
    CSS_PATH = "chat.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("chat")
    AUTO_FOCUS = "PromptArea"

    def __init__(self) -> None:
        super().__init__()
        self.learnware: Learnware | None = None
        self._chat: ChatHandle | None = None
        self._loading: RunningJob | None = None
        self._waiting: list[str] = []
        """A prompt sent while the model was still loading."""
        self._turn = 0
        self._answer: AnswerTurn | None = None
        """The answer that streams now."""
        self._last: AnswerTurn | None = None

    def compose_body(self) -> ComposeResult:
        yield Static(id="chat-head", markup=False)
        yield Transcript()
        with Vertical(id="teach"):
            yield Static(id="teach-text", markup=False)
        yield PromptArea(id="prompt")

    def on_mount(self) -> None:
        self._show_head()

    # The learnware

    def open_chat(self, learnware: Learnware) -> None:
        """Talk with this learnware; a chat with it that is open goes on."""
        self.query_one(PromptArea).focus()
        if self.learnware is not None and learnware.id == self.learnware.id:
            if self._chat is None and self._loading is None:
                self._load(learnware)
            return
        self._drop_chat()
        self.learnware = learnware
        self._load(learnware)

    def _drop_chat(self) -> None:
        if self._loading is not None:
            self._loading.cancel.cancel()
        if self._chat is not None:
            self._chat.stop()
        self._turn += 1  # what still streams belongs to no turn of the new chat
        self._chat = self._answer = self._last = None
        self._waiting.clear()
        self.run_worker(self.query_one(Transcript).clear(), group="clear")

    def _load(self, learnware: Learnware) -> None:
        job = self.lwtui.start_job(f"Loading {learnware.id}", "chat")
        self._loading = job
        self._show_head()
        self.refresh_bindings()
        self.load_model(learnware, job)

    @work(thread=True, group="load")
    def load_model(self, learnware: Learnware, job: RunningJob) -> None:
        context = JobContext(
            lambda progress: self.tell(messages.JobProgressed(job, progress)), job.cancel
        )
        try:
            chat = self.services.open_chat(learnware.id, context)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.JobEnded(job, error))
            return
        self.post_message(messages.ChatOpened(learnware, chat))
        self.post_message(messages.JobEnded(job, None))

    async def on_chat_opened(self, message: messages.ChatOpened) -> None:
        if self.learnware is None or message.learnware.id != self.learnware.id:
            return
        self._chat = message.chat
        if message.chat.where:
            self.app.post_message(messages.MachineKnown(message.chat.where))

    async def on_job_ended(self, message: messages.JobEnded) -> None:
        self.lwtui.end_job(message.job, message.error)
        if message.job is not self._loading:
            return
        self._loading = None
        if message.error is not None:
            self.lwtui.complain(message.error, "The model could not be loaded")
        self._show_head()
        self.refresh_bindings()
        if self._chat is not None and self._waiting:
            await self._ask(self._waiting.pop())

    def _show_head(self) -> None:
        learnware = self.learnware
        self.query_one("#teach").display = learnware is None
        self.query_one(Transcript).display = learnware is not None
        if learnware is None:
            self.query_one("#chat-head", Static).update(
                Content.styled("no learnware chosen", "$foreground-muted")
            )
            self.query_one("#teach-text", Static).update(_teach())
            return
        parts: list[tuple[str, str]] = [(learnware.id, "bold $accent")]
        if self._loading is not None:
            parts.append(("   loading the model…", "$text-warning"))
        elif self._chat is None:
            parts.append(("   not loaded: the next prompt tries again", "$text-error"))
        else:
            where = one_line(self._chat.where, 60)
            reason = one_line(self._chat.reason, 300)
            parts.append((f"   {where}" if where else "", "$foreground"))
            parts.append((f"   {reason}" if reason else "", "$foreground-muted"))
        self.query_one("#chat-head", Static).update(Content.assemble(*parts))

    # Asking

    @on(PromptArea.Sent)
    async def _sent(self, event: PromptArea.Sent) -> None:
        if self._answer is not None:
            self.notify("An answer is being written: escape stops it.", severity="warning")
            return
        self.query_one(PromptArea).clear()
        if self.learnware is None:
            self._waiting = [event.text]
            self.open_default()
        elif self._chat is None:
            self._waiting = [event.text]
            if self._loading is None:
                self._load(self.learnware)
        else:
            await self._ask(event.text)

    @work(thread=True, exclusive=True, group="default")
    def open_default(self) -> None:
        try:
            learnware = self.services.learnware(self.services.default_learnware())
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("There is no learnware to talk with", error))
            return
        self.app.call_from_thread(self._opened_default, learnware)

    def _opened_default(self, learnware: Learnware) -> None:
        if self.learnware is None:
            self.learnware = learnware
            self._load(learnware)

    async def _ask(self, text: str) -> None:
        chat = self._chat
        if chat is not None:
            self._begin(await self.query_one(Transcript).ask(text), lambda: chat.ask(text))

    def _begin(self, answer: AnswerTurn, stream: Stream) -> None:
        self._turn += 1
        self._answer = self._last = answer
        self.refresh_bindings()
        self.stream_answer(self._turn, stream)

    @work(thread=True, group="answer")
    def stream_answer(self, turn: int, stream: Stream) -> None:
        finished: Finished | None = None
        try:
            for piece in stream():
                if isinstance(piece, Finished):
                    finished = piece
                else:
                    self.post_message(messages.Streamed(turn, piece.text, piece.tokens))
        except (LwtuiError, OSError) as error:
            self.post_message(messages.AnswerEnded(turn, None, error))
            return
        self.post_message(messages.AnswerEnded(turn, finished))

    async def on_streamed(self, message: messages.Streamed) -> None:
        if message.turn == self._turn and self._answer is not None:
            await self._answer.write(message.text)
            self._answer.note(Content(f"{message.tokens:,} tokens…"))

    async def on_answer_ended(self, message: messages.AnswerEnded) -> None:
        if message.turn != self._turn or self._answer is None:
            return
        answer, self._answer = self._answer, None
        await answer.end(message.finished, message.error)
        if self._chat is not None and self._chat.where:
            self.app.post_message(messages.MachineKnown(self._chat.where))
        self._show_head()
        self.refresh_bindings()

    # Actions

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide from the footer what makes no sense now."""
        running = self._answer is not None or self._loading is not None
        if action in ("stop", "leave"):
            return running == (action == "stop")
        if action == "regenerate":
            return self._last is not None and self._answer is None
        if action == "copy":
            return self._last is not None
        if action == "new":
            return self._chat is not None
        return True

    def action_stop(self) -> None:
        if self._answer is not None and self._chat is not None:
            self._chat.stop()
        elif self._loading is not None:
            self._loading.cancel.cancel()

    def action_leave(self) -> None:
        target = self.query_one(Transcript)
        if target.display:
            target.focus()
        else:
            self.set_focus(None)

    async def action_regenerate(self) -> None:
        chat = self._chat
        if chat is None or self._answer is not None or self._last is None:
            return
        transcript = self.query_one(Transcript)
        await transcript.forget_answer()
        self._begin(await transcript.answer(), chat.regenerate)

    def action_copy(self) -> None:
        if self._last is not None and self._last.text:
            self.app.copy_to_clipboard(self._last.text)
            self.notify("The last answer is copied.")

    async def action_new(self) -> None:
        if self._chat is None:
            return
        self._chat.stop()
        self._turn += 1
        self._answer = self._last = None
        self._chat.clear()
        await self.query_one(Transcript).clear()
        self.query_one(PromptArea).focus()
        self.refresh_bindings()

    def action_prompt(self) -> None:
        self.query_one(PromptArea).focus()

    def action_pick(self) -> None:
        from lwtui.tui.screens.pick import PickScreen

        self.app.push_screen(PickScreen(), self._picked)

    def _picked(self, learnware: Learnware | None) -> None:
        if learnware is not None:
            self.open_chat(learnware)


def _teach() -> Content:
    return Content.assemble(
        ("Talk with a learnware.\n\n", "bold"),
        ("ctrl+l  ", "bold $accent"), "choose one here\n",
        ("F1      ", "bold $accent"), "choose one from the collection\n",
        ("F2      ", "bold $accent"), "find the one that suits your data\n\n",
        "Or just ask below: the base model of the starter collection answers.",
    )  # fmt: skip
