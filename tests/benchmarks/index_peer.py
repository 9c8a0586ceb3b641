"""The other side of ``index_scale.py``: the ``learnware`` package, in its own environment.

    python index_peer.py LEARNWARES LENGTH SEARCHES

Times the package's ``LLMStatSearcher`` over so many random specifications (its loop takes as long
whatever the numbers are) and prints one JSON line. Imports nothing of lwtui.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path


def memory(field: str) -> float:
    """VmRSS or VmHWM of this process, MB."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith(field))


def main() -> None:
    import torch
    from learnware.market.llm.searcher import LLMStatSearcher
    from learnware.specification.regular.text.generative import GenerativeModelSpecification

    count, length, searches = map(int, sys.argv[1:])
    bare = memory("VmRSS")

    class Item:
        """A learnware as the searcher sees it."""

        def __init__(self, number: int) -> None:
            self.id = str(number)
            self.specification = self
            self.vector = specification(length)

        def get_stat_spec_by_name(self, _name: str) -> GenerativeModelSpecification:
            return self.vector

    def specification(length: int) -> GenerativeModelSpecification:
        made = GenerativeModelSpecification.__new__(GenerativeModelSpecification)  # no model
        made._task_vector = torch.randn(length)
        return made

    items = [Item(number) for number in range(count)]
    searcher = LLMStatSearcher.__new__(LLMStatSearcher)
    user, spent = specification(length), []
    for _ in range(searches):
        started = time.perf_counter()
        searcher._search_by_taskvector_spec_single(items, user)
        spent.append(1e3 * (time.perf_counter() - started))
    facts = {
        "p50_ms": statistics.median(spent),
        "p99_ms": max(spent),
        "searches": searches,
        "resident_mb": memory("VmRSS"),
        "peak_mb": memory("VmHWM"),
        "bare_mb": bare,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
