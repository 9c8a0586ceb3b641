"""A field for a path: it completes the names of folders and files, and takes what is dropped."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.suggester import Suggester

from lwtui.tui.background import in_thread
from lwtui.tui.dropped import dropped_paths
from lwtui.tui.widgets.line_input import LineInput

MOST = 5_000
"""Names looked at in one folder."""


class FolderSuggester(Suggester):
    """Completes the last part of a path, folders before files. A drive that does not answer holds
    up one thread of its own and nothing else."""

    def __init__(self) -> None:
        super().__init__(use_cache=False, case_sensitive=True)

    async def get_suggestion(self, value: str) -> str | None:
        if not value.strip():
            return None
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str | None] = loop.create_future()

        def put(found: str | None) -> None:
            if not answer.done():
                answer.set_result(found)

        def look() -> None:
            found = complete(value)
            try:
                loop.call_soon_threadsafe(put, found)
            except RuntimeError:
                return  # the app was left meanwhile

        in_thread(look, "complete")
        return await answer


def complete(value: str) -> str | None:
    """``value`` with the last part of the path completed; None when nothing begins so. Hidden names
    only after a dot."""
    head, separator, tail = value.rpartition("/")
    if not separator and value.startswith("~"):
        return None
    try:
        folder = Path(head + separator or ".").expanduser()
        with os.scandir(folder) as entries:
            names = _names(entries, tail)
    except (OSError, ValueError, RuntimeError):
        return None
    return f"{head}{separator}{min(names)[1]}" if names else None


def _names(entries: Any, tail: str) -> list[tuple[bool, str]]:
    """Those that begin with ``tail``, as (is no folder, name); a folder's ends with a slash."""
    found = []
    for number, entry in enumerate(entries):
        if number >= MOST:
            break
        name = entry.name
        if not name.startswith(tail) or not name.isprintable():
            continue
        if name.startswith(".") and not tail:
            continue
        folder = _is_folder(entry)
        if folder or name != tail:
            found.append((not folder, f"{name}/" if folder else name))
    return found


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


class PathInput(LineInput):
    """Posts :class:`PathInput.Dropped` for a pasted path. Tab takes what is suggested."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "complete", "Complete the name", show=False),
    ]

    @dataclass
    class Dropped(Message):
        """A path was pasted or dropped; ``paths`` are what it may mean, the likeliest first."""

        paths: tuple[Path, ...]

    def __init__(self, **options: Any) -> None:
        super().__init__(suggester=FolderSuggester(), **options)

    def _on_paste(self, event: events.Paste) -> None:
        paths = dropped_paths(event.text)
        if not paths:
            super()._on_paste(event)
            return
        event.stop()
        event.prevent_default()
        self.post_message(self.Dropped(paths))

    def action_complete(self) -> None:
        if self.cursor_at_end and self._suggestion:
            self.action_cursor_right()
        else:
            self.screen.focus_next()
