"""What a pull fetched, checked as a whole and entered in the collection. Its files stay where they
are, in the Hugging Face cache."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path

from lwtui.dock.cache_layout import CachedRepository
from lwtui.dock.domain_guess import guess_domain
from lwtui.dock.files import MANIFEST
from lwtui.dock.hub_errors import NotOnHub
from lwtui.dock.record import PullPlan
from lwtui.errors import BadInput, LwtuiError
from lwtui.jobs import JobContext
from lwtui.learnware import card
from lwtui.learnware.collection import Collection
from lwtui.learnware.gguf import read_gguf
from lwtui.learnware.headers import safetensors_header
from lwtui.learnware.model import Learnware, Provenance, Semantic
from lwtui.learnware.recognise import Draft, recognise_files
from lwtui.learnware.renewing import renew

_PUBLISHED = MANIFEST.partition("/")[0]


def registered(plan: PullPlan, collection: Collection) -> Learnware | None:
    """The learnware, if this commit of it is in the collection already.

    Raises ``BadInput`` if another one has its name.
    """
    found = collection.find(plan.repo)
    if found is None or not found.pulled:
        return None
    source = found.provenance
    if source.source != "hub" or source.location.casefold() != plan.repo.casefold():
        raise BadInput(
            f"There is already a learnware {found.id} in the collection, from elsewhere.",
            hint=f"Remove it first, if you want the one of the Hub: lwtui remove {found.id}",
        )
    if source.revision == plan.revision and _has_weights(found, plan):
        return found
    return None


def register(
    plan: PullPlan, collection: Collection, outer: JobContext, base: str = ""
) -> Learnware:
    """Enter the base, then the learnware. ``base`` is the one the user named. Raises ``BadInput``
    when what was fetched is not sound; nothing is entered then."""
    outer.progress(plan.size, plan.size, "checking what was fetched")
    published = _published(plan, outer)
    # The bar stays full: where the hash is a file's name, nothing is read again.
    context = JobContext(
        lambda progress: outer.progress(plan.size, plan.size, progress.note), outer.cancel
    )
    if plan.base and collection.find_base(plan.base) is None:
        names = [file.path for file in plan.files if file.repo == plan.base]
        under = draft_of(plan.base, plan.base_revision, names, collection)
        model = dataclasses.replace(under.learnware.model, kind="base")
        under = dataclasses.replace(
            under, learnware=dataclasses.replace(under.learnware, model=model)
        )
        _enter(under, collection, context)
    names = [file.path for file in plan.files if file.repo == plan.repo]
    named = base or _base_to_name(plan, collection)
    draft = draft_of(plan.repo, plan.revision, names, collection, named, published)
    return _enter(draft, collection, context)


def _published(plan: PullPlan, context: JobContext) -> Learnware | None:
    """What the repository says of itself as a learnware, checked; None if it says nothing, or what
    is refused: the weights are none the worse for it."""
    if all((file.repo, file.path) != (plan.repo, MANIFEST) for file in plan.files):
        return None
    from lwtui.dock.remote import remote_learnware

    try:
        found = remote_learnware(plan.repo, plan.revision)
    except NotOnHub:
        return None
    except BadInput as error:
        context.progress(plan.size, plan.size, f"its specification is refused: {error.message}")
        return None
    return found[0] if found is not None else None


def draft_of(
    repo: str,
    commit: str,
    names: Iterable[str],
    collection: Collection,
    base: str = "",
    published: Learnware | None = None,
) -> Draft:
    """A snapshot's files as a learnware, with what it publishes, if that was checked, or what is
    known of it."""
    snapshot = CachedRepository.of(repo).snapshot(commit)
    names = list(names)
    weights = [name for name in names if not name.startswith(f"{_PUBLISHED}/")]
    _check_headers(snapshot, weights)

    def find_base(name: str) -> Learnware | None:
        return collection.find_base(name) if name else None

    draft = recognise_files(snapshot, weights, repo, find_base, base or None)
    learnware = dataclasses.replace(
        draft.learnware,
        semantic=_semantic(repo, snapshot),
        provenance=Provenance(source="hub", location=repo, revision=commit),
    )
    draft = dataclasses.replace(draft, learnware=learnware)
    if published is not None:
        return _with_manifest(draft, published, snapshot / _PUBLISHED)
    known = collection.find(repo)
    if known is not None and known.specs_folder is not None and not known.pulled:
        return _with_manifest(draft, known, known.specs_folder)
    return draft


def _base_to_name(plan: PullPlan, collection: Collection) -> str:
    """The base, where the adapter does not name it as it is called here: the Hub may know it by a
    newer name, or the card alone say it."""
    under = plan.base or plan.base_here
    stated = _stated_base(plan.repo, plan.revision)
    return "" if stated and collection.find_base(stated) is not None else under


def _stated_base(repo: str, commit: str) -> str:
    from lwtui.learnware.adapter_check import CONFIG_NAME, read_json

    path = CachedRepository.of(repo).pointer(commit, CONFIG_NAME)
    return str(read_json(path).get("base_model_name_or_path", "")) if path.is_file() else ""


def _check_headers(snapshot: Path, names: Iterable[str]) -> None:
    for name in names:
        if name.endswith(".safetensors"):
            safetensors_header(snapshot / name)
        elif name.endswith(".gguf"):
            read_gguf(snapshot / name)


def _semantic(repo: str, snapshot: Path) -> Semantic:
    told = card.read_card(snapshot)
    names = [each.name for each in told.data]
    title = told.title or repo.partition("/")[2]
    return dataclasses.replace(told, title=title, domain=guess_domain(repo, told.tags, names))


def _with_manifest(draft: Draft, known: Learnware, folder: Path) -> Draft:
    """With the facts, scores and specifications of a published or known manifest. What its card
    says stands where the manifest says nothing; what runs is told by the files alone."""
    kept = draft.learnware.semantic
    empty = Semantic()
    semantic = dataclasses.replace(
        known.semantic,
        **{
            field.name: getattr(kept, field.name)
            for field in dataclasses.fields(Semantic)
            if getattr(known.semantic, field.name) == getattr(empty, field.name)
        },
    )
    entries = [entry for entry in known.specifications if (folder / entry.file).is_file()]
    learnware = dataclasses.replace(
        draft.learnware,
        semantic=semantic,
        specifications=tuple(entries),
        scores=known.scores,
    )
    files = {entry.file: folder / entry.file for entry in entries}
    return dataclasses.replace(draft, learnware=learnware, specifications=files)


def _enter(draft: Draft, collection: Collection, context: JobContext) -> Learnware:
    learnware = draft.learnware
    before = collection.find(learnware.id)
    try:
        if before is not None and before.pulled:
            return _renew(before, draft, collection, context)
        return collection.add(
            learnware, draft.weights, draft.specifications, in_place=True, context=context
        )
    except BadInput:
        # Another process may have pulled the same meanwhile, and not have told the index yet.
        collection.refresh()
        found = collection.find(learnware.id)
        if found is not None and found.provenance.revision == learnware.provenance.revision:
            return found
        raise
    except OSError as error:
        raise LwtuiError(f"{learnware.id} could not be entered: {error}.") from error


def _renew(
    before: Learnware, draft: Draft, collection: Collection, context: JobContext
) -> Learnware:
    """A newer revision of what is here; specifications that it publishes replace older ones."""
    learnware = renew(collection, draft.learnware, draft.weights, context)
    for entry in draft.learnware.specifications:
        file = draft.specifications[entry.file]
        if entry not in before.specifications:
            learnware = collection.add_specification(before.id, file, entry)
    return learnware


def _has_weights(learnware: Learnware, plan: PullPlan) -> bool:
    """Whether all the plan's files of the learnware itself are entered, and still there."""
    entered = {file.path for file in learnware.model.files}
    wanted = {f.path for f in plan.files if f.repo == plan.repo}
    wanted = {path for path in wanted if not path.startswith(f"{_PUBLISHED}/")}
    folder = learnware.models_folder
    return wanted <= entered and folder is not None and all((folder / p).is_file() for p in wanted)
