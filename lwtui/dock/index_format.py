"""A published index: the specifications of many learnwares, in a dataset repository of the Hub.

    index.json                        schema, counts, every other file with its size and SHA-256
    semantics.parquet                 a row per learnware: id, commit, words to filter by, manifest
    specifications-00000.safetensors  those of one space and recipe, stacked: (rows, length)

A learnware's row says which rows of which files are its specifications and carries their headers,
so that each specification's file can be made again, byte for byte as it was published. Learnwares
are dealt to files by a hash of their id: one that is added changes one file and the Parquet.

This file writes; ``index_reader.py`` reads what a stranger may have written.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lwtui import __version__
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.model import Learnware
from lwtui.learnware.storage import hash_file, write_atomically

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = 1
INDEX = "index.json"
SEMANTICS = "semantics.parquet"
PER_FILE = 256
"""Specifications of a file, about: 30 MB in the starter space. Powers of two of files, so that a
larger index moves few learnwares to other files."""

Entry = tuple[Learnware, Mapping[str, bytes]]
"""A learnware, and its specification files by their names in its manifest."""


@dataclass(frozen=True)
class IndexFile:
    """A file of an index."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Summary:
    """What ``index.json`` says."""

    learnwares: int
    specifications: int
    spaces: dict[str, int]
    """Specifications by ``space/recipe``."""
    files: tuple[IndexFile, ...]

    @property
    def size(self) -> int:
        """Bytes of all files but itself."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True)
class _Stacked:
    """A specification on its way into a file."""

    id: str
    file: str
    facts: str
    """The header's texts, as JSON."""
    tensors: dict[str, Any]
    """As they were stored, unchanged."""
    group: tuple[Any, ...]
    """What must be equal to lie in one file."""


def specification_bytes(facts: str, tensors: Mapping[str, Any]) -> bytes:
    """A specification's file from its header's texts (a JSON object of one) and its tensors, as
    ``Specification`` writes it: equal ones give equal bytes. Raises ``ValueError``."""
    from safetensors.numpy import save

    metadata = json.loads(facts)
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("not an object of texts")
    return save(dict(tensors), metadata=metadata)


def write_index(
    folder: Path, entries: Iterable[Entry], context: JobContext | None = None
) -> Summary:
    """Write an index of ``entries`` into ``folder``, which is made, or holds an older index that is
    replaced; ``index.json`` comes last. Ids may occur once. Raises ``BadInput``, ``Cancelled``."""
    context = context or JobContext()
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, dict[str, Any]] = {}
    groups: dict[tuple[Any, ...], list[_Stacked]] = defaultdict(list)
    for learnware, files in entries:
        context.check()
        if learnware.id.casefold() in rows:
            raise BadInput(f"{learnware.id} is there twice.")
        rows[learnware.id.casefold()] = _row(learnware)
        for one in _stacked(learnware, files):
            groups[one.group].append(one)
    written: list[str] = []
    spaces: dict[str, int] = {}
    for number, dealt in enumerate(_dealt(groups)):
        context.progress(number, None, "writing the index")
        name = f"specifications-{number:05}.safetensors"
        _write_stack(folder / name, dealt)
        written.append(name)
        kind = "/".join(dealt[0].group[:2])
        spaces[kind] = spaces.get(kind, 0) + len(dealt)
        for place, one in enumerate(dealt):
            told = {"stack": number, "row": place, "file": one.file, "facts": one.facts}
            rows[one.id.casefold()]["specifications"].append(told)
    _write_semantics(folder / SEMANTICS, [rows[id] for id in sorted(rows)])
    return _finish(folder, len(rows), spaces, [SEMANTICS, *written])


def _row(learnware: Learnware) -> dict[str, Any]:
    from dataclasses import replace

    from lwtui.learnware.manifest_writer import render_manifest

    semantic, model = learnware.semantic, learnware.model
    bare = replace(
        learnware,
        model=replace(model, folder=""),
        provenance=replace(learnware.provenance, added=""),
        extra={},
        models_folder=None,
        pulled=True,
        specs_folder=None,
    )
    return {
        "id": learnware.id,
        "revision": learnware.provenance.revision,
        "kind": model.kind,
        "base": model.base,
        "parameters": model.parameters,
        "size": learnware.size,
        "title": semantic.title,
        "description": semantic.description,
        "domain": semantic.domain,
        "task": semantic.task,
        "languages": list(semantic.languages),
        "licence": semantic.licence,
        "tags": list(semantic.tags),
        "data": [source.name for source in semantic.data],
        "manifest": render_manifest(bare),
        "specifications": [],
    }


