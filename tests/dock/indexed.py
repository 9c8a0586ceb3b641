"""An index of a few learnwares, for tests."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from lwtui.dock import index_format
from lwtui.dock.catalogue import specifications
from lwtui.dock.index_format import INDEX
from lwtui.dock.index_reader import IndexReader, check_file, read_summary
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import (
    Learnware,
    ModelFile,
    ModelInfo,
    Provenance,
    Semantic,
    SpecificationEntry,
)
from lwtui.spec.specification import Specification, load_specification
from tests.hub.server import HubServer

REPO = "curator/maths-index"
COMMIT = "a" * 40


def shipped(name: str = "gsm8k") -> Specification:
    return load_specification(specifications()[name].path)


def entry(id: str, found: Specification | None = None, **words: str) -> index_format.Entry:
    found = found or shipped()
    data = found.to_bytes()
    file = f"pave-{found.space}.safetensors"
    made = SpecificationEntry(
        "pave", found.recipe, found.space, file, found.digest(), found.rows, "training data", "x"
    )
    learnware = Learnware(
        id,
        ModelInfo("model", files=(ModelFile("model.safetensors", "safetensors", 4_000_000),)),
        Semantic(**{"title": id, "licence": "mit", "domain": "mathematics", **words}),  # type: ignore[arg-type]
        Provenance("hub", id, COMMIT),
        specifications=(made,),
    )
    return learnware, {file: data}


def other(seed: int) -> Specification:
    """Another task's specification."""
    source = np.random.default_rng(seed)
    parts = {
        name: (vector + 2 * source.standard_normal(len(vector))).astype(np.float32)
        for name, vector in shipped().parts.items()
    }
    return dataclasses.replace(shipped(), parts=parts, seed=seed)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


def publish(hub: HubServer, folder: Path, repo: str = REPO) -> str:
    return hub.add_dataset(repo, {path.name: path.read_bytes() for path in folder.iterdir()})


def read(folder: Path) -> tuple[list[index_format.Entry], list[str]]:
    summary = read_summary((folder / INDEX).read_bytes())
    for file in summary.files:
        check_file(folder / file.path, file)
    problems: list[str] = []
    reader = IndexReader(summary, {file.path: folder / file.path for file in summary.files})
    return list(reader.entries(COMMIT, problems.append)), problems


def known() -> dict[str, Learnware]:
    with Collection.open() as collection:
        return {each.id: each for each in collection.list(where="known")}


def fetched(hub: HubServer, start: int = 0) -> set[str]:
    """Files that were asked for whole."""
    return {
        path.split("?")[0].rsplit("/", 1)[1]
        for method, path, _ in hub.requests[start:]
        if method == "GET" and path.startswith(("/cdn/", "/api/resolve-cache/"))
    }
