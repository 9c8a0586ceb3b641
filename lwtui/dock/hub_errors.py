"""What ``huggingface_hub``, ``httpx2`` and the disk raise, told apart and put in words.

Status codes and headers as ``huggingface_hub`` 2.4 reads them (``utils/_http.py``). The words are
in ``hub_words.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lwtui.dock import hub_settings
from lwtui.dock.hub_words import (
    HubError,
    NoSuchFile,
    NotOnHub,
    disk,
    endpoint_note,
    gated,
    missing,
    no_hub,
    no_token,
    not_cached,
    offline,
    page_of,
    proxy_note,
    quoted,
    rate,
    sent_token,
    server_text,
    unreachable,
    wrong_token,
)
from lwtui.errors import BadInput, LwtuiError
from lwtui.safe_text import one_line

if TYPE_CHECKING:
    import httpx2

__all__ = ["HubError", "NoSuchFile", "NotOnHub", "explain", "hub_errors", "quoted", "server_text"]


@contextmanager
def hub_errors(repo: str = "", doing: str = "Asking the Hub") -> Iterator[None]:
    """Turn what ``huggingface_hub``, ``httpx2`` and the disk raise into :class:`LwtuiError`.

    ``repo`` is the repository in question; ``doing`` starts the sentence "… failed".
    Errors of lwtui itself pass through, so contexts may be nested.
    """
    try:
        yield
    except LwtuiError:
        raise
    except Exception as error:
        told = explain(error, repo, doing)
        if told is None:
            raise
        raise told from error


def explain(
    error: BaseException, repo: str = "", doing: str = "Asking the Hub"
) -> LwtuiError | None:
    """``error`` in words; None if it is none of the network's, the Hub's or the disk's."""
    import httpx2
    from huggingface_hub import errors

    doing = one_line(doing, 200)
    if isinstance(error, LwtuiError):
        return error
    if isinstance(error, errors.OfflineModeIsEnabled):
        return offline()
    if isinstance(error, errors.HfHubHTTPError):
        return _answered(error, repo, doing)
    if isinstance(error, httpx2.HTTPStatusError):
        return _by_status(error.response, repo, doing)
    if isinstance(error, (errors.LocalEntryNotFoundError, errors.RevisionResolutionError)):
        # huggingface_hub hides the network's error behind these; it is their cause.
        cause = error.__cause__ or error.__context__
        told = explain(cause, repo, doing) if cause is not None else None
        return told or (offline() if hub_settings.offline() else not_cached(repo, doing))
    if isinstance(error, errors.LocalTokenNotFoundError):
        return no_token(doing)
    if isinstance(error, errors.OIDCError):
        return HubError(
            f"{doing} failed: the token of this CI run could not be made.",
            "HF_OIDC_RESOURCE is set: unset it, or give its identity token in HF_OIDC_ID_TOKEN.",
            "token",
        )
    if isinstance(error, errors.HFValidationError):
        return BadInput(
            f"{quoted(repo)} is not the name of a repository."
            if repo
            else f"{doing} failed: that is not the name of a repository.",
            hint="A name looks like owner/name: letters, digits, '-', '_' and '.'.",
        )
    if isinstance(error, errors.FileMetadataError):
        return no_hub(doing, "its answer lacks the headers of a Hub")
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return no_hub(doing, "its answer is not JSON")
    if isinstance(error, (httpx2.HTTPError, httpx2.InvalidURL)):
        return _network(error, doing)
    if isinstance(error, RuntimeError) and "client has been closed" in str(error):
        return unreachable(doing, "the connection was closed")
    if isinstance(error, OSError):
        return disk(error, doing)
    if isinstance(error, (LookupError, TypeError, AttributeError, ValueError)):
        if not _from_library(error):
            return None
        if "token=False" in str(error):
            return no_token(doing)
        return no_hub(doing, "its answer makes no sense")
    return None


