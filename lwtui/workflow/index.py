"""Published indexes: subscribe to those of others, build and publish one's own.

What an index or a repository publishes becomes a known learnware of this home, so that matches rank
it. They happen here: nobody learns what is sought.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui import paths
from lwtui.errors import BadInput, LwtuiError
from lwtui.jobs import JobContext
from lwtui.learnware.model import MINIMUM_ROWS, Learnware, check_id
from lwtui.workflow.browse import open_collection

if TYPE_CHECKING:
    from lwtui.dock.index_format import Entry, Summary
    from lwtui.dock.index_publish import IndexPlan
    from lwtui.dock.index_reader import IndexReader
    from lwtui.dock.record import HubModel
    from lwtui.dock.subscription import Subscription

_SHOWN = 20
"""Problems that are kept for the user."""
_MOST_TAGGED = 1000
"""Repositories tagged ``learnware`` that a refresh reads, the most downloaded first."""


@dataclass(frozen=True)
class IndexReport:
    """What adding or refreshing one source did."""

    source: str
    """``index:OWNER/NAME``, or ``hub`` for the repositories tagged ``learnware``."""
    learnwares: int
    """Known from it now."""
    changed: int = 0
    """Read anew."""
    problems: tuple[str, ...] = ()
    """Why some were left out, the first of them; or why it could not be read at all."""
    failed: bool = False
    """Nothing was changed."""


def subscribe(repo: str, context: JobContext | None = None) -> IndexReport:
    """Add the index of a dataset repository, or read it again.

    Its learnwares are known afterwards; what it can no longer vouch for is forgotten. Raises
    ``BadInput`` for an index that is wrong, ``LwtuiError`` when the Hub cannot be asked,
    ``Cancelled``: then it is as it was, or partly read and made whole by the next try.
    """
    from lwtui.dock import subscription as dock

    context = context or JobContext()
    name, commit = dock.newest(repo.strip())
    return _read(dock.Subscription(name), commit, context)


def _read(subscription: Subscription, commit: str, context: JobContext) -> IndexReport:
    from lwtui.dock import subscription as dock
    from lwtui.learnware.known import Known

    reader = dock.fetch(subscription.repo, commit, context)
    problems: list[str] = []
    total = reader.summary.learnwares
    entries = _watched(reader, commit, problems, context)
    # Remembered first: what is known from an index must never be without a way to be forgotten.
    dock.remember(paths.home(), subscription)
    count = Known(paths.home()).replace(subscription.source, entries, context)
    done = dataclasses.replace(
        subscription,
        revision=commit,
        learnwares=count,
        left_out=total - count,
        size=reader.summary.size,
        refreshed=dock.now(),
    )
    dock.remember(paths.home(), done)
    return IndexReport(subscription.source, count, count, tuple(problems[:_SHOWN]))


def _watched(
    reader: IndexReader, commit: str, problems: list[str], context: JobContext
) -> Iterator[Entry]:
    total = reader.summary.learnwares
    for number, entry in enumerate(reader.entries(problem=problems.append)):
        context.progress(number, total, "reading the index")
        yield entry
    context.progress(total, total, "reading the index")


def unsubscribe(repo: str) -> int:
    """Forget an index and what is known from it alone; how many learnwares that were. Raises
    ``BadInput`` if there is no subscription to it."""
    from lwtui.dock import catalogue
    from lwtui.dock import subscription as dock
    from lwtui.learnware.known import Known

    home = paths.home()
    check_id(repo)
    found = {one.repo.casefold(): one for one in dock.subscriptions(home)}.get(repo.casefold())
    if found is None:
        raise BadInput(
            f"There is no subscription to {repo}.", hint="`lwtui index list` shows them."
        )
    gone = Known(home).drop(found.source)
    dock.forget(home, found.repo)
    catalogue.forget(home)
    catalogue.sync(home)
    return gone


def subscriptions() -> tuple[Subscription, ...]:
    """The indexes that were added, by name."""
    from lwtui.dock import subscription as dock

    return dock.subscriptions(paths.home())


def refresh(context: JobContext | None = None, *, hub: bool = True) -> tuple[IndexReport, ...]:
    """Read the indexes that have changed, and with ``hub`` the specifications of repositories
    tagged ``learnware``. One that cannot be read stays as it was and does not stop the others.
    Raises ``Cancelled``."""
    from lwtui.dock import subscription as dock

    context = context or JobContext()
    reports = []
    for one in dock.subscriptions(paths.home()):
        context.check()
        try:
            _, commit = dock.newest(one.repo)
            if commit == one.revision:
                dock.remember(paths.home(), dataclasses.replace(one, refreshed=dock.now()))
                reports.append(IndexReport(one.source, one.learnwares))
            else:
                reports.append(_read(one, commit, context))
        except LwtuiError as error:
            reports.append(_failed(one.source, one.learnwares, error))
    if hub:
        reports.append(_refresh_hub(context))
    return tuple(reports)


def _failed(source: str, count: int, error: LwtuiError) -> IndexReport:
    words = f"{error.message} {error.hint}" if error.hint else error.message
    return IndexReport(source, count, 0, (words,), failed=True)


def _refresh_hub(context: JobContext) -> IndexReport:
    """Read what the repositories tagged ``learnware`` publish, where it is new or has changed."""
    from lwtui.dock.remote import remote_learnware
    from lwtui.learnware.known import Known, source_of

    known = Known(paths.home())
    with open_collection() as collection:
        there = {each.id.casefold(): each for each in collection.list(where="known")}
    before = {id: each for id, each in there.items() if source_of(each) == "hub"}
    try:
        tagged = _tagged(context)
    except LwtuiError as error:
        return _failed("hub", len(before), error)
    changed, problems = 0, []
    for number, model in enumerate(tagged):
        context.progress(number, len(tagged), "reading published specifications")
        have = before.get(model.id.casefold())
        if have is not None and have.provenance.revision == model.revision:
            continue
        try:
            found = remote_learnware(model.id, model.revision)
            if found is not None and found[1]:
                changed += known.put(*found, "hub")
        except LwtuiError as error:
            problems.append(f"{model.id} was left out: {error.message}")
    context.progress(len(tagged), len(tagged), "reading published specifications")
    count = known.sources().get("hub", 0)
    return IndexReport("hub", count, changed, tuple(problems[:_SHOWN]))


def _tagged(context: JobContext) -> list[HubModel]:
    from lwtui.dock.record import HubQuery
    from lwtui.dock.search import search

    found: list[HubModel] = []
    cursor = ""
    while len(found) < _MOST_TAGGED:
        context.check()
        query = HubQuery(learnware=True, sort="downloads")
        page = search(query, cursor=cursor, limit=100, fresh=True)
        if page.problem:
            raise LwtuiError(page.problem)
        found += page.models
        cursor = page.next
        if not cursor:
            break
    return found[:_MOST_TAGGED]


def build_index(
    folder: Path, ids: Sequence[str] = (), context: JobContext | None = None
) -> tuple[Summary, tuple[str, ...]]:
    """Write an index of learnwares of the Hub that have a specification, those named or all that
    are here or known (but for the catalogue's), into ``folder``; and why some were left out.

    Raises ``BadInput`` when one that was named cannot be in an index, or none can; ``Cancelled``.
    """
    from lwtui.dock.index_format import write_index

    problems: list[str] = []
    with open_collection() as collection:
        if ids:
            chosen = [collection.get(id) for id in dict.fromkeys(ids)]
        else:
            chosen = [each for each in collection.list(where="all") if _of_hub(each)]
        entries = list(_entries(chosen, problems))
    if ids and problems:
        raise BadInput(problems[0])
    if not entries:
        raise BadInput(
            "No learnware of the Hub here has a specification.",
            hint="Pull one that has, or give one its own: lwtui specify ID",
        )
    return write_index(folder, entries, context), tuple(problems[:_SHOWN])


def _of_hub(learnware: Learnware) -> bool:
    """What ships with lwtui is known to everyone already."""
    from lwtui.learnware.known import source_of

    return (
        learnware.provenance.source == "hub"
        and bool(learnware.specifications)
        and source_of(learnware) != "catalogue"
    )


def _entries(learnwares: Sequence[Learnware], problems: list[str]) -> Iterator[Entry]:
    """Those that may be in an index. Its readers pull a learnware by its id."""
    for learnware in learnwares:
        at = learnware.provenance
        if at.source != "hub" or at.location.casefold() != learnware.id.casefold():
            problems.append(f"{learnware.id} is not on the Hub: publish it first.")
            continue
        kept = tuple(e for e in learnware.specifications if e.rows >= MINIMUM_ROWS)
        if not kept or learnware.specs_folder is None:
            problems.append(f"{learnware.id} has no specification of at least {MINIMUM_ROWS} rows.")
            continue
        files = {e.file: (learnware.specs_folder / e.file).read_bytes() for e in kept}
        yield dataclasses.replace(learnware, specifications=kept), files


def plan_index(folder: Path, to: str, *, private: bool = False) -> IndexPlan:
    """Every file that publishing the index in ``folder`` would send. Raises ``BadInput``."""
    from lwtui.dock import index_publish

    return index_publish.plan_index(folder, to, private=private)


def publish_index(plan: IndexPlan, context: JobContext | None = None) -> str:
    """Send what is on the plan and nothing else; the address where it then is."""
    from lwtui.dock import index_publish

    return index_publish.publish(plan, context or JobContext())
