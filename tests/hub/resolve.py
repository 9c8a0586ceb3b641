"""Files: /OWNER/NAME/resolve/REVISION/PATH, the place where small ones are served, and the CDN."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web

from tests.hub import xet
from tests.hub.answers import entry_missing, redirect
from tests.hub.faults import Fault, send
from tests.hub.repositories import Commit, Repository, StoredFile
from tests.hub.tree import commit_of

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_TYPES = {"json": "application/json", "md": "text/plain", "txt": "text/plain"}


def resolve(
    server: Any, request: web.BaseRequest, repository: Repository, revision: str, path: str
) -> web.Response:
    """Metadata of a file in headers, and a redirect to where its bytes are: on this host for a
    small file, to the CDN for a large one."""
    commit = commit_of(repository, revision)
    file = commit.files.get(path)
    if file is None:
        missing = entry_missing(repository)
        missing.headers["X-Repo-Commit"] = commit.id
        raise missing
    faults = {f.kind: f for f in server.faults.body(request)} if request.method == "HEAD" else {}
    headers = _headers(server, request, repository, commit, file, faults)
    place = f"{repository.type}s/{repository.id}/{commit.id}/{quote(path, safe='/')}"
    if not file.sha256:
        asked = quote(request.raw_path.split("?")[0], safe="")
        return redirect(f"/api/resolve-cache/{place}?{asked}=&etag=%22{file.oid}%22", 307, headers)
    start = {"same": "", "name": server.cdn_url.replace("127.0.0.1", "localhost")}
    signed = urlencode({"Expires": "1800000000", "Signature": f"{len(server.requests):08}~"})
    location = f"{start.get(server.cdn, server.cdn_url)}/cdn/{place}?{signed}"
    return redirect(location, 302, headers)


def _headers(
    server: Any,
    request: web.BaseRequest,
    repository: Repository,
    commit: Commit,
    file: StoredFile,
    faults: dict[Any, Fault],
) -> dict[str, str]:
    etag = "0" * len(file.etag) if "wrong_etag" in faults else file.etag
    size = faults["wrong_size"].size if "wrong_size" in faults else file.size
    headers = {"X-Repo-Commit": commit.id, "Accept-Ranges": "bytes", "Vary": "Origin, Accept"}
    headers["X-Linked-Size"] = str(size)
    if "no_etag" not in faults:
        headers.update({"X-Linked-Etag": f'"{etag}"', "ETag": f'"{etag}"'})
    if server.xet and file.sha256:
        headers.update(xet.headers(server.address(request), repository, commit, file))
    return headers


async def bytes_of(
    server: Any,
    request: web.BaseRequest,
    repository: Repository,
    commit: Commit,
    path: str,
    cdn: bool,
) -> web.StreamResponse:
    """The bytes of a file, whole or the range asked for."""
    file = commit.files.get(path)
    if file is None:
        raise entry_missing(repository)
    faults = server.faults.body(request)
    kinds = {fault.kind: fault for fault in faults}
    headers = {"Accept-Ranges": "bytes", "Content-Type": _type(path, cdn)}
    if not cdn or server.cdn == "same":
        headers.update(_headers(server, request, repository, commit, file, kinds))
    elif "no_etag" not in kinds:
        headers["ETag"] = f'"{file.sha256[:32]}"'  # of the storage behind the Hub: another hash
    size = file.real_size
    start, stop, status = 0, size, 200
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    if "no_range" in kinds:
        headers.pop("Accept-Ranges")
    elif asked and (asked[1] or asked[2]):
        start, stop = _span(asked, size)
        if start >= stop:
            told = {"Content-Range": f"bytes */{size}"}
            return web.Response(status=416, headers=told)
        status, headers["Content-Range"] = 206, f"bytes {start}-{stop - 1}/{size}"
    response = web.StreamResponse(status=status, headers=headers)
    if request.method == "HEAD":
        response.content_length = stop - start
        await response.prepare(request)
        return response
    pieces = read(file, start, stop)
    return await send(request, response, pieces, stop - start, faults, server.closing)


def _type(path: str, cdn: bool) -> str:
    """Never text/html: a stranger's file shall not run in a browser."""
    kind = "binary/octet-stream" if cdn else _TYPES.get(path.rsplit(".", 1)[-1], "text/plain")
    return kind if kind.startswith("binary") else f"{kind}; charset=utf-8"


def _span(asked: re.Match[str], size: int) -> tuple[int, int]:
    if not asked[1]:
        return max(0, size - int(asked[2])), size
    last = int(asked[2]) + 1 if asked[2] else size
    return int(asked[1]), min(last, size)


async def read(file: StoredFile, start: int, stop: int) -> AsyncIterator[bytes]:
    for piece in file.read(start, stop):
        yield piece
