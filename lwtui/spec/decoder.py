"""The reference model's forward and backward pass, only as much of it as a specification needs.

The spaces pin Llama and Qwen2 decoders (RMSNorm, rotary positions, grouped-query attention,
SwiGLU), all frozen. They are written out here because no library knows what is not needed: no
gradient of a weight, none below the lowest adapted module, no logit twice, no padding outside
attention, and no second pass for the prompt's loss above the last attention, where everything is
local to a token, or over the answer's tokens, on which it does not depend. It also spares the
process the import of transformers. The tests hold it to transformers and autograd.

Symbols: T tokens of a batch, R rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lwtui.errors import LwtuiError
from lwtui.spec.attention import Rows, Shape, attend
from lwtui.spec.space import Space, frozen_a

if TYPE_CHECKING:
    import torch

    Normed = tuple[torch.Tensor, torch.Tensor]

LOGIT_TOKENS = 256
"""Tokens whose logits, float32 over the vocabulary, are held at a time."""


@dataclass(frozen=True)
class Packed:
    """A batch without padding: (T,) each, first every row's prompt stretch, then the answers'."""

    ids: torch.Tensor
    targets: torch.Tensor
    """The token that each one has to predict."""
    row: torch.Tensor
    position: torch.Tensor
    """Its place in its row."""
    prompt_tokens: int
    """How many of T predict a token of a prompt; the others predict an answer's."""
    rows: int

    def tokens_of(self, part: str) -> slice:
        """The tokens whose losses make up ``prompt`` or ``answer``."""
        cut = self.prompt_tokens
        return slice(0, cut) if part == "prompt" else slice(cut, len(self.ids))


@dataclass(frozen=True)
class _Layer:
    """One layer's weights, transposed for ``x @ w``."""

    norm_in: torch.Tensor
    mixed: torch.Tensor
    """(hidden, columns + 3·rank): q, k, v and A·x of each."""
    bias: torch.Tensor
    out: torch.Tensor
    norm_mlp: torch.Tensor
    gate_up: torch.Tensor
    down: torch.Tensor


@dataclass(frozen=True)
class _Kept:
    """What a layer's backward pass needs of its forward pass."""

    norm_in: Normed
    projected: torch.Tensor
    """A·x in padded form, (R, L, 3·rank)."""
    attention: Callable[[torch.Tensor, Rows], torch.Tensor]
    norm_mlp: Normed
    gate_up: torch.Tensor


