"""Models that the Hugging Face cache holds whole already, whoever put them there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui.dock.cache_layout import CachedRepository
from lwtui.dock.domain_guess import guess_domain
from lwtui.dock.files import INDEX, Choice, choose_files, writes_text
from lwtui.dock.hub_settings import cache_dir
from lwtui.dock.quantisation import free_memory
from lwtui.dock.record import HubFile, HubModel
from lwtui.dock.register import draft_of
from lwtui.errors import BadInput, LwtuiError
from lwtui.jobs import JobContext
from lwtui.learnware import card
from lwtui.learnware.adapter_check import CONFIG_NAME, read_json
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware, check_id

if TYPE_CHECKING:
    from huggingface_hub import CachedRepoInfo, CachedRevisionInfo

_INDEX_LIMIT = 16 * 1024 * 1024
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model")


@dataclass(frozen=True)
class _Found:
    """A snapshot that is whole."""

    repo: str
    commit: str
    choice: Choice
    base: str = ""

    @property
    def size(self) -> int:
        return sum(file.size for file in self.choice.files)


def adoptable(collection: Collection) -> list[HubModel]:
    """Whole models in the cache that are not in the collection; adapters only where their base is
    here or can be adopted as well. Sorted by id."""
    found = _new(collection)
    return [_as_model(found[repo]) for repo in sorted(found)]


def adopt(repos: Sequence[str], collection: Collection, context: JobContext) -> list[Learnware]:
    """Enter these, or all. Bases go first. Raises ``BadInput`` for one that cannot be adopted."""
    found = _new(collection)
    names = {repo.casefold(): repo for repo in found}
    for repo in repos:
        if repo.casefold() not in names:
            there = collection.find(repo)
            raise BadInput(
                f"{repo} is in the collection already."
                if there is not None and there.pulled
                else f"{repo} is not whole in the Hugging Face cache.",
                hint="`lwtui pull --cached` lists what can be adopted; `lwtui pull "
                f"{repo}` fetches what is missing.",
            )
    wanted = [names[repo.casefold()] for repo in repos] or sorted(found)
    bases = [found[repo].base for repo in wanted if found[repo].base in found]
    order = list(dict.fromkeys([*bases, *(repo for repo in wanted if not found[repo].base)]))
    order += [repo for repo in wanted if repo not in order]
    adopted = []
    for count, repo in enumerate(order):
        context.progress(count, len(order), f"adopting {repo}")
        adopted.append(_enter(found[repo], collection, context))
    return adopted


def _enter(found: _Found, collection: Collection, context: JobContext) -> Learnware:
    draft = draft_of(found.repo, found.commit, found.choice.paths, collection)
    return collection.add(
        draft.learnware, draft.weights, draft.specifications, in_place=True, context=context
    )


def _new(collection: Collection) -> dict[str, _Found]:
    """By repository: whole, not in the collection, able to run, checked."""
    here = {learnware.id.casefold() for learnware in collection.list()}
    whole = {found.repo: found for found in _whole_snapshots() if found.repo.casefold() not in here}
    kept: dict[str, _Found] = {}
    for repo, found in whole.items():
        base = whole.get(found.base)
        needs_base = found.choice.format == "peft"
        has_base = (base is not None and not base.base) or _here(found.base, collection)
        if not needs_base or has_base:
            kept[repo] = found
    return kept


def _here(base: str, collection: Collection) -> bool:
    return bool(base) and collection.find_base(base) is not None


def _whole_snapshots() -> Iterable[_Found]:
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        scanned = scan_cache_dir(cache_dir())
    except (CacheNotFound, ValueError, OSError):
        return
    for repository in scanned.repos:
        if repository.repo_type == "model" and _is_id(repository.repo_id):
            found = _newest_whole(repository)
            if found is not None:
                yield found


def _newest_whole(repository: CachedRepoInfo) -> _Found | None:
    def rank(revision: CachedRevisionInfo) -> tuple[bool, float]:
        return "main" in revision.refs, revision.last_modified

    for revision in sorted(repository.revisions, key=rank, reverse=True):
        try:
            return _look(repository.repo_id, revision)
        except LwtuiError:
            continue  # not whole, or nothing that runs here
    return None


def _look(repo: str, revision: CachedRevisionInfo) -> _Found:
    snapshot = revision.snapshot_path
    files = [
        HubFile(each.file_path.relative_to(snapshot).as_posix(), each.size_on_disk)
        for each in revision.files
    ]
    there = {file.path for file in files}
    choice = choose_files(
        files,
        free_memory=free_memory(),
        read_index=(lambda: _weight_map(snapshot)) if INDEX in there else None,
    )
    base = ""
    if choice.format == "peft":
        stated = read_json(snapshot / CONFIG_NAME).get("base_model_name_or_path")
        base = stated if isinstance(stated, str) else ""
    elif choice.format == "safetensors":
        config = read_json(snapshot / "config.json")
        if "auto_map" in config or not writes_text(config):
            raise BadInput("It needs program code of its own, or writes no text.")
        if not there & set(_TOKENIZERS):
            raise BadInput("It has no tokenizer.")
    return _Found(repo, revision.commit_hash, choice, base)


def _weight_map(snapshot: Path) -> dict[str, str]:
    told = read_json(snapshot / INDEX, _INDEX_LIMIT).get("weight_map")
    if not isinstance(told, dict):
        raise BadInput("The index names no weights.")
    return {str(name): str(shard) for name, shard in told.items()}


def _as_model(found: _Found) -> HubModel:
    told = card.read_card(CachedRepository.of(found.repo).snapshot(found.commit))
    names = tuple(each.name for each in told.data)
    return HubModel(
        id=found.repo,
        revision=found.commit,
        licence=told.licence,
        base=found.base,
        relation="adapter" if found.base else "",
        domain=guess_domain(found.repo, told.tags, names),
        task=told.task,
        languages=told.languages,
        datasets=names,
        tags=told.tags,
        formats=(found.choice.format,),
        size=found.size,
        files=found.choice.files,
    )


def _is_id(text: str) -> bool:
    try:
        return check_id(text) == text
    except BadInput:
        return False
