"""How fast a pull is beside plain ``snapshot_download`` of the same repository, in the same run.

    python -m tests.benchmarks.pull_speed [--megabytes 300] [--files 5] [--rounds 7]

The loopback Hub runs in a process of its own. Each round fetches into fresh caches, in changing
order: in this process (plan and transfer; with our hashing and with none), then each way as a whole
command, start-up and registration included. Prints seconds and the ratios of medians.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import numpy as np

from lwtui.learnware.collection import Collection

REPO = "tests/large"
_SERVE = "from tests.benchmarks.pull_speed import serve; serve()"
_PLAIN = "import sys; from huggingface_hub import snapshot_download; "
_PLAIN += "snapshot_download(sys.argv[1], cache_dir=sys.argv[2])"


class _NoHash:
    """Stands in for SHA-256 and says what it should."""

    def __init__(self, told: str) -> None:
        self._told = told

    def update(self, _data: bytes) -> None:
        pass

    def hexdigest(self) -> str:
        return self._told


def make_files(folder: Path, megabytes: int, files: int) -> None:
    """A whole model in shards: random weights, an index, a configuration, a tokenizer."""
    from safetensors.numpy import save_file

    chance = np.random.default_rng(1)
    rows = megabytes * 1_000_000 // files // 4096
    names = {}
    for number in range(1, files + 1):
        tensor, name = f"model.layers.{number}.weight", f"model-{number:05}-of-{files:05}"
        weights = chance.standard_normal((rows, 1024), dtype=np.float32)
        save_file({tensor: weights}, folder / f"{name}.safetensors")
        names[tensor] = f"{name}.safetensors"
    index = json.dumps({"weight_map": names})
    (folder / "model.safetensors.index.json").write_text(index)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "tokenizer.json").write_text("{}")


def serve() -> None:
    """The Hub's process: the folder comes as an argument, the address goes out, its end ends it."""
    from tests.hub.server import HubServer

    with HubServer() as hub:
        folder = Path(sys.argv[1])
        hub.add_model(REPO, {path.name: path for path in folder.iterdir()}, card={"license": "mit"})
        sys.stdout.write(f"{hub.url}\n")
        sys.stdout.flush()
        sys.stdin.read()


@contextlib.contextmanager
def hub_process(folder: Path) -> Iterator[str]:
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(folder)], stdin=pipe, stdout=pipe, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def plain(cache: Path) -> None:
    from huggingface_hub import snapshot_download

    snapshot_download(REPO, cache_dir=cache, endpoint=os.environ["HF_ENDPOINT"])


def ours(cache: Path) -> None:
    from lwtui.dock import pull, pull_plan
    from lwtui.dock.transport import Traffic
    from lwtui.jobs import JobContext

    os.environ["HF_HUB_CACHE"] = str(cache)
    plan = pull_plan.make_plan(REPO, lambda _: None)
    pull.transfer(plan, JobContext(lambda _: None), Traffic())


def ours_unhashed(cache: Path) -> None:
    from lwtui.dock import download

    start = download._Partial._start

    def unhashed(self: download._Partial) -> None:
        start(self)
        self._digest = _NoHash(download.etag_of(self._file))  # type: ignore[assignment]

    with mock.patch.object(download._Partial, "_start", unhashed):
        ours(cache)


def plain_command(cache: Path) -> None:
    subprocess.run([sys.executable, "-c", _PLAIN, REPO, str(cache)], check=True)


def our_command(cache: Path) -> None:
    command = [sys.executable, "-m", "lwtui", "pull", REPO, "--json"]
    environment = {**os.environ, "HF_HUB_CACHE": str(cache)}
    subprocess.run(command, env=environment, check=True, capture_output=True)


WAYS: dict[str, Callable[[Path], None]] = {
    "snapshot_download": plain,
    "lwtui": ours,
    "lwtui, no hash": ours_unhashed,
    "snapshot_download, whole process": plain_command,
    "lwtui pull, whole process": our_command,
}


def seconds(way: Callable[[Path], None], folder: Path) -> float:
    started = time.perf_counter()
    way(folder)
    taken = time.perf_counter() - started
    with Collection.open() as collection:
        if collection.find(REPO) is not None:
            collection.remove(REPO)
    shutil.rmtree(folder)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=300)
    parser.add_argument("--files", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        (root / "files").mkdir()
        make_files(root / "files", asked.megabytes, asked.files)
        with hub_process(root / "files") as url:
            settings = {"HF_ENDPOINT": url, "HF_HOME": str(root / "home"), "LWTUI_HOME": str(root)}
            os.environ.update(settings, HF_HUB_DISABLE_PROGRESS_BARS="1")
            taken: dict[str, list[float]] = {name: [] for name in WAYS}
            numbers = itertools.count()
            for rounds in range(asked.rounds + 1):
                names = list(WAYS) if rounds % 2 else list(WAYS)[::-1]
                for name in names:
                    spent = seconds(WAYS[name], root / f"cache{next(numbers)}")
                    if rounds:  # the first warms up
                        taken[name].append(spent)
    print(f"{asked.megabytes} MB in {asked.files} files over loopback, {asked.rounds} rounds")
    for name, all_of_it in taken.items():
        told = " ".join(f"{each:.2f}" for each in all_of_it)
        print(f"{name:34} median {statistics.median(all_of_it):.2f} s   ({told})")
    median = {name: statistics.median(each) for name, each in taken.items()}
    for ours_name, plain_name in (
        ("lwtui", "snapshot_download"),
        ("lwtui, no hash", "snapshot_download"),
        ("lwtui pull, whole process", "snapshot_download, whole process"),
    ):
        print(f"{ours_name} / {plain_name}: {median[ours_name] / median[plain_name]:.2f}")


if __name__ == "__main__":
    main()
