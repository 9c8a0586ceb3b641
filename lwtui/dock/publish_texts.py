"""A look over every text that would be published: secrets, and paths of this machine.

A small honest check: it knows the usual shapes of keys and the folders of this user. It finds a
token pasted into a card; it is no proof that there is none.
"""

from __future__ import annotations

import contextlib
import functools
import getpass
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lwtui import paths
from lwtui.dock import hub_settings
from lwtui.errors import BadInput
from lwtui.learnware.gguf import read_gguf
from lwtui.learnware.headers import safetensors_header

_SECRETS = (
    ("an access token of Hugging Face", rb"\bhf_[A-Za-z0-9]{30,}"),
    ("a key of a model service (sk-…)", rb"\bsk-(?:proj-|ant-|svcacct-)?[A-Za-z0-9_-]{24,}"),
    ("a key of Amazon Web Services", rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    ("a token of GitHub", rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,})"),
    ("a key of Google", rb"\bAIza[A-Za-z0-9_-]{35}\b"),
    ("a token of Slack", rb"\bxox[abposr]-[A-Za-z0-9-]{20,}"),
    ("a private key", rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"),
)
_PATTERNS = tuple((what, re.compile(pattern)) for what, pattern in _SECRETS)
_FOREIGN = re.compile(rb"(?:/home/|/Users/|[A-Za-z]:\\{1,2}Users\\{1,2})[\w.-]+[/\\]")
"""A path of somebody's home folder, of whatever machine."""
_ABSOLUTE = re.compile(rb"""(?<![\w.-])(?:[A-Za-z]:[/\\]|/)[^\s"'`<>|*?:;,()\[\]{}]{3,1000}""")
_OF_ALL = ("/usr/", "/bin/", "/etc/", "/dev/", "/lib", "/sbin/", "/proc/", "/sys/", "/run/")
"""Folders that every machine has."""
_SHORT = 4
"""Folders of no more letters (``/tmp``) say nothing of anybody."""


@dataclass(frozen=True)
class Found:
    """Something that should not be published. ``what`` never repeats a secret."""

    file: str
    line: int
    what: str
    grave: bool = True
    """False: a path, but none of this machine."""


def check_text(name: str, data: bytes, private: Iterable[Path] = ()) -> Iterator[Found]:
    """What is wrong in a text that would be published as ``name``. ``private`` are folders of this
    machine beyond the usual ones."""
    found: dict[int, Found] = {}
    told = data.replace(b"\\\\", b"\\")  # as JSON writes a backslash

    def add(text: bytes, at: int, what: str, grave: bool = True) -> None:
        line = text.count(b"\n", 0, at) + 1
        if line not in found or (grave and not found[line].grave):
            found[line] = Found(name, line, what, grave)

    secret = (hub_settings.token() or "").encode()
    if secret and (at := data.find(secret)) >= 0:
        add(data, at, "your access token")
    for what, pattern in _PATTERNS:
        for match in pattern.finditer(data):
            add(data, match.start(), what)
    for match in _local(private).finditer(told):
        add(told, match.start(), "a path of this machine")
    for match in _ABSOLUTE.finditer(told):
        if _is_here(match.group()):
            add(told, match.start(), "a path of this machine")
    for match in _FOREIGN.finditer(told):
        add(told, match.start(), "a path of somebody's home folder", grave=False)
    yield from (found[line] for line in sorted(found))


def check_file(name: str, path: Path, private: Iterable[Path] = ()) -> Iterator[Found]:
    """The same of a file of the disk: of weights what their headers say in words, of anything else
    every line, if it is text."""
    if path.suffix == ".safetensors":
        told = safetensors_header(path).get("__metadata__") or {}
        words = [f"{key}: {value}" for key, value in told.items()]
        yield from check_text(name, "\n".join(words).encode(), private)
    elif path.suffix == ".gguf":
        words = [
            f"{key}: {value}".replace("\n", " ")
            for key, value in read_gguf(path).metadata.items()
            if isinstance(value, (str, list))
        ]
        yield from check_text(name, "\n".join(words).encode("utf-8", "replace"), private)
    else:
        yield from check_text(name, path.read_bytes(), private)


def refuse(found: list[Found]) -> BadInput:
    """The error for what was found; the first in full, the others by their places."""
    first, *others = found
    places = ", ".join(f"{each.file}:{each.line}" for each in others[:8])
    more = f" Also: {places}{' and more' if len(others) > 8 else ''}." if others else ""
    path = "path" in first.what
    return BadInput(
        f"There is {first.what} in what would be published, so nothing is.{more}",
        file=first.file,
        line=first.line,
        hint="Take it out of the file, or out of what `lwtui show` says of the learnware, then add "
        "it again and publish."
        if path
        else "Take it out and add the learnware again. If others have seen it already, revoke it.",
    )


@functools.lru_cache(maxsize=4096)
def _is_here(text: bytes) -> bool:
    """Whether an absolute path names a folder or file of this machine, or something in one."""
    name = text.decode(errors="replace")
    name = "/" + name.lstrip("/") if name[0] == "/" else name
    path = Path(name)
    if name.startswith(_OF_ALL) or len(path.parts) < 3:
        return False
    try:
        return path.exists() or (len(path.parts) > 3 and path.parent.exists())
    except (OSError, ValueError):
        return False


def _local(private: Iterable[Path]) -> re.Pattern[bytes]:
    """Finds the folders of this machine that would name it or its user."""
    folders = [
        Path.home(),
        paths.home(),
        paths.starter_root(),
        hub_settings.hf_home(),
        hub_settings.cache_dir(),
        Path(tempfile.gettempdir()),
        *private,
    ]
    with contextlib.suppress(KeyError, OSError, ImportError):  # nobody of that number is known
        folders.append(Path("/home") / getpass.getuser())
    texts = {str(form) for folder in folders for form in (folder, folder.absolute())}
    found = {text for text in texts if len(text) > _SHORT and Path(text).is_absolute()}
    found |= {text.replace("\\", "/") for text in found}
    any_of = b"|".join(re.escape(text.encode()) for text in sorted(found))
    return re.compile(rb"(?<![\w.-])(?:" + any_of + rb")(?![\w.-])")
