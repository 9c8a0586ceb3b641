"""A pull killed in the middle: the collection opens, and the same pull completes."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from lwtui.workflow import pull as verbs
from tests.dock.pulling import BIG, add_big, blob_folder, ids, sound
from tests.hub.faults import Fault
from tests.hub.server import HubServer

KILLS = 4
CODE = "from lwtui.dock.pull import run; from lwtui.jobs import JobContext; "
CODE += f"run({{'repo': {BIG!r}}}, JobContext())"


def _held() -> int:
    return sum(path.stat().st_size for path in blob_folder().glob("*") if path.exists())


def test_killed_pulls_lose_nothing(hub: HubServer, tmp_path: Path) -> None:
    add_big(hub, tmp_path, megabytes=16)
    hub.inject(Fault("drip", "*model.safetensors", times=-1, rate=4_000_000, method="GET"))
    chance = random.Random(5)
    held = 0
    for _ in range(KILLS):
        with subprocess.Popen([sys.executable, "-c", CODE], stderr=subprocess.DEVNULL) as process:
            wanted = held + chance.randrange(500_000, 1_500_000)
            while process.poll() is None and _held() < wanted:
                time.sleep(0.005)
            os.kill(process.pid, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        assert _held() >= held
        held = _held()
        assert ids() == []
        assert [each.repo for each in verbs.unfinished()] == [BIG]
    hub.faults.clear()
    learnware = verbs.pull(BIG)
    assert sound(learnware)
    assert ids() == [BIG]
    assert verbs.unfinished() == []
    starts = [headers.get("range") for m, p, headers in hub.requests if "/cdn/" in p]
    assert all(start is not None for start in starts[1:])
