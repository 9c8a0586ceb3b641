"""What it takes to add a learnware: everything is checked before the first byte is copied."""

from __future__ import annotations

import dataclasses
import datetime
import os
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.gguf import read_gguf
from lwtui.learnware.manifest import FILE_NAME, read_manifest, read_text, write_manifest
from lwtui.learnware.model import (
    DataSource,
    FileFormat,
    Learnware,
    ModelFile,
    SpecificationEntry,
)
from lwtui.learnware.storage import (
    check_free_space,
    check_source,
    copy_file,
    hash_file,
    relative_path_problem,
    sync_folder,
)
from lwtui.learnware.transaction import Staged


@dataclass(frozen=True)
class Request:
    """A learnware with the files to add, by their path inside its folders."""

    learnware: Learnware
    weights: dict[str, Path]
    specifications: dict[str, Path]
    in_place: bool
    context: JobContext

    def check(self, home: Path) -> None:
        """Raise ``BadInput`` or ``LwtuiError`` for what can be known before copying."""
        for name, source in self._sources():
            problem = relative_path_problem(name)
            if problem is not None or name == FILE_NAME:
                raise BadInput(f"The file name {name!r} {problem or 'is reserved'}.", file=source)
            check_source(source, allowed_roots(source, name))
        if self.in_place and self.weights:
            self.folder()
        copied = self.specifications if self.in_place else {**self.weights, **self.specifications}
        check_free_space(home, sum(source.stat().st_size for source in copied.values()))

    def fill(self, change: Staged) -> Learnware:
        """Copy everything into the staged folders, the manifest last; return what it says."""
        total = sum(source.stat().st_size for _, source in self._sources())
        done = 0
        files: dict[str, ModelFile] = {}
        hashes: dict[str, str] = {}
        known = {file.path: file for file in self.learnware.model.files}
        change.specs.mkdir(parents=True)
        if self.weights and not self.in_place:
            change.models.mkdir(parents=True)
        for name, source in self.weights.items():
            checked = hash_by_name(source) if self.in_place else ""
            if checked:
                size, sha256 = source.stat().st_size, checked
            elif self.in_place:
                size, sha256 = hash_file(source, self.context, done=done, total=total)
            else:
                target = change.models / name
                size, sha256 = copy_file(
                    source, target, self.context, done=done, total=total, note=f"copying {name}"
                )
            _check_hash(source, known[name].sha256 if name in known else "", sha256)
            format_ = known[name].format if name in known else file_format(source)
            files[name] = ModelFile(name, format_, size, sha256)
            done += size
        stated = {entry.file: entry.sha256 for entry in self.learnware.specifications}
        for name, source in self.specifications.items():
            size, hashes[name] = copy_file(source, change.specs / name)
            _check_hash(source, stated.get(name, ""), hashes[name])
        learnware = self._completed(files, hashes)
        _sync_tree(change.models)
        original = self.learnware.specs_folder
        if original is not None and (original / FILE_NAME).is_file():
            # The comments of the manifest it was read from come along.
            (change.specs / FILE_NAME).write_text(read_text(original / FILE_NAME), "utf-8")
        write_manifest(change.specs, learnware)
        _sync_tree(change.specs)
        return learnware

    def _completed(self, files: dict[str, ModelFile], hashes: dict[str, str]) -> Learnware:
        learnware = self.learnware
        # The manifest's own order first, then what it did not list.
        names = [f.path for f in learnware.model.files if f.path in files]
        names += [name for name in files if name not in names]
        folder = str(self.folder()) if self.in_place and self.weights else ""
        model = dataclasses.replace(
            learnware.model, files=tuple(files[name] for name in names), folder=folder
        )
        entries = tuple(
            dataclasses.replace(entry, sha256=hashes[entry.file])
            for entry in learnware.specifications
            if entry.file in hashes
        )
        return dataclasses.replace(learnware, model=model, specifications=entries)

    def _sources(self) -> Iterable[tuple[str, Path]]:
        return [*self.weights.items(), *self.specifications.items()]

    def folder(self) -> Path:
        """The one folder under which all weights lie by their names."""
        folders = {_strip(source.absolute(), name) for name, source in self.weights.items()}
        folder = folders.pop() if len(folders) == 1 else None
        if folder is None:
            raise BadInput("Files used in place must lie in one folder under their own names.")
        return folder


def add_specification(
    folder: Path, file: Path, entry: SpecificationEntry, data: Sequence[DataSource] = ()
) -> Learnware:
    """Copy ``file`` into ``folder`` and enter it in the manifest there, in this order, so that the
    manifest is true at every moment; one of the same type, recipe and space is replaced. What
    ``data`` tells of datasets is added to what the manifest has of them."""
    problem = relative_path_problem(entry.file)
    if problem is not None or entry.file == FILE_NAME:
        raise BadInput(f"The file name {entry.file!r} {problem or 'is reserved'}.", file=file)
    check_source(file, (file.parent,))
    before = read_manifest(folder)
    check_free_space(folder, file.stat().st_size)
    temporary = (folder / entry.file).with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        _, sha256 = copy_file(file, temporary)
        name = entry.file
        if (folder / name).exists():
            path = PurePosixPath(name)
            name = str(path.with_name(f"{path.stem}-{sha256[:12]}{path.suffix}"))
        temporary.replace(folder / name)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(folder)
    key = (entry.type, entry.recipe, entry.space)
    kept = [e for e in before.specifications if (e.type, e.recipe, e.space) != key]
    entry = dataclasses.replace(entry, file=name, sha256=sha256)
    semantic = dataclasses.replace(before.semantic, data=_told(before.semantic.data, data))
    after = dataclasses.replace(before, specifications=(*kept, entry), semantic=semantic)
    write_manifest(folder, after)
    for old in {e.file for e in before.specifications} - {e.file for e in after.specifications}:
        (folder / old).unlink(missing_ok=True)
    return after


