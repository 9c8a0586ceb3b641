"""What goes wrong with the Hub, in words a person can act on.

What a server says is a stranger's text: it is cleaned, cut short, and never shown with a token in
it. Status codes and headers as ``huggingface_hub`` 2.4 reads them (``utils/_http.py``).
"""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote, urlsplit

from lwtui.dock import hub_settings
from lwtui.errors import BadInput, LwtuiError
from lwtui.safe_text import one_line

if TYPE_CHECKING:
    import httpx2

Kind = Literal[
    "gated", "token", "rights", "rate", "offline", "network", "server", "not a hub", "disk", "other"
]
_SECRETS = re.compile(r"hf_[A-Za-z0-9_]{6,}|(?i:bearer)\s+\S+|(?<=://)[^/\s@]*@")
_WAITING = re.compile(r"awaiting|pending|rejected", re.IGNORECASE)
_PORTAL = (
    "A public network's sign-in page may answer in its place: open any web page in a browser, sign "
    "in, and try again."
)


class HubError(LwtuiError):
    """The Hub could not do it. ``kind`` says why; ``wait`` is how long to wait first, seconds."""

    def __init__(self, message: str, hint: str, kind: Kind = "other", wait: float = 0.0) -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.wait = wait

    @property
    def passing(self) -> bool:
        """Whether the same request may work a little later."""
        return self.kind in ("rate", "network", "server", "not a hub")


class NotOnHub(BadInput):
    """No such repository, revision or file, or none that this user may see."""


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
        return _offline()
    if isinstance(error, errors.HfHubHTTPError):
        return _answered(error, repo, doing)
    if isinstance(error, httpx2.HTTPStatusError):
        return _by_status(error.response, repo, doing)
    if isinstance(error, (errors.LocalEntryNotFoundError, errors.RevisionResolutionError)):
        # huggingface_hub hides the network's error behind these; it is their cause.
        cause = error.__cause__ or error.__context__
        told = explain(cause, repo, doing) if cause is not None else None
        return told or (_offline() if hub_settings.offline() else _not_cached(repo, doing))
    if isinstance(error, errors.LocalTokenNotFoundError):
        return _no_token(doing)
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
        return _no_hub(doing, "its answer lacks the headers of a Hub")
    if isinstance(error, (json.JSONDecodeError, UnicodeDecodeError)):
        return _no_hub(doing, "its answer is not JSON")
    if isinstance(error, (httpx2.HTTPError, httpx2.InvalidURL)):
        return _network(error, doing)
    if isinstance(error, RuntimeError) and "client has been closed" in str(error):
        return _unreachable(doing, "the connection was closed")
    if isinstance(error, OSError):
        return _disk(error, doing)
    if isinstance(error, (LookupError, TypeError, AttributeError, ValueError)):
        return _no_hub(doing, "its answer makes no sense") if _from_library(error) else None
    return None


def server_text(text: str, limit: int = 200) -> str:
    """A server's own words: cleaned, on one line, cut short, without anything like a token."""
    text = one_line(text, 4 * limit)
    secret = hub_settings.token()
    if secret:
        text = text.replace(secret, "[token]")
    text = _SECRETS.sub("[token] ", text).strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def quoted(repo: str) -> str:
    """A repository's name as shown in a message: ``'owner/name'``."""
    return f"'{one_line(repo, 120)}'" if repo else "the repository"