class Decoder:
    """A frozen decoder of one space on one device, in float32 or bfloat16.

    The residual stream, the norms' statistics and the loss are float32 in either case.
    """

    def __init__(
        self,
        config: Mapping[str, Any],
        weights: Mapping[str, Callable[[], torch.Tensor]],
        space: Space,
        dtype: torch.dtype,
        device: str,
    ) -> None:
        """``config`` as in ``config.json``; ``weights`` reads each one by its published name.

        Raises ``LwtuiError`` for an architecture other than those above.
        """
        import torch

        _check(config, space)
        self.space, self.dtype, self.device = space, dtype, device
        heads = config["num_attention_heads"]
        width = config.get("head_dim") or config["hidden_size"] // heads
        self._shape = Shape(heads, config["num_key_value_heads"], width)
        self._eps = config["rms_norm_eps"]
        powers = torch.arange(0, width, 2, device=device) / width
        self._frequencies = 1.0 / _theta(config) ** powers

        def at(name: str) -> torch.Tensor:
            return weights[name]().to(device, torch.float32)

        biased = "model.layers.0.self_attn.q_proj.bias" in weights
        a = torch.from_numpy(frozen_a(space)).to(device).view(space.layers, -1, space.hidden)
        self._layers = [
            _layer(at, f"model.layers.{index}.", a[index], biased, dtype)
            for index in range(space.layers)
        ]
        embedding = at("model.embed_tokens.weight")
        head = at("lm_head.weight") if "lm_head.weight" in weights else embedding
        self._embedding = embedding.to(dtype)
        self._last_norm = at("model.norm.weight")
        self._head = _ready(head, dtype)

    def row_gradients(
        self, batch: Packed, parts: Sequence[str], check: Callable[[], None]
    ) -> dict[str, torch.Tensor]:
        """∂ (a row's mean loss per token) / ∂B at B = 0 by part, float32 (R, dimension).

        ``output`` is besides: ∂ (a row's mean loss per token of the answer) / ∂v at v = 0, where v
        is added to the hidden state before the output head, float32 (R, hidden).
        ``check`` is called between layers and may raise.
        """
        import torch

        with torch.no_grad():
            if not len(batch.ids):
                shapes = {part: (batch.rows, self.space.part_dimension(part)) for part in parts}
                return {p: torch.zeros(shape, device=self.device) for p, shape in shapes.items()}
            hidden, kept = self._forward(batch, check)
            inner, normed = self._norm(hidden, self._last_norm)
            change = self._head_gradient(inner, batch, check)
            found = {"output": self._sum_by_row(change, batch)} if "output" in parts else {}
            change = _norm_backward(change, normed, self._last_norm)
            change = self._mlp_backward(self._layers[-1], change, kept[-1])
            for part in parts:
                if part == "output":
                    continue
                chosen = batch.tokens_of(part)
                if chosen.start == chosen.stop:
                    found[part] = change.new_zeros((batch.rows, self.space.dimension))
                    continue
                own = torch.zeros_like(change[: chosen.stop])
                own[chosen] = change[chosen]
                found[part] = self._backward(own, self._rows(batch, chosen.stop), kept, check)
        return found

    def _rows(self, batch: Packed, tokens: int) -> Rows:
        """The rows that the leading tokens make up."""
        position = batch.position[:tokens]
        length = int(position.max()) + 1
        return Rows(batch.row[:tokens], position, batch.rows, length, self._frequencies, self.dtype)

    def _forward(
        self, batch: Packed, check: Callable[[], None]
    ) -> tuple[torch.Tensor, list[_Kept]]:
        """The last layer's output, float32 (T, hidden), and what the way back needs."""
        import torch

        rows = self._rows(batch, len(batch.ids))
        x = self._embedding[batch.ids].float()
        kept = []
        for layer in self._layers:
            check()
            inner, norm_in = self._norm(x, layer.norm_in)
            mixed = torch.addmm(layer.bias, inner, layer.mixed)
            query_key_value, projected = mixed.split(
                [self._shape.columns, mixed.shape[1] - self._shape.columns], 1
            )
            out, attention = attend(query_key_value, rows, self._shape)
            x = x + out @ layer.out
            inner, norm_mlp = self._norm(x, layer.norm_mlp)
            gate_up = inner @ layer.gate_up
            gate, up = gate_up.chunk(2, 1)
            x = x + (torch.nn.functional.silu(gate) * up) @ layer.down
            kept.append(_Kept(norm_in, rows.padded(projected), attention, norm_mlp, gate_up))
        return x, kept

    def output_gradients(self, batch: Packed, check: Callable[[], None]) -> torch.Tensor:
        """The part ``output`` alone, which needs no way back, float32 (R, hidden)."""
        import torch

        if not len(batch.ids):
            return torch.zeros((batch.rows, self.space.hidden), device=self.device)
        with torch.no_grad():
            hidden, _ = self._forward(batch, check)
            inner, _ = self._norm(hidden, self._last_norm)
            return self._sum_by_row(self._head_gradient(inner, batch, check), batch)

    def prompt_states(self, batch: Packed, check: Callable[[], None]) -> torch.Tensor:
        """What a prompt is about: the mean of the output head's input over its inner tokens, and
        its last token's, each scaled to unit length, float32 (R, 2·hidden).

        Not the first token's, which is the same in every row: it would pull the means of short
        prompts together. A prompt of fewer than three tokens has zeros in place of a mean.
        """
        import torch

        found = torch.zeros((batch.rows, 2, self.space.hidden), device=self.device)
        if not batch.prompt_tokens:
            return found.flatten(1)
        row = batch.row[: batch.prompt_tokens]
        position = batch.position[: batch.prompt_tokens]
        length = torch.bincount(row, minlength=batch.rows)[row]
        with torch.no_grad():
            hidden, _ = self._forward(batch, check)
            states = self._norm(hidden[: batch.prompt_tokens], self._last_norm)[0].float()
            inner = (position > 0) & (position < length - 1)
            found[:, 0].index_add_(0, row[inner], states[inner])
            last = position == length - 1
            found[row[last], 1] = states[last]
            return torch.nn.functional.normalize(found, dim=2).flatten(1)

    def _sum_by_row(self, change: torch.Tensor, batch: Packed) -> torch.Tensor:
        """Sums over each row's answer tokens, (R, hidden)."""
        answer = batch.tokens_of("answer")
        sums = change.new_zeros((batch.rows, change.shape[1]))
        return sums.index_add_(0, batch.row[answer], change[answer])

    def _head_gradient(
        self, inner: torch.Tensor, batch: Packed, check: Callable[[], None]
    ) -> torch.Tensor:
        """∂/∂ the head's input of the sum over rows and parts of the mean loss per token, float32
        (T, hidden)."""
        import torch

        weight = torch.empty(len(inner), device=inner.device)
        for part in ("prompt", "answer"):
            row = batch.row[batch.tokens_of(part)]
            weight[batch.tokens_of(part)] = 1.0 / torch.bincount(row, minlength=batch.rows)[row]
        change = torch.empty_like(inner)
        for start in range(0, len(inner), LOGIT_TOKENS):
            check()
            here = slice(start, start + LOGIT_TOKENS)
            error = torch.softmax(inner[here] @ self._head, 1, dtype=torch.float32)
            error.scatter_add_(1, batch.targets[here, None], torch.full_like(error[:, :1], -1.0))
            change[here] = error.to(self.dtype) @ self._head.T
        return change * weight[:, None]

    def _backward(
        self, change: torch.Tensor, rows: Rows, kept: list[_Kept], check: Callable[[], None]
    ) -> torch.Tensor:
        """Row gradients from the gradient of what the last layer's attention is added to.

        ``change`` covers the leading tokens of the batch: those on which the loss depends.
        """
        import torch

        found = []
        for index in range(len(kept) - 1, -1, -1):
            check()
            layer, own = self._layers[index], kept[index]
            if index < len(kept) - 1:
                change = self._mlp_backward(layer, change, own)
            whole = own.attention(change.to(self.dtype) @ layer.out.T, rows)
            found.append(self._by_row(whole.mT @ own.projected[:, : rows.length]))
            if index:
                mixed = rows.packed(whole)
                inner = mixed @ layer.mixed[:, : self._shape.columns].T
                change = change + _norm_backward(inner, own.norm_in, layer.norm_in)
        return self.space.scale * torch.cat(found[::-1], 1)

    def _mlp_backward(self, layer: _Layer, change: torch.Tensor, own: _Kept) -> torch.Tensor:
        import torch

        gate_up = own.gate_up[: len(change)]
        gate, up = gate_up.chunk(2, 1)
        inner = change.to(self.dtype) @ layer.down.T
        both = torch.empty_like(gate_up)
        to_gate, to_up = both.chunk(2, 1)
        torch.mul(inner, torch.nn.functional.silu(gate), out=to_up)
        to_gate.copy_(torch.ops.aten.silu_backward(inner.mul_(up), gate))
        inner = both @ layer.gate_up.T
        return change + _norm_backward(inner, own.norm_mlp, layer.norm_mlp)

    def _by_row(self, products: torch.Tensor) -> torch.Tensor:
        """(R, columns, 3·rank), every output with every A·x, to its own: float32 (R, ·)."""
        import torch

        rank, widths = self.space.rank, [width for _, width in self.space.outputs]
        blocks = products.split(widths, 1)
        own = [block[..., i * rank : (i + 1) * rank] for i, block in enumerate(blocks)]
        return torch.cat([block.flatten(1) for block in own], 1).float()

    def _norm(self, x: torch.Tensor, weight: torch.Tensor) -> tuple[torch.Tensor, Normed]:
        """x scaled to a root mean square of 1 and weighted; and for the way back before that."""
        import torch

        scale = torch.rsqrt(x.square().mean(1, keepdim=True) + self._eps)
        normal = x * scale
        return (normal * weight).to(self.dtype), (normal, scale)


