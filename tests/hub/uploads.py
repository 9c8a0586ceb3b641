"""Publishing files: preupload, Git LFS (basic and multipart), commits."""

from __future__ import annotations

import base64
import fnmatch
import hashlib
import json
import math
from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import Any

from aiohttp import web

from tests.hub.answers import Refused, answer, revision_missing
from tests.hub.repositories import (
    LARGE_BYTES,
    LARGE_SUFFIXES,
    Repository,
    StoredFile,
    git_blob,
    pointer,
    store,
)


async def json_of(request: web.BaseRequest) -> dict[str, Any]:
    try:
        read = json.loads(await request.read() or b"{}")
    except ValueError:
        raise Refused(400, "Invalid JSON in request") from None
    if not isinstance(read, dict):
        raise Refused(400, "Invalid JSON in request")
    return read


async def preupload(
    request: web.BaseRequest, repository: Repository, revision: str
) -> web.Response:
    """POST …/preupload/REVISION: for each path whether it goes by LFS, and what is there now."""
    commit = repository.commit(revision)
    if commit is None:
        raise revision_missing(revision)
    asked = await json_of(request)
    ignored = [line for line in asked.get("gitIgnore", "").splitlines() if line.strip()]
    told = []
    for file in asked["files"]:
        path, size = file["path"], file["size"]
        base64.b64decode(file["sample"], validate=True)
        there = commit.files.get(path)
        large = size >= LARGE_BYTES or path.endswith(LARGE_SUFFIXES)
        told.append(
            {
                "path": path,
                "uploadMode": "lfs" if large else "regular",
                "shouldIgnore": any(fnmatch.fnmatch(path, line) for line in ignored),
                "oid": there.etag if there else None,
            }
        )
    return answer({"files": told, "commitOid": commit.id})


async def batch(server: Any, request: web.BaseRequest, repository: Repository) -> web.Response:
    """POST /OWNER/NAME.git/info/lfs/objects/batch (git-lfs batch API), operation "upload"."""
    asked = await json_of(request)
    here = server.address(request)
    objects = []
    for each in asked["objects"]:
        oid, size = each["oid"], each["size"]
        told: dict[str, Any] = {"oid": oid, "size": size}
        objects.append(told)
        if oid in server.objects:
            continue  # no actions: it is here already
        verify = {"href": f"{here}/lfs/verify/{repository.type}/{repository.id}"}
        if server.part_bytes and "multipart" in asked.get("transfers", ()):
            parts = math.ceil(size / server.part_bytes)
            header = {"chunk_size": str(server.part_bytes)}
            for part in range(1, parts + 1):
                header[f"{part:05}"] = f"{server.cdn_url}/lfs/part/{oid}/{part}?Signature=x"
            upload = {"href": f"{here}/lfs/complete/{oid}", "header": header}
        else:
            upload = {"href": f"{server.cdn_url}/lfs/upload/{oid}?Signature=x"}
        told.update({"authenticated": True, "actions": {"upload": upload, "verify": verify}})
    transfer = "multipart" if server.part_bytes else "basic"
    return answer({"transfer": transfer, "objects": objects})


async def lfs(server: Any, request: web.BaseRequest, rest: str) -> web.Response:
    """The addresses that `batch` gave: /lfs/upload, /lfs/part, /lfs/complete, /lfs/verify."""
    what, oid, *more = rest.split("/")
    if request.method == "PUT" and what == "upload":
        await _receive(server, request, oid)
        return web.Response(status=200)
    if request.method == "PUT" and what == "part":
        server.parts[oid, int(more[0])] = data = await request.read()
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        return web.Response(status=200, headers={"ETag": f'"{etag}"'})
    asked = await json_of(request)
    if what == "complete":
        numbers = [part["partNumber"] for part in asked["parts"]]
        data = b"".join(server.parts.pop((oid, number)) for number in numbers)
        if hashlib.sha256(data).hexdigest() != oid:
            raise Refused(400, "The parts do not make up the object")
        server.objects[oid] = data
        return answer({"success": True})
    there = server.objects.get(asked["oid"])
    if what != "verify" or there is None or _size(there) != asked["size"]:
        raise Refused(404, "LFS object not found")
    return answer({"success": True})


def _size(data: Any) -> int:
    return len(data) if isinstance(data, bytes) else data.stat().st_size


async def _receive(server: Any, request: web.BaseRequest, oid: str) -> None:
    """Into a file of the server's own folder; kept when its hash is its name."""
    path = server.folder / f"{oid}-{len(server.requests)}"
    digest = hashlib.sha256()
    with path.open("wb") as target:
        async for piece in _pieces(request):
            digest.update(piece)
            target.write(piece)
    if digest.hexdigest() != oid:
        path.unlink()
        raise Refused(400, "The object's hash is not the one announced")
    server.objects[oid] = path


async def _pieces(request: web.BaseRequest) -> AsyncIterator[bytes]:
    while piece := await request.content.read(1 << 20):
        yield piece


async def commit(
    server: Any, request: web.BaseRequest, repository: Repository, revision: str, author: str
) -> web.Response:
    """POST …/commit/REVISION: one JSON object a line, the header first."""
    if revision not in ("main", "refs/heads/main"):
        raise revision_missing(revision)
    try:
        lines = [json.loads(line) for line in (await request.read()).splitlines() if line.strip()]
    except ValueError:
        raise Refused(400, "Invalid JSON in request") from None
    header, files, deleted = {}, {}, []
    for line in lines:
        key, value = line["key"], line["value"]
        if key == "header":
            header = value
            continue
        path = _checked(value["path"])
        if key == "file":
            data = base64.b64decode(value["content"]) if value.get("encoding") else value["content"]
            if len(data) >= LARGE_BYTES:
                raise Refused(400, f"Files over 10 MiB must go by LFS: {path}")
            files[path] = store(path, data, large=False)
        elif key == "lfsFile":
            files[path] = _large(server, repository, path, value["oid"])
        else:
            deleted.append(_deleted(repository, path, key == "deletedFolder"))
    if not header.get("summary"):
        raise Refused(400, "A commit needs a summary")
    if header.get("parentCommit", repository.head.id) != repository.head.id:
        raise Refused(412, "A commit has happened since. Please refresh and try again.")
    text = header.get("description", "")
    made = server.committed(repository, files, deleted, header["summary"], text, author)
    prefix = "" if repository.type == "model" else f"{repository.type}s/"
    address = f"{server.address(request)}/{prefix}{repository.id}/commit/{made.id}"
    told = {"success": True, "commitOid": made.id, "commitUrl": address, "hookOutput": ""}
    return answer(told)


def _checked(path: str) -> str:
    parts = PurePosixPath(path.rstrip("/")).parts
    if not parts or path.startswith("/") or {".", "..", ".git"} & set(path.split("/")):
        raise Refused(400, f"Invalid path in repository: {path!r}")
    return path


def _large(server: Any, repository: Repository, path: str, oid: str) -> StoredFile:
    known = {f.sha256: f.data for f in repository.head.files.values() if f.sha256}
    data = server.objects.get(oid, known.get(oid))
    if data is None:
        raise Refused(400, f"LFS object {oid} of {path} was not uploaded")
    text = pointer(oid, _size(data))
    return StoredFile(path, _size(data), git_blob(text), oid, data, len(text))


def _deleted(repository: Repository, path: str, folder: bool) -> str:
    there = repository.head.folders() if folder else repository.head.files
    if path.rstrip("/") not in there:
        raise Refused(404, "A file with this name doesn't exist", "EntryNotFound")
    return f"{path.rstrip('/')}/" if folder else path
