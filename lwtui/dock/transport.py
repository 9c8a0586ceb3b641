"""Bytes of one file over plain HTTP, from where the partial file ends, whatever the network does.

``huggingface_hub``'s own ``http_get`` hands on 10 MB at a time (a slow line shows nothing for
minutes and loses as much when killed), sleeps without a word as long as a server asks it to, and
returns to a signed address that has expired. So its ``http_stream_backoff`` is used directly, on
the address at the Hub, which signs anew each time.

Xet is not used. Its library (hf_xet 1.8) writes the pieces of a file in any order, so what a killed
transfer leaves cannot be gone on from; the Hub serves every xet-backed file over HTTP with ranges
as well. So nothing of it can hang or fail here.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from lwtui.dock import hub
from lwtui.dock.hub_errors import HubError, explain
from lwtui.dock.record import PullFile
from lwtui.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx2

_BLOCK = 1024 * 1024
"""Bytes handed on at once: hashing and writing cost less in large pieces."""
_BLOCK_SECONDS = 0.5
"""A slow line hands on what it has after this time."""


@dataclass(frozen=True)
class Patience:
    """How long to bear with a network."""

    silence: float = 20.0
    """Seconds without a byte before the connection is given up and made anew."""
    floor: float = 2_000.0
    """Bytes a second; a connection slower than this for ``floor_seconds`` is made anew."""
    floor_seconds: float = 60.0
    pauses: tuple[float, ...] = (1, 2, 4, 8, 15, 30, 60, 60, 60, 60)
    """Seconds between tries that brought no byte; after the last the pull stops, resumable."""
    longest_wait: float = 900.0
    """The longest that a server may ask to wait."""


class Sink(Protocol):
    """Where the bytes go."""

    @property
    def size(self) -> int:
        """Bytes there already."""

    def write(self, data: bytes) -> None: ...


@dataclass
class Traffic:
    """What all files of a pull share: how to stop, when to wait, what to say."""

    patience: Patience = field(default_factory=Patience)
    stop: threading.Event = field(default_factory=threading.Event)
    _notes: dict[str, str] = field(default_factory=dict)
    _open_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def check(self) -> None:
        if self.stop.is_set():
            raise Cancelled()

    @property
    def note(self) -> str:
        """Why somebody waits, if anybody does."""
        with self._lock:
            return next(iter(self._notes.values()), "")

    def hold(self, seconds: float) -> None:
        """Let nobody ask the server before ``seconds`` from now."""
        with self._lock:
            self._open_at = max(self._open_at, time.monotonic() + seconds)

    def wait(self, path: str, seconds: float, why: str) -> None:
        """Sleep, saying so each second. Raises ``Cancelled`` as soon as the pull is stopped."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with self._lock:
                self._notes[path] = f"{why}, trying again in {max(1, round(left))} s"
            if self.stop.wait(min(1.0, left)):
                break
        with self._lock:
            self._notes.pop(path, None)
        self.check()

    def say(self, path: str, note: str) -> None:
        """What is done with a file when nothing arrives; empty: nothing special."""
        with self._lock:
            self._notes.pop(path, None)
            if note:
                self._notes[path] = note

    def await_turn(self, path: str) -> None:
        """Wait until the server may be asked."""
        self.check()
        with self._lock:
            left = self._open_at - time.monotonic()
        if left > 0:
            self.wait(path, left, "the Hub asks to wait")


class _Useless(Exception):
    """An answer of which nothing can be used; says why. ``other``: it is of another file than was
    planned, and waiting will hardly mend that."""

    def __init__(self, why: str, other: bool = False) -> None:
        super().__init__(why)
        self.other = other


def receive(url: str, file: PullFile, sink: Sink, traffic: Traffic) -> None:
    """Fetch ``url`` into ``sink`` from where it ends until it holds all of ``file``.

    A lost or stalled connection, a server in trouble or one that asks to wait: tried again with
    growing pauses, as long as bytes arrive between. Raises ``LwtuiError``: a refusal at once, what
    may pass after the last pause; the sink keeps what it has.
    """
    import httpx2

    fruitless = 0
    size = file.size
    while sink.size < size:
        traffic.await_turn(file.path)
        before, other = sink.size, False
        try:
            _receive_once(url, sink, size, traffic)
            problem = f"the server sent {sink.size:,} of {size:,} bytes"
        except _Useless as useless:
            problem, other = str(useless), useless.other
        except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
            problem = _bear(error, file, traffic)
        if sink.size >= size:
            break
        fruitless = 0 if sink.size > before else fruitless + 1
        if fruitless > len(traffic.patience.pauses):
            raise HubError(
                f"Fetching {file.path} was given up: {problem}.",
                "What has arrived is kept: the same pull goes on from there.",
                "other" if other else "network",
            )
        pause = traffic.patience.pauses[fruitless - 1] if fruitless else 0.2
        traffic.wait(file.path, pause, problem)


