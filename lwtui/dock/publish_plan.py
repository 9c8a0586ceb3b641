"""The exact list of what a publication would send, with everything written and frozen."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path

from lwtui.dock import publish_manifest, readme
from lwtui.dock.hub import endpoint
from lwtui.dock.publish_licence import check_licence
from lwtui.dock.publish_manifest import FOLDER
from lwtui.dock.publish_record import PlannedFile, PublishPlan, of_disk, written
from lwtui.dock.publish_target import Base, Target, check_conflict, find_base, look_at_target
from lwtui.dock.publish_texts import Found, check_file, check_text, refuse
from lwtui.dock.readme_section import Published, section
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.adding import allowed_roots
from lwtui.learnware.manifest import FILE_NAME
from lwtui.learnware.model import Learnware, ModelFile, check_id
from lwtui.learnware.storage import check_source

CARD = "README.md"
_LARGEST = 50_000_000_000
"""Bytes of a file that the Hub takes."""
_LARGEST_TEXT = 128 * 1024 * 1024
_OURS = "written by lwtui"


def make_plan(
    learnware: Learnware,
    to: str,
    base_here: Learnware | None,
    *,
    builtin: bool = False,
    private: bool = False,
    base: str = "",
    as_base: bool = False,
    message: str = "",
    context: JobContext | None = None,
) -> PublishPlan:
    """What publishing ``learnware`` in the repository ``to`` would send; nothing is sent.

    ``base_here`` is an adapter's base in the collection, ``base`` the repository that has it, if it
    has another name there; ``as_base`` publishes a whole model for adapters to build on, without a
    specification. Asks the Hub what is there. Raises ``BadInput`` or ``LwtuiError`` for everything
    that stands against publishing it, with the next step.
    """
    context = context or JobContext()
    check_id(to)
    _check_kind(learnware, builtin, as_base)
    shared, notes = publish_manifest.specifications(learnware)
    target = look_at_target(to)
    own = _own_card(learnware, target)
    named = readme.licence_name(own.data)
    check_licence(learnware, "", "", named)
    found = Base("", "", "")
    if learnware.model.kind == "adapter":
        found = find_base(learnware, base_here, base)
    licences = check_licence(learnware, found.repo, found.licence, named)
    told, files, left_out = _told(learnware, to, found, shared, as_base, context)
    check_conflict(target, told, {file.path: file.sha256 for file in files})
    words = section(told, found.repo, found.revision, [each for each, _ in shared])
    card, changed = readme.merged(own.data, told, found.repo, words, file=own.place)
    files += [
        written(CARD, card, f"{own.place}, merged" if own.data else _OURS),
        written(f"{FOLDER}/{FILE_NAME}", publish_manifest.manifest_bytes(told), _OURS),
        *(
            written(f"{FOLDER}/{entry.file}", data, str(learnware.specs_folder))
            for (entry, _), data in shared
        ),
    ]
    warnings = [
        *_of_target(target, learnware, private),
        *(*licences, *found.notes, *notes, *left_out, *changed),
        *_check_texts(files, learnware),
    ]
    return PublishPlan(
        id=learnware.id,
        to=to,
        files=tuple(_beside(file, target) for file in files),
        private=target.model.private if target.model else private,
        new=target.model is None,
        parent=target.model.revision if target.model else "",
        user=target.user,
        endpoint=endpoint(),
        message=message.strip() or f"Publish the learnware {to.partition('/')[2]}",
        section=words,
        base=found.repo,
        base_revision=found.revision,
        warnings=tuple(dict.fromkeys(warnings)),
    )


def _told(
    learnware: Learnware,
    to: str,
    base: Base,
    shared: list[tuple[Published, bytes]],
    as_base: bool,
    context: JobContext,
) -> tuple[Learnware, list[PlannedFile], tuple[str, ...]]:
    """The learnware as its repository will have it, its model's files, and what was left out."""
    base_at = (base.repo, base.revision)
    files = [_portable(file, to, base_at) for file in _files(learnware, context)]
    model_files = tuple(
        ModelFile(file.path, known.format, file.size, file.sha256)
        for file, known in zip(files, _model_files(learnware), strict=True)
    )
    entries = tuple(entry for (entry, _), _ in shared)
    told, left_out = publish_manifest.published(learnware, to, model_files, entries, base_at)
    if as_base:
        told = dataclasses.replace(told, model=dataclasses.replace(told.model, kind="base"))
    return told, files, left_out


def _check_kind(learnware: Learnware, builtin: bool, as_base: bool) -> None:
    if builtin:
        raise BadInput(
            f"{learnware.id} is built into lwtui: everyone who has lwtui has it.",
            hint="Publish what you made yourself: lwtui add FOLDER --id OWNER/NAME",
        )
    if not learnware.pulled:
        raise BadInput(
            f"{learnware.id} is on the Hub already, and its weights are not on this machine.",
            hint=f"To have it here: lwtui pull {learnware.id}",
        )
    if as_base and learnware.model.kind == "adapter":
        raise BadInput(
            f"{learnware.id} is an adapter, so nothing is built on it.", field="--as-base"
        )
    if not learnware.specifications and not as_base and learnware.model.kind != "base":
        whole = learnware.model.kind != "adapter"
        raise BadInput(
            f"{learnware.id} has no specification, so nobody's match would find it.",
            hint=f"Make one first: lwtui specify {learnware.id}"
            + (". To publish it for adapters to build on: --as-base" if whole else ""),
        )


