"""Search the Hub, page by page, and look at one model of it.

The Hub filters by tags, name, task and gating (https://huggingface.co/docs/hub/api) and links each
page to the next. What it cannot filter is filtered here: domain, size, a relation without a base,
weights that lwtui can run. A page that would be too short by that is topped up from the next ones.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields, replace
from typing import Any

from lwtui.dock import hub_settings, search_cache
from lwtui.dock.card_text import card_text
from lwtui.dock.domain_guess import HUB_TAGS, HUB_WORDS
from lwtui.dock.facts import hub_model
from lwtui.dock.hub import read_json, read_small
from lwtui.dock.hub_errors import HubError, NoSuchFile
from lwtui.dock.record import HubFile, HubModel, HubPage, HubQuery
from lwtui.errors import BadInput

YOUNG = 600.0
"""Seconds during which an answer is not asked for again, unless a fresh one is wanted."""
CARD_LIMIT = 2 * 2**20
"""Bytes of a README.md."""
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
_ROUNDS = 6
"""Pages of the Hub that one page of ours may take to fill."""
_BYTES_PER_PARAMETER = 0.3
"""Of the smallest GGUF that is of any use (some 2.6 bits a weight)."""

_START: list[str | None] = [""]
_LAYOUT = [field.name for field in fields(HubModel)]

Sourced = tuple[HubModel, Any]


def search(query: HubQuery, *, cursor: str = "", limit: int = 50, fresh: bool = False) -> HubPage:
    """One page of what the Hub has for ``query``; ``cursor`` is the ``next`` of the page before.

    About ``limit`` models: fewer at the end, or where little passes what is filtered here; more
    where the answers to several questions are merged.

    An answer younger than ten minutes is taken from the cache unless ``fresh``. When the Hub cannot
    be asked, the old answer is given with the reason in ``problem``; without one the error is
    raised (:class:`~lwtui.errors.LwtuiError`).
    """
    name = search_cache.key("page", _LAYOUT, asdict(query), cursor, limit)
    value, fetched, cached, problem = _remembered(
        name, fresh, lambda: _page(query, cursor, max(1, limit))
    )
    models = tuple(_from_json(each) for each in value["models"])
    return HubPage(models, value["next"], fetched, cached, problem)


def details(repo: str, revision: str = "", *, fresh: bool = False) -> HubModel:
    """One model with its files, at a branch, tag or commit (empty: the newest).

    A repository that was renamed is told under its new name. Raises ``NotOnHub`` when there is
    none (that this user may see), else as :func:`search`.
    """
    at = f"/revision/{_quoted(revision)}" if revision else ""

    def ask() -> Any:
        told, _ = read_json(f"/api/models/{_quoted(repo, '/')}{at}", {"blobs": "true"}, repo=repo)
        model = hub_model(told)
        if model is None:
            raise HubError(
                "The Hub's answer names no model.", "Look at the model's page.", "not a hub"
            )
        return asdict(model)

    _check(repo)
    value, *_ = _remembered(search_cache.key("model", _LAYOUT, repo, revision), fresh, ask)
    return _from_json(value)


def card(repo: str, revision: str = "", *, fresh: bool = False) -> str:
    """The card's Markdown, cleaned and cut (:func:`~lwtui.dock.card_text.card_text`); empty when
    the repository has none. Raises as :func:`details`."""

    def ask() -> Any:
        try:
            readme = read_small(repo, "README.md", revision=revision or "main", limit=CARD_LIMIT)
        except NoSuchFile:
            return ""
        return card_text(readme)

    _check(repo)
    value, *_ = _remembered(search_cache.key("card", repo, revision), fresh, ask)
    return str(value)


def _remembered(name: str, fresh: bool, ask: Callable[[], Any]) -> tuple[Any, float, bool, str]:
    """The value, when it was fetched, whether it is from the cache, and why if it is old."""
    kept = search_cache.read(name)
    now = time.time()
    if kept is not None and not fresh and 0 <= now - kept.fetched < YOUNG:
        return kept.value, kept.fetched, True, ""
    try:
        value = ask()
    except HubError as error:
        if kept is None or not (error.passing or error.kind == "offline"):
            raise
        return kept.value, kept.fetched, True, str(error)
    search_cache.write(name, value, now)
    return value, now, False, ""


def _page(query: HubQuery, cursor: str, limit: int) -> dict[str, Any]:
    """One page as JSON: pages of the Hub until it is half full, or there are no more."""
    # Where much is left out here, larger pages cost fewer requests.
    size = 100 if _is_filtered_here(query) else min(limit, 100)
    following = _read_cursor(cursor) if cursor else _START * len(_sources(query))
    asked = [{**_parameters(query, size), **source} for source in _sources(query)]
    if len(following) != len(asked):
        raise BadInput("This page belongs to another search.", hint="Search anew.")
    found: dict[str, Sourced] = {}
    for _ in range(_ROUNDS):
        for told, index, link in _ask_all(asked, following):
            following[index] = link
            for each in told if isinstance(told, list) else []:
                model = hub_model(each)
                if model is not None and _wanted(query, model) and not _seen(query, index, model):
                    found.setdefault(model.id, (model, each))
        if len(found) >= limit / 2 or not any(link is not None for link in following):
            break
    ordered = sorted(found.values(), key=lambda each: _rank(query, each), reverse=True)
    models = [model for model, _ in (ordered if len(asked) > 1 else found.values())]
    more = any(link is not None for link in following)
    return {
        "models": [asdict(model) for model in models],
        "next": json.dumps(following) if more else "",
    }


def _ask_all(
    asked: list[dict[str, Any]], following: list[str | None]
) -> list[tuple[Any, int, str | None]]:
    """The next page of every source that has one: its JSON, its source, the link that follows."""

    def ask(index: int) -> tuple[Any, int, str | None]:
        address = following[index]
        told, link = read_json(address) if address else read_json("/api/models", asked[index])
        if not isinstance(told, list):
            raise HubError(
                "Asking the Hub failed: its answer is no list of models.",
                "Check HF_ENDPOINT: the server there may be a mirror that has no search.",
                "not a hub",
            )
        return told, index, _relative(link)

    open_ones = [index for index, link in enumerate(following) if link is not None]
    if len(open_ones) == 1:
        return [ask(open_ones[0])]
    with ThreadPoolExecutor(max_workers=max(1, len(open_ones))) as pool:
        return list(pool.map(ask, open_ones))


def _sources(query: HubQuery) -> list[dict[str, Any]]:
    """What is asked beside the common filters: once nothing, or for a domain without a text the
    tags it is filed under and the word in its models' names, whose answers are merged."""
    tags = HUB_TAGS.get(query.domain.casefold(), ())
    if not tags or query.text.strip():
        return [{}]
    common = _tags(query)
    named = {"search": HUB_WORDS[query.domain.casefold()]}
    return [*({"filter": [*common, tag]} for tag in tags), named]


