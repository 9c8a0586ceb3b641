"""The curated catalogue as a search shows it, and which of its entries the Hub still has."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from lwtui.dock.record import HubModel, HubPage, HubQuery
from lwtui.jobs import JobContext

_AT_ONCE = 6
_GONE = "gone entries of the catalogue"


def catalogue_models() -> tuple[HubModel, ...]:
    """The catalogue's entries as models of the Hub, each with its note; ``missing`` are those that
    the Hub did not have when it was last asked for them."""
    from lwtui.dock.catalogue import entries

    gone = _remembered()
    models = (entry.model for entry in entries())
    return tuple(replace(each, missing=each.id.casefold() in gone) for each in models)


def search_catalogue(
    query: HubQuery, check: bool = False, context: JobContext | None = None
) -> HubPage:
    """The entries that fit. Without ``check`` no network is used.

    With it the Hub is asked for each: what it has is told as it is now, what it has not is marked
    ``missing`` (and stays so until it is found again). If the Hub cannot be asked, the entries are
    given as they are, and ``problem`` says why.
    """
    from lwtui.dock.search_query import fits_query, in_order

    models = tuple(model for model in catalogue_models() if fits_query(query, model))
    problem, fetched = "", 0.0
    if check:
        models, problem = _checked(models, context or JobContext())
        fetched = time.time()
    return HubPage(in_order(query, models), fetched=fetched, problem=problem)


def remember(model: HubModel, missing: bool) -> None:
    """Keep for later whether the Hub has an entry of the catalogue."""
    _keep({model.id.casefold(): missing})


def _checked(models: tuple[HubModel, ...], context: JobContext) -> tuple[tuple[HubModel, ...], str]:
    from lwtui.dock import search
    from lwtui.dock.hub_errors import HubError, NotOnHub

    troubles: list[HubError] = []

    def ask(model: HubModel) -> HubModel:
        if troubles or context.cancel.cancelled:
            return model
        try:
            told = search.details(model.id, fresh=True)
        except NotOnHub:
            return replace(model, missing=True)
        except HubError as error:
            if error.passing or error.kind == "offline":
                troubles.append(error)  # the others would fail the same way
            return model
        domain = told.domain or model.domain
        return replace(told, files=(), note=model.note, domain=domain, missing=False)

    found = []
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for number, model in enumerate(pool.map(ask, models), start=1):
            found.append(model)
            if not context.cancel.cancelled:
                context.progress(number, len(models), "asking the Hub")
    context.check()
    asked = zip(models, found, strict=True)
    _keep({old.id.casefold(): new.missing for old, new in asked if new is not old})
    return tuple(found), str(troubles[0]) if troubles else ""


def _remembered() -> frozenset[str]:
    from lwtui.dock import search_cache

    kept = search_cache.read(search_cache.key(_GONE))
    return frozenset(kept.value) if kept is not None else frozenset()


def _keep(missing: dict[str, bool]) -> None:
    from lwtui.dock import search_cache

    before = _remembered()
    after = {name for name in before if missing.get(name, True)}
    after |= {name for name, gone in missing.items() if gone}
    if after != before:
        search_cache.write(search_cache.key(_GONE), sorted(after), time.time())
