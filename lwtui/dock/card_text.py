"""The words of a model card, without its front matter and without what a terminal would obey."""

from __future__ import annotations

import re

from lwtui.safe_text import clean

MOST = 200_000
"""Characters of a card that are shown."""

_FRONT_MATTER = re.compile(r"\A\ufeff?\s*---[ \t]*\r?\n.*?\r?\n---[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


def card_text(readme: bytes) -> str:
    """Markdown of a README.md: front matter and comments left out, escape codes, controls and
    reordering marks removed, cut at :data:`MOST` characters. It is a stranger's text still: nobody
    may read it as markup of a screen, follow its links or load its pictures unasked."""
    text = readme[: 8 * MOST].decode("utf-8", errors="replace")
    text = _COMMENT.sub("", _FRONT_MATTER.sub("", text, count=1))
    text = clean(text[: 2 * MOST]).strip()
    return text if len(text) <= MOST else text[:MOST].rstrip() + "\n\n…"
