"""Who may come in: an address that works once, then a cookie, and only from this page.

A web page elsewhere that the user has open can ask a server on loopback for anything, and a name
it controls can be made to point there (DNS rebinding). So every request must name a host we serve
and carry the cookie, and a WebSocket must come from a page of ours.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

COOKIE = "lwtui"
_BYTES = 32
"""Of a random token: more than can be guessed."""
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_REFUSED = "lwtui: open the address that `lwtui serve` printed. It works once."

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gate:
    """Lets in whoever brings the address's token, once; then whoever has the cookie."""

    def __init__(self, hosts: frozenset[str], announce: Callable[[str], None]) -> None:
        """``hosts``: values of the Host header we answer to. ``announce`` is told every token that
        opens the door, the first at once and another whenever one has been used."""
        self._hosts = hosts
        self._announce = announce
        self._session = secrets.token_urlsafe(_BYTES)
        self._token = ""

    def open(self) -> None:
        """Make a new address."""
        self._token = secrets.token_urlsafe(_BYTES)
        self._announce(self._token)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.host.lower() not in self._hosts:
            return self._refuse("lwtui is not served under this name.")
        token = request.query.get("token", "")
        if request.path == "/" and token:
            return self._admit(token)
        if not _equal(request.cookies.get(COOKIE, ""), self._session):
            return self._refuse(_REFUSED)
        origin = request.headers.get("Origin")
        if request.path == "/ws" and urlsplit(origin or "").netloc.lower() != request.host.lower():
            return self._refuse("This page is not lwtui's.")
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_HEADERS)
            response.headers["Content-Security-Policy"] = _policy(request.host)
        return response

    def _admit(self, token: str) -> web.Response:
        if not self._token or not _equal(token, self._token):
            return self._refuse(_REFUSED)
        self._token = ""
        # The token leaves the address bar and the history with this.
        response = web.Response(status=303, headers={"Location": "/", **_HEADERS})
        response.set_cookie(COOKIE, self._session, httponly=True, samesite="Strict", path="/")
        self.open()
        return response

    @staticmethod
    def _refuse(text: str) -> web.Response:
        return web.Response(status=403, text=f"{text}\n", headers=_HEADERS)


def _policy(host: str) -> str:
    """Nothing is loaded from elsewhere. The terminal sets styles by itself."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data: blob:; font-src 'self' data:; "
        f"connect-src 'self' ws://{host} wss://{host}; frame-ancestors 'none'; base-uri 'none'"
    )


def _equal(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
