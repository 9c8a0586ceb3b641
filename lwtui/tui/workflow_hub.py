"""The Hub for the app, done by the workflow. Every import of it waits until it is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lwtui.tui.hub_services import (
    Choice,
    KnownReport,
    Method,
    PublishFile,
    PublishRequest,
    PublishView,
    PullOffer,
    SubscriptionView,
    UpdateView,
)

if TYPE_CHECKING:
    from lwtui.dock.record import HubModel, HubPage, HubQuery, UnfinishedPull
    from lwtui.jobs import JobContext
    from lwtui.learnware.collection import Collection
    from lwtui.learnware.model import Learnware

AFTER_CATALOGUE = "after the catalogue"
"""Cursor of the Hub's own first page where the catalogue was shown before it."""


class WorkflowHub:
    """Implements :class:`lwtui.tui.hub_services.HubServices`. Methods run in threads."""

    def _open(self) -> Collection:
        raise NotImplementedError

    def search_hub(self, query: HubQuery, cursor: str, fresh: bool) -> HubPage:
        from lwtui.dock.record import HubQuery
        from lwtui.workflow.search import marked, search_hub
        from lwtui.workflow.search_catalogue import search_catalogue

        if cursor == AFTER_CATALOGUE:
            return search_hub(query, "", fresh)
        if not cursor and query == HubQuery(sort=query.sort):
            # Without the network, and at once, unless the user wants it fresh. What the Hub has
            # comes after it.
            page = search_catalogue(query, check=fresh)
            return replace(page, models=marked(page.models), next=AFTER_CATALOGUE)
        return search_hub(query, cursor, fresh)

    def hub_model(self, repo: str) -> HubModel:
        from lwtui.workflow.search import hub_model

        return hub_model(repo)

    def hub_card(self, repo: str, revision: str) -> str:
        from lwtui.workflow.search import hub_card

        return hub_card(repo, revision)

    def here(self, ids: Iterable[str]) -> frozenset[str]:
        collection = self._open()
        found = (collection.find(each) for each in ids)
        return frozenset(each.id for each in found if each is not None and each.pulled)

    def free_memory(self) -> int:
        from lwtui.workflow.search import free_memory

        return free_memory()

    # Pull

    def plan_pull(
        self, repo: str, revision: str, quantisation: str, context: JobContext
    ) -> PullOffer:
        from lwtui.workflow.pull import plan_pull

        plan = plan_pull(repo, revision=revision, quantisation=quantisation, context=context)
        return PullOffer(plan, self._choices(plan.repo, plan.quantisation))

    def _choices(self, repo: str, chosen: str) -> tuple[Choice, ...]:
        if not chosen:
            return ()
        from lwtui.workflow.search import gguf_choices

        return tuple(
            Choice(each.name, each.size, each.fits, each.advised) for each in gguf_choices(repo)
        )

    def pull(self, repo: str, revision: str, quantisation: str, context: JobContext) -> Learnware:
        from lwtui.workflow.pull import pull

        return pull(repo, revision=revision, quantisation=quantisation, context=context)

    def unfinished_pulls(self) -> list[UnfinishedPull]:
        from lwtui.workflow.pull import unfinished

        return unfinished()

    def discard_pull(self, repo: str) -> int:
        from lwtui.workflow.pull import discard

        return discard(repo)

    def adoptable(self) -> list[HubModel]:
        from lwtui.workflow.pull import adoptable

        return adoptable()

    def adopt(self, repos: Sequence[str], context: JobContext) -> list[Learnware]:
        from lwtui.workflow.pull import adopt

        return adopt(repos, context=context)

    def updates(self, context: JobContext) -> list[UpdateView]:
        from lwtui.workflow.pull import updates

        return [
            UpdateView(each.id, each.here, each.there, each.changed, each.note)
            for each in updates(context=context)
        ]

    # Specify, convert, publish, indexes

    def specify_learnware(
        self, learnware_id: str, method: Method, context: JobContext
    ) -> Learnware:
        from lwtui.workflow.specify_learnware import specify_learnware

        return specify_learnware(learnware_id, method=method, context=context)

    def convert(self, learnware_id: str, context: JobContext) -> Learnware:
        from lwtui.workflow.convert import convert

        return convert(learnware_id, context=context)

    def plan_publish(self, request: PublishRequest, context: JobContext) -> PublishView:
        from lwtui.workflow.publish import plan_publish

        plan = plan_publish(
            request.learnware,
            request.to,
            private=request.private,
            base=request.base,
            as_base=request.as_base,
            context=context,
        )
        files = tuple(
            PublishFile(each.path, each.size, each.sha256, each.status, each.origin)
            for each in plan.files
        )
        return PublishView(
            plan.to, plan.private, files, plan.warnings, plan.new, plan.user, plan.to_send, plan
        )

    def publish(self, view: PublishView, context: JobContext) -> str:
        from lwtui.workflow.publish import publish

        return publish(view.plan, context)

    def subscriptions(self) -> list[SubscriptionView]:
        from lwtui.workflow.index import subscriptions

        return [
            SubscriptionView(each.repo, each.learnwares, each.revision, each.refreshed)
            for each in subscriptions()
        ]

    def subscribe(self, repo: str, context: JobContext) -> KnownReport:
        from lwtui.workflow.index import subscribe

        report = subscribe(repo, context)
        return KnownReport(report.learnwares, report.problems)

    def unsubscribe(self, repo: str) -> int:
        from lwtui.workflow.index import unsubscribe

        return unsubscribe(repo)

    def refresh_indexes(self, context: JobContext) -> KnownReport:
        from lwtui.workflow.index import refresh

        reports = refresh(context)
        problems = tuple(problem for report in reports for problem in report.problems)
        return KnownReport(sum(report.learnwares for report in reports), problems)
