"""Looks at the folders of a tree and brings the index up to what they say."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from lwtui.errors import BadInput
from lwtui.learnware.grade import best_grade
from lwtui.learnware.index import Row
from lwtui.learnware.manifest import FILE_NAME, read_manifest
from lwtui.learnware.model import Learnware, SpecificationEntry
from lwtui.learnware.record import search_text, to_record

_GRAIN_NANOSECONDS = (2_000_000_000, 100_000_000)
"""Of a file's own time and of the system's note of a change: within them it may change again
without a new stamp (FAT keeps two seconds), so its row is read again at the next look."""


def look(known: Mapping[str, str], root: Path) -> tuple[list[Row], set[str]]:
    """Of the ``known`` stamps of a tree: the rows that are new or changed since, and the folders
    that are gone."""
    found = stamps(root)
    changed = [folder for folder, value in found.items() if known.get(folder) != value]
    return [read_row(root, folder) for folder in changed], known.keys() - found.keys()


def stamps(root: Path) -> dict[str, str]:
    """What the file system says of every ``specs/<owner>/<name>/learnware.toml``, by folder."""
    found: dict[str, str] = {}
    for owner in _folders(os.path.join(root, "specs")):  # noqa: PTH118 - strings: 10,000 of them
        for entry in _folders(owner.path):
            found[f"{owner.name}/{entry.name}"] = _stamp(entry.path + os.sep + FILE_NAME)
    return found


def stamp(root: Path, folder: str) -> str:
    """The stamp of one learnware; ``missing`` if it has no manifest."""
    return _stamp(str(root / "specs" / folder / FILE_NAME))


def read_row(root: Path, folder: str) -> Row:
    """What the index keeps of one folder; a broken manifest becomes a problem, not an error."""
    path = root / "specs" / folder
    value = stamp(root, folder)
    try:
        learnware = read_manifest(path)
        if learnware.id != folder:
            raise BadInput(
                f"The id is {learnware.id!r} but the folder is {folder!r}.",
                file=path / FILE_NAME,
                field="id",
                hint="Make them equal.",
            )
    except BadInput as error:
        return Row(folder, _settled(value), None, str(error))
    return Row(
        folder,
        _settled(value),
        to_record(learnware),
        search=search_text(learnware),
        domain=learnware.semantic.domain,
        task=learnware.semantic.task,
        base=learnware.model.base,
        licence=learnware.semantic.licence,
        kind=learnware.model.kind,
        formats=learnware.formats,
        size=learnware.size,
        weight=_weight(learnware),
        grade=grade_number(learnware.specifications),
        added=learnware.provenance.added,
        location=learnware.provenance.location,
    )


def grade_number(entries: Iterable[SpecificationEntry]) -> int:
    """The best grade as a number to sort by: A is 4, none is 0."""
    grade = best_grade(entries)
    return 0 if grade is None else {"A": 4, "B": 3, "C": 2}.get(grade.letter, 1)


def _weight(learnware: Learnware) -> int:
    """Bytes of the files of its smallest format: what running it takes at least."""
    files = learnware.model.files
    sums = [sum(each.size for each in files if each.format == name) for name in learnware.formats]
    return min((size for size in sums if size > 0), default=0)


def taken_as(roots: Iterable[Path], identifier: str) -> str | None:
    """What stands in the way of a new id: a learnware, or an owner spelt in another case."""
    owner, name = identifier.lower().split("/", 1)
    for root in roots:
        for folder in _folders(os.path.join(root, "specs")):  # noqa: PTH118
            if folder.name.lower() != owner:
                continue
            if folder.name != identifier.split("/", 1)[0]:
                return f"an owner {folder.name!r} (upper and lower case do not tell two apart)"
            for entry in _folders(folder.path):
                if entry.name.lower() == name:
                    return f"a learnware {folder.name}/{entry.name}"
    return None


def _folders(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return [e for e in entries if not e.name.startswith((".", "_")) and e.is_dir()]
    except OSError:
        return []


def _stamp(path: str) -> str:
    try:
        status = os.stat(path)  # noqa: PTH116 - strings: 10,000 of them
    except OSError:
        return "missing"
    return f"{status.st_mtime_ns}:{status.st_ctime_ns}:{status.st_size}:{status.st_ino}"


def _settled(value: str) -> str:
    """The stamp, or '' (never equal to one) while the file may still change unnoticed."""
    if value == "missing":
        return value
    now = time.time_ns()
    times = [int(part) for part in value.split(":")[:2]]
    old = all(now - at > grain for at, grain in zip(times, _GRAIN_NANOSECONDS, strict=True))
    return value if old else ""
