"""A folder for what a job needs for a while."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lwtui import paths


@contextlib.contextmanager
def work_folder(purpose: str) -> Iterator[Path]:
    """A folder in lwtui's own, removed whatever happens; so are those that killed processes left
    of the same purpose."""
    import psutil

    cache = paths.home() / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.glob(f"{purpose}-*"):
        owner = old.name.removeprefix(f"{purpose}-").partition("-")[0]
        if not owner.isdigit() or not psutil.pid_exists(int(owner)):
            shutil.rmtree(old, ignore_errors=True)
    prefix = f"{purpose}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir=cache, ignore_cleanup_errors=True) as made:
        yield Path(made)
