"""Who somebody is, and what may be done to repositories: made, moved, set, deleted."""

from __future__ import annotations

import re
from typing import Any

from aiohttp import web

from tests.hub.answers import Refused, answer, revision_missing
from tests.hub.repositories import LARGE_SUFFIXES, Repository, User
from tests.hub.uploads import json_of

_NAME = re.compile(r"[\w.\-]{1,96}")


def whoami(user: User | None) -> web.Response:
    """GET /api/whoami-v2."""
    if user is None:
        raise Refused(401, "Invalid username or password.")
    access = {"displayName": "test", "role": user.role, "createdAt": "2026-01-01T00:00:00.000Z"}
    return answer(
        {
            "type": "user",
            "id": "0" * 24,
            "name": user.name,
            "fullname": user.name,
            "email": f"{user.name}@example.org",
            "emailVerified": True,
            "canPay": False,
            "isPro": False,
            "avatarUrl": "/avatars/0.svg",
            "orgs": [{"type": "org", "name": each} for each in user.organisations],
            "auth": {"type": "access_token", "accessToken": access},
        }
    )


def writer(user: User | None, repository: Repository | None = None, owner: str = "") -> User:
    """The user, if it may write to a repository, or under an owner's name."""
    if user is None:
        raise Refused(401, "Invalid username or password.")
    owner = repository.owner if repository else owner
    if owner not in (user.name, *user.organisations):
        text = "Forbidden: pass `create_pr=1` as a query parameter to create a Pull Request"
        made = f'You don\'t have the rights to create a model under the namespace "{owner}"'
        raise Refused(403, text if repository else made)
    if user.role != "write":
        raise Refused(403, "Forbidden: this token has no write permission")
    return user


def _named(asked: dict[str, Any], user: User | None) -> tuple[str, str]:
    owner = asked.get("organization") or (user.name if user else "")
    return asked.get("type") or "model", f"{owner}/{asked.get('name', '')}"


async def repositories(server: Any, request: web.BaseRequest, what: str) -> web.Response:
    """POST /api/repos/create and /move, DELETE /api/repos/delete."""
    user = server.user_of(request)
    asked = await json_of(request)
    if what == "move" and request.method == "POST":
        old, new, kind = asked["fromRepo"], asked["toRepo"], asked.get("type") or "model"
        writer(user, server.find(request, kind, old))
        writer(user, owner=new.split("/")[0])
        server.rename(old, new, kind)
        return answer({"success": True})
    kind, name = _named(asked, user)
    there = server.repositories.get((kind, name))
    if what == "delete" and request.method == "DELETE":
        writer(user, server.find(request, kind, name))
        server.remove(name, kind)
        return answer({"success": True})
    if what != "create" or request.method != "POST":
        raise Refused(404, "Sorry, we can't find the page you are looking for.")
    maker = writer(user, owner=name.split("/")[0])
    if not _NAME.fullmatch(name.split("/")[1]):
        raise Refused(400, "Invalid repository name")
    prefix = "" if kind == "model" else f"{kind}s/"
    address = f"{server.address(request)}/{prefix}{name}"
    if there is not None:
        error = f"You already created this {kind} repo: {name}"
        return answer({"error": error, "url": address}, 409, {"X-Error-Message": error})
    large = "".join(f"*{end} filter=lfs diff=lfs merge=lfs -text\n" for end in LARGE_SUFFIXES)
    private = asked.get("visibility") == "private" or asked.get("private") is True
    server.add_model(name, {".gitattributes": large}, repo_type=kind, private=private)
    told = {"url": address, "name": name, "id": server.repositories[kind, name].head.id}
    return answer({**told, "user": maker.name})


async def settings(request: web.BaseRequest, repository: Repository) -> web.Response:
    """PUT …/settings: visibility and gate."""
    asked = await json_of(request)
    if "visibility" in asked or "private" in asked:
        repository.private = asked.get("visibility") == "private" or bool(asked.get("private"))
    if "gated" in asked:
        repository.gated = asked["gated"]
    return answer({"private": repository.private, "gated": repository.gated})


async def reference(
    request: web.BaseRequest, repository: Repository, kind: str, name: str
) -> web.Response:
    """POST or DELETE …/branch/NAME; POST …/tag/REVISION with the tag's name, DELETE …/tag/NAME."""
    refs = repository.branches if kind == "branch" else repository.tags
    if request.method == "DELETE":
        if refs.pop(name, None) is None:
            raise revision_missing(name)
        return answer({"success": True})
    asked = await json_of(request)
    start = name if kind == "tag" else asked.get("startingPoint", "main")
    name = asked["tag"] if kind == "tag" else name
    commit = repository.commit(start)
    if commit is None:
        raise revision_missing(start)
    if name in refs:
        raise Refused(409, "Reference already exists")
    refs[name] = commit.id
    return answer({"success": True})
