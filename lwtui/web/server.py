"""Serves the app to browsers with textual-serve, behind the gate."""

from __future__ import annotations

import contextlib
import ipaddress
import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp_jinja2
from aiohttp import web
from textual_serve.server import Server

from lwtui.web.gate import Gate

_HERE = Path(__file__).resolve().parent
SESSIONS = 8
"""Most apps at once: each is a process, and may have a model in another."""


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class AppServer(Server):
    """One process of the app for every open page."""

    def __init__(
        self, host: str, port: int, data: Path | None, announce: Callable[[str], None]
    ) -> None:
        """``announce`` is told each address that opens the app, once."""
        command = [sys.executable, "-m", "lwtui"]
        if data is not None:
            command += ["--data", str(data.absolute())]
        super().__init__(
            shlex.join(command),
            host=host,
            port=port,
            title="lwtui",
            templates_path=_HERE,
        )
        self._open = 0
        named = f"[{host}]" if ":" in host else host
        names = {named} | ({"localhost", "127.0.0.1"} if is_loopback(host) else _own_names(host))
        self.gate = Gate(
            frozenset(f"{name.lower()}:{port}" for name in names),
            lambda token: announce(f"http://{self._shown(named)}:{port}/?token={token}"),
        )

    @staticmethod
    def _shown(host: str) -> str:
        """An address that can be typed: "every interface" cannot."""
        return socket.gethostname() if host in ("0.0.0.0", "[::]") else host  # noqa: S104

    async def _make_app(self) -> web.Application:
        app = await super()._make_app()
        app.middlewares.append(self.gate.middleware)
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Nothing is said before the server can be reached."""

    def serve(self, debug: bool = False) -> None:
        """Serve until interrupted. Raises ``OSError`` if the port is taken."""
        web.run_app(
            self._make_app(),
            host=self.host,
            port=self.port,
            access_log=None,  # addresses hold tokens
            print=lambda *_: self.gate.open(),  # called once it can be reached
        )

    @aiohttp_jinja2.template("page.html")
    async def handle_index(self, request: web.Request) -> dict[str, Any]:
        secure = request.scheme == "https"
        return {"socket": f"{'wss' if secure else 'ws'}://{request.host}/ws"}

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        if self._open >= SESSIONS:
            raise web.HTTPServiceUnavailable(text="Too many windows of lwtui are open.")
        self._open += 1
        try:
            return await super().handle_websocket(request)
        finally:
            self._open -= 1


def _own_names(host: str) -> set[str]:
    """What another machine may call us by when we serve every interface."""
    if host not in ("0.0.0.0", "::"):  # noqa: S104
        return set()
    name = socket.gethostname()
    found = {name, socket.getfqdn(), "localhost", "127.0.0.1"}
    with contextlib.suppress(OSError):
        found |= {str(each[4][0]) for each in socket.getaddrinfo(name, None, socket.AF_INET)}
    return found


def free_port(host: str) -> int:
    """A port nobody uses at this moment. Raises ``OSError`` if there is no such interface."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])
