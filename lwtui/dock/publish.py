"""Sends a publication: the files of its plan, byte by byte as planned, and nothing else.

One commit through ``huggingface_hub`` (``create_repo``, ``create_commit``), in a process of its
own: its client waits without an end, and a cancel must not. Every block of a file is compared with
the plan before it is handed on, so no byte leaves that was not planned: all files are read through
once before the first is sent, and one that changes under way is broken off and never committed.
Files are given as streams, which the library sends by Git LFS over HTTP; what the Hub's storage has
already (a try that was broken off) it does not ask for again.
"""

from __future__ import annotations

import contextlib
import io
import json
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from lwtui.dock import hub
from lwtui.dock.hub_errors import HubError, explain, hub_errors, server_text
from lwtui.dock.publish_record import (
    BLOCK,
    PlannedFile,
    PublishPlan,
    block_hash,
    from_json,
    to_json,
)
from lwtui.errors import BadInput, LwtuiError
from lwtui.isolated import run_isolated
from lwtui.jobs import JobContext, Part

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, HfApi

_SILENCE = 60.0
"""Seconds in which no byte goes out before the Hub counts as gone."""
_THINKING = 180.0
"""Seconds for an answer: putting the parts of a large file together takes a while."""
_BETWEEN = 0.1
"""Seconds between two reports."""


def publish(plan: PublishPlan, context: JobContext | None = None) -> str:
    """Carry out a plan; the address where the learnware then is.

    Progress counts bytes. Raises ``BadInput`` when a file is not what was planned (no other byte
    is sent), ``LwtuiError`` when the Hub refuses or somebody else changed the repository,
    ``Cancelled``. Whatever happens, the repository has all of it or nothing: it is one commit.
    """
    context = context or JobContext()
    done = run_isolated("lwtui.dock.publish:send", to_json(plan), context)
    return str(done["address"])