def _stacked(learnware: Learnware, files: Mapping[str, bytes]) -> Iterator[_Stacked]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    for entry in learnware.specifications:
        data = files[entry.file]
        try:
            tensors = load(data)
            header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
            facts = json.dumps(header["__metadata__"], sort_keys=True)
        except (SafetensorError, KeyError, ValueError) as error:
            raise BadInput(f"{learnware.id}: {entry.file} is no specification.") from error
        if specification_bytes(facts, tensors) != data:
            raise BadInput(
                f"{learnware.id}: {entry.file} was not written as lwtui writes it, and could not "
                "be made again from an index.",
                hint="Compute it anew: lwtui specify.",
            )
        shapes = tuple(sorted((k, str(t.dtype), *t.shape) for k, t in tensors.items()))
        group = (entry.space, entry.recipe, shapes)
        yield _Stacked(learnware.id, entry.file, facts, tensors, group)


def _dealt(groups: Mapping[tuple[Any, ...], list[_Stacked]]) -> Iterator[list[_Stacked]]:
    """The stacks, in an order that follows from what is in them."""
    for group in sorted(groups, key=repr):
        found = groups[group]
        count = 1
        while len(found) > count * PER_FILE:
            count *= 2
        dealt: dict[int, list[_Stacked]] = defaultdict(list)
        for one in sorted(found, key=lambda one: (one.id, one.file)):
            digest = hashlib.blake2b(one.id.casefold().encode(), digest_size=8).digest()
            dealt[int.from_bytes(digest, "little") % count].append(one)
        yield from (dealt[place] for place in sorted(dealt))


def _write_stack(path: Path, dealt: list[_Stacked]) -> None:
    import numpy as np
    from safetensors.numpy import save

    names = sorted(dealt[0].tensors)
    stacks = {name: np.stack([one.tensors[name] for one in dealt]) for name in names}
    space, recipe = dealt[0].group[:2]
    # One text: the order of several would change from run to run.
    told = json.dumps({"recipe": recipe, "space": space}, sort_keys=True)
    write_atomically(path, save(stacks, metadata={"lwtui.index": told}))


def schema() -> pa.Schema:
    """Columns of the Parquet file."""
    import pyarrow as pa

    text, texts = pa.string(), pa.list_(pa.string())
    place = pa.struct([("stack", pa.int32()), ("row", pa.int32()), ("file", text), ("facts", text)])
    return pa.schema(
        [
            ("id", text), ("revision", text), ("kind", text), ("base", text),
            ("parameters", pa.int64()), ("size", pa.int64()), ("title", text),
            ("description", text), ("domain", text), ("task", text), ("languages", texts),
            ("licence", text), ("tags", texts), ("data", texts), ("manifest", text),
            ("specifications", pa.list_(place)),
        ]
    )  # fmt: skip


def _write_semantics(path: Path, rows: list[dict[str, Any]]) -> None:
    import io

    import pyarrow as pa
    from pyarrow import parquet

    buffer = io.BytesIO()
    table = pa.Table.from_pylist(rows, schema=schema())
    parquet.write_table(table, buffer, compression="zstd", row_group_size=4096)
    write_atomically(path, buffer.getvalue())


def _finish(folder: Path, count: int, spaces: dict[str, int], names: list[str]) -> Summary:
    """Write ``index.json``, and remove stacks of an older, larger index."""
    files = tuple(IndexFile(name, *hash_file(folder / name)) for name in names)
    summary = Summary(count, sum(spaces.values()), dict(sorted(spaces.items())), files)
    told = {
        "schema": SCHEMA,
        "made_by": f"lwtui {__version__}",
        "learnwares": summary.learnwares,
        "specifications": summary.specifications,
        "spaces": summary.spaces,
        "files": [{"path": f.path, "size": f.size, "sha256": f.sha256} for f in files],
    }
    write_atomically(folder / INDEX, (json.dumps(told, indent=1) + "\n").encode())
    for old in folder.glob("specifications-[0-9][0-9][0-9][0-9][0-9].safetensors"):
        if old.name not in names:
            old.unlink()
    return summary
