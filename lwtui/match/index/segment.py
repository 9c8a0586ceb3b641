"""Rows of the index: in memory as a block of columns, on disk as a file that never changes.

A segment is a safetensors file, memory-mapped. Words to filter by are kept as 64-bit hashes: of a
million rows, two words that differ have the same hash once in 10¹³ searches, and what comes out is
checked again by name.
"""

from __future__ import annotations

import functools
import hashlib
import os
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lwtui.errors import BadInput
from lwtui.learnware.headers import safetensors_header
from lwtui.learnware.storage import sync_folder
from lwtui.match.index.project import Kind, sign_planes

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SEGMENT_ROWS = 1 << 16
"""The most rows of a file: about 190 MB."""
_TYPES = {"U64": "<u8", "I64": "<i8", "F32": "<f4", "U8": "|u1", "I8": "|i1"}
_FLAT = {"names": "names_at", "languages": "languages_at"}
"""Columns of varying length, and where each row's begins: (rows + 1,)."""


class DamagedError(Exception):
    """The files make no sense: throw them away and fill them again."""


def hash64(text: str) -> int:
    """Of an id, or of a word to filter by."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def word64(word: str) -> int:
    """Of a word without its case; 0 for none."""
    return hash64(word.casefold()) if word else 0


@dataclass(frozen=True)
class Facts:
    """What a row holds beside its codes."""

    id: str
    stamp: int
    """Changes when the learnware does, 64 bits."""
    domain: int = 0
    base: int = 0
    licence: int = 0
    itself: int = 0
    """Its own id as a word: who wants a base may mean the base itself."""
    languages: tuple[int, ...] = ()
    size: int = 0
    """Bytes, together with its base."""
    twin: int = 0
    """Equal for learnwares of the same data; 0 when that is not known."""
    has: int = 0
    """Bit n: part n of the kind is there."""
    odd: int = 0
    """Bit n: part n is there in another length, so that it cannot be compared."""
    gains: NDArray[np.float32] | None = None
    own: float | None = None
    elsewhere: bool = False
    """It builds on another model than those whose gains were measured (``rank.elsewhere``)."""
    here: bool = True
    """Its weights are on this machine."""


@dataclass
class Block:
    """Rows as columns. ``codes`` (rows, bytes) int8, ``planes`` (words, rows) uint64, ``norms``
    (rows, parts) float32: lengths of the codes, ``gains`` (rows, tasks) float32, ``own`` float32,
    NaN where unknown; the others as in :class:`Facts`."""

    columns: dict[str, NDArray[Any]]
    kind: Kind

    def __len__(self) -> int:
        return len(self.columns["ident"])

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.columns[name]

    def name(self, row: int) -> str:
        """A row's id."""
        begin, end = self["names_at"][row : row + 2]
        return bytes(self["names"][begin:end]).decode()

    def rows(self, chosen: NDArray[np.int64]) -> Block:
        """Some of the rows, copied."""
        import numpy as np

        result = {}
        for name, column in self.columns.items():
            if name in _FLAT:
                at = self[_FLAT[name]]
                pieces = [column[at[row] : at[row + 1]] for row in chosen]
                result[name] = np.concatenate([column[:0], *pieces])
                lengths = [len(piece) for piece in pieces]
                result[_FLAT[name]] = np.cumsum([0, *lengths]).astype(np.int64)
            elif name == "planes":
                result[name] = np.ascontiguousarray(column[:, chosen])
            elif name not in _FLAT.values():
                result[name] = column[chosen]
        return Block(result, self.kind)


MEASURED, NEUTRAL = 1, 2
"""Of the column ``known``: gains that were measured; gains of 0 that stand for those of a learnware
that is ``elsewhere``; 0: neither."""


def _known(facts: Facts) -> int:
    if facts.gains is not None:
        return MEASURED
    return NEUTRAL if facts.elsewhere else 0


def block_of(kind: Kind, facts: Sequence[Facts], codes: NDArray[np.int8]) -> Block:
    """Rows in memory, of facts and codes (rows, bytes); a part that is missing has codes of 0."""
    import numpy as np

    nothing = np.zeros(kind.tasks, np.float32)
    names = [each.id.encode() for each in facts]
    columns: dict[str, NDArray[Any]] = {
        "ident": np.array([hash64(each.id) for each in facts], np.uint64),
        "has": np.array([each.has for each in facts], np.uint8),
        "odd": np.array([each.odd for each in facts], np.uint8),
        "size": np.array([each.size for each in facts], np.int64),
        "known": np.array([_known(each) for each in facts], np.uint8),
        "here": np.array([each.here for each in facts], np.uint8),
        "own": np.array([np.nan if f.own is None else f.own for f in facts], np.float32),
        "gains": np.array([nothing if f.gains is None else f.gains for f in facts], np.float32),
        "names": np.frombuffer(b"".join(names), np.uint8),
        "names_at": np.cumsum([0, *map(len, names)]).astype(np.int64),
        "languages": np.array([word for each in facts for word in each.languages], np.uint64),
        "languages_at": np.cumsum([0, *(len(f.languages) for f in facts)]).astype(np.int64),
    }
    columns["gains"] = columns["gains"].reshape(len(facts), kind.tasks)
    for name in ("stamp", "domain", "base", "licence", "itself", "twin"):
        columns[name] = np.array([getattr(each, name) for each in facts], np.uint64)
    return Block(columns | code_columns(kind, codes), kind)