def _parameters(query: HubQuery, size: int) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "limit": size,
        "sort": _SORT[query.sort],
        "direction": -1,
        "expand": list(EXPAND),
        "search": query.text.strip() or _bare_base(query),
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


def _bare_base(query: HubQuery) -> str:
    """A base named without its owner: the Hub cannot filter by it, but names often hold it."""
    base = query.base.strip()
    return "" if "/" in base else base


def _is_filtered_here(query: HubQuery) -> bool:
    unfiltered = query.relation and not (query.base and not _bare_base(query))
    return bool(query.domain or query.max_bytes or unfiltered or _bare_base(query))


def _wanted(query: HubQuery, model: HubModel) -> bool:
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


def _seen(query: HubQuery, index: int, model: HubModel) -> bool:
    """Whether a source before this one has told of it, on this page or on another."""
    if not index:
        return False
    tags = {tag.casefold() for tag in model.tags}
    return any(tag in tags for tag in HUB_TAGS[query.domain.casefold()][:index])


def _rank(query: HubQuery, each: Sourced) -> Any:
    model, told = each
    if query.sort == "trending":
        score = told.get("trendingScore")
        return score if isinstance(score, (int, float)) else 0
    return {"downloads": model.downloads, "likes": model.likes, "updated": model.updated}[
        query.sort
    ]


def _relative(link: str) -> str | None:
    """A link without its server, so that a cursor can lead to no other; None at the end."""
    return link.removeprefix(hub_settings.endpoint()) if link else None


def _read_cursor(cursor: str) -> list[str | None]:
    try:
        following = json.loads(cursor)
    except ValueError:
        following = None
    known = isinstance(following, list) and all(
        link is None or (isinstance(link, str) and link.startswith("/api/models"))
        for link in following
    )
    if not known:
        raise BadInput("This is not the mark of a next page.", hint="Search anew.")
    return list(following or [])


def _from_json(value: dict[str, Any]) -> HubModel:
    files = tuple(HubFile(**file) for file in value["files"])
    lists = ("languages", "datasets", "tags", "formats")
    return replace(
        HubModel(**{**value, **{name: tuple(value[name]) for name in lists}}), files=files
    )


def _check(repo: str) -> None:
    from lwtui.learnware.model import check_id

    try:
        check_id(repo)
    except BadInput:
        raise BadInput(
            f"{repo[:100]!r} is not the name of a repository.",
            hint="A name on the Hub is owner/name: letters, digits, '.', '_' and '-'.",
        ) from None


def _quoted(text: str, safe: str = "") -> str:
    from urllib.parse import quote

    return quote(text, safe=safe)
