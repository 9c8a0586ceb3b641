"""What a repository holds: tree, paths-info, refs, commits."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qs, unquote

from aiohttp import web

from tests.hub import xet
from tests.hub.answers import answer, entry_missing, flag, page, revision_missing
from tests.hub.repositories import Commit, Repository, StoredFile


def commit_of(repository: Repository, revision: str) -> Commit:
    commit = repository.commit(revision)
    if commit is None:
        raise revision_missing(revision)
    return commit


def tree(
    server: Any, request: web.BaseRequest, repository: Repository, revision: str, under: str
) -> web.Response:
    """GET …/tree/REVISION[/PATH]: 1000 entries a page, 50 of them with `expand`."""
    commit = commit_of(repository, revision)
    folders = commit.folders()
    if under and under not in folders:
        raise entry_missing(repository, under)
    recursive, expand = flag(request, "recursive"), flag(request, "expand")
    start = f"{under}/" if under else ""
    inside = [path for path in (*folders, *commit.files) if path.startswith(start)]
    if not recursive:
        inside = [path for path in inside if "/" not in path[len(start) :]]
    size = min(50, server.tree_page_size) if expand else server.tree_page_size
    shown, headers = page(request, server.address(request), sorted(inside), size)
    return answer([_entry(server, repository, commit, p, expand) for p in shown], headers=headers)


def _entry(
    server: Any, repository: Repository, commit: Commit, path: str, expand: bool
) -> dict[str, Any]:
    if path in commit.files:
        told = _file(server, commit.files[path])
    else:
        inside = [f"{p} {f.oid}" for p, f in commit.files.items() if p.startswith(f"{path}/")]
        name = hashlib.sha1("\n".join(inside).encode(), usedforsecurity=False).hexdigest()
        told = {"type": "directory", "oid": name, "size": 0, "path": path}
    if expand:
        last = next(each for each in repository.commits if _same(each, commit, path))
        told["lastCommit"] = {"id": last.id, "title": last.title, "date": last.date}
        if told["type"] == "file":
            told["securityFileStatus"] = {
                "status": "safe",
                "avScan": {"status": "safe"},
                "pickleImportScan": None,
            }
    return told


def _same(earlier: Commit, commit: Commit, path: str) -> bool:
    """Whether a commit already had this file, or this folder's files, as they are now."""
    now = {p: f.oid for p, f in commit.files.items() if p == path or p.startswith(f"{path}/")}
    return now == {
        p: f.oid for p, f in earlier.files.items() if p == path or p.startswith(f"{path}/")
    }


def _file(server: Any, file: StoredFile) -> dict[str, Any]:
    told: dict[str, Any] = {"type": "file", "oid": file.oid, "size": file.size, "path": file.path}
    if file.sha256:
        size = file.pointer_size
        told["lfs"] = {"oid": file.sha256, "size": file.size, "pointerSize": size}
        if server.xet:
            told["xetHash"] = xet.file_hash(file)
    return told


async def paths_info(
    server: Any, request: web.BaseRequest, repository: Repository, revision: str
) -> web.Response:
    """POST …/paths-info/REVISION, a form of `paths` and `expand`. Unknown paths are left out."""
    commit = commit_of(repository, revision)
    form = parse_qs((await request.read()).decode())
    expand = form.get("expand", ["false"])[0].lower() == "true"
    known = {*commit.files, *commit.folders()}
    paths = [path for path in form.get("paths", []) if path in known]
    return answer([_entry(server, repository, commit, path, expand) for path in paths])


def refs(request: web.BaseRequest, repository: Repository) -> web.Response:
    """GET …/refs."""

    def told(names: dict[str, str], kind: str) -> list[dict[str, str]]:
        return [
            {"name": name, "ref": f"refs/{kind}/{name}", "targetCommit": commit}
            for name, commit in names.items()
        ]

    branches = {"main": repository.head.id, **repository.branches}
    data = {
        "branches": told(branches, "heads"),
        "tags": told(repository.tags, "tags"),
        "converts": [],
    }
    if request.query.get("include_prs"):
        data["pullRequests"] = []
    return answer(data)


def commits(
    server: Any, request: web.BaseRequest, repository: Repository, revision: str
) -> web.Response:
    """GET …/commits/REVISION: newest first."""
    last = commit_of(repository, unquote(revision))
    past = repository.commits[: repository.commits.index(last) + 1]
    shown, headers = page(request, server.address(request), past[::-1], 50)
    told = [
        {
            "id": each.id,
            "title": each.title,
            "message": each.message,
            "date": each.date,
            "authors": [{"user": each.author, "avatar": ""}],
        }
        for each in shown
    ]
    return answer(told, headers={**headers, "X-Total-Count": str(len(past))})
