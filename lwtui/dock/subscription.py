"""Which published indexes this home is subscribed to, and how one is fetched.

An index is downloaded whole into the Hub's own cache and read here, so that a match with it tells
nobody what is sought. What the cache holds already, by its hash, is not downloaded again.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import tomli

from lwtui.dock.index_format import INDEX, IndexFile
from lwtui.errors import BadInput, LwtuiError
from lwtui.jobs import JobContext
from lwtui.learnware.model import check_id
from lwtui.learnware.storage import check_free_space, write_atomically
from lwtui.safe_text import one_line

if TYPE_CHECKING:
    from lwtui.dock.index_reader import IndexReader

FILE_NAME = "subscriptions.toml"
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LOCK_SECONDS = 10.0


@dataclass(frozen=True)
class Subscription:
    """An index that was added."""

    repo: str
    """Dataset repository, ``owner/name``."""
    revision: str = ""
    """Commit that was read last."""
    learnwares: int = 0
    """Made known by it."""
    left_out: int = 0
    """That could not be used."""
    size: int = 0
    """Bytes of its files."""
    refreshed: str = ""
    """When it was last compared with the Hub, ISO 8601, UTC."""

    @property
    def source(self) -> str:
        """Its name among the sources of known learnwares."""
        return f"index:{self.repo}"


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def subscriptions(home: Path) -> tuple[Subscription, ...]:
    """All of a home, by name. Raises ``BadInput`` for a file that was edited into nonsense."""
    path = home / FILE_NAME
    try:
        rows = tomli.loads(path.read_text(encoding="utf-8")).get("subscription", [])
        found = [_subscription(row) for row in rows]
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BadInput(
            "The list of subscriptions cannot be read.",
            file=path,
            hint="Mend it, or delete it and add the indexes again: lwtui index add REPO",
        ) from error
    return tuple(sorted(found, key=lambda one: one.repo.casefold()))


def _subscription(row: dict[str, Any]) -> Subscription:
    made = Subscription(**row)
    if not all(isinstance(getattr(made, name), str) for name in ("repo", "revision", "refreshed")):
        raise ValueError("not a text")
    check_id(made.repo)
    return made


def remember(home: Path, subscription: Subscription) -> None:
    """Add a subscription or put it in the place of the one to the same index."""
    with _changing(home) as found:
        found[subscription.repo.casefold()] = subscription


def forget(home: Path, repo: str) -> bool:
    """Remove a subscription; False if there is none."""
    with _changing(home) as found:
        return found.pop(repo.casefold(), None) is not None


@contextmanager
def _changing(home: Path) -> Iterator[dict[str, Subscription]]:
    import dataclasses

    import tomlkit
    from filelock import FileLock, Timeout

    try:
        home.mkdir(parents=True, exist_ok=True)
        with FileLock(str(home / f".{FILE_NAME}.lock"), timeout=_LOCK_SECONDS):
            found = {one.repo.casefold(): one for one in subscriptions(home)}
            yield found
            rows = [dataclasses.asdict(one) for one in found.values()]
            text = tomlkit.dumps({"subscription": rows})
            write_atomically(home / FILE_NAME, text.encode("utf-8"))
    except Timeout:
        raise LwtuiError(
            "Another lwtui is changing the subscriptions.", hint="Wait for it, then try again."
        ) from None
    except OSError as error:
        raise LwtuiError(
            f"The list of subscriptions cannot be written: {error.strerror}.",
            file=home / FILE_NAME,
        ) from error


def newest(repo: str) -> tuple[str, str]:
    """The name (it may have moved) and the newest commit of a dataset repository. Raises
    ``LwtuiError``."""
    from lwtui.dock import hub
    from lwtui.dock.hub_errors import HubError

    check_id(repo)
    path = f"/api/datasets/{quote(repo, safe='/')}/revision/main"
    told, _ = hub.read_json(path, repo=repo)
    name, commit = (told.get("id"), told.get("sha")) if isinstance(told, dict) else (None, None)
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise HubError(
            f"The Hub's answer names no commit of {one_line(repo, 200)}.",
            "Look at its page, then try again.",
            "not a hub",
        )
    return check_id(name) if isinstance(name, str) else repo, commit


def fetch(repo: str, commit: str, context: JobContext) -> IndexReader:
    """The index's files, downloaded and checked. Raises ``BadInput`` for one that is wrong,
    ``LwtuiError`` when the Hub cannot be asked, ``Cancelled``."""
    from lwtui.dock import hub, index_reader

    place = f"{repo}/{INDEX}"
    limit = index_reader.INDEX_LIMIT
    data = hub.read_small(repo, INDEX, revision=commit, repo_type="dataset", limit=limit)
    summary = index_reader.read_summary(data, place)
    check_free_space(hub.cache_dir(), summary.size)
    here: dict[str, Path] = {}
    done = 0
    for file in summary.files:
        context.progress(done, summary.size, f"fetching {repo}")
        here[file.path] = _download(repo, commit, file)
        index_reader.check_file(here[file.path], file)
        done += file.size
    context.progress(done, summary.size, f"fetching {repo}")
    return index_reader.IndexReader(summary, here)


def _download(repo: str, commit: str, file: IndexFile) -> Path:
    """One file through the Hub's cache; refused before it is fetched if its size is not the one
    the index says."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
    from huggingface_hub.utils import disable_progress_bars

    from lwtui.dock import hub
    from lwtui.dock.hub_errors import hub_errors

    hub.quiet()
    disable_progress_bars()
    where: dict[str, Any] = {
        "repo_type": "dataset",
        "revision": commit,
        "endpoint": hub.endpoint(),
    }
    with hub_errors(repo, doing=f"Fetching {file.path}"):
        url = hf_hub_url(repo, file.path, **where)
        token = hub.token() or False
        there = get_hf_file_metadata(url, token=token, endpoint=hub.endpoint())
        if there.size is not None and there.size != file.size:
            raise BadInput(
                f"{repo}: {file.path} has {there.size:,} bytes and not the {file.size:,} that the "
                "index says."
            )
        path = hf_hub_download(
            repo, file.path, token=token, cache_dir=hub.cache_dir(), library_name="lwtui", **where
        )
    return Path(path)
