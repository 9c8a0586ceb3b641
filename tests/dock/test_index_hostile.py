"""An index that lies: refused whole, or the learnware that lies left out."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lwtui.dock import index_format
from lwtui.dock.index_format import INDEX, SEMANTICS, write_index
from lwtui.dock.index_reader import IndexReader, read_summary
from lwtui.errors import BadInput, LwtuiError
from lwtui.workflow import index
from tests.hub.server import HubServer

from .indexed import REPO, entry, folder, known, other, publish, read, shipped

__all__ = ["folder"]

Spoil = Callable[[Path], None]


def spoil_json(**changes: object) -> Spoil:
    def spoil(folder: Path) -> None:
        told = json.loads((folder / INDEX).read_text())
        (folder / INDEX).write_text(json.dumps({**told, **changes}))

    return spoil


def spoil_file(**changes: object) -> Spoil:
    def spoil(folder: Path) -> None:
        told = json.loads((folder / INDEX).read_text())
        told["files"][1].update(changes)
        (folder / INDEX).write_text(json.dumps(told))

    return spoil


def nonsense(folder: Path) -> None:
    (folder / INDEX).write_bytes(b"[" * 200_000)


def huge(folder: Path) -> None:
    (folder / INDEX).write_bytes(b" " * (5 << 20))


def tampered(folder: Path) -> None:
    path = folder / "specifications-00000.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "spoil",
    [
        nonsense,
        huge,
        tampered,
        spoil_json(schema=99),
        spoil_json(schema="1"),
        spoil_json(files=[]),
        spoil_json(files=[{"path": SEMANTICS}] * 5000),
        spoil_json(learnwares=-1),
        spoil_json(learnwares=10**12),
        spoil_json(learnwares=7),
        spoil_file(path="../../../outside.safetensors"),
        spoil_file(path="/etc/passwd"),
        spoil_file(path=SEMANTICS),
        spoil_file(path="pickle.bin"),
        spoil_file(size=10**15),
        spoil_file(size=1),
        spoil_file(size=True),
        spoil_file(sha256="0" * 64),
        spoil_file(sha256="x"),
    ],
)
def test_an_index_that_lies_is_refused_whole(hub: HubServer, folder: Path, spoil: Spoil) -> None:
    write_index(folder, [entry("o/one")])
    spoil(folder)
    publish(hub, folder)
    with pytest.raises(LwtuiError) as caught:
        index.subscribe(REPO)
    assert len(str(caught.value)) < 600
    assert index.subscriptions() == () or known() == {}
    assert known() == {}


def rewrite(folder: Path, change: Callable[[list[dict[str, object]]], None]) -> None:
    """Another Parquet, with an ``index.json`` that fits it."""
    import hashlib

    import pyarrow as pa
    from pyarrow import parquet

    path = folder / SEMANTICS
    rows = parquet.read_table(path).to_pylist()
    change(rows)
    parquet.write_table(pa.Table.from_pylist(rows, schema=index_format.schema()), path)
    told = json.loads((folder / INDEX).read_text())
    data = path.read_bytes()
    told["files"][0].update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    told["learnwares"] = len(rows)
    (folder / INDEX).write_text(json.dumps(told))


def first(**changes: object) -> Callable[[list[dict[str, object]]], None]:
    return lambda rows: rows[0].update(changes)


def placed(**changes: object) -> Callable[[list[dict[str, object]]], None]:
    return lambda rows: rows[0]["specifications"][0].update(changes)  # type: ignore[index]


def told(old: str, new: str) -> Callable[[list[dict[str, object]]], None]:
    return lambda rows: rows[0].update(manifest=str(rows[0]["manifest"]).replace(old, new))


@pytest.mark.parametrize(
    "change",
    [
        first(id="../../outside"),
        first(id="o/two"),
        first(id=None),
        first(manifest="schema = 1\nid = 'o/bad'\n[model]\nkind = 'virus'\n"),
        first(manifest=None),
        first(specifications=None),
        first(specifications=[]),
        placed(row=99),
        placed(row=-1),
        placed(stack=7),
        placed(file="other.safetensors"),
        placed(facts="{}"),
        placed(facts="[1]"),
        placed(facts='{"lwtui.specification": 5}'),
        placed(facts='{"lwtui.specification": "{}"}'),
        placed(facts="[" * 50_000),
        told('file = "pave', 'file = "../../pave'),
        told('sha256 = "', 'sha256 = "0'),
        told('space = "starter', 'space = "other'),
    ],
)
def test_a_learnware_that_lies_is_left_out_and_the_rest_is_read(
    folder: Path, change: Callable[[list[dict[str, object]]], None]
) -> None:
    write_index(folder, [entry("o/bad", other(1)), entry("o/good", other(2))])
    rewrite(folder, change)
    found, problems = read(folder)
    assert [learnware.id for learnware, _ in found] == ["o/good"]
    assert len(problems) == 1
    assert len(problems[0]) < 400


def test_numbers_that_are_none_are_left_out(folder: Path) -> None:
    learnware, _ = entry("o/bad")
    spoilt = dataclasses.replace(
        shipped(), parts={**shipped().parts, "prompt": np.full(28672, np.nan, np.float32)}
    )
    data = spoilt.to_bytes()
    bad = dataclasses.replace(learnware.specifications[0], sha256="")
    write_index(
        folder,
        [
            (dataclasses.replace(learnware, specifications=(bad,)), {bad.file: data}),
            entry("o/short", dataclasses.replace(shipped(), parts={"prompt": np.ones(5)})),
            entry("o/good"),
        ],
    )
    found, problems = read(folder)
    assert [learnware.id for learnware, _ in found] == ["o/good"]
    assert len(problems) == 2


def test_texts_are_cleaned_and_books_refused(folder: Path) -> None:
    write_index(folder, [entry("o/one", title="a\x1b[31mb\u202e", description="x " * 5000)])
    ((learnware, _),), _ = read(folder)
    assert learnware.semantic.title == "ab"
    assert len(learnware.semantic.description) <= 2000
    write_index(folder, [entry(f"o/m{n}") for n in range(3)])
    rewrite(folder, lambda rows: [row.update(revision="r" * 300_000) for row in rows])  # type: ignore[func-returns-value]
    with pytest.raises(BadInput, match="too long"):
        read(folder)


def test_a_file_that_is_not_parquet(folder: Path) -> None:
    write_index(folder, [entry("o/one")])
    summary = read_summary((folder / INDEX).read_bytes())
    (folder / SEMANTICS).write_bytes(b"PAR1 nonsense PAR1")
    reader = IndexReader(summary, {file.path: folder / file.path for file in summary.files})
    with pytest.raises(BadInput, match="Parquet"):
        list(reader.entries())
