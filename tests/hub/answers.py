"""Answers of the loopback Hub: JSON, pages, and errors with the headers that the Hub sends."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from tests.hub.repositories import Repository


class Refused(Exception):
    """Ends a request with an error: status, X-Error-Code, X-Error-Message."""

    def __init__(self, status: int, message: str, code: str = "", **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.headers = status, message, code, headers

    def answer(self) -> web.Response:
        headers = {"X-Error-Message": one_line(self.message), **self.headers}
        if self.code:
            headers["X-Error-Code"] = self.code
        return answer({"error": self.message}, self.status, headers)


def one_line(text: str) -> str:
    """Fit for a header: aiohttp sends no control characters there."""
    return "".join(letter for letter in text if letter.isprintable())


def answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    body = json.dumps(data, ensure_ascii=False).encode()
    told = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    return web.Response(body=body, status=status, headers=told)


def redirect(location: str, status: int = 307, headers: Mapping[str, str] | None = None) -> Any:
    text = f"Temporary Redirect. Redirecting to {location}"
    told = {"Location": location, "Content-Type": "text/plain; charset=utf-8", **(headers or {})}
    return web.Response(text=None, body=text.encode(), status=status, headers=told)


def page(
    request: web.BaseRequest, address: str, items: Iterable[Any], size: int
) -> tuple[Sequence[Any], dict[str, str]]:
    """The page that the request's cursor asks for, and the link to the one after it."""
    query = parse_qsl(request.query_string, keep_blank_values=True)
    start = 0
    for key, value in query:
        if key == "cursor":
            try:
                start = int(base64.urlsafe_b64decode(value))
            except ValueError:
                raise Refused(400, "Invalid cursor") from None
    stop = start + size
    found = list(islice(items, start, stop + 1))
    if len(found) <= size:
        return found, {}
    cursor = base64.urlsafe_b64encode(str(stop).encode()).decode()
    rest = [(key, value) for key, value in query if key != "cursor"]
    link = f'<{address}{request.path}?{urlencode([*rest, ("cursor", cursor)])}>; rel="next"'
    return found[:size], {"Link": link}


def flag(request: web.BaseRequest, name: str) -> bool:
    return request.query.get(name, "").lower() in ("true", "1")


def repo_missing(known_user: bool) -> Refused:
    """The Hub does not tell a stranger whether a repository is private or not there. The real one
    leaves the code out of some 401; huggingface_hub then goes by the https:// of the address,
    which a server on loopback cannot have."""
    if known_user:
        return Refused(404, "Repository not found", "RepoNotFound")
    return Refused(401, "Invalid username or password.", "RepoNotFound")


def revision_missing(revision: str) -> Refused:
    return Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")


def entry_missing(repository: Repository, path: str = "") -> Refused:
    what = f'"{path}" does not exist on "main"' if path else "Entry not found"
    return Refused(404, what.replace("\n", " "), "EntryNotFound")


def gated(repository: Repository, known_user: bool) -> Refused:
    start = f"Access to {repository.type} {repository.id} is restricted"
    if known_user:
        text = f"{start} and you are not in the authorized list. Visit the page to ask for access."
        return Refused(403, text, "GatedRepo")
    text = f"{start}. You must have access to it and be authenticated to access it. Please log in."
    return Refused(401, text, "GatedRepo")
