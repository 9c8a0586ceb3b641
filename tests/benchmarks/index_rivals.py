"""What else could search: vector libraries on our codes, and the ``learnware`` package."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.index_synthetic import World, unit

SHORT = 300
SEARCHES = 20
PACKAGE = "learnware 0.4.0.post1 LLMStatSearcher"
PACKAGE_BYTES = 6e9
"""Memory that the package's vectors may take."""


def libraries(world: World, count: int) -> Iterator[dict[str, Any]]:
    """faiss-cpu and usearch, where installed: all parts' codes as one vector, a query at a time."""
    source = np.random.default_rng(3)
    queries = world.vectors(world.labels(SEARCHES, source), source)
    ours = np.concatenate([unit(q @ world.parts[n].projected) for n, q in queries.items()], 1)
    codes = np.concatenate([each for _, each, _ in world.chunks(count)])
    theirs = codes.astype(np.float32)
    for columns in world.kind.columns.values():
        theirs[:, columns] = unit(theirs[:, columns])
    try:
        yield from _faiss(theirs, ours)
    except ImportError:
        print("faiss-cpu is not installed: left out")
    try:
        yield from _usearch(codes, ours)
    except ImportError:
        print("usearch is not installed: left out")


def _faiss(theirs: np.ndarray, ours: np.ndarray) -> Iterator[dict[str, Any]]:
    import faiss

    width, name = theirs.shape[1], f"faiss-cpu {faiss.__version__}"
    for spec, count in (("SQ8", SHORT), ("RaBitQ", 4096)):
        index = faiss.index_factory(width, spec, faiss.METRIC_INNER_PRODUCT)
        started = time.perf_counter()
        index.train(theirs[:20_000])
        index.add(theirs)
        seconds = time.perf_counter() - started
        found = _timed(lambda i, x=index, n=count: x.search(ours[i : i + 1], n))
        yield {"what": f"{name} {spec} flat", "build_s": seconds} | found


def _usearch(codes: np.ndarray, ours: np.ndarray) -> Iterator[dict[str, Any]]:
    import usearch
    from usearch.index import MetricKind, search

    cores = os.cpu_count() or 1
    eight = np.rint(ours * 127 / np.abs(ours).max()).astype(np.int8)
    found = _timed(
        lambda i: search(codes, eight[i : i + 1], SHORT, MetricKind.IP, exact=True, threads=cores)
    )
    yield {"what": f"usearch {usearch.__version__} exact int8"} | found


def _timed(action: Callable[[int], object]) -> dict[str, Any]:
    spent = []
    for place in range(SEARCHES):
        started = time.perf_counter()
        action(place)
        spent.append(1e3 * (time.perf_counter() - started))
    p50, p99 = (float(np.quantile(spent, q)) for q in (0.5, 0.99))
    return {"search": "similarity", "searches": SEARCHES, "p50_ms": p50, "p99_ms": p99}


def package(python: str, count: int, length: int) -> dict[str, Any]:
    """The package's searcher, in its own environment."""
    needed = count * length * 4
    if needed > PACKAGE_BYTES:
        return {"what": PACKAGE, "note": f"not run: {needed / 1e9:.0f} GB of vectors in memory"}
    searches = max(3, min(30, 300_000 // count))
    script = Path(__file__).with_name("index_peer.py")
    command = [python, str(script), str(count), str(length), str(searches)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {"what": PACKAGE, "note": f"failed: {done.stderr.strip().splitlines()[-1]}"}
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return {"what": PACKAGE, "search": "similarity"} | found
