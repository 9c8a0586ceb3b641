"""Write a conversation to a file."""

from __future__ import annotations

import re
from pathlib import Path

from lwtui.chat.export import to_json, to_markdown
from lwtui.chat.session import ChatSession
from lwtui.errors import BadInput
from lwtui.learnware.storage import write_atomically
from lwtui.safe_text import one_line


def export_chat(session: ChatSession, target: Path, *, replace: bool = False) -> Path:
    """Markdown, or JSON where the name ends in ``.json``; the file is there as a whole or not at
    all.

    Raises ``FileExistsError`` when there is such a file and ``replace`` is not said, ``BadInput``
    when its folder is not there.
    """
    target = target.expanduser().absolute()
    if target.is_dir():
        raise BadInput("This is a folder.", file=target, hint="Name a file in it.")
    if not target.parent.is_dir():
        raise BadInput("There is no such folder.", file=target.parent)
    if target.exists() and not replace:
        raise FileExistsError(str(target))
    write = to_json if target.suffix.lower() == ".json" else to_markdown
    write_atomically(target, write(session).encode("utf-8", errors="replace"))
    return target


def file_name(session: ChatSession) -> str:
    """The conversation's title as a file can be called."""
    words = re.sub(r"[^\w.-]+", "-", one_line(session.title, 60)).strip("-.")
    return f"{words[:60] or 'conversation'}.md"
