"""What a terminal pastes when a folder is dropped on it: some form of its path.

Terminals quote it, escape its blanks with backslashes, or hand over a ``file://`` address; several
dropped files come on one line or on several; most end with a line feed or a blank.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from urllib.parse import unquote, urlsplit

LONGEST = 4096
_WINDOWS = re.compile(r"""["']?(?:[A-Za-z]:[\\/]|\\\\)""")
_BEGINNINGS = ("/", "~", "./", "../", "'", '"', "\\ ")


def dropped_paths(text: str) -> tuple[Path, ...]:
    """What the pasted text may name, the likeliest first; empty when it is no path. The disk is
    not looked at."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    line = lines[0].removeprefix("& ") if lines else ""  # "& " is PowerShell's
    if not line or len(line) > LONGEST or not line.isprintable():
        return ()
    if line.lower().startswith("file://"):
        found = _address(line.split()[0])
        return _paths(found)
    if _WINDOWS.match(line):
        return _paths(_unquoted(line))
    if not line.startswith(_BEGINNINGS):
        return ()
    first = _first_word(line)
    quoted = line[0] in "'\""
    if quoted:
        return _paths(first) if _looks(first) else ()
    return _paths(first, line) if "\\" in line else _paths(line, first)


def _looks(text: str) -> bool:
    return text.startswith(("/", "~", "./", "../")) or _WINDOWS.match(text) is not None


def _address(text: str) -> str:
    try:
        path = unquote(urlsplit(text).path, errors="replace")
    except ValueError:
        return ""
    return path[1:] if re.match(r"/[A-Za-z]:[\\/]", path) else path


def _unquoted(line: str) -> str:
    """A path of Windows, whose backslashes escape nothing."""
    if line[0] in "'\"":
        end = line.find(line[0], 1)
        return line[1:] if end < 0 else line[1:end]
    return line


def _first_word(line: str) -> str:
    try:
        words = shlex.split(line)
    except ValueError:  # a quote that is not closed, as in a name with an apostrophe
        return line.strip("'\"")
    return words[0] if words else ""


def _paths(*texts: str) -> tuple[Path, ...]:
    made = []
    for text in dict.fromkeys(texts):
        if text and text.isprintable():
            try:
                made.append(Path(text).expanduser())
            except RuntimeError:  # ~somebody who is not there
                made.append(Path(text))
    return tuple(made)
