"""Causal grouped-query attention over rows of different length, with its backward pass.

The only place of the engine where rows are padded: in and out go tokens without padding.
Symbols: T tokens, R rows, L the longest row, H query heads over S shared key and value heads, D
the width of a head.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    Heads = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

PLAIN_LENGTH = 512
"""Longest row on a CPU whose attention weights are kept for the backward pass: that is faster there
than torch's fused kernel (five times in bfloat16), but takes memory by the square of the length."""


@dataclass(frozen=True)
class Shape:
    heads: int
    shared: int
    width: int

    @property
    def columns(self) -> int:
        """Width of q, k and v side by side."""
        return (self.heads + 2 * self.shared) * self.width


class Rows:
    """Where the tokens of a batch lie in a padded (R, L, ·) tensor, and the rotary angles there."""

    def __init__(
        self,
        row: torch.Tensor,
        position: torch.Tensor,
        count: int,
        length: int,
        frequencies: torch.Tensor,
        dtype: torch.dtype,
    ) -> None:
        import torch

        self.count, self.length = count, length
        self._place = row * length + position
        angles = torch.arange(length, device=row.device)[:, None] * frequencies
        self._cos, self._sin = (f(angles)[:, None].to(dtype) for f in (torch.cos, torch.sin))

    def padded(self, tokens: torch.Tensor) -> torch.Tensor:
        """(T, C) to (R, L, C), zero where there is no token."""
        whole = tokens.new_zeros((self.count * self.length, tokens.shape[1]))
        whole[self._place] = tokens
        return whole.view(self.count, self.length, -1)

    def packed(self, whole: torch.Tensor) -> torch.Tensor:
        """(R, L, C) to (T, C)."""
        return whole.flatten(0, 1)[self._place]

    def turn(self, heads: torch.Tensor, back: bool = False) -> torch.Tensor:
        """Rotary positions on (R, L, heads, D), or their inverse, which is their transpose."""
        import torch

        one, two = heads.chunk(2, 3)
        sin = -self._sin if back else self._sin
        return torch.cat([one * self._cos - two * sin, two * self._cos + one * sin], 3)


def attend(
    mixed: torch.Tensor, rows: Rows, shape: Shape
) -> tuple[torch.Tensor, Callable[[torch.Tensor, Rows], torch.Tensor]]:
    """Attention of q, k and v, side by side in ``mixed`` (T, columns), before rotary positions.

    Returns its output (T, H·D) and a function from the gradient of that output, (tokens, H·D), to
    the gradient of ``mixed`` in padded form, (R, length, columns). The gradient may be of the
    leading tokens only, on which alone a loss depends; it comes with the rows those make up.
    """
    import torch

    turned = (shape.heads + shape.shared) * shape.width
    whole = rows.padded(mixed)
    query_key = rows.turn(whole[..., :turned].unflatten(2, (-1, shape.width)))
    value = whole[..., turned:].unflatten(2, (-1, shape.width))
    heads = (query_key[:, :, : shape.heads], query_key[:, :, shape.heads :], value)
    fused = mixed.device.type != "cpu" or rows.length > PLAIN_LENGTH
    out, inner = (_fused if fused else _plain)(*heads)

    def backward(change: torch.Tensor, leading: Rows) -> torch.Tensor:
        found = inner(leading.padded(change).unflatten(2, (-1, shape.width)))
        turned_back = leading.turn(torch.cat(found[:2], 2), back=True)
        return torch.cat([turned_back, found[2]], 2).flatten(2)

    return rows.packed(out.flatten(2)), backward


def _plain(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
) -> tuple[torch.Tensor, Callable[[torch.Tensor], Heads]]:
    """Attention of (R, L, heads, D), with its weights kept."""
    import torch

    count, length, _, width = query.shape
    shared = key.shape[2]

    def by_shared(many: torch.Tensor) -> torch.Tensor:
        """(R, L, H, D) to (R·S, H/S, L, D): together, all queries that look at the same keys."""
        return many.unflatten(2, (shared, -1)).permute(0, 2, 3, 1, 4).flatten(0, 1)

    def by_head(grouped: torch.Tensor, length: int) -> torch.Tensor:
        """(R·S, H/S·L, D) to (R, L, H, D)."""
        return grouped.view(count, shared, -1, length, width).permute(0, 3, 1, 2, 4).flatten(2, 3)

    scale = width**-0.5
    q, k, v = by_shared(query) * scale, by_shared(key)[:, 0], by_shared(value)[:, 0]
    later = torch.full((length, length), -torch.inf, dtype=q.dtype).triu(1)
    scores = torch.baddbmm(later.repeat(q.shape[1], 1), q.flatten(1, 2), k.mT)
    weights = scores.softmax(2)
    out = weights @ v
    weights, grouped = weights.view(*q.shape[:3], length), out.view(q.shape)

    def backward(change: torch.Tensor) -> Heads:
        end = change.shape[1]
        p = weights[:, :, :end, :end].flatten(1, 2)
        given = by_shared(change).flatten(1, 2)
        own = (given * grouped[:, :, :end].flatten(1, 2)).sum(2, keepdim=True)
        to_scores = (given @ v[:, :end].mT).sub_(own).mul_(p)
        to_query = (to_scores @ k[:, :end]).mul_(scale)
        to_key = to_scores.mT @ q[:, :, :end].flatten(1, 2)
        return by_head(to_query, end), by_head(to_key, end), by_head(p.mT @ given, end)

    return by_head(out, length), backward


def _fused(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor
) -> tuple[torch.Tensor, Callable[[torch.Tensor], Heads]]:
    """The same by torch's fused kernel, whose memory grows with the length alone."""
    import torch

    def leaf(heads: torch.Tensor) -> torch.Tensor:
        return heads.transpose(1, 2).detach().requires_grad_()

    q, k, v = leaf(query), leaf(key), leaf(value)
    with torch.enable_grad():
        out = torch.nn.functional.scaled_dot_product_attention(
            q, k, v, is_causal=True, enable_gqa=query.shape[2] != key.shape[2]
        )

    def backward(change: torch.Tensor) -> Heads:
        end = change.shape[1]
        whole = torch.nn.functional.pad(change, (0, 0, 0, 0, 0, query.shape[1] - end))
        found = torch.autograd.grad(out, (q, k, v), whole.transpose(1, 2), retain_graph=True)
        to_query, to_key, to_value = (gradient.transpose(1, 2)[:, :end] for gradient in found)
        return to_query, to_key, to_value

    return out.detach().transpose(1, 2), backward
