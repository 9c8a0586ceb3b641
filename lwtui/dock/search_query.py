"""What of a query the Hub is asked, and what is filtered here.

The Hub filters by tags, name, task and gating (https://huggingface.co/docs/hub/api). It cannot
filter by domain, by size, by a relation without a base, or by a base named without its owner.
"""

from __future__ import annotations

from typing import Any

from lwtui.dock.domain_guess import HUB_TAGS, HUB_WORDS
from lwtui.dock.hub_settings import endpoint
from lwtui.dock.record import HubModel, HubQuery
from lwtui.errors import BadInput

EXPAND = (
    "author", "cardData", "downloads", "gated", "gguf", "lastModified", "library_name", "likes",
    "pipeline_tag", "private", "safetensors", "sha", "tags", "trendingScore",
)  # fmt: skip
"""Properties asked for in a list. Files are not among them: a page would be many times as large."""
_SORT = {
    "trending": "trendingScore",
    "downloads": "downloads",
    "likes": "likes",
    "updated": "lastModified",
}
_BYTES_PER_PARAMETER = 0.3
"""Of the smallest GGUF that is of any use (some 2.6 bits a weight)."""


def check_query(query: HubQuery) -> None:
    """Raise ``BadInput`` for a domain that cannot be told from what the Hub says."""
    if query.domain and query.domain.casefold() not in HUB_TAGS:
        raise BadInput(
            f"The Hub's models cannot be searched by the domain {query.domain[:40]!r}.",
            hint=f"Known domains: {', '.join(HUB_TAGS)}. For others search by a word.",
        )


def sources(query: HubQuery) -> list[dict[str, Any]]:
    """What is asked beside the common filters: once nothing, or for a domain without a text the
    tags it is filed under and the word in its models' names, whose answers are merged."""
    tags = HUB_TAGS.get(query.domain.casefold(), ())
    if not tags or query.text.strip():
        return [{}]
    common = _tags(query)
    named = {"search": HUB_WORDS[query.domain.casefold()]}
    return [*({"filter": [*common, tag]} for tag in tags), named]


def parameters(query: HubQuery, size: int) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "limit": size,
        "sort": _SORT[query.sort],
        "expand": list(EXPAND),
        # A page's address pasted as it is names its model.
        "search": query.text.strip().removeprefix(f"{endpoint()}/") or _bare_base(query),
        "pipeline_tag": query.task.strip(),
        "filter": _tags(query),
    }
    if query.gated is not None:
        asked["gated"] = "true" if query.gated else "false"
    return {name: value for name, value in asked.items() if value not in ("", [])}


def _tags(query: HubQuery) -> list[str]:
    """Filters by tag; the Hub wants all of them."""
    base = "" if _bare_base(query) else query.base.strip()
    relation = f"{query.relation}:" if query.relation else ""
    tags = [
        f"base_model:{relation}{base}" if base else "",
        f"license:{query.licence.strip().lower()}" if query.licence.strip() else "",
        query.language.strip().lower(),
        query.format,
        "learnware" if query.learnware else "",
    ]
    return [tag for tag in tags if tag]


def wanted(query: HubQuery, model: HubModel) -> bool:
    """What the Hub was not asked, or may have ignored (a mirror's search knows fewer filters)."""
    if query.domain and model.domain != query.domain.casefold():
        return False
    bare = _bare_base(query).casefold()
    if bare and model.base.rpartition("/")[2].casefold() != bare:
        return False
    if query.relation and model.relation != query.relation:
        return False
    if query.format and query.format not in model.formats:
        return False
    if query.gated is not None and model.gated != query.gated:
        return False
    if query.learnware and not model.is_learnware:
        return False
    if query.licence and model.licence and query.licence.strip().lower() != model.licence:
        tag = f"license:{query.licence.strip().lower()}"
        if tag not in model.tags:
            return False
    return not query.max_bytes or _small_enough(model, query.max_bytes)


def _small_enough(model: HubModel, most: int) -> bool:
    """By the size told, else by the smallest that a GGUF of it can be; an adapter whose size is not
    told is small. Whatever says nothing at all of its size is not known to be small enough."""
    if model.size:
        return model.size <= most
    if "gguf" in model.formats and model.parameters:
        return model.parameters * _BYTES_PER_PARAMETER <= most
    return "peft" in model.formats


def _bare_base(query: HubQuery) -> str:
    """A base named without its owner: the Hub cannot filter by it, but names often hold it."""
    base = query.base.strip()
    return "" if "/" in base else base


def is_filtered_here(query: HubQuery) -> bool:
    unfiltered = query.relation and not (query.base and not _bare_base(query))
    return bool(query.domain or query.max_bytes or unfiltered or _bare_base(query))


def seen_before(query: HubQuery, index: int, model: HubModel) -> bool:
    """Whether a source before this one has told of it, on this page or on another."""
    if not index:
        return False
    tags = {tag.casefold() for tag in model.tags}
    return any(tag in tags for tag in HUB_TAGS[query.domain.casefold()][:index])


def fits_query(query: HubQuery, model: HubModel) -> bool:
    """Whether a model answers a query, by all of it: for lists that no Hub has filtered."""
    told = f"{model.id} {' '.join(model.tags)} {model.note}".casefold()
    equal = (
        (query.task, {model.task}),
        (query.language, {*model.languages, *model.tags}),
        (query.licence, {model.licence}),
        (query.base if "/" in query.base else "", {model.base}),
    )
    return (
        wanted(query, model)
        and all(word in told for word in query.text.casefold().split())
        and all(
            not want.strip() or want.strip().casefold() in {each.casefold() for each in have}
            for want, have in equal
        )
    )


def in_order(query: HubQuery, models: tuple[HubModel, ...]) -> tuple[HubModel, ...]:
    """``models`` as the query sorts them, as far as they tell."""
    key = "downloads" if query.sort == "trending" else query.sort
    return tuple(sorted(models, key=lambda model: getattr(model, key), reverse=True))
