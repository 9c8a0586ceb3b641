"""Keeps the sums of a long computation, so that a second try of the same one goes on from there.

A file holds sums of unit gradients and counts, and no row of data. Its name is a hash of all that
the sums depend on, the rows included: other data, another space or another version never meets it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui import __version__
from lwtui.spec.space import Space

if TYPE_CHECKING:
    from lwtui.spec.gradient import Partial
    from lwtui.spec.render import Rendered

SECONDS = 15.0
"""Of work that is worth a file."""
KEPT_SECONDS = 7 * 24 * 3600.0
"""How long the sums of something that nobody finished lie there."""


class Checkpoint:
    """One computation's file in a folder. Safe to lose: whatever is not sound is ignored."""

    def __init__(
        self, folder: Path, rows: Sequence[Rendered], space: Space, *, seconds: float | None = None
    ) -> None:
        """``seconds``: the least time between two writes, ``SECONDS`` unless given."""
        facts = hashlib.sha256(f"{__version__}/{space.id}".encode())
        for row in rows:
            facts.update(repr((row.prompt, row.answer)).encode())
        self._file = folder / f"{facts.hexdigest()}.partial.safetensors"
        self._seconds = SECONDS if seconds is None else seconds
        self._saved = time.monotonic()

    def load(self) -> Partial | None:
        """The sums so far, if there are any."""
        from safetensors import SafetensorError, safe_open

        from lwtui.spec.gradient import PARTS, Partial

        self._clean()
        try:
            with safe_open(self._file, framework="np") as file:
                facts = {name: int(text) for name, text in file.metadata().items()}
                sums = {name: file.get_tensor(name) for name in PARTS}
            return Partial(sums, {name: facts[name] for name in PARTS}, facts["rows"])
        except (OSError, SafetensorError, KeyError, ValueError, AttributeError):
            return None

    def save(self, partial: Partial) -> None:
        """Write the sums, if that has not been done lately. A full disk is no reason to stop."""
        from safetensors.numpy import save

        if time.monotonic() - self._saved < self._seconds:
            return
        facts = {name: str(count) for name, count in partial.counts.items()}
        data = save(partial.sums, metadata={**facts, "rows": str(partial.rows)})
        temporary = self._file.with_suffix(f".{os.getpid()}.tmp")
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            temporary.touch(0o600)
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._file)
        self._saved = time.monotonic()

    def done(self) -> None:
        """The computation is complete."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _clean(self) -> None:
        with contextlib.suppress(OSError):
            for file in self._file.parent.iterdir():
                if time.time() - file.stat().st_mtime > KEPT_SECONDS:
                    file.unlink(missing_ok=True)