def _answered(error: Exception, repo: str, doing: str) -> LwtuiError:
    from huggingface_hub import errors

    response: httpx2.Response = error.response  # type: ignore[attr-defined]
    name = quoted(repo)
    words = server_text(getattr(error, "server_message", "") or "")
    if isinstance(error, errors.GatedRepoError):
        return gated(repo, words)
    if isinstance(error, errors.DisabledRepoError):
        return HubError(
            f"{name} has been disabled on the Hub.", "Choose another model.", kind="rights"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return NotOnHub(
            f"{name} has no such revision.",
            hint="Leave the revision out for the newest, or give a branch, tag or commit that "
            f"{page_of(repo)} lists under 'Files'.",
        )
    if isinstance(error, errors.RemoteEntryNotFoundError):
        path = unquote(urlsplit(str(response.request.url)).path).partition("/resolve/")[2]
        file = one_line(path.partition("/")[2], 120)
        return NoSuchFile(
            f"{name} has no file {file!r}." if file else f"{name} has no such file.",
            hint=f"See what it has at {page_of(repo)}.",
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return missing(repo, words, response)
    return _by_status(response, repo, doing, words)


def _by_status(response: httpx2.Response, repo: str, doing: str, words: str = "") -> LwtuiError:
    status = response.status_code
    said = f" It says: {words}" if words else ""
    if status == 401:
        return missing(repo, words, response) if repo else _unauthorised(doing, response)
    if status == 404 and repo and response.headers.get("X-Error-Code", "") == "RepoNotFound":
        return missing(repo, words, response)
    if status == 404:
        return no_hub(doing, "it does not know this address (404)")
    if status == 403:
        return HubError(
            f"{doing} failed: the Hub does not allow it (403).{said}",
            f"Give your token that right at {hub_settings.endpoint()}/settings/tokens, or log in "
            "as someone who has it: `hf auth login`."
            if sent_token(response)
            else "Log in first: `hf auth login`.",
            "rights",
        )
    if status == 429:
        return rate(doing, response)
    if status in (409, 412):
        return HubError(
            f"{doing} failed: {quoted(repo)} was changed by someone else meanwhile ({status}).",
            "Do it again: it starts from what is there now.",
        )
    if status >= 500 or status == 408:
        return HubError(
            f"{doing} failed: the Hub has trouble ({status}).{said}",
            "Try again in a few minutes."
            + (
                endpoint_note()
                if hub_settings.is_other_endpoint()
                else " Its state: https://status.huggingface.co"
            ),
            "server",
        )
    return HubError(
        f"{doing} failed: the Hub did not accept the request ({status}).{said}",
        "Check what was asked for." + endpoint_note(),
    )


def _unauthorised(doing: str, response: httpx2.Response) -> HubError:
    return wrong_token() if sent_token(response) else no_token(doing)


def _network(error: Exception, doing: str) -> HubError:
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return unreachable(doing, "it did not answer in time")
    if isinstance(error, httpx2.ProxyError):
        return unreachable(doing, "the proxy refused")
    if isinstance(error, httpx2.TooManyRedirects):
        return no_hub(doing, "it sends every request elsewhere without an end")
    if isinstance(error, httpx2.DecodingError):
        return no_hub(doing, "its answer cannot be unpacked")
    if isinstance(error, (httpx2.UnsupportedProtocol, httpx2.InvalidURL)):
        return no_hub(doing, "it sends requests to an address that is none")
    text = str(error)
    if "CERTIFICATE" in text.upper() or "SSL" in text.upper():
        certificate = "CERTIFICATE" in text.upper()
        what = "the server's certificate was not accepted" if certificate else "no secure answer"
        return HubError(
            f"{doing} failed: {what}.",
            "Check this machine's clock. Behind a company's proxy, set SSL_CERT_FILE to its "
            f"certificate.{proxy_note()}{endpoint_note()}",
            "network",
        )
    if isinstance(error, httpx2.ConnectError):
        return unreachable(doing, "no connection")
    if isinstance(error, httpx2.ProtocolError):
        return unreachable(doing, "the connection was broken off")
    return unreachable(doing, "the connection was lost")


def _from_library(error: BaseException) -> bool:
    """Whether ``huggingface_hub`` stumbled over an answer it did not expect."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = trace.tb_frame.f_globals.get("__name__", "") if trace is not None else ""
    return module.partition(".")[0] in ("huggingface_hub", "httpx2", "httpcore2", "httpcore")
