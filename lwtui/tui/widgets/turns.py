"""The widgets that show a part of a turn: prompt, answer, and the line about an answer."""

from __future__ import annotations

from markdown_it import MarkdownIt
from textual import on
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Markdown, Static
from textual.widgets.markdown import MarkdownBlock

from lwtui.chat.session import Turn
from lwtui.tui.text import clean, one_line, plain
from lwtui.tui.widgets.markdown_blocks import CodeFence, GrowingBulletList, GrowingOrderedList
from lwtui.tui.widgets.parts import Part

HIT = "reverse bold"
"""How words that were looked for are painted: seen without colours too."""


def markdown_parser() -> MarkdownIt:
    """GitHub's Markdown, with HTML shown as it was written (Textual would drop it)."""
    return MarkdownIt("gfm-like").disable(["html_block", "html_inline"])


class PromptPart(Static):
    """What the user asked."""

    DEFAULT_CSS = """
    PromptPart {
        height: auto; padding: 0 1; background: $surface; border-left: outer $accent;
        text-wrap: wrap;
        &.-first { margin-top: 1; }
        &.-marked { background: $panel; border-left: outer $warning; }
    }
    """

    def __init__(self, part: Part) -> None:
        super().__init__(plain(part.text), markup=False, classes="-first" if part.first else "")
        self.part = part


class AnswerPart(Markdown):
    """What the model answered. A link may lead anywhere: it is shown and not opened."""

    DEFAULT_CSS = """
    AnswerPart {
        height: auto; padding: 0 1; margin: 0; background: $background;
        border-left: outer $background;
        &.-first { margin-top: 1; }
        &.-marked { border-left: outer $warning; }
        &.-tight > MarkdownBlock { margin-bottom: 0; }
        &.-tight > MarkdownParagraph { margin-bottom: 1; }
        &.-tight > MarkdownFence:last-child > Label { padding-bottom: 0; }
        &.-joined > MarkdownFence:first-child { margin-top: 0; }
        &.-joined > MarkdownFence:first-child > Label { padding-top: 0; }
    }
    """
    BLOCKS = {  # noqa: RUF012 (as Textual declares it)
        **Markdown.BLOCKS,
        "fence": CodeFence,
        "code_block": CodeFence,
        "bullet_list_open": GrowingBulletList,
        "ordered_list_open": GrowingOrderedList,
    }

    def __init__(self, part: Part) -> None:
        super().__init__(part.text, parser_factory=markdown_parser, open_links=False)
        self.set_class(part.first, "-first")
        self.set_class(part.joined, "-joined")
        self.set_class(part.tight, "-tight")
        self.part = part

    @on(Markdown.LinkClicked)
    def _show_link(self, event: Markdown.LinkClicked) -> None:
        event.stop()
        self.notify(one_line(event.href, 500), title="Link (not opened)", markup=False)


class RemarkPart(Static):
    """One line about an answer: who gave it, its speed, whether it was stopped."""

    DEFAULT_CSS = """
    RemarkPart {
        height: auto; min-height: 1; padding: 0 1; color: $foreground-muted;
        border-left: outer $background;
        &.-first { margin-top: 1; }
        &.-marked { border-left: outer $warning; }
    }
    """

    def __init__(self, part: Part, content: Content) -> None:
        super().__init__(content, markup=False, classes="-first" if part.first else "")
        self.part = part


def widget_of(part: Part, turn: Turn) -> Widget:
    if part.kind == "prompt":
        return PromptPart(part)
    if part.kind == "answer":
        return AnswerPart(part)
    return RemarkPart(part, remark_of(turn))


def remark_of(turn: Turn) -> Content:
    """What there is to say about an answer."""
    if turn.status == "failed":
        return Content.styled(f"✗ {one_line(turn.note or 'the answer broke off', 1000)}",
                              "$text-error")  # fmt: skip
    facts = []
    if turn.learnware:
        facts.append(one_line(turn.learnware, 200))
    if turn.status == "running":
        facts.append(f"{turn.tokens:,} tokens…" if turn.tokens else "…")
        return Content(" · ".join(facts))
    if turn.tokens:
        facts.append(f"{turn.tokens:,} token{'s' * (turn.tokens != 1)}")
    generating = turn.seconds - turn.first
    if turn.tokens > 1 and generating > 0:
        facts.append(f"{(turn.tokens - 1) / generating:.1f} tokens/s")
    if turn.first:
        facts.append(f"first after {turn.first:.2f} s")
    parts = [("stopped · ", "$text-warning")] if turn.status == "stopped" else []
    note = clean(turn.note)
    return Content.assemble(
        *parts, " · ".join(facts), (f"\n{note}" if note else "", "$text-warning")
    )


def paint_hits(widget: Widget, text: str) -> None:
    """Mark every place where ``text`` stands in what a part shows."""
    wanted = text.casefold()
    blocks = [widget, *widget.query(MarkdownBlock)] if isinstance(widget, AnswerPart) else [widget]
    for block in blocks:
        content = block._content if isinstance(block, MarkdownBlock) else None
        if isinstance(block, PromptPart):
            content = plain(block.part.text)
        if content is None:
            continue
        at = content.plain.casefold().find(wanted)
        if at < 0 or len(content.plain.casefold()) != len(content.plain):
            continue
        while at >= 0:
            content = content.stylize(HIT, at, at + len(wanted))
            at = content.plain.casefold().find(wanted, at + len(wanted))
        if isinstance(block, MarkdownBlock):
            block.set_content(content)
        elif isinstance(block, PromptPart):
            block.update(content)


async def unpaint(widget: Widget) -> None:
    """Take the marks away again."""
    if isinstance(widget, PromptPart):
        widget.update(plain(widget.part.text))
    elif isinstance(widget, AnswerPart):
        await widget.update(widget.part.text)