def _bear(error: Exception, file: PullFile, traffic: Traffic) -> str:
    """What to say while waiting after ``error``; raises what no waiting mends."""
    import httpx2

    told = explain(error, file.repo, f"Fetching {file.path}")
    if told is None:
        raise error
    if not isinstance(told, HubError) or not told.passing:
        raise told from error
    if told.kind == "rate":
        wait = told.wait or 10.0
        if wait > traffic.patience.longest_wait:
            raise told from error
        traffic.hold(wait)
        return "the Hub asks to wait"
    if isinstance(error, httpx2.ConnectError):
        return "no network"
    if isinstance(error, httpx2.TimeoutException):
        return "no answer"
    return "the connection was lost" if told.kind == "network" else "the Hub has trouble"


def _receive_once(url: str, sink: Sink, size: int, traffic: Traffic) -> None:
    start = sink.size
    # Counted as a download, as the library's own are: authors see that their model is used.
    asked = {**hub.headers(), "Accept-Encoding": "identity", "X-HF-Download-Counter": "1"}
    if start:
        asked["Range"] = f"bytes={start}-"
    with _answer(url, asked, traffic.patience.silence) as response:
        _check_kind(response, start, size)
        # A server that knows no ranges sends what is here once more: it is passed over, not
        # written anew, so that nothing is lost when this one breaks earlier than the last.
        skip = start if response.status_code != 206 else 0
        _Pouring(sink, size, traffic).pour(response, skip)


def _check_kind(response: httpx2.Response, start: int, size: int) -> None:
    """Raise ``_Useless`` for what is not this file, as the sign-in page of a public network."""
    kind = response.headers.get("Content-Type", "").lower()
    if kind.startswith("text/html"):
        raise _Useless("a web page came in place of the file")
    if response.status_code == 206:
        told = response.headers.get("Content-Range", "").replace(" ", "").lower()
        if not told.startswith(f"bytes{start}-") or not told.endswith((f"/{size}", "/*")):
            raise _Useless("the server sent another part than was asked for", other=True)
    elif "Content-Encoding" not in response.headers:
        length = response.headers.get("Content-Length", str(size))
        if length != str(size):
            raise _Useless(f"it has {length:.20} bytes and not {size}", other=True)


class _Pouring:
    """Bytes of one answer on their way into the sink, in pieces worth a write."""

    def __init__(self, sink: Sink, size: int, traffic: Traffic) -> None:
        self._sink = sink
        self._size = size
        self._traffic = traffic
        self._held: list[bytes] = []
        self._count = 0

    def pour(self, response: httpx2.Response, skip: int) -> None:
        speed = _Speed(self._traffic.patience)
        due = time.monotonic() + _BLOCK_SECONDS
        arrived = 0
        try:
            for piece in response.iter_bytes():
                arrived += len(piece)
                if skip:
                    passed = min(skip, len(piece))
                    skip -= passed
                    piece = piece[passed:]
                self._hold(piece)
                now = time.monotonic()
                if arrived >= _BLOCK or now > due:
                    due = now + _BLOCK_SECONDS
                    speed.check(now, arrived)
                    self._traffic.check()
                    self._hand_on()
                    arrived = 0
        finally:
            self._hand_on()  # a connection that breaks loses nothing

    def _hold(self, piece: bytes) -> None:
        if self._sink.size + self._count + len(piece) > self._size:
            raise _Useless("the server sent more bytes than the file has", other=True)
        self._held.append(piece)
        self._count += len(piece)

    def _hand_on(self) -> None:
        held, self._held, self._count = self._held, [], 0
        if held:
            self._sink.write(b"".join(held) if len(held) > 1 else held[0])


class _Speed:
    """Raises ``_Useless`` when a window of time brought too few bytes."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._seen: deque[tuple[float, int]] = deque()
        self._sum = 0
        self._start = time.monotonic()

    def check(self, now: float, count: int) -> None:
        self._seen.append((now, count))
        self._sum += count
        window = self._patience.floor_seconds
        while self._seen and self._seen[0][0] < now - window:
            self._sum -= self._seen.popleft()[1]
        if now - self._start > window and self._sum < self._patience.floor * window:
            raise _Useless("the line is very slow")


@contextmanager
def _answer(url: str, headers: dict[str, str], silence: float) -> Iterator[httpx2.Response]:
    """The answer to a GET, once; raises what the library raises for an error."""
    import httpx2
    from huggingface_hub.utils import hf_raise_for_status, http_stream_backoff

    with http_stream_backoff(
        "GET",
        url,
        headers=headers,
        timeout=silence,
        max_retries=0,
        retry_on_exceptions=(),
        retry_on_status_codes=(),
    ) as stream:
        if not stream.is_success:
            # Its body is a stranger's and may have no end: the headers say enough.
            told = httpx2.Response(stream.status_code, request=stream.request)
            told.headers = stream.headers
            hf_raise_for_status(told)
        yield stream
