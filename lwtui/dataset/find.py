"""Which files of a folder are its data; the rest is left out with a reason."""

from __future__ import annotations

import json
import os
import re
import stat
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from lwtui.dataset.problems import ProblemLog
from lwtui.dataset.source import Source

FORMATS = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".jsonlines": "jsonl", ".json": "json",
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv",
    ".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow",
    ".txt": "text", ".text": "text", ".md": "markdown", ".markdown": "markdown",
}  # fmt: skip
READ = "JSON lines, JSON, CSV, TSV, Parquet, text, Markdown, or a folder saved by `datasets`"
_PROSE = ("text", "markdown")
_ADVICE = {
    "is an archive; unzip it first": (
        ".zip", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".zst",
    ),
    "may run code when it is opened, so it is not read; save the rows as JSON lines or Parquet": (
        ".pkl", ".pickle", ".pt", ".pth", ".bin", ".npy", ".npz", ".joblib", ".ckpt", ".rds",
    ),
    "is a spreadsheet; save it as CSV": (".xlsx", ".xls", ".ods", ".numbers"),
    "is a database; export its rows as CSV or JSON lines": (".db", ".sqlite", ".sqlite3", ".h5"),
    "is a document; save it as text": (".pdf", ".docx", ".doc", ".odt", ".rtf", ".html", ".epub"),
    "holds a model's weights, not data": (".safetensors", ".gguf"),
}  # fmt: skip
_REFUSED = {suffix: reason for reason, suffixes in _ADVICE.items() for suffix in suffixes}
_NOT_DATA = re.compile(
    r"(readme|licen[cs]e|copying|notice|citation|changelog|contributing|authors|code_of_conduct"
    r"|attribution|requirements|makefile|dockerfile)([._-].*)?\.?(md|txt|rst|markdown|cff)?"
    r"|(dataset_infos?|dataset_dict|state|package|package-lock|tsconfig|config|metadata)\.json",
    re.IGNORECASE,
)
_MAX_FILES = 100_000
_MAX_DEPTH = 32


@dataclass
class Found:
    """The files of a dataset in a fixed order, whatever order the disk lists them in."""

    sources: list[Source] = field(default_factory=list)
    log: ProblemLog = field(default_factory=ProblemLog)
    left_out: list[str] = field(default_factory=list)
    """Hidden files, READMEs, licences and the like: no problem, but no data either."""
    class_names: dict[Path, dict[str, list[str]]] = field(default_factory=dict)
    """Names of integer labels by folder and column, from ``dataset_info.json``."""


def find_sources(path: Path) -> Found:
    """The data files of a folder and its sub-folders, or the one file. Opens none of them."""
    found = Found()
    if path.is_dir():
        _Walk(path, found).folder(path, 0)
        _settle_prose(found)
    else:
        _add_file(found, path, safe_name(path.name), alone=True)
    return found


def safe_name(name: str) -> str:
    """A file name that can be printed: no control characters, no undecodable bytes."""
    text = os.fsencode(name).decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


