"""The app: it only wires modes, messages and services together."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.binding import BindingType
from textual.screen import Screen

from lwtui.errors import LwtuiError
from lwtui.tui import messages
from lwtui.tui.bindings import bindings_of
from lwtui.tui.collector import collect_as_usual, collect_when_idle, set_aside
from lwtui.tui.everywhere_app import EverywhereApp
from lwtui.tui.services import Services
from lwtui.tui.session_app import SessionApp, offer_prompt
from lwtui.tui.text import clean

if TYPE_CHECKING:
    from lwtui.tui.evaluation_messages import OpenEvaluation
    from lwtui.tui.screens.chat import ChatScreen
    from lwtui.tui.screens.evaluate import EvaluateScreen
    from lwtui.tui.screens.match import MatchScreen


TERMINAL_CHECK = 1.0
"""Seconds between looks whether the terminal is still there."""


def _in_terminal() -> bool:
    return sys.__stdin__ is not None and sys.__stdin__.isatty()


def _start() -> Screen[None]:
    from lwtui.tui.screens.start import StartScreen

    return StartScreen()


def _browse() -> Screen[None]:
    from lwtui.tui.screens.browse import BrowseScreen

    return BrowseScreen()


def _match() -> Screen[None]:
    from lwtui.tui.screens.match import MatchScreen

    return MatchScreen()


def _chat() -> Screen[None]:
    from lwtui.tui.screens.chat import ChatScreen

    return ChatScreen()


def _evaluate() -> Screen[None]:
    from lwtui.tui.screens.evaluate import EvaluateScreen

    return EvaluateScreen()


def _jobs() -> Screen[None]:
    from lwtui.tui.screens.jobs import JobsScreen

    return JobsScreen()


class LwtuiApp(EverywhereApp, SessionApp):
    """Browse, match, chat and evaluate over a collection of learnwares."""

    TITLE = "lwtui"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("app")
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "start": _start,
        "browse": _browse,
        "match": _match,
        "chat": _chat,
        "evaluate": _evaluate,
        "jobs": _jobs,
    }
    DEFAULT_MODE = "start"
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 (as Textual declares it)
        (0, "-narrow"),
        (100, "-wide"),
    ]
    NOTIFICATION_TIMEOUT = 8

    def __init__(
        self,
        services: Services | None = None,
        data: Path | None = None,
        *,
        welcome: bool = False,
    ) -> None:
        """``data``: a dataset to open in the match screen, rather than the list; ``welcome``: tell
        whoever opens lwtui for the first time what it is."""
        super().__init__()
        self._data = data
        self._welcome = welcome and data is None
        self._had_terminal = False
        if services is None:
            from lwtui.tui.workflow_services import WorkflowServices

            services = WorkflowServices()
        self.services = services

    def on_load(self) -> None:
        self.use_settings()
        self._had_terminal = _in_terminal()  # it may be closed before the first frame is painted
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            # A closed terminal or a polite kill leaves by the front door: jobs stop, models end.
            if hasattr(signal, name):
                try:
                    loop.add_signal_handler(getattr(signal, name), self.exit)
                except (NotImplementedError, RuntimeError, ValueError):
                    return  # no signals on this platform, or not in the main thread

    def on_ready(self) -> None:
        # Only a ready app paints: before that, waiting for a refresh waits for nothing.
        self.call_after_refresh(self._open_first_mode)
        self.tell_wrong_settings()
        if self._had_terminal:
            self.set_interval(TERMINAL_CHECK, self._leave_with_terminal)

    def _leave_with_terminal(self) -> None:
        """A closed window does not always send a signal, as when another program started us."""
        if not _in_terminal():
            self.exit()

    async def _open_first_mode(self) -> None:
        if self.current_mode == "start":  # else a key was faster
            await self.switch_mode("browse")
            if self._data is not None:
                await self.open_data(self._data)
            elif self._welcome:
                self.look_for_first_run()
        set_aside()
        collect_when_idle(self)
        self.read_machine()
        self.find_unfinished()
        if self.current_mode != "browse":
            self.count_learnwares()  # else the list does

    @work(thread=True, group="machine")
    def read_machine(self) -> None:
        try:
            summary = self.services.machine()
        except LwtuiError as error:
            summary = clean(str(error))
        self.post_message(messages.MachineKnown(summary))

    @work(thread=True, group="collection")
    def count_learnwares(self) -> None:
        try:
            facts = self.services.collection()
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The collection could not be read", error))
            return
        self.post_message(messages.CollectionRead(facts))

    # What screens and workers tell the app

    def on_collection_read(self, message: messages.CollectionRead) -> None:
        self.house = replace(self.house, learnwares=message.facts.size)

    def on_machine_known(self, message: messages.MachineKnown) -> None:
        self.house = replace(self.house, machine=message.summary)

    def on_failed(self, message: messages.Failed) -> None:
        self.complain(message.error, message.what)

    async def open_data(self, path: Path) -> None:
        """Show a dataset in the match screen."""
        await self.switch_mode("match")
        screen: MatchScreen = self.screen  # type: ignore[assignment]
        screen.read_preview(path)

    async def on_open_data(self, message: messages.OpenData) -> None:
        await self.switch_mode("match")
        screen: MatchScreen = self.screen  # type: ignore[assignment]
        screen.open_dropped(message.paths)

    async def on_open_chat(self, message: messages.OpenChat) -> None:
        if not message.learnware.pulled:
            self.offer_pull(message.learnware.id)
            return
        await self.switch_mode("chat")
        while len(self.screen_stack) > 1:  # a comparison may lie on top
            await self.pop_screen()
        screen: ChatScreen = self.screen  # type: ignore[assignment]
        screen.data = message.data or screen.data
        screen.open_chat(message.learnware)
        offer_prompt(screen, message.prompt)

    async def on_open_evaluation(self, message: OpenEvaluation) -> None:
        await self.switch_mode("evaluate")
        screen: EvaluateScreen = self.screen  # type: ignore[assignment]
        screen.begin(message.request, go=message.go)

    # Actions

    async def action_mode(self, mode: str) -> None:
        while len(self.screen_stack) > 1:  # help or another dialogue lies on top
            await self.pop_screen()
        await self.switch_mode(mode)

    def on_unmount(self) -> None:
        # Whatever the way out: a worker that still waits for a model would hold the process.
        self.stop_everything()
        collect_as_usual()


def run(services: Services | None = None, data: Path | None = None) -> int:
    """Open the app, with a dataset if one is given; returns the exit code. The models' processes
    have ended when it returns."""
    app = LwtuiApp(services, data, welcome=True)
    try:
        app.run()
    finally:
        app.await_jobs()
        app.services.close()
    return app.return_code or 0
