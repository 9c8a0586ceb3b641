"""Time and memory of sampling a big JSON lines file.

python tests/benchmarks/dataset.py generate /tmp/big.jsonl --megabytes 2048
/usr/bin/time -v python tests/benchmarks/dataset.py sample /tmp/big.jsonl
rm /tmp/big.jsonl
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from pathlib import Path

from lwtui.dataset import open_dataset
from lwtui.jobs import JobContext, Progress

_WORDS = ("card", "account", "transfer", "fee", "branch", "balance", "refund", "why", "my", "not")


def generate(path: Path, megabytes: int, broken_every: int = 1_000_000) -> int:
    """Write question/answer rows of 100 to 900 bytes; one line in ``broken_every`` is cut short."""
    draw = random.Random(7)
    bodies = [" ".join(draw.choices(_WORDS, k=draw.randint(10, 120))) for _ in range(2000)]
    size, row, limit = 0, 0, megabytes << 20
    with path.open("w", encoding="utf-8") as file:
        while size < limit:
            row += 1
            question = f"{row}: {bodies[row % 2000]}?"
            answer = bodies[row * 7 % 2000][:200]
            line = json.dumps({"question": question, "answer": answer})
            line = line[:-10] if row % broken_every == 0 else line
            size += file.write(line + "\n")
    return row


def sample(path: Path, rows: int) -> None:
    """Draw a sample; print seconds, MB/s and peak resident memory."""
    reports: list[Progress] = []
    started = time.perf_counter()
    dataset = open_dataset(path)
    opened = time.perf_counter() - started
    drawn = dataset.sample(rows, context=JobContext(reports.append))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"file        {path.stat().st_size / 1e6:,.0f} MB")
    print(f"opened in   {opened * 1000:.0f} ms")
    print(f"sampled in  {seconds:.1f} s ({path.stat().st_size / 1e6 / seconds:.0f} MB/s)")
    print(f"rows seen   {drawn.rows_seen:,}; kept {len(drawn.examples)}; skipped {drawn.skipped}")
    print(f"peak memory {peak:.0f} MB; progress reports {len(reports):,}")
    for problem in drawn.problems[:5]:
        print(f"  {problem}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=("generate", "sample"))
    parser.add_argument("path", type=Path)
    parser.add_argument("--megabytes", type=int, default=2048)
    parser.add_argument("--rows", type=int, default=128)
    given = parser.parse_args()
    if given.step == "generate":
        print(f"{generate(given.path, given.megabytes):,} rows")
    else:
        sample(given.path, given.rows)


if __name__ == "__main__":
    main()
