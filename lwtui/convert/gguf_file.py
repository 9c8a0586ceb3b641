"""What every GGUF file written here has in common: written whole or not at all, types checked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    import gguf
    from numpy.typing import NDArray

FileType = Literal["f32", "f16", "q8_0"]

_LARGEST_F16 = 65504.0
_LOSS = 1e-3
"""Relative error at which float16 is not good enough; of ordinary numbers it makes 2e-4."""


class AtomicFile:
    """A temporary file beside ``out`` that replaces it when the block ends well."""

    def __init__(self, out: Path) -> None:
        self._out = out
        self._temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")

    def __enter__(self) -> Path:
        self._out.parent.mkdir(parents=True, exist_ok=True)
        return self._temporary

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is not None:
            self._temporary.unlink(missing_ok=True)
            return
        with self._temporary.open("rb+") as file:
            os.fsync(file.fileno())
        self._temporary.replace(self._out)


def add_tensor(
    writer: gguf.GGUFWriter, name: str, tensor: NDArray[np.float32], file_type: FileType
) -> None:
    """Add a tensor as ``file_type``: vectors always as float32, and a matrix whose rows are no
    multiple of 32 long as float16 rather than Q8_0."""
    import gguf

    tensor = np.ascontiguousarray(tensor, dtype=np.float32)
    if tensor.ndim < 2 or file_type == "f32":
        writer.add_tensor(name, tensor)
    elif file_type == "q8_0" and tensor.shape[-1] % 32 == 0:
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quants.quantize(tensor, kind), raw_dtype=kind)
    else:
        writer.add_tensor(name, tensor.astype(np.float16))


def fits_f16(tensor: NDArray[np.float32]) -> bool:
    """Whether float16 holds a tensor: nothing too large for it, and not so small that digits are
    lost (below 6e-5 it has fewer and fewer)."""
    if not tensor.size:
        return True
    if float(np.abs(tensor).max()) > _LARGEST_F16:
        return False
    lost = np.linalg.norm(tensor - tensor.astype(np.float16))
    return bool(lost <= _LOSS * np.linalg.norm(tensor))


def finish(writer: gguf.GGUFWriter) -> None:
    """Write everything that was added, and close."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
