"""Each trouble with the Hub in words: what is wrong, and what to do next.

What a server says is a stranger's text: it is cleaned, cut short, and never shown with a token in
it.
"""

from __future__ import annotations

import errno
import re
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

from lwtui.dock import hub_settings
from lwtui.errors import BadInput, LwtuiError
from lwtui.safe_text import one_line

if TYPE_CHECKING:
    import httpx2

Kind = Literal[
    "gated",
    "token",
    "rights",
    "rate",
    "offline",
    "network",
    "server",
    "not a hub",
    "too large",
    "disk",
    "other",
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


class NoSuchFile(NotOnHub):
    """The repository is there, and has no such file."""


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


def missing(repo: str, words: str, response: httpx2.Response) -> LwtuiError:
    if response.status_code == 401 and "invalid credentials" in words.lower():
        return wrong_token()
    if sent_token(response):
        return NotOnHub(
            f"{quoted(repo)} is not on the Hub, or your token may not see it: the Hub answers the "
            "same for both.",
            hint="Check the name. If it is private, log in as someone who may read it: "
            "`hf auth login`." + endpoint_note(),
        )
    return NotOnHub(
        f"{quoted(repo)} is not on the Hub, or is private: without a token the Hub answers the "
        "same for both.",
        hint="Check the name. If it is private, log in: `hf auth login`." + endpoint_note(),
    )


def gated(repo: str, words: str) -> HubError:
    message = f"{quoted(repo)} is gated: its authors ask you to accept their terms first."
    if _WAITING.search(words):
        return HubError(
            f"{message} The Hub says: {words}", f"See {page_of(repo)} for where it stands.", "gated"
        )
    login = (
        " If you have accepted already, your token may lack the right to read gated repositories: "
        f"see {hub_settings.endpoint()}/settings/tokens."
        if hub_settings.token()
        else " Then log in here: `hf auth login`."
    )
    return HubError(message, f"Open {page_of(repo)}, accept the terms.{login}", "gated")


def wrong_token() -> HubError:
    source = hub_settings.token_source() or "HF_TOKEN"
    mend = (
        f"unset {source} or set it to that one"
        if source.endswith("TOKEN")
        else "log in with it: `hf auth login`"
    )
    return HubError(
        f"The Hub does not know your access token (from {source}): wrong, expired or withdrawn.",
        f"Make a new one at {hub_settings.endpoint()}/settings/tokens and {mend}."
        + endpoint_note(),
        "token",
    )


def no_token(doing: str) -> HubError:
    return HubError(
        f"{doing} failed: the Hub wants to know who you are, and there is no access token.",
        f"Make one at {hub_settings.endpoint()}/settings/tokens and run `hf auth login`, or set "
        "HF_TOKEN.",
        "token",
    )


def rate(doing: str, response: httpx2.Response) -> HubError:
    from huggingface_hub.utils import parse_ratelimit_headers

    wait = 0
    limits = parse_ratelimit_headers(response.headers)
    after = response.headers.get("Retry-After", "").strip()
    if limits is not None and limits.remaining == 0:
        wait = limits.reset_in_seconds
    elif after.isdecimal() and len(after) < 9:
        wait = int(after)
    when = f"Try again in {wait} seconds." if wait else "Try again in a few minutes."
    login = "" if sent_token(response) else " Logged in you may ask more often: `hf auth login`."
    return HubError(
        f"{doing} failed: the Hub was asked too often (429).", when + login, "rate", float(wait)
    )


def offline() -> HubError:
    return HubError(
        "The network is switched off for the Hub: HF_HUB_OFFLINE is set.",
        "Unset HF_HUB_OFFLINE to reach it. What is on this machine works as it is.",
        "offline",
    )


def not_cached(repo: str, doing: str) -> HubError:
    return HubError(
        f"{doing} failed: {quoted(repo)} is not whole in the cache and the Hub was not reached.",
        "Connect to the network and try again.",
        "network",
    )


def no_hub(doing: str, why: str) -> HubError:
    host = urlsplit(hub_settings.endpoint()).netloc
    return HubError(
        f"{doing} failed: {host} does not answer like a Hugging Face Hub: {why}.",
        _PORTAL + endpoint_note(),
        "not a hub",
    )


def unreachable(doing: str, why: str) -> HubError:
    host = urlsplit(hub_settings.endpoint()).netloc
    return HubError(
        f"{doing} failed: {host} was not reached ({why}).",
        f"Check the network and try again.{proxy_note()}{endpoint_note()}",
        "network",
    )


def disk(error: OSError, doing: str) -> LwtuiError:
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
        return unreachable(doing, "the connection was lost")
    else:
        reason = one_line(error.strerror or str(error), 200)
        told = HubError(f"{doing} failed: {server_text(reason)}.", "Try again.", "disk")
    told.file = file
    return told


def page_of(repo: str) -> str:
    return f"{hub_settings.endpoint()}/{one_line(repo, 120)}"


def endpoint_note() -> str:
    if not hub_settings.is_other_endpoint():
        return ""
    return f" HF_ENDPOINT sends requests to {hub_settings.endpoint()}: unset it for the public Hub."


def proxy_note() -> str:
    way = hub_settings.proxy()
    return f" The way goes through the proxy {way[1]} ({way[0]})." if way else ""


def sent_token(response: httpx2.Response) -> bool:
    return "authorization" in response.request.headers
