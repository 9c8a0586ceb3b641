"""Access to the Hub: ``huggingface_hub`` with everything given explicitly, and small bounded reads.

``huggingface_hub`` reads whole answers into memory, waits as long as a server asks it to, and has
no limit of time for lists. A page of a search must not: :func:`read_json` and :func:`read_small`
stream, count bytes and seconds, and then leave errors to the library's own ``hf_raise_for_status``.
(Its client could be replaced for the whole process; that would change other libraries' requests.)
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from lwtui import __version__
from lwtui.dock.hub_errors import HubError, hub_errors
from lwtui.dock.hub_settings import cache_dir, endpoint, hf_home, offline, token
from lwtui.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx2
    from huggingface_hub import HfApi

__all__ = [
    "api",
    "cache_dir",
    "endpoint",
    "headers",
    "hf_home",
    "offline",
    "quiet",
    "read_json",
    "read_small",
    "token",
]

JSON_LIMIT = 12 * 1024 * 1024
"""Bytes of one JSON answer, unpacked. A page of 100 models is some 0.3 MB, the page of a model of
10,000 files 4 MB; read into Python, the worst JSON takes thirty times its bytes."""
_SILENCE = 15.0
"""Seconds without a byte before a server counts as gone."""
_DEADLINE = 60.0
"""Seconds for a whole small answer: a server that drips is no better than a silent one."""
_ERROR_TEXT = 64 * 1024


def quiet() -> None:
    """Keep ``huggingface_hub`` from writing to the terminal and from asking on its own account.

    Its warnings hold texts of the server, which may hold escape codes. And the first header it
    builds asks the public Hub for a list of programs to name in the user agent, whatever the
    endpoint; without telemetry it does not.
    """
    from huggingface_hub import constants
    from huggingface_hub.utils import logging

    constants.HF_HUB_DISABLE_TELEMETRY = True
    logging.set_verbosity_error()


def api() -> HfApi:
    """``HfApi`` for the endpoint and token of this moment.

    Raises ``OfflineModeIsEnabled`` when ``HF_HUB_OFFLINE`` is set: use it within
    :func:`~lwtui.dock.hub_errors.hub_errors`.
    """
    from huggingface_hub import HfApi

    quiet()
    _need_network()
    return HfApi(
        endpoint=endpoint(),
        token=token() or False,
        library_name="lwtui",
        library_version=__version__,
    )


def headers() -> dict[str, str]:
    """User agent and, with a token, the authorization: only ever for :func:`endpoint`."""
    from huggingface_hub.utils import build_hf_headers

    quiet()
    return build_hf_headers(
        token=token() or False, library_name="lwtui", library_version=__version__
    )


def read_json(
    address: str,
    params: Mapping[str, Any] | None = None,
    *,
    limit: int = JSON_LIMIT,
    repo: str = "",
) -> tuple[Any, str]:
    """What the Hub's API says at ``address``, and the address of the next page (or empty).

    ``address`` is absolute, or a path that begins with ``/api/``. Pages are linked as GitHub does
    (``Link: <…>; rel="next"``). Raises :class:`~lwtui.errors.LwtuiError`; also for an answer of
    more than ``limit`` bytes and for an address at another server than :func:`endpoint`.
    """
    with hub_errors(repo):
        response = _fetch(_at_endpoint(address), params, limit, "the answer")
        told = _parse(response.content)
        return told, _next_page(response)


def read_small(
    repo: str, path: str, *, revision: str = "main", repo_type: str = "model", limit: int
) -> bytes:
    """The bytes of a small file of a repository, never more than ``limit``.

    Raises :class:`~lwtui.errors.LwtuiError`, :class:`~lwtui.dock.hub_errors.NotOnHub` if it is not
    there.
    """
    from huggingface_hub import hf_hub_url

    with hub_errors(repo, doing=f"Reading {path}"):
        url = hf_hub_url(
            repo, path, repo_type=repo_type, revision=revision or "main", endpoint=endpoint()
        )
        return _fetch(url, None, limit, path).content


def _fetch(url: str, params: Mapping[str, Any] | None, limit: int, what: str) -> httpx2.Response:
    import httpx2
    from huggingface_hub.utils import hf_raise_for_status, http_stream_backoff

    _need_network()
    broken: httpx2.HTTPError | None = None
    body = b""
    with http_stream_backoff(
        "GET",
        url,
        params=params,
        headers=headers(),
        timeout=_SILENCE,
        max_retries=1,
        base_wait_time=0.3,
        # A kept connection that the server has dropped, a short loss of the network. What takes
        # long is not asked twice, and no server tells this program how long to wait.
        retry_on_exceptions=(httpx2.NetworkError, httpx2.RemoteProtocolError),
        retry_on_status_codes=(),
    ) as stream:
        try:
            body = _read(stream, limit if stream.is_success else _ERROR_TEXT, what)
        except httpx2.HTTPError as error:
            # Raised in here, the library would start anew with a response nobody reads.
            broken = error
    if broken is not None:
        raise broken
    if not stream.is_success:
        body = _error_body(body)
    response = httpx2.Response(
        stream.status_code,
        headers=[
            (name, value)
            for name, value in stream.headers.multi_items()
            if name.lower() not in ("content-encoding", "content-length", "transfer-encoding")
        ],
        content=body,
        request=stream.request,
    )
    hf_raise_for_status(response)
    return response


def _read(stream: httpx2.Response, limit: int, what: str) -> bytes:
    """The body, unpacked. One of an error is cut at ``limit``, any other refused."""
    import httpx2

    end = time.monotonic() + _DEADLINE
    body = bytearray()
    for piece in stream.iter_bytes():
        body += piece
        if len(body) > limit:
            if not stream.is_success:
                break
            raise HubError(
                f"The Hub sends more than {limit:,} bytes for {what}: refused.",
                "Nothing was kept. If this model matters to you, look at its page on the Hub.",
                "too large",
            )
        if time.monotonic() > end:
            raise httpx2.ReadTimeout("too slow", request=stream.request)
    return bytes(body[:limit])


def _error_body(body: bytes) -> bytes:
    """What a server says of an error, in the one shape the library can read without stumbling."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return b""
    text = told.get("error") if isinstance(told, dict) else None
    return json.dumps({"error": text[:2000]}).encode() if isinstance(text, str) else b""


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body)
    except RecursionError:
        raise json.JSONDecodeError("nested too deep", "", 0) from None


def _next_page(response: httpx2.Response) -> str:
    following = response.links.get("next", {}).get("url", "")
    if not following:
        return ""
    # A mirror may pass on the links of the Hub it mirrors: the path is meant, at this endpoint.
    path = str(response.request.url.join(following).raw_path, "ascii")
    at = path.find("/api/")
    return endpoint() + path[at:] if at >= 0 and len(path) < 8_192 else ""


def _at_endpoint(address: str) -> str:
    if address.startswith("/api/"):
        return endpoint() + address
    if not address.startswith(endpoint() + "/api/"):
        raise BadInput("This page belongs to another Hub than the one in use.", hint="Search anew.")
    return address


def _need_network() -> None:
    from huggingface_hub.errors import OfflineModeIsEnabled

    if offline():
        raise OfflineModeIsEnabled("HF_HUB_OFFLINE")
