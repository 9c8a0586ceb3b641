"""Trains the byte-level BPE tokenizer of the starter base."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

from lwtui.starter import corpus, plan

VOCABULARY = 6144
CONTEXT = 1024


def _texts(data: Path, rows_per_task: int) -> Iterator[str]:
    for name in plan.GENERAL:
        yield from corpus.read_general(data, name)
    for task in plan.SEEN_BY_BASE:
        for row in corpus.read_task(data, task, "train")[:rows_per_task]:
            yield f"{row.instruction}\n\n{row.input}\n{row.output}"


def train(data: Path, out: Path, rows_per_task: int = 400) -> None:
    """Write ``tokenizer.json`` and its configuration into ``out``.

    GPT-2's pre-tokenizer with every digit a token of its own (which helps arithmetic) and no
    normaliser: GGUF's ``tokenizer.ggml.pre = smollm`` cuts text the same way.
    """
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(corpus.SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(data, rows_per_task), trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=corpus.END_OF_TURN,
        pad_token=corpus.END_OF_TEXT,
        additional_special_tokens=list(corpus.ROLES.values()),
        model_max_length=CONTEXT,
        clean_up_tokenization_spaces=False,
    )
    fast.chat_template = corpus.CHAT_TEMPLATE
    out.mkdir(parents=True, exist_ok=True)
    fast.save_pretrained(out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the base model")
    arguments = parser.parse_args()
    train(arguments.data, arguments.out)


if __name__ == "__main__":
    main()
