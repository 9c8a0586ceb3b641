"""Search the Hub, page by page, and look at one model of it.

Each page of the Hub links to the next. What is filtered here (``search_query.py``) leaves gaps: a
page that would be too short is topped up from the next ones.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields, replace
from typing import Any

from lwtui.dock import hub_settings, search_cache
from lwtui.dock.card_text import card_text
from lwtui.dock.facts import hub_model
from lwtui.dock.hub import read_json, read_small
from lwtui.dock.hub_errors import HubError, NoSuchFile
from lwtui.dock.record import HubFile, HubModel, HubPage, HubQuery
from lwtui.dock.search_query import (
    check_query,
    is_filtered_here,
    parameters,
    seen_before,
    sources,
    wanted,
)
from lwtui.errors import BadInput

YOUNG = 600.0
"""Seconds during which an answer is not asked for again, unless a fresh one is wanted."""
CARD_LIMIT = 2 * 2**20
"""Bytes of a README.md."""
_ROUNDS = 6
"""Pages of the Hub that one page of ours may take to fill."""
_HEAVY = re.compile(r"expand=(?:cardData|gguf)&?")
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
    check_query(query)
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
    at = f"/revision/{_quoted(revision or 'main')}"  # some mirrors know no page without one

    def ask() -> Any:
        told, _ = read_json(f"/api/models/{_quoted(repo, '/')}{at}", {"blobs": "true"}, repo=repo)
        model = hub_model(told)
        if model is None:
            raise HubError(
                "The Hub's answer names no model.", "Look at the model's page.", "not a hub"
            )
        return _to_json(model)

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
    size = 100 if is_filtered_here(query) else min(limit, 100)
    following = _read_cursor(cursor) if cursor else _START * len(sources(query))
    asked = [{**parameters(query, size), **source} for source in sources(query)]
    if len(following) != len(asked):
        raise BadInput("This page belongs to another search.", hint="Search anew.")
    found: dict[str, Sourced] = {}
    for _ in range(_ROUNDS):
        for told, index, link in _ask_all(asked, following):
            following[index] = link
            for each in told:
                model = hub_model(each)
                if model is None or not wanted(query, model) or seen_before(query, index, model):
                    continue
                found.setdefault(model.id, (model, each))
        more = any(link is not None for link in following)
        if len(found) >= limit / 2 or not more:
            break
    models = list(found.values())
    if len(asked) > 1:
        models.sort(key=lambda each: _rank(query, each), reverse=True)
    return {
        "models": [_to_json(model) for model, _ in models],
        "next": json.dumps(following) if more else "",
    }


def _ask_all(
    asked: list[dict[str, Any]], following: list[str | None]
) -> list[tuple[Any, int, str | None]]:
    """The next page of every source that has one: its JSON, its source, the link that follows."""

    def ask(index: int) -> tuple[Any, int, str | None]:
        told, link = _read_list(following[index] or "", asked[index])
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


def _read_list(address: str, asked: dict[str, Any]) -> tuple[Any, str]:
    """The page at ``address``, or the first one of what is ``asked``, and the link it gives."""
    try:
        return read_json(address) if address else read_json("/api/models", asked)
    except HubError as error:
        if error.kind != "too large":
            raise
    # One card or chat template of many megabytes must not hide the page that it is on.
    if address:
        return read_json(_HEAVY.sub("", address))
    light = [name for name in asked["expand"] if not _HEAVY.match(f"expand={name}")]
    return read_json("/api/models", {**asked, "expand": light})


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


def _to_json(model: HubModel) -> dict[str, Any]:
    return {**vars(model), "files": [vars(file) for file in model.files]}


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
