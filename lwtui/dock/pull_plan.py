"""What a pull would fetch: the files of a repository at one commit and of its base, before any."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from lwtui.backend.machine import llama_cpp_status
from lwtui.dock import hub
from lwtui.dock.cache_layout import COMMIT, bytes_held, etag_of
from lwtui.dock.files import (
    INDEX,
    MANIFEST,
    Choice,
    choose_files,
    writes_text,
)
from lwtui.dock.hub_errors import HubError, NotOnHub, hub_errors
from lwtui.dock.hub_settings import cache_dir, endpoint
from lwtui.dock.hub_words import page_of
from lwtui.dock.quantisation import free_memory
from lwtui.dock.record import HubModel, PullFile, PullPlan
from lwtui.dock.repository import model_at, odd, read_object, tree
from lwtui.errors import BadInput, LwtuiError
from lwtui.learnware.adapter_check import CONFIG_NAME
from lwtui.learnware.model import Learnware, check_id
from lwtui.learnware.storage import human_size, relative_path_problem
from lwtui.safe_text import one_line

_CONFIG_LIMIT = 1024 * 1024
_INDEX_LIMIT = 16 * 1024 * 1024
_SPARE = 256 * 1024 * 1024
"""Bytes left free beside what is fetched."""

FindBase = Callable[[str], "Learnware | None"]


@dataclass(frozen=True)
class _Looked:
    """A repository as it is at one commit, and what to fetch of it."""

    model: HubModel
    choice: Choice
    base: str = ""
    """What an adapter says it was trained on."""
    base_revision: str = ""


def make_plan(
    repo: str,
    find_base: FindBase,
    *,
    revision: str = "",
    quantisation: str = "",
    base: str = "",
) -> PullPlan:
    """Look at a repository and at its base; change nothing.

    ``find_base`` finds a base that is here already; ``base`` overrules the one an adapter names.
    Raises ``BadInput`` or ``LwtuiError`` for whatever can be known before a byte is fetched.
    """
    looked = _look(repo, revision, quantisation)
    model, notes = looked.model, list(looked.choice.notes)
    if model.id.casefold() != repo.casefold():
        notes.insert(0, f"{repo} is called {model.id} now.")
    files = _pull_files(model.id, model.revision, looked.choice)
    base_id = base_revision = base_here = ""
    if _needs_base(looked):
        name = base or looked.base
        here = find_base(name) if name else None
        if here is not None:
            base_here = here.id
            notes.append(f"Its base {here.id} is here already.")
        else:
            under = _look_at_base(model.id, name, "" if base else looked.base_revision)
            base_id, base_revision = under.model.id, under.model.revision
            files = _pull_files(base_id, base_revision, under.choice) + files
            notes.append(f"Its base {base_id} comes along.")
            notes += [f"{base_id}: {note}" for note in under.choice.notes]
    notes += _terms(looked)
    missing, free = sum(file.size - file.have for file in files), free_space()
    if missing and free < missing + _SPARE:
        notes.insert(0, f"The disk has no room: {human_size(missing)} to fetch.")
    return PullPlan(
        repo=model.id,
        revision=model.revision,
        files=files,
        base=base_id,
        base_revision=base_revision,
        quantisation=looked.choice.quantisation,
        free=free,
        notes=tuple(notes),
        ref="" if COMMIT.fullmatch(revision) else revision or "main",
        base_here=base_here,
    )


def _terms(looked: _Looked) -> list[str]:
    """What to know before it is used."""
    told = []
    if looked.choice.format == "gguf" and not llama_cpp_status().available:
        told.append("GGUF runs by llama.cpp, which is not installed here: see `lwtui doctor`.")
    if looked.model.gated:
        told.append(f"It is gated: the terms you accepted at {page_of(looked.model.id)} apply.")
    if not looked.model.licence:
        told.append("Its card names no licence.")
    return told


def check_room(plan: PullPlan) -> None:
    """Raise ``LwtuiError`` unless what is missing fits on the cache's disk."""
    free = free_space()
    if plan.missing and free < plan.missing + _SPARE:
        raise HubError(
            f"Not enough disk space: {human_size(plan.missing)} to fetch and "
            f"{human_size(_SPARE)} to spare, {human_size(free)} free in {cache_dir()}.",
            "Free some space, or set HF_HUB_CACHE to a folder on another disk. Nothing was "
            "fetched.",
            "disk",
        )


def free_space() -> int:
    """Bytes free where the cache lies, or will lie."""
    folder = cache_dir().absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def look_again(plan: PullPlan) -> PullPlan:
    """The plan with what the cache holds now."""
    files = tuple(
        replace(file, have=bytes_held(file, commit_of(plan, file.repo))) for file in plan.files
    )
    return replace(plan, files=files, free=free_space())


def commit_of(plan: PullPlan, repo: str) -> str:
    return plan.base_revision if repo == plan.base else plan.revision


