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

from lwtui.errors import BadInput, LwtuiError
from lwtui.tui import messages
from lwtui.tui.bindings import Action, bindings_of
from lwtui.tui.collector import collect_as_usual, collect_when_idle, set_aside
from lwtui.tui.hub_app import HubApp
from lwtui.tui.services import Services
from lwtui.tui.settings import apply_settings
from lwtui.tui.text import clean
from lwtui.tui.theme import LWTUI_DARK

if TYPE_CHECKING:
    from textual.command import Provider

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


def _palette() -> type[Provider]:
    from lwtui.tui.commands import ActionProvider

    return ActionProvider


class LwtuiApp(HubApp):
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
    COMMANDS = {_palette}  # noqa: RUF012 (as Textual declares it)
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 (as Textual declares it)
        (0, "-narrow"),
        (100, "-wide"),
    ]
    NOTIFICATION_TIMEOUT = 8

    def __init__(self, services: Services | None = None, data: Path | None = None) -> None:
        """``data``: a dataset to open in the match screen, rather than the list."""
        super().__init__()
        self._data = data
        self._had_terminal = False
        self._wrong_settings: list[BadInput] = []
        if services is None:
            from lwtui.tui.workflow_services import WorkflowServices

            services = WorkflowServices()
        self.services = services
        self.register_theme(LWTUI_DARK)
        self.theme = LWTUI_DARK.name

    def on_load(self) -> None:
        self.config, self._wrong_settings = apply_settings(self)
        self._had_terminal = _in_terminal()  # it may be closed before the first frame is painted
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGHUP"):
            # A closed terminal or a polite kill leaves by the front door: jobs stop, models end.
            if hasattr(signal, name):
                try:
                    loop.add_signal_handler(getattr(signal, name), self.exit)
                except (NotImplementedError, RuntimeError, ValueError):
                    return  # no signals on this platform, or not in the main thread

    def action_settings(self) -> None:
        """Read config.toml (again)."""
        self.config, problems = apply_settings(self)
        for problem in problems:
            self.complain(problem, "Settings")

    def on_ready(self) -> None:
        # Only a ready app paints: before that, waiting for a refresh waits for nothing.
        self.call_after_refresh(self._open_first_mode)
        for problem in self._wrong_settings:
            self.complain(problem, "Settings")
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

    async def on_open_chat(self, message: messages.OpenChat) -> None:
        if not message.learnware.pulled:
            self.offer_pull(message.learnware.id)
            return
        await self.switch_mode("chat")
        screen: ChatScreen = self.screen  # type: ignore[assignment]
        screen.open_chat(message.learnware)

    async def on_open_evaluation(self, message: OpenEvaluation) -> None:
        await self.switch_mode("evaluate")
        screen: EvaluateScreen = self.screen  # type: ignore[assignment]
        screen.begin(message.request, go=message.go)

    # Actions

    async def action_mode(self, mode: str) -> None:
        while len(self.screen_stack) > 1:  # help or another dialogue lies on top
            await self.pop_screen()
        await self.switch_mode(mode)

    def action_help(self) -> None:
        from lwtui.tui.screens.help import HelpScreen

        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(self.current_mode))

    async def run_registered(self, action: Action) -> None:
        """Run an action of the registry, going to its mode first."""
        if action.scope == "app":
            await self.run_action(action.action, self)
            return
        await self.action_mode(action.scope)
        await self.run_action(action.action, self.screen)

    async def action_quit(self) -> None:
        self.stop_everything()
        self.exit()

    def stop_everything(self) -> None:
        """Ask every job and every model to stop; returns at once."""
        self.stop_jobs()
        self.services.stop()

    def on_unmount(self) -> None:
        # Whatever the way out: a worker that still waits for a model would hold the process.
        self.stop_everything()
        collect_as_usual()


def run(services: Services | None = None, data: Path | None = None) -> int:
    """Open the app, with a dataset if one is given; returns the exit code. The models' processes
    have ended when it returns."""
    app = LwtuiApp(services, data)
    try:
        app.run()
    finally:
        app.await_jobs()
        app.services.close()
    return app.return_code or 0
