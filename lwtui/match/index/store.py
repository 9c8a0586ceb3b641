"""The rows that count: segments, listed in a manifest that is replaced atomically.

A change writes new files first (a segment of new rows; for a segment that lost rows, the list of
those), then the manifest that names them, then deletes what no manifest names. Killed anywhere,
the old manifest or the new one stands. Readers take no lock: files never change, and those they
hold open stay readable. Writers hold ``.lock``, which a dying process frees.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lwtui.learnware.storage import write_atomically
from lwtui.match.index.project import Kind
from lwtui.match.index.segment import (
    SEGMENT_ROWS,
    Block,
    DamagedError,
    Segment,
    joined,
    write_segment,
)

if TYPE_CHECKING:
    import numpy as np
    from filelock import BaseFileLock
    from numpy.typing import NDArray

MANIFEST = "manifest.json"
_LOCK = ".lock"
_MERGED = 8
"""So many small segments are one too many: the smallest are merged."""
_TRIES = 5
"""Looks at the manifest while another process replaces the files it names."""


@dataclass(frozen=True)
class _Listed:
    """A segment as the manifest lists it."""

    name: str
    rows: int
    size: int
    """Of its file, bytes."""
    dead: str = ""
    """File with a byte per row, 1 for removed; none: nothing was."""


@dataclass(frozen=True)
class Snapshot:
    """The index at one moment. Stays as it is whatever is written meanwhile."""

    listed: tuple[_Listed, ...] = ()
    segments: tuple[Segment, ...] = ()
    problem: str = "there is none yet"
    """Why the files were of no use; empty when they are sound."""
    seen: tuple[int, ...] = field(default=(), compare=False)
    """What the manifest's file looked like."""

    @property
    def rows(self) -> int:
        """Rows that count."""
        return sum(int(segment.live.sum()) for segment in self.segments)


