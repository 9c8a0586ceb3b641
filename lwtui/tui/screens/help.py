"""Help for one screen or dialogue: every key that works there, as it is bound now."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Footer, Input, Static

from lwtui.tui.bindings import ACTIONS, MODES, Action, actions_of, bindings_of
from lwtui.tui.commands import own_bindings
from lwtui.tui.keymap import NO_KEY
from lwtui.tui.text import fit
from lwtui.tui.widgets.line_input import LineInput

if TYPE_CHECKING:
    from lwtui.tui.everywhere_app import EverywhereApp

LIST_KEYS = (
    ("↑ ↓ ← →  h j k l", "Move"),
    ("PgUp PgDn", "One page up or down"),
    ("Home End  g g  G", "First or last"),
    ("Enter", "Choose"),
    ("/  n", "Find words in it; the next place"),
)
TEXT_KEYS = (
    ("^c", "Copy what is selected with the mouse"),
    ("^a ^e  Home End", "Start or end of the line"),
    ("^w  ^u  ^k", "Delete a word; to the start; to the end"),
)
PARTS_KEYS = (
    ("Tab  shift+Tab", "The next part of the screen, or the one before"),
    ("mouse", "Click tabs, rows, keys below; ≡ has every action; the wheel scrolls"),
)
PROMPT_KEYS = (
    ("Enter", "Send the prompt"),
    ("shift+Enter  ^j", "A new line in the prompt"),
)
KEYS_WIDTH = 18


@dataclass(frozen=True)
class Line:
    """``name``: what keymaps call it; empty: its keys are always the same."""

    section: str
    keys: str
    title: str
    text: str
    name: str = ""

    def says(self, words: str) -> bool:
        told = f"{self.section} {self.keys} {self.title} {self.text} {self.name}".casefold()
        return all(word in told for word in words.casefold().split())


class HelpScreen(ModalScreen[None]):
    CSS_PATH = "help.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("help")

    def __init__(self, below: Screen[Any]) -> None:
        super().__init__()
        self._below = below
        self._names = False

    def compose(self) -> ComposeResult:
        with Vertical(id="help"):
            yield LineInput(placeholder="search…", compact=True, id="help-words")
            with VerticalScroll(id="help-scroll"):
                yield Static(self._content(""), id="help-text", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        frame = self.query_one("#help")
        frame.border_title = f"{_title(self._below)} · keys"
        self.query_one("#help-words").display = False
        self.query_one("#help-scroll").focus()

    def _lines(self) -> Iterator[Line]:
        below = self._below
        known = {action.id: action for action in ACTIONS}
        here = "Here"
        for binding in own_bindings(below):
            action = known.get(binding.id or "")
            if action is not None:
                yield self._action(action, here)
            elif binding.description and not _of_textual(binding):
                yield Line(here, self._display(_keys(below, binding)), binding.description, "")
        chat = getattr(below, "MODE", "") == "chat"
        yield from (Line("In the prompt", keys, "", told) for keys, told in PROMPT_KEYS if chat)
        yield from (Line("In lists and texts", keys, "", told) for keys, told in LIST_KEYS)
        yield from (Line("In fields", keys, "", told) for keys, told in TEXT_KEYS)
        yield from (Line("Everywhere", keys, "", told) for keys, told in PARTS_KEYS)
        if getattr(below, "MODE", "") in MODES:
            yield from (self._action(action, "Everywhere") for action in actions_of("app"))
        else:
            for name in ("app.palette", "app.jump", "app.find", "app.quit"):
                yield self._action(known[name], "Everywhere")

    def _action(self, action: Action, section: str) -> Line:
        keys = self._display(cast("EverywhereApp", self.app).keys.keys_of(action))
        return Line(section, keys, action.title, action.tooltip, action.id)

    def _display(self, keys: list[str]) -> str:
        shown = (self.app.get_key_display(Binding(key, "")) for key in keys if key != NO_KEY)
        return "  ".join(shown)

    def _content(self, words: str) -> Content:
        parts: list[Content] = []
        section = ""
        width = min(86, self.app.size.width * 95 // 100 - 6)
        for line in self._lines():
            if not line.says(words):
                continue
            if line.section != section:
                parts += [Content("")] if parts else []
                parts.append(Content.styled(line.section, "bold"))
                section = line.section
            parts.append(_row(line, self._names, width))
        return Content("\n").join(parts or [Content("Nothing here is called that.")])

    def _show(self) -> None:
        words = self.query_one(Input).value
        self.query_one("#help-text", Static).update(self._content(words))

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self._show()

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.query_one("#help-scroll").focus()

    def on_resize(self) -> None:
        self._show()

    def action_search(self) -> None:
        field = self.query_one("#help-words")
        field.display = True
        field.focus()

    def action_names(self) -> None:
        self._names = not self._names
        self._show()

    def action_close(self) -> None:
        self.dismiss()


def _row(line: Line, names: bool, width: int) -> Content:
    """``width``: cells of a line; what does not fit goes on below the words, not below the keys."""
    title = f"{line.title}: " if line.title and line.text else line.title
    name = f"  {line.name}" if names and line.name else ""
    words = wrap(f"{title}{line.text}{name}", max(20, width - KEYS_WIDTH)) or [""]
    parts = [Content.assemble((fit(line.keys or "(no key)", KEYS_WIDTH), "$accent"), words[0])]
    parts += [Content(" " * KEYS_WIDTH + each) for each in words[1:]]
    parts[0] = parts[0].stylize("bold", KEYS_WIDTH, KEYS_WIDTH + len(title))
    return Content("\n").join(parts)


def _title(screen: Screen[Any]) -> str:
    mode = str(getattr(screen, "MODE", ""))
    return mode.title() if mode else "This dialogue"


def _keys(screen: Screen[Any], binding: Binding) -> list[str]:
    """All keys of what a binding does."""
    found = screen._bindings.key_to_bindings.items()
    return [key for key, all in found if any(each.action == binding.action for each in all)]


def _of_textual(binding: Binding) -> bool:
    """Whether every screen has it."""
    return any(
        binding.action == each.action for each in Screen.BINDINGS if isinstance(each, Binding)
    )
