"""Pulls through everything that can go wrong: how each ends, what is left, whether it goes on.

    python -m tests.benchmarks.pull_faults

Each line is a pull of an adapter and its base (12 MB) from the loopback Hub with one fault, then
the same pull again without it. Patience is shortened (2 s of silence, pauses of 0.1 s), so that the
table takes minutes and not an hour. After each, every file entered is hashed again.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from lwtui.dock import download
from lwtui.dock.transport import Patience
from lwtui.errors import Cancelled, LwtuiError
from lwtui.jobs import Progress
from lwtui.learnware.collection import Collection
from lwtui.learnware.storage import human_size
from tests.dock.pulling import ADAPTER, BASE, add_adapter, add_base, fetch, sound
from tests.hub.faults import Fault, rate_limited
from tests.hub.repositories import git_blob
from tests.hub.server import HubServer
from tests.learnware.builders import write_base

WEIGHTS = "/cdn/*/model.safetensors"
ASKED = "*/tests/tiny-base/resolve/*/model.safetensors"
MB = 1_000_000
WIDTH = 600
"""Makes weights of 11.6 MB."""
NOWHERE = "http://127.0.0.1:9"
SHORT = Patience(silence=2.0, floor=100_000, floor_seconds=2.0, pauses=(0.1, 0.1, 0.1))


@dataclass
class Scene:
    """A fault: how it is arranged, and what ends it."""

    name: str
    arrange: Callable[[HubServer], Any]
    mend: Callable[[HubServer], Any] = lambda hub: hub.faults.clear()
    around: Callable[[], AbstractContextManager[Any]] = nullcontext
    stop_at: int = 0
    """Cancel when so many bytes are here."""


def fault(kind: str, path: str = WEIGHTS, **more: Any) -> Callable[[HubServer], Any]:
    return lambda hub: hub.inject(Fault(kind, path, method="GET", **more))  # type: ignore[arg-type]


def attribute(name: str, value: Any) -> Callable[[HubServer], Any]:
    return lambda hub: setattr(hub, name, value)


def lie(path: str, **told: Any) -> Callable[[HubServer], Any]:
    return lambda hub: hub.lie(BASE, path, **told)


def truth(hub: HubServer) -> None:
    folder = Path(tempfile.mkdtemp())
    base = write_base(folder, width=WIDTH)
    told = {"model.safetensors": base / "model.safetensors", "tokenizer.json": "{} "}
    hub.add_commit(BASE, told)


@contextmanager
def full_disk() -> Iterator[None]:
    write = download._Partial.write

    def full(self: download._Partial, data: bytes) -> None:
        if self.size > 5 * MB:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, data)

    with mock.patch.object(download._Partial, "write", full):
        yield


@contextmanager
def little_space() -> Iterator[None]:
    usage = shutil.disk_usage("/")._replace(free=9 * MB)
    with mock.patch.object(shutil, "disk_usage", return_value=usage):
        yield


@contextmanager
def setting(name: str, value: str) -> Iterator[None]:
    with mock.patch.dict(os.environ, {name: value}):
        yield


def no_range_and_cut(hub: HubServer) -> None:
    hub.inject(Fault("no_range", WEIGHTS, times=-1))
    hub.inject(Fault("cut", WEIGHTS, times=2, after=5 * MB, method="GET"))


def gate(how: str | bool) -> Callable[[HubServer], Any]:
    return lambda hub: setattr(hub.repositories["model", BASE], "gated", how)


def move_on(hub: HubServer) -> None:
    hub.faults.clear()
    hub.add_commit(BASE, {"new.txt": "newer"})


SCENES = [
    Scene("connection cut, three times", fault("cut", after=3 * MB, times=3)),
    Scene("connection cut each 1 MB", fault("cut", after=MB, times=-1)),
    Scene("connection cut before the first byte, always", fault("cut", after=0, times=-1)),
    Scene("stalls after 4 MB, once", fault("hang", after=4 * MB)),
    Scene("never answers", fault("hang", ASKED, times=-1)),
    Scene("drips 1 kB/s, once", fault("drip", rate=1000)),
    Scene("ignores ranges, cut twice", no_range_and_cut),
    Scene("no ETag anywhere", lambda hub: hub.inject(Fault("no_etag", "*", times=-1))),
    Scene("ends early as if complete, once", fault("truncate", after=2 * MB)),
    Scene("ends early as if complete, always", fault("truncate", after=2 * MB, times=-1)),
    Scene("one byte wrong, once", fault("corrupt", after=6 * MB)),
    Scene("one byte wrong, always", fault("corrupt", after=6 * MB, times=-1)),
    Scene("lists a false SHA-256", lie("model.safetensors", sha256="0" * 64), truth),
    Scene("lists a false Git hash", lie("tokenizer.json", oid="0" * 40), truth),
    Scene("lists too small a size", lie("model.safetensors", size=5 * MB), truth),
    Scene("lists too large a size", lie("model.safetensors", size=50 * MB), truth),
    Scene("429, Retry-After 1", lambda hub: hub.inject(rate_limited(1, ASKED))),
    Scene("429, Retry-After 3600, always", lambda hub: hub.inject(rate_limited(3600, ASKED, -1))),
    Scene("429 when asked for the list", lambda hub: hub.inject(rate_limited(1, "*/tree/*"))),
    Scene("500, twice", fault("status", ASKED, times=2)),
    Scene("500, always", fault("status", ASKED, times=-1)),
    Scene("sign-in page of a network, once", fault("html", ASKED)),
    Scene("sign-in page of a network, always", fault("html", ASKED, times=-1)),
    Scene("redirects for ever", fault("redirect_loop", ASKED, times=-1)),
    Scene("a list of 1 GB", fault("gigantic", "*/tree/*", times=-1)),
    Scene("xet: token refused", attribute("xet", "refused"), attribute("xet", "")),
    Scene("xet: storage answers 500", attribute("xet", "error"), attribute("xet", "")),
    Scene("xet: storage hangs", attribute("xet", "hang"), attribute("xet", "")),
    Scene(
        "a mirror that is no Hub (olah)", attribute("foreign", True), attribute("foreign", False)
    ),
    Scene("file removed meanwhile (404)", fault("status", ASKED, times=-1, status=404)),
    Scene("signed address refused (403)", fault("status", WEIGHTS, times=-1, status=403)),
    Scene("gated", gate("manual"), gate(False)),
    Scene("disk full after 5 MB", lambda _: None, around=full_disk),
    Scene("too little space before", lambda _: None, around=little_space),
    Scene("HF_HUB_OFFLINE", lambda _: None, around=lambda: setting("HF_HUB_OFFLINE", "1")),
    Scene("nothing listens", lambda _: None, around=lambda: setting("HF_ENDPOINT", NOWHERE)),
    Scene("wrong token", lambda _: None, around=lambda: setting("HF_TOKEN", "hf_wrong")),
    Scene("cancelled at 6 MB", fault("hang", after=6 * MB), stop_at=6 * MB),
    Scene("branch moves on while stopped", fault("hang", after=6 * MB), move_on, stop_at=6 * MB),
]


def run(scene: Scene) -> tuple[str, str, str]:
    """How the pull ended, what was left on disk, how the next one ended."""
    with tempfile.TemporaryDirectory() as temporary, HubServer() as hub:
        root = Path(temporary)
        os.environ.update(
            HF_ENDPOINT=hub.url,
            HF_HOME=str(root / "hf"),
            HF_HUB_CACHE=str(root / "hf" / "hub"),
            LWTUI_HOME=str(root / "home"),
        )
        add_base(hub, root)
        write_base(root / "base", width=WIDTH)
        hub.add_commit(BASE, {"model.safetensors": root / "base" / "model.safetensors"})
        add_adapter(hub, root, width=WIDTH)
        scene.arrange(hub)
        with scene.around():
            outcome = attempt(scene.stop_at)
        left = on_disk(root / "hf" / "hub")
        scene.mend(hub)
        if outcome == "completed":
            return outcome, left, "—"
        before = len(hub.requests)
        again = attempt(0)
        ranges = [h["range"] for _, _, h in hub.requests[before:] if "range" in h]
        started = f", from {human_size(int(ranges[0][6:-1]))}" if ranges else ""
        return outcome, left, again + started


def attempt(stop_at: int) -> str:
    def seen(progress: Progress) -> None:
        if stop_at and progress.done >= stop_at:
            raise Cancelled()

    try:
        learnware = fetch(ADAPTER, seen=seen, patience=SHORT)
    except Cancelled:
        return "stopped"
    except LwtuiError as error:
        return f"refused: {error.message}"
    return "completed" if sound(learnware) else "CORRUPT"


def on_disk(cache: Path) -> str:
    """Bytes of partial and whole files, and what the collection has; says what must not be."""
    partial = sum(path.stat().st_size for path in cache.rglob("*.incomplete"))
    blobs = [path for path in cache.rglob("blobs/*") if path.suffix != ".incomplete"]
    wrong = [path for path in blobs if not hash_right(path)]
    with Collection.open() as collection:
        entered = [each for each in collection.list() if not each.id.startswith("starter/")]
    unsound = [each.id for each in entered if not sound(each)]
    told = [f"{human_size(partial)} of a part" if partial else ""]
    told += [f"{human_size(sum(path.stat().st_size for path in blobs))} whole" if blobs else ""]
    told += [f"{len(entered)} entered" if entered else ""]
    told += ["CORRUPT" if wrong or unsound else ""]
    return ", ".join(each for each in told if each) or "nothing"


def hash_right(path: Path) -> bool:
    data = path.read_bytes()
    if len(path.name) == 64:
        return hashlib.sha256(data).hexdigest() == path.name
    return git_blob(data) == path.name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="Scenes whose name has this in it.")
    asked = parser.parse_args()
    print("| fault | outcome | left on disk | the same pull again, without the fault |")
    print("| --- | --- | --- | --- |")
    bad = 0
    for scene in SCENES:
        if asked.only in scene.name:
            outcome, left, again = run(scene)
            bad += "CORRUPT" in left + outcome + again or not again.startswith(("—", "completed"))
            print(f"| {scene.name} | {outcome} | {left} | {again} |", flush=True)
    print(f"\n{bad} of them left something corrupt or could not go on.")


if __name__ == "__main__":
    main()
