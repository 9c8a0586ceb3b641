"""The folders matched last: a small file in the user's data folder."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

from lwtui import paths

KEPT = 5


def recent_folders() -> list[Path]:
    """Those that still exist, the last one first. A broken file counts as none."""
    try:
        entries = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    if not isinstance(entries, list):
        return []
    found = (Path(entry) for entry in entries[:KEPT] if isinstance(entry, str))
    return [path for path in found if _exists(path)]


def remember_folder(path: Path) -> None:
    """Put ``path`` first. Written whole or not at all; a full disk costs only the memory of it."""
    path = path.expanduser().absolute()
    entries = [path, *(known for known in recent_folders() if known != path)][:KEPT]
    file = _file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".recent-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as target:
                json.dump([str(entry) for entry in entries], target)
                target.flush()
                os.fsync(target.fileno())
            os.replace(name, file)  # noqa: PTH105 (the pair of mkstemp)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except (OSError, UnicodeError):
        return


def _file() -> Path:
    return paths.home() / "recent-folders.json"


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a folder no longer readable, or a name with a null character
        return False
