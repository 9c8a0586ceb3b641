"""Trains the starter base model from scratch: general text plus a little of the tasks as chat."""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lwtui.starter import corpus, plan
from lwtui.starter.tokenizer import CONTEXT

if TYPE_CHECKING:
    import numpy as np
    import torch

SEED = 3407
ROWS_PER_TASK = 400
CHAT_SHARE = 0.15
"""Share of the training tokens that are task rows rendered as chat."""
VALIDATION_SHARE = 0.01
SMALL_TALK_COPIES = 20


def model_settings(vocabulary: int) -> dict[str, Any]:
    """The architecture: Llama, about 10.8 million parameters."""
    return {
        "vocab_size": vocabulary,
        "hidden_size": 320,
        "intermediate_size": 896,
        "num_hidden_layers": 8,
        "num_attention_heads": 10,
        "num_key_value_heads": 2,
        "max_position_embeddings": CONTEXT,
        "rope_theta": 10000.0,
        "rms_norm_eps": 1e-5,
        "tie_word_embeddings": True,
        "attention_bias": False,
        "bos_token_id": None,
        "eos_token_id": 1,
        "pad_token_id": 0,
    }


def chat_texts(data: Path) -> list[str]:
    """A few hundred rows of each seen task, in mixed layouts, and a little small talk."""
    random_source = random.Random(SEED)
    texts = []
    for task in plan.SEEN_BY_BASE:
        rows = corpus.read_task(data, task, "train")
        random_source.shuffle(rows)
        for row in rows[:ROWS_PER_TASK]:
            layout = random_source.choice(plan.ALL_LAYOUTS)
            system = random_source.choice(corpus.SYSTEM_PROMPTS)
            pieces = corpus.chat(
                corpus.question(row, layout),
                row.output,
                system if random_source.random() < 0.1 else "",
            )
            texts.append("".join(piece.text for piece in pieces) + corpus.END_OF_TEXT)
    for user, answer in corpus.SMALL_TALK * SMALL_TALK_COPIES:
        texts.append("".join(p.text for p in corpus.chat(user, answer)) + corpus.END_OF_TEXT)
    random_source.shuffle(texts)
    return texts


def token_streams(data: Path, folder: Path) -> dict[str, np.ndarray]:
    """Token ids (uint16) of general text, chat text and held-out general text."""
    import numpy as np
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))

    def encode(texts: list[str]) -> np.ndarray:
        ids: list[int] = []
        for encoding in tokenizer.encode_batch(texts):
            ids += encoding.ids
        return np.asarray(ids, dtype=np.uint16)

    documents: list[str] = []
    for name in plan.GENERAL:
        documents += corpus.read_general(data, name)
    random.Random(SEED).shuffle(documents)
    held = max(1, round(VALIDATION_SHARE * len(documents)))
    general = [text + corpus.END_OF_TEXT for text in documents]
    return {
        "validation": encode(general[:held]),
        "general": encode(general[held:]),
        "chat": encode(chat_texts(data)),
    }


class Batches:
    """Windows of ``CONTEXT + 1`` tokens at random offsets, the same for the same seed."""

    def __init__(self, streams: dict[str, np.ndarray], size: int, device: str) -> None:
        import numpy as np
        import torch

        self._general = torch.from_numpy(streams["general"].astype(np.int32)).to(device)
        self._chat = torch.from_numpy(streams["chat"].astype(np.int32)).to(device)
        self._size = size
        self._source = torch.Generator().manual_seed(SEED)

    def next(self) -> torch.Tensor:
        """One batch, (size, CONTEXT + 1), int64."""
        import torch

        chats = round(CHAT_SHARE * self._size)
        rows = []
        for stream, count in ((self._general, self._size - chats), (self._chat, chats)):
            starts = torch.randint(len(stream) - CONTEXT - 1, (count,), generator=self._source)
            offsets = torch.arange(CONTEXT + 1)
            index = (starts[:, None] + offsets[None, :]).to(stream.device)
            rows.append(stream[index])
        return torch.cat(rows).long()


def learning_rate(fraction: float, peak: float) -> float:
    """Warm-up over the first hundredth, then a cosine down to a hundredth of the peak."""
    if fraction < 0.01:
        return peak * max(fraction, 0.0005) / 0.01
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, (fraction - 0.01) / 0.99)))
    return peak * (0.01 + 0.99 * cosine)


