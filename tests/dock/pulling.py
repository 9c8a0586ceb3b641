"""What the tests of pulls share: small real models on the loopback Hub, and a quick pull."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from lwtui.dock import pull as dock
from lwtui.dock.transport import Patience
from lwtui.errors import Cancelled
from lwtui.jobs import JobContext, Progress
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware
from tests.hub.faults import Fault
from tests.hub.server import HubServer
from tests.learnware.builders import write_adapter, write_base

BASE, ADAPTER, BIG = "tests/tiny-base", "tests/finance-adapter", "tests/big"
QUICK = Patience(silence=1.0, pauses=(0.05, 0.05, 0.05))
LFS = "adapter_model.safetensors"


def files_of(folder: Path) -> dict[str, Path]:
    return {path.name: path for path in folder.iterdir() if path.is_file()}


def add_base(hub: HubServer, folder: Path, **more: Any) -> str:
    base = write_base(folder / "base")
    (base / "tokenizer.json").write_text("{}")
    files = {**files_of(base), **more.pop("files", {})}
    return hub.add_model(BASE, files, card={"license": "apache-2.0"}, **more)


def add_adapter(hub: HubServer, folder: Path, **more: Any) -> str:
    shape = {name: more.pop(name) for name in ("base", "width") if name in more}
    adapter = write_adapter(folder / "adapter", **{"base": BASE, **shape})
    files = {**files_of(adapter), **more.pop("files", {})}
    card = {"license": "mit", "datasets": ["gsm8k"], "base_model": BASE}
    return hub.add_model(more.pop("name", ADAPTER), files, card=card, **more)


def add_big(hub: HubServer, folder: Path, megabytes: int = 8) -> bytes:
    """A whole model whose weights are worth more than one read; the bytes of its weights."""
    base = write_base(folder / "big")
    count = megabytes * 1024 * 1024 // 4
    numbers = np.random.default_rng(0).standard_normal(count, dtype=np.float32)
    save_file({"model.embed_tokens.weight": numbers.reshape(-1, 1024)}, base / "model.safetensors")
    (base / "tokenizer.json").write_text("{}")
    hub.add_model(BIG, files_of(base), card={"license": "mit"})
    return (base / "model.safetensors").read_bytes()


def fetch(
    repo: str,
    *,
    seen: Callable[[Progress], None] | None = None,
    patience: Patience = QUICK,
    **asked: str,
) -> Learnware:
    """A pull in this process."""
    with Collection.open() as collection:
        whole = {"repo": repo, "revision": "", "quantisation": "", "base": "", **asked}
        return dock.pull(whole, collection, JobContext(seen), patience)


def cache() -> Path:
    return Path(os.environ["HF_HUB_CACHE"])


def blob_folder(repo: str = BIG) -> Path:
    return cache() / f"models--{repo.replace('/', '--')}" / "blobs"


def partial_sizes(repo: str = BIG) -> list[int]:
    return sorted(path.stat().st_size for path in blob_folder(repo).glob("*.incomplete"))


def sound(learnware: Learnware) -> bool:
    """Whether every file is there and is what the manifest says."""
    folder = learnware.models_folder
    return folder is not None and all(
        hashlib.sha256((folder / file.path).read_bytes()).hexdigest() == file.sha256
        for file in learnware.model.files
    )


def ids() -> list[str]:
    """What is in the collection, without the starter's."""
    with Collection.open() as collection:
        return [each.id for each in collection.list() if not each.id.startswith("starter/")]


def gets(hub: HubServer, part: str) -> list[Mapping[str, str]]:
    """Headers of the GETs whose address has ``part`` in it."""
    return [headers for method, path, headers in hub.requests if method == "GET" and part in path]


def interrupt(hub: HubServer, at: int, repo: str = BIG) -> None:
    """Pull until ``at`` bytes of the weights have arrived, then cancel."""
    hub.inject(Fault("hang", "*model.safetensors", after=at, method="GET"))

    def stop(progress: Progress) -> None:
        if any(part.done >= at for part in progress.parts):
            raise Cancelled()

    with pytest.raises(Cancelled):
        fetch(repo, seen=stop, patience=Patience(silence=0.3))
    hub.faults.clear()
