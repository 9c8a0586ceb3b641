"""One learnware of a comparison: its name, what it was asked, what it answers as it streams."""

from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Markdown, Static
from textual.widgets.markdown import MarkdownStream

from lwtui.chat.session import ChatSession, Turn
from lwtui.tui.text import clean, fit_middle, one_line
from lwtui.tui.widgets.parts import Part, Splitter
from lwtui.tui.widgets.turns import AnswerPart, PromptPart, RemarkPart, remark_of


class AnswersScroll(VerticalScroll, can_focus=True):
    """Stays at its end while it grows, unless the user has scrolled away."""

    def on_mount(self) -> None:
        self.watch(self, "virtual_size", self._keep_end, init=False)

    def on_resize(self) -> None:
        self._keep_end()

    def _keep_end(self) -> None:
        # An anchor on text shorter than the widget makes Textual 8.2 scroll to a negative line.
        taller = self.virtual_size.height > self.container_size.height
        if taller and not self.is_anchored:
            self.anchor()
        elif not taller and self.is_anchored:
            self.anchor(False)
            self.set_scroll(None, 0)
            self.refresh(layout=True)

    def to_end(self) -> None:
        """An answer begins: to the end again, wherever the user is."""
        if self.is_anchored:
            self.anchor()


class CompareColumn(Vertical):
    """Says what it is told, kept at its end while an answer streams."""

    DEFAULT_CSS = """
    CompareColumn {
        width: 1fr; height: 1fr; border-left: solid $border;
        &.-first-shown { border-left: none; }
        & > .name { height: 1; padding: 0 1; color: $foreground-muted; background: $surface; }
        & .hint { padding: 1 1; color: $foreground-muted; }
        & > VerticalScroll { height: 1fr; scrollbar-size-vertical: 1; padding: 0; }
        &.-at > .name { color: $accent; text-style: bold; background: $panel; }
    }
    """

    def __init__(self, session: ChatSession) -> None:
        super().__init__()
        self.session = session
        self._where = ""
        self._stream: MarkdownStream | None = None
        self._answer: AnswerPart | None = None
        self._remark: RemarkPart | None = None
        self._answering: list[AnswerPart | RemarkPart] = []
        """Widgets of the last answer."""
        self._splitter = Splitter()
        self._text: list[str] = []

    @property
    def text(self) -> str:
        """The last answer so far, cleaned."""
        return "".join(self._text)

    @property
    def body(self) -> AnswersScroll:
        return self.query_one(AnswersScroll)

    def compose(self) -> ComposeResult:
        yield Static(classes="name", markup=False)
        with AnswersScroll():
            yield Static("answers here what you ask below", classes="hint", markup=False)

    def on_resize(self) -> None:
        self._show_name()

    def _show_name(self) -> None:
        width = max(8, self.size.width - 3)
        name = one_line(self.session.learnware, 200)
        room = width - len(name) - 3
        where = f"   {self._where}" if self._where and room >= len(self._where) else ""
        name = name if len(name) <= width else fit_middle(name, width)
        self.query_one(".name", Static).update(Content(f"{name}{where}"))

    def loaded(self, where: str) -> None:
        self._where = one_line(where, 40)
        self._show_name()

    async def ask(self, text: str) -> None:
        """What it is asked; the answer will follow."""
        await self.query(".hint").remove()
        await self.body.mount(PromptPart(Part(0, "prompt", clean(text))))
        await self.begin()

    async def begin(self, *, again: bool = False) -> None:
        """An empty answer; with ``again`` in place of the last one."""
        if again:
            for widget in self._answering:
                await widget.remove()
        self._text, self._splitter = [], Splitter()
        self._answer = None
        self._remark = RemarkPart(Part(0, "remark", ""), Content("its turn will come"))
        self._answering = [self._remark]
        await self.body.mount(self._remark)
        self.body.to_end()

    def note(self, text: str) -> None:
        """One line about the answer under way."""
        if self._remark is not None:
            self._remark.update(Content(one_line(text, 200)))

    async def write(self, text: str) -> None:
        """A piece of the answer."""
        text = clean(text)
        if not text or self._remark is None:
            return
        self._text.append(text)
        for begins, piece in self._splitter.feed(text):
            if begins or self._answer is None or self._stream is None:
                await self._close()
                self._answer = AnswerPart(Part(0, "answer", "", self._answer is None))
                self._answering.append(self._answer)
                await self.body.mount(self._answer, before=self._remark)
                self._stream = Markdown.get_stream(self._answer)
            await self._stream.write(piece)

    async def end(self, turn: Turn) -> None:
        """The answer is over; what was written stays."""
        await self._close()
        if self._remark is not None:
            # The name stands above; the line has room for the figures.
            self._remark.update(remark_of(replace(turn, learnware="")))

    async def _close(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.stop()
