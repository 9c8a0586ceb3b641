"""Write a Hugging Face Llama model, or a PEFT LoRA adapter on one, as GGUF for llama.cpp.

Covers what the starter collection is made of: ``LlamaForCausalLM`` with a byte-level BPE
tokenizer. Anything it cannot convert faithfully is refused rather than approximated.

Sources: the GGUF specification (ggml/docs/gguf.md) and llama.cpp's ``convert_hf_to_gguf.py`` and
``convert_lora_to_gguf.py``, whose names and conventions the files follow.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lwtui.errors import BadInput

if TYPE_CHECKING:
    import gguf
    from numpy.typing import NDArray

FileType = Literal["f32", "f16", "q8_0"]

_LORA_KEY = re.compile(r"base_model\.model\.(?P<module>.+)\.lora_(?P<side>[AB])\.weight")


def write_base_gguf(model_folder: Path, out: Path, file_type: FileType = "q8_0") -> Path:
    """Write the whole model in ``model_folder`` (config, tokenizer, safetensors) to ``out``.

    Matrices are stored as ``file_type``; vectors (norms) always as float32. A matrix whose rows
    are no multiple of 32 long cannot be Q8_0 and becomes float16. Raises ``BadInput`` for an
    architecture or tokenizer that llama.cpp would not run the same way.
    """
    import gguf

    config = _read_json(model_folder / "config.json")
    if config.get("model_type") != "llama":
        raise BadInput("Only Llama models are converted.", file=model_folder / "config.json")
    kinds = {
        "f32": gguf.LlamaFileType.ALL_F32,
        "f16": gguf.LlamaFileType.MOSTLY_F16,
        "q8_0": gguf.LlamaFileType.MOSTLY_Q8_0,
    }
    with _Atomic(out) as temporary:
        writer = gguf.GGUFWriter(temporary, "llama")
        writer.add_type(gguf.GGUFType.MODEL)
        writer.add_name(model_folder.name)
        writer.add_file_type(kinds[file_type])
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
        _add_shape(writer, config)
        _add_tokenizer(writer, model_folder, config)
        for name, tensor in _read_tensors(model_folder):
            if name == "lm_head.weight" and config.get("tie_word_embeddings"):
                continue  # llama.cpp reuses token_embd when there is no output.weight
            _add_tensor(
                writer, _gguf_name(name, config), _permuted(name, tensor, config), file_type
            )
        _finish(writer)
    return out


def write_lora_gguf(
    adapter_folder: Path, base_folder: Path, out: Path, file_type: Literal["f32", "f16"] = "f16"
) -> Path:
    """Write the PEFT LoRA adapter in ``adapter_folder``, made for ``base_folder``, to ``out``.

    llama.cpp multiplies by alpha / rank, so alpha is stored such that this gives PEFT's own
    scale, rank-stabilised LoRA and per-module patterns included.
    """
    import gguf

    config_file = adapter_folder / "adapter_config.json"
    adapter = _read_json(config_file)
    _check_adapter(adapter, config_file)
    config = _read_json(base_folder / "config.json")
    alpha = float(adapter["lora_alpha"])
    with _Atomic(out) as temporary:
        writer = gguf.GGUFWriter(temporary, "llama")
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, alpha)
        writer.add_name(adapter_folder.name)
        for key, tensor in _read_tensors(adapter_folder, "adapter_model.safetensors"):
            match = _LORA_KEY.fullmatch(key)
            if match is None:
                raise BadInput(f"Tensor {key!r} is not a LoRA matrix.", file=adapter_folder)
            module, side = match["module"], match["side"]
            if side == "B":
                rank = tensor.shape[1]
                tensor = tensor * (_peft_scale(adapter, module, rank) * rank / alpha)
                tensor = _permuted(f"{module}.weight", tensor, config)
            name = f"{_gguf_name(f'{module}.weight', config)}.lora_{side.lower()}"
            _add_tensor(writer, name, tensor, file_type)
        _finish(writer)
    return out


def _check_adapter(adapter: dict[str, Any], file: Path) -> None:
    for field in ("modules_to_save", "use_dora", "layer_replication", "trainable_token_indices"):
        if adapter.get(field):
            raise BadInput("GGUF adapters cannot hold this.", file=file, field=field)
    if adapter.get("peft_type") != "LORA" or adapter.get("bias", "none") != "none":
        raise BadInput("Only LoRA adapters without biases are converted.", file=file)


def _peft_scale(adapter: dict[str, Any], module: str, rank: int) -> float:
    """The factor PEFT puts before B·A for this module."""
    alpha = float(adapter["lora_alpha"])
    for pattern, value in (adapter.get("alpha_pattern") or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", module):
            alpha = float(value)
            break
    return alpha / (math.sqrt(rank) if adapter.get("use_rslora") else rank)


def _add_shape(writer: gguf.GGUFWriter, config: dict[str, Any]) -> None:
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    if rope.get("rope_type", rope.get("type", "default")) != "default":
        raise BadInput("Scaled rotary embeddings are not converted.", field="rope_parameters")
    heads = config["num_attention_heads"]
    head_size = config.get("head_dim") or config["hidden_size"] // heads
    writer.add_vocab_size(config["vocab_size"])
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads") or heads)
    writer.add_key_length(head_size)
    writer.add_value_length(head_size)
    writer.add_rope_dimension_count(head_size)
    writer.add_rope_freq_base(float(rope.get("rope_theta", config.get("rope_theta", 10000.0))))
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])


def _add_tokenizer(writer: gguf.GGUFWriter, folder: Path, config: dict[str, Any]) -> None:
    import gguf
    from tokenizers import Tokenizer

    data = _read_json(folder / "tokenizer.json")
    settings = _read_json(folder / "tokenizer_config.json")
    if data["model"].get("type") != "BPE" or data["model"].get("ignore_merges"):
        raise BadInput("Only plain BPE tokenizers are converted.", file=folder / "tokenizer.json")
    size = config["vocab_size"]
    tokens = [f"[PAD{i}]" for i in range(size)]
    types = [int(gguf.TokenType.UNUSED)] * size
    for text, index in data["model"]["vocab"].items():
        tokens[index], types[index] = text, int(gguf.TokenType.NORMAL)
    for added in data.get("added_tokens", []):
        kind = gguf.TokenType.CONTROL if added["special"] else gguf.TokenType.USER_DEFINED
        tokens[added["id"]], types[added["id"]] = added["content"], int(kind)
    merges = [m if isinstance(m, str) else " ".join(m) for m in data["model"]["merges"]]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(_pre_tokenizer(data, folder / "tokenizer.json"))
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(merges)

    ids = {text: index for index, text in enumerate(tokens)}
    special = {
        "bos_token": writer.add_bos_token_id,
        "eos_token": writer.add_eos_token_id,
        "unk_token": writer.add_unk_token_id,
        "pad_token": writer.add_pad_token_id,
    }
    for name, add in special.items():
        text = settings.get(name)
        text = text["content"] if isinstance(text, dict) else text
        if text in ids:
            add(ids[text])
    # What the tokenizer really does to an empty text is the truth, whatever its settings say.
    empty = Tokenizer.from_file(str(folder / "tokenizer.json")).encode("").ids
    writer.add_add_bos_token(bool(empty))
    writer.add_add_eos_token(len(empty) > 1)
    template_file = folder / "chat_template.jinja"
    template = settings.get("chat_template")
    if template_file.is_file():
        template = template_file.read_text(encoding="utf-8")
    if template:
        writer.add_chat_template(template)


def _pre_tokenizer(data: dict[str, Any], file: Path) -> str:
    """llama.cpp's name for the way the text is split before the merges."""
    if data.get("normalizer") is not None:
        raise BadInput("llama.cpp's BPE does not normalise text.", file=file, field="normalizer")
    pre = data.get("pre_tokenizer") or {}
    steps = pre.get("pretokenizers", [pre])
    kinds = [step.get("type") for step in steps]
    last = steps[-1]
    gpt2 = last.get("use_regex", True) and not last.get("add_prefix_space")
    if kinds == ["ByteLevel"] and gpt2:
        return "gpt-2"
    if kinds == ["Digits", "ByteLevel"] and gpt2 and steps[0].get("individual_digits"):
        return "smollm"
    raise BadInput(f"No match in llama.cpp for the splitting {kinds}.", file=file)


