"""The metadata of a GGUF file, read within bounds and without its tensors.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md (versions 2 and 3).
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from lwtui.errors import BadInput

MAX_KEYS = 65_536
MAX_TENSORS = 500_000
MAX_KEY_BYTES = 65_535
MAX_TEXT_BYTES = 16 * 1024 * 1024
MAX_KEPT_ITEMS = 64
"""Longer lists (vocabularies, merges) are skipped; only their length is known."""

_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_TEXT, _LIST = 8, 9


@dataclass(frozen=True)
class GgufHeader:
    """What a GGUF file says of itself. ``metadata`` holds numbers, texts and short lists."""

    version: int
    metadata: dict[str, Any]
    tensors: dict[str, tuple[int, ...]] = field(default_factory=dict)
    """Name to shape, fastest dimension first, as GGUF has them."""

    @property
    def architecture(self) -> str:
        return self.text("general.architecture")

    @property
    def name(self) -> str:
        return self.text("general.name")

    @property
    def is_lora(self) -> bool:
        return self.text("general.type") == "adapter" or "adapter.type" in self.metadata

    @property
    def context_length(self) -> int:
        """Tokens; 0 if it does not say."""
        value = self.metadata.get(f"{self.architecture}.context_length", 0)
        return value if isinstance(value, int) and value > 0 else 0

    @property
    def parameters(self) -> int:
        total = 0
        for shape in self.tensors.values():
            product = 1
            for dimension in shape:
                product *= dimension
            total += product
        return total

    def text(self, key: str) -> str:
        """A text of the metadata; empty if it is missing or no text."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""


def read_gguf(path: Path) -> GgufHeader:
    """Read the header of a GGUF file. Raises ``BadInput`` naming the file."""
    try:
        with path.open("rb") as stream:
            return _Reader(stream, path).header()
    except OSError as error:
        raise BadInput(f"Cannot be read: {error.strerror}.", file=path) from error


class _Reader:
    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream = stream
        self._path = path
        self._size = os.fstat(stream.fileno()).st_size

    def header(self) -> GgufHeader:
        if self._take(4) != b"GGUF":
            self._fail("is no GGUF file")
        version = self._number("<I")
        if version not in (2, 3):
            # Swapped bytes give an absurd number.
            self._fail(
                "is of GGUF version 1"
                if version == 1
                else "is of an unknown GGUF version or byte order",
                "Convert the model again with a recent llama.cpp.",
            )
        tensors, keys = self._number("<Q"), self._number("<Q")
        if tensors > MAX_TENSORS or keys > MAX_KEYS:
            self._fail(f"claims {tensors:,} tensors and {keys:,} keys, too many to be right")
        metadata: dict[str, Any] = {}
        for _ in range(keys):
            key = self._text(MAX_KEY_BYTES)
            metadata[key] = self._value(self._number("<I"))
        shapes: dict[str, tuple[int, ...]] = {}
        for _ in range(tensors):
            name, shape = self._tensor()
            shapes[name] = shape
        return GgufHeader(version, metadata, shapes)

    def _tensor(self) -> tuple[str, tuple[int, ...]]:
        name = self._text(MAX_KEY_BYTES)
        dimensions = self._number("<I")
        if dimensions > 8:
            self._fail("has a tensor whose shape makes no sense")
        shape = tuple(self._number("<Q") for _ in range(dimensions))
        if any(n >= 2**48 for n in shape):
            self._fail("has a tensor whose shape makes no sense")
        self._take(12)  # its type and offset
        return name, shape

    def _value(self, kind: int) -> Any:
        if kind in _SCALARS:
            return self._number(_SCALARS[kind])
        if kind == _TEXT:
            return self._text(MAX_TEXT_BYTES)
        if kind != _LIST:
            self._fail("has a metadata value of an unknown type")
        item, count = self._number("<I"), self._number("<Q")
        if item == _TEXT:
            if count * 8 > self._left():
                self._fail("is cut short")
            kept = [self._text(MAX_TEXT_BYTES) for _ in range(min(count, MAX_KEPT_ITEMS))]
            for _ in range(count - len(kept)):
                self._skip(self._number("<Q"))
            return kept if count <= MAX_KEPT_ITEMS else None
        if item not in _SCALARS:
            self._fail("has a list in a list, or of an unknown type")
        if count > MAX_KEPT_ITEMS:
            self._skip(count * struct.calcsize(_SCALARS[item]))
            return None
        return [self._number(_SCALARS[item]) for _ in range(count)]

    def _text(self, limit: int) -> str:
        length = self._number("<Q")
        if length > limit:
            self._fail("has a text that is too long to be right")
        return self._take(length).decode("utf-8", errors="replace")

    def _number(self, layout: str) -> Any:
        return struct.unpack(layout, self._take(struct.calcsize(layout)))[0]

    def _take(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(data) != count:
            self._fail("is cut short")
        return data

    def _skip(self, count: int) -> None:
        if count > self._left():
            self._fail("is cut short")
        self._stream.seek(count, os.SEEK_CUR)

    def _left(self) -> int:
        return self._size - self._stream.tell()

    def _fail(self, what: str, hint: str = "Fetch or convert it again.") -> NoReturn:
        raise BadInput(f"The file {what}.", file=self._path, hint=hint)
