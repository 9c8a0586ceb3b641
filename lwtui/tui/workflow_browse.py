"""The collection for the app, done by the workflow. Every import of it waits until it is needed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from lwtui.tui.services import About, CollectionFacts, Facets, Query, Removal

if TYPE_CHECKING:
    from lwtui.jobs import JobContext
    from lwtui.learnware import query as below
    from lwtui.learnware.collection import Collection
    from lwtui.learnware.model import Learnware
    from lwtui.workflow.remove import Removed

MEMORY_SECONDS = 60.0
"""How long what fits this machine is taken as it was."""


class WorkflowBrowse:
    """Methods run in worker threads."""

    def __init__(self) -> None:
        self._room: tuple[float, int] | None = None
        self._removed: Removed | None = None

    def _open(self) -> Collection:
        raise NotImplementedError

    def collection(self) -> CollectionFacts:
        collection = self._open()
        collection.refresh()
        facets = collection.facets()
        return CollectionFacts(
            collection.count(),
            Facets(
                tuple(facets.get("domain", ())),
                tuple(facets.get("base", ())),
                tuple(facets.get("licence", ())),
            ),
            tuple(collection.problems),
        )

    def page(self, query: Query, offset: int, limit: int) -> tuple[list[Learnware], int]:
        return self._open().select(self._below(query, renew=not offset), limit, offset)

    def prepare_search(self, query: Query) -> None:
        self._open().prepare_search(self._below(query))

    def hidden(self, query: Query) -> tuple[tuple[str, int], ...]:
        collection = self._open()
        found = {
            name: collection.how_many(self._below(wider)) for name, wider in query.filters.items()
        }
        return tuple((name, count) for name, count in found.items() if count)

    def _below(self, query: Query, renew: bool = False) -> below.Query:
        """The query as the collection asks it. What fits changes from minute to minute: pages of
        one list take it as it was."""
        from lwtui.learnware import query as below
        from lwtui.workflow.browse import weights_that_fit

        now = time.monotonic()
        stale = self._room is None or (renew and now - self._room[0] > MEMORY_SECONDS)
        if query.fits and stale:
            self._room = (now, weights_that_fit())
        room = self._room[1] if query.fits and self._room is not None else 0
        return below.Query(
            query.text,
            query.domain,
            query.base,
            query.licence,
            within="all" if query.known else "here",
            format=query.format,
            max_size=query.max_bytes,
            most_weights=room,
            specified=query.specified,
            sort=query.sort,
            descending=query.descending,
            near=bool(query.text),
        )

    def about(self, learnware: Learnware) -> About:
        from lwtui.workflow.about import about

        found = about(learnware)
        return About(found.card, found.runs, found.chats)

    # Removing

    def plan_removal(self, ids: Sequence[str]) -> Removal:
        from lwtui.workflow.remove import plan_removal

        plan = plan_removal(self._open(), ids)
        return Removal(plan.ids, plan.freed, plan.stays, plan.refused)

    def remove(self, ids: Sequence[str], context: JobContext) -> int:
        from lwtui.workflow.remove import Removed, remove

        done = Removed()
        try:
            remove(self._open(), ids, context, done)
        finally:
            if done.kept:
                self._removed = done
        return len(done.kept)

    def restore_removed(self) -> tuple[str, ...]:
        from lwtui.workflow.remove import restore

        removed = self._removed
        if removed is None:
            return ()
        back = restore(self._open(), removed)  # what could not be put back yet stays in it
        self._removed = None
        return tuple(back)

    def empty_trash(self, collection: Collection | None) -> None:
        """What was removed is gone for good."""
        if collection is not None:
            from lwtui.workflow.remove import empty_trash

            empty_trash(collection.home)
