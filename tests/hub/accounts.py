"""Who somebody is, and what may be done to repositories: made, moved, set, deleted."""

from __future__ import annotations

import re
from typing import Any

import yaml
from aiohttp import web

from tests.hub.answers import Refused, answer, revision_missing
from tests.hub.cards import FRONT_MATTER
from tests.hub.repositories import LARGE_SUFFIXES, Repository, User
from tests.hub.uploads import json_of

_NAME = re.compile(r"[\w.\-]{1,96}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-\w+)?|code|multilingual")
_REPOSITORY = re.compile(r"[\w.\-]+(/[\w.\-]+)?")
LICENCES = frozenset(
    [
        "apache-2.0",
        "mit",
        "openrail",
        "bigscience-openrail-m",
        "creativeml-openrail-m",
        "isc",
        "h-research",
        "wtfpl",
        "bigscience-bloom-rail-1.0",
        "bigcode-openrail-m",
        "afl-3.0",
        "artistic-2.0",
        "bsl-1.0",
        "bsd",
        "bsd-2-clause",
        "bsd-3-clause",
        "bsd-3-clause-clear",
        "c-uda",
        "cc",
        "cc0-1.0",
        "cc-by-2.0",
        "cc-by-2.5",
        "cc-by-3.0",
        "cc-by-4.0",
        "cc-by-sa-3.0",
        "cc-by-sa-4.0",
        "cc-by-nc-2.0",
        "cc-by-nc-3.0",
        "cc-by-nc-4.0",
        "cc-by-nd-4.0",
        "cc-by-nc-nd-3.0",
        "cc-by-nc-nd-4.0",
        "cc-by-nc-sa-2.0",
        "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0",
        "cdla-sharing-1.0",
        "cdla-permissive-1.0",
        "cdla-permissive-2.0",
        "ecl-2.0",
        "epl-1.0",
        "epl-2.0",
        "etalab-2.0",
        "eupl-1.1",
        "eupl-1.2",
        "agpl-3.0",
        "gfdl",
        "gpl",
        "gpl-2.0",
        "gpl-3.0",
        "lgpl",
        "lgpl-2.1",
        "lgpl-3.0",
        "intel-research",
        "lppl-1.3c",
        "ms-pl",
        "apple-ascl",
        "apple-amlr",
        "mpl-2.0",
        "odc-by",
        "odbl",
        "openmdw-1.0",
        "openrail++",
        "osl-3.0",
        "postgresql",
        "ofl-1.1",
        "ncsa",
        "unlicense",
        "zlib",
        "pddl",
        "lgpl-lr",
        "other",
        "unknown",
        "deepfloyd-if-license",
        "fair-noncommercial-research-license",
        "llama2",
        "llama3",
        "llama3.1",
        "llama3.2",
        "llama3.3",
        "llama4",
        "grok2-community",
        "gemma",
    ]
)
"""That a card may name, by the Hub's documentation of repository licences."""


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


async def validate_yaml(request: web.BaseRequest) -> web.Response:
    """POST /api/validate-yaml: errors (status 400) and warnings of a card's front matter."""
    asked = await json_of(request)
    found = FRONT_MATTER.match(asked.get("content", ""))
    try:
        card = yaml.safe_load(found[1]) if found else None
    except yaml.YAMLError as error:
        return answer({"errors": [{"message": f"YAML: {error}"}], "warnings": []}, 400)
    if not card:
        text = "empty or missing yaml metadata in repo card"
        return answer({"errors": [], "warnings": [{"message": text}]})
    if not isinstance(card, dict):
        return answer({"errors": [{"message": "must be of type object"}], "warnings": []}, 400)
    errors = [{"message": text} for text in _card_errors(card)]
    return answer({"errors": errors, "warnings": []}, 400 if errors else 200)


def _card_errors(card: dict[str, Any]) -> list[str]:
    errors = []
    for key in ("tags", "datasets", "language", "license", "base_model"):
        value = card.get(key)
        for each in value if isinstance(value, list) else [] if value is None else [value]:
            if not isinstance(each, str):
                errors.append(f'"{key}" must be a string')
            elif key == "license" and each.lower() not in LICENCES:
                errors.append(f'"license" must be one of [{", ".join(sorted(LICENCES))}]')
            elif key == "base_model" and not _REPOSITORY.fullmatch(each):
                errors.append('"base_model" with value is not valid. Use a model id.')
            elif key == "language" and not re.fullmatch(
                r"[a-z]{2,3}(-\w+)?|code|multilingual", each
            ):
                errors.append('"language" must only contain lowercase ISO 639 codes')
    return errors
