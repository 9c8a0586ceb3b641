"""Where the user's data is: recent, saved and demo places, and the directory tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, DirectoryTree, OptionList, Static
from textual.widgets.option_list import Option
from textual.widgets.tree import TreeNode

from lwtui.tui.services import Place
from lwtui.tui.text import fit_middle, one_line

NOTE = 22
"""Cells of the line below a saved requirement: what the picker has in a small terminal."""


class FolderTree(DirectoryTree):
    """A directory tree whose names are shown as they are; hidden ones only when asked for."""

    ICON_NODE = "▸ "
    ICON_NODE_EXPANDED = "▾ "
    ICON_FILE = "  "
    hidden = False

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        return [path for path in paths if self.hidden or not path.name.startswith(".")]

    def render_label(self, node: TreeNode, base_style: Style, style: Style) -> Text:
        # A file name may hold escape codes as well as any other text from outside.
        node._label = Text(one_line(str(node.label), 255))
        return super().render_label(node, base_style, style)


class TreeButton(Button, can_focus=False):
    """For the mouse; the keys are actions of the screen."""


class FolderPicker(Vertical):
    """Posts :class:`FolderPicker.Picked` for a folder or file, :class:`FolderPicker.Saved` for a
    saved requirement."""

    DEFAULT_CSS = """
    FolderPicker {
        & > .heading, & > #tree-bar { height: 1; background: $surface; color: $foreground-muted; }
        & > .heading { padding: 0 1; }
        & > OptionList {
            height: auto; max-height: 12; border: none; padding: 0; background: $background;
            margin-bottom: 1;
        }
        & > FolderTree { height: 1fr; background: $background; padding: 0 1; }
        & #tree-title { width: 1fr; padding: 0 1; height: 1; }
        & TreeButton { min-width: 3; width: 3; background: $panel; color: $foreground; }
    }
    """

    @dataclass
    class Picked(Message):
        """``passing``: a folder of the tree was opened on the way, maybe to go deeper."""

        path: Path
        passing: bool = False
        shown: str = ""
        """What the path's field shall say."""

    @dataclass
    class Saved(Message):
        """A saved requirement was chosen."""

        name: str

    @dataclass
    class Highlighted(Message):
        """The cursor is on another place."""

        place: Place | None

    def __init__(self, root: Path, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._root = root
        self._places: list[Place] = []

    def compose(self) -> ComposeResult:
        yield Static("offered", classes="heading")
        yield OptionList(id="places", compact=True, markup=False)
        with Horizontal(id="tree-bar"):
            yield Static("on this machine", id="tree-title")
            yield TreeButton("↑", id="tree-up", compact=True, tooltip="The folder above (-)")
            yield TreeButton("~", id="tree-home", compact=True, tooltip="Your home folder (~)")
            yield TreeButton(".", id="tree-hidden", compact=True, tooltip="Hidden files (.)")
        yield FolderTree(self._root, id="tree")

    # What is offered

    @property
    def place(self) -> Place | None:
        """What the cursor of the list is on."""
        row = self.query_one(OptionList).highlighted
        return self._places[row] if row is not None and row < len(self._places) else None

    def offer(self, places: list[Place]) -> None:
        """Show the recent, saved and demo places; the cursor stays where it was, or close."""
        options = self.query_one(OptionList)
        before = options.highlighted or 0
        self._places = places
        options.clear_options()
        for place in places:
            options.add_option(Option(_label(place, NOTE)))
        if places:
            options.highlighted = min(before, len(places) - 1)

    @on(OptionList.OptionHighlighted)
    def _highlighted(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        self.post_message(self.Highlighted(self.place))

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        place = self._places[event.option_index]
        if place.kind == "saved":
            self.post_message(self.Saved(place.label))
            return
        # Where the demo folders were installed helps nobody.
        shown = "" if place.kind == "demo" else str(place.path)
        self.post_message(self.Picked(place.path, shown=shown))

    # The tree

    def go_up(self) -> None:
        self._set_root(self._root.parent)

    def go_home(self) -> None:
        self._set_root(Path.home())

    def toggle_hidden(self) -> None:
        tree = self.query_one(FolderTree)
        tree.hidden = not tree.hidden
        self.query_one("#tree-hidden", Button).variant = "primary" if tree.hidden else "default"
        tree.reload()

    def _set_root(self, root: Path) -> None:
        self._root = root
        tree = self.query_one(FolderTree)
        tree.path = root
        tree.focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        does = {"tree-up": self.go_up, "tree-home": self.go_home, "tree-hidden": self.toggle_hidden}
        does[event.button.id or ""]()

    @on(DirectoryTree.FileSelected)
    def _file(self, event: DirectoryTree.FileSelected) -> None:
        event.stop()
        self.post_message(self.Picked(event.path, shown=str(event.path)))

    @on(DirectoryTree.DirectorySelected)
    def _folder(self, event: DirectoryTree.DirectorySelected) -> None:
        event.stop()
        self.post_message(self.Picked(event.path, passing=True, shown=str(event.path)))


def _label(place: Place, width: int) -> Content:
    """Its name and kind; of a saved requirement what its last match found, on a line below of at
    most ``width`` cells."""
    muted = "$foreground-muted"
    kind = "gone" if place.gone else one_line(place.kind, 20)
    name = one_line(place.label, 60)
    parts = [(f" {name}", muted if place.gone else ""), (f"  {kind}", muted)]
    if place.note:
        parts.append((f"\n   {fit_middle(one_line(place.note, 120), width).rstrip()}", muted))
    return Content.assemble(*parts)