def _gguf_name(name: str, config: dict[str, Any]) -> str:
    import gguf

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config["num_hidden_layers"])
    found = names.get_name(name, try_suffixes=(".weight", ".bias"))
    if found is None:
        raise BadInput(f"llama.cpp has no tensor for {name!r}.")
    return found


def _permuted(
    name: str, tensor: NDArray[np.float32], config: dict[str, Any]
) -> NDArray[np.float32]:
    """Reorder the rows of q and k from Hugging Face's rotary layout to llama.cpp's.

    Hugging Face rotates (i, i + half), llama.cpp's llama rotates neighbours (2i, 2i + 1): each
    head's rows go from [two halves, half] to [half, two].
    """
    heads = config["num_attention_heads"]
    if ".k_proj." in name:
        heads = config.get("num_key_value_heads") or heads
    elif ".q_proj." not in name:
        return tensor
    rows, *rest = tensor.shape
    split = tensor.reshape(heads, 2, rows // heads // 2, *rest)
    return split.swapaxes(1, 2).reshape(tensor.shape)


def _add_tensor(
    writer: gguf.GGUFWriter, name: str, tensor: NDArray[np.float32], file_type: FileType
) -> None:
    import gguf

    tensor = np.ascontiguousarray(tensor, dtype=np.float32)
    if tensor.ndim < 2 or file_type == "f32":
        writer.add_tensor(name, tensor)
    elif file_type == "q8_0" and tensor.shape[-1] % 32 == 0:
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quants.quantize(tensor, kind), raw_dtype=kind)
    else:
        writer.add_tensor(name, tensor.astype(np.float16))


def _finish(writer: gguf.GGUFWriter) -> None:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _read_tensors(
    folder: Path, pattern: str = "*.safetensors"
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Every tensor as float32, in a fixed order (so that the same input gives the same bytes)."""
    from safetensors import safe_open

    files = sorted(folder.glob(pattern))
    if not files:
        raise BadInput("No safetensors file here.", file=folder)
    for file in files:
        # The torch framework, as numpy has no bfloat16.
        with safe_open(file, framework="pt") as tensors:
            for name in sorted(tensors.keys()):
                yield name, tensors.get_tensor(name).float().numpy()


def _read_json(file: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"Cannot be read: {error}", file=file) from error
    return data


class _Atomic:
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
