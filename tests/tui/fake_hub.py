"""A Hub without a network behind the app's interface: real objects, canned answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from lwtui.dock.record import HubFile, HubModel, HubPage, HubQuery, PullFile, PullPlan
from lwtui.dock.record import UnfinishedPull as Unfinished
from lwtui.errors import BadInput, LwtuiError
from lwtui.jobs import JobContext, Part
from lwtui.learnware.model import Learnware, ModelInfo, Provenance, Semantic
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

DOMAINS = ("finance", "medicine", "mathematics")
PAGE = 50
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CARD = """# Bank intents

Says what a customer of a bank wants.

## Training
One epoch on banking77, rank 16.
"""


def hub_model(number: int, **facts: object) -> HubModel:
    domain = DOMAINS[number % 3]
    made = HubModel(
        id=f"someone/{domain}-adapter-{number:05d}",
        revision=COMMIT,
        downloads=120_000 // (number + 1),
        likes=900 // (number + 1),
        updated="2026-10-07T09:30:00.000Z",
        gated=number % 9 == 5,
        licence="apache-2.0",
        base="Qwen/Qwen2.5-0.5B-Instruct",
        relation="adapter",
        domain=domain,
        task="text-generation",
        languages=("en",),
        datasets=(f"someone/{domain}-questions",),
        tags=("peft", "lora"),
        formats=("peft",),
        parameters=8_800_000,
        size=35_000_000 + number,
        is_learnware=number % 7 == 3,
    )
    return replace(made, **facts)  # type: ignore[arg-type]


CATALOGUE = tuple(
    hub_model(number, id=name, note=note, missing=number == 3, here=number == 1)
    for number, (name, note) in enumerate(
        (
            (
                "open-bank/intent-lora",
                "Names the wish of a bank's customer; all of it is open.",
            ),
            ("open-med/drug-names", "Small, permissive, and better than its base on drug names."),
            ("open-math/school-lora", "Word problems of the lower grades, step by step."),
            ("gone/removed-model", "Was the best of its size for filings."),
        )
    )
)


class FakeHub:
    """``hub_gate`` holds every search; ``pull_gate`` lets a pull take one step each."""

    def __init__(self) -> None:
        self.models = [hub_model(number) for number in range(400)]
        self.asked: list[tuple[HubQuery, str, bool]] = []
        self.hub_gate: threading.Semaphore | None = None
        self.hub_error: Exception | None = None
        self.page_error: Exception | None = None
        """Raised for every page but the first."""
        self.hub_problem = ""
        self.hub_age = 0.0
        """Seconds since the answer was fetched."""
        self.card = CARD
        self.card_error: Exception | None = None
        self.catalogue = CATALOGUE
        self.plan_error: Exception | None = None
        self.planned: list[tuple[str, str]] = []
        self.choices: tuple[Choice, ...] = ()
        self.free = 40_000_000_000
        self.have = 0
        self.pull_gate: threading.Semaphore | None = None
        self.pull_error: Exception | None = None
        self.pulled: list[tuple[str, str]] = []
        self.discarded: list[str] = []
        self.unfinished: list[Unfinished] = []
        self.cached: list[HubModel] = []
        self.newer: list[UpdateView] = []
        self.done: list[tuple[str, ...]] = []
        """What else was asked for: specify, convert, publish, indexes."""
        self.publish_error: Exception | None = None
        self.indexes: list[SubscriptionView] = []

    def learnware(self, learnware_id: str) -> Learnware:
        raise NotImplementedError

    def arrive(self, learnware: Learnware) -> None:
        """A learnware is in the collection now."""
        raise NotImplementedError

    def _wait(self, gate: threading.Semaphore | None, context: JobContext | None = None) -> None:
        while gate is not None and not gate.acquire(timeout=0.02):
            if context is not None:
                context.check()

    # Find

    def search_hub(self, query: HubQuery, cursor: str, fresh: bool) -> HubPage:
        self.asked.append((query, cursor, fresh))
        self._wait(self.hub_gate)
        if self.hub_error is not None:
            raise self.hub_error
        if cursor and self.page_error is not None:
            raise self.page_error
        models = [model for model in self.models if _fits(query, model)]
        if query == HubQuery(sort=query.sort):
            models = [*self.catalogue, *models]
        if query.sort in ("likes", "downloads"):
            models.sort(key=lambda model: -getattr(model, query.sort))
        start = int(cursor or 0)
        page = tuple(models[start : start + PAGE])
        following = str(start + PAGE) if start + PAGE < len(models) else ""
        age = 0.0 if fresh else self.hub_age
        return HubPage(page, following, time.time() - age, age > 0, self.hub_problem)

    def hub_model(self, repo: str) -> HubModel:
        found = next(model for model in (*self.models, *self.catalogue) if model.id == repo)
        files = (
            HubFile("README.md", 1_200),
            HubFile("adapter_config.json", 780),
            HubFile("adapter_model.safetensors", found.size, "ab" * 32),
        )
        return replace(found, files=files)

    def hub_card(self, repo: str, revision: str) -> str:
        if self.card_error is not None:
            raise self.card_error
        return self.card

    def here(self, ids: Iterable[str]) -> frozenset[str]:
        def is_here(learnware_id: str) -> bool:
            try:
                return self.learnware(learnware_id).pulled
            except StopIteration:
                return False

        return frozenset(each for each in ids if is_here(each))

    def free_memory(self) -> int:
        return 6_000_000_000

    # Pull

    def plan_pull(
        self, repo: str, revision: str, quantisation: str, context: JobContext
    ) -> PullOffer:
        self.planned.append((repo, quantisation))
        if self.plan_error is not None:
            raise self.plan_error
        advised = next((choice for choice in self.choices if choice.advised), None)
        chosen = next((c for c in self.choices if c.name == quantisation), advised)
        size = chosen.size if chosen else 35_000_000
        base = "Qwen/Qwen2.5-0.5B-Instruct"
        return PullOffer(
            PullPlan(
                repo,
                revision or COMMIT,
                (
                    PullFile(base, "model.safetensors", 988_000_000, "cd" * 32, 988_000_000),
                    PullFile(repo, "adapter_config.json", 780),
                    PullFile(repo, "adapter_model.safetensors", size, "ab" * 32, self.have),
                ),
                base,
                COMMIT,
                chosen.name if chosen else "",
                self.free,
                ("training_args.bin is left out: pickle can run code.",),
            ),
            self.choices,
        )

    def pull(self, repo: str, revision: str, quantisation: str, context: JobContext) -> Learnware:
        self.pulled.append((repo, quantisation))
        total = 35_000_000.0
        for step in range(11):
            part = Part("adapter_model.safetensors", total * step / 10, total)
            context.progress(total * step / 10, total, f"fetching {repo}", (part,))
            if self.pull_error is not None and step == 4:
                error, self.pull_error = self.pull_error, None
                raise error
            if step < 10:
                self._wait(self.pull_gate, context)
        made = Learnware(
            repo,
            ModelInfo("adapter", "Qwen/Qwen2.5-0.5B-Instruct"),
            Semantic(title=repo, domain="finance"),
            Provenance("hub", repo, revision or COMMIT),
        )
        self.arrive(made)
        return made

    def unfinished_pulls(self) -> list[Unfinished]:
        return self.unfinished

    def discard_pull(self, repo: str) -> int:
        self.discarded.append(repo)
        return 12_000_000

    def adoptable(self) -> list[HubModel]:
        return self.cached

    def adopt(self, repos: Sequence[str], context: JobContext) -> list[Learnware]:
        made = [Learnware(repo, ModelInfo("model")) for repo in repos]
        for each in made:
            self.arrive(each)
        return made

    def updates(self, context: JobContext) -> list[UpdateView]:
        return self.newer

    # Specify, convert, publish, indexes

    def specify_learnware(
        self, learnware_id: str, method: Method, context: JobContext
    ) -> Learnware:
        self.done.append(("specify", learnware_id, method))
        return self.learnware(learnware_id)

    def convert(self, learnware_id: str, context: JobContext) -> Learnware:
        self.done.append(("convert", learnware_id))
        if learnware_id.endswith("000"):
            raise BadInput("This family is not known to llama.cpp.", hint="Nothing was changed.")
        return self.learnware(learnware_id)

    def plan_publish(self, request: PublishRequest, context: JobContext) -> PublishView:
        if self.publish_error is not None:
            raise self.publish_error
        if "/" not in request.to:
            raise BadInput(f"{request.to!r} is not the name of a repository.")
        files = (
            PublishFile("README.md", 2_310, "11" * 32, "replaces"),
            PublishFile("adapter_model.safetensors", 720_000, "22" * 32, "same"),
            PublishFile("learnware/learnware.toml", 1_480, "33" * 32),
            PublishFile("learnware/pave-starter.safetensors", 88_000, "44" * 32),
        )
        warning = "Its licence asks to name the author."
        return PublishView(
            request.to, request.private, files, (warning,), False, "me", 91_790, request
        )

    def publish(self, view: PublishView, context: JobContext) -> str:
        self.done.append(("publish", view.to, str(view.private)))
        return f"https://hub.example/{view.to}"

    def subscriptions(self) -> list[SubscriptionView]:
        return list(self.indexes)

    def subscribe(self, repo: str, context: JobContext) -> KnownReport:
        if "missing" in repo:
            raise LwtuiError(f"{repo} is not on the Hub.", hint="Look at its name again.")
        self.indexes.append(SubscriptionView(repo, 120, COMMIT, "2026-11-20T10:00:00Z"))
        return KnownReport(120, ("x/y was left out: its manifest is broken.",))

    def unsubscribe(self, repo: str) -> int:
        self.indexes = [index for index in self.indexes if index.repo != repo]
        return 120

    def refresh_indexes(self, context: JobContext) -> KnownReport:
        self.done.append(("refresh",))
        return KnownReport(120)


def _fits(query: HubQuery, model: HubModel) -> bool:
    return (
        all(word in model.id.casefold() for word in query.text.casefold().split())
        and query.domain in ("", model.domain)
        and (query.gated is None or query.gated == model.gated)
        and (not query.learnware or model.is_learnware)
        and (not query.max_bytes or model.size <= query.max_bytes)
    )
