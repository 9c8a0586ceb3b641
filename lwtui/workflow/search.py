"""Search the Hub: what it has, what of it is here already, what the catalogue says of it.

When the Hub cannot be asked, the answer is the old one with its age, or the catalogue's entries
that fit: never an empty screen without a reason.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from lwtui.dock.record import HubModel, HubPage, HubQuery
from lwtui.learnware.model import Learnware
from lwtui.workflow.browse import open_collection
from lwtui.workflow.search_catalogue import catalogue_models, remember, search_catalogue

if TYPE_CHECKING:
    from lwtui.dock.quantisation import Quantisation


def search_hub(
    query: HubQuery, cursor: str = "", fresh: bool = False, *, limit: int = 50
) -> HubPage:
    """One page of the Hub's models for ``query``: see :func:`lwtui.dock.search.search`.

    Models in the collection are marked ``here``; those of the catalogue carry its ``note``. With no
    answer, new or old, the first page is what the catalogue has, and ``problem`` says why. Takes as
    long as the network: never call it on the thread of the screen. Raises ``BadInput`` for a query
    that cannot be asked, ``LwtuiError`` when a later page cannot be had.
    """
    from lwtui.dock import search
    from lwtui.dock.hub_errors import HubError

    try:
        page = search.search(query, cursor=cursor, limit=limit, fresh=fresh)
    except HubError as error:
        if cursor:
            raise
        page = replace(search_catalogue(query), problem=str(error))
    return replace(page, models=marked(page.models))


def hub_model(repo: str, revision: str = "", fresh: bool = False) -> HubModel:
    """One model with its files: see :func:`lwtui.dock.search.details`.

    An entry of the catalogue that the Hub does not have (any more) comes back as ``missing``; one
    that the Hub could not be asked for comes back as the catalogue knows it, without files.
    """
    from lwtui.dock import search
    from lwtui.dock.hub_errors import HubError, NotOnHub

    known = next((model for model in catalogue_models() if same(model.id, repo)), None)
    try:
        model = search.details(repo, revision, fresh=fresh)
    except NotOnHub:
        if known is None or revision:
            raise
        model = replace(known, missing=True)
        remember(known, missing=True)
    except HubError:
        if known is None:
            raise
        model = known
    else:
        if known is not None and known.missing:
            remember(known, missing=False)
    if known is not None and not model.note:
        model = replace(model, note=known.note)
    return marked((model,))[0]


def hub_card(repo: str, revision: str = "", fresh: bool = False) -> str:
    """The Markdown of its card, cleaned; empty if it has none. See
    :func:`lwtui.dock.search.card`."""
    from lwtui.dock import search

    return search.card(repo, revision, fresh=fresh)


def gguf_choices(repo: str, revision: str = "") -> tuple[Quantisation, ...]:
    """The quantisations of a GGUF repository, the smallest first, one advised for the memory that
    is free now; empty where there is none. Raises as :func:`lwtui.dock.search.details`."""
    from lwtui.dock import search
    from lwtui.dock.quantisation import quantisations

    return quantisations(search.details(repo, revision).files, free_memory())


def free_memory() -> int:
    """Bytes for a GGUF model here: see :func:`lwtui.dock.quantisation.free_memory`."""
    from lwtui.dock import quantisation

    return quantisation.free_memory()


def search_collection(query: HubQuery, limit: int | None = None) -> tuple[list[Learnware], int]:
    """Learnwares here and known ones that fit, sorted by id, and how many there are in all.

    ``relation`` ``adapter`` finds adapters and ``finetune`` whole models; the collection knows of
    no gating and no downloads, so those parts of the query are not used.
    """
    kind = {"adapter": "adapter", "finetune": "model"}.get(query.relation, "")
    with open_collection() as collection:
        found = collection.list(
            query.text,
            domain=query.domain,
            base=query.base,
            licence=query.licence,
            kind=kind,
            where="all",
        )
    fitting = [learnware for learnware in found if _fits(query, learnware)]
    return fitting[:limit], len(fitting)


def _fits(query: HubQuery, learnware: Learnware) -> bool:
    """What the collection's index does not filter."""
    semantic = learnware.semantic
    languages = {language.casefold() for language in semantic.languages}
    return (
        (not query.task or semantic.task.casefold() == query.task.casefold())
        and (not query.language or query.language.casefold() in languages)
        and (not query.format or query.format in learnware.formats)
        and (not query.max_bytes or learnware.size <= query.max_bytes)
        and (not query.learnware or bool(learnware.specifications))
    )


def marked(models: tuple[HubModel, ...]) -> tuple[HubModel, ...]:
    """``models`` with what the collection and the catalogue know of them."""
    listed = {model.id.casefold(): model for model in catalogue_models()}
    with open_collection() as collection:
        found = {model.id: collection.find(model.id) for model in models}
    told = []
    for model in models:
        learnware = found[model.id]
        known = listed.get(model.id.casefold(), model)
        told.append(
            replace(
                model,
                here=learnware is not None and learnware.pulled,
                domain=model.domain or known.domain,
                note=model.note or known.note,
            )
        )
    return tuple(told)


def age(fetched: float) -> str:
    """How old an answer is, in words: ``now``, ``5 minutes ago``, ``3 days ago``."""
    seconds = max(0, int(time.time() - fetched))
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = seconds // length
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "now"


def same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()
