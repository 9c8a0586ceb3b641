"""``config.toml``: what the user has settled once. Everything in it may be left out.

Its folder is the platform's for settings, or ``LWTUI_HOME`` where that is set; ``LWTUI_CONFIG``
names another file. ``lwtui config`` shows where it is and what it may say.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, NoReturn

import platformdirs

from lwtui.errors import BadInput, LwtuiError
from lwtui.learnware.toml_text import line_of, parse_toml

FILE_NAME = "config.toml"
LARGEST = 1024 * 1024

Notify = Literal["bell", "osc9", "osc777", "off"]
NOTIFY: tuple[Notify, ...] = ("bell", "osc9", "osc777", "off")
AUTO = "auto"
"""The theme that follows the terminal: dark or light."""

EXAMPLE = """\
# Settings of lwtui. Every line may be left out; these are the defaults.
# The app reads them when it starts, and again with "Read settings" (f12).

# Colours of the app: a theme's name, as T offers them with a preview (what is chosen there is
# written here). "auto" is lwtui-light where the terminal says in COLORFGBG that it is light, else
# lwtui-dark; "ansi-dark" and "ansi-light" take the terminal's own 16 colours. NO_COLOR=1 leaves
# only shades of grey.
# Themes of your own are files in the folder "themes" beside this one: `lwtui config --theme`.
theme = "lwtui-dark"

# When a long job ends while you look elsewhere: "bell", a notification of the desktop as the
# terminal understands it ("osc9": iTerm2, Windows Terminal, kitty, WezTerm; "osc777": urxvt, foot,
# Ghostty, VTE), or "off".
notify = "bell"

# Other keys for actions, several separated by commas; "" takes an action's keys away. `?` in the
# app shows the actions of a screen, and `i` there their names.
[keys]
# "browse.search" = "slash,ctrl+f"
# "app.quit" = "ctrl+q,f10"

# Ways to ask, chosen in the chat or with `lwtui chat --preset careful`.
# [[preset]]
# name = "careful"
# system = "Say so when you do not know."
# temperature = 0.2    # also max_tokens, top_p, top_k, min_p, repeat_penalty, seed
"""

THEME_EXAMPLE = """\
# A theme of lwtui: put it into the folder "themes" beside config.toml. The file's name is the
# theme's: themes/dusk.toml is "dusk". Only `primary` is needed. Colours: "#rrggbb" or a CSS name.
dark = true
primary = "#6cb8c4"
secondary = "#8a9bb0"
accent = "#6cb8c4"
success = "#8fbf7f"
warning = "#d9b26f"
error = "#e08a8a"
foreground = "#d3dae3"
background = "#12161c"
surface = "#171c24"
panel = "#202731"

# Any other colour of Textual's, https://textual.textualize.io/guide/design/#variables
[variables]
"foreground-muted" = "#97a3b2"
"block-cursor-background" = "#2b4650"
"block-cursor-foreground" = "#eef4f8"
"block-cursor-text-style" = "bold"
"""


@dataclass(frozen=True)
class Preset:
    """A system prompt and settings of generation; None: as the learnware's task suggests."""

    name: str
    system: str = ""
    temperature: float | None = None
    max_tokens: int | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None

    @property
    def changes(self) -> dict[str, object]:
        """The settings it names."""
        named = (f.name for f in fields(self) if f.name not in ("name", "system"))
        return {name: value for name in named if (value := getattr(self, name)) is not None}


@dataclass(frozen=True)
class Config:
    """The settings, with the defaults for what is not said."""

    theme: str = "lwtui-dark"
    notify: Notify = "bell"
    keys: dict[str, str] = field(default_factory=dict)
    """Action id to keys, separated by commas."""
    presets: tuple[Preset, ...] = ()

    def preset(self, name: str) -> Preset:
        """Raises ``BadInput`` with the names there are."""
        for each in self.presets:
            if each.name == name:
                return each
        known = ", ".join(each.name for each in self.presets)
        raise BadInput(
            f"There is no preset {name!r:.80}.",
            hint=f"Presets: {known}." if known else f"Write one into {config_file()}.",
        )


def config_file() -> Path:
    """Where the settings are, whether or not there are any."""
    named = os.environ.get("LWTUI_CONFIG")
    if named:
        return Path(named).expanduser()
    home = os.environ.get("LWTUI_HOME")
    if home:
        return Path(home).expanduser() / FILE_NAME
    return Path(platformdirs.user_config_dir("lwtui", appauthor=False)) / FILE_NAME


def themes_folder() -> Path:
    """Where a user's own themes are."""
    return config_file().parent / "themes"


def config_line(place: tuple[str, ...]) -> int | None:
    """The line (1-based) of ``config.toml`` where a setting stands; None where that is unknown."""
    try:
        text = config_file().read_bytes()[:LARGEST].decode("utf-8-sig", "replace")
    except OSError:
        return None
    return line_of(text, tuple(part for name in place for part in name.split(".")))


_THEME_LINE = re.compile(r"""(?m)^([ \t]*theme[ \t]*=[ \t]*)("[^"\n]*"|'[^'\n]*')""")


