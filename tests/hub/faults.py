"""What can go wrong between a Hub and a user, on demand."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Literal
from urllib.parse import unquote

from aiohttp import web

from tests.hub.answers import one_line

Kind = Literal[
    "cut",
    "reset",
    "drop",
    "drip",
    "status",
    "truncate",
    "corrupt",
    "no_range",
    "no_etag",
    "wrong_etag",
    "wrong_size",
    "hang",
    "gigantic",
    "redirect_loop",
    "html",
]
BEFORE = ("status", "drop", "hang", "gigantic", "redirect_loop", "html")
"""Faults that stand in for the answer; the others change a body or its headers."""
HEADERS = ("no_etag", "wrong_etag", "wrong_size")
BODY = ("cut", "reset", "drip", "truncate", "corrupt", "no_range", *HEADERS)


@dataclass
class Fault:
    """One thing that goes wrong.

    Of the kinds: ``cut`` closes the connection after `after` bytes of a body; ``reset`` breaks it
    off there, so that some of them may not arrive; ``drop`` closes it before any answer; ``drip``
    sends `rate` bytes a second; ``status`` answers `status` with `headers`; ``truncate`` ends a
    body early, as if complete, after `after` bytes; ``corrupt`` changes the byte at `after`;
    ``no_range`` sends the whole file with 200 whatever range was asked for; ``no_etag`` leaves
    every ETag and X-Linked header out; ``wrong_etag`` and ``wrong_size`` tell a false hash and
    a false size (`size`); ``hang`` sends nothing until the client leaves, or after `after`
    bytes of a body when `after` is more than 0; ``gigantic`` answers JSON of `size` bytes;
    ``redirect_loop`` sends the client round for ever; ``html`` answers a log-in page with 200.
    """

    kind: Kind
    path: str = "*"
    """Shell pattern over the request's path, without its query, unquoted."""
    times: int = 1
    """How often; below 0: always."""
    method: str = "*"
    after: int = 0
    rate: int = 1024
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    message: str = "Internal Error - We're working hard to fix this as soon as possible!"
    size: int = 1 << 30
    used: int = 0
    """How often it happened."""


@dataclass
class Faults:
    """Those that wait to happen, oldest first."""

    waiting: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def inject(self, fault: Fault) -> Fault:
        with self._lock:
            self.waiting.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self.waiting.clear()

    def before(self, request: web.BaseRequest) -> Fault | None:
        """The fault that takes this request's answer, used up by one."""
        kinds = [f for f in self.waiting if f.kind in BEFORE and not (f.kind == "hang" and f.after)]
        return self._take(request, kinds, 1)[0] if kinds else None

    def body(self, request: web.BaseRequest) -> list[Fault]:
        """The faults that change this request's body or headers, one of each kind."""
        kinds = [f for f in self.waiting if f.kind in BODY or (f.kind == "hang" and f.after)]
        if request.method == "HEAD":
            kinds = [f for f in kinds if f.kind in HEADERS]
        return [f for f in self._take(request, kinds, len(BODY)) if f] if kinds else []

    def _take(self, request: web.BaseRequest, kinds: list[Fault], most: int) -> list[Fault | None]:
        path = unquote(request.raw_path.split("?")[0])
        taken: dict[str, Fault] = {}
        with self._lock:
            for fault in kinds:
                fits = fault.method in ("*", request.method) and fnmatchcase(path, fault.path)
                if len(taken) < most and fits and fault.kind not in taken and fault.times:
                    fault.times -= 1 if fault.times > 0 else 0
                    fault.used += 1
                    taken[fault.kind] = fault
        return list(taken.values()) or [None]


def rate_limited(seconds: int = 1, path: str = "*", times: int = 1) -> Fault:
    """429 as the Hub says it: the window's rest in `RateLimit`, by the IETF's draft, and the plain
    `Retry-After` that a cache in front of it sends."""
    headers = {
        "Retry-After": str(seconds),
        "RateLimit": f'"api";r=0;t={seconds}',
        "RateLimit-Policy": '"fixed window";"api";q=500;w=300',
    }
    text = "We had to rate limit you, you hit the quota of 500 api requests per 5 minutes period."
    return Fault("status", path, times, status=429, headers=headers, message=text)


