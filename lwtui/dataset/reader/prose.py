"""Plain text and Markdown: a paragraph, a line or a section is an example without an answer."""

from __future__ import annotations

from collections.abc import Iterator

from lwtui.dataset.problems import ProblemLog
from lwtui.dataset.reader import Row
from lwtui.dataset.source import Source, lines

_SHORT = 40
"""Characters; a shorter paragraph (a title, a signature) goes with the next one."""
_LONG = 20_000
"""Characters; a longer paragraph is cut at the end of a line."""


def read_prose(source: Source, log: ProblemLog) -> Iterator[Row]:
    """Rows with the one column ``text``; a row's number is the line it begins on."""
    head = source.head(1 << 16).decode(source.encoding(), "replace").lstrip("\ufeff")
    if not head.strip():
        log.skip(source.name, None, "is empty; the file was skipped")
        return
    if source.format == "markdown":
        pieces = _sections(lines(source, log))
    elif "\n" in head.strip() and not any(not line.strip() for line in head.strip().splitlines()):
        pieces = ((number, line) for number, line in lines(source, log))
    else:
        pieces = _paragraphs(lines(source, log))
    for number, text in pieces:
        if text.strip():
            yield number, {"text": text.strip()}


def _paragraphs(numbered: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    held: list[str] = []
    start, size = 0, 0
    for number, line in numbered:
        start = start or number
        if line.strip() and size < _LONG:
            held.append(line)
            size += len(line)
        elif size >= _SHORT:
            yield start, "".join(held)
            start, held, size = (number, [line], len(line)) if line.strip() else (0, [], 0)
        elif held:
            held.append(line)
        else:
            start = 0
    if held:
        yield start, "".join(held)


def _sections(numbered: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """A heading with what follows it, up to the next heading; headings alone go with the next."""
    held: list[str] = []
    start, size, fenced, body = 0, 0, False, False
    for number, line in numbered:
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
        heading = line.startswith("#") and not fenced
        if held and ((heading and body) or (size > _LONG and not line.strip())):
            yield start, "".join(held)
            held, size, body = [], 0, False
        if not held:
            start = number
        body = body or bool(line.strip() and not heading)
        held.append(line)
        size += len(line)
        if size > 4 * _LONG:
            yield start, "".join(held)
            held, size, body = [], 0, False
    if held:
        yield start, "".join(held)