def with_theme(text: str, name: str) -> str:
    """The text of a ``config.toml`` in which nothing but the theme is another. Raises ``BadInput``
    where that cannot be done without touching what else it says."""
    old = parse_toml(text, FILE_NAME)
    value = f'"{name}"'
    changed, count = _THEME_LINE.subn(lambda found: found[1] + value, text, count=1)
    if not count:
        changed = f"theme = {value}\n{text}"
    if parse_toml(changed, FILE_NAME) != {**old, "theme": name}:
        raise BadInput("The theme cannot be changed in this file.", hint="Change it by hand.")
    return changed


def remember_theme(name: str) -> None:
    """Write the theme into ``config.toml``, whose other lines and comments stay. Raises
    ``BadInput``, and ``LwtuiError`` where it cannot be written."""
    from lwtui.learnware.storage import write_atomically

    file = config_file()
    try:
        text = file.read_text(encoding="utf-8-sig") if file.exists() else ""
        target = file.resolve()  # a link of a user's dotfiles stays one
        target.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(target, with_theme(text, name).encode())
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise LwtuiError(f"The theme cannot be written: {why}.", file=file) from error


def read_config() -> Config:
    """The settings; the defaults when there is no file. Raises ``BadInput`` with file, line and
    field."""
    file = config_file()
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except (FileNotFoundError, NotADirectoryError):
        return Config()
    except OSError as error:
        raise BadInput(f"The settings cannot be read: {error.strerror}.", file=file) from error
    if len(data) > LARGEST:
        raise BadInput("The settings are larger than 1 MiB.", file=file)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise BadInput("Not UTF-8 text.", file=file, line=line) from error
    return _Reader(text, file).config(parse_toml(text, str(file)))


_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, 10),
    "max_tokens": (1, 1_000_000),
    "top_p": (0, 1),
    "top_k": (0, 1_000_000),
    "min_p": (0, 1),
    "repeat_penalty": (0.1, 10),
    "seed": (0, 2**63 - 1),
}
_WHOLE = {"max_tokens", "top_k", "seed"}


class _Reader:
    """Plain data to :class:`Config`, with the place of every mistake."""

    def __init__(self, text: str, file: Path) -> None:
        self._text = text
        self._file = file

    def config(self, data: dict[str, Any]) -> Config:
        self._known(data, {"theme", "notify", "keys", "preset"}, ())
        values: dict[str, Any] = {}
        if "theme" in data:
            values["theme"] = self._word(data["theme"], ("theme",))
        if "notify" in data:
            values["notify"] = self._word(data["notify"], ("notify",))
            if values["notify"] not in NOTIFY:
                named = ", ".join(f'"{each}"' for each in NOTIFY)
                self._fail(f"Must be one of {named}.", ("notify",))
        keys = self._table(data.get("keys", {}), ("keys",))
        values["keys"] = {name: self._word(keys[name], ("keys", name)) for name in keys}
        values["presets"] = self._presets(data.get("preset", []))
        return Config(**values)

    def _presets(self, rows: Any) -> tuple[Preset, ...]:
        if not isinstance(rows, list):
            self._fail("Must be a list of tables: write [[preset]].", ("preset",))
        found: dict[str, Preset] = {}
        for number, row in enumerate(rows):
            place = ("preset", number)
            table = self._table(row, place)
            self._known(table, {each.name for each in fields(Preset)}, place)
            if "name" not in table:
                self._fail("A preset needs a name.", place)
            values: dict[str, Any] = {}
            for name, value in table.items():
                text = name in ("name", "system")
                values[name] = (self._word if text else self._number)(value, (*place, name))
            if not values["name"].strip() or values["name"] in found:
                self._fail("Must be a name that no other preset has.", (*place, "name"))
            found[values["name"]] = Preset(**values)
        return tuple(found.values())

    def _known(self, table: dict[str, Any], names: set[str], place: tuple[str | int, ...]) -> None:
        from difflib import get_close_matches

        for name in table:
            if name not in names:
                near = get_close_matches(name, names, n=1)
                hint = (
                    f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(names))}."
                )
                self._fail("There is no such setting.", (*place, name), hint)

    def _table(self, value: Any, place: tuple[str | int, ...]) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._fail("Must be a table.", place)
        return value

    def _word(self, value: Any, place: tuple[str | int, ...]) -> str:
        if not isinstance(value, str):
            self._fail("Must be a text in quotes.", place)
        return value

    def _number(self, value: Any, place: tuple[str | int, ...]) -> float | int:
        name = str(place[-1])
        low, high = _RANGES[name]
        kinds = int if name in _WHOLE else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
            kind = "whole number" if name in _WHOLE else "number"
            self._fail(f"Must be a {kind} from {low:g} to {high:g}.", place)
        return int(value) if name in _WHOLE else float(value)

    def _fail(
        self, message: str, place: tuple[str | int, ...], hint: str | None = None
    ) -> NoReturn:
        name = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in place).lstrip(".")
        line = line_of(self._text, place)
        raise BadInput(message, file=self._file, line=line, field=name, hint=hint)
