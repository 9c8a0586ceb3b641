"""kill -9 at any point: after it, every learnware is whole or absent."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lwtui.learnware.checks import check_static
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware, ModelInfo
from lwtui.learnware.storage import hash_file

from .builders import write_adapter

WORKER = """
import itertools, sys
from pathlib import Path
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware, ModelInfo, SpecificationEntry

home, starter, source, prefix = Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
weights = {path.name: path for path in source.iterdir()}
entry = SpecificationEntry("pave", "gradient", "starter", "pave.safetensors")
specifications = {"pave.safetensors": source / "adapter_model.safetensors"}
with Collection.open(home, starter) as collection:
    print("ready", flush=True)
    for number in itertools.count():
        identifier = f"local/{prefix}-{number}"
        model = ModelInfo("adapter", base="local/base")
        learnware = Learnware(identifier, model, specifications=(entry,))
        collection.add(learnware, weights, specifications)
        if number % 3 == 2:
            collection.remove(f"local/{prefix}-{number - 1}")
"""

STEPS = [
    "lwtui.learnware.adding:copy_file",
    "lwtui.learnware.adding:write_manifest",
    "lwtui.learnware.transaction:write_atomically",
    "lwtui.learnware.transaction:sync_folder",
    "lwtui.learnware.storage:sync_folder",
    "lwtui.learnware.index:Index.update",
    "pathlib:Path.rename",
    "pathlib:Path.replace",
    "shutil:rmtree",
    "pathlib:Path.unlink",
]
DYING = """
import importlib, os, signal, sys
from pathlib import Path
from lwtui.learnware import adding, index, storage, transaction
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware, ModelInfo

home, starter, source, verb, step, when = *map(Path, sys.argv[1:4]), *sys.argv[4:7]
module, name = step.split(":")
owner = importlib.import_module(module)
*outer, name = name.split(".")
for part in outer:
    owner = getattr(owner, part)
original, left = getattr(owner, name), [int(when)]

def dying(*arguments, **options):
    left[0] -= 1
    if left[0] == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*arguments, **options)

with Collection.open(home, starter) as collection:
    setattr(owner, name, dying)
    if verb == "add":
        weights = {path.name: path for path in source.iterdir()}
        collection.add(Learnware("local/one", ModelInfo("adapter", base="local/base")), weights)
    else:
        collection.remove("local/one")
"""


def command(code: str, *arguments: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, arguments)]


def check_whole(home: Path, starter: Path, source: Path) -> list[str]:
    """Open the collection and check that all there is is whole; return the ids."""
    expected = {path.name: hash_file(path) for path in source.iterdir()}
    with Collection.open(home, starter) as collection:
        assert collection.problems == []
        found = collection.list()
        for learnware in found:
            assert learnware.models_folder is not None
            files = {f.path: (f.size, f.sha256) for f in learnware.model.files}
            assert files == expected
            for name in files:
                assert hash_file(learnware.models_folder / name) == expected[name]
            items = {item.name: item.ok for item in check_static(learnware, None).items}
            assert items["files"]
            assert items["weights"]
            assert items["specification"] or not learnware.specifications
        known = {learnware.id for learnware in found}
    for tree in ("models", "specs"):
        folders = {
            f"{folder.parent.name}/{folder.name}"
            for folder in (home / tree).glob("*/*")
            if not folder.parent.name.startswith(".")
        }
        assert folders == known, f"{tree}/ holds something that is no learnware"
        left = [path.name for path in (home / tree / ".staging").glob("*")]
        assert left == [], f"leftovers in {tree}/"
    return sorted(known)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_killed_at_random_points(home: Path, starter: Path, tmp_path: Path) -> None:
    source = write_adapter(tmp_path / "source")
    generator = random.Random(20_240_501)
    total = 0
    for round_ in range(8):
        # Two at once: a process that lives must not lose what the dying one leaves.
        workers = [
            subprocess.Popen(
                command(WORKER, home, starter, source, f"r{round_}{side}"),
                stdout=subprocess.PIPE,
                text=True,
            )
            for side in "ab"
        ]
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        deadline = time.monotonic() + generator.uniform(0.02, 0.4)
        for worker in workers:
            try:
                # The wait is the test's own clock: it ends early only if the worker failed.
                worker.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.kill()
            assert worker.wait() == -signal.SIGKILL
            assert worker.stdout is not None
            worker.stdout.close()
            deadline += generator.uniform(0.0, 0.1)
        total = len(check_whole(home, starter, source))
    assert total > 0


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("verb", ["add", "remove"])
def test_killed_at_every_step(
    home: Path, starter: Path, tmp_path: Path, step: str, verb: str
) -> None:
    source = write_adapter(tmp_path / "source")
    learnware = Learnware("local/one", ModelInfo("adapter", base="local/base"))
    deaths = 0
    for when in range(1, 20):
        with Collection.open(home, starter) as collection:
            present = collection.find("local/one") is not None
            if verb == "add" and present:
                collection.remove("local/one")
            elif verb == "remove" and not present:
                collection.add(learnware, {path.name: path for path in source.iterdir()})
        result = subprocess.run(
            command(DYING, home, starter, source, verb, step, when), check=False
        )
        found = check_whole(home, starter, source)
        assert found in ([], ["local/one"])
        if result.returncode == 0:
            assert found == (["local/one"] if verb == "add" else [])
            break
        assert result.returncode == -signal.SIGKILL
        deaths += 1
    else:
        pytest.fail("more steps than expected")
    assert deaths > 0 or (verb, step) in NOT_TAKEN


NOT_TAKEN = {
    ("remove", "lwtui.learnware.adding:copy_file"),
    ("remove", "lwtui.learnware.adding:write_manifest"),
    ("remove", "lwtui.learnware.storage:sync_folder"),
}
"""Steps that a verb does not take."""
