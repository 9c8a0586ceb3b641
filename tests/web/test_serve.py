"""``lwtui serve``: who is let in, who is not, and that a page shows the app."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Served:
    process: subprocess.Popen[str]
    address: str
    """The one that works once."""

    @property
    def origin(self) -> str:
        return self.address.split("/?", 1)[0]

    def next_address(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    environment = {**os.environ, "LWTUI_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-m", "lwtui", "serve"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    assert process.stdout is not None
    try:
        yield Served(process, process.stdout.readline().strip())
    finally:
        process.kill()
        process.communicate()


async def status(client: aiohttp.ClientSession, url: str, **headers: str) -> int:
    async with client.get(url, headers=headers, allow_redirects=False) as response:
        return response.status


async def test_an_address_works_once_and_a_cookie_keeps_the_door_open(served: Served) -> None:
    assert served.address.startswith("http://127.0.0.1:")
    jar = aiohttp.CookieJar(unsafe=True)  # it is an address, not a name
    async with aiohttp.ClientSession(cookie_jar=jar) as client:
        assert await status(client, served.origin) == 403
        assert await status(client, f"{served.origin}/?token=guess") == 403
        async with client.get(served.address) as response:
            assert response.status == 200
            assert "token" not in str(response.url)
            assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]
            page = await response.text()
        assert "://127.0.0.1" in page
        assert "googleapis" not in page
        assert await status(client, f"{served.origin}/static/js/textual.js") == 200
        assert await status(client, served.origin, Host="evil.example:80") == 403
    async with aiohttp.ClientSession() as stranger:
        assert await status(stranger, served.address) == 403
        assert await status(stranger, f"{served.origin}/static/js/textual.js") == 403
        assert await status(stranger, f"{served.origin}/ws") == 403
    second = served.next_address()
    assert second.startswith(served.origin)
    async with aiohttp.ClientSession() as other:
        assert await status(other, second) == 303


async def test_a_page_shows_the_app_and_takes_it_along_when_it_closes(served: Served) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as client:
        await client.get(served.address)
        socket = served.origin.replace("http", "ws") + "/ws?width=100&height=30"
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(socket, headers={"Origin": "http://evil.example"})
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(socket)
        seen = b""
        async with client.ws_connect(socket, headers={"Origin": served.origin}) as page:
            while b"Browse" not in seen or b"learnware" not in seen:
                message = await page.receive(timeout=60)
                assert message.type == aiohttp.WSMsgType.BINARY
                seen += message.data
            apps = psutil.Process(served.process.pid).children(recursive=True)
            assert apps
    _, alive = psutil.wait_procs(apps, timeout=30)
    assert not alive


def test_ctrl_c_ends_it(served: Served) -> None:
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(30) == 0


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--host", "0.0.0.0"], "--public"),  # noqa: S104
        (["--host", "example.org"], "no address"),
        (["--data", "nowhere"], "no such file"),
    ],
)
def test_what_is_refused(arguments: list[str], told: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lwtui", "serve", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, told in done.stderr) == (2, True), done.stderr
