"""A file of the Hub read in ranges, never more of it than a budget allows.

``huggingface_hub``'s own ``HfFileSystem`` reads ranges too, but takes a whole file into memory
where a server ignores the range, as some mirrors do.
"""

from __future__ import annotations

import io
import math
import time
from typing import TYPE_CHECKING

from lwtui.dock import hub
from lwtui.dock.hub_errors import hub_errors
from lwtui.errors import LwtuiError
from lwtui.jobs import JobContext

if TYPE_CHECKING:
    import httpx2

_SILENCE = 15.0
"""Seconds without a byte before a server counts as gone."""


class Budget:
    """Bytes that may still be fetched, and until when; shared by the files of one dataset."""

    def __init__(
        self,
        size: int,
        seconds: float = math.inf,
        context: JobContext | None = None,
        name: str = "",
    ) -> None:
        self.size = size
        self.seconds = seconds
        self.left = size
        self._end = time.monotonic() + seconds
        self._context = context
        self._name = name

    @property
    def spent(self) -> int:
        return self.size - self.left

    def take(self, count: int) -> None:
        """Raises ``OverBudgetError`` before more is fetched than allowed, and ``Cancelled``."""
        if count > self.left or time.monotonic() > self._end:
            raise OverBudgetError
        self.left -= count
        if self._context is not None:
            self._context.progress(self.spent, self.size, f"sampling {self._name}")


class OverBudgetError(Exception):
    """There are more bytes than may be fetched, or they come too slowly."""


class NoRangesError(LwtuiError):
    """The server sends whole files only."""


def read_range(
    repo: str, path: str, revision: str, start: int, length: int, budget: Budget
) -> bytes:
    """At most ``length`` bytes of a dataset's file from ``start`` on; fewer at its end.

    A server that ignores ranges is heard as far as ``length`` for a beginning, and otherwise
    refused (``NoRangesError``). Raises ``LwtuiError`` for what the Hub says, and what
    :meth:`Budget.take` raises.
    """
    import httpx2
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import hf_raise_for_status, http_stream_backoff

    if hub.offline():
        hub.api()  # raises what everything raises that needs the network
    with hub_errors(repo, doing=f"Reading {path}"):
        url = hf_hub_url(
            repo, path, repo_type="dataset", revision=revision, endpoint=hub.endpoint()
        )
        wanted = {"Range": f"bytes={start}-{start + length - 1}", "Accept-Encoding": "identity"}
        broken: Exception | None = None
        body = b""
        with http_stream_backoff(
            "GET",
            url,
            headers={**hub.headers(), **wanted},
            timeout=_SILENCE,
            max_retries=1,
            base_wait_time=0.3,
            retry_on_exceptions=(httpx2.ConnectError, httpx2.RemoteProtocolError),
            retry_on_status_codes=(),
        ) as stream:
            if stream.status_code == 416:  # past its end
                return b""
            if not stream.is_success:
                # Its headers say what is wrong; a body of any length is not waited for.
                told = {k: v for k, v in stream.headers.items() if k.lower().startswith("x-")}
                hf_raise_for_status(
                    httpx2.Response(stream.status_code, headers=told, request=stream.request)
                )
            if stream.status_code != 206 and start:
                raise NoRangesError(f"The server sends no part of {path}, only all of it.")
            try:
                body = _take(stream, length, budget)
            except (httpx2.HTTPError, OverBudgetError) as error:
                # Raised in here, the library would begin anew.
                broken = error
        if broken is not None:
            raise broken
        return body


def _take(stream: httpx2.Response, length: int, budget: Budget) -> bytes:
    body = bytearray()
    for piece in stream.iter_bytes():
        piece = piece[: length - len(body)]
        budget.take(len(piece))
        body += piece
        if len(body) >= length:
            break
    return bytes(body)


class RemoteFile(io.RawIOBase):
    """A dataset's file as a seekable stream, for Parquet: its footer first, then what is needed."""

    def __init__(self, repo: str, path: str, revision: str, size: int, budget: Budget) -> None:
        super().__init__()
        self._where = (repo, path, revision)
        self._size = size
        self._at = 0
        self._budget = budget
        self.problem: Exception | None = None
        """What a read raised; pyarrow may have put it into other words."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(0, self._size - self._at)
        count = left if size is None or size < 0 else min(size, left)
        if not count:
            return b""
        try:
            if count > self._budget.left:
                raise OverBudgetError
            data = read_range(*self._where, self._at, count, self._budget)
        except Exception as error:
            self.problem = error
            raise
        self._at += len(data)
        return data
