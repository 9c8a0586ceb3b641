"""Tiny random models of each family with an adapter, in transformers and as GGUF.

The base's GGUF is written here, by the names of the ``gguf`` package's tables and the conventions
of llama.cpp's ``convert_hf_to_gguf.py``, independently of the code under test.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

VOCABULARY = 300
LAYERS, HEADS, KV_HEADS, HEAD_SIZE, WIDTH, INNER = 2, 4, 2, 16, 48, 80
TARGETS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
ARCHITECTURES = {
    "llama": "llama",
    "mistral": "llama",
    "qwen2": "qwen2",
    "qwen3": "qwen3",
    "gemma": "gemma",
    "gemma2": "gemma2",
    "gemma3_text": "gemma3",
}


@dataclass(frozen=True)
class Small:
    """A base in both forms, and a PEFT adapter on it."""

    base: Path
    gguf: Path
    adapter: Path


def make_base(folder: Path, family: str, **more: Any) -> Path:
    """A random model saved by transformers."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    settings: dict[str, Any] = {
        "vocab_size": VOCABULARY,
        "hidden_size": WIDTH,
        "intermediate_size": INNER,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": HEADS,
        "num_key_value_heads": KV_HEADS,
        "head_dim": HEAD_SIZE,
        "max_position_embeddings": 256,
        "initializer_range": 0.3,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
        **more,
    }
    if family == "qwen2":
        # Its head size is always the width shared among the heads.
        settings |= {"hidden_size": HEADS * HEAD_SIZE}
        del settings["head_dim"]
    if family in ("gemma2", "gemma3_text"):
        settings |= {"query_pre_attn_scalar": HEAD_SIZE, "sliding_window": 64}
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(family, **settings))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name or "bias" in name:  # at their default they would show no mistake
                parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    return folder


def make_adapter(folder: Path, base: Path, **settings: Any) -> Path:
    """A random adapter with an effect that is easily seen."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    config = {"r": 4, "lora_alpha": 6, "target_modules": list(TARGETS), **settings}
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base), LoraConfig(task_type="CAUSAL_LM", **config)
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.15)
    model.save_pretrained(folder)
    return folder


def make_vision_model(folder: Path, text: Path) -> tuple[Path, Path]:
    """A Gemma 3 that sees, around a text model of ours, and an adapter on its text part."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Gemma3Config, Gemma3ForConditionalGeneration

    part = AutoModelForCausalLM.from_pretrained(text)
    vision = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    vision |= {"num_attention_heads": 2, "image_size": 28, "patch_size": 14}
    config = Gemma3Config(
        text_config=part.config.to_dict(), vision_config=vision, mm_tokens_per_image=1
    )
    model = Gemma3ForConditionalGeneration(config)
    model.model.language_model.load_state_dict(part.model.state_dict())
    model.tie_weights()
    model.save_pretrained(folder / "base")
    targets = r".*language_model.*\.(q_proj|v_proj|up_proj|down_proj)"
    torch.manual_seed(1)
    adapted = get_peft_model(model, LoraConfig(r=4, lora_alpha=6, target_modules=targets))
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.15)
    adapted.save_pretrained(folder / "adapter")
    return folder / "base", folder / "adapter"


def write_gguf(base: Path, out: Path) -> Path:
    """The base as a float32 GGUF with a vocabulary of single bytes."""
    import gguf
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(base)
    architecture = ARCHITECTURES[config.model_type]
    kinds = {name: kind for kind, name in gguf.MODEL_ARCH_NAMES.items()}
    names = gguf.get_tensor_name_map(kinds[architecture], LAYERS)
    writer = gguf.GGUFWriter(out, architecture)
    _add_facts(writer, config)
    _add_vocabulary(writer)
    for name, tensor in AutoModelForCausalLM.from_pretrained(base).state_dict().items():
        if name == "lm_head.weight" and config.tie_word_embeddings:
            continue
        values = tensor.float().numpy()
        if architecture.startswith("gemma") and name.endswith("norm.weight"):
            values = values + 1
        if architecture == "llama" and ("q_proj" in name or "k_proj" in name):
            heads = HEADS if "q_proj" in name else KV_HEADS
            values = np.concatenate([_interleaved(head) for head in np.split(values, heads)])
        found = names.get_name(name, try_suffixes=(".weight", ".bias"))
        assert found, name
        writer.add_tensor(found, np.ascontiguousarray(values, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return out


def _interleaved(head: np.ndarray) -> np.ndarray:
    """Row i of the first half, then row i of the second, and so on."""
    half = len(head) // 2
    order = [row for first in range(half) for row in (first, first + half)]
    return head[order]


def _add_facts(writer: Any, config: Any) -> None:
    rope = getattr(config, "rope_parameters", None) or {}
    rope = rope.get("full_attention", rope)
    writer.add_context_length(256)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_key_length(HEAD_SIZE)
    writer.add_value_length(HEAD_SIZE)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(float(rope["rope_theta"]))
    writer.add_vocab_size(VOCABULARY)
    if config.model_type in ("gemma2", "gemma3_text"):
        writer.add_sliding_window(config.sliding_window)
    if config.model_type == "gemma2":
        writer.add_attn_logit_softcapping(config.attn_logit_softcapping)
        writer.add_final_logit_softcapping(config.final_logit_softcapping)


def _add_vocabulary(writer: Any) -> None:
    import gguf

    # GPT-2's letters for the 256 bytes.
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    letters = [chr(byte) for byte in printable] + [chr(256 + n) for n in range(len(others))]
    tokens = ["<pad>", "<bos>", "<eos>", *letters]
    tokens += ["ab"]
    tokens += [f"<unused{n}>" for n in range(VOCABULARY - len(tokens))]
    control, normal = int(gguf.TokenType.CONTROL), int(gguf.TokenType.NORMAL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([control if text[1:] and text[0] == "<" else normal for text in tokens])
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)


def transformers_scores(base: Path, adapter: Path | None, tokens: list[int]) -> np.ndarray:
    """Log-likelihoods of every next token, (tokens, vocabulary)."""
    import torch
    from peft import PeftModel
    from transformers import AutoConfig, AutoModelForCausalLM, Gemma3ForConditionalGeneration

    seeing = AutoConfig.from_pretrained(base).model_type == "gemma3"
    kind = Gemma3ForConditionalGeneration if seeing else AutoModelForCausalLM
    model = kind.from_pretrained(base, attn_implementation="eager")
    if adapter is not None:
        model = PeftModel.from_pretrained(model, adapter)
    with torch.no_grad():
        logits = model.eval()(torch.tensor([tokens])).logits[0].float()
    return torch.log_softmax(logits, -1).numpy()


def llama_cpp_scores(base: Path, lora: Path | None, tokens: list[int]) -> np.ndarray:
    from llama_cpp import Llama

    path = str(lora) if lora else None
    llama = Llama(str(base), lora_path=path, n_ctx=64, n_threads=1, logits_all=True, verbose=False)
    llama.eval(tokens)
    logits = llama.scores[: len(tokens)].astype(np.float64)
    llama.close()
    return (
        logits
        - np.log(np.exp(logits - logits.max(-1, keepdims=True)).sum(-1, keepdims=True))
        - (logits.max(-1, keepdims=True))
    )
