"""What is left of the xet protocol when its storage does not work: announcements and a token.

No file is ever served by xet here. `HubServer.xet` says how it fails: "" no word of xet at all;
"refused" the token is refused; "error" the storage answers 500; "hang" it never answers.
"""

from __future__ import annotations

import hashlib
from typing import Any

from aiohttp import web

from tests.hub.answers import Refused, answer
from tests.hub.repositories import Commit, Repository, StoredFile


def file_hash(file: StoredFile) -> str:
    """64 hexadecimal digits. Not xet's own hash of the file: it is only asked for in vain."""
    return hashlib.sha256(b"xet" + file.sha256.encode()).hexdigest()


def headers(base: str, repository: Repository, commit: Commit, file: StoredFile) -> dict[str, str]:
    """What resolve announces of a large file."""
    place = f"api/{repository.type}s/{repository.id}/xet-read-token/{commit.id}"
    info = f"{base}/xet/v1/reconstructions/{file_hash(file)}"
    link = f'<{base}/{place}>; rel="xet-auth", <{info}>; rel="xet-reconstruction-info"'
    return {"X-Xet-Hash": file_hash(file), "Link": link}


def token(server: Any) -> web.Response:
    """GET …/xet-read-token/REVISION."""
    if not server.xet:
        raise Refused(404, "Sorry, we can't find the page you are looking for.")
    if server.xet == "refused":
        raise Refused(403, "Forbidden: no access to the xet storage")
    place, end = f"{server.url}/xet", 4_000_000_000
    told = {"X-Xet-Cas-Url": place, "X-Xet-Access-Token": "xet", "X-Xet-Token-Expiration": str(end)}
    return answer({"casUrl": place, "accessToken": "xet", "exp": end}, headers=told)


async def storage(server: Any) -> web.Response:
    """Every request of the storage's own protocol."""
    if server.xet == "hang":
        await server.closing.wait()
    raise Refused(500 if server.xet == "error" else 404, "No xet storage here")
