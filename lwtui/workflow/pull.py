"""Pull from the Hub into the collection; adopt what the cache holds; look for newer revisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lwtui.errors import BadInput
from lwtui.isolated import run_isolated
from lwtui.jobs import JobContext
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware

if TYPE_CHECKING:
    from lwtui.dock.record import HubModel, PullPlan, UnfinishedPull
    from lwtui.dock.updates import Update


def plan_pull(
    repo: str,
    *,
    revision: str = "",
    quantisation: str = "",
    base: str = "",
    context: JobContext | None = None,
) -> PullPlan:
    """What a pull of ``repo`` would fetch, from where, and how much of it is here. Asks the Hub,
    changes nothing.

    ``revision`` is a branch, tag or commit; ``quantisation`` one of a GGUF repository;
    ``base`` the model an adapter builds on, if its own word is not to count. Raises ``BadInput``
    (no such model, nothing lwtui can run, a refused file name) or ``LwtuiError`` (the Hub).
    """
    from lwtui.dock import pull as dock

    if context is not None:
        context.check()
    with Collection.open() as collection:
        return dock.plan_for(_asked(repo, revision, quantisation, base), collection)


def pull(
    repo: str,
    *,
    revision: str = "",
    quantisation: str = "",
    base: str = "",
    context: JobContext | None = None,
) -> Learnware:
    """Fetch a model and the base it needs, check every byte, enter them in the collection.

    It goes on with what an earlier call left, whatever ended that; a cancel leaves it so too. Runs
    in a process of its own. Progress counts bytes, with a part for each file under way; the note
    says the speed, or why it waits. Raises ``BadInput``, ``LwtuiError``, ``Cancelled``.
    """
    asked = _asked(repo, revision, quantisation, base)
    told = run_isolated("lwtui.dock.pull:run", asked, context or JobContext())
    with Collection.open() as collection:
        return collection.get(str(told["id"]))


def unfinished() -> list[UnfinishedPull]:
    """Pulls that were paused, interrupted or killed, the oldest first. No network."""
    from lwtui.dock import pull_state

    return [pull_state.told(begun) for begun in pull_state.every()]


def discard(repo: str) -> int:
    """Give an unfinished pull up and remove what it put in the cache; return the bytes freed.

    What was there before, or is used by another snapshot or learnware, stays. Raises ``BadInput``
    if there is none.
    """
    from lwtui.dock import pull_state

    begun = pull_state.find(repo)
    if begun is None:
        raise BadInput(
            f"There is no unfinished pull of {repo}.", hint="`lwtui pull --list` shows them."
        )
    with Collection.open() as collection:
        folders = {each.models_folder for each in collection.list()}
    return pull_state.discard(begun, {folder for folder in folders if folder is not None})


def adoptable() -> list[HubModel]:
    """Models that lie whole in the Hugging Face cache and are not in the collection. No network."""
    from lwtui.dock import adopt as dock

    with Collection.open() as collection:
        return dock.adoptable(collection)


def adopt(repos: Sequence[str] = (), *, context: JobContext | None = None) -> list[Learnware]:
    """Enter models of the cache in the collection without a download: these, or all that can be.

    Raises ``BadInput`` for one that is not whole in the cache.
    """
    from lwtui.dock import adopt as dock

    with Collection.open() as collection:
        return dock.adopt(repos, collection, context or JobContext())


def updates(ids: Sequence[str] = (), *, context: JobContext | None = None) -> list[Update]:
    """Pulled learnwares (these, or all) of which the Hub has a newer revision, with the files that
    changed."""
    from lwtui.dock import updates as dock

    with Collection.open() as collection:
        return dock.updates(ids, collection, context or JobContext())


def _asked(repo: str, revision: str, quantisation: str, base: str) -> dict[str, str]:
    name, _, pinned = repo.strip().partition("@")
    if not name or name.count("/") > 1:
        raise BadInput(f"{repo!r:.80} is not the name of a repository.", hint="OWNER/NAME")
    return {
        "repo": name,
        "revision": revision or pinned,
        "quantisation": quantisation,
        "base": base,
    }