def code_columns(kind: Kind, codes: NDArray[np.int8]) -> dict[str, NDArray[Any]]:
    """The columns that follow from codes, and the codes."""
    import numpy as np

    def squares(part: NDArray[np.int8]) -> NDArray[np.float32]:
        return np.einsum("ij,ij->i", part, part, dtype=np.float32)

    parts = {name: codes[:, columns] for name, columns in kind.columns.items()}
    planes = [sign_planes(part, kind.signs(name)) for name, part in parts.items()]
    norms = np.sqrt(np.stack([squares(part) for part in parts.values()], axis=1))
    return {"codes": codes, "planes": np.concatenate(planes), "norms": norms}


def joined(blocks: Sequence[Block]) -> Block:
    """Several blocks as one."""
    import numpy as np

    result = {}
    for name in blocks[0].columns:
        columns = [block[name] for block in blocks]
        if name in _FLAT.values():
            starts = np.cumsum([0, *(column[-1] for column in columns)])
            shifted = [c[1:] + start for c, start in zip(columns, starts[:-1], strict=True)]
            result[name] = np.concatenate([np.zeros(1, np.int64), *shifted])
        else:
            result[name] = np.concatenate(columns, axis=1 if name == "planes" else 0)
    return Block(result, blocks[0].kind)


def write_segment(path: Path, block: Block) -> None:
    """Write a block whole or not at all. Raises ``OSError``."""
    import numpy as np
    from safetensors.numpy import save_file

    temporary = path.with_name(f"{path.name}.tmp")
    save_file(
        {name: np.ascontiguousarray(column) for name, column in block.columns.items()}, temporary
    )
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


class Segment(Block):
    """A block on disk. Its columns are memory-mapped; its codes are read row by row."""

    def __init__(self, path: Path, kind: Kind, rows: int, size: int, dead: NDArray[np.uint8]):
        """Raises ``DamagedError`` if the file is not what the manifest says; ``FileNotFoundError``
        when it is gone."""
        import numpy as np

        self.path = path
        self.live = dead == 0
        """Rows that count, (rows,), bool."""
        if path.stat().st_size != size:
            raise DamagedError(f"{path.name} has another size than it was written with")
        try:
            header = safetensors_header(path)
        except BadInput as error:
            raise DamagedError(str(error)) from error
        data = np.memmap(path, np.uint8, "r")
        start = 8 + int(data[:8].view("<u8")[0])
        columns = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            begin, end = (start + at for at in entry["data_offsets"])
            flat = data[begin:end].view(_TYPES[entry["dtype"]])
            columns[name] = np.asarray(flat).reshape(entry["shape"])
            if name == "codes":
                self._codes_at = begin
        super().__init__(columns, kind)
        _check(self, rows)
        if len(self.live) != rows:
            raise DamagedError(f"{path.name}: the list of removed rows has another length")
        self._descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        weakref.finalize(self, os.close, self._descriptor)

    @functools.cached_property
    def shared(self) -> int:
        """Bit n: every row has part n of the kind."""
        import numpy as np

        return int(np.bitwise_and.reduce(self["has"], initial=255))

    @functools.cached_property
    def measured(self) -> bool:
        """Are the gains of every row known?"""
        import numpy as np

        return bool((self["known"] == MEASURED).all()) and not bool(np.isnan(self["own"]).any())

    def read_codes(self, rows: NDArray[np.int64], columns: slice) -> NDArray[np.int8]:
        """Some columns of the codes of a few rows, (rows, columns). Read, not mapped: mapped, the
        pages of every row ever read would stay resident."""
        import numpy as np

        length, step = columns.stop - columns.start, self.kind.row_bytes
        begin, file, read = self._codes_at + columns.start, self._descriptor, _read
        data = b"".join([read(file, length, begin + step * row) for row in rows.tolist()])
        return np.frombuffer(data, np.int8).reshape(-1, length)


def _seek_and_read(descriptor: int, length: int, at: int) -> bytes:
    os.lseek(descriptor, at, os.SEEK_SET)
    return os.read(descriptor, length)


_read: Callable[[int, int, int], bytes] = getattr(os, "pread", _seek_and_read)
"""``pread`` where there is one (not on Windows)."""


def _check(block: Block, rows: int) -> None:
    """Raise ``DamagedError`` unless every column is there in its length."""
    kind = block.kind
    expected = block_of(kind, [], _no_codes(kind)).columns
    for name, sample in expected.items():
        column = block.columns.get(name)
        if column is None or column.dtype != sample.dtype or column.ndim != sample.ndim:
            raise DamagedError(f"no column {name}")
        if name in _FLAT:
            right = len(column) == block.columns[_FLAT[name]][-1]
        elif name in _FLAT.values():
            right = len(column) == rows + 1
        elif name == "planes":
            right = column.shape == (len(sample), rows)
        else:
            right = column.shape == (rows, *sample.shape[1:])
        if not right:
            raise DamagedError(f"column {name} has the shape {column.shape}")


def _no_codes(kind: Kind) -> NDArray[np.int8]:
    import numpy as np

    return np.zeros((0, kind.row_bytes), np.int8)