def validation_loss(model: Any, tokens: Any, device: str, batch: int) -> float:
    """Mean loss in nats per token on held-out general text."""
    import torch

    length = CONTEXT + 1
    windows = torch.from_numpy(tokens.astype("int64"))[: len(tokens) // length * length]
    windows = windows.view(-1, length)
    total, count = 0.0, 0
    model.eval()
    with torch.no_grad(), torch.autocast(device, dtype=torch.bfloat16):
        for part in windows.split(batch):
            loss = next_token_loss(model, part.to(device))
            total += loss.item() * len(part)
            count += len(part)
    model.train()
    return total / count


def next_token_loss(model: Any, batch: Any) -> Any:
    """Mean cross-entropy of each window's tokens given the ones before."""
    from torch.nn import functional

    logits = model(input_ids=batch[:, :-1], use_cache=False).logits
    return functional.cross_entropy(logits.flatten(0, 1).float(), batch[:, 1:].flatten())


def train(arguments: argparse.Namespace) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_float32_matmul_precision("high")
    streams = token_streams(arguments.data, arguments.out)
    print({name: len(ids) for name, ids in streams.items()}, flush=True)
    settings = model_settings(vocabulary=6144)
    model = LlamaForCausalLM(LlamaConfig(**settings)).to(device)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {device}", flush=True)
    runner = torch.compile(model) if device == "cuda" and not arguments.no_compile else model
    decayed = [p for p in model.parameters() if p.dim() > 1]
    plain = [p for p in model.parameters() if p.dim() == 1]
    groups = [
        {"params": decayed, "weight_decay": arguments.weight_decay},
        {"params": plain, "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.95), fused=device == "cuda")
    batches = Batches(streams, arguments.batch, device)
    checkpoint = arguments.out / "checkpoint.safetensors"
    progress = arguments.out / "checkpoint.json"
    seen, used = 0, 0.0
    if arguments.resume and checkpoint.exists():
        from safetensors.torch import load_model

        load_model(model, checkpoint)
        state = json.loads(progress.read_text())
        seen, used = state["tokens"], state["seconds"]
    started = saved = printed = time.monotonic()
    step = 0
    while True:
        now = time.monotonic()
        elapsed = used + now - started
        fraction = max(seen / arguments.tokens, elapsed / (60 * arguments.minutes))
        if fraction >= 1:
            break
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(fraction, arguments.learning_rate)
        with torch.autocast(device, dtype=torch.bfloat16):
            loss = next_token_loss(runner, batches.next())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        seen += arguments.batch * CONTEXT
        step += 1
        if now - printed > arguments.report:
            printed = now
            held = validation_loss(model, streams["validation"], device, arguments.batch)
            print(
                f"{elapsed:6.0f} s  {fraction:6.1%}  {seen / 1e6:7.1f} M tokens  "
                f"loss {loss.item():.3f}  held-out {held:.3f}",
                flush=True,
            )
        if now - saved > 300 and device == "cpu":
            saved = now
            save_checkpoint(model, checkpoint, progress, seen, elapsed)
    held = validation_loss(model, streams["validation"], device, arguments.batch)
    print(f"done: {seen / 1e6:.1f} M tokens, {step} steps, held-out loss {held:.3f}", flush=True)
    model.to(torch.bfloat16).save_pretrained(arguments.out)
    checkpoint.unlink(missing_ok=True)
    progress.unlink(missing_ok=True)


def save_checkpoint(model: Any, path: Path, progress: Path, seen: int, elapsed: float) -> None:
    """Enough to go on after a kill: the weights and how far the schedule is."""
    from safetensors.torch import save_model

    save_model(model, str(path.with_suffix(".tmp")))
    path.with_suffix(".tmp").replace(path)
    progress.write_text(json.dumps({"tokens": seen, "seconds": elapsed}))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder with the tokenizer")
    parser.add_argument("--tokens", type=float, default=260e6)
    parser.add_argument("--minutes", type=float, default=1e9, help="stop by then, annealed")
    parser.add_argument("--batch", type=int, default=64, help="windows of 1,024 tokens")
    parser.add_argument("--learning-rate", type=float, default=2.5e-3)
    parser.add_argument("--weight-decay", type=float, default=0.2)
    parser.add_argument("--report", type=float, default=20, help="seconds between reports")
    parser.add_argument("--no-compile", action="store_true")
    parser.add_argument("--resume", action="store_true")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
