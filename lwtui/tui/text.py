"""Text from data, cards and models made safe to show.

Nothing that comes from outside may move the cursor, change colours, reorder a line or break the
encoding of the terminal. Markup is a separate matter: such text is never given to a parser of
markup (see :func:`plain`).
"""

from __future__ import annotations

import re

from rich.cells import cell_len, set_cell_size
from textual.content import Content

_ESCAPE_SEQUENCE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])?"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
# C0 and C1 controls but tab and line feed; format characters that reorder or hide text (the joiners
# U+200C and U+200D stay: scripts and emoji need them); line and paragraph separators; interlinear
# and tag characters. Lone surrogates are replaced: no terminal's encoding can carry them.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
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
    text = _UNSAFE.sub("", text)
    text = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", text)
    text = _MARK_PILE.sub(r"\1", text)
    return text.expandtabs(4)


def one_line(text: str, limit: int = 2_000) -> str:
    """``text`` cleaned, on one line, at most ``limit`` characters."""
    # Cut before the work: a cell of a dataset can hold a book.
    return _BLANKS.sub(" ", clean(text[: 2 * limit])).strip()[:limit]


def fit(text: str, width: int, *, right: bool = False) -> str:
    """``text`` in exactly ``width`` cells of the terminal, cut with an ellipsis."""
    if width <= 0:
        return ""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, width - 1) + "…"
    pad = " " * (width - length)
    return pad + text if right else text + pad


def plain(text: str) -> Content:
    """``text`` cleaned, as content that no markup parser will see."""
    return Content(clean(text))


def human_size(size: float) -> str:
    """Bytes for people: ``17 MB``. Powers of 1,000, as disks and the Hub count."""
    if size <= 0:
        return "–"
    for unit in ("B", "kB", "MB", "GB"):
        if size < 999.5:
            return f"{size:.0f} {unit}" if size >= 10 or unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def human_count(count: float) -> str:
    """A number of parameters or rows for people: ``12 M``."""
    for unit in ("", " k", " M"):
        if count < 999.5:
            return f"{count:.0f}{unit}" if count >= 10 or not unit else f"{count:.1f}{unit}"
        count /= 1000
    return f"{count:.1f} B"


def human_time(seconds: float) -> str:
    """Seconds for people: ``8 s``, ``2 min 05 s``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def bar(fraction: float, width: int) -> str:
    """A bar of ``width`` cells, filled to ``fraction`` (0 to 1) in eighths of a cell."""
    eighths = round(max(0.0, min(1.0, fraction)) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(width)
