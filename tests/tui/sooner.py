"""What makes the tests of the app take less time, and changes nothing of what the app does."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from textual import app as app_module
from textual import pilot as pilot_module
from textual._context import active_app
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

LOOK = 0.005
"""Seconds between two looks whether the app is idle."""
SHARE = 0.05
"""Of the processor's time, up to which it is."""

_rules: dict[tuple[object, ...], list[RuleSet]] = {}
"""What style sheets were read as, by their text and the colours of the theme."""
_parse_rules = Stylesheet._parse_rules


async def wait_for_idle(min_sleep: float = 0.02, max_sleep: float = 1.0) -> None:
    """Return once the process has been idle for a look and ``min_sleep`` seconds have gone by, or
    after ``max_sleep`` seconds.

    Textual's own, which a ``Pilot`` waits for twice after every key, looks every 20 ms: most tests
    spent most of their time in it. The share is the same here, and what waits to be drawn is drawn
    meanwhile, as it is after a pause.
    """
    start = time.monotonic()
    passed = 0.0
    idle = False
    while passed < max_sleep and not (idle and passed > min_sleep):
        used = time.process_time()
        await asyncio.sleep(LOOK)
        app = active_app.get()
        if app.is_running and app.screen_stack:
            app.screen._on_timer_update()
        idle = time.process_time() - used < SHARE * LOOK
        passed = time.monotonic() - start


def parse_once(sheet: Stylesheet, css: str, *where: Any, **more: Any) -> list[RuleSet]:
    """Every app of every test has the same style sheets: each is read once."""
    key = (css, where, *sorted(more.items()), *sorted(sheet._variables.items()))
    if key not in _rules:
        _rules[key] = _parse_rules(sheet, css, *where, **more)
    return _rules[key]


def sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app_module, "wait_for_idle", wait_for_idle)
    monkeypatch.setattr(pilot_module, "wait_for_idle", wait_for_idle)
    monkeypatch.setattr(Stylesheet, "_parse_rules", parse_once)
