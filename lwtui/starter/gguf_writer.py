"""Write a Hugging Face Llama model, or a PEFT LoRA adapter on one, as GGUF for llama.cpp.

Covers what the starter collection is made of: ``LlamaForCausalLM`` with a byte-level BPE
tokenizer. Anything it cannot convert faithfully is refused rather than approximated. Adapters of
other families are converted by ``lwtui/convert``, which this builds on.

Sources: the GGUF specification (ggml/docs/gguf.md) and llama.cpp's ``convert_hf_to_gguf.py``,
whose names and conventions the files follow.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lwtui.convert.base_facts import from_config
from lwtui.convert.gguf_file import AtomicFile, FileType, add_tensor, finish
from lwtui.convert.lora import lora_to_gguf
from lwtui.convert.rotary import permute_rows
from lwtui.convert.tensors import read_tensors
from lwtui.errors import BadInput

if TYPE_CHECKING:
    import gguf
    from numpy.typing import NDArray


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
    with AtomicFile(out) as temporary:
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
            add_tensor(writer, _gguf_name(name, config), _permuted(name, tensor, config), file_type)
        finish(writer)
    return out


def write_lora_gguf(
    adapter_folder: Path, base_folder: Path, out: Path, file_type: Literal["f32", "f16"] = "f16"
) -> Path:
    """Write the PEFT LoRA adapter in ``adapter_folder``, made for ``base_folder``, to ``out``."""
    lora_to_gguf(adapter_folder, from_config(base_folder / "config.json"), out, file_type)
    return out


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
    heads = config["num_attention_heads"]
    if ".k_proj." in name:
        heads = config.get("num_key_value_heads") or heads
    elif ".q_proj." not in name:
        return tensor
    return permute_rows(tensor, heads)


def _read_tensors(folder: Path) -> Iterator[tuple[str, NDArray[np.float32]]]:
    """Every tensor as float32, in a fixed order (so that the same input gives the same bytes)."""
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise BadInput("No safetensors file here.", file=folder)
    for file in files:
        yield from read_tensors(file)


def _read_json(file: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"Cannot be read: {error}", file=file) from error
    return data