class _Walk:
    def __init__(self, root: Path, found: Found) -> None:
        self._root, self._found = root, found
        self._folders: dict[tuple[int, int], str] = {}
        self._files: set[tuple[int, int]] = set()
        self._others: Counter[str] = Counter()

    def folder(self, path: Path, depth: int) -> None:
        log, name = self._found.log, self._name(path)
        try:
            status = path.stat()
            entries = sorted(os.listdir(path))  # noqa: PTH208 - names are all that is needed
        except OSError as error:
            log.skip(name, None, f"folder cannot be read: {error.strerror}; it was skipped")
            return
        identity = (status.st_dev, status.st_ino)
        if identity in self._folders:
            log.note(name, None, f"links back to '{self._folders[identity]}', already read")
            return
        if depth > _MAX_DEPTH:
            log.skip(name, None, f"lies more than {_MAX_DEPTH} folders deep; it was skipped")
            return
        self._folders[identity] = name
        saved = self._saved_files(path, entries)
        for entry in entries:
            self._entry(path / entry, depth, saved)
        if depth == 0 and self._others:
            kinds = ", ".join(f"{kind} ×{n}" for kind, n in sorted(self._others.items()))
            log.note(".", None, f"left out, not a format lwtui reads: {kinds}")

    def _entry(self, path: Path, depth: int, saved: set[str] | None) -> None:
        found, name = self._found, self._name(path)
        if path.name.startswith((".", "__")) or path.name.endswith("~"):
            found.left_out.append(name)
            return
        try:
            status = path.stat()
        except OSError as error:
            links = path.is_symlink()
            reason = (
                "is a link that leads nowhere" if links else f"cannot be read: {error.strerror}"
            )
            found.log.skip(name, None, f"{reason}; it was skipped")
            return
        if stat.S_ISDIR(status.st_mode):
            self.folder(path, depth + 1)
            return
        identity = (status.st_dev, status.st_ino)
        if identity in self._files:
            found.log.note(name, None, "is the same file as another one here; read once")
            return
        if saved is not None and path.name not in saved:
            found.left_out.append(name)
        elif len(found.sources) >= _MAX_FILES:
            found.log.skip(name, None, f"comes after {_MAX_FILES:,} files; it was skipped")
        else:
            self._files.add(identity)
            if not _add_file(found, path, name):
                self._others[path.suffix.lower() or "no ending"] += 1

    def _saved_files(self, folder: Path, entries: list[str]) -> set[str] | None:
        """The data files of a folder saved by `datasets`; None if it is not one.

        Beside them lie caches of other runs (``cache-….arrow``), which are no data.
        """
        if "state.json" not in entries:
            return None
        state = _small_json(folder / "state.json")
        files = state.get("_data_files") if isinstance(state, dict) else None
        if not isinstance(state, dict) or not isinstance(files, list):
            return None
        log, name = self._found.log, self._name(folder / "state.json")
        if state.get("_indices_files") or state.get("_indices_data_files"):
            log.note(name, None, "names a selection of rows, which is not applied: all are read")
        saved = {str(f["filename"]) for f in files if isinstance(f, dict) and "filename" in f}
        for missing in sorted(saved - set(entries)):
            log.skip(name, None, f"names '{safe_name(missing)}', which is not there")
        return saved

    def _name(self, path: Path) -> str:
        return safe_name(path.relative_to(self._root).as_posix())


def _add_file(found: Found, path: Path, name: str, alone: bool = False) -> bool:
    """Take a file in, or log why not. False: of a kind nobody would expect to be read."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        found.log.skip(name, None, "is no regular file (a pipe, socket or device); it was skipped")
        return True
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kind = suffixes[-1] if suffixes else ""
    if kind == ".gz" and len(suffixes) > 1:
        kind = suffixes[-2]
        if kind == ".tar" or FORMATS.get(kind) in ("parquet", "arrow"):
            reason = _REFUSED[".tar"] if kind == ".tar" else "is compressed twice; unzip it first"
            found.log.skip(name, None, reason)
            return True
    if kind in _REFUSED:
        found.log.skip(name, None, _REFUSED[kind])
        return True
    if not alone and _NOT_DATA.fullmatch(path.name):
        found.left_out.append(name)
        return True
    if kind not in FORMATS:
        return False
    if path.parent not in found.class_names:
        found.class_names[path.parent] = _saved_class_names(path.parent)
    names = dict(found.class_names[path.parent])
    found.sources.append(Source(path, name, FORMATS[kind], status.st_size, class_names=names))
    return True


def _settle_prose(found: Found) -> None:
    """Text beside data files describes them; alone it is the data."""
    data = [source for source in found.sources if source.format not in _PROSE]
    if not data:
        return
    for source in found.sources:
        if source.format in _PROSE:
            message = "left out: text beside data files is taken for notes; open it alone to use it"
            found.log.note(source.name, None, message)
    found.sources = data


def _saved_class_names(folder: Path) -> dict[str, list[str]]:
    from lwtui.dataset.reader.columnar import class_names

    info = _small_json(folder / "dataset_info.json")
    return class_names(info.get("features")) if isinstance(info, dict) else {}


def _small_json(path: Path) -> object:
    try:
        if not path.is_file() or path.stat().st_size > 16 << 20:
            return None
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
