"""Trains the LoRA adapters of the starter collection on the starter base."""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from pathlib import Path
from typing import Any

from lwtui.starter import corpus, plan
from lwtui.starter.batches import Encoded, by_length, encode, target_logits, tensors
from lwtui.starter.tokenizer import CONTEXT

SEED = 3407
TARGETS = ("q_proj", "v_proj", "o_proj", "up_proj", "down_proj")
HELD_ROWS = 64


def encoded_rows(data: Path, recipe: plan.Recipe, tokenizer: Any) -> list[Encoded]:
    """The rows of a recipe, each in one of its layouts, with some small talk mixed in."""
    source = random.Random(f"{SEED}/{recipe.name}")
    rows = corpus.recipe_rows(data, recipe.tasks, recipe.share, SEED)
    source.shuffle(rows)
    examples = []
    for row in rows:
        layout = source.choice(recipe.layouts)
        pieces = corpus.chat(corpus.question(row, layout), row.output)
        examples.append(encode(tokenizer, pieces, CONTEXT))
    return examples


def small_talk(tokenizer: Any, count: int, source: random.Random) -> list[Encoded]:
    pairs = [source.choice(corpus.SMALL_TALK) for _ in range(count)]
    return [encode(tokenizer, corpus.chat(*pair), CONTEXT) for pair in pairs]


def mean_loss(model: Any, examples: list[Encoded], device: str) -> float:
    """Mean answer loss in nats per token."""
    import torch
    from torch.nn import functional

    total, count = 0.0, 0
    model.eval()
    with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16):
        for batch in by_length(examples, 32):
            logits, wanted = target_logits(model, *tensors(batch, device))
            total += functional.cross_entropy(logits.float(), wanted, reduction="sum").item()
            count += len(wanted)
    model.train()
    return total / count


def train_one(
    data: Path, base: Path, recipe: plan.Recipe, out: Path, device: str, steps_limit: int
) -> dict[str, Any]:
    """Train one adapter and save it (bf16 safetensors). Returns its training record."""
    import torch
    from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
    from tokenizers import Tokenizer
    from torch.nn import functional
    from transformers import LlamaForCausalLM

    torch.manual_seed(SEED)
    source = random.Random(f"{SEED}/{recipe.name}/order")
    tokenizer = Tokenizer.from_file(str(base / "tokenizer.json"))
    examples = encoded_rows(data, recipe, tokenizer)
    held = examples[: min(HELD_ROWS, len(examples) // 10)]
    examples = examples[len(held) :]
    examples += small_talk(tokenizer, max(8, len(examples) // 50), source)
    model = LlamaForCausalLM.from_pretrained(base, dtype=torch.float32).to(device)
    settings = LoraConfig(
        r=recipe.rank,
        lora_alpha=2 * recipe.rank,
        lora_dropout=0.05,
        target_modules=list(TARGETS),
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(model, settings)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(trained, lr=2e-3, weight_decay=0.01, betas=(0.9, 0.99))
    size = 32 if len(examples) >= 1500 else 16
    steps = min(steps_limit, math.ceil(recipe.epochs * len(examples) / size))
    started = time.monotonic()
    before = mean_loss(model, held, device)
    best, best_state, step = math.inf, None, 0
    while step < steps:
        for batch in by_length(examples, size, source):
            if step >= steps:
                break
            rate = 2e-3 * min(1.0, (step + 1) / max(10, 0.03 * steps))
            rate *= 0.5 * (1 + math.cos(math.pi * step / steps))
            for group in optimiser.param_groups:
                group["lr"] = rate
            ids, mask = tensors(batch, device)
            with torch.autocast(device, dtype=torch.bfloat16):
                logits, wanted = target_logits(model, ids, mask)
            functional.cross_entropy(logits.float(), wanted).backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            step += 1
            if step % max(1, steps // 8) == 0 or step == steps:
                loss = mean_loss(model, held, device)
                if loss < best:
                    best = loss
                    state = get_peft_model_state_dict(model)
                    best_state = {k: v.detach().to("cpu", torch.bfloat16) for k, v in state.items()}
    save(best_state or {}, settings, out)
    return {
        "rows": len(examples) + len(held),
        "steps": steps,
        "held_out_loss_base": round(before, 4),
        "held_out_loss": round(best, 4),
        "seconds": round(time.monotonic() - started, 1),
    }


def save(state: dict[str, Any], settings: Any, out: Path) -> None:
    """The adapter as PEFT wants it, without the path of the base it was trained from."""
    from safetensors.torch import save_file

    out.mkdir(parents=True, exist_ok=True)
    tensors_ = {name: value.contiguous() for name, value in state.items()}
    save_file(tensors_, out / "adapter_model.safetensors", metadata={"format": "pt"})
    settings.base_model_name_or_path = "starter/base"
    settings.inference_mode = True
    settings.save_pretrained(str(out))
    written = out / "adapter_config.json"
    config = json.loads(written.read_text())
    config["target_modules"] = list(TARGETS)  # PEFT keeps a set: its order changes from run to run
    written.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", help="names of recipes")
    parser.add_argument("--shard", default="0/1", help="this part of so many, such as 0/4")
    parser.add_argument("--steps-limit", type=int, default=1500)
    arguments = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    part, parts = map(int, arguments.shard.split("/"))
    recipes = [r for r in plan.RECIPES if not arguments.only or r.name in arguments.only]
    recipes.sort(key=lambda r: not r.generalist)  # the longest first, so that shards end together
    for recipe in recipes[part::parts]:
        folder = arguments.out / recipe.name
        record = folder / "training.json"
        if record.exists():
            continue
        facts = train_one(
            arguments.data, arguments.base, recipe, folder, device, arguments.steps_limit
        )
        record.write_text(json.dumps(facts))
        print(recipe.name, facts, flush=True)


if __name__ == "__main__":
    main()
