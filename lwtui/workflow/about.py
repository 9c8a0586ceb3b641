"""What else is known of a learnware here: its card, the runs that measured it, its sessions."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from pathlib import Path

from lwtui import paths
from lwtui.errors import LwtuiError
from lwtui.learnware.model import Learnware

CARD_BYTES = 64 * 1024
RUNS = 5
SESSIONS = 5
LOOKED_AT = 200
"""Runs and sessions that are looked through, the newest first."""

_FRONT_MATTER = re.compile(r"\s*---\r?\n.*?\r?\n---[ \t]*(?:\r?\n|$)", flags=re.DOTALL)


@dataclass(frozen=True)
class About:
    """``runs`` and ``chats``: one line each, the newest first."""

    card: str = ""
    """Markdown without its front matter; a stranger's."""
    runs: tuple[str, ...] = ()
    chats: tuple[str, ...] = ()


def about(learnware: Learnware) -> About:
    """Reads a few small files; what cannot be read is left out."""
    return About(card(learnware), _runs(learnware.id), _chats(learnware.id))


def card(learnware: Learnware) -> str:
    """The text of its card, empty if it has none here; the first ``CARD_BYTES`` of it."""
    for folder in (learnware.models_folder, learnware.specs_folder):
        with contextlib.suppress(OSError):
            if folder is not None and (folder / "README.md").is_file():
                return without_front_matter(_beginning(folder / "README.md"))
    return ""


def without_front_matter(text: str) -> str:
    return _FRONT_MATTER.sub("", text, count=1).strip() if text.lstrip()[:3] == "---" else text


def _beginning(path: Path) -> str:
    with path.open("rb") as stream:
        return stream.read(CARD_BYTES).decode("utf-8", errors="replace")


def _runs(identifier: str) -> tuple[str, ...]:
    from lwtui.evaluate.store import RunStore, runs_folder

    lines: list[str] = []
    with contextlib.suppress(OSError):
        folders = sorted(runs_folder().iterdir(), reverse=True)[:LOOKED_AT]
        for folder in folders:
            if len(lines) >= RUNS:
                break
            with contextlib.suppress(LwtuiError, OSError), RunStore.open(folder) as store:
                record = store.record()
                if any(model.id == identifier for model in record.models):
                    lines.append(f"{record.name} · {record.created[:10]} · {record.state}")
    return tuple(lines)


def _chats(identifier: str) -> tuple[str, ...]:
    if not (paths.home() / "chats.db").is_file():
        return ()  # to look must not make one: it would tell that lwtui has been used
    from lwtui.chat.store import ChatStore

    with contextlib.suppress(LwtuiError, OSError), ChatStore() as store:
        found = (each for each in store.list(limit=LOOKED_AT) if each.learnware == identifier)
        return tuple(
            f"{each.title} · {each.updated[:10]} · {each.turns} messages"
            for each, _ in zip(found, range(SESSIONS), strict=False)
        )
    return ()
