"""A PEFT LoRA adapter as GGUF for llama.cpp.

llama.cpp multiplies B·A by ``adapter.lora.alpha`` / rank, one alpha for the whole file; whatever
PEFT's factor of a layer is beside that (rank-stabilised LoRA, patterns) goes into its B. Sources:
llama.cpp's ``convert_lora_to_gguf.py`` and ``llama-adapter.cpp``, whose names, shapes and
conventions the file follows; tensor names from the ``gguf`` package's own tables.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from lwtui.convert.base_facts import PERMUTED, BaseFacts
from lwtui.convert.gguf_file import AtomicFile, add_tensor, finish, fits_f16
from lwtui.convert.peft_lora import Pair, PeftLora
from lwtui.convert.rotary import permute_rows
from lwtui.errors import BadInput
from lwtui.jobs import JobContext

if TYPE_CHECKING:
    import gguf
    from numpy.typing import NDArray

_LAYER = re.compile(
    r"model\.layers\.(?P<layer>\d+)\.(?:self_attn\.[qkvo]_proj|mlp\.(?:gate|up|down)_proj)"
)
# A vision model's text part, as transformers has named it over the years.
_NESTED = re.compile(r"(?:model\.)?language_model\.(?:model\.)?")


def lora_to_gguf(
    adapter_folder: Path,
    base: BaseFacts,
    out: Path,
    file_type: Literal["f32", "f16"] = "f16",
    *,
    name: str = "",
    repository: str = "",
    context: JobContext | None = None,
) -> int:
    """Write the PEFT LoRA adapter in ``adapter_folder``, made for ``base``, to ``out``, whole or
    not at all; return how many layers it adapts.

    A matrix that float16 does not hold well becomes float32. ``name`` and the base's Hub
    ``repository`` are noted in the file. Raises ``BadInput`` for what llama.cpp would not run the
    same way, and ``Cancelled``.
    """
    import gguf

    adapter = PeftLora(adapter_folder)
    context = context or JobContext()
    with AtomicFile(out) as temporary:
        writer = gguf.GGUFWriter(temporary, base.architecture)
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, adapter.alpha)
        writer.add_name(name or adapter_folder.name)
        if repository:
            writer.add_base_model_count(1)
            writer.add_base_model_name(0, repository.rpartition("/")[2])
            writer.add_base_model_repo_url(0, f"https://huggingface.co/{repository}")
        for done, pair in enumerate(adapter.pairs()):
            context.progress(done, adapter.count, f"converting {pair.module}")
            _add_pair(writer, pair, adapter, base, file_type)
        context.progress(adapter.count, adapter.count, "writing")
        finish(writer)
    return adapter.count


def _add_pair(
    writer: gguf.GGUFWriter,
    pair: Pair,
    adapter: PeftLora,
    base: BaseFacts,
    file_type: Literal["f32", "f16"],
) -> None:
    name = tensor_name(pair.module, base)
    shape = base.tensors.get(name)
    if base.tensors and shape != (pair.a.shape[1], pair.b.shape[0]):
        if shape is None:
            raise BadInput(
                f"The adapter changes {pair.module!r}, but the base has no {name}.",
                hint="Either it was made for another base, or the base shares its output layer "
                "with its embeddings, which llama.cpp cannot adapt.",
            )
        raise BadInput(
            f"The adapter does not fit: {pair.module!r} is {shape[1]} × {shape[0]} in the base, "
            f"but the adapter was made for {pair.b.shape[0]} × {pair.a.shape[1]}.",
            hint="It was made for another base.",
        )
    if not base.tensors and name == "output.weight":
        raise BadInput(
            "The adapter changes the output layer, and whether llama.cpp can adapt it is told by "
            "the base's GGUF, which is not here."
        )
    b = pair.b * np.float32(pair.scale * pair.rank / adapter.alpha)
    if not np.isfinite(b).all():
        raise BadInput(f"The factor of {pair.module!r} is too large to be right.")
    for side, matrix in (("a", pair.a), ("b", _permuted(pair.module, b, base))):
        kind = file_type if file_type == "f32" or fits_f16(matrix) else "f32"
        add_tensor(writer, f"{name}.lora_{side}", matrix, kind)


def tensor_name(module: str, base: BaseFacts) -> str:
    """The GGUF name of the weight of a layer of the base. Raises ``BadInput`` if llama.cpp has
    none, or adapts none there."""
    import gguf

    plain = text_module(module)
    layer = _LAYER.fullmatch(plain)
    found = None
    if layer is not None and int(layer["layer"]) >= base.layers:
        raise BadInput(
            f"The adapter changes layer {layer['layer']}, but the base has {base.layers} layers.",
            hint="It was made for another base.",
        )
    if layer is not None or plain == "lm_head":
        kinds = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
        names = gguf.get_tensor_name_map(kinds[base.architecture], base.layers)
        found = names.get_name(f"{plain}.weight", try_suffixes=(".weight",))
    if found is None:
        raise BadInput(
            f"The adapter changes {module!r:.200}, which is not converted: llama.cpp adapts the "
            "attention's and the feed-forward layers of a text model.",
            hint="It still runs with the backend transformers.",
        )
    return found


def text_module(module: str) -> str:
    """A layer's name as a plain text model has it: ``model.layers.0.mlp.up_proj``."""
    nested = _NESTED.match(module)
    if nested is None:
        return module
    rest = module[nested.end() :]
    return rest if rest == "lm_head" else f"model.{rest}"


def _permuted(module: str, b: NDArray[np.float32], base: BaseFacts) -> NDArray[np.float32]:
    if base.architecture not in PERMUTED:
        return b
    heads = {"q_proj": base.heads, "k_proj": base.kv_heads}.get(module.rpartition(".")[2])
    if heads is None:
        return b
    if b.shape[0] % (2 * heads):
        raise BadInput(f"{module!r} has {b.shape[0]} rows, which {heads} heads cannot share.")
    return permute_rows(b, heads)
