"""The blocks of code in a message."""

from __future__ import annotations

from dataclasses import dataclass

from lwtui.tui.text import clean


@dataclass(frozen=True)
class CodeBlock:
    language: str
    code: str


def code_blocks(text: str) -> list[CodeBlock]:
    """Every fenced or indented block of a Markdown text, in order."""
    from markdown_it import MarkdownIt

    return [
        CodeBlock(token.info.strip().split(" ")[0], token.content)
        for token in MarkdownIt("commonmark").parse(clean(text))
        if token.type in ("fence", "code_block")
    ]
