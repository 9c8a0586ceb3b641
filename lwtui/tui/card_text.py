"""A stranger's card, Markdown, as text that can be shown: nothing in it is opened or fetched.

Textual's own Markdown widget makes a widget of every paragraph on the thread of the screen. A card
is made into one text instead, in a worker.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from lwtui.tui.text import clean, one_line

if TYPE_CHECKING:
    from markdown_it.token import Token

CARD = 6_000
"""Characters of a card that are shown: more would hold up the screen while they are wrapped."""
LINE = 2_000
_OPEN = {"strong_open": "bold", "em_open": "italic", "s_open": "strike"}


def card_content(text: str, title: str = "card", rest: str = "the rest is in its file") -> Content:
    """The card under a heading; empty if there is none. Slow enough to be made in a worker."""
    from markdown_it import MarkdownIt

    text = clean(text[: 2 * CARD]).strip()
    if not text:
        return Content("")
    cut = len(text) > CARD
    # HTML is not taken for such: it stays the text that it is.
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    writer = _Writer()
    for token in parser.parse(text[:CARD]):
        writer.take(token)
    lines = [Content(""), Content.styled(title, "bold $accent"), *writer.lines()]
    if cut:
        lines.append(Content.styled(f"… {rest}", "$foreground-muted"))
    return Content("\n").join(lines)


class _Writer:
    """Takes the blocks of a card one after the other and keeps lines."""

    def __init__(self) -> None:
        self._lines: list[Content] = []
        self._lists: list[int | None] = []
        self._quotes = 0
        self._bullet = ""
        self._heading = ""
        self._cells: list[Content] | None = None

    def lines(self) -> list[Content]:
        while self._lines and not self._lines[-1].plain.strip():
            self._lines.pop()
        return self._lines

    def take(self, token: Token) -> None:
        kind = token.type
        if kind == "inline":
            self._text(_inline(token, self._heading))
        elif kind == "heading_open":
            self._gap()
            self._heading = "bold $accent" if token.tag in ("h1", "h2") else "bold"
        elif kind == "heading_close":
            self._heading = ""
        elif kind in ("fence", "code_block"):
            self._gap()
            for line in token.content.rstrip("\n").split("\n"):
                self._line(Content.styled(f"  {line[:LINE]}", "$text-success"))
            self._gap()
        elif kind == "hr":
            self._line(Content.styled("─" * 16, "$foreground-muted"))
        elif kind in ("bullet_list_open", "ordered_list_open"):
            first = token.attrGet("start") or 1
            self._lists.append(int(first) if kind.startswith("ordered") else None)
        elif kind == "list_item_open":
            self._item()
        elif kind in ("bullet_list_close", "ordered_list_close"):
            self._lists.pop()
            self._gap()
        elif kind == "blockquote_open":
            self._quotes += 1
        elif kind == "blockquote_close":
            self._quotes -= 1
        elif kind == "paragraph_close" and not token.hidden and not self._lists:
            self._gap()
        else:
            self._table(kind)

    def _table(self, kind: str) -> None:
        if kind == "tr_open":
            self._cells = []
        elif kind == "tr_close" and self._cells is not None:
            cells, self._cells = self._cells, None
            self._line(Content.styled(" │ ", "$foreground-muted").join(cells))
        elif kind == "table_close":
            self._gap()

    def _item(self) -> None:
        number = self._lists[-1] if self._lists else None
        if number is None:
            self._bullet = "• "
        else:
            self._bullet = f"{number}. "
            self._lists[-1] = number + 1

    def _text(self, content: Content) -> None:
        if self._cells is not None:
            self._cells.append(content)
            return
        for line in content.split("\n"):
            self._line(line)

    def _line(self, line: Content) -> None:
        indent = "  " * (len(self._lists) - 1) if self._lists else ""
        if self._bullet:
            indent, self._bullet = indent + self._bullet, ""
        elif self._lists:
            indent += "  "
        quote = ("│ " * self._quotes, "$foreground-muted")
        self._lines.append(Content.assemble(quote, indent, line))

    def _gap(self) -> None:
        if self._lines and self._lines[-1].plain:
            self._lines.append(Content(""))


def _inline(token: Token, base: str) -> Content:
    """What stands inside a paragraph. The address of a link is told, not made a link."""
    parts: list[tuple[str, str]] = []
    styles = [base] if base else []
    address = ""
    for child in token.children or ():
        kind = child.type
        if kind in _OPEN:
            styles.append(_OPEN[kind])
        elif kind.endswith("_close") and kind != "link_close":
            styles = styles[:-1]
        elif kind == "link_open":
            address = one_line(str(child.attrGet("href") or ""), 300)
            styles.append("underline")
        elif kind == "link_close":
            styles = styles[:-1]
            if address and not "".join(text for text, _ in parts).endswith(address):
                parts.append((f" ({address})", "$foreground-muted"))
        elif kind == "image":
            parts.append((f"[image: {one_line(child.content, 200)}]", "$foreground-muted"))
        elif kind in ("softbreak", "hardbreak"):
            parts.append((" " if kind == "softbreak" else "\n", ""))
        elif kind == "code_inline":
            parts.append((child.content[:LINE], " ".join([*styles, "$text-success"])))
        else:
            parts.append((child.content[:LINE], " ".join(styles)))
    return Content.assemble(*parts)