class Store:
    """One index's folder. Safe between processes; a thread has its own."""

    def __init__(self, folder: Path, kind: Kind, seconds: float = 30.0) -> None:
        """``seconds`` to wait for another process that writes."""
        self.folder = folder
        self.kind = kind
        self._seconds = seconds
        self._lock: BaseFileLock | None = None
        self._snapshot = Snapshot()

    def snapshot(self) -> Snapshot:
        """What is there now; empty, with the problem, where the files are of no use."""
        if self._snapshot.seen and self._look() == self._snapshot.seen:
            return self._snapshot
        for _ in range(_TRIES):
            seen = self._look()
            try:
                listed = self._read_manifest()
                segments = tuple(self._open(each) for each in listed)
            except FileNotFoundError:
                problem = "a file is missing"
                if seen == self._look():
                    break
            except (DamagedError, OSError) as error:
                problem = str(error)
                if seen == self._look():
                    break
            else:
                self._snapshot = Snapshot(listed, segments, "", seen)
                return self._snapshot
        self._snapshot = Snapshot(problem=problem if seen else "there is none yet")
        return self._snapshot

    def update(self, blocks: Iterable[Block], removed: Collection[int] = ()) -> None:
        """Remove ids (their :func:`hash64`), and add rows; one whose id is there replaces it.

        The removals and the first block are one change, every further block another. Damaged files
        are replaced. Raises ``OSError`` (``Timeout`` of the lock is one) with the old state or, of
        several blocks, an earlier one left standing.
        """
        import numpy as np

        gone = np.array(list(removed), np.uint64)
        with self.locked():
            for block in blocks:
                self._apply(block, np.concatenate([gone, block["ident"]]))
                gone = gone[:0]
            if len(gone):
                self._apply(None, gone)
            self._merge()
            self._sweep()

    def clear(self) -> None:
        """Throw everything away."""
        with self.locked():
            self._commit([])
            self._sweep()

    def disk_bytes(self) -> int:
        """Of the files that count."""
        return sum((self.folder / each.name).stat().st_size for each in self.snapshot().listed)

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock of those who write; again, too. Raises ``OSError``."""
        from filelock import FileLock

        self.folder.mkdir(parents=True, exist_ok=True)
        # One object, so that whoever holds it may take it again.
        if self._lock is None:
            self._lock = FileLock(str(self.folder / _LOCK), timeout=self._seconds)
        with self._lock:
            yield

    def _apply(self, block: Block | None, gone: NDArray[np.uint64]) -> None:
        """One change: rows to go by the hashes of their ids, rows to come."""
        import numpy as np

        snapshot = self.snapshot()
        listed = []
        for each, segment in zip(snapshot.listed, snapshot.segments, strict=True):
            hit = segment.live & np.isin(segment["ident"], gone)
            listed.append(self._with_dead(each, ~segment.live | hit) if hit.any() else each)
        if block is not None and len(block):
            listed += self._write(block)
        if snapshot.problem or tuple(listed) != snapshot.listed:
            self._commit(listed)

    def _write(self, block: Block) -> list[_Listed]:
        import numpy as np

        result = []
        for begin in range(0, len(block), SEGMENT_ROWS):
            rows = np.arange(begin, min(len(block), begin + SEGMENT_ROWS))
            some = block if len(rows) == len(block) else block.rows(rows)
            path = self.folder / f"{uuid.uuid4().hex}.safetensors"
            write_segment(path, some)
            result.append(_Listed(path.name, len(some), path.stat().st_size))
        return result

    def _with_dead(self, listed: _Listed, dead: NDArray[np.bool_]) -> _Listed:
        name = f"{uuid.uuid4().hex}.dead"
        write_atomically(self.folder / name, bytes(dead.astype("u1")))
        return _Listed(listed.name, listed.rows, listed.size, name)

    def _merge(self) -> None:
        """Few files, and few removed rows in them: merge the smallest, rewrite the emptiest."""
        import numpy as np

        snapshot = self.snapshot()
        live = [int(segment.live.sum()) for segment in snapshot.segments]
        order = sorted(range(len(live)), key=lambda place: live[place])
        small = [place for place in order if live[place] < SEGMENT_ROWS // 2]
        chosen = set(small[:-1] if len(small) >= _MERGED else [])
        chosen |= {i for i, each in enumerate(snapshot.listed) if live[i] < each.rows / 2}
        if not chosen:
            return
        kept = [each for place, each in enumerate(snapshot.listed) if place not in chosen]
        blocks: list[Block] = []
        for place in sorted(chosen, key=lambda place: live[place]):
            segment = snapshot.segments[place]
            if blocks and sum(map(len, blocks)) + live[place] > SEGMENT_ROWS:
                kept += self._write(joined(blocks))
                blocks = []
            if live[place]:
                blocks.append(segment.rows(np.flatnonzero(segment.live)))
        if blocks:
            kept += self._write(joined(blocks))
        self._commit(kept)

    def _commit(self, listed: Sequence[_Listed]) -> None:
        body = {"kind": self.kind.facts(), "segments": [vars(each) for each in listed]}
        text = json.dumps(body, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        write_atomically(self.folder / MANIFEST, f"{digest}\n{text}\n".encode())
        self._snapshot = Snapshot()

    def _sweep(self) -> None:
        """Delete what the manifest does not name: left by a crash, or replaced."""
        named = {MANIFEST, _LOCK}
        for each in self.snapshot().listed:
            named |= {each.name, each.dead}
        for path in self.folder.iterdir():
            if path.name not in named:
                with contextlib.suppress(OSError):  # Windows: another process has it open
                    path.unlink()

    def _look(self) -> tuple[int, ...]:
        try:
            status = (self.folder / MANIFEST).stat()
        except OSError:
            return ()
        return status.st_ino, status.st_mtime_ns, status.st_size

    def _read_manifest(self) -> tuple[_Listed, ...]:
        text = (self.folder / MANIFEST).read_bytes()
        digest, _, body = text.partition(b"\n")
        if hashlib.sha256(body[:-1]).hexdigest().encode() != digest:
            raise DamagedError("the manifest is damaged")
        found: dict[str, Any] = json.loads(body)
        if found["kind"] != self.kind.facts():
            raise DamagedError("it was made for another mean, other anchors or another version")
        return tuple(_Listed(**each) for each in found["segments"])

    def _open(self, listed: _Listed) -> Segment:
        import numpy as np

        known = dict(zip(self._snapshot.listed, self._snapshot.segments, strict=True))
        if listed in known:
            return known[listed]
        dead = np.zeros(listed.rows, np.uint8)
        if listed.dead:
            dead = np.frombuffer((self.folder / listed.dead).read_bytes(), np.uint8)
        return Segment(self.folder / listed.name, self.kind, listed.rows, listed.size, dead)
