"""A learnware used in place goes over to the files of a newer revision, in one atomic write."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from lwtui.jobs import JobContext
from lwtui.learnware.adding import Request, file_format, hash_by_name
from lwtui.learnware.collection import Collection
from lwtui.learnware.manifest import read_manifest, write_manifest
from lwtui.learnware.model import Learnware, ModelFile
from lwtui.learnware.storage import hash_file
from lwtui.learnware.transaction import Changes


def renew(
    collection: Collection, learnware: Learnware, weights: dict[str, Path], context: JobContext
) -> Learnware:
    """Let the learnware of the same id use ``weights`` where they lie; its other words in
    ``learnware.model`` and ``provenance`` count too.

    What was made here stays: specifications, scores, files of its own, what the user wrote in the
    manifest. Adapters may build on it meanwhile. Raises ``BadInput`` as adding does; the old
    revision is then still entered.
    """
    request = Request(learnware, weights, {}, True, context)
    request.check(collection.home)
    total = sum(source.stat().st_size for source in weights.values())
    files: list[ModelFile] = []
    for name, source in weights.items():
        done = sum(file.size for file in files)
        size, sha256 = source.stat().st_size, hash_by_name(source)
        if not sha256:
            size, sha256 = hash_file(source, context, done=done, total=total)
        files.append(ModelFile(name, file_format(source), size, sha256))
    specs = collection.get(learnware.id).specs_folder
    assert specs is not None  # noqa: S101 - it is in the collection
    with Changes(collection.home).lock():
        before = read_manifest(specs)
        own = [file for file in before.model.files if file.own]
        model = dataclasses.replace(
            learnware.model,
            kind=before.model.kind,
            files=(*files, *own),
            folder=str(request.folder()),
        )
        provenance = dataclasses.replace(before.provenance, revision=learnware.provenance.revision)
        licence = learnware.semantic.licence or before.semantic.licence
        semantic = dataclasses.replace(before.semantic, licence=licence)
        write_manifest(
            specs,
            dataclasses.replace(before, model=model, semantic=semantic, provenance=provenance),
        )
    collection.refresh()
    return collection.get(learnware.id)
