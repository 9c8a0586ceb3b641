"""Small real files to put on the loopback Hub."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence


def safetensors_bytes(shapes: Mapping[str, Sequence[int]]) -> bytes:
    """A safetensors file of bfloat16 zeros, without torch: tensors' names to their shapes."""
    header: dict[str, object] = {}
    at = 0
    for name, shape in shapes.items():
        size = 2
        for length in shape:
            size *= length
        offsets = [at, at + size]
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": offsets}
        at += size
    told = json.dumps(header).encode()
    return struct.pack("<Q", len(told)) + told + bytes(at)
