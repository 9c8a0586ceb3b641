"""The header of a safetensors file, read and checked without torch and without its tensors.

Format: 8 bytes little-endian length, that many bytes of JSON, then the tensors
(https://huggingface.co/docs/safetensors).
"""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any, NoReturn

from lwtui.errors import BadInput

MAX_HEADER_BYTES = 32 * 1024 * 1024
"""The format allows 100 MB; real headers, of models with 100,000 tensors too, stay below 15 MB."""

MAX_TENSORS = 500_000
MAX_NAME = 1024
MAX_DIMENSIONS = 16

_BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E4M3": 8,
    "F8_E5M2": 8,
    "F8_E8M0": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "I64": 64,
    "U64": 64,
    "F64": 64,
    "C64": 64,
}


def safetensors_header(path: Path) -> dict[str, Any]:
    """The header as the file has it: tensor name to ``{"dtype", "shape", "data_offsets"}``, and
    ``__metadata__`` (texts) if present.

    Every size, shape and offset is checked against the file. Raises ``BadInput`` naming the file.
    """
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            start = stream.read(9)
            if start[8:] != b"{":
                _name_other_formats(path, start, size)
            (length,) = struct.unpack("<Q", start[:8])
            stream.seek(8)
            if length > size - 8:
                _fail(path, "is cut short or no safetensors file: its header is not all there")
            if length > MAX_HEADER_BYTES:
                _fail(path, f"has a header of {length:,} bytes, too large to be right")
            text = stream.read(length)
    except OSError as error:
        raise BadInput(f"Cannot be read: {error.strerror}.", file=path) from error
    header = _parse(path, text)
    _check_metadata(path, header.get("__metadata__", {}))
    _check_tensors(path, header, size - 8 - length)
    return header


def tensor_shapes(header: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """Tensor name to shape, of a checked header."""
    return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}


def folder_shapes(folder: Path, pattern: str = "*.safetensors") -> dict[str, tuple[int, ...]]:
    """Tensor name to shape over all shards in a folder. Raises ``BadInput`` if there are none."""
    files = sorted(path for path in folder.glob(pattern) if path.is_file())
    if not files:
        raise BadInput(
            "There are no safetensors weights here.",
            file=folder,
            hint="lwtui loads safetensors and GGUF only.",
        )
    shapes: dict[str, tuple[int, ...]] = {}
    for path in files:
        shapes.update(tensor_shapes(safetensors_header(path)))
    return shapes


def count_parameters(shapes: dict[str, tuple[int, ...]]) -> int:
    """Numbers in all tensors together."""
    total = 0
    for shape in shapes.values():
        product = 1
        for dimension in shape:
            product *= dimension
        total += product
    return total


def _name_other_formats(path: Path, start: bytes, size: int) -> None:
    """Say what a file is that is no safetensors. A right header may begin with any byte, since its
    length comes first, so this is asked only where no JSON follows the length."""
    if start[:2] == b"PK" or (start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05"):
        raise BadInput(
            "This is a PyTorch pickle, not safetensors: loading it can run any code.",
            file=path,
            hint="Convert the weights to safetensors first.",
        )
    if start[:4] == b"GGUF":
        raise BadInput("This is a GGUF file, not safetensors.", file=path, hint="Name it *.gguf.")
    if start.startswith(b"version "):
        raise BadInput(
            "This is a Git LFS pointer: the weights themselves were not fetched.",
            file=path,
            hint="Run `git lfs pull` where it came from.",
        )
    if size < 8:
        _fail(path, "is empty or cut short")


def _parse(path: Path, text: bytes) -> dict[str, Any]:
    if not text.startswith(b"{"):
        _fail(path, "is no safetensors file: its header is not JSON")
    try:
        header = json.loads(text.decode("utf-8"), object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        _fail(path, "has a header that is not valid JSON", error)
    if not isinstance(header, dict):
        _fail(path, "has a header that is no JSON object")
    if len(header) > MAX_TENSORS:
        _fail(path, f"claims {len(header):,} tensors, too many to be right")
    return header


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _check_metadata(path: Path, metadata: Any) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        _fail(path, "has metadata that are not texts")


def _check_tensors(path: Path, header: dict[str, Any], data_bytes: int) -> None:
    spans: list[tuple[int, int]] = []
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if len(name) > MAX_NAME:
            _fail(path, "has a tensor name that is too long to be right")
        if not isinstance(entry, dict):
            _fail(path, f"describes tensor {name!r} wrongly")
        shape, span = _sizes(entry.get("shape")), _sizes(entry.get("data_offsets"))
        kind = entry.get("dtype")
        bits = _BITS.get(kind) if isinstance(kind, str) else None
        if bits is None:
            _fail(path, f"has tensor {name!r} of an unknown type {kind!r:.40}")
        if shape is None or len(shape) > MAX_DIMENSIONS:
            _fail(path, f"has tensor {name!r} with a shape that makes no sense")
        if span is None or len(span) != 2 or span[0] > span[1]:
            _fail(path, f"has tensor {name!r} at offsets that make no sense")
        if span[1] > data_bytes:
            _fail(path, f"is cut short: tensor {name!r} is not all there")
        count = 1
        for dimension in shape:
            count *= dimension
            if count > 2**62:
                _fail(path, f"has tensor {name!r} with a shape that makes no sense")
        if (count * bits + 7) // 8 != span[1] - span[0]:
            _fail(path, f"has tensor {name!r} whose shape and size differ")
        spans.append((span[0], span[1]))
    end = 0
    for start, stop in sorted(spans):
        if start != end:
            _fail(path, "has tensors that overlap or leave gaps")
        end = stop
    if end != data_bytes:
        _fail(path, "has bytes after its last tensor")


def _sizes(value: Any) -> list[int] | None:
    """The value if it is a list of sane sizes, else None."""
    if isinstance(value, list) and all(
        isinstance(n, int) and not isinstance(n, bool) and 0 <= n < 2**62 for n in value
    ):
        return value
    return None


def _fail(path: Path, what: str, cause: BaseException | None = None) -> NoReturn:
    raise BadInput(f"The file {what}.", file=path, hint="Fetch or save it again.") from cause
