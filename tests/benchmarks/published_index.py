"""How long a published index of many learnwares takes to build, to add, to refresh and to match.

    python -m tests.benchmarks.published_index [COUNT]

Over the loopback Hub, in the starter space, with vectors of noise around the shipped ones: bytes do
not compress, as real ones do not. A home of its own, thrown away.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lwtui.dock.catalogue import specifications
from lwtui.dock.index_format import Entry, write_index
from lwtui.learnware.model import (
    Learnware,
    ModelFile,
    ModelInfo,
    Provenance,
    Semantic,
    SpecificationEntry,
)
from lwtui.spec.specification import load_specification
from lwtui.workflow import index
from lwtui.workflow.match import match
from tests.hub.server import HubServer

REPO = "curator/large"


def entries(count: int, seed: int = 0) -> Iterator[Entry]:
    real = [load_specification(each.path) for each in specifications().values()]
    source = np.random.default_rng(seed)
    for number in range(count):
        one = real[number % len(real)]
        parts = {
            name: vector + source.standard_normal(len(vector), dtype=np.float32)
            for name, vector in one.parts.items()
        }
        found = dataclasses.replace(one, parts=parts)
        file = f"pave-{found.space}.safetensors"
        entry = SpecificationEntry(
            "pave", found.recipe, found.space, file, found.digest(), found.rows, "published"
        )
        learnware = Learnware(
            f"owner{number % 97}/model-{number}",
            ModelInfo("model", files=(ModelFile("model.safetensors", "safetensors", 10**9),)),
            Semantic(f"Model {number}", "What it is good at. " * 5, "finance", licence="mit"),
            Provenance("hub", f"owner{number % 97}/model-{number}", "a" * 40),
            specifications=(entry,),
        )
        yield learnware, {file: found.to_bytes()}


def timed(what: str, begun: float, note: str = "") -> None:
    print(f"{what:<44} {time.perf_counter() - begun:8.2f} s  {note}", flush=True)


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as name, HubServer() as hub:
        folder = Path(name)
        os.environ |= {
            "HF_ENDPOINT": hub.url,
            "HF_HUB_CACHE": str(folder / "cache"),
            "LWTUI_HOME": str(folder / "home"),
        }
        made = list(entries(count))
        begun = time.perf_counter()
        summary = write_index(folder / "index", made)
        timed(f"build {count}", begun, f"{summary.size:,} bytes, {len(summary.files)} files")
        parquet = summary.files[0].size
        print(f"{'of which Parquet':<44} {parquet:,} bytes, {parquet / count:.0f} each")
        files = {path.name: path.read_bytes() for path in (folder / "index").iterdir()}
        hub.add_dataset(REPO, files)
        begun = time.perf_counter()
        index.subscribe(REPO)
        timed("add: download, check, make known", begun)
        begun = time.perf_counter()
        index.refresh(hub=False)
        timed("refresh, nothing changed", begun)
        wanted = load_specification(specifications()["gsm8k"].path)
        begun = time.perf_counter()
        match(wanted)
        timed("first match, which fills the match index", begun)
        begun = time.perf_counter()
        match(wanted)
        timed("second match", begun)
        write_index(folder / "index", [*made[:-1], *entries(1, seed=1)][1:])
        files = {path.name: path.read_bytes() for path in (folder / "index").iterdir()}
        hub.add_commit(REPO, files, repo_type="dataset")
        begun = time.perf_counter()
        (report,) = index.refresh(hub=False)
        timed("refresh, one changed and one gone", begun, f"{report.learnwares} known")
        begun = time.perf_counter()
        index.unsubscribe(REPO)
        timed("remove", begun)


if __name__ == "__main__":
    main()
