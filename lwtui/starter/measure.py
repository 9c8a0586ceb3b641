"""The answer loss and exact match of the base and every adapter on the test side of every task."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path
from typing import Any

from lwtui.starter import corpus, plan
from lwtui.starter.batches import Encoded, by_length, encode, target_logits, tensors
from lwtui.starter.tokenizer import CONTEXT


def task_examples(data: Path, task: str, tokenizer: Any, rows: int) -> list[Encoded]:
    """The first ``rows`` test rows in the chat layout."""
    return [
        encode(tokenizer, corpus.chat(corpus.question(row, "chat"), row.output), CONTEXT)
        for row in corpus.read_task(data, task, "test")[:rows]
    ]


def score(model: Any, examples: list[Encoded], device: str) -> dict[str, float]:
    """Mean answer loss (nats per token, over all tokens) and share of answers greedy decoding
    gives exactly (every answer token is the most likely one after the true ones before it)."""
    import torch
    from torch.nn import functional

    total, tokens, exact, rows = 0.0, 0, 0, 0
    precision = torch.bfloat16 if device == "cuda" else torch.float32
    with torch.no_grad(), torch.autocast(device, dtype=precision, enabled=device == "cuda"):
        for batch in by_length(examples, 16):
            ids, mask = tensors(batch, device)
            logits, wanted = target_logits(model, ids, mask)
            losses = functional.cross_entropy(logits.float(), wanted, reduction="none")
            right = logits.argmax(-1) == wanted
            row_of = mask[:, 1:].nonzero()[:, 0]
            wrong = torch.zeros(len(batch), dtype=torch.long, device=device)
            wrong.index_add_(0, row_of, (~right).long())
            total += losses.sum().item()
            tokens += len(wanted)
            exact += int((wrong == 0).sum())
            rows += len(batch)
    return {"loss": total / tokens, "exact": exact / rows, "rows": rows, "tokens": tokens}


def main() -> None:
    import torch
    from peft import PeftModel
    from tokenizers import Tokenizer
    from transformers import LlamaForCausalLM

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--adapters", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="a JSON file")
    parser.add_argument("--rows", type=int, default=16, help="test rows of each task")
    parser.add_argument("--unseen", action="store_true", help="the tasks nobody trained for too")
    parser.add_argument("--shard", default="0/1", help="this part of so many, such as 0/4")
    arguments = parser.parse_args()
    part, parts = map(int, arguments.shard.split("/"))
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = Tokenizer.from_file(str(arguments.base / "tokenizer.json"))
    names_of_tasks = list(plan.STARTER_TASKS) + (sorted(plan.UNSEEN) if arguments.unseen else [])
    tasks = {t: task_examples(arguments.data, t, tokenizer, arguments.rows) for t in names_of_tasks}
    done = json.loads(arguments.out.read_text()) if arguments.out.exists() else {}
    names = ["base", *(recipe.name for recipe in plan.RECIPES)]
    for name in names[part::parts]:
        if name in done or (name != "base" and not (arguments.adapters / name).is_dir()):
            continue
        model = LlamaForCausalLM.from_pretrained(arguments.base, dtype=torch.float32).to(device)
        if name != "base":
            model = PeftModel.from_pretrained(model, str(arguments.adapters / name)).to(device)
        model.eval()
        done[name] = {task: score(model, rows, device) for task, rows in tasks.items()}
        arguments.out.write_text(json.dumps(done))
        print(name, flush=True)
    write_table(done, arguments.out.with_suffix(".csv"))


def write_table(done: dict[str, dict[str, dict[str, float]]], out: Path) -> None:
    """The same as a CSV: learnware, task, answer_loss (nats/token), exact_match, rows."""
    with out.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["learnware", "task", "answer_loss", "exact_match", "rows"])
        for name, tasks in done.items():
            for task, found in tasks.items():
                loss, exact = round(found["loss"], 4), round(found["exact"], 4)
                writer.writerow([name, task, loss, exact, int(found["rows"])])


if __name__ == "__main__":
    main()
