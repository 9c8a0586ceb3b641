"""A learnware's manifest, specifications and configuration as others may have them.

Nothing of this machine goes along. Of ``[provenance]`` stays who made it and, for one that came
from another repository of the Hub, from which; of tables this version does not know, those in whose
text neither a path of this machine nor a secret is found (:mod:`lwtui.dock.publish_texts`).
Comments stay behind, and ``[known]``.
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from lwtui.dock.publish_texts import check_text
from lwtui.dock.readme_section import Published
from lwtui.errors import BadInput
from lwtui.learnware.headers import safetensors_header
from lwtui.learnware.manifest_writer import render_manifest
from lwtui.learnware.model import Learnware, ModelFile, Provenance, SpecificationEntry
from lwtui.spec.privacy import require_enough
from lwtui.spec.specification import load_specification

FOLDER = "learnware"
"""Of a repository, where manifest and specifications lie."""
_OURS = frozenset({"known", "published"})
_HEADER = {"lwtui.specification"}
_SPACE = re.compile(r"[A-Za-z0-9][\w.-]{0,80}")
_CONFIGS = frozenset(
    ["config.json", "adapter_config.json", "tokenizer_config.json", "generation_config.json"]
)
_NAMES = ("_name_or_path", "name_or_path")
_BASE_NAME = "base_model_name_or_path"


def published(
    learnware: Learnware,
    to: str,
    files: tuple[ModelFile, ...],
    entries: tuple[SpecificationEntry, ...],
    base: tuple[str, str],
) -> tuple[Learnware, tuple[str, ...]]:
    """The learnware as its repository ``to`` will have it, and what was left out, in words.

    ``files`` are the model's, relative to the repository; ``base`` is repository and commit.
    """
    extra, notes = _harmless(learnware.extra)
    model = dataclasses.replace(
        learnware.model, folder="", files=files, base=base[0], base_revision=base[1]
    )
    before = learnware.provenance
    provenance = Provenance(made_by=before.made_by)
    if before.source == "hub" and before.location.lower() != to.lower():
        provenance = dataclasses.replace(before, added="")
    tags = tuple(tag for tag in learnware.semantic.tags if not tag.startswith("base_model:"))
    semantic = dataclasses.replace(learnware.semantic, tags=tags)
    told = Learnware(to, model, semantic, provenance, entries, learnware.scores, extra=extra)
    return told, notes


def manifest_bytes(learnware: Learnware) -> bytes:
    """``learnware.toml``, written from nothing."""
    return render_manifest(learnware).encode()


def _harmless(extra: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    kept, notes = {}, []
    for name, value in extra.items():
        if name in _OURS:
            continue
        text = json.dumps({name: value}, ensure_ascii=False, default=str)
        found = next(check_text("learnware.toml", text.encode()), None)
        if found is None:
            kept[name] = value
        else:
            notes.append(f"[{name}] of learnware.toml stays here: it has {found.what}.")
    return kept, tuple(notes)


def specifications(
    learnware: Learnware,
) -> tuple[list[tuple[Published, bytes]], tuple[str, ...]]:
    """The specifications that may be shared, each with its file, and which ones may not and why.

    Raises ``BadInput`` for a broken one, and when it has some and none is of enough rows.
    """
    kept: list[tuple[Published, bytes]] = []
    notes: list[str] = []
    refused: BadInput | None = None
    for entry in learnware.specifications:
        found, data = _load(learnware, entry)
        try:
            require_enough(min(found.rows, entry.rows or found.rows))
        except BadInput as error:
            refused = error
            notes.append(f"{entry.file} stays here: {error.message}")
            continue
        name = _file_name(entry, {each.file for (each, _), _ in kept})
        entry = dataclasses.replace(
            entry, file=name, sha256=_sha256(data), rows=found.rows, space=found.space
        )
        kept.append(((entry, found), data))
    if refused is not None and not kept:
        raise BadInput(
            refused.message,
            field="rows",
            hint="Make one of more rows and replace it: "
            f"lwtui spec FOLDER -o FILE, lwtui specify {learnware.id}",
        )
    return kept, tuple(notes)


def _load(learnware: Learnware, entry: SpecificationEntry) -> tuple[Any, bytes]:
    if learnware.specs_folder is None:
        raise BadInput(f"{learnware.id} is not in a collection.")
    path = learnware.specs_folder / entry.file
    found = load_specification(path)
    if (found.space, found.recipe) != (entry.space, entry.recipe):
        raise BadInput("The specification is not the one the manifest describes.", file=path)
    data = path.read_bytes()
    if entry.sha256 and _sha256(data) != entry.sha256:
        raise BadInput(
            "The specification was changed since the manifest was written.",
            file=path,
            hint="Make it again; it may be damaged.",
        )
    header = set(safetensors_header(path).get("__metadata__") or {})
    # What other tools wrote beside our facts says nothing to a match, and may say too much.
    return found, data if header == _HEADER else found.to_bytes()


def _file_name(entry: SpecificationEntry, taken: set[str]) -> str:
    if not _SPACE.fullmatch(entry.space) or ".." in entry.space:
        raise BadInput(f"{entry.space!r:.80} is no id of a specification space.")
    names = (
        f"pave-{entry.space}.safetensors",
        f"pave-{entry.space}-{entry.recipe}.safetensors",
    )
    for name in names:
        if name not in taken:
            return name
    raise BadInput(f"There are two specifications of {entry.space}, recipe {entry.recipe}.")


def portable_config(
    name: str, data: bytes, to: str, base: tuple[str, str]
) -> tuple[bytes, str] | None:
    """A configuration that names a folder of this machine, or the base by another name, set right;
    with what was set, in words. None if it is fine as it is."""
    if name not in _CONFIGS:
        return None
    try:
        config = json.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(config, dict):
        return None
    changed = {}
    if name == "adapter_config.json" and base[0] and config.get(_BASE_NAME) != base[0]:
        # Whoever loads it by PEFT gets the base under the name that this stands under.
        changed = {_BASE_NAME: base[0], "revision": base[1] or None}
    for key in _NAMES:
        if isinstance(config.get(key), str) and _is_local(config[key]):
            changed[key] = base[0] or to
    if not changed:
        return None
    text = json.dumps({**config, **changed}, indent=2, ensure_ascii=False) + "\n"
    return text.encode(), f"{', '.join(changed)} set to what it is on the Hub"


def _is_local(name: str) -> bool:
    absolute = PurePosixPath(name).is_absolute() or PureWindowsPath(name).is_absolute()
    return absolute or name.startswith((".", "~")) or "\\" in name


def _sha256(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()
