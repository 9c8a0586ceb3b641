"""Reads a published index that a stranger may have written (its format: ``index_format.py``).

Nothing is believed: names, counts and sizes are limited before anything is read, every file's hash
is compared, texts are cut and cleaned, and each specification is loaded once to see that it is one.
What is wrong with a file refuses the index; what is wrong with a learnware leaves that one out.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lwtui.dock.index_format import (
    INDEX,
    SCHEMA,
    SEMANTICS,
    Entry,
    IndexFile,
    Summary,
    schema,
    specification_bytes,
)
from lwtui.dock.tidy import tidy_scores, tidy_semantic
from lwtui.errors import BadInput
from lwtui.learnware.grade import NAMED_DATASETS, OWN_ANSWERS, PUBLISHED
from lwtui.learnware.headers import safetensors_header
from lwtui.learnware.manifest import parse_manifest
from lwtui.learnware.model import Learnware, Provenance, SpecificationEntry, check_id
from lwtui.learnware.storage import hash_file
from lwtui.safe_text import one_line

INDEX_LIMIT = 4 * 1024 * 1024
MOST_LEARNWARES = 100_000
MOST_FILES = 4_096
LARGEST_FILE = 1 << 30
LARGEST = 1 << 34
"""Bytes of an index: a hundred thousand learnwares have 11.6 GB."""
_LONGEST_TEXT = 128 * 1024
_PER_LEARNWARE = 8
"""Specifications."""
_BATCH = 256
_NAME = re.compile(r"semantics\.parquet|specifications-\d{5}\.safetensors")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_HONEST = frozenset({NAMED_DATASETS, OWN_ANSWERS})
"""Origins that say less than "published", and stay what they are."""
_DTYPES = {"F16": "<f2", "F32": "<f4"}

Problem = Callable[[str], None]


def read_summary(data: bytes, name: str = INDEX) -> Summary:
    """What ``index.json`` says, if that can be. Raises ``BadInput``."""
    try:
        told = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInput("Not JSON.", file=name) from error
    if not isinstance(told, dict) or not isinstance(told.get("schema"), int):
        raise BadInput("This is no index of learnwares.", file=name)
    if told["schema"] > SCHEMA:
        raise BadInput(
            f"The index was made by a newer lwtui (schema {told['schema']}).",
            file=name,
            hint="Update lwtui.",
        )
    rows = told.get("files")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_FILES:
        raise BadInput("The list of files is missing or too long.", file=name, field="files")
    files = tuple(_file(row, name) for row in rows)
    names = [file.path for file in files]
    if names[0] != SEMANTICS or len(set(names)) < len(names):
        raise BadInput("The list of files is not one of an index.", file=name, field="files")
    if sum(file.size for file in files) > LARGEST:
        raise BadInput("The index is larger than one can be.", file=name)
    counts = [_count(told, key, name) for key in ("learnwares", "specifications")]
    spaces = told.get("spaces")
    spaces = spaces if isinstance(spaces, dict) else {}
    kinds = {one_line(kind, 80): value for kind, value in spaces.items() if isinstance(value, int)}
    return Summary(counts[0], counts[1], kinds, files)


def _file(row: Any, name: str) -> IndexFile:
    path = row.get("path") if isinstance(row, dict) else None
    if not isinstance(path, str) or not _NAME.fullmatch(path):
        raise BadInput(f"{path!r:.80} is no file of an index.", file=name, field="files")
    size, sha256 = row.get("size"), row.get("sha256")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 < size <= LARGEST_FILE:
        raise BadInput(f"{path} has a size that cannot be.", file=name, field="files")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise BadInput(f"{path} has no SHA-256.", file=name, field="files")
    return IndexFile(path, size, sha256)


def _count(told: Mapping[str, Any], key: str, name: str) -> int:
    value = told.get(key)
    most = MOST_LEARNWARES * _PER_LEARNWARE
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise BadInput("Not a number that can be.", file=name, field=key)
    return value


def check_file(path: Path, file: IndexFile) -> None:
    """Raise ``BadInput`` unless a fetched file is the one that ``index.json`` lists."""
    size = path.stat().st_size
    if size != file.size or hash_file(path)[1] != file.sha256:
        raise BadInput(
            f"{file.path} is not the file that the index lists (its size or hash differs).",
            hint="Try again; if it stays so, its author must publish the index again.",
        )


class IndexReader:
    """The learnwares of an index whose files are here and were checked."""

    def __init__(self, summary: Summary, files: Mapping[str, Path]) -> None:
        """``files`` by their names in the index. Raises ``BadInput`` if one makes no sense."""
        self.summary = summary
        self._semantics = files[SEMANTICS]
        self._stacks: dict[int, _Stack] = {}
        for name, path in files.items():
            if name != SEMANTICS:
                number = int(name.removeprefix("specifications-").removesuffix(".safetensors"))
                self._stacks[number] = _Stack(path, name)

    def entries(self, revision: str = "", problem: Problem = lambda _: None) -> Iterator[Entry]:
        """Each learnware with its specification files; why one is left out goes to ``problem``.
        Raises ``BadInput`` if the Parquet is not of this format."""
        seen: set[str] = set()
        with tempfile.TemporaryDirectory(prefix="lwtui-") as folder:
            scratch = Path(folder) / "specification.safetensors"
            for row in self._rows():
                try:
                    learnware, files = self._entry(row, scratch)
                    if learnware.id.casefold() in seen:
                        raise BadInput("it is there twice")
                except BadInput as error:
                    problem(f"{one_line(str(row['id']), 200)} was left out: {error.message}")
                    continue
                seen.add(learnware.id.casefold())
                yield learnware, files

    def _rows(self) -> Iterator[dict[str, Any]]:
        from pyarrow import ArrowException, parquet

        wanted = ["id", "revision", "manifest", "specifications"]
        texts = ["id", "revision", "manifest"]
        try:
            # As dictionaries: one text that a million rows repeat is one text here too.
            with parquet.ParquetFile(self._semantics, read_dictionary=texts) as file:
                if file.metadata.num_rows != self.summary.learnwares:
                    raise BadInput("It has another number of learnwares.", file=SEMANTICS)
                ours = schema()
                for name in wanted:
                    at = file.schema_arrow.get_field_index(name)
                    found = file.schema_arrow.field(at).type if at >= 0 else None
                    if str(getattr(found, "value_type", found)) not in _names(ours.field(name)):
                        raise BadInput("Not a column of an index.", file=SEMANTICS, field=name)
                for batch in file.iter_batches(_BATCH, columns=wanted):
                    _check_lengths(batch, texts)
                    yield from batch.to_pylist()
        except (ArrowException, OSError, ValueError) as error:
            raise BadInput(f"Not a sound Parquet file: {error}.", file=SEMANTICS) from error

    def _entry(self, row: Mapping[str, Any], scratch: Path) -> Entry:
        for name in ("id", "revision", "manifest"):
            if not isinstance(row[name], str):
                raise BadInput(f"it has no {name}")
        learnware = parse_manifest(row["manifest"], SEMANTICS)
        if check_id(row["id"]) != learnware.id:
            raise BadInput("its manifest is of another")
        places = row["specifications"]
        if not isinstance(places, list) or not 1 <= len(places) <= _PER_LEARNWARE:
            raise BadInput("it has no specification, or too many")
        listed = {entry.file: entry for entry in learnware.specifications}
        made: list[SpecificationEntry] = []
        files: dict[str, bytes] = {}
        for place in places:
            entry = listed.get(place["file"])
            if entry is None or entry.file in files:
                raise BadInput("a specification is not the one its manifest names")
            data = self._specification(place, entry, scratch)
            files[entry.file] = data
            made.append(_checked_entry(entry, data))
        return _known(learnware, row["revision"], tuple(made)), files

    def _specification(
        self, place: Mapping[str, Any], entry: SpecificationEntry, scratch: Path
    ) -> bytes:
        from lwtui.spec.space import spaces
        from lwtui.spec.specification import load_specification

        stack = self._stacks.get(place["stack"])
        if stack is None:
            raise BadInput("a specification lies in no file of the index")
        try:
            data = specification_bytes(place["facts"], stack.row(place["row"]))
        except (ValueError, TypeError, RecursionError) as error:
            raise BadInput("a specification's header makes no sense") from error
        if entry.sha256 and hashlib.sha256(data).hexdigest() != entry.sha256:
            raise BadInput("a specification is not the one that was published")
        scratch.write_bytes(data)
        try:
            found = load_specification(scratch)
        except (RecursionError, TypeError, ValueError) as error:
            raise BadInput("a specification's header makes no sense") from error
        if (found.space, found.recipe) != (entry.space, entry.recipe):
            raise BadInput("a specification is of another space or recipe than it says")
        space = next((each for each in spaces().values() if each.id == found.space), None)
        for name, vector in found.parts.items():
            if space is not None and vector.shape != (space.part_dimension(name),):
                raise BadInput(f"its part {name} does not fit the space {space.id}")
        return data


def _names(field: Any) -> set[str]:
    return {str(field.type), str(getattr(field.type, "value_type", field.type))}


def _check_lengths(batch: Any, texts: list[str]) -> None:
    """Before anything becomes Python's: no text of a book's length, none repeated into memory."""
    import pyarrow.compute as pc

    for name in texts:
        column = batch.column(name)
        values = column.dictionary if hasattr(column, "dictionary") else column
        longest = pc.max(pc.binary_length(values)).as_py() or 0
        if longest > _LONGEST_TEXT:
            raise BadInput("A text is too long to be right.", file=SEMANTICS, field=name)
    if batch.column("specifications").nbytes > _BATCH * _LONGEST_TEXT:
        raise BadInput("Too long to be right.", file=SEMANTICS, field="specifications")


def _checked_entry(entry: SpecificationEntry, data: bytes) -> SpecificationEntry:
    return dataclasses.replace(
        entry,
        sha256=hashlib.sha256(data).hexdigest(),
        origin=entry.origin if entry.origin in _HONEST else PUBLISHED,
        made_by=one_line(entry.made_by, 100),
    )


def _known(
    learnware: Learnware, revision: str, entries: tuple[SpecificationEntry, ...]
) -> Learnware:
    """What may be kept of what an index says of a learnware. Nothing in it names a place on this
    machine, and it is pulled from its own repository whatever the index says."""
    base = learnware.model.base
    if base:
        check_id(base)
    files = tuple(dataclasses.replace(file, own=False) for file in learnware.model.files)
    return Learnware(
        id=learnware.id,
        model=dataclasses.replace(
            learnware.model,
            folder="",
            files=files,
            architecture=one_line(learnware.model.architecture, 60),
            chat_template="",
        ),
        semantic=tidy_semantic(learnware.semantic),
        provenance=Provenance("hub", learnware.id, revision if _COMMIT.fullmatch(revision) else ""),
        specifications=entries,
        scores=tidy_scores(learnware.scores),
    )


class _Stack:
    """A file of stacked specifications, memory-mapped."""

    def __init__(self, path: Path, name: str) -> None:
        import numpy as np

        header = safetensors_header(path)
        data = np.memmap(path, np.uint8, "r")
        start = 8 + int(data[:8].view("<u8")[0])
        self._tensors: dict[str, Any] = {}
        for tensor, entry in header.items():
            if tensor == "__metadata__":
                continue
            dtype = _DTYPES.get(entry["dtype"])
            if dtype is None or len(entry["shape"]) != 2:
                raise BadInput("Not a stack of specifications.", file=name, field=tensor)
            begin, end = (start + at for at in entry["data_offsets"])
            self._tensors[tensor] = data[begin:end].view(dtype).reshape(entry["shape"])
        counts = {len(tensor) for tensor in self._tensors.values()}
        if len(counts) != 1:
            raise BadInput("Its tensors have different numbers of rows.", file=name)
        self._count = counts.pop()

    def row(self, number: Any) -> dict[str, Any]:
        """The tensors of one specification. Raises ``BadInput``."""
        import numpy as np

        if not isinstance(number, int) or not 0 <= number < self._count:
            raise BadInput("a specification lies beyond its file's end")
        return {name: np.array(tensor[number]) for name, tensor in self._tensors.items()}
