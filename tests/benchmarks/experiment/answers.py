"""Specifications from a learnware's own answers, for models whose training data nobody has.

    python -m tests.benchmarks.experiment.answers --data DIR --work DIR [--shard 0/2]

Every learnware answers the same probe prompts (two training prompts of each seen task), greedily
and at most 48 tokens; the gradient of its answers, given the prompts, is its specification.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lwtui import paths
from lwtui.dataset.example import Example
from lwtui.spec.reference import Reference, load_reference
from lwtui.spec.space import find_space
from lwtui.starter import corpus
from tests.benchmarks.experiment import gradients, layers, plan

PROBES = 2
NEW_TOKENS = 48
PROMPT_TOKENS = 200


def probe_prompts(data: Path) -> list[str]:
    """Two training prompts of every seen task, with their instruction."""
    found = []
    for task in plan.SEEN:
        own = corpus.read_task(data, task, "train")
        random.Random(f"{task}/probes").shuffle(own)
        found += [corpus.question(row, "chat") for row in own[:PROBES]]
    return found


@torch.no_grad()
def answers(model: Any, reference: Reference, prompts: list[str]) -> list[str]:
    """Greedy answers, prompt by prompt in batches of equal length (no padding to get wrong)."""
    tokenizer = reference.tokenizer
    end = tokenizer.token_to_id("<|end|>")
    ids = []
    for prompt in prompts:
        inner = tokenizer.encode(prompt, add_special_tokens=False).ids[-PROMPT_TOKENS:]
        head, tail = tokenizer.token_to_id("<|user|>"), tokenizer.token_to_id("<|assistant|>")
        ids.append([head, *inner, end, tail])
    result = []
    for one in ids:
        found = model.generate(
            torch.tensor([one]),
            attention_mask=torch.ones((1, len(one)), dtype=torch.long),
            max_new_tokens=NEW_TOKENS,
            do_sample=False,
            eos_token_id=end,
            pad_token_id=0,
        )[0, len(one) :].tolist()
        result.append(tokenizer.decode([token for token in found if token != end]).strip())
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--shard", default="0/1", help="this part of so many, such as 0/2")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.shard.split("/"))
    torch.set_num_threads(1)
    space = find_space("starter")
    reference = load_reference(space, device="cpu")
    starter = paths.models_dir(paths.starter_root()) / "starter"
    prompts = probe_prompts(arguments.data)
    model = layers.load_base(starter / "base")
    out = arguments.work / "answers"
    out.mkdir(parents=True, exist_ok=True)
    for _, _, names in list(plan.training_sets().values())[part::parts]:
        name = names[0]
        own = arguments.work / "adapters" / name
        file = out / f"{name}.npz"
        if file.exists():
            continue
        began = time.monotonic()
        with layers.Swapped(model, own if own.is_dir() else starter / name):
            given = answers(model, reference, prompts)
        examples = [Example(p, "", a or None) for p, a in zip(prompts, given, strict=True)]
        found = gradients.compute(reference, space, examples, 256)
        kept = {key: value for key, value in found.items() if key.endswith("answer")}
        temporary = file.with_suffix(".tmp.npz")
        np.savez(temporary, **kept)
        temporary.replace(file)
        print(f"{name:<44}{time.monotonic() - began:6.1f} s  {given[0][:40]!r}", flush=True)


if __name__ == "__main__":
    main()