def _answered(error: Exception, repo: str, doing: str) -> LwtuiError:
    from huggingface_hub import errors

    response: httpx2.Response = error.response  # type: ignore[attr-defined]
    name = quoted(repo)
    words = server_text(getattr(error, "server_message", "") or "")
    if isinstance(error, errors.GatedRepoError):
        return _gated(repo, words)
    if isinstance(error, errors.DisabledRepoError):
        return HubError(
            f"{name} has been disabled on the Hub.", "Choose another model.", kind="rights"
        )
    if isinstance(error, errors.RevisionNotFoundError):
        return NotOnHub(
            f"{name} has no such revision.",
            hint="Leave the revision out for the newest, or give a branch, tag or commit that "
            f"{_page(repo)} lists under 'Files'.",
        )
    if isinstance(error, errors.RemoteEntryNotFoundError):
        path = unquote(urlsplit(str(response.request.url)).path).partition("/resolve/")[2]
        file = one_line(path.partition("/")[2], 120)
        return NotOnHub(
            f"{name} has no file {file!r}." if file else f"{name} has no such file.",
            hint=f"See what it has at {_page(repo)}.",
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return _missing(repo, words, response)
    return _by_status(response, repo, doing, words)


def _by_status(response: httpx2.Response, repo: str, doing: str, words: str = "") -> LwtuiError:
    status = response.status_code
    said = f" It says: {words}" if words else ""
    if status == 401:
        return _missing(repo, words, response) if repo else _unauthorised(doing, response)
    if status == 404 and repo and response.headers.get("X-Error-Code", "") == "RepoNotFound":
        return _missing(repo, words, response)
    if status == 404:
        return _no_hub(doing, "it does not know this address (404)")
    if status == 403:
        return HubError(
            f"{doing} failed: the Hub does not allow it (403).{said}",
            f"Give your token that right at {hub_settings.endpoint()}/settings/tokens, or log in "
            "as someone who has it: `hf auth login`."
            if _sent_token(response)
            else "Log in first: `hf auth login`.",
            "rights",
        )
    if status == 429:
        return _rate(doing, response)
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
                _endpoint_note()
                if hub_settings.is_other_endpoint()
                else " Its state: https://status.huggingface.co"
            ),
            "server",
        )
    return HubError(
        f"{doing} failed: the Hub did not accept the request ({status}).{said}",
        "Check what was asked for." + _endpoint_note(),
    )


def _missing(repo: str, words: str, response: httpx2.Response) -> LwtuiError:
    if response.status_code == 401 and "invalid credentials" in words.lower():
        return _wrong_token()
    if _sent_token(response):
        return NotOnHub(
            f"{quoted(repo)} is not on the Hub, or your token may not see it: the Hub answers the "
            "same for both.",
            hint="Check the name. If it is private, log in as someone who may read it: "
            "`hf auth login`." + _endpoint_note(),
        )
    return NotOnHub(
        f"{quoted(repo)} is not on the Hub, or is private: without a token the Hub answers the "
        "same for both.",
        hint="Check the name. If it is private, log in: `hf auth login`." + _endpoint_note(),
    )


def _gated(repo: str, words: str) -> HubError:
    message = f"{quoted(repo)} is gated: its authors ask you to accept their terms first."
    if _WAITING.search(words):
        return HubError(
            f"{message} The Hub says: {words}", f"See {_page(repo)} for where it stands.", "gated"
        )
    login = (
        " If you have accepted already, your token may lack the right to read gated repositories: "
        f"see {hub_settings.endpoint()}/settings/tokens."
        if hub_settings.token()
        else " Then log in here: `hf auth login`."
    )
    return HubError(message, f"Open {_page(repo)}, accept the terms.{login}", "gated")


def _unauthorised(doing: str, response: httpx2.Response) -> HubError:
    return _wrong_token() if _sent_token(response) else _no_token(doing)


def _wrong_token() -> HubError:
    source = hub_settings.token_source() or "HF_TOKEN"
    mend = (
        f"unset {source} or set it to that one"
        if source.endswith("TOKEN")
        else "log in with it: `hf auth login`"
    )
    return HubError(
        f"The Hub does not know your access token (from {source}): wrong, expired or withdrawn.",
        f"Make a new one at {hub_settings.endpoint()}/settings/tokens and {mend}."
        + _endpoint_note(),
        "token",
    )


def _no_token(doing: str) -> HubError:
    return HubError(
        f"{doing} failed: the Hub wants to know who you are, and there is no access token.",
        f"Make one at {hub_settings.endpoint()}/settings/tokens and run `hf auth login`, or set "
        "HF_TOKEN.",
        "token",
    )


def _rate(doing: str, response: httpx2.Response) -> HubError:
    from huggingface_hub.utils import parse_ratelimit_headers

    wait = 0
    limits = parse_ratelimit_headers(response.headers)
    after = response.headers.get("Retry-After", "").strip()
    if limits is not None and limits.remaining == 0:
        wait = limits.reset_in_seconds
    elif after.isdecimal() and len(after) < 9:
        wait = int(after)
    when = f"Try again in {wait} seconds." if wait else "Try again in a few minutes."
    login = "" if _sent_token(response) else " Logged in you may ask more often: `hf auth login`."
    return HubError(
        f"{doing} failed: the Hub was asked too often (429).", when + login, "rate", float(wait)
    )


