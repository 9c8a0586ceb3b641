"""Look at the collection: list, show."""

from __future__ import annotations

from pathlib import Path

from lwtui.errors import BadInput
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware

DEFAULT_BASE = "starter/base"


def open_collection(
    home: Path | None = None, starter: Path | None = None, *, look: bool = True
) -> Collection:
    """The learnwares on this machine, and those of the Hub that are known: the catalogue's at
    least. Close it, or use it as a context manager. ``look``: see :meth:`Collection.open`."""
    if home is None:
        from lwtui import paths
        from lwtui.dock.catalogue import sync

        sync(paths.home())
    return Collection.open(home, starter, look=look)


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


def weights_that_fit() -> int:
    """The most bytes of weights that run on this machine now, beside the room they need; 0 when
    its memory is not known."""
    from lwtui.dock.quantisation import fits, free_memory

    memory = free_memory()
    low, high = 0, max(0, memory)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle, memory) else (low, middle - 1)
    return low


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
