"""Which files of a dataset repository to sample: its card's word, else the names of its files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from lwtui.learnware.storage import relative_path_problem

FORMATS = {
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
}
"""In the order in which they are preferred, where a dataset has several."""
_ZIPPED = ".gz"
_TRAIN = {"train", "training"}
_OTHER = {"test", "testing", "validation", "valid", "val", "dev", "eval", "evaluation", "heldout"}
_FIRST = ("default", "main", "all", "train")
_NOT_DATA = re.compile(
    r"(dataset_infos?|dataset_dict|state|package|package-lock|config|metadata|features)\.json"
)
_MOST_PATTERNS = 100


@dataclass(frozen=True)
class DataFile:
    """A file that holds rows."""

    path: str
    size: int
    """Bytes."""

    @property
    def format(self) -> str:
        """``parquet``, ``jsonl``, ``json``, ``csv`` or ``tsv``; empty for any other file."""
        name = self.path.lower().removesuffix(_ZIPPED)
        found = next((kind for suffix, kind in FORMATS.items() if name.endswith(suffix)), "")
        # Parquet is compressed in itself, and needs reading from its end.
        return "" if found == "parquet" and self.zipped else found

    @property
    def zipped(self) -> bool:
        return self.path.lower().endswith(_ZIPPED)


def data_files(sizes: Mapping[str, int]) -> list[DataFile]:
    """The files of a repository that can hold rows, by path; names that lead astray are left."""
    found = []
    for path, size in sorted(sizes.items()):
        file = DataFile(path, size)
        name = path.rpartition("/")[2]
        if not file.format or not size or _NOT_DATA.fullmatch(name.lower()):
            continue
        if relative_path_problem(path) is None:
            found.append(file)
    return found


def choose(files: Iterable[DataFile], card: Mapping[str, Any]) -> tuple[DataFile, ...]:
    """The files of one split of one configuration, of one format: the training split, else the
    first; the configuration that the card puts first. Empty if there are none."""
    files = list(files)
    named = _by_card(files, card)
    if named:
        return _one_format(named)
    files = _one_split(files)
    return _one_format(_one_configuration(files))


def is_script_only(paths: Iterable[str]) -> bool:
    """Whether a dataset consists of a program that makes it, which is never run."""
    return any(re.fullmatch(r"[^/]+\.py", path) for path in paths)


def _by_card(files: list[DataFile], card: Mapping[str, Any]) -> list[DataFile]:
    """What the card's ``configs`` say, as ``datasets`` reads them."""
    configs = [each for each in _items(card.get("configs")) if isinstance(each, dict)]
    if not configs:
        return []
    first = next((each for each in configs if each.get("default") is True), None)
    for name in _FIRST[:2]:
        first = first or next((e for e in configs if e.get("config_name") == name), None)
    told = (first or configs[0]).get("data_files")
    patterns: dict[str, list[str]] = {}
    for each in [told] if isinstance(told, (str, dict)) else _items(told):
        split, path = "train", each
        if isinstance(each, dict):
            split, path = str(each.get("split", split)), each.get("path")
        paths = [path] if isinstance(path, str) else _items(path)
        patterns.setdefault(split, []).extend(p for p in paths if isinstance(p, str))
    wanted = next((patterns[split] for split in patterns if split in _TRAIN), None)
    wanted = wanted or next(iter(patterns.values()), [])
    return [file for file in files if _fits(file.path, wanted[:_MOST_PATTERNS])]


def _fits(path: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(path, pattern.replace("**/", "*")) for pattern in patterns)


def _one_split(files: list[DataFile]) -> list[DataFile]:
    train = [file for file in files if _words(file.path) & _TRAIN]
    return train or [file for file in files if not _words(file.path) & _OTHER] or files


def _one_configuration(files: list[DataFile]) -> list[DataFile]:
    """Those of one folder, if the files lie in several that are named like configurations."""
    folders: dict[str, list[DataFile]] = {}
    for file in files:
        parts = file.path.split("/")[:-1]
        named = [part for part in parts if part.lower() not in ("data", *_TRAIN, *_OTHER)]
        folders.setdefault("/".join(named), []).append(file)
    if not folders:
        return []
    best = next((folder for folder in _FIRST if folder in folders), None)
    return folders[best if best is not None else min(folders)]


def _one_format(files: list[DataFile]) -> tuple[DataFile, ...]:
    for kind in dict.fromkeys(FORMATS.values()):
        same = [file for file in files if file.format == kind]
        if same:
            return tuple(same)
    return ()


def _words(path: str) -> set[str]:
    return set(re.split(r"[^a-z]+", path.lower()))


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