def _offline() -> HubError:
    return HubError(
        "The network is switched off for the Hub: HF_HUB_OFFLINE is set.",
        "Unset HF_HUB_OFFLINE to reach it. What is on this machine works as it is.",
        "offline",
    )


def _not_cached(repo: str, doing: str) -> HubError:
    return HubError(
        f"{doing} failed: {quoted(repo)} is not whole in the cache and the Hub was not reached.",
        "Connect to the network and try again.",
        "network",
    )


def _no_hub(doing: str, why: str) -> HubError:
    host = urlsplit(hub_settings.endpoint()).netloc
    return HubError(
        f"{doing} failed: {host} does not answer like a Hugging Face Hub: {why}.",
        _PORTAL + _endpoint_note(),
        "not a hub",
    )


def _network(error: Exception, doing: str) -> HubError:
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return _unreachable(doing, "it did not answer in time")
    if isinstance(error, httpx2.ProxyError):
        return _unreachable(doing, "the proxy refused")
    if isinstance(error, httpx2.TooManyRedirects):
        return _no_hub(doing, "it sends every request elsewhere without an end")
    if isinstance(error, httpx2.DecodingError):
        return _no_hub(doing, "its answer cannot be unpacked")
    if isinstance(error, (httpx2.UnsupportedProtocol, httpx2.InvalidURL)):
        return _no_hub(doing, "it sends requests to an address that is none")
    text = str(error)
    if "CERTIFICATE" in text.upper() or "SSL" in text.upper():
        return HubError(
            f"{doing} failed: the server's certificate was not accepted.",
            "Check this machine's clock. Behind a company's proxy, set SSL_CERT_FILE to its "
            f"certificate.{_proxy_note()}{_endpoint_note()}",
            "network",
        )
    if isinstance(error, httpx2.ConnectError):
        return _unreachable(doing, "no connection")
    if isinstance(error, httpx2.ProtocolError):
        return _unreachable(doing, "the connection was broken off")
    return _unreachable(doing, "the connection was lost")


def _unreachable(doing: str, why: str) -> HubError:
    host = urlsplit(hub_settings.endpoint()).netloc
    return HubError(
        f"{doing} failed: {host} was not reached ({why}).",
        f"Check the network and try again.{_proxy_note()}{_endpoint_note()}",
        "network",
    )


def _disk(error: OSError, doing: str) -> LwtuiError:
    file = one_line(str(error.filename), 300) if error.filename else None
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        told = HubError(
            f"{doing} failed: the disk is full.",
            f"Free some space where {hub_settings.cache_dir()} lies, or set HF_HUB_CACHE to a "
            "folder on another disk, and do it again: it goes on where it stopped.",
            "disk",
        )
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        told = HubError(
            f"{doing} failed: this folder may not be written to.",
            "Make it writable, or set HF_HUB_CACHE to another folder.",
            "disk",
        )
    elif isinstance(error, (ConnectionError, TimeoutError)):
        return _unreachable(doing, "the connection was lost")
    else:
        reason = one_line(error.strerror or str(error), 200)
        told = HubError(f"{doing} failed: {server_text(reason)}.", "Try again.", "disk")
    told.file = file
    return told


def _from_library(error: BaseException) -> bool:
    """Whether ``huggingface_hub`` stumbled over an answer it did not expect."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    module = trace.tb_frame.f_globals.get("__name__", "") if trace is not None else ""
    return module.partition(".")[0] in ("huggingface_hub", "httpx2", "httpcore2", "httpcore")


def _page(repo: str) -> str:
    return f"{hub_settings.endpoint()}/{one_line(repo, 120)}"


def _endpoint_note() -> str:
    if not hub_settings.is_other_endpoint():
        return ""
    return f" HF_ENDPOINT sends requests to {hub_settings.endpoint()}: unset it for the public Hub."


def _proxy_note() -> str:
    way = hub_settings.proxy()
    return f" The way goes through the proxy {way[1]} ({way[0]})." if way else ""


def _sent_token(response: httpx2.Response) -> bool:
    return "authorization" in response.request.headers
