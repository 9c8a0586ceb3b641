"""What Browse does with the model under the cursor beside talking: pull, specify, share."""

from __future__ import annotations

from collections.abc import Callable

from textual.message import Message

from lwtui.errors import LwtuiError
from lwtui.learnware.model import Learnware
from lwtui.tui import hub_messages as told
from lwtui.tui import messages
from lwtui.tui.background import in_thread, tell
from lwtui.tui.browse_messages import HereRead, LearnwareRead
from lwtui.tui.hub_services import Method, PublishView
from lwtui.tui.screens.mode import ModeScreen
from lwtui.tui.widgets.collection_pane import CollectionPane
from lwtui.tui.widgets.hub_pane import HubPane
from lwtui.tui.widgets.source_switch import Source

CACHE_PAUSE = 1.0
"""Seconds after the Hub's list was opened, until the cache is looked into."""


class BrowseActions(ModeScreen):
    """The half of the browse screen that acts on learnwares."""

    def __init__(self) -> None:
        super().__init__()
        self._cache_looked = False

    @property
    def source(self) -> Source:
        raise NotImplementedError

    @property
    def pane(self) -> CollectionPane:
        return self.query_one(CollectionPane)

    @property
    def hub(self) -> HubPane:
        return self.query_one(HubPane)

    def target(self) -> str | None:
        """Id of what is under the cursor."""
        if self.source == "hub":
            return self.hub.model.id if self.hub.model is not None else None
        return self.pane.learnware.id if self.pane.learnware is not None else None

    def target_is_here(self) -> bool:
        if self.source == "hub":
            return self.hub.model is not None and self.hub.model.here
        return self.pane.learnware is not None and self.pane.learnware.pulled

    def on_learnware(self, use: Callable[[Learnware], object]) -> None:
        """Call ``use`` with the learnware under the cursor, or offer the pull it takes first."""
        target = self.target()
        if target is None:
            return
        if not self.target_is_here():
            self.action_pull()
        elif self.source != "hub" and self.pane.learnware is not None:
            use(self.pane.learnware)
        else:
            self._ask(
                "This learnware could not be read",
                lambda: LearnwareRead(self.services.learnware(target), use),
            )

    def on_learnware_read(self, message: LearnwareRead) -> None:
        message.use(message.learnware)

    def _ask(self, what: str, work: Callable[[], Message | None]) -> None:
        """Ask the workflow something in a thread; the answer comes as a message."""

        def run() -> None:
            try:
                answer = work()
            except (LwtuiError, OSError) as error:
                answer = messages.Failed(what, error)
            if answer is not None:
                tell(self, answer)

        in_thread(run, "browse")

    # Pulling

    def action_pull(self) -> None:
        model, target = self.hub.model if self.source == "hub" else None, self.target()
        if target is None:
            return
        if model is not None and model.missing:
            self.lwtui.tell_user(f"{target} is no longer on the Hub, or you may not see it.")
        elif self.target_is_here():
            self.lwtui.tell_user(f"{target} is here already; u looks for newer revisions.")
        else:
            self.lwtui.offer_pull(target)

    def read_what_is_here(self, repos: list[str]) -> None:
        if repos:
            self._ask(
                "The collection could not be read", lambda: HereRead(self.services.here(repos))
            )

    def on_here_read(self, message: HereRead) -> None:
        self.hub.arrived(message.repos)
        self.refresh_bindings()

    def look_into_cache(self) -> None:
        """Once a session, quietly: models in the cache that are no learnwares yet."""
        if not self._cache_looked:
            self._cache_looked = True
            # Not while the first answer is awaited: both would import the same things at once.
            self.set_timer(CACHE_PAUSE, lambda: self._adoptable(asked=False))

    def _adoptable(self, asked: bool) -> None:
        def work() -> Message:
            return told.AdoptableFound(self.services.adoptable(), asked)

        self._ask("The cache could not be read", work)

    def action_adopt(self) -> None:
        self._adoptable(asked=True)

    def on_adoptable_found(self, message: told.AdoptableFound) -> None:
        count = len(message.models)
        if not message.asked:
            if count:
                what = f"{count} model{'s' * (count != 1)} found in your cache"
                self.lwtui.tell_user(f"{what}: a takes them in, without a download.")
            return
        if not count:
            self.lwtui.tell_user("The cache holds no complete model that is not in the list.")
            return
        from lwtui.tui.screens.adopt import AdoptScreen

        def chosen(repos: list[str] | None) -> None:
            if repos:
                self.lwtui.adopt(repos)

        self.app.push_screen(AdoptScreen(message.models), chosen)

    def action_updates(self) -> None:
        self.lwtui.look_for_updates()

    # Specify, convert, publish, indexes

    def action_specify(self) -> None:
        from lwtui.tui.screens.specify import SpecifyScreen

        target = self.target()
        if target is None:
            return
        if self.source == "hub" and not self.target_is_here():
            self.action_pull()
            return

        def chosen(method: Method | None) -> None:
            if method is not None:
                self.lwtui.specify_learnware(target, method)

        self.app.push_screen(SpecifyScreen(target), chosen)

    def action_convert(self) -> None:
        self.on_learnware(lambda learnware: self.lwtui.convert(learnware.id))

    def action_publish(self) -> None:
        def publish(learnware: Learnware) -> None:
            from lwtui.tui.screens.publish_form import PublishScreen

            def chosen(view: PublishView | None) -> None:
                if view is not None:
                    self.lwtui.publish(view)

            self.app.push_screen(PublishScreen(learnware), chosen)

        self.on_learnware(publish)

    def action_indexes(self) -> None:
        from lwtui.tui.screens.subscriptions import SubscriptionsScreen

        self.app.push_screen(SubscriptionsScreen())
