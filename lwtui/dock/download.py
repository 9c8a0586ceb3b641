"""One file of the Hub into its cache, from where an earlier try stopped, checked by its hash."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from lwtui.dock.cache_layout import CachedRepository, etag_of, is_whole, point
from lwtui.dock.hub_errors import HubError, hub_errors
from lwtui.dock.hub_settings import endpoint
from lwtui.dock.record import PullFile
from lwtui.dock.transport import Traffic, receive
from lwtui.errors import LwtuiError

_READ = 4 * 1024 * 1024
_LOCK_SECONDS = 2.0
"""How long to wait for another program's lock before saying so."""

Report = Callable[[int], None]
"""Called with the bytes of the file that are here."""


class _Partial:
    """The partial file and the hash of what it holds."""

    def __init__(self, path: Path, file: PullFile, report: Report) -> None:
        self._file = file
        self._report = report
        # Not "append": what another process writes meanwhile, where locks do not hold, are the
        # same bytes at the same places.
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(path, flags, 0o666)
        self._stream: IO[bytes] = os.fdopen(descriptor, "r+b", buffering=0)
        self._start()
        if os.fstat(self._stream.fileno()).st_size > file.size:
            self.restart()

    def _start(self) -> None:
        self.size = 0
        if self._file.sha256:
            self._digest = hashlib.sha256()
        else:  # Git's: https://git-scm.com/book/en/v2/Git-Internals-Git-Objects
            self._digest = hashlib.sha1(usedforsecurity=False)
            self._digest.update(b"blob %d\0" % self._file.size)

    def read_what_is_there(self, traffic: Traffic) -> None:
        """Hash the bytes an earlier try left."""
        while block := self._stream.read(_READ):
            traffic.check()
            traffic.say(self._file.path, f"checking what is here of {self._file.path}")
            self._digest.update(block)
            self.size += len(block)
        traffic.say(self._file.path, "")

    def write(self, data: bytes) -> None:
        self._digest.update(data)
        rest = memoryview(data)
        while rest:
            rest = rest[self._stream.write(rest) :]
        self.size += len(data)
        self._report(self.size)

    def restart(self) -> None:
        self._stream.seek(0)
        self._stream.truncate()
        self._start()
        self._report(0)

    @property
    def is_right(self) -> bool:
        return self._digest.hexdigest() == etag_of(self._file)

    def __enter__(self) -> _Partial:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()


def download(file: PullFile, commit: str, traffic: Traffic, report: Report) -> Path:
    """Have a file in the cache, whole and checked; return its name in the snapshot.

    What an earlier try left is hashed and gone on from. A file whose hash is wrong is fetched once
    more from the start, then refused. Raises ``LwtuiError``; what has arrived is kept.
    """
    cached = CachedRepository.of(file.repo)
    pointer, blob = cached.pointer(commit, file.path), cached.blob(etag_of(file))
    with hub_errors(file.repo, doing=f"Fetching {file.path}"):
        if not is_whole(pointer, file.size):
            with _lock(cached.lock(etag_of(file)), file.path, traffic):
                if not is_whole(blob, file.size):
                    _fetch(cached, file, commit, traffic, report)
                if pointer.exists() and not is_whole(pointer, file.size):
                    pointer.unlink()
                point(cached, commit, file.path, blob)
    report(file.size)
    return pointer


def _fetch(
    cached: CachedRepository, file: PullFile, commit: str, traffic: Traffic, report: Report
) -> None:
    from huggingface_hub import hf_hub_url

    url = hf_hub_url(file.repo, file.path, revision=commit, endpoint=endpoint())
    path = cached.partial(etag_of(file))
    with _Partial(path, file, report) as partial:
        partial.read_what_is_there(traffic)
        for _ in range(2):
            receive(url, file, partial, traffic)
            if partial.is_right:
                break
            partial.restart()
    if not partial.is_right:
        path.unlink(missing_ok=True)
        raise HubError(
            f"{file.path} of {file.repo} is not what the Hub says it is: its hash is wrong, twice.",
            "Nothing of it was kept. Try again later; behind a mirror or a proxy, try without it "
            "(HF_ENDPOINT, HTTPS_PROXY).",
        )
    path.replace(cached.blob(etag_of(file)))


@contextlib.contextmanager
def _lock(path: Path, name: str, traffic: Traffic) -> Iterator[None]:
    """The library's own lock on a blob, waited for aloud."""
    from filelock import Timeout
    from huggingface_hub.utils import WeakFileLock

    path.parent.mkdir(parents=True, exist_ok=True)
    while True:
        traffic.check()
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(WeakFileLock(path, timeout=_LOCK_SECONDS))
            except Timeout:
                traffic.say(name, f"another program fetches {name}")
                continue
            except OSError as error:
                raise LwtuiError(f"The cache cannot be locked: {error.strerror}.") from error
            traffic.say(name, "")
            yield
            return
