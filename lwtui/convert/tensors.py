"""Tensors of safetensors files as float32, without torch.

The ``safetensors`` package gives no bfloat16 to numpy, which has no such type. Format: 8 bytes
little-endian length, that many bytes of JSON, then the tensors
(https://huggingface.co/docs/safetensors).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lwtui.errors import BadInput
from lwtui.learnware.headers import safetensors_header

if TYPE_CHECKING:
    from numpy.typing import NDArray

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def read_tensors(path: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Every tensor of a file as float32, by name, one at a time in memory.

    Raises ``BadInput`` for a file that is not sound and for whole numbers and 8-bit floats.
    """
    header = safetensors_header(path)
    with path.open("rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        for name in sorted(header):
            if name == "__metadata__":
                continue
            entry = header[name]
            start, stop = entry["data_offsets"]
            if entry["dtype"] not in _TYPES:
                raise BadInput(
                    f"Tensor {name!r:.200} is stored as {entry['dtype']}, which is not converted.",
                    file=path,
                    hint="Save it as float32, float16 or bfloat16.",
                )
            stream.seek(8 + length + start)
            yield name, _as_float32(stream.read(stop - start), entry["dtype"], entry["shape"])


def _as_float32(data: bytes, kind: str, shape: list[int]) -> NDArray[np.float32]:
    values = np.frombuffer(data, dtype=_TYPES[kind]).reshape(shape)
    if kind == "BF16":
        # A bfloat16 is the upper half of a float32.
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32)
