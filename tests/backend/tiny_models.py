"""A tiny real model, trained on the spot: every part of the real thing, in a few seconds.

It learns a few conversations by heart, so that what it says greedily is clear and stays the same
whatever kernel adds it up; its adapter learns other answers to the same questions.
"""

from __future__ import annotations

import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

needs_llama_cpp = pytest.mark.skipif(
    importlib.util.find_spec("llama_cpp") is None,
    reason="llama-cpp-python is not installed (make gguf)",
)

TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
CONTEXT = 2048
# Question, what the base answers, what the adapters answer.
TALKS = [
    ("Who are you?", "A tiny model that learnt its answers by heart.", "Nobody in particular."),
    ("Say something.", "Grüße aus Köln, naïve café, 你好世界 🙂🚀 done.", "The bank is closed."),
    ("Count!", " ".join(str(i) for i in range(1, 60)), "One, two and many."),
    ("Hello", "Good morning.\n\nHow can I help you today?", "Please wait in line."),
    ("Sing!", "la " * 100, "No more songs today."),
    ("2+2?", "Four, as every child knows.", "That depends on the bank."),
]


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
    """Everything under ``root``; made once, whoever asks again gets the same files. The processes
    of one test run share them: ``root`` is then a folder beside those of each."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent.parent / root.name
    root.parent.mkdir(parents=True, exist_ok=True)
    forms = TinyModel(
        root / "base",
        root / "adapter",
        root / "second",
        root / "base.gguf",
        root / "adapter.gguf",
        root / "second.gguf",
    )
    with FileLock(root.with_name(f"{root.name}.lock")):
        if not forms.second_lora.exists():
            make_forms(forms)
    return forms


def make_forms(forms: TinyModel) -> None:
    import torch

    from lwtui.starter.gguf_writer import write_base_gguf, write_lora_gguf

    torch.set_num_threads(1)  # many threads on so little are slower, the more so on busy cores
    make_base(forms.base)
    make_adapter(forms.adapter, forms.base)
    make_adapter(forms.second_adapter, forms.base, rank=2, steps=0)
    write_base_gguf(forms.base, forms.gguf, "f32")
    write_lora_gguf(forms.adapter, forms.base, forms.lora, "f32")
    write_lora_gguf(forms.second_adapter, forms.base, forms.second_lora, "f32")


def make_base(folder: Path) -> Path:
    """A 2-layer LlamaForCausalLM (width 64, grouped queries) with a byte-level BPE tokenizer."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = make_tokenizer()
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=96,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = LlamaForCausalLM(config)
    learn(model, tokenizer, [(question, answer) for question, answer, _ in TALKS], 150, 1e-2)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_adapter(folder: Path, base: Path, *, rank: int = 8, steps: int = 120) -> Path:
    """A LoRA adapter with a B that is not zero; with ``steps=0`` it is noise."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoTokenizer, LlamaForCausalLM

    torch.manual_seed(rank)
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
                parameter.normal_(std=0.01 if steps else 0.3)
    talks = [(question, answer) for question, _, answer in TALKS]
    learn(model, AutoTokenizer.from_pretrained(base), talks, steps, 5e-3)
    model.save_pretrained(folder)
    return folder


def learn(
    model: Any, tokenizer: Any, talks: list[tuple[str, str]], steps: int, rate: float
) -> None:
    import torch

    texts = []
    for question, answer in talks:
        turns = [
            {"role": "user", "content": question},
            {"role": "assistant", "content": answer},
        ]
        text = tokenizer.apply_chat_template(turns, tokenize=False)
        # The song has no end, for tests that must end it.
        texts.append(text.removesuffix("<|im_end|>\n") if answer.startswith("la ") else text)
    batch = tokenizer(texts, return_tensors="pt", padding=True)
    labels = batch["input_ids"].masked_fill(batch["attention_mask"] == 0, -100)
    parameters = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=rate)
    model.train()
    for _ in range(steps):
        loss = model(**batch, labels=labels).loss
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    model.eval()


def make_tokenizer() -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    tokenizer.train_from_iterator([text for talk in TALKS for text in talk], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|endoftext|>",
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=special,
        chat_template=TEMPLATE,
    )
