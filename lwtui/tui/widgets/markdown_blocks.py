"""Blocks of Markdown that cost little while an answer streams.

Textual makes a list anew, with every widget in it, each time a word is added to its last line; and
of code that names no language it guesses one, which loads and asks some 500 lexers (0.2 s) each
time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets._markdown import (
    MarkdownBlock,
    MarkdownBullet,
    MarkdownBulletList,
    MarkdownFence,
    MarkdownList,
    MarkdownListItem,
    MarkdownOrderedList,
    MarkdownOrderedListItem,
    MarkdownParagraph,
)


class ListLine(MarkdownParagraph):
    """An item that is one paragraph: one widget where Textual takes four."""

    DEFAULT_CSS = """
    ListLine {
        margin: 0; height: auto;
        & > .list-line--symbol { color: $text-primary; }
    }
    """

    def begin(self, symbol: str) -> ListLine:
        """Put the bullet or number before it."""
        self.symbol = symbol
        self.styles.padding = (0, 0, 0, cell_len(symbol))
        return self

    def render_lines(self, crop: Region) -> list[Strip]:
        strips = super().render_lines(crop)
        if crop.y or crop.x or not strips:
            return strips
        width = cell_len(self.symbol)
        look = self.get_visual_style("list-line--symbol").rich_style
        symbol = Strip([Segment(self.symbol, look)], width)
        return [Strip.join([symbol, strips[0].crop(width)]), *strips[1:]]

    COMPONENT_CLASSES: ClassVar[set[str]] = {*MarkdownBlock.COMPONENT_CLASSES, "list-line--symbol"}


def _row(item: MarkdownListItem, symbol: str) -> Widget:
    blocks = item._blocks
    if len(blocks) == 1 and type(blocks[0]) is MarkdownParagraph and blocks[0]._inline_token:
        line = ListLine(blocks[0]._markdown, blocks[0]._token)
        line.build_from_token(blocks[0]._inline_token)
        return line.begin(symbol)
    bullet = MarkdownBullet()
    bullet.symbol = symbol
    return Horizontal(bullet, Vertical(*blocks))


class GrowingBulletList(MarkdownBulletList):
    """A list with bullets."""

    def compose(self) -> ComposeResult:
        yield from _rows(self)

    async def _update_from_block(self, block: MarkdownBlock) -> None:
        if not await _grow(self, block):
            await super()._update_from_block(block)


class GrowingOrderedList(MarkdownOrderedList):
    """A list with numbers."""

    def compose(self) -> ComposeResult:
        yield from _rows(self)

    async def _update_from_block(self, block: MarkdownBlock) -> None:
        if not await _grow(self, block):
            await super()._update_from_block(block)


def _rows(shown: MarkdownList) -> Iterator[Widget]:
    items = _items(shown)
    for item, symbol in zip(items, _symbols(items), strict=True):
        yield _row(item, symbol)
    shown._blocks.clear()


async def _grow(shown: MarkdownList, block: MarkdownBlock) -> bool:
    """Make a list what ``block`` is, if that is the same list with more at its end."""
    items, rows = _items(block), list(shown.children)
    if type(block) is not type(shown) or not 0 < len(rows) <= len(items):
        return False
    shown._copy_context(block)
    symbols = _symbols(items)
    last = len(rows) - 1
    for row, symbol in zip(rows[:-1], symbols, strict=False):
        if isinstance(row, ListLine):
            row.begin(symbol)
        else:
            row.query_one(MarkdownBullet).symbol = symbol
    row, now = rows[last], _row(items[last], symbols[last])
    if isinstance(row, ListLine) and isinstance(now, ListLine):
        await row._update_from_block(now)
        row.begin(symbols[last])
    else:
        await row.remove()
        await shown.mount(now)
    new = [_row(*pair) for pair in list(zip(items, symbols, strict=True))[len(rows) :]]
    if new:
        await shown.mount_all(new)
    return True


def _items(block: MarkdownBlock) -> list[MarkdownListItem]:
    return [item for item in block._blocks if isinstance(item, MarkdownListItem)]


def _symbols(items: list[MarkdownListItem]) -> list[str]:
    if not items or not isinstance(items[0], MarkdownOrderedListItem):
        return [item.bullet for item in items]
    try:
        start = int(items[0].bullet)
    except ValueError:
        start = 1
    width = len(f"{start + len(items) - 1}. ") + 1
    return [f"{number}. ".rjust(width) for number in range(start, start + len(items))]


class CodeFence(MarkdownFence):
    """Code; without a language it is plain text."""

    @classmethod
    def highlight(cls, code: str, language: str, ansi: bool = False, dark: bool = False) -> Content:
        return super().highlight(code, language.strip() or "text", ansi, dark)
