"""Where things live. No folder is made by asking for its path."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent


def home() -> Path:
    """The user's own folder: ``LWTUI_HOME``, else the platform's data folder."""
    override = os.environ.get("LWTUI_HOME")
    if override:
        return Path(override).expanduser()
    return Path(platformdirs.user_data_dir("lwtui", appauthor=False))


def starter_root() -> Path:
    """The folder that holds the built-in ``models/`` and ``specs/``, read-only at run time.

    In an installed wheel they lie inside the package; in a checkout at its top level.
    """
    packaged = _PACKAGE / "_starter"
    return packaged if packaged.is_dir() else _PACKAGE.parent


def demo_root() -> Path:
    """The folder of the demo datasets that ship with lwtui."""
    return _PACKAGE / "demo"


def models_dir(root: Path | None = None) -> Path:
    return (root or home()) / "models"


def specs_dir(root: Path | None = None) -> Path:
    return (root or home()) / "specs"
