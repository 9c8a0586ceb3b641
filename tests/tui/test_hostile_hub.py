"""Names, cards, files and errors of the Hub are shown as text: never as markup or a command."""

from __future__ import annotations

from dataclasses import replace

from lwtui.dock.record import HubFile, HubModel, PullFile, PullPlan, UnfinishedPull
from lwtui.errors import BadInput, LwtuiError
from lwtui.jobs import JobContext, Part
from lwtui.learnware.model import Learnware
from lwtui.tui.hub_services import (
    Choice,
    PublishFile,
    PublishRequest,
    PublishView,
    PullOffer,
    UpdateView,
)

from .fake_hub import hub_model
from .fakes import FakeServices
from .helpers import app_with, ready, text_of, wait_until
from .hostile import check_screen, check_shown, hostile_texts
from .hub_steps import pane


class HostileHub(FakeServices):
    """Everything the Hub says is hostile. Its ids are too: the app is given them as they are."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(6)
        self.texts = texts
        self.models = [
            hub_model(
                number, id=f"o/{number}{text}", licence=text, base=text, domain=text, task=text,
                updated=text, languages=(text, text), datasets=(text,), tags=(text,), note=text,
                revision=text,
            )
            for number, text in enumerate(texts)
        ]  # fmt: skip
        self.catalogue = ()
        self.card = "\n".join(texts)
        self.hub_problem = texts[0]
        self.unfinished = [UnfinishedPull(f"o/{texts[1]}", texts[1], 100, 40, texts[2])]
        self.cached = self.models[:3]
        self.newer = [
            UpdateView(texts[0], texts[1], texts[2], ((texts[3], texts[4], 5),), texts[5])
        ]

    def hub_model(self, repo: str) -> HubModel:
        found = next(model for model in self.models if model.id == repo)
        return replace(found, files=tuple(HubFile(text, 7) for text in self.texts))

    def plan_pull(
        self, repo: str, revision: str, quantisation: str, context: JobContext
    ) -> PullOffer:
        names = self.texts
        files = tuple(PullFile(repo, name, 10, "", 3) for name in names)
        choices = tuple(Choice(f"{number}{name}", 9, True) for number, name in enumerate(names[:3]))
        return PullOffer(
            PullPlan(repo, names[0], files, names[1], names[2], choices[0].name, 99, tuple(names)),
            choices,
        )

    def pull(self, repo: str, revision: str, quantisation: str, context: JobContext) -> Learnware:
        parts = tuple(Part(text, 3, 9) for text in self.texts)
        context.progress(3, 9, self.texts[5], parts)
        raise LwtuiError(self.texts[3], hint=self.texts[4])

    def plan_publish(self, request: PublishRequest, context: JobContext) -> PublishView:
        if request.private:
            raise BadInput(self.texts[0], hint=self.texts[1])
        files = tuple(PublishFile(text, 5, text, text, text) for text in self.texts)
        return PublishView(self.texts[2], False, files, tuple(self.texts), True, self.texts[3])


async def test_hostile_hub() -> None:
    texts = hostile_texts(8, seed=3)
    services = HostileHub(texts)
    app = app_with(services)
    async with app.run_test(size=(110, 30)) as pilot:
        await ready(pilot)
        await pilot.press("s", "s")
        await wait_until(pilot, lambda: pane(app).models)
        await wait_until(pilot, lambda: texts[0] == "" or list(app._notifications))
        check_screen(app)
        await wait_until(pilot, lambda: pane(app).models[0].files)
        await pilot.pause()
        check_screen(app)
        pane(app).query_one("#hub-detail").scroll_end(animate=False)
        await pilot.pause()
        check_screen(app)
        await pilot.press("a")
        await wait_until(pilot, lambda: app.screen.query("#adopt"))
        check_screen(app)
        await pilot.press("escape", "p")
        await wait_until(pilot, lambda: getattr(app.screen, "_offer", None))
        check_screen(app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: len(app.session_jobs) > 1 and not app.house.jobs)
        check_screen(app)
        await pilot.press("5")
        await wait_until(pilot, lambda: app.current_mode == "jobs")
        await pilot.press("down", "up", "x")
        await wait_until(pilot, lambda: app.screen.query("#discard"))
        check_screen(app)
        await pilot.press("escape", "1", "u")
        await wait_until(pilot, lambda: app.screen.query("#changed"))
        check_screen(app)
        await pilot.press("escape", "s", "P")
        await wait_until(pilot, lambda: app.screen.query("#publish-to"))
        await pilot.press(*"a/b", "enter")
        await wait_until(pilot, lambda: "Exactly" in text_of(app, "#publish-sum"))
        check_screen(app)
        check_shown(app, "hub")


async def test_hostile_errors_of_the_hub() -> None:
    text = "".join(hostile_texts(1, seed=4))
    services = FakeServices(3)
    services.hub_error = LwtuiError(text, hint=text)
    services.plan_error = services.card_error = BadInput(text, hint=text, file=text)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("s", "s")
        await wait_until(pilot, lambda: "could not be asked" in text_of(app, "#hub-note"))
        check_screen(app)
        services.hub_error = None
        await pilot.press("r")
        await wait_until(pilot, lambda: pane(app).models)
        await pilot.press("p")
        await wait_until(pilot, lambda: app.screen.query("#plan-sum.warning"))
        check_screen(app)
