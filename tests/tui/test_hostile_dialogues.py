"""Every dialogue and widget that shows what others wrote shows it as text; none is forgotten."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from textual import events
from textual.screen import Screen
from textual.widget import Widget

from lwtui.backend.protocol import GenerationSettings
from lwtui.config import Preset
from lwtui.dataset.example import Example
from lwtui.dock.record import HubQuery
from lwtui.jobs import Part, Progress
from lwtui.match.ranking import Ranked, Ranking
from lwtui.tui import screens, widgets
from lwtui.tui.chat_tool_services import DatasetRows
from lwtui.tui.complaints import Complaint
from lwtui.tui.hub_services import SubscriptionView
from lwtui.tui.match_services import DataChoice
from lwtui.tui.running_job import RunningJob
from lwtui.tui.services import Facets, Place, Query
from lwtui.tui.widgets.code_blocks import CodeBlock
from lwtui.tui.widgets.line_input import LineInput

from .helpers import app_with, ready
from .hostile import SHOWN, check_screen, hostile_texts, seen
from .test_hostile import HostileServices

TEXTS = hostile_texts(24, seed=5)
ALL = "".join(TEXTS)

NOTHING_FOREIGN = """
    BrowseActions BrowseMarks BrowseOrder ChatCore ChatMessages ChatSessions ChatTools Dialogue
    MatchData MatchResults ModeScreen RunFiles RunPlanning
    StartScreen ThemesScreen HelpScreen JumpScreen PaletteScreen QuitScreen
    SourceSwitch TreeButton FolderTree JobPanel KeyLine ListLine RowMarks ContextMeter Spacer
    SystemArea PathInput
    RemarkPart FindBar AnswersScroll CompareColumn JobParts
    GrowingBulletList GrowingOrderedList CodeFence TranscriptView
"""
"""Parts of a screen that is tested itself, and what shows only words of ours."""


def _ranking() -> Ranking:
    matches = tuple(Ranked(text, 0.5, 0.4) for text in TEXTS[:8])
    return Ranking(TEXTS[0], TEXTS[1], TEXTS[2], 3, TEXTS[3], matches, TEXTS[4])


def _jobs() -> list[RunningJob]:
    jobs = [RunningJob(text) for text in TEXTS]
    for job, text in zip(jobs, TEXTS, strict=True):
        job.progress = Progress(1, 2, text, parts=(Part(text, 1, 2),))
    return jobs


def _screen(module: str, name: str, *arguments: Any) -> Callable[[], Screen[Any]]:
    def make() -> Screen[Any]:
        kind = getattr(importlib.import_module(f"lwtui.tui.screens.{module}"), name)
        made: Screen[Any] = kind(*arguments)
        return made

    return make


def _settings() -> Screen[Any]:
    from lwtui.tui.screens.chat_settings import ChatSettings, ChatSettingsScreen

    now = ChatSettings(ALL, GenerationSettings())
    return ChatSettingsScreen(ALL, now, GenerationSettings())


SCREENS = [
    _settings,
    _screen("pick", "PickScreen", ALL[:50]),
    _screen("errors", "ErrorsScreen",
            [Complaint(datetime(2026, 1, 1), text, text, text) for text in TEXTS]),
    _screen("attach_row", "AttachRowScreen", None),
    _screen("attach_row", "AttachRowScreen", Path("/demo/rows")),
    _screen("chat_presets", "PresetScreen", [Preset(text, text) for text in TEXTS]),
    _screen("fields_form", "FieldsScreen", ALL, tuple(TEXTS), (("prompt", TEXTS[0]),),
            DataChoice(), ALL),
    _screen("local_filter", "LocalFilterScreen", Query(TEXTS[1], domain=TEXTS[0]),
            Facets(tuple(TEXTS), tuple(TEXTS), tuple(TEXTS)), 3),
    _screen("hub_filter", "HubFilterScreen", HubQuery(*TEXTS[:2]), 3),
    _screen("specify", "SpecifyScreen", ALL),
    _screen("subscriptions", "SubscriptionsScreen"),
    _screen("pick_code", "PickCodeScreen", [CodeBlock(text, text) for text in TEXTS]),
    _screen("resume", "ResumeScreen", _jobs()[:5]),
    _screen("welcome", "WelcomeScreen", [Place(text, Path("/x"), "demo") for text in TEXTS[:5]]),
    _screen("find", "FindScreen", ""),
    _screen("compare_matches", "CompareMatchesScreen", _ranking(), [(ALL, _ranking())]),
    _screen("compare_chat", "CompareScreen", TEXTS[:3], TEXTS[3], {}, TEXTS[4]),
]  # fmt: skip


async def test_hostile_text_in_every_dialogue() -> None:
    services = HostileServices(TEXTS)
    services.rows = DatasetRows(ALL, tuple(Example(t, answer=t) for t in TEXTS), True)
    rows = [SubscriptionView(text, 3, text, text) for text in TEXTS]
    services.subscriptions = lambda: rows  # type: ignore[method-assign]
    app = app_with(services)
    async with app.run_test(size=(100, 30)) as pilot:
        app.animation_level = "none"
        await ready(pilot)
        for make in SCREENS:
            screen = make()
            await app.push_screen(screen)
            await pilot.pause()
            for field in screen.query(LineInput):
                field.post_message(events.Paste(ALL))
            await pilot.pause()
            check_screen(app)
            await pilot.press("tab", "down", "enter")
            await pilot.pause()
            check_screen(app)
            while len(app.screen_stack) > 1:
                app.pop_screen()
            await pilot.pause()
        missing = {make().__class__.__name__ for make in SCREENS} - seen(app)
        assert not missing


def _defined(package: ModuleType) -> set[str]:
    found = set()
    for each in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package.__name__}.{each.name}")
        found |= {
            name
            for name, kind in vars(module).items()
            if isinstance(kind, type) and issubclass(kind, Widget)
            if kind.__module__ == module.__name__
        }
    return found


def test_no_widget_is_forgotten() -> None:
    tested = {name for names in SHOWN.values() for name in names.split()}
    tested |= {type(make()).__name__ for make in SCREENS}
    there = _defined(screens) | _defined(widgets)
    told = tested | set(NOTHING_FOREIGN.split()) | {"LineInput"}
    forgotten = {name for name in there - told if not name.startswith("_")}
    assert not forgotten, "show it hostile text, or say why it shows none"
