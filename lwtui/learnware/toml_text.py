"""TOML that people write: read into plain data, and its fields found again for messages.

It imports little: the settings of the app are read before its first frame.
"""

from __future__ import annotations

import re
from typing import Any

from lwtui.errors import BadInput

Path_ = tuple[str | int, ...]
"""Names and indexes, from the outermost table to a field."""
_HEADER = re.compile(r"\s*\[\s*(?P<list>\[)?(?P<path>[^\[\]#]+?)\s*\]")
_KEY = re.compile(r"\s*(?P<key>[A-Za-z0-9_.\"'-]+)\s*=")


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """TOML to plain data. Raises ``BadInput`` with the line."""
    import tomli

    try:
        return tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        # It says "at end of document" of a file that ends too early.
        line = int(found.group(1)) if found else max(1, len(text.splitlines()))
        message = re.sub(r"\s*\(at .*?\)$", "", str(error))
        raise BadInput(f"Not valid TOML: {message}.", file=file, line=line) from error
    except (ValueError, RecursionError) as error:
        # Absurd numbers and absurd nesting surface as these rather than as a TOML error.
        raise BadInput("Not valid TOML: a value is too long or too deep.", file=file) from error


def line_of(text: str, path: Path_) -> int | None:
    """The line (1-based) where the field at ``path`` stands, or its nearest table; None if unknown.

    It reads headers and keys only, so a key inside a multi-line text may mislead it: it serves
    error messages alone.
    """
    wanted: list[str | int] = list(path)
    counts: dict[tuple[str, ...], int] = {}
    here: list[str | int] = []
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        key = None if header else _KEY.match(line)
        if header:
            names = tuple(part.strip().strip("\"'") for part in header["path"].split("."))
            here = list(names)
            if header["list"]:
                counts[names] = counts.get(names, -1) + 1
                here.append(counts[names])
            place = here
        elif key:
            place = [*here, *(part.strip("\"'") for part in key["key"].split("."))]
        else:
            continue
        if place == wanted[: len(place)] and (best is None or len(place) > best[0]):
            best = (len(place), number)
    return best[1] if best else None