def _norm_backward(change: torch.Tensor, normed: Normed, weight: torch.Tensor) -> torch.Tensor:
    """The norm's backward pass on the leading tokens, float32."""
    normal, scale = (kept[: len(change)] for kept in normed)
    change = change * weight
    along = (change * normal).mean(1, keepdim=True)
    return (change - normal * along) * scale


def _layer(
    at: Callable[[str], torch.Tensor], head: str, a: torch.Tensor, biased: bool, dtype: torch.dtype
) -> _Layer:
    import torch

    def joined(names: Sequence[str], kind: str = "weight") -> torch.Tensor:
        return torch.cat([at(f"{head}{name}_proj.{kind}") for name in names])

    attention = [f"self_attn.{name}" for name in "qkv"]
    mixed = torch.cat([joined(attention), a])
    bias = mixed.new_zeros(len(mixed))
    if biased:
        bias[: len(mixed) - len(a)] = joined(attention, "bias")
    return _Layer(
        at(f"{head}input_layernorm.weight"),
        _ready(mixed, dtype),
        bias.to(dtype),
        _ready(joined(["self_attn.o"]), dtype),
        at(f"{head}post_attention_layernorm.weight"),
        _ready(joined(["mlp.gate", "mlp.up"]), dtype),
        _ready(joined(["mlp.down"]), dtype),
    )


def _ready(weight: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    return weight.T.to(dtype).contiguous()


def _theta(config: Mapping[str, Any]) -> float:
    """Base of the rotary positions; it moved within the file between versions of transformers."""
    return float((config.get("rope_parameters") or config)["rope_theta"])


def _check(config: Mapping[str, Any], space: Space) -> None:
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if (
        config["model_type"] not in ("llama", "qwen2")
        or config["hidden_act"] != "silu"
        or rope.get("rope_type", "default") != "default"
        or config["num_hidden_layers"] != space.layers
        or [name for name, _ in space.outputs] != ["q_proj", "k_proj", "v_proj"]
    ):
        raise LwtuiError(
            f"The reference model of space {space.name} has an architecture that this version "
            "cannot compute specifications with.",
            hint="Update lwtui.",
        )
