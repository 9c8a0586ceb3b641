"""Which address leads where."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from tests.hub import accounts, api_models, card_check, resolve, tree, uploads, xet
from tests.hub.answers import Refused, redirect

_API = re.compile(r"/api/(model|dataset)s/([^/]+/[^/]+)(?:/(.*))?")
_FILE = re.compile(r"/(datasets/)?([^/]+/[^/]+)/(?:resolve|raw)/([^/]+)/(.+)")
_PLACE = re.compile(r"/(?:api/resolve-cache|(cdn))/(model|dataset)s/([^/]+/[^/]+)/([^/]+)/(.+)")
_LFS = re.compile(r"/(datasets/)?([^/]+/[^/]+)\.git/info/lfs/objects/batch")
_OLD = re.compile(r"(?:/api/(model|dataset)s|(/datasets)?)/([^/]+(?:/[^/]+)?)(?:/.*|$)")


async def dispatch(server: Any, request: web.BaseRequest) -> web.StreamResponse:
    """The answer to a request; raises `Refused`."""
    path = request.raw_path.split("?")[0]
    if path == "/api/whoami-v2":
        return accounts.whoami(server.user_of(request))
    if path in ("/api/models", "/api/datasets"):
        return api_models.listed(server, request, path.removeprefix("/api/")[:-1])
    if path == "/api/models-tags-by-type":
        return api_models.tags_by_type()
    if path == "/api/validate-yaml":
        asked = await uploads.json_of(request)
        return card_check.checked(asked.get("content", ""))
    if path.startswith("/api/repos/"):
        return await accounts.repositories(server, request, path.removeprefix("/api/repos/"))
    if path.startswith("/lfs/"):
        return await uploads.lfs(server, request, path.removeprefix("/lfs/"))
    if path.startswith("/xet/"):
        return await xet.storage(server)
    if moved := _moved(server, request, path):
        return moved
    return await _repository(server, request, path)


def _moved(server: Any, request: web.BaseRequest, path: str) -> web.Response | None:
    """To the new name of a renamed repository. An old name may lack an owner ("gpt2")."""
    found = _OLD.match(path)
    if not found or not server.renamed:
        return None
    kind = found[1] or ("dataset" if found[2] else "model")
    whole = found[3].removesuffix(".git")
    for old in (whole, whole.split("/")[0]):
        new = server.renamed.get((kind, old))
        if new and (kind, old) not in server.repositories and old != new.split("/")[0]:
            return redirect(request.raw_path.replace(f"/{old}", f"/{new}", 1))
    return None


async def _repository(server: Any, request: web.BaseRequest, path: str) -> web.StreamResponse:
    if found := _PLACE.fullmatch(path):
        kind, repo_id, revision, name = (unquote(part) for part in found.groups()[1:])
        if found[1]:  # signed, so open to whoever has the address
            repository = server.repositories.get((kind, repo_id))
        else:
            repository = server.find(request, kind, repo_id, files=True)
        commit = repository.commit(revision) if repository else None
        if commit is None:
            raise Refused(403, "Access denied")
        return await resolve.bytes_of(server, request, repository, commit, name, bool(found[1]))
    if found := _FILE.fullmatch(path):
        repo_id, revision, name = (unquote(part) for part in found.groups()[1:])
        kind = "dataset" if found[1] else "model"
        repository = server.find(request, kind, repo_id, files=True)
        return resolve.resolve(server, request, repository, revision, name)
    if found := _LFS.fullmatch(path):
        repository = server.find(request, "dataset" if found[1] else "model", unquote(found[2]))
        accounts.writer(server.user_of(request), repository)
        return await uploads.batch(server, request, repository)
    if found := _API.fullmatch(path):
        repository = server.find(request, found[1], unquote(found[2]))
        return await _api(server, request, repository, found[3] or "")
    raise Refused(404, "Sorry, we can't find the page you are looking for.")


async def _api(
    server: Any, request: web.BaseRequest, repository: Any, rest: str
) -> web.StreamResponse:
    what, _, more = rest.partition("/")
    revision, _, under = (unquote(part) for part in more.partition("/"))
    if what in ("preupload", "commit", "settings", "branch", "tag", "xet-write-token"):
        user = accounts.writer(server.user_of(request), repository)
        if what == "preupload":
            return await uploads.preupload(request, repository, revision)
        if what == "commit":
            return await uploads.commit(server, request, repository, revision, user.name)
        if what == "settings":
            return await accounts.settings(request, repository)
        if what in ("branch", "tag"):
            return await accounts.reference(request, repository, what, unquote(more))
    if what in ("xet-write-token", "xet-read-token"):
        return xet.token(server)
    if what in ("", "revision"):
        return api_models.info(request, repository, revision or "main")
    if what == "tree":
        return tree.tree(server, request, repository, revision, under)
    if what == "paths-info":
        return await tree.paths_info(server, request, repository, revision)
    if what == "refs":
        return tree.refs(request, repository)
    if what == "commits":
        return tree.commits(server, request, repository, revision)
    raise Refused(404, "Sorry, we can't find the page you are looking for.")
