"""Static checks of a learnware: is everything there, unharmed, safe, and fit to be used?"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.adapter_check import check_adapter, read_adapter
from lwtui.learnware.adding import allowed_roots
from lwtui.learnware.gguf import read_gguf
from lwtui.learnware.headers import safetensors_header
from lwtui.learnware.licences import licence_note
from lwtui.learnware.manifest import read_manifest
from lwtui.learnware.model import MINIMUM_ROWS, Learnware, ModelFile, SpecificationEntry
from lwtui.learnware.storage import check_source, hash_file, human_size


@dataclass(frozen=True)
class CheckItem:
    """One thing looked at. ``hint`` says what to do when it is not ``ok``."""

    name: str
    ok: bool
    message: str
    hint: str = ""


@dataclass(frozen=True)
class CheckReport:
    """All things looked at, in order."""

    id: str
    items: tuple[CheckItem, ...]

    @property
    def ok(self) -> bool:
        return all(item.ok for item in self.items)


def check_static(
    learnware: Learnware, base: Learnware | None, context: JobContext | None = None
) -> CheckReport:
    """Everything that can be told without loading the model. ``base`` is an adapter's base, or
    None if it is not here. Never raises for what is wrong with the learnware."""
    context = context or JobContext()
    looks: list[tuple[str, Callable[[], str]]] = [
        ("manifest", lambda: _manifest(learnware)),
        ("files", lambda: _files(learnware, context)),
        ("safety", lambda: _safety(learnware)),
        ("weights", lambda: _weights(learnware)),
        ("licence", lambda: _licence(learnware)),
        ("specification", lambda: _specification(learnware)),
    ]
    if learnware.model.kind == "adapter":
        looks.append(("base", lambda: _base(learnware, base)))
    items = []
    for name, look in looks:
        context.check()
        try:
            items.append(CheckItem(name, True, look()))
        except BadInput as error:
            plain = BadInput(error.message, file=error.file, line=error.line, field=error.field)
            items.append(CheckItem(name, False, str(plain), error.hint or ""))
    return CheckReport(learnware.id, tuple(items))


def _manifest(learnware: Learnware) -> str:
    if learnware.specs_folder is None:
        raise BadInput("The learnware is not in a collection.")
    read_manifest(learnware.specs_folder)
    return "valid"


def _files(learnware: Learnware, context: JobContext) -> str:
    if not learnware.model.files:
        raise BadInput("The manifest lists no files.")
    done, hashed = 0, 0
    for file in learnware.model.files:
        path = _path(learnware, file)
        if not path.is_file():
            raise BadInput(
                "The file is missing.",
                file=path,
                hint="Remove the learnware and add or pull it again.",
            )
        size = path.stat().st_size
        if file.size and size != file.size:
            raise BadInput(
                f"The file has {size:,} bytes instead of {file.size:,}.",
                file=path,
                hint="It is damaged or was changed: add or pull it again.",
            )
        if file.sha256:
            _, found = hash_file(path, context, done=done, total=learnware.size)
            hashed += 1
            if found != file.sha256:
                raise BadInput(
                    "The content is not what the manifest says (the SHA-256 differs).",
                    file=path,
                    hint="It is damaged or was changed: add or pull it again.",
                )
        done += size
    count = len(learnware.model.files)
    return f"{count} there, {human_size(done)}, checksums of {hashed} right"


def _safety(learnware: Learnware) -> str:
    folder = _folder(learnware)
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if not path.is_dir():
            check_source(path, allowed_roots(path, path.name))
    for file in learnware.model.files:
        path = _path(learnware, file)
        if path.is_file():
            check_source(path, allowed_roots(path, file.path))
    return "no pickles, no code, no links that lead outside"


def _weights(learnware: Learnware) -> str:
    formats = []
    for file in learnware.model.files:
        path = _path(learnware, file)
        if file.format in ("safetensors", "peft"):
            safetensors_header(path)
        elif file.format in ("gguf", "gguf-lora"):
            header = read_gguf(path)
            if header.is_lora != (file.format == "gguf-lora"):
                kind = "a LoRA adapter" if header.is_lora else "a whole model"
                raise BadInput(f"The file is {kind}, unlike its manifest says.", file=path)
        else:
            continue
        formats.append(file.format)
    if not formats:
        raise BadInput("There are no weights: neither safetensors nor GGUF.")
    return ", ".join(dict.fromkeys(formats))


def _licence(learnware: Learnware) -> str:
    return licence_note(learnware.semantic.licence)


def _specification(learnware: Learnware) -> str:
    entries = learnware.specifications
    if not entries:
        if learnware.model.kind == "base":
            return "none, and a base needs none"
        raise BadInput(
            "There is no statistical specification: matching cannot find this learnware.",
            hint="Make one from data it was trained on with `lwtui spec FOLDER -o FILE`.",
        )
    for entry in entries:
        _specification_file(learnware, entry)
    told = ", ".join(f"{e.type} ({e.recipe}, space {e.space}, {e.rows} rows)" for e in entries)
    if any(0 < entry.rows < MINIMUM_ROWS for entry in entries):
        told += (
            f"; warning: of fewer than {MINIMUM_ROWS} rows, and so few can be told from their "
            "specification: do not publish it if they are private"
        )
    return told


def _specification_file(learnware: Learnware, entry: SpecificationEntry) -> None:
    path = (learnware.specs_folder or Path()) / entry.file
    metadata = safetensors_header(path).get("__metadata__", {})
    if entry.sha256 and hash_file(path)[1] != entry.sha256:
        raise BadInput("The specification is not the one the manifest describes.", file=path)
    try:
        # lwtui keeps its facts in one JSON text; other tools write plain entries.
        facts = json.loads(metadata.get("lwtui.specification", "{}"))
    except (ValueError, RecursionError) as error:
        raise BadInput("The specification's header is damaged.", file=path) from error
    stated = {**metadata, **(facts if isinstance(facts, dict) else {})}
    for name, wanted in (("space", entry.space), ("recipe", entry.recipe)):
        found = stated.get(name, wanted)
        if found != wanted:
            raise BadInput(
                f"The file is of {name} {found!r:.80}, the manifest says {wanted!r}.", file=path
            )


def _base(learnware: Learnware, base: Learnware | None) -> str:
    name = learnware.model.base
    if base is None:
        raise BadInput(
            f"The base {name} is not in the collection, so the adapter cannot run.",
            hint=f"Add it with `lwtui add` or fetch it with `lwtui pull {name}`.",
        )
    wanted, found = learnware.model.base_revision, base.provenance.revision
    if wanted and found and wanted != found:
        raise BadInput(
            f"The adapter was made on revision {wanted[:12]} of {base.id}; {found[:12]} is here."
        )
    peft, weights = learnware.file("peft"), base.file("safetensors")
    if peft is None:
        return f"{base.id} is here"
    if weights is None or not weights.is_file():
        read_adapter(peft.parent)
        return f"{base.id} is here (as GGUF alone, so the shapes were not compared)"
    facts = check_adapter(peft.parent, weights.parent)
    return f"fits {base.id}: rank {facts.rank} on {len(facts.modules)} modules"


def _folder(learnware: Learnware) -> Path:
    if learnware.models_folder is None:
        raise BadInput("The learnware is not in a collection.")
    return learnware.models_folder


def _path(learnware: Learnware, file: ModelFile) -> Path:
    return learnware.path_of(file) or _folder(learnware) / file.path
