"""Which pulled learnwares have a newer revision on the Hub, and what changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from lwtui.dock.hub_errors import NotOnHub
from lwtui.dock.record import HubFile
from lwtui.dock.repository import model_at, tree
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware

Status = Literal["added", "changed", "removed"]


@dataclass(frozen=True)
class Update:
    """A newer revision of a pulled learnware."""

    id: str
    here: str
    """Commit that was pulled."""
    there: str
    """The newest commit; empty when the Hub no longer has the repository."""
    changed: tuple[tuple[Status, str, int], ...] = field(default=())
    """Status, path and size in bytes (the new one's; of a removed file the old one's)."""
    updated: str = ""
    """When, ISO 8601."""
    note: str = ""


def updates(ids: Sequence[str], collection: Collection, context: JobContext) -> list[Update]:
    """Ask the Hub about each; those that are up to date are left out. Raises ``BadInput`` for an id
    that was not pulled, ``LwtuiError`` when the Hub is not reached."""
    pulled = [collection.get(identifier) for identifier in ids] or collection.list()
    found = []
    asked = [each for each in pulled if _is_from_hub(each)]
    for learnware in pulled:
        if ids and not _is_from_hub(learnware):
            raise BadInput(f"{learnware.id} was not pulled from the Hub.")
    for count, learnware in enumerate(asked):
        context.progress(count, len(asked), f"asking the Hub for {learnware.id}")
        update = _update(learnware)
        if update is not None:
            found.append(update)
    return found


def _is_from_hub(learnware: Learnware) -> bool:
    source = learnware.provenance
    return learnware.pulled and source.source == "hub" and bool(source.revision)


def _update(learnware: Learnware) -> Update | None:
    repo, here = learnware.provenance.location, learnware.provenance.revision
    try:
        model = model_at(repo)
    except NotOnHub as error:
        return Update(learnware.id, here, "", note=f"{error.message} What is here stays.")
    if model.revision == here:
        return None
    note = "" if model.id == repo else f"It is called {model.id} now."
    try:
        before = tree(model.id, here)
    except NotOnHub:
        return Update(
            learnware.id, here, model.revision, (), model.updated, "Its history was rewritten."
        )
    changed = _changes(before, tree(model.id, model.revision))
    return Update(learnware.id, here, model.revision, changed, model.updated, note)


def _changes(
    before: Sequence[HubFile], after: Sequence[HubFile]
) -> tuple[tuple[Status, str, int], ...]:
    old = {file.path: file for file in before}
    new = {file.path: file for file in after}
    found: list[tuple[Status, str, int]] = []
    for path in sorted(old.keys() | new.keys()):
        if path not in old:
            found.append(("added", path, new[path].size))
        elif path not in new:
            found.append(("removed", path, old[path].size))
        elif _content(old[path]) != _content(new[path]):
            found.append(("changed", path, new[path].size))
    return tuple(found)


def _content(file: HubFile) -> tuple[str, int]:
    return file.sha256 or file.blob_id, file.size