def _model_files(learnware: Learnware) -> list[ModelFile]:
    """Those that are published under their own names: the card and ``learnware/`` are written."""
    return [
        file
        for file in learnware.model.files
        if file.path != CARD and not file.path.startswith(f"{FOLDER}/")
    ]


def _files(learnware: Learnware, context: JobContext) -> list[PlannedFile]:
    """The model's files, each read once: its bytes are fixed from here on."""
    listed = _model_files(learnware)
    names = [file.path.casefold() for file in listed]
    if twin := next((name for name in names if names.count(name) > 1), ""):
        raise BadInput(
            f"Two of its files are called {twin!r}, but for upper and lower case.",
            hint="Rename one: they cannot lie beside each other everywhere.",
        )
    if not any(file.format in ("safetensors", "peft", "gguf", "gguf-lora") for file in listed):
        raise BadInput(f"{learnware.id} has no weights to publish.")
    total = sum(file.size for file in listed)
    planned: list[PlannedFile] = []
    for file in listed:
        path = learnware.path_of(file)
        if path is None or not path.is_file():
            raise BadInput(
                "The file is missing.", file=path, hint="Add or pull the learnware again."
            )
        check_source(path, allowed_roots(path, file.path))
        limit = _LARGEST if _is_weights(file.path) else _LARGEST_TEXT
        if path.stat().st_size > limit:
            raise BadInput(f"The file is larger than {limit:,} bytes.", file=path)
        done = sum(each.size for each in planned)
        try:
            fixed = of_disk(file.path, path, str(path), context, done=done, total=total)
        except OSError as error:
            raise BadInput(f"Cannot be read: {error.strerror}.", file=path) from error
        if file.sha256 and fixed.sha256 != file.sha256:
            raise BadInput(
                "The file was changed since it was added (the SHA-256 differs).",
                file=path,
                hint="If you meant to: remove the learnware, add it again and make its "
                "specification anew. If not, it is damaged.",
            )
        planned.append(fixed)
    return planned


def _portable(file: PlannedFile, to: str, base: tuple[str, str]) -> PlannedFile:
    """A configuration with a folder of this machine in it, written anew; others as they are."""
    if file.source is None or file.size > _LARGEST_TEXT or _is_weights(file.path):
        return file
    changed = publish_manifest.portable_config(file.path, _same_bytes(file), to, base)
    return file if changed is None else written(file.path, changed[0], changed[1])


def _same_bytes(file: PlannedFile) -> bytes:
    data = file.source.read_bytes() if file.source else b""
    if hashlib.sha256(data).hexdigest() != file.sha256:
        raise BadInput("The file changes while it is read.", file=file.source, hint="Try again.")
    return data


@dataclass(frozen=True)
class _Card:
    """The author's own card; empty without one."""

    data: bytes
    place: str


def _own_card(learnware: Learnware, target: Target) -> _Card:
    """The author's words: what readers see there already comes before what lies here."""
    if target.card:
        return _Card(target.card, f"{CARD} of {target.model.id if target.model else ''}")
    path = (learnware.models_folder or Path()) / CARD
    if not any(file.path == CARD for file in learnware.model.files) or not path.is_file():
        return _Card(b"", CARD)
    check_source(path, allowed_roots(path, CARD))
    with path.open("rb") as stream:
        return _Card(stream.read(readme.LIMIT + 1), str(path))


def _of_target(target: Target, learnware: Learnware, private: bool) -> list[str]:
    notes = []
    if target.model is not None:
        if private and not target.model.private:
            raise BadInput(
                f"{target.model.id} is there already and is public.",
                field="--private",
                hint="Make it private in its settings on the Hub first, or leave --private out.",
            )
        notes.append("The repository is there already; what is not on the list stays as it is.")
    source = learnware.provenance
    if source.source == "hub" and target.model is None:
        notes.append(f"It came from {source.location}: say so in the card, and mind its licence.")
    return notes


def _check_texts(files: list[PlannedFile], learnware: Learnware) -> list[str]:
    """Refuse secrets and paths of this machine in any of the texts; notes on other paths."""
    folders = [each for each in (learnware.models_folder, learnware.specs_folder) if each]
    location = learnware.provenance.location
    if Path(location).is_absolute():
        folders.append(Path(location))
    found: list[Found] = []
    for file in files:
        if file.data is not None:
            # Of a specification, the header: the rest are numbers.
            end = 8 + int.from_bytes(file.data[:8], "little") if _is_weights(file.path) else None
            found += check_text(file.path, file.data[:end], folders)
        elif file.source is not None:
            found += check_file(file.path, file.source, folders)
    if grave := [each for each in found if each.grave]:
        raise refuse(grave)
    return [f"{each.file}, line {each.line}: {each.what}." for each in found[:5]]


def _beside(file: PlannedFile, target: Target) -> PlannedFile:
    """With what the repository has under that name."""
    there = target.files.get(file.path)
    if there is None:
        return file
    same = file.sha256 == there.sha256 if there.sha256 else file.blob_id == there.blob_id
    return dataclasses.replace(file, status="same" if same else "replaces")


def _is_weights(path: str) -> bool:
    return path.endswith((".safetensors", ".gguf"))
