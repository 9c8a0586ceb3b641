"""The lists and pages of models and datasets: /api/models, /api/models/OWNER/NAME."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from aiohttp import web

from tests.hub.answers import Refused, answer, flag, page, revision_missing
from tests.hub.cards import derived, identity
from tests.hub.repositories import Commit, Repository

_LISTED = ("likes", "private", "downloads", "tags", "pipeline_tag", "library_name", "createdAt")
_FULL = ("author", "sha", "lastModified", "gated", "disabled", "siblings")
_SHOWN = (
    *(*_LISTED, *_FULL, "cardData", "config", "safetensors", "gguf", "spaces", "usedStorage"),
    *("model-index", "widgetData", "description", "citation"),
)
_EXPANDABLE = {
    *(*_SHOWN, "baseModels", "childrenModelCount", "downloadsAllTime", "evalResults"),
    *("inference", "inferenceProviderMapping", "mask_token", "trendingScore", "resourceGroup"),
    *("transformersInfo", "mainSize", "xetEnabled"),
}
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_SORTS: dict[str, Callable[[Repository], Any]] = {
    "trendingScore": lambda repo: (repo.facts.get("trendingScore", 0), repo.likes),
    "downloads": lambda repo: repo.downloads,
    "likes": lambda repo: repo.likes,
    "likes7d": lambda repo: repo.likes,
    "lastModified": lambda repo: repo.modified,
    "createdAt": lambda repo: repo.created,
}


def fact(repository: Repository, commit: Commit, name: str, blobs: bool = False) -> Any:
    """One property of a repository at a commit; None where the Hub would leave it out."""
    if name in repository.facts:
        return repository.facts[name]
    if name == "siblings":
        return [_sibling(commit, path, blobs) for path in commit.files]
    plain = {
        "author": repository.owner,
        "sha": commit.id,
        "createdAt": repository.created,
        "lastModified": repository.modified,
        "private": repository.private,
        "disabled": repository.disabled,
        "gated": "auto" if repository.gated is True else repository.gated,
        "downloads": repository.downloads,
        "downloadsAllTime": repository.downloads * 3,
        "likes": repository.likes,
        "trendingScore": 0,
        "spaces": [],
        "childrenModelCount": 0,
    }
    if name in plain:
        return plain[name]
    if name == "usedStorage":
        return sum(file.size for file in commit.files.values())
    return derived(repository, commit).get(name, [] if name == "tags" else None)


def _sibling(commit: Commit, path: str, blobs: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"rfilename": path}
    if blobs:
        file = commit.files[path]
        told.update({"blobId": file.oid, "size": file.size})
        if file.sha256:
            size = file.pointer_size
            told["lfs"] = {"sha256": file.sha256, "size": file.size, "pointerSize": size}
    return told


def described(
    repository: Repository, commit: Commit, names: Iterable[str], blobs: bool = False
) -> dict[str, Any]:
    told: dict[str, Any] = {"_id": identity(repository.id), "id": repository.id}
    if repository.type == "model":
        told["modelId"] = repository.id
    for name in names:
        value = fact(repository, commit, name, blobs)
        if value is not None:
            told[name] = value
    return told


def _expanded(request: web.BaseRequest) -> list[str]:
    asked = [*request.query.getall("expand", []), *request.query.getall("expand[]", [])]
    for name in asked:
        if name not in _EXPANDABLE:
            raise Refused(400, f'"expand" must be one of {sorted(_EXPANDABLE)}, not {name}')
    return asked


def listed(server: Any, request: web.BaseRequest, kind: str) -> web.Response:
    """GET /api/models or /api/datasets."""
    query = request.query
    key = _SORTS.get(query.get("sort", "trendingScore"))
    if key is None:
        raise Refused(400, '"sort" must be one of ' + ", ".join(_SORTS))
    try:
        limit = max(1, min(int(query.get("limit", server.page_size)), server.page_size))
    except ValueError:
        raise Refused(400, '"limit" must be a number') from None
    user = server.user_of(request)
    every = server.ordered(kind, query.get("sort", "trendingScore"), key)
    every = every[::-1] if query.get("direction") == "1" else every
    found = _fitting(request, (r for r in every if not r.private or (user and user.sees(r))))
    names: list[str] = _expanded(request)
    if not names:
        names = list(_LISTED)
        names += _FULL if flag(request, "full") or query.get("filter") else ()
        names += ["cardData"] if flag(request, "cardData") else []
        names += ["config"] if flag(request, "config") else []
        names += ["description"] if kind == "dataset" else []
    shown, headers = page(request, server.address(request), found, limit)
    return answer([described(each, each.head, names) for each in shown], headers=headers)


def _fitting(request: web.BaseRequest, every: Iterable[Repository]) -> Iterable[Repository]:
    """Those that fit every condition of the query; looked for only as far as somebody reads."""
    query = request.query
    for word in query.get("search", "").lower().split():
        every = _having(every, word)
    if author := query.get("author", "").lower():
        every = (r for r in every if r.owner.lower() == author)
    if gated := query.get("gated"):
        every = (r for r in every if bool(r.gated) == (gated == "true"))
    wanted = {part for each in query.getall("filter", []) for part in each.split(",") if part}
    wanted |= {query["pipeline_tag"]} if query.get("pipeline_tag") else set()
    if wanted:
        every = (r for r in every if wanted <= tags_of(r))
    if apps := set(query.getall("apps", [])):
        every = (r for r in every if apps & set(r.facts.get("apps", ())))
    if size := _range(query.get("num_parameters", "")):
        every = (r for r in every if size[0] <= _parameters(r) <= size[1])
    return every


def _having(every: Iterable[Repository], word: str) -> Iterable[Repository]:
    return (r for r in every if word in r.id.lower())


def tags_of(repository: Repository) -> frozenset[str]:
    """Of the newest commit; kept, for a filter looks at those of every repository."""
    head = repository.head
    if repository.tag_set is None or repository.tag_set[0] is not head:
        repository.tag_set = (head, frozenset(fact(repository, head, "tags")))
    return repository.tag_set[1]


def _parameters(repository: Repository) -> int:
    told = fact(repository, repository.head, "safetensors") or {}
    told = told or fact(repository, repository.head, "gguf") or {}
    return int(told.get("total", -1))


def _range(text: str) -> tuple[float, float] | None:
    """ "min:6B,max:128B", either end alone too."""
    if not text:
        return None
    ends = {"min": 0.0, "max": float("inf")}
    for part in text.split(","):
        read = re.fullmatch(r"(min|max):([0-9.]+)([KMBT]?)", part)
        if not read:
            raise Refused(400, '"num_parameters" must look like min:6B,max:128B')
        ends[read[1]] = float(read[2]) * _UNITS[read[3]]
    return ends["min"], ends["max"]


def info(request: web.BaseRequest, repository: Repository, revision: str) -> web.Response:
    """GET /api/models/OWNER/NAME, with /revision/REVISION or without."""
    commit = repository.commit(revision)
    if commit is None:
        raise revision_missing(revision)
    names = _expanded(request) or _SHOWN
    blobs = flag(request, "blobs")
    told = described(repository, commit, names, blobs)
    if flag(request, "securityStatus"):
        told["securityRepoStatus"] = {"scansDone": True, "filesWithIssues": []}
    return answer(told)


def tags_by_type() -> web.Response:
    """GET /api/models-tags-by-type: the few that anybody could ask for."""
    licences = [
        {"type": "license", "id": f"license:{n}", "label": n} for n in ("mit", "apache-2.0")
    ]
    return answer({"license": licences, "region": [{"type": "region", "id": "region:us"}]})