def send(request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """The process's own part; ``request`` is :func:`to_json` of a plan."""
    plan = from_json(request)
    if plan.endpoint != hub.endpoint():
        raise BadInput(
            f"This was planned for {plan.endpoint}, and the Hub in use is {hub.endpoint()}.",
            hint="Make the plan again.",
        )
    warnings.simplefilter("ignore")  # the Hub's own words, printed as they are
    made_new: list[str] = []
    with _explained(plan, made_new):
        api = hub.api()
        _be_impatient()
        # What the commit built upon has already in this place is not sent again.
        sending = _Sending([file for file in plan.files if file.status != "same"], context)
        operations = sending.operations()
        if not operations:
            sending.finish()
            return {"address": plan.address, "commit": plan.parent}
        _check_card(plan)
        if plan.new:
            made_new.append(_make_repository(api, plan))
        parent = made_new[0] if made_new else plan.parent
        sending.start()
        made = api.create_commit(
            plan.to,
            operations,
            commit_message=plan.message,
            parent_commit=parent or None,
            revision="main",
        )
        sending.finish()
    _check_arrived(api, plan, made.oid)
    return {"address": plan.address, "commit": made.oid}


class PlannedStream(io.BufferedIOBase):
    """A file of the disk that gives the planned bytes or raises ``BadInput``."""

    def __init__(self, file: PlannedFile, on_read: Callable[[str, int], None]) -> None:
        if file.source is None:
            raise AssertionError("a file of the disk")
        try:
            self._stream = file.source.open("rb")
        except OSError as error:
            raise BadInput(f"Cannot be read: {error.strerror}.", file=file.source) from error
        self._file = file
        self._on_read = on_read
        self._at = 0
        self._held = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._file.size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes; all that are left without one."""
        left = max(0, self._file.size - self._at)
        wanted = left if size is None or size < 0 else min(size, left)
        parts = []
        while wanted:
            number, start = divmod(self._at, BLOCK)
            part = self._block(number)[start : start + wanted]
            parts.append(part)
            self._at += len(part)
            wanted -= len(part)
        self._on_read(self._file.path, self._at)
        return b"".join(parts)

    def close(self) -> None:
        self._stream.close()
        super().close()

    def _block(self, number: int) -> bytes:
        if self._held[0] != number:
            self._stream.seek(number * BLOCK)
            block = self._stream.read(min(BLOCK, self._file.size - number * BLOCK))
            if block_hash(block) != self._file.blocks[number]:
                raise BadInput(
                    "The file was changed since the plan was made, so it is not sent.",
                    file=self._file.source,
                    hint="Make the plan again, and look at it again.",
                )
            self._held = (number, block)
        return self._held[1]


class _Sending:
    """The files on their way, and how far they are."""

    def __init__(self, files: Sequence[PlannedFile], context: JobContext) -> None:
        self._files = {file.path: file for file in files}
        self._context = context
        self._total = sum(file.size for file in files)
        self._sent = dict.fromkeys(self._files, 0)
        self._note = "checking"
        self._told = 0.0
        self._lock = threading.Lock()

    def operations(self) -> list[CommitOperationAdd]:
        """One addition for each file; the library reads each once to know its hash."""
        from huggingface_hub import CommitOperationAdd

        made = []
        for file in self._files.values():
            # Streams both: bytes and paths would go by xet where its package is installed, and
            # its native code reads paths by itself.
            stream = PlannedStream(file, self._read) if file.data is None else BytesIO(file.data)
            operation = CommitOperationAdd(file.path, cast(BinaryIO, stream))
            found = (operation.upload_info.size, operation.upload_info.sha256.hex())
            if found != (file.size, file.sha256):
                raise BadInput(
                    f"{file.path} is not what was planned, so it is not sent.",
                    file=file.source,
                    hint="Make the plan again, and look at it again.",
                )
            made.append(operation)
        return made

    def start(self) -> None:
        with self._lock:
            self._note = "sending"
            self._sent = dict.fromkeys(self._files, 0)
            self._told = 0.0
            self._context.progress(0, self._total, self._note)

    def finish(self) -> None:
        self._context.progress(self._total, self._total, "published")

    def _read(self, path: str, at: int) -> None:
        # Several files are sent at once, each on a thread; the line to the app is one.
        with self._lock:
            self._sent[path] = max(at, self._sent[path])
            now = time.monotonic()
            if now - self._told < _BETWEEN:
                return
            self._told = now
            parts = tuple(
                Part(name, float(done), float(self._files[name].size))
                for name, done in self._sent.items()
                if 0 < done < self._files[name].size
            )
            self._context.progress(sum(self._sent.values()), self._total, self._note, parts)


def _be_impatient() -> None:
    """Give the library's client of this process a limit for silence; it has none."""
    import httpx2
    from huggingface_hub import get_session

    get_session().timeout = httpx2.Timeout(_SILENCE, read=_THINKING)


def _check_card(plan: PublishPlan) -> None:
    """Let the Hub look at the card's front matter before anything is made there. It says no to a
    licence or a language it does not know."""
    from huggingface_hub import RepoCard

    try:
        RepoCard(plan.card).validate("model")
    except ValueError as error:
        if type(error) is not ValueError:
            raise
        raise BadInput(
            f"The Hub does not accept the card's front matter: {_said(str(error))}",
            file="README.md",
            hint="Correct the card, or what `lwtui show` says of the learnware. Nothing was sent "
            "but the card.",
        ) from error


def _said(text: str) -> str:
    try:
        messages = [str(each["message"]) for each in json.loads(text)["errors"]]
    except (ValueError, LookupError, TypeError):
        return server_text(text)
    return server_text("; ".join(messages), 300)


def _make_repository(api: HfApi, plan: PublishPlan) -> str:
    """The new repository's first commit. Raises ``LwtuiError`` if it is there by now."""
    from huggingface_hub.errors import HfHubHTTPError

    try:
        api.create_repo(plan.to, repo_type="model", private=plan.private, exist_ok=False)
    except HfHubHTTPError as error:
        if error.response.status_code != 409:
            raise
        raise HubError(
            f"{plan.to} was not there when the plan was made, and is now.",
            "Make the plan again: it then shows what would be replaced.",
        ) from error
    return api.model_info(plan.to).sha or ""


def _check_arrived(api: HfApi, plan: PublishPlan, commit: str) -> None:
    """Every file must be there with the planned bytes: rules of the repository (``.gitignore``)
    may have left one out without a word."""
    paths = [file.path for file in plan.files]
    try:
        with hub_errors(plan.to, doing="Looking at what arrived"):
            told = {each.path: each for each in api.get_paths_info(plan.to, paths, revision=commit)}
    except LwtuiError as error:
        raise HubError(
            f"{plan.to} is published, but not checked: {error.message}",
            "Publish again: it compares, and sends nothing twice.",
        ) from error
    for file in plan.files:
        there = told.get(file.path)
        lfs = getattr(there, "lfs", None)
        blob = getattr(there, "blob_id", "")
        if not (lfs.sha256 == file.sha256 if lfs else blob == file.blob_id):
            raise HubError(
                f"The Hub took the publication, but not {file.path} as it was sent.",
                f"Look at {plan.address}/tree/main: a .gitignore there may leave it out.",
            )


@contextlib.contextmanager
def _explained(plan: PublishPlan, made: Sequence[str]) -> Iterator[None]:
    """Errors as everywhere in the dock; the library wraps those of its threads once more."""
    doing = f"Publishing {plan.to}"
    try:
        with hub_errors(plan.to, doing=doing):
            try:
                yield
            except RuntimeError as error:
                told = error.__cause__ and explain(error.__cause__, plan.to, doing)
                if not isinstance(told, LwtuiError):
                    raise
                raise told from error
    except LwtuiError as error:
        if made:
            so_far = f"{plan.to} was made and may be empty still; a second try goes on."
            error.hint = f"{error.hint} {so_far}" if error.hint else so_far
        raise
