"""Look at the collection: list, show."""

from __future__ import annotations

from pathlib import Path

from lwtui.errors import BadInput
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware

DEFAULT_BASE = "starter/base"


def open_collection(home: Path | None = None, starter: Path | None = None) -> Collection:
    """The learnwares on this machine, and those of the Hub that are known: the catalogue's at
    least. Close it, or use it as a context manager."""
    if home is None:
        from lwtui import paths
        from lwtui.dock.catalogue import sync

        sync(paths.home())
    return Collection.open(home, starter)


def list_learnwares(
    text: str = "",
    *,
    domain: str = "",
    base: str = "",
    licence: str = "",
    kind: str = "",
    limit: int | None = None,
    offset: int = 0,
) -> list[Learnware]:
    """See :meth:`lwtui.learnware.collection.Collection.list`."""
    with open_collection() as collection:
        return collection.list(
            text,
            domain=domain,
            base=base,
            licence=licence,
            kind=kind,
            limit=limit,
            offset=offset,
        )


def show(identifier: str) -> Learnware:
    """One learnware. Raises ``BadInput`` with near names when there is none."""
    with open_collection() as collection:
        return collection.get(identifier)


def default_learnware(collection: Collection) -> Learnware:
    """What answers when the user has chosen nothing: the built-in base, else any base, else the
    first there is. Raises ``BadInput`` when the collection is empty."""
    found = collection.find(DEFAULT_BASE)
    if found is not None:
        return found
    first = collection.list(kind="base", limit=1) or collection.list(limit=1)
    if not first:
        raise BadInput("The collection is empty.", hint="Add a model first: lwtui add PATH")
    return first[0]
