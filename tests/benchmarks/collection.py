"""How long a collection of 10,000 learnwares takes to list.

Run: python tests/benchmarks/collection.py

Prints seconds (best of five) for: filling the index the first time, opening and listing all of it
in a fresh collection, a page of 50, a text search, and the look at the folders alone.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from lwtui.learnware import scan
from lwtui.learnware.collection import Collection

MANIFEST = """# written by the benchmark
schema = 1
id = "{owner}/{name}"

[model]
kind = "adapter"
base = "starter/base"
architecture = "llama"
parameters = 98304
context_length = 1024

[[model.files]]
path = "adapter_model.safetensors"
format = "peft"
size = 393216
sha256 = "{digest}"

[[model.files]]
path = "adapter_config.json"
format = "config"
size = 700
sha256 = "{digest}"

[semantic]
title = "Task number {number}"
description = "Answers questions of kind {number}, as found in a benchmark of the collection."
domain = "{domain}"
task = "question answering"
languages = ["en"]
licence = "apache-2.0"
tags = ["benchmark", "kind-{number}"]

[[semantic.data]]
name = "dataset-{number}"
licence = "cc-by-4.0"

[provenance]
source = "folder"

[[specification]]
type = "pave"
recipe = "gradient"
space = "starter"
file = "pave-starter.safetensors"
sha256 = "{digest}"
rows = 128

[[score]]
task = "task-{number}"
metric = "answer loss"
value = 1.25
base = 2.5
rows = 64
"""


def write_collection(home: Path, count: int) -> None:
    """``count`` learnwares under 100 owners, manifests alone."""
    for number in range(count):
        owner, name = f"owner{number % 100:02}", f"learnware-{number:05}"
        folder = home / "specs" / owner / name
        folder.mkdir(parents=True)
        text = MANIFEST.format(
            owner=owner,
            name=name,
            number=number,
            digest=f"{number:064x}",
            domain=("finance", "medicine", "mathematics")[number % 3],
        )
        (folder / "learnware.toml").write_text(text, encoding="utf-8")


def best_of(action: Callable[[], object], times: int = 5) -> float:
    """The shortest of several runs, in seconds."""
    durations = []
    for _ in range(times):
        started = time.perf_counter()
        action()
        durations.append(time.perf_counter() - started)
    return min(durations)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as folder:
        home, starter = Path(folder, "home"), Path(folder, "starter")
        write_collection(home, count)

        started = time.perf_counter()
        Collection.open(home, starter).close()
        print(f"fill the index:                 {time.perf_counter() - started:.3f} s")

        def open_and_list() -> None:
            with Collection.open(home, starter) as collection:
                if len(collection.list()) != count:
                    raise SystemExit("the list is not whole")

        print(f"open and list all {count}:       {best_of(open_and_list):.3f} s")
        command = [sys.executable, "-c", _PROCESS, str(home), str(starter)]
        process = best_of(lambda: subprocess.run(command, check=True), 3)
        print(f"the same as a process of its own: {process:.3f} s")
        with Collection.open(home, starter) as collection:
            page = best_of(lambda: collection.list(limit=50))
            print(f"a page of 50:                   {page:.4f} s")
            search = best_of(lambda: collection.list("kind-77 finance", limit=50))
            print(f"a text search:                  {search:.4f} s")
        print(f"look at the folders:            {best_of(lambda: scan.stamps(home)):.3f} s")


_PROCESS = """
import sys
from pathlib import Path
from lwtui.learnware.collection import Collection
Collection.open(Path(sys.argv[1]), Path(sys.argv[2])).list()
"""

if __name__ == "__main__":
    main()
