"""Which Hub, as whom, and where its files lie: read from the environment each time it is asked.

``huggingface_hub`` reads the same variables, but once, when it is imported; so what is read here is
always passed to it explicitly. Names and order of precedence:
https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from lwtui.errors import BadInput

DEFAULT_ENDPOINT = "https://huggingface.co"
_TRUE = {"1", "ON", "YES", "TRUE"}


def endpoint() -> str:
    """Address of the Hub without a slash at its end: ``HF_ENDPOINT``, else the public one.

    Raises :class:`~lwtui.errors.BadInput` if the variable is no web address.
    """
    address = os.environ.get("HF_ENDPOINT", "").strip().rstrip("/")
    if not address:
        return DEFAULT_ENDPOINT
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise BadInput(
            "HF_ENDPOINT is not the address of a server.",
            hint=f"Set it to something like {DEFAULT_ENDPOINT} or http://localhost:8090, without a "
            "name or password in it, or unset it.",
        )
    return address


def is_other_endpoint() -> bool:
    """Whether ``HF_ENDPOINT`` names another server than the public Hub."""
    return endpoint() != DEFAULT_ENDPOINT


def hf_home() -> Path:
    """The Hugging Face folder: ``HF_HOME``, else ``huggingface`` in the user's cache folder."""
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return _path(os.environ.get("HF_HOME") or f"{cache}/huggingface")


def cache_dir() -> Path:
    """The Hub's cache, shared with every other tool: ``HF_HUB_CACHE``, else ``HF_HOME/hub``."""
    named = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    return _path(named) if named else hf_home() / "hub"


def offline() -> bool:
    """Whether the user has forbidden the network: ``HF_HUB_OFFLINE``."""
    value = os.environ.get("HF_HUB_OFFLINE") or os.environ.get("TRANSFORMERS_OFFLINE") or ""
    return value.upper() in _TRUE


def token() -> str | None:
    """The access token: ``HF_TOKEN``, else the one ``hf auth login`` saved; None without either.

    A saved token that expires is renewed by ``huggingface_hub`` itself.
    """
    named = _environment_token()
    if named:
        return named
    if os.environ.get("HF_HUB_DISABLE_IMPLICIT_TOKEN", "").upper() in _TRUE:
        return None
    file = _token_file()
    if not file.is_file():
        return None
    from huggingface_hub import constants, get_token

    if Path(constants.HF_TOKEN_PATH) == file and not offline():
        return get_token()
    try:
        return _tidy(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def token_source() -> str:
    """Where :func:`token` found it, in words; empty without a token. Never the token itself."""
    if _environment_token():
        return "HF_TOKEN" if os.environ.get("HF_TOKEN") else "HUGGING_FACE_HUB_TOKEN"
    return "`hf auth login`" if token() else ""


def proxy() -> tuple[str, str] | None:
    """The proxy on the way to the endpoint: its variable and its host; None without one."""
    parts = urlsplit(endpoint())
    if proxy_bypass(parts.hostname or ""):
        return None
    proxies = getproxies_environment()
    for scheme in (parts.scheme, "all"):
        address = proxies.get(scheme)
        if address:
            names = (f"{scheme}_proxy", f"{scheme}_PROXY".upper())
            variable = next((name for name in names if os.environ.get(name)), names[1])
            return variable, address.rpartition("@")[2].rpartition("//")[2].rstrip("/")
    return None


def _environment_token() -> str | None:
    return _tidy(os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN") or "")


def _token_file() -> Path:
    named = os.environ.get("HF_TOKEN_PATH")
    return _path(named) if named else hf_home() / "token"


def _tidy(text: str) -> str | None:
    return text.replace("\r", "").replace("\n", "").strip() or None


def _path(text: str) -> Path:
    return Path(os.path.expandvars(text)).expanduser()
