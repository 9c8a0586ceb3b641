"""Caches text embeddings of the same rows, for the baselines that anyone would try first.

    python -m tests.benchmarks.experiment.embeddings --data DIR --work DIR [--sentence-model DIR]

The reference model's mean last hidden state of every row, and, when a folder with a BERT-like
sentence-transformers model is given (all-MiniLM-L6-v2, say), its mean-pooled embedding.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lwtui.spec.reference import load_reference
from lwtui.spec.render import question_text
from lwtui.spec.space import find_space
from tests.benchmarks.experiment import plan, rows

Array = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Array]
ROWS = 64


def texts(data: Path, kind: str, key: str, layout: str, answers: bool) -> list[str]:
    """The same rows as their gradients were taken of, as text."""
    found = rows.training_rows(data, key) if kind == "training" else rows.user(data, key).rows
    examples = rows.laid_out(found[:ROWS], layout)
    return [
        f"{question_text(one)}\n{one.answer}" if answers else question_text(one) for one in examples
    ]


def datasets(layouts: Sequence[str] = ("instruction",)) -> list[tuple[str, str, str]]:
    return [
        *(("training", key, "mixed") for key in plan.training_sets()),
        *(("user", task, layout) for layout in layouts for task in plan.USERS),
    ]


def _pooled(model: Any, encode: Callable[[str], list[int]]) -> Embed:
    @torch.no_grad()
    def embed(lines: Sequence[str]) -> Array:
        ids = [encode(line) for line in lines]
        result = []
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        for start in range(0, len(order), 16):
            chosen = order[start : start + 16]
            length = max(len(ids[i]) for i in chosen)
            padded = torch.zeros((len(chosen), length), dtype=torch.long)
            mask = torch.zeros((len(chosen), length), dtype=torch.long)
            for place, index in enumerate(chosen):
                padded[place, : len(ids[index])] = torch.tensor(ids[index])
                mask[place, : len(ids[index])] = 1
            hidden = model(padded, attention_mask=mask).last_hidden_state.float()
            pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            result += list(zip(chosen, pooled.numpy(), strict=True))
        return np.stack([vector for _, vector in sorted(result, key=lambda pair: pair[0])])

    return embed


def reference_embedder() -> Embed:
    reference = load_reference(find_space("starter"), device="cpu")
    return _pooled(
        reference.model.model,
        lambda text: list(reference.tokenizer.encode(text, add_special_tokens=False).ids)[:256],
    )


def sentence_embedder(folder: Path) -> Embed:
    from tokenizers import Tokenizer
    from transformers import AutoModel

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    model = AutoModel.from_pretrained(str(folder)).eval()
    return _pooled(model, lambda text: list(tokenizer.encode(text).ids))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--sentence-model", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    embedders = {"reference": reference_embedder()}
    if arguments.sentence_model:
        embedders["sentence"] = sentence_embedder(arguments.sentence_model)
    out = arguments.work / "embeddings"
    out.mkdir(parents=True, exist_ok=True)
    for name, embed in embedders.items():
        file = out / f"{name}.npz"
        if file.exists():
            continue
        began, found = time.monotonic(), {}
        for kind, key, layout in datasets(("instruction", "bare")):
            for label, answers in (("prompts", False), ("texts", True)):
                lines = texts(arguments.data, kind, key, layout, answers)
                found[f"{kind}|{key}|{layout}|{label}"] = embed(lines)
        found = {key.replace("/", "."): value for key, value in found.items()}
        np.savez(file, seconds=np.array(time.monotonic() - began), **found)
        print(name, f"{time.monotonic() - began:.1f} s", flush=True)


if __name__ == "__main__":
    main()
