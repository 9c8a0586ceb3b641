"""Themes of the user's own: files of colours, read as data and refused with file and line.

A theme is used in every rule of every screen, so one bad value would stop the app: whatever Textual
would not understand is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from textual.color import Color, ColorParseError
from textual.theme import Theme

from lwtui.errors import BadInput, LwtuiError
from lwtui.learnware.toml_text import line_of, parse_toml

LARGEST = 64 * 1024
MOST = 200
"""Files read at most."""
COLOURS = (
    "primary", "secondary", "warning", "error", "success", "accent", "foreground", "background",
    "surface", "panel", "boost",
)  # fmt: skip
STYLES = frozenset({"bold", "b", "italic", "i", "underline", "u", "reverse", "r", "dim", "none",
                    "strike", "not"})  # fmt: skip
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
_AUTO = re.compile(r"auto( \d{1,3}%)?")
_FADED = re.compile(r"(.+) (\d{1,3})%")


def read_themes(folder: Path, taken: Iterable[str]) -> tuple[list[Theme], list[LwtuiError]]:
    """The themes of a folder and what is wrong with others. ``taken``: names of built-in ones."""
    themes: list[Theme] = []
    problems: list[LwtuiError] = []
    names = set(taken)
    try:
        files = sorted(folder.glob("*.toml"))[:MOST]
    except OSError as error:
        return [], [BadInput(f"The themes cannot be read: {error.strerror}.", file=folder)]
    for file in files:
        try:
            themes.append(read_theme(file, names))
        except LwtuiError as error:
            problems.append(error)
    return themes, problems


def read_theme(file: Path, taken: Iterable[str] = ()) -> Theme:
    """One theme. Raises ``BadInput`` with file, line and field."""
    if not _NAME.fullmatch(file.stem):
        raise BadInput("A theme's file is named with letters, digits, - and _.", file=file)
    if file.stem in taken:
        raise BadInput(f"There is a theme {file.stem} already.", file=file, hint="Rename the file.")
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise BadInput(f"The theme cannot be read: {error.strerror}.", file=file) from error
    except UnicodeDecodeError as error:
        raise BadInput("Not UTF-8 text.", file=file) from error
    if len(data) > LARGEST:
        raise BadInput("A theme is at most 64 KiB.", file=file)
    return _Reader(text, file).theme(parse_toml(text, str(file)))


class _Reader:
    def __init__(self, text: str, file: Path) -> None:
        self._text = text
        self._file = file

    def theme(self, data: dict[str, Any]) -> Theme:
        self._known(data, {"dark", "variables", *COLOURS}, ())
        if "primary" not in data:
            raise BadInput("A theme needs the colour `primary`.", file=self._file)
        dark = data.get("dark", True)
        if not isinstance(dark, bool):
            self._fail("Must be true or false.", ("dark",))
        colours: dict[str, Any] = {
            name: self._colour(data[name], (name,)) for name in COLOURS if name in data
        }
        theme = Theme(name=self._file.stem, dark=dark, **colours)
        variables = data.get("variables", {})
        if not isinstance(variables, dict):
            self._fail("Must be a table.", ("variables",))
        self._known(variables, set(theme.to_color_system().generate()) | _EXTRA, ("variables",))
        for name, value in variables.items():
            theme.variables[name] = self._value(name, value)
        return theme

    def _value(self, name: str, value: Any) -> str:
        place = ("variables", name)
        if name.endswith("style"):
            if not isinstance(value, str) or not set(value.split()) <= STYLES or not value.strip():
                self._fail('Must be styles such as "bold" or "reverse".', place)
            return value
        if isinstance(value, str) and _AUTO.fullmatch(value):
            return value
        return self._colour(value, place)

    def _colour(self, value: Any, place: tuple[str, ...]) -> str:
        faded = _FADED.fullmatch(value) if isinstance(value, str) else None
        try:
            if not isinstance(value, str) or (faded and len(place) < 2):
                raise ColorParseError("")
            Color.parse(faded[1] if faded else value)
        except ColorParseError:
            self._fail('Must be a colour, such as "#6cb8c4" or "teal".', place)
        return value

    def _known(self, table: dict[str, Any], names: set[str], place: tuple[str, ...]) -> None:
        for name in table:
            if name not in names:
                near = get_close_matches(name, names, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else None
                self._fail("A theme has no such colour.", (*place, name), hint)

    def _fail(self, message: str, place: tuple[str, ...], hint: str | None = None) -> NoReturn:
        line = line_of(self._text, place)
        raise BadInput(message, file=self._file, line=line, field=".".join(place), hint=hint)


_EXTRA = {
    "block-cursor-background", "block-cursor-foreground", "block-cursor-text-style",
    "block-cursor-blurred-background", "block-cursor-blurred-foreground",
    "block-cursor-blurred-text-style", "border", "border-blurred", "footer-background",
    "footer-key-foreground", "footer-description-foreground", "input-selection-background",
    "scrollbar", "scrollbar-hover", "scrollbar-active", "scrollbar-background",
    "scrollbar-background-hover", "scrollbar-background-active", "scrollbar-corner-color",
    "link-color", "button-color-foreground",
}  # fmt: skip
