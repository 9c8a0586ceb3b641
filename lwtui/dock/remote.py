"""A learnware published in a repository, read without its weights.

``learnware/learnware.toml`` and its specifications are a stranger's: sizes are limited before they
are read, hashes are compared with the list of files that the Hub gives for the same commit, and
what contradicts itself is refused. A few hundred kilobytes tell a match all it needs.
"""

from __future__ import annotations

import dataclasses
import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from lwtui.dock import hub
from lwtui.dock.facts import hub_model
from lwtui.dock.hub_errors import HubError, NotOnHub, hub_errors
from lwtui.dock.pull_plan import tree
from lwtui.dock.record import HubFile, HubModel
from lwtui.errors import BadInput
from lwtui.learnware.grade import NAMED_DATASETS, OWN_ANSWERS, PUBLISHED
from lwtui.learnware.manifest import FILE_NAME, MAX_BYTES, parse_manifest
from lwtui.learnware.model import DataSource, Learnware, Provenance, SpecificationEntry
from lwtui.safe_text import one_line
from lwtui.spec.space import spaces
from lwtui.spec.specification import RECIPES, TYPE, Specification, load_specification

FOLDER = "learnware"
MANIFEST = f"{FOLDER}/{FILE_NAME}"
LARGEST_SPECIFICATION = 16 * 1024 * 1024
"""Bytes. One in the space of Qwen2.5-0.5B with all parts has 2.7 MB."""
MOST_SPECIFICATIONS = 8
_HONEST = frozenset({NAMED_DATASETS, OWN_ANSWERS})
"""Origins that say less than "published", and stay what they are."""


def remote_learnware(repo: str, revision: str = "") -> tuple[Learnware, dict[str, bytes]] | None:
    """The learnware that ``repo`` publishes at a branch, tag or commit (empty: the newest), and its
    specification files by their names in its manifest; None if it publishes none.

    Its id is the repository's, its provenance the commit. Specifications of spaces or types that
    this version does not know are kept, or left out if they cannot be checked. Raises ``BadInput``
    for a publication that is broken or lies, ``LwtuiError`` when the Hub cannot be asked.
    """
    model = _look(repo, revision)
    files = {file.path: file for file in model.files}
    if MANIFEST not in files:
        return None
    text = _read(model, files[MANIFEST], MAX_BYTES)
    place = f"{model.id}/{MANIFEST}"
    try:
        learnware = parse_manifest(text.decode("utf-8-sig"), place)
    except UnicodeDecodeError as error:
        raise BadInput("Not UTF-8 text.", file=place) from error
    _check_id(learnware, model)
    _check_files(learnware, files, place)
    if len(learnware.specifications) > MOST_SPECIFICATIONS:
        raise BadInput("It names more specifications than any learnware has.", file=place)
    entries, data = [], {}
    for entry in learnware.specifications:
        if entry.type != TYPE or entry.recipe not in RECIPES:
            continue
        data[entry.file] = _specification(model, files, entry, place)
        entries.append(_entry(entry, data[entry.file]))
    return _as_known(learnware, model, tuple(entries)), data


def _look(repo: str, revision: str) -> HubModel:
    with hub_errors(repo):
        at = quote(revision or "main", safe="")  # mirrors know no page without a revision
        told, _ = hub.read_json(
            f"/api/models/{quote(repo, safe='/')}/revision/{at}", {"blobs": "true"}, repo=repo
        )
        model = hub_model(told)
    if model is None or not model.revision:
        raise HubError(
            "The Hub's answer names no commit, so nothing of it can be checked.",
            "Look at the model's page.",
            "not a hub",
        )
    if all(file.sha256 or file.blob_id for file in model.files):
        return model
    return dataclasses.replace(model, files=tree(model.id, model.revision))  # so do mirrors


def _read(model: HubModel, file: HubFile, limit: int) -> bytes:
    if file.size > limit:
        raise BadInput(f"{model.id}: {file.path} has {file.size:,} bytes, too many to be right.")
    data = hub.read_small(model.id, file.path, revision=model.revision, limit=limit)
    blob = hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
    told, found = (
        (file.sha256, hashlib.sha256(data).hexdigest()) if file.sha256 else (file.blob_id, blob)
    )
    if told and told != found:
        raise BadInput(
            f"{model.id}: {file.path} is not the file that the Hub lists (its hash differs).",
            hint="Try again; if it stays so, do not use this repository.",
        )
    return data


