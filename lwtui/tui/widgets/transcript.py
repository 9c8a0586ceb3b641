"""A conversation: what the user wrote as it is, what the model answers as streaming Markdown."""

from __future__ import annotations

from markdown_it import MarkdownIt
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Markdown, Static
from textual.widgets.markdown import MarkdownStream

from lwtui.backend.protocol import Finished
from lwtui.tui.text import clean, one_line, plain


def markdown_parser() -> MarkdownIt:
    """GitHub's Markdown, with HTML shown as it was written (Textual would drop it)."""
    return MarkdownIt("gfm-like").disable(["html_block", "html_inline"])


class PromptTurn(Static):
    """What the user asked."""

    DEFAULT_CSS = """
    PromptTurn {
        height: auto; margin: 1 0 0 0; padding: 0 1; background: $surface;
        border-left: outer $accent; text-wrap: wrap;
    }
    """

    def __init__(self, text: str) -> None:
        super().__init__(plain(text), markup=False)


class AnswerTurn(Vertical):
    """An answer as it streams, and one line about it: speed, stop, error."""

    DEFAULT_CSS = """
    AnswerTurn {
        height: auto; margin: 1 0 0 0; padding: 0 1;
        & > Markdown { padding: 0 1 0 1; margin: 0; height: auto; background: $background; }
        & > Static { height: auto; color: $foreground-muted; padding: 0 1; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[str] = []
        self._stream: MarkdownStream | None = None

    @property
    def text(self) -> str:
        """The answer so far, cleaned."""
        return "".join(self._parts)

    def compose(self) -> ComposeResult:
        yield Markdown(parser_factory=markdown_parser, open_links=False)
        yield Static("…", markup=False)

    async def write(self, text: str) -> None:
        """Append a piece of the answer."""
        text = clean(text)
        if not text:
            return
        self._parts.append(text)
        if self._stream is None:
            self._stream = Markdown.get_stream(self.query_one(Markdown))
        await self._stream.write(text)

    async def end(self, finished: Finished | None, error: Exception | None) -> None:
        """The stream is over; what was written stays."""
        if self._stream is not None:
            await self._stream.stop()
            self._stream = None
        self.query_one(Static).update(_remark(finished, error))

    def note(self, content: Content) -> None:
        self.query_one(Static).update(content)

    @on(Markdown.LinkClicked)
    def _show_link(self, event: Markdown.LinkClicked) -> None:
        # A model's link may lead anywhere: show it, open nothing.
        event.stop()
        self.notify(one_line(event.href, 500), title="Link (not opened)", markup=False)


def _remark(finished: Finished | None, error: Exception | None) -> Content:
    if error is not None:
        return Content.styled(f"✗ {one_line(str(error), 1000)}", "$text-error")
    if finished is None:
        return Content.styled("✗ the answer broke off", "$text-error")
    parts = [("stopped · ", "$text-warning")] if finished.reason == "cancelled" else []
    if finished.reason == "length":
        parts = [("cut: the limit of tokens is reached · ", "$text-warning")]
    facts = [f"{finished.tokens:,} tokens"]
    generating = finished.seconds - finished.seconds_to_first
    if finished.tokens > 1 and generating > 0:
        facts.append(f"{(finished.tokens - 1) / generating:.1f} tokens/s")
    facts.append(f"first after {finished.seconds_to_first:.2f} s")
    if finished.dropped_messages:
        number = finished.dropped_messages
        facts.append(f"{number} oldest message{'s' * (number != 1)} left out: context full")
    if finished.truncated_tokens:
        facts.append(
            f"the first {finished.truncated_tokens:,} tokens of the prompt left out: it is longer "
            "than the context"
        )
    return Content.assemble(*parts, " · ".join(facts))


class Transcript(VerticalScroll, can_focus=True):
    """The turns of a chat, kept at their end while an answer streams."""

    DEFAULT_CSS = """
    Transcript {
        height: 1fr; padding: 0 1; scrollbar-size-vertical: 1; background: $background;
    }
    """

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

    async def ask(self, text: str) -> AnswerTurn:
        """Add a prompt and the empty answer to it."""
        await self.mount(PromptTurn(text))
        return await self.answer()

    async def answer(self) -> AnswerTurn:
        turn = AnswerTurn()
        await self.mount(turn)
        if self.is_anchored:
            self.anchor()  # the user may have scrolled up: a new answer goes to the end again
        return turn

    async def forget_answer(self) -> None:
        """Take the last answer away (it is about to be given anew)."""
        if self.children and isinstance(self.children[-1], AnswerTurn):
            await self.children[-1].remove()

    async def clear(self) -> None:
        await self.remove_children()
