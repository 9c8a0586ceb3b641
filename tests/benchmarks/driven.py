"""The real app in a pseudo-terminal, driven from inside: for timings of what a person sees.

A benchmark names its scenarios; each runs in a process of its own, with its real services, and
hands back figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from lwtui.tui.app import LwtuiApp
from tests.tui.helpers import wait_until
from tests.tui.terminal import terminal
from tests.tui.watchdog import Watchdog

SIZE = (120, 36)
PATIENCE = 300.0

Figures = dict[str, Any]
Scenario = Callable[[Pilot[None]], Awaitable[Figures]]


async def opened(pilot: Pilot[None]) -> LwtuiApp:
    """The app with its list of learnwares read, and whatever lies over it at first gone."""
    app = pilot.app
    assert isinstance(app, LwtuiApp)
    await wait_until(pilot, lambda: app.current_mode == "browse" and app.house.machine)
    await wait_until(pilot, lambda: app.house.learnwares is not None, PATIENCE)
    await asyncio.sleep(1)
    while len(app.screen_stack) > 1:
        await pilot.press("escape")
    return app


def painted(app: LwtuiApp, text: str) -> bool:
    """Whether ``text`` stands in the frame that is on the screen."""
    screen = app.screen
    if screen._dirty_widgets or screen._layout_required or screen._repaint_required:
        return False  # not painted yet; and looking is not for free
    strips = screen._compositor.render_strips()
    return any(text in "".join(segment.text for segment in strip) for strip in strips)


class Frames:
    """Tells when a frame showed something first. Looking is not for free, so it looks only when one
    was written to the terminal; and right then, as the next may be due before a poll sees it."""

    def __init__(self, app: LwtuiApp) -> None:
        self._app = app
        self._seen: dict[str, float] = {}
        self._wanted: dict[str, Callable[[str], bool]] = {}
        original = app._display

        def display(screen: Any, renderable: Any) -> None:
            original(screen, renderable)
            if renderable is not None and not app._batch_count:
                self._look(time.perf_counter())

        app._display = display  # type: ignore[method-assign]

    def _look(self, now: float) -> None:
        wanted = [name for name in self._wanted if name not in self._seen]
        if wanted:
            strips = self._app.screen._compositor.render_strips()
            text = "\n".join("".join(segment.text for segment in strip) for strip in strips)
            for name in wanted:
                if self._wanted[name](text):
                    self._seen[name] = now

    async def first(self, **wanted: Callable[[str], bool]) -> dict[str, float]:
        """When each was first so of a frame's text, by ``perf_counter``."""
        self._seen, self._wanted = {}, wanted
        await until(lambda: len(self._seen) == len(wanted))
        self._wanted = {}
        return self._seen


async def until(done: Callable[[], object]) -> None:
    deadline = time.perf_counter() + PATIENCE
    while not done():
        if time.perf_counter() > deadline:
            raise SystemExit(f"not within {PATIENCE:.0f} s")
        await asyncio.sleep(0.001)


def figures_of(watchdog: Watchdog) -> Figures:
    stalls = sorted(watchdog.stalls, key=lambda stall: -stall.blocked)
    return {
        "turns": watchdog.turns,
        "blocked": watchdog.longest.blocked,
        "processor": watchdog.longest_processor,
        "wall": watchdog.longest_wall,
        "over_20": len(stalls),
        "over_50": sum(stall.blocked > 0.05 for stall in stalls),
        "what": [str(stall) for stall in stalls[:4]],
    }


def add_child(parser: argparse.ArgumentParser) -> None:
    """The arguments with which a benchmark calls itself in the terminal."""
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)


def run_child(scenarios: dict[str, Scenario], child: list[str]) -> None:
    """In the terminal: the app, driven; its figures into a file."""
    name, out = child[0], Path(child[1])

    async def drive(pilot: Pilot[None]) -> None:
        figures = await scenarios[name](pilot)
        out.write_text(json.dumps(figures), encoding="utf-8")
        pilot.app.exit()

    app = LwtuiApp()
    try:
        app.run(auto_pilot=drive)  # type: ignore[arg-type]
    finally:
        app.services.close()


def run_in_terminal(module: str, name: str, home: Path) -> Figures:
    """Run a scenario of ``module`` in a process of its own on the data in ``home``."""
    out = home / f"{name}.json"
    out.unlink(missing_ok=True)
    argv = ["-m", module, "--child", name, str(out)]
    environment = {"LWTUI_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    with terminal(*argv, size=SIZE, environment=environment) as program:
        code = program.read_to_end(2 * PATIENCE)
        if code or not out.exists():
            raise SystemExit(program.written.decode(errors="replace")[-4000:])
    figures: Figures = json.loads(out.read_text(encoding="utf-8"))
    return figures