def _told(before: Sequence[DataSource], more: Sequence[DataSource]) -> tuple[DataSource, ...]:
    """Datasets by name: what is known stays, what was missing is filled in."""
    found = {source.name: source for source in before}
    for source in more:
        old = found.get(source.name, source)
        found[source.name] = dataclasses.replace(
            old,
            licence=old.licence or source.licence,
            source=old.source or source.source,
            rows=old.rows or source.rows,
        )
    return tuple(found.values())


def add_file(
    models: Path, specs: Path, file: Path, entry: ModelFile, context: JobContext
) -> Learnware:
    """Copy ``file`` to ``models`` and enter it in the manifest in ``specs``, in this order; one of
    the same path is replaced. ``own`` is set where the other files are used in place."""
    problem = relative_path_problem(entry.path)
    if problem is not None:
        raise BadInput(f"The file name {entry.path!r} {problem}.", file=file)
    check_source(file, (file.parent,))
    before = read_manifest(specs)
    check_free_space(models, file.stat().st_size)
    target = models / entry.path
    temporary = target.with_name(f".{uuid.uuid4().hex}.tmp")
    try:
        size, sha256 = copy_file(file, temporary, context, total=file.stat().st_size)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(target.parent)
    entry = dataclasses.replace(
        entry, size=size, sha256=sha256, own=entry.own or bool(before.model.folder)
    )
    kept = tuple(each for each in before.model.files if each.path != entry.path)
    model = dataclasses.replace(before.model, files=(*kept, entry))
    after = dataclasses.replace(before, model=model)
    write_manifest(specs, after)
    return after


def allowed_roots(source: Path, name: str) -> tuple[Path, ...]:
    """Where the file may really lie: its folder, or the blobs beside a Hub cache snapshot."""
    folder = _strip(source.absolute(), name) or source.absolute().parent
    roots = [folder]
    for parent in source.absolute().parents:
        # Hugging Face cache: models--x--y/snapshots/<revision>/file links to models--x--y/blobs/.
        if parent.name == "snapshots" and parent.parent.name.startswith("models--"):
            roots.append(parent.parent / "blobs")
            # What several repositories have in common may lie once for all of them.
            roots.append(parent.parent.parent / "blobs")
    return tuple(roots)


def file_format(path: Path) -> FileFormat:
    """The format of a model's file, by its name and for GGUF by its header."""
    if path.suffix == ".gguf":
        return "gguf-lora" if read_gguf(path).is_lora else "gguf"
    if path.suffix == ".safetensors":
        return "peft" if path.name.startswith("adapter_model") else "safetensors"
    return "tokenizer" if path.name.startswith(_TOKENIZER) else "config"


_SHA256 = re.compile(r"[0-9a-f]{64}")
_TOKENIZER = ("tokenizer", "vocab", "merges", "special_tokens", "added_tokens", "spiece")


def hash_by_name(source: Path) -> str:
    """The SHA-256 of a large file in the Hugging Face cache, which is its blob's name there; else
    empty. A pull has checked it, so that 15 GB need not be read again; what other programs put
    there is taken at its word until `lwtui check`."""
    if not source.is_symlink():
        return ""
    # One step: where the cache shares blobs, the blob itself is a link to another name.
    blob = Path(os.path.normpath(source.parent / source.readlink()))
    in_cache = blob.parent.name == "blobs" and blob.parent.parent.name.startswith("models--")
    return blob.name if in_cache and _SHA256.fullmatch(blob.name) else ""


def _strip(source: Path, name: str) -> Path | None:
    """``source`` without the trailing parts of ``name``; None if it does not end so."""
    parts = PurePosixPath(name).parts
    if source.parts[-len(parts) :] != parts:
        return None
    return source.parents[len(parts) - 1]


def _check_hash(source: Path, stated: str, found: str) -> None:
    if stated and stated != found:
        raise BadInput(
            "The file is not the one its manifest describes (the SHA-256 differs).",
            file=source,
            hint="Fetch it again; it may be damaged or changed.",
        )


def _sync_tree(folder: Path) -> None:
    if folder.is_dir():
        for child in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
            sync_folder(child)


def dated(learnware: Learnware) -> Learnware:
    """With the time of now as when it was added, unless it has one."""
    if learnware.provenance.added:
        return learnware
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    return dataclasses.replace(
        learnware, provenance=dataclasses.replace(learnware.provenance, added=now)
    )
