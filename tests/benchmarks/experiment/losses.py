"""The answer loss of the base and all 100 learnwares on the scored and verify rows of every user.

    python -m tests.benchmarks.experiment.losses --data DIR --work DIR [--shard 0/2]

One file a learnware, with for every user an array (rows, 3): summed loss in nats, answer tokens,
and whether greedy decoding gives the answer exactly. Scored rows first, then those to verify on.
In bfloat16, prompts cut to 256 tokens.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from lwtui import paths
from lwtui.starter import corpus
from lwtui.starter.batches import encode
from tests.benchmarks.experiment import layers, plan, rows

BASE = "base"


def user_batches(data: Path, tokenizer: Any, task: str) -> tuple[list[list[int]], list[Any]]:
    """Row numbers and examples of a user, in batches of similar length."""
    found = rows.user(data, task)
    examples = [
        encode(tokenizer, corpus.chat(corpus.question(row, "chat"), row.output), layers.LIMIT)
        for row in [*found.scored, *found.verify]
    ]
    order = sorted(range(len(examples)), key=lambda index: len(examples[index].ids))
    numbers = [order[i : i + 16] for i in range(0, len(order), 16)]
    return numbers, [[examples[i] for i in batch] for batch in numbers]


@torch.no_grad()
def measure(model: Any, hidden: Any, ids: Any, mask: Any) -> NDArray[np.float64]:
    """(rows, 3) for one batch, from the output of the last layer."""
    logits, wanted = layers.answer_losses(model, hidden, ids, mask)
    losses = functional.cross_entropy(logits.float(), wanted, reduction="none").double()
    row_of = mask[:, 1:].nonzero()[:, 0]
    result = torch.zeros((len(ids), 3), dtype=torch.double)
    wrong = torch.zeros(len(ids), dtype=torch.double)
    result[:, 0].index_add_(0, row_of, losses)
    result[:, 1].index_add_(0, row_of, torch.ones_like(losses))
    wrong.index_add_(0, row_of, (logits.argmax(-1) != wanted).double())
    result[:, 2] = (wrong == 0).double()
    return result.numpy()


def main() -> None:
    from tokenizers import Tokenizer

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--shard", default="0/1", help="this part of so many, such as 0/2")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.shard.split("/"))
    torch.set_num_threads(1)
    starter = paths.models_dir(paths.starter_root()) / "starter"
    tokenizer = Tokenizer.from_file(str(starter / "base" / "tokenizer.json"))
    model = layers.load_base(starter / "base", torch.bfloat16)
    users: dict[str, tuple[list[list[int]], list[Any]]] = {}
    lower: dict[str, list[Any]] = {}
    for task in plan.USERS:
        numbers, batches = user_batches(arguments.data, tokenizer, task)
        users[task] = (numbers, batches)
        lower[task] = [layers.lower_half(model, batch, len(batch))[0] for batch in batches]
    out = arguments.work / "losses"
    out.mkdir(parents=True, exist_ok=True)
    for name in [BASE, *plan.learnwares()][part::parts]:
        file = out / f"{name}.npz"
        own = arguments.work / "adapters" / name
        folder = None if name == BASE else (own if own.is_dir() else starter / name)
        if file.exists() or (folder and not (folder / "adapter_config.json").exists()):
            continue
        began = time.monotonic()
        first = layers.CUT if folder in (None, own) else 0
        with layers.Swapped(model, folder), torch.no_grad():
            found = {}
            for task, (numbers, _) in users.items():
                result = np.zeros((sum(map(len, numbers)), 3))
                for chosen, (hidden, ids, mask) in zip(numbers, lower[task], strict=True):
                    start = hidden if first else model.model.embed_tokens(ids)
                    end = layers.run_layers(model, start, first, 8)
                    result[chosen] = measure(model, end, ids, mask)
                found[task] = result
        temporary = file.with_suffix(".tmp.npz")
        np.savez(temporary, **{task.replace("/", "."): value for task, value in found.items()})
        temporary.replace(file)
        print(f"{name:<44}{time.monotonic() - began:6.1f} s", flush=True)


if __name__ == "__main__":
    main()
