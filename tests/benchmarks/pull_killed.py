"""Kills pulls at random moments with signal 9 and looks what is left.

    python -m tests.benchmarks.pull_killed [--kills 50]

``lwtui pull`` of an adapter and its base (24 MB) from a loopback Hub that sends 6 MB a second to
each connection. By turns the command, the process it works in, or both are killed at a random time;
then the collection is opened and every file entered is hashed; then the same command goes on.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import psutil

from lwtui.learnware.collection import Collection
from lwtui.workflow import pull as verbs
from tests.dock.pulling import ADAPTER, BASE, add_adapter, add_base, sound
from tests.hub.faults import Fault
from tests.hub.server import HubServer
from tests.learnware.builders import write_base

WIDTH = 860
"""Makes weights of 23.8 MB."""
WHO = ("command", "worker", "both")


def entered() -> list[str]:
    """Ids in the collection; raises when one is not what its manifest says."""
    with Collection.open() as collection:
        found = [each for each in collection.list() if not each.id.startswith("starter/")]
        assert not collection.problems
    assert all(sound(each) for each in found)
    return [each.id for each in found]


def kill(process: subprocess.Popen[bytes], who: str) -> bool:
    """Kill as asked; True if there was something to kill."""
    with contextlib.suppress(psutil.NoSuchProcess):
        workers = psutil.Process(process.pid).children(recursive=True)
        targets = [] if who == "command" else [worker.pid for worker in workers]
        targets += [] if who == "worker" else [process.pid]
        alive = process.poll() is None and bool(targets)
        for pid in targets:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()
        psutil.wait_procs(workers, timeout=10)
        return alive
    return False


def held(cache: Path) -> int:
    return sum(path.stat().st_size for path in cache.glob("*/blobs/*"))


def start() -> subprocess.Popen[bytes]:
    quiet = subprocess.DEVNULL
    command = [sys.executable, "-m", "lwtui", "pull", ADAPTER, "--yes"]
    return subprocess.Popen(command, stdout=quiet, stderr=quiet)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    asked = parser.parse_args()
    chance = random.Random(11)
    told: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as temporary, HubServer() as hub:
        root = Path(temporary)
        cache = root / "hf" / "hub"
        settings = {"HF_HOME": str(root / "hf"), "LWTUI_HOME": str(root / "home")}
        os.environ.update(settings, HF_ENDPOINT=hub.url, HF_HUB_CACHE=str(cache))
        add_base(hub, root)
        write_base(root / "base", width=WIDTH)
        hub.add_commit(BASE, {"model.safetensors": root / "base" / "model.safetensors"})
        add_adapter(hub, root, width=WIDTH)
        hub.inject(Fault("drip", "/cdn/*", times=-1, rate=6_000_000, method="GET"))
        while told["kills"] < asked.kills:
            process = start()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(chance.uniform(0.3, 3.5))
            before = held(cache)
            if kill(process, WHO[told["kills"] % 3]):
                told["kills"] += 1
                told["in mid-transfer"] += before > 0 and ADAPTER not in entered()
                told["lost bytes"] += max(0, before - held(cache))
                there = entered()
                assert ADAPTER not in there or BASE in there
                unfinished = [each.repo for each in verbs.unfinished()]
                assert before == 0 or ADAPTER in there or unfinished == [ADAPTER]
                continue
            assert process.returncode == 0
            told["completed after kills"] += 1
            assert set(entered()) == {ADAPTER, BASE}
            with Collection.open() as collection:
                collection.remove(ADAPTER)
                collection.remove(BASE)
            shutil.rmtree(cache)
        if ADAPTER not in entered():
            assert start().wait() == 0
            told["completed after kills"] += 1
        assert set(entered()) == {ADAPTER, BASE}
        starts = [headers.get("range") for _, path, headers in hub.requests if "/cdn/" in path]
    print(", ".join(f"{name}: {count}" for name, count in told.items()))
    print(f"transfers that went on by byte range: {sum(each is not None for each in starts)}")
    print("the collection opened each time, and every file in it was what its manifest says")


if __name__ == "__main__":
    main()