def _look(repo: str, revision: str, quantisation: str) -> _Looked:
    model = model_at(repo, revision)
    files = tree(model.id, model.revision)
    there = {file.path for file in files}
    try:
        named = _published_files(model) if MANIFEST in there else ()
        choice = choose_files(
            files,
            quantisation=quantisation,
            free_memory=free_memory(),
            read_index=(lambda: _weight_map(model)) if INDEX in there else None,
            named=named,
        )
    except BadInput as error:
        error.message = f"{model.id}: {error.message}"
        raise
    if model.gated:
        _check_access(model, choice)
    base = base_revision = ""
    if choice.format == "peft":
        config = read_object(model, CONFIG_NAME, _CONFIG_LIMIT)
        base = one_line(_text(config, "base_model_name_or_path"), 200)
        base_revision = _text(config, "revision")
    elif choice.format == "safetensors":
        config = read_object(model, "config.json", _CONFIG_LIMIT)
        if "auto_map" in config:
            raise BadInput(
                f"{model.id} needs program code of its own to run, which lwtui never loads.",
                hint="Look for a copy of it in GGUF, or for a model of a common architecture.",
            )
        if not writes_text(config):
            raise BadInput(
                f"{model.id} is no model that writes text ({_architectures(config)}).",
                hint="lwtui runs causal language models: `lwtui search --hub --task "
                "text-generation` finds them.",
            )
        choice = replace(choice, notes=(*choice.notes, *_packing(config)))
    return _Looked(model, choice, base or model.base, base_revision)


def _packing(config: dict[str, Any]) -> tuple[str, ...]:
    packing = config.get("quantization_config")
    if not isinstance(packing, dict):
        return ()
    method = one_line(_text(packing, "quant_method"), 40) or "a method it does not name"
    return (f"Its weights are quantised by {method}, which may need a package of its own to run.",)


def _look_at_base(adapter: str, name: str, revision: str) -> _Looked:
    repo = _repository_named(name)
    try:
        try:
            looked = _look(repo, revision, "")
        except NotOnHub:
            if not revision:
                raise
            looked = _look(repo, "", "")  # a branch that only its trainer had
    except LwtuiError as error:
        error.message = f"{adapter} is an adapter, and its base cannot be had: {error.message}"
        raise
    if _needs_base(looked):
        raise BadInput(
            f"{adapter} builds on {looked.model.id}, which is an adapter itself.",
            hint="lwtui runs one adapter on a whole model.",
        )
    return looked


def _repository_named(name: str) -> str:
    try:
        return check_id(name) if "/" in name else check_id(f"x/{name}")[2:]
    except BadInput:
        said = f"It says {one_line(name, 80)!r}." if name else "It does not say."
        raise BadInput(
            f"Which base is this adapter for? {said}",
            hint="Name it: --base OWNER/NAME, a repository of the Hub or a learnware that is here.",
        ) from None


def _needs_base(looked: _Looked) -> bool:
    if looked.choice.format == "peft":
        return True
    # A LoRA adapter in GGUF alone: its header, which is not here yet, would say so.
    return looked.choice.format == "gguf" and looked.model.relation == "adapter"


def _pull_files(repo: str, commit: str, choice: Choice) -> tuple[PullFile, ...]:
    wanted = [PullFile(repo, f.path, f.size, f.sha256, 0, f.blob_id) for f in choice.files]
    for file in wanted:
        if not etag_of(file):
            raise odd(f"it tells no hash of {file.path}")
    return tuple(replace(file, have=bytes_held(file, commit)) for file in wanted)


def _published_files(model: HubModel) -> tuple[str, ...]:
    """The model files that a published manifest lists, by their paths in the repository."""
    import tomli

    data = hub.read_small(model.id, MANIFEST, revision=model.revision, limit=_CONFIG_LIMIT)
    try:
        files = tomli.loads(data.decode())["model"]["files"]
        names = [str(file["path"]) for file in files]
    except (ValueError, LookupError, TypeError, RecursionError):
        return ()  # it is read with care, and refused aloud, when it is here
    return tuple(name for name in names if not relative_path_problem(name))


def _weight_map(model: HubModel) -> dict[str, str]:
    told = read_object(model, INDEX, _INDEX_LIMIT).get("weight_map")
    if not isinstance(told, dict):
        raise BadInput(f"{INDEX} does not say which weights are where.")
    return {str(name): str(shard) for name, shard in told.items()}


def _check_access(model: HubModel, choice: Choice) -> None:
    """Ask for a file of a gated repository, so that a refusal comes before anything else."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    with hub_errors(model.id):
        url = hf_hub_url(
            model.id, choice.files[-1].path, revision=model.revision, endpoint=endpoint()
        )
        get_hf_file_metadata(url, headers=hub.headers(), token=hub.token() or False, timeout=20)


def _architectures(config: dict[str, Any]) -> str:
    return one_line(", ".join(map(str, config["architectures"])), 80)


def _text(config: dict[str, Any], name: str) -> str:
    value = config.get(name)
    return value if isinstance(value, str) else ""
