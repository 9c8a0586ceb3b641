"""Trains the additional learnwares; a finished one is never trained again.

python -m tests.benchmarks.experiment.train --data DIR --work DIR [--shard 0/2]
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from pathlib import Path
from typing import Any

import torch
from torch.nn import functional

from lwtui import paths
from lwtui.starter import corpus
from lwtui.starter.batches import Encoded, encode
from lwtui.starter.corpus import Row
from lwtui.starter.specialise import TARGETS
from tests.benchmarks.experiment import layers, plan

SEED = 3407
RATE = 3e-3
BATCH = 16
CACHED_TOKENS = 60_000
EARLY = 0.2


def training_rows(data: Path, made: plan.Trained) -> list[Row]:
    """A learnware's rows, shuffled; some with the answer of another row."""
    rows = corpus.recipe_rows(data, made.tasks, made.share, SEED)
    source = random.Random(f"{SEED}/{made.name}")
    source.shuffle(rows)
    return with_wrong_answers(rows, made.wrong, source)


def with_wrong_answers(rows: list[Row], share: float, source: random.Random) -> list[Row]:
    """Swap the answers of a share of the rows among each other, so that none keeps its own."""
    chosen = sorted(source.sample(range(len(rows)), round(share * len(rows))))
    answers = [rows[index].output for index in chosen]
    result = list(rows)
    for place, index in enumerate(chosen):
        other = [a for a in (source.choice(answers) for _ in range(20)) if a != answers[place]]
        row = rows[index]
        result[index] = Row(row.instruction, row.input, other[0] if other else "", row.choices)
    return result


def encoded(tokenizer: Any, rows: list[Row], source: random.Random) -> list[Encoded]:
    """Half of the rows without their instruction, as the starter specialists are trained."""
    found, tokens = [], 0
    for row in rows:
        layout = source.choice(("chat", "bare"))
        one = encode(tokenizer, corpus.chat(corpus.question(row, layout), row.output), layers.LIMIT)
        tokens += len(one.ids)
        if tokens > CACHED_TOKENS:
            break
        found.append(one)
    return found


def train_one(data: Path, base: Path, made: plan.Trained, out: Path) -> None:
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
    from tokenizers import Tokenizer

    torch.manual_seed(SEED)
    source = random.Random(f"{SEED}/{made.name}/order")
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    examples = encoded(tokenizer, training_rows(data, made), source)
    model = layers.load_base(base)
    started = time.monotonic()
    cached = layers.lower_half(model, examples, BATCH)
    settings = LoraConfig(
        r=made.rank,
        lora_alpha=2 * made.rank,
        target_modules=list(TARGETS),
        layers_to_transform=list(range(layers.CUT, 8)),
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(model, settings)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=RATE, weight_decay=0.01, betas=(0.9, 0.99))
    visits = sum(len(example.ids) for example in examples)
    steps = max(20, round(made.tokens / visits * len(cached)))
    order: list[int] = []
    losses = []
    for step in range(steps):
        order = order or source.sample(range(len(cached)), len(cached))
        hidden, ids, mask = cached[order.pop()]
        for group in optimiser.param_groups:
            warm = min(1.0, (step + 1) / 10)
            group["lr"] = RATE * warm * 0.5 * (1 + math.cos(math.pi * step / steps))
        hidden = layers.run_layers(model, hidden, layers.CUT, 8)
        loss = functional.cross_entropy(*layers.answer_losses(model, hidden, ids, mask))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if made.early and step + 1 == round(EARLY * steps):
            _save(get_peft_model_state_dict(model), settings, out.parent / f"{made.name}-early")
    _save(get_peft_model_state_dict(model), settings, out)
    facts = {
        "rows": len(examples),
        "steps": steps,
        "first_loss": sum(losses[:10]) / 10,
        "last_loss": sum(losses[-10:]) / 10,
        "seconds": time.monotonic() - started,
    }
    (out / "training.json").write_text(json.dumps(facts))
    print(made.name, {k: round(v, 3) for k, v in facts.items()}, flush=True)


def _save(state: dict[str, torch.Tensor], settings: Any, out: Path) -> None:
    from lwtui.starter.specialise import save

    save({name: value.detach().to(torch.bfloat16) for name, value in state.items()}, settings, out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--shard", default="0/1", help="this part of so many, such as 0/2")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.shard.split("/"))
    torch.set_num_threads(1)
    base = paths.models_dir(paths.starter_root()) / "starter" / "base"
    for made in plan.TRAINED[part::parts]:
        out = arguments.work / "adapters" / made.name
        if not (out / "training.json").exists():
            train_one(arguments.data, base, made, out)


if __name__ == "__main__":
    main()
