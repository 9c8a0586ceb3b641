"""A server that is not the Hub but answers some of its addresses: the ways of olah 0.5.4, a mirror
of local Git repositories, when it is offline. Observed on the wire, answer by answer.

Ranges are ignored and bodies come in chunks of no announced length, without ETag; HEAD tells an
ETag without quotation marks and nothing of large files; the list of models is an empty body; the
page of a model exists with a revision only; everything missing is a missing repository.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from tests.hub import tree
from tests.hub.answers import Refused, answer
from tests.hub.api_models import described
from tests.hub.faults import send
from tests.hub.repositories import Commit, Repository, StoredFile
from tests.hub.resolve import read

_API = re.compile(r"/api/(model|dataset)s/([^/]+/[^/]+)/(revision|tree|refs|paths-info)/?(.*)")
_FILE = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_TOLD = ("author", "sha", "lastModified", "private", "gated", "disabled", "tags", "downloads")
_MISSING = Refused(401, "Repository not found", "RepoNotFound")


async def dispatch(server: Any, request: web.BaseRequest) -> web.StreamResponse:
    """In place of `routes.dispatch`."""
    path = request.raw_path.split("?")[0]
    if path in ("/api/models", "/api/datasets"):
        etag = '"226a38e9610700ed906a898c34fcf7a5-10"'
        return web.Response(headers={"Accept-Ranges": "bytes", "ETag": etag})
    if path == "/api/whoami-v2":
        return web.Response(status=504)
    if found := _FILE.fullmatch(path):
        kind = "dataset" if found[1] else "model"
        _, commit = _find(server, kind, found[2], unquote(found[3]))
        file = commit.files.get(unquote(found[4]))
        if file is None and request.method != "HEAD":
            return web.Response(status=500, text="Internal Server Error")
        if file is None:
            raise _MISSING
        return await _file(server, request, commit, file)
    if found := _API.fullmatch(path):
        return await _api(server, request, found)
    raise _MISSING


def _find(server: Any, kind: str, repo_id: str, revision: str) -> tuple[Repository, Commit]:
    repository = server.repositories.get((kind, repo_id))
    commit = repository.commit(revision) if repository else None
    if commit is None:
        raise _MISSING
    return repository, commit


async def _api(server: Any, request: web.BaseRequest, found: re.Match[str]) -> web.Response:
    kind, repo_id, what, rest = found.groups()
    revision, slash, under = (unquote(part) for part in rest.partition("/"))
    repository, commit = _find(server, kind, repo_id, revision or "main")
    if what == "refs":
        return tree.refs(request, repository)
    if what == "paths-info":
        return await tree.paths_info(server, request, repository, revision)
    if what == "tree":
        if not slash:
            place = f"{server.address(request)}{request.path}/"
            asked = f"?{request.query_string}" if request.query_string else ""
            return web.Response(status=307, headers={"Location": f"{place}{asked}"})
        if under and under not in commit.folders():
            raise _MISSING
        return tree.tree(server, request, repository, revision, under)
    told = described(repository, commit, (*_TOLD, "likes", "cardData", "siblings", "createdAt"))
    told.pop("modelId", None)
    return answer({**told, "tags": [], "description": "", "paperswithcode_id": None})


async def _file(
    server: Any, request: web.BaseRequest, commit: Commit, file: StoredFile
) -> web.StreamResponse:
    if request.method == "HEAD":
        told = {"X-Repo-Commit": commit.id, "ETag": file.etag}
        response = web.StreamResponse(headers=told)
        response.content_length = file.size
        await response.prepare(request)
        return response
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    faults = server.faults.body(request)
    return await send(request, response, read(file, 0, file.size), None, faults, server.closing)
