"""Where the user's data is: recent and demo folders, and the directory tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import DirectoryTree, OptionList, Static
from textual.widgets.option_list import Option
from textual.widgets.tree import TreeNode

from lwtui.tui.services import Place
from lwtui.tui.text import one_line


class FolderTree(DirectoryTree):
    """A directory tree without hidden files, whose names are shown as they are."""

    ICON_NODE = "▸ "
    ICON_NODE_EXPANDED = "▾ "
    ICON_FILE = "  "

    def filter_paths(self, paths: Iterable[Path]) -> Iterable[Path]:
        return [path for path in paths if not path.name.startswith(".")]

    def render_label(self, node: TreeNode, base_style: Style, style: Style) -> Text:
        # A file name may hold escape codes as well as any other text from outside.
        node._label = Text(one_line(str(node.label), 255))
        return super().render_label(node, base_style, style)


class FolderPicker(Vertical):
    """Posts :class:`FolderPicker.Picked` for a folder or file."""

    DEFAULT_CSS = """
    FolderPicker {
        & > .heading { color: $foreground-muted; height: 1; padding: 0 1; background: $surface; }
        & > OptionList {
            height: auto; max-height: 12; border: none; padding: 0; background: $background;
            margin-bottom: 1;
        }
        & > FolderTree { height: 1fr; background: $background; padding: 0 1; }
    }
    """

    @dataclass
    class Picked(Message):
        """``passing``: a folder of the tree was opened on the way, maybe to go deeper."""

        path: Path
        passing: bool = False
        shown: str = ""
        """What the path's field shall say."""

    def __init__(self, root: Path, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._root = root
        self._places: list[Place] = []

    def compose(self) -> ComposeResult:
        yield Static("offered", classes="heading")
        yield OptionList(id="places", compact=True, markup=False)
        yield Static("on this machine", classes="heading")
        yield FolderTree(self._root)

    def offer(self, places: list[Place]) -> None:
        """Show the recent and the demo folders."""
        self._places = places
        options = self.query_one(OptionList)
        options.clear_options()
        for place in places:
            label = Content.assemble(
                (f" {one_line(place.label, 60)}", ""),
                (f"  {one_line(place.kind, 20)}", "$foreground-muted"),
            )
            options.add_option(Option(label))
        if places:
            options.highlighted = 0

    @on(OptionList.OptionSelected)
    def _place(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        place = self._places[event.option_index]
        # Where the demo folders were installed helps nobody.
        shown = "" if place.kind == "demo" else str(place.path)
        self.post_message(self.Picked(place.path, shown=shown))

    @on(DirectoryTree.FileSelected)
    def _file(self, event: DirectoryTree.FileSelected) -> None:
        event.stop()
        self.post_message(self.Picked(event.path, shown=str(event.path)))

    @on(DirectoryTree.DirectorySelected)
    def _folder(self, event: DirectoryTree.DirectorySelected) -> None:
        event.stop()
        self.post_message(self.Picked(event.path, passing=True, shown=str(event.path)))
