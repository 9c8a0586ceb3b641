"""A conversation cut into parts small enough to be laid out one by one.

A long conversation is shown by widgets for what is in sight only, and a long answer by several of
them: what a widget costs grows with its text. To cut up all of a long conversation takes longer
than to read it, so a turn is cut up when it comes near. Nothing here knows of Textual.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from lwtui.chat.session import Turn
from lwtui.tui.text import clean

Kind = Literal["prompt", "answer", "remark", "whole"]
"""``whole``: a turn that has not been cut up, its text as it was written; it has no widget."""

ENOUGH = 1500
"""Characters after which a part ends at the next empty line."""
MUCH = 2400
"""Characters after which it ends with its line."""
TOO_MUCH = 4000
"""Characters after which it ends between two words, or anywhere."""
CODE_LINES = 40
"""Lines of code in one part: each piece that streams colours them anew."""
ROWS = 20
"""Rows of a table in one part: each is several widgets."""
ITEMS = 12
"""Lines of a list in one part."""
_STEP = 500

_ITEM = re.compile(r"([-*+]|\d{1,9}[.)])\s")
_FENCE = re.compile(r"\s*(`{3,}|~{3,})([^`]*)$")
_TABLE_RULE = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$")


@dataclass(eq=False)
class Part:
    """A piece of a turn, as one widget shows it."""

    turn: int
    """Place of its turn in the conversation."""
    kind: Kind
    text: str
    first: bool = True
    """Whether its turn begins with it."""
    joined: bool = False
    """It goes on with the code, table or list of the part before."""
    tight: bool = False
    """The next part goes on with its last block."""
    height: int = 0
    """Lines it took when it was last laid out; 0: never."""

    def lines(self, width: int) -> int:
        """Lines it takes in ``width`` cells, as measured or else guessed."""
        if self.height:
            return self.height
        wrapped = len(self.text) // max(1, width - 4) + self.text.count("\n")
        return max(1, wrapped + 1) + self.first


class Splitter:
    """Cuts Markdown that arrives piece by piece where a cut is seen least."""

    def __init__(self) -> None:
        self._size = 0
        self._lines = 0
        self._line = ""
        self._fence = ""
        self._opening = ""
        """The line that began the code."""
        self._before = ""
        self._head = ""
        """The first two lines of the table that the last line is a row of."""
        self._list = False
        self.joined = False
        """Whether the part that was begun last goes on with a block of the one before."""
        self._due = False
        """The part has enough; it ends here unless the next line belongs to this one."""

    def feed(self, text: str) -> Iterator[tuple[bool, str]]:
        """The text again, in pieces; True: a new part begins with the piece."""
        for line in text.splitlines(keepends=True):
            yield from self._feed_line(line)

    def _feed_line(self, line: str) -> Iterator[tuple[bool, str]]:
        cut = False
        if self._due and not self._line:
            if self._fence or not line[:1].isspace():
                cut = True
            self._due = False
        if cut:
            table = bool(self._head) and line.startswith("|")
            self.joined = bool(self._fence) or table or (self._list and bool(self._before))
            prefix = self._opening if self._fence else self._head if table else ""
            self._size = self._lines = 0
            yield True, prefix + line
        elif self._size > TOO_MUCH and (" " in line or self._size > TOO_MUCH + ENOUGH):
            at = line.find(" ") + 1
            if at:
                yield False, line[:at]
            self._size = self._lines = 0
            self.joined = bool(self._fence)
            yield True, (self._opening if self._fence else "") + line[at:]
        else:
            yield False, line
        self._size += len(line)
        self._line += line
        if line.endswith(("\n", "\r")):
            self._end_line(self._line.rstrip())
            self._line = ""

    def _end_line(self, line: str) -> None:
        self._lines += 1
        mark = _FENCE.match(line)
        if self._fence:
            if mark and mark[1].startswith(self._fence) and not mark[2].strip():
                self._fence = self._opening = ""
            self._due = bool(self._fence) and self._lines >= CODE_LINES
        elif mark:
            self._fence, self._opening = mark[1], line.strip() + "\n"
        else:
            self._end_text(line)
        self._before = line

    def _end_text(self, line: str) -> None:
        if not line.lstrip().startswith("|"):
            self._head = ""
        elif not self._head and _TABLE_RULE.match(line) and "|" in self._before:
            self._head = f"{self._before}\n{line}\n"
        if _ITEM.match(line):
            self._list = True
        elif line and not line[0].isspace():
            self._list = False
        table = bool(self._head)
        self._due = (
            (not line and self._size >= ENOUGH)
            or (table and self._lines >= ROWS)
            or (self._list and self._lines >= ITEMS)
            or (not table and self._size >= MUCH)
        )


def split(text: str, place: int = 0) -> list[Part]:
    """Markdown in parts."""
    parts, splitter = [Part(place, "answer", "")], Splitter()
    if len(text) <= ENOUGH and text.count("\n") < ITEMS:
        parts[0].text = text
        return parts
    for at in range(0, len(text), _STEP):
        for begins, piece in splitter.feed(text[at : at + _STEP]):
            if begins:
                parts[-1].tight = splitter.joined
                parts.append(Part(place, "answer", "", first=False, joined=splitter.joined))
            parts[-1].text += piece
    return parts


def split_prompt(text: str) -> list[str]:
    """What a user wrote, in parts of whole lines where it has lines."""
    if len(text) <= TOO_MUCH:
        return [text]
    parts, size = [""], 0
    for line in text.splitlines(keepends=True):
        for at in range(0, len(line), TOO_MUCH):
            piece = line[at : at + TOO_MUCH]
            if size and size + len(piece) > TOO_MUCH:
                parts[-1] = parts[-1].removesuffix("\n")
                parts.append("")
                size = 0
            parts[-1] += piece
            size += len(piece)
    return parts


def parts_of(turn: Turn, place: int) -> list[Part]:
    """Everything that shows a turn; ``place`` is where it stands in the conversation."""
    if turn.role == "user":
        texts = split_prompt(clean(turn.content))
        return [Part(place, "prompt", text, not number) for number, text in enumerate(texts)]
    parts = split(clean(turn.content), place) if turn.content else []
    return [*parts, Part(place, "remark", "", not parts)]


def whole_parts(turns: Sequence[Turn]) -> list[Part]:
    """A conversation to be cut up as it is shown; its last turn, which may grow, is so already."""
    parts = [Part(place, "whole", turn.content) for place, turn in enumerate(turns[:-1])]
    return parts + (parts_of(turns[-1], len(turns) - 1) if turns else [])
