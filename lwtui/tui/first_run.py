"""Whether lwtui is opened for the first time, as far as the user's folder tells."""

from __future__ import annotations

import contextlib
from pathlib import Path

from lwtui import paths

TRACES = ("welcomed", "recent-folders.json", "chats.db", "models", "unfinished", "pulls", "runs")
"""What using lwtui leaves in the user's folder; looking at the collection leaves none of them."""


def is_first_run(home: Path | None = None) -> bool:
    """Nothing matched, chatted with, pulled, added or evaluated yet, and nobody was welcomed."""
    home = home or paths.home()
    with contextlib.suppress(OSError, ValueError):
        return not any((home / name).exists() for name in TRACES)
    return False


def welcomed(home: Path | None = None) -> None:
    """Never again. A folder that cannot be written costs only another welcome."""
    home = home or paths.home()
    with contextlib.suppress(OSError, ValueError):
        home.mkdir(parents=True, exist_ok=True)
        (home / "welcomed").touch()
