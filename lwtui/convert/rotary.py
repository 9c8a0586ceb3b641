"""From Hugging Face's rotary layout to llama.cpp's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def permute_rows(matrix: NDArray[np.float32], heads: int) -> NDArray[np.float32]:
    """Reorder the rows of q or k: (rows, …), of ``heads`` heads.

    Hugging Face rotates (i, i + half), llama.cpp's Llama rotates neighbours (2i, 2i + 1): each
    head's rows go from [two halves, half] to [half, two]. A LoRA's change of the weight is B·A, so
    the rows of B are reordered and A stays. Source: llama.cpp, ``LlamaModel.permute``.
    """
    rows, *rest = matrix.shape
    split = matrix.reshape(heads, 2, rows // heads // 2, *rest)
    return split.swapaxes(1, 2).reshape(matrix.shape)
