"""The folders matched last, and how their files are to be read: small files in the user's data.

Both only make things convenient: a broken file counts as none, and a full disk costs no more than
the memory of it.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

from lwtui import paths
from lwtui.tui.match_services import ROWS, DataChoice

KEPT = 5
CHOICES = 200
"""For how many folders it is remembered how to read them."""


def recent_folders() -> list[Path]:
    """Those that still exist, the last one first."""
    return [path for path in known_folders() if there(path)]


def known_folders() -> list[Path]:
    """All that were matched, the last one first; some may be gone."""
    entries = _read(_file())
    if not isinstance(entries, list):
        return []
    return [Path(entry) for entry in entries[:KEPT] if isinstance(entry, str)]


def remember_folder(path: Path) -> None:
    """Put ``path`` first."""
    path = path.expanduser().absolute()
    _write_folders([path, *(known for known in known_folders() if known != path)])


def forget_folder(path: Path) -> None:
    path = path.expanduser().absolute()
    _write_folders([known for known in known_folders() if known != path])


def choice_of(path: Path) -> DataChoice:
    """How this folder is to be read; the usual way if the user has not said."""
    kept = _choices().get(_key(path))
    if not isinstance(kept, dict):
        return DataChoice()
    fields, rows = kept.get("fields"), kept.get("rows")
    named = {}
    if isinstance(fields, dict):
        named = {str(role): column for role, column in fields.items() if isinstance(column, str)}
    usable = isinstance(rows, int) and not isinstance(rows, bool) and rows > 0
    return DataChoice(named, rows if usable and isinstance(rows, int) else ROWS)


def keep_choice(path: Path, choice: DataChoice) -> None:
    """Remember it; the usual one is what is not remembered."""
    key, kept = _key(path), _choices()
    kept.pop(key, None)
    if choice != DataChoice():
        kept[key] = {"fields": choice.fields, "rows": choice.rows}
    newest = dict(list(kept.items())[-CHOICES:])
    _write(_choices_file(), {"schema": 1, "folders": newest})


def there(path: Path) -> bool:
    """Is there such a file or folder?"""
    try:
        return path.exists()
    except (OSError, ValueError):  # a folder no longer readable, or a name with a null character
        return False


def _choices() -> dict[str, Any]:
    found = _read(_choices_file())
    folders = found.get("folders") if isinstance(found, dict) else None
    return folders if isinstance(folders, dict) else {}


def _key(path: Path) -> str:
    return str(path.expanduser().absolute())


def _write_folders(entries: list[Path]) -> None:
    _write(_file(), [str(entry) for entry in entries[:KEPT]])


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def _write(file: Path, value: Any) -> None:
    from lwtui.learnware.storage import write_atomically

    with contextlib.suppress(OSError, UnicodeError):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(file, json.dumps(value).encode())


def _file() -> Path:
    return paths.home() / "recent-folders.json"


def _choices_file() -> Path:
    return paths.home() / "data-choices.json"
