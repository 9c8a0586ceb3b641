"""Frames of a terminal as one animated SVG: a strip of pictures that is moved behind a window."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from rich.cells import cell_len

CELL, LINE, FONT = 8.4, 17, 14
"""Width and height of a cell, and of the letters in it, px."""
EDGE, BAR = 12, 26
"""Around the terminal, and the window's first line, px."""
FONTS = "ui-monospace,'SF Mono','DejaVu Sans Mono',Menlo,Consolas,monospace"


WORDS = re.compile(r"\S+(?: \S+)*")
"""Words with single blanks between them: of several, viewers show one."""


@dataclass(frozen=True)
class Run:
    """Letters of one look. Colours are ``#rrggbb``."""

    text: str
    front: str
    back: str
    bold: bool


@dataclass
class Frame:
    rows: list[list[Run]]
    seconds: float


class _Looks:
    """Short names for colours."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def __call__(self, colour: str) -> str:
        return self._names.setdefault(colour, f"c{len(self._names)}")

    def css(self) -> str:
        return "".join(f".{name}{{fill:{colour}}}" for colour, name in self._names.items())


def draw(frames: list[Frame], width: int, title: str, still: int | None = None) -> str:
    """The film, or one picture of it. Rows that occur again are drawn once."""
    looks, rows = _Looks(), dict[str, str]()
    pictures = []
    shown = frames if still is None else frames[still : still + 1]
    for frame in shown:
        uses = []
        for number, row in enumerate(frame.rows):
            drawn = _row(row, looks)
            if drawn:
                name = rows.setdefault(drawn, f"r{len(rows)}")
                uses.append(f'<use href="#{name}" y="{number * LINE}"/>')
        pictures.append(uses)
    across, down = width * CELL, len(frames[0].rows) * LINE
    background = looks(frames[0].rows[0][0].back)
    defs = "".join(f'<g id="{name}">{drawn}</g>' for drawn, name in rows.items())
    strip = "".join(
        f'<g transform="translate({number * across:g})">'
        f'<rect width="{across:g}" height="{down}" class="{background}"/>{"".join(uses)}</g>'
        for number, uses in enumerate(pictures)
    )
    whole = (across + 2 * EDGE, down + BAR + EDGE)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole[0]:g} {whole[1]:g}" '
        f'width="{whole[0]:g}" height="{whole[1]:g}" role="img" aria-label={quoteattr(title)}>'
        f"<title>{escape(title)}</title><style>text{{font:{FONT}px {FONTS}}}"
        f".b{{font-weight:bold}}{looks.css()}{_motion(shown, across)}</style><defs>{defs}</defs>"
        f'<rect width="{whole[0]:g}" height="{whole[1]:g}" rx="8" class="{background}"/>'
        + "".join(
            f'<circle cx="{EDGE + 8 + 18 * n}" cy="14" r="5" fill="{colour}"/>'
            for n, colour in enumerate(("#ff5f57", "#febc2e", "#28c840"))
        )
        + f'<svg x="{EDGE}" y="{BAR}" width="{across:g}" height="{down}" '
        f'viewBox="0 0 {across:g} {down}"><g class="film">{strip}</g></svg></svg>\n'
    )


def _row(row: list[Run], looks: _Looks) -> str:
    """A row's boxes, then its letters; what is empty is left out."""
    boxes, letters, column = [], [], 0
    for run in _joined(row):
        cells = cell_len(run.text)
        x, across = f"{column * CELL:.1f}", f"{cells * CELL:.1f}"
        boxes.append(f'<rect x="{x}" width="{across}" height="{LINE}" class="{looks(run.back)}"/>')
        bold = " b" if run.bold else ""
        for word in WORDS.finditer(run.text):
            start = f"{(column + cell_len(run.text[: word.start()])) * CELL:.1f}"
            length = f"{cell_len(word[0]) * CELL:.1f}"
            letters.append(
                f'<text x="{start}" y="13" textLength="{length}" lengthAdjust="spacingAndGlyphs" '
                f'class="{looks(run.front)}{bold}">{escape(word[0])}</text>'
            )
        column += cells
    return "".join(boxes + letters)


def _joined(row: list[Run]) -> list[Run]:
    """Neighbours of one look as one piece; blanks take any look that has their ground."""
    joined: list[Run] = []
    for run in row:
        last = joined[-1] if joined else None
        blank = not run.text.strip()
        if last and last.back == run.back and (blank or (last.front, last.bold) == run_look(run)):
            joined[-1] = Run(last.text + run.text, last.front, last.back, last.bold)
        else:
            joined.append(run)
    return joined


def run_look(run: Run) -> tuple[str, bool]:
    return run.front, run.bold


def _motion(frames: list[Frame], across: float) -> str:
    """Each picture stands for its time. Who wants less motion sees the one that stands longest."""
    if len(frames) == 1:
        return ""
    whole = sum(frame.seconds for frame in frames)
    steps, at = [], 0.0
    for number, frame in enumerate(frames):
        steps.append(f"{at / whole * 100:.2f}%{{transform:translateX({-number * across:g}px)}}")
        at += frame.seconds
    longest = max(range(len(frames)), key=lambda number: frames[number].seconds)
    return (
        f".film{{animation:film {whole:.1f}s step-end infinite}}"
        f"@keyframes film{{{''.join(steps)}}}"
        "@media (prefers-reduced-motion:reduce){.film{animation:none;"
        f"transform:translateX({-longest * across:g}px)}}}}"
    )
