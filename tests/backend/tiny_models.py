"""A tiny real model, made on the spot: random weights, but every part of the real thing."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import pytest

needs_llama_cpp = pytest.mark.skipif(
    importlib.util.find_spec("llama_cpp") is None,
    reason="llama-cpp-python is not installed (pip install 'lwtui[gguf]')",
)

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXT = [
    "The bank charged me twice for one transfer, what should I do?",
    "Please explain how a card payment of 25 pounds is refunded to my account.",
    "Which drug helps against a headache, and how often may I take it?",
    "Tom has 12 apples and gives 5 to Ann. How many apples are left?",
    "Grüße aus Köln, naïve café, 你好世界, emoji 🙂🚀 and more 🙂.",
] * 4


@dataclass(frozen=True)
class TinyModel:
    """One base with two adapters, in both forms."""

    base: Path
    adapter: Path
    second_adapter: Path
    gguf: Path
    lora: Path
    second_lora: Path


def make_all(root: Path) -> TinyModel:
    """Everything under ``root``; made once, whoever asks again gets the same files."""
    from lwtui.starter.gguf_writer import write_base_gguf, write_lora_gguf

    forms = TinyModel(
        root / "base",
        root / "adapter",
        root / "second",
        root / "base.gguf",
        root / "adapter.gguf",
        root / "second.gguf",
    )
    if not forms.second_lora.exists():
        make_base(forms.base)
        make_adapter(forms.adapter, forms.base, seed=1)
        make_adapter(forms.second_adapter, forms.base, seed=2, rank=2)
        write_base_gguf(forms.base, forms.gguf, "f32")
        write_lora_gguf(forms.adapter, forms.base, forms.lora, "f32")
        write_lora_gguf(forms.second_adapter, forms.base, forms.second_lora, "f32")
    return forms


def make_base(folder: Path, *, seed: int = 0, context: int = 256, heads: int = 4) -> Path:
    """A 2-layer LlamaForCausalLM (width 64, GQA) with a byte-level BPE tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(seed)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=heads,
        num_key_value_heads=heads // 2,
        max_position_embeddings=context,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        # Wide enough that the most likely token is clear, whatever kernel adds it up.
        initializer_range=0.2,
    )
    model = LlamaForCausalLM(config)
    model.save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
    return folder


def make_tokenizer():  # type: ignore[no-untyped-def]
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator(TEXT, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|endoftext|>",  # noqa: S106
        eos_token="<|im_end|>",  # noqa: S106
        pad_token="<|endoftext|>",  # noqa: S106
        additional_special_tokens=special,
        chat_template=TEMPLATE,
    )


def make_adapter(folder: Path, base: Path, *, seed: int = 1, rank: int = 4) -> Path:
    """A LoRA adapter with a B that is not zero."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaForCausalLM

    torch.manual_seed(seed)
    model = get_peft_model(
        LlamaForCausalLM.from_pretrained(base),
        LoraConfig(
            r=rank,
            lora_alpha=2 * rank,
            target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "up_proj", "down_proj"],
            task_type="CAUSAL_LM",
        ),
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.2)
    model.save_pretrained(folder, safe_serialization=True)
    return folder
