"""Keys as the user wants them: the defaults of the registry, overlaid with ``[keys]``.

Textual's own keymap forgets other actions on a key that one action leaves, and cannot take an
action's keys away. So it is always given every action of the registry, and for an action without
keys one that no keyboard has.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

from lwtui.config import config_file, config_line
from lwtui.errors import BadInput
from lwtui.tui.actions.action import Action
from lwtui.tui.bindings import ACTIONS

NO_KEY = "unbound"
"""A name of a key that is never pressed."""
LIST_KEYS = frozenset(
    ("j", "k", "h", "l", "g", "G", "up", "down", "left", "right", "home", "end", "enter",
     "pageup", "pagedown")
)  # fmt: skip
"""What lists take before any action does."""
NAMES = {
    "?": "question_mark", "/": "slash", ",": "comma", ".": "full_stop", " ": "space",
    "+": "plus", "-": "minus", "*": "asterisk", "esc": "escape", "return": "enter",
    "del": "delete", "ins": "insert", "pgup": "pageup", "pgdn": "pagedown", ":": "colon",
    ";": "semicolon", "#": "number_sign", "=": "equals_sign", "!": "exclamation_mark",
    "<": "less_than_sign", ">": "greater_than_sign", "[": "left_square_bracket",
    "]": "right_square_bracket",
}  # fmt: skip


def split_keys(keys: str) -> list[str]:
    """``"?, ctrl+f"`` as the names Textual uses; a blank text names no key."""
    found = (key.strip() for key in keys.split(","))
    return [_named(key) for key in found if key]


def _named(key: str) -> str:
    head, plus, last = key.rpartition("+")
    if not last:  # "+" itself, or "ctrl++"
        return f"{head[:-1]}+plus" if head.endswith("+") else "plus"
    return head + plus + NAMES.get(last, last)


class Keymap:
    """What is pressed for each action."""

    def __init__(self, wanted: Mapping[str, str] | None = None) -> None:
        """``wanted``: action id to keys separated by commas; an empty text takes its keys away."""
        known = {action.id for action in ACTIONS}
        self._wanted = {
            name: split_keys(keys) for name, keys in (wanted or {}).items() if name in known
        }

    def keys_of(self, action: Action) -> list[str]:
        return self._wanted.get(action.id, split_keys(action.keys))

    def for_textual(self) -> dict[str, str]:
        """What :meth:`textual.app.App.set_keymap` takes; empty where all is as it was."""
        if not self._wanted:
            return {}
        return {action.id: ",".join(self.keys_of(action)) or NO_KEY for action in ACTIONS}

    def problems(self, wanted: Mapping[str, str]) -> Iterator[BadInput]:
        """Actions that do not exist, and keys that two actions would share, with their places."""
        file = config_file()
        yield from self._unknown(wanted, file)
        yield from self._shared(file)

    def _unknown(self, wanted: Mapping[str, str], file: Path) -> Iterator[BadInput]:
        known = [action.id for action in ACTIONS]
        for name in wanted:
            if name not in known:
                near = get_close_matches(name, known, n=1) or _same_ending(name, known)
                hint = (
                    f"Did you mean {near[0]!r}?" if near else "`?` and ctrl+p show what there is."
                )
                yield _wrong(name, "There is no such action.", hint, file)

    def _shared(self, file: Path) -> Iterator[BadInput]:
        for action in ACTIONS:
            if action.id not in self._wanted:
                continue
            new = [key for key in self._wanted[action.id] if key not in split_keys(action.keys)]
            for key in new:
                if key in LIST_KEYS and action.scope in ("app", *_MODES):
                    why = f"{key!r:.40} moves in lists, which take it first."
                    yield _wrong(action.id, why, "Choose another key.", file)
                for other in self._rivals(action, key):
                    why = f"{key!r:.40} is {other.id} too ({other.title})."
                    yield _wrong(action.id, why, _way_out(other), file)

    def _rivals(self, action: Action, key: str) -> Iterator[Action]:
        for other in ACTIONS:
            near = other.scope == action.scope or "app" in (other.scope, action.scope)
            mine = other is action or not near or key not in self.keys_of(other)
            if not mine and not self._told_at(other, action, key):
                yield other

    def _told_at(self, other: Action, action: Action, key: str) -> bool:
        """Whether the other's line already says that they share this key."""
        new = other.id in self._wanted and key not in split_keys(other.keys)
        return new and ACTIONS.index(other) < ACTIONS.index(action)


_MODES = ("browse", "match", "chat", "evaluate", "jobs")


def _way_out(other: Action) -> str:
    return f'Choose another key, or give that one another: "{other.id}" = "…" ("" for none).'


def _same_ending(name: str, known: Iterable[str]) -> list[str]:
    last = name.rpartition(".")[2]
    return [each for each in known if each.rpartition(".")[2] == last]


def _wrong(name: str, message: str, hint: str, file: Path) -> BadInput:
    line = config_line(("keys", name))
    return BadInput(message, file=file, line=line, field=f"keys.{name}", hint=hint)
