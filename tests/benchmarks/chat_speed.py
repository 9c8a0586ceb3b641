"""Tokens/s of a chat through lwtui over those of a plain llama-cpp-python loop.

    python tests/benchmarks/chat_speed.py [starter/base | FILE.gguf] [--tokens 200] [--rounds 9]

Both run the same GGUF with the same number of threads, greedily, in alternation; the plain loop
does nothing but sample and detokenise. Goal: a ratio of 0.95 or more.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from lwtui.backend.choose import choose
from lwtui.backend.client import ModelProcess
from lwtui.backend.machine import answer_threads
from lwtui.backend.protocol import Chunk, Finished, GenerationSettings, Message, ModelPlan
from lwtui.learnware.collection import Collection

QUESTION = [Message("user", "I was charged twice for one payment. What should I do?")]


def main() -> None:
    arguments = parse()
    plan = find(arguments.model)
    with ModelProcess() as process:
        ready = process.load(plan)
        prompt = process.render(QUESTION)
        runs = {
            "lwtui": through_lwtui(process, arguments.tokens),
            "plain": plain_loop(plan.base, ready.context_length, prompt, arguments.tokens),
        }
        speeds: dict[str, list[float]] = {name: [] for name in runs}
        for turn in range(arguments.rounds + 1):
            # Whoever comes first in a round changes, as a core may be hotter for the second.
            for name in sorted(runs, reverse=bool(turn % 2)):
                speed = runs[name]()
                if turn:  # the first round warms up
                    speeds[name].append(speed)
    medians = {name: statistics.median(values) for name, values in speeds.items()}
    ratios = [a / b for a, b in zip(speeds["lwtui"], speeds["plain"], strict=True)]
    threads = answer_threads(plan.base.stat().st_size)
    print(f"model     {plan.base.name}, {threads} thread(s), {arguments.tokens} tokens")
    for name, values in speeds.items():
        print(f"{name:8}  {medians[name]:8.1f} tokens/s   ({min(values):.1f} to {max(values):.1f})")
    print(f"ratio     {medians['lwtui'] / medians['plain']:8.3f} of medians")
    print(f"          {statistics.median(ratios):8.3f} median of the rounds' ratios, goal 0.95")


def through_lwtui(process: ModelProcess, tokens: int) -> Callable[[], float]:
    settings = GenerationSettings(max_tokens=tokens, temperature=0, ignore_end=True)

    def run() -> float:
        begun = time.perf_counter()
        text = ""
        for item in process.generate(QUESTION, settings):
            if isinstance(item, Chunk):
                text += item.text
            else:
                check(item, tokens)
        return tokens / (time.perf_counter() - begun)

    return run


def check(end: Finished, tokens: int) -> None:
    if end.tokens != tokens:
        raise SystemExit(f"{end.tokens} tokens came and not {tokens}: nothing to compare")


def plain_loop(file: Path, context: int, prompt: str, tokens: int) -> Callable[[], float]:
    from llama_cpp import Llama

    threads = answer_threads(file.stat().st_size)
    llama = Llama(str(file), n_ctx=context, n_threads=threads, verbose=False)
    begin = llama.tokenize(prompt.encode(), add_bos=False, special=True)

    def run() -> float:
        begun = time.perf_counter()
        data = b""
        for count, token in enumerate(llama.generate(begin, temp=0.0), start=1):
            data += llama.detokenize([token])
            if count == tokens:
                break
        return tokens / (time.perf_counter() - begun)

    return run


def find(model: str) -> ModelPlan:
    if model.endswith(".gguf"):
        return ModelPlan(model, "llama_cpp", Path(model))
    with Collection.open() as collection:
        learnware = collection.get(model)
        return choose(learnware, collection.base_of(learnware), "llama_cpp").plan


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", nargs="?", default="starter/base")
    parser.add_argument("--tokens", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=9)
    return parser.parse_args()


if __name__ == "__main__":
    main()
