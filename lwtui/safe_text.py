"""Text from data, cards and models made safe to show in a terminal.

Nothing that comes from outside may move the cursor, change colours, reorder a line or break the
terminal's encoding.
"""

from __future__ import annotations

import re

_ESCAPE_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
# C0 and C1 controls but tab and line feed; format characters that reorder or hide text; line and
# paragraph separators; interlinear and tag characters. The zero width joiner and the variation
# selectors too: terminals do not agree how many cells a joined emoji takes (2 in some, 4 in
# others), and where they disagree a whole line shifts. The parts, unjoined, are the same
# everywhere. The non-joiner U+200C stays: Persian needs it and it takes no cell anywhere. Lone
# surrogates are replaced: no terminal's encoding can carry them.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180b-\u180f\u200b\u200d-\u200f\u2028-\u202e"
    "\u2060-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
_BLANKS = re.compile(r"\s+")
# More combining marks than this on one letter are decoration that would spill over other lines.
_MARK_PILE = re.compile(
    "([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]{3})[\u0300-\u036f"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)


def clean(text: str) -> str:
    """``text`` without escape sequences, controls and reordering marks; line breaks stay."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\x1b" in text or "\x9b" in text:
        text = _ESCAPE_SEQUENCE.sub("", text)
    text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", _UNSAFE.sub("", text))
    return _MARK_PILE.sub(r"\1", text).expandtabs(4)


def one_line(text: str, limit: int = 2_000) -> str:
    """``text`` cleaned, on one line, at most ``limit`` characters."""
    # Cut before the work: a field may hold a book.
    return _BLANKS.sub(" ", clean(text[: 2 * limit])).strip()[:limit]