def _check_id(learnware: Learnware, model: HubModel) -> None:
    """A manifest speaks for its own repository alone; one that was renamed is known by where its
    old name leads."""
    if learnware.id.casefold() == model.id.casefold():
        return
    try:
        renamed = _look(learnware.id, "").id.casefold() == model.id.casefold()
    except NotOnHub:
        renamed = False
    if not renamed:
        raise BadInput(
            f"The learnware published in {model.id} says that it is {learnware.id}.",
            file=f"{model.id}/{MANIFEST}",
            field="id",
            hint="Only its own repository may say so. Its author must publish it again.",
        )


def _check_files(learnware: Learnware, files: Mapping[str, HubFile], place: str) -> None:
    for file in learnware.model.files:
        there = files.get(file.path)
        if there is None:
            raise BadInput(f"It names {file.path!r:.120}, which is not there.", file=place)
        sizes = file.size and file.size != there.size
        hashes = file.sha256 and there.sha256 and file.sha256 != there.sha256
        if sizes or hashes:
            raise BadInput(
                f"{file.path!r:.120} was changed since the learnware was published, so its "
                "specification may be about other weights.",
                file=place,
                hint="Its author must publish it again.",
            )


def _specification(
    model: HubModel, files: Mapping[str, HubFile], entry: SpecificationEntry, place: str
) -> bytes:
    """The file, loaded once to see that it is what the manifest says."""
    there = files.get(f"{FOLDER}/{entry.file}")
    if there is None:
        raise BadInput(f"It names {entry.file!r:.120}, which is not there.", file=place)
    data = _read(model, there, LARGEST_SPECIFICATION)
    if entry.sha256 and hashlib.sha256(data).hexdigest() != entry.sha256:
        raise BadInput(f"{entry.file!r:.120} is not the one it describes.", file=place)
    found = _loaded(data, f"{model.id}/{there.path}")
    if (found.space, found.recipe) != (entry.space, entry.recipe):
        raise BadInput(
            f"{entry.file!r:.120} is of another space or recipe than it says.", file=place
        )
    _check_shape(found, place)
    return data


def _loaded(data: bytes, name: str) -> Specification:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "specification.safetensors"
        path.write_bytes(data)
        try:
            return load_specification(path)
        except BadInput as error:
            error.file = name
            raise
        except RecursionError as error:
            raise BadInput("The header is nested too deep.", file=name) from error


def _check_shape(found: Specification, place: str) -> None:
    """In a space that is known, every part has its length; in another it is not compared."""
    space = next((each for each in spaces().values() if each.id == found.space), None)
    if space is None:
        return
    for name, vector in found.parts.items():
        if vector.shape != (space.part_dimension(name),):
            raise BadInput(
                f"The part {name!r} has {vector.size:,} numbers, not those of {space.id}.",
                file=place,
            )


def _entry(entry: SpecificationEntry, data: bytes) -> SpecificationEntry:
    origin = entry.origin if entry.origin in _HONEST else PUBLISHED
    return dataclasses.replace(
        entry,
        sha256=hashlib.sha256(data).hexdigest(),
        origin=origin,
        made_by=one_line(entry.made_by, 100),
    )


def _as_known(
    learnware: Learnware, model: HubModel, entries: tuple[SpecificationEntry, ...]
) -> Learnware:
    """What others say of themselves, cut to what a list can show."""
    semantic = learnware.semantic
    sources = tuple(
        DataSource(one_line(d.name, 200), one_line(d.licence, 80), one_line(d.source, 200), d.rows)
        for d in semantic.data[:200]
    )
    semantic = dataclasses.replace(
        semantic,
        title=one_line(semantic.title, 200),
        description=one_line(semantic.description, 2_000),
        domain=one_line(semantic.domain, 60),
        task=one_line(semantic.task, 100),
        languages=tuple(one_line(each, 20) for each in semantic.languages[:50]),
        licence=one_line(semantic.licence, 80) or model.licence,
        tags=tuple(one_line(each, 80) for each in semantic.tags[:50]),
        data=sources,
    )
    files = tuple(dataclasses.replace(file, own=False) for file in learnware.model.files)
    return Learnware(
        id=model.id,
        model=dataclasses.replace(learnware.model, folder="", files=files),
        semantic=semantic,
        provenance=Provenance(
            "hub", model.id, model.revision, made_by=one_line(learnware.provenance.made_by, 100)
        ),
        specifications=entries,
        scores=learnware.scores[:200],
        extra={name: value for name, value in learnware.extra.items() if name != "known"},
    )