LOGIN_PAGE = b"""<!DOCTYPE html><html><head><title>Welcome to the network</title></head>
<body><form action="/login"><input name="room"><button>Connect</button></form></body></html>"""


async def stand_in(
    request: web.BaseRequest, fault: Fault, closing: asyncio.Event
) -> web.StreamResponse:
    """The answer of a fault that takes the place of the real one."""
    if fault.kind == "status":
        headers = {"X-Error-Message": one_line(fault.message), **fault.headers}
        body = b"" if fault.status == 204 else json.dumps({"error": fault.message}).encode()
        headers.setdefault("Content-Type", "application/json; charset=utf-8")
        return web.Response(status=fault.status, headers=headers, body=body)
    if fault.kind == "html":
        return web.Response(body=LOGIN_PAGE, content_type="text/html", charset="utf-8")
    if fault.kind == "redirect_loop":
        return web.Response(status=307, headers={"Location": request.raw_path})
    if fault.kind in ("hang", "drop"):
        if fault.kind == "hang":
            await closing.wait()
        if request.transport:
            request.transport.close()
        return web.Response(status=503)
    return await _gigantic(request, fault)


async def _gigantic(request: web.BaseRequest, fault: Fault) -> web.StreamResponse:
    """A valid JSON object of about `size` bytes, made while it is sent."""
    response = web.StreamResponse(headers={"Content-Type": "application/json; charset=utf-8"})
    await response.prepare(request)
    await response.write(b'{"id": "someone/gigantic", "siblings": [], "cardData": {"padding": "')
    piece = b"x" * (1 << 20)
    for _ in range(fault.size >> 20):
        await response.write(piece)
    await response.write(b'"}}')
    await response.write_eof()
    return response


async def _dripped(pieces: AsyncIterator[bytes], rate: int) -> AsyncIterator[bytes]:
    """Ten pieces a second."""
    step = max(1, rate // 10)
    async for piece in pieces:
        for at in range(0, len(piece), step):
            yield piece[at : at + step]
            await asyncio.sleep(0.1)


async def _corrupted(pieces: AsyncIterator[bytes], at: int) -> AsyncIterator[bytes]:
    sent = 0
    async for piece in pieces:
        if sent <= at < sent + len(piece):
            changed = bytearray(piece)
            changed[at - sent] ^= 0xFF
            piece = bytes(changed)
        sent += len(piece)
        yield piece


async def send(
    request: web.BaseRequest,
    response: web.StreamResponse,
    pieces: AsyncIterator[bytes],
    length: int | None,
    faults: list[Fault],
    closing: asyncio.Event,
) -> web.StreamResponse:
    """Send a body of `length` bytes as the faults have it. Positions count from the body's start,
    that is from the start of the range asked for. Without a length it comes in chunks."""
    by_kind = {fault.kind: fault for fault in faults}
    if "corrupt" in by_kind:
        pieces = _corrupted(pieces, by_kind["corrupt"].after)
    if "drip" in by_kind:
        pieces = _dripped(pieces, by_kind["drip"].rate)
    ends = [f for f in faults if f.kind in ("cut", "reset", "truncate", "hang")]
    end = min(ends, key=lambda fault: fault.after, default=None)
    if end and end.kind == "truncate":
        length = end.after if length is None else min(length, end.after)
    if length is not None:
        response.content_length = length
    await response.prepare(request)
    left = end.after if end else None
    async for piece in pieces:
        if closing.is_set() or (left is not None and left <= 0):
            break
        await response.write(piece[:left])
        left = None if left is None else left - len(piece)
    if end and end.kind == "hang":
        await closing.wait()
    if (end and end.kind != "truncate") or closing.is_set():
        await asyncio.sleep(0)
        if request.transport and end and end.kind == "reset":
            request.transport.abort()
        elif request.transport:
            request.transport.close()
        return response
    await response.write_eof()
    return response
