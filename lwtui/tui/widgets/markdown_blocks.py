"""Blocks of Markdown that cost little while an answer streams.

Textual makes a list anew, with every widget in it, each time a word is added to its last line; and
of code that names no language it guesses one, which loads and asks some 500 lexers (0.2 s) each
time.
"""

from __future__ import annotations

from textual.containers import Horizontal, Vertical
from textual.content import Content
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


class _Growing(MarkdownList):
    def can_grow(self, block: MarkdownBlock) -> bool:
        """Whether ``block`` is this list with more at its end."""
        rows = len(self.query_children(Horizontal))
        return type(block) is type(self) and 0 < rows <= len(_items(block))

    async def _update_from_block(self, block: MarkdownBlock) -> None:
        if not self.can_grow(block):
            await super()._update_from_block(block)
            return
        items, rows = _items(block), list(self.query_children(Horizontal))
        self._copy_context(block)
        symbols = _symbols(items)
        for row, symbol in zip(rows, symbols, strict=False):
            row.query_one(MarkdownBullet).symbol = symbol
        await _grow(rows[-1].query_one(Vertical), items[len(rows) - 1])
        new = []
        for item, symbol in list(zip(items, symbols, strict=True))[len(rows) :]:
            bullet = MarkdownBullet()
            bullet.symbol = symbol
            new.append(Horizontal(bullet, Vertical(*item._blocks)))
        if new:
            await self.mount_all(new)


def _items(block: MarkdownBlock) -> list[MarkdownListItem]:
    return [item for item in block._blocks if isinstance(item, MarkdownListItem)]


async def _grow(shown: Vertical, item: MarkdownListItem) -> None:
    """Bring the last item to what it is now."""
    before = [child for child in shown.children if isinstance(child, MarkdownBlock)]
    now = list(item._blocks)
    kinds = [type(block) for block in now[: len(before)]]
    if before and kinds == [type(block) for block in before]:
        old, new = before[-1], now[len(before) - 1]
        if isinstance(old, MarkdownParagraph) or (isinstance(old, _Growing) and old.can_grow(new)):
            await old._update_from_block(new)
            await shown.mount_all(now[len(before) :])
            return
    await shown.remove_children()
    await shown.mount_all(now)


def _symbols(items: list[MarkdownListItem]) -> list[str]:
    if not isinstance(items[0], MarkdownOrderedListItem):
        return [item.bullet for item in items]
    try:
        start = int(items[0].bullet)
    except ValueError:
        start = 1
    width = len(f"{start + len(items) - 1}. ") + 1
    return [f"{number}. ".rjust(width) for number in range(start, start + len(items))]


class GrowingBulletList(_Growing, MarkdownBulletList):
    """A list with bullets."""


class GrowingOrderedList(_Growing, MarkdownOrderedList):
    """A list with numbers."""


class CodeFence(MarkdownFence):
    """Code; without a language it is plain text."""

    @classmethod
    def highlight(cls, code: str, language: str, ansi: bool = False, dark: bool = False) -> Content:
        return super().highlight(code, language.strip() or "text", ansi, dark)
