"""Record the main flow of the real app and draw it as one animated SVG.

    python tests/cast.py [--out screenshots/cast.svg] [--width 100] [--height 30]

From the first start to the first answer, on the starter collection: welcome, a match of the demo
data as it runs, its ranking, a chat with the best, the palette. A look every quarter of a second,
and one after every key; what does not change is not drawn again, and nothing stands longer than
``LONGEST``. The picture needs no script and no font from elsewhere, and keeps still for whoever
has asked for less motion.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from rich.terminal_theme import DIMMED_MONOKAI
from textual.pilot import Pilot

sys.path.insert(0, str(Path(__file__).resolve().parent))

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tui.helpers import screen_text, wait_until

from lwtui.tui.app import LwtuiApp
from tests.film import Frame, Run, draw

LOOK = 0.25
LONGEST = 2.4
"""Seconds a picture stands, at most: who waits for a model need not wait here."""
READING = 3.5
"""Seconds for what is to be read."""
PATIENCE = 300.0


class Camera:
    """Takes a picture when the screen has changed."""

    def __init__(self, app: LwtuiApp) -> None:
        self._app = app
        self.frames: list[Frame] = []

    def look(self, seconds: float = LOOK) -> None:
        """The screen as it is now, for so many seconds more."""
        rows = [runs_of(strip) for strip in self._app.screen._compositor.render_strips()]
        if self.frames and self.frames[-1].rows == rows:
            self.frames[-1].seconds = min(LONGEST, self.frames[-1].seconds + seconds)
        else:
            self.frames.append(Frame(rows, seconds))

    async def until(self, pilot: Pilot[None], done: Callable[[], object]) -> None:
        """Look on until ``done``."""

        while True:
            try:
                await wait_until(pilot, done, LOOK)
            except AssertionError:
                self.look()
                continue
            self.look()
            return

    def rest(self, seconds: float = READING) -> None:
        """Let what is on the screen be read."""
        self.look(0)
        self.frames[-1].seconds = seconds


def runs_of(strip: list[Segment]) -> list[Run]:
    """A row as pieces of one look each."""
    runs: list[Run] = []
    for text, style, control in strip:
        if not control and text:
            runs.append(Run(text, *colours(style or Style()), bool(style and style.bold)))
    return runs


def colours(style: Style) -> tuple[str, str]:
    """What is written with and on, as ``#rrggbb``."""

    def told(colour: Color | None, foreground: bool) -> str:
        triplet = (colour or Color.default()).get_truecolor(DIMMED_MONOKAI, foreground)
        return triplet.hex

    front, back = told(style.color, True), told(style.bgcolor, False)
    return (back, front) if style.reverse else (front, back)


async def flow(pilot: Pilot[None], app: LwtuiApp, camera: Camera) -> None:
    """From the first start to the first answer."""
    await wait_until(pilot, lambda: app.house.learnwares and app.house.machine)
    await wait_until(pilot, lambda: "Welcome to lwtui" in screen_text(app))
    camera.look()
    camera.rest()
    await pilot.press("enter")
    await camera.until(pilot, lambda: "confidence:" in screen_text(app))
    camera.rest()
    for _ in range(2):
        await pilot.press("down")
        camera.look(0.5)
    await pilot.press("up", "up")
    camera.look(0.5)
    await pilot.press("enter")
    screen: Any = app.screen
    await camera.until(pilot, lambda: app.current_mode == "chat")
    screen = app.screen
    await camera.until(pilot, lambda: screen.handle is not None and not screen.busy)
    camera.rest(2.0)
    await pilot.press("enter")
    await camera.until(pilot, lambda: not screen.busy and "tokens/s" in screen_text(app))
    camera.rest()
    await ask(pilot, app, camera, "My card was swallowed by the machine")
    await pilot.press("ctrl+p")
    await camera.until(pilot, lambda: len(app.screen_stack) > 1)
    camera.rest(1.5)
    for letter in "compare":
        await pilot.press(letter)
        camera.look(0.15)
    camera.rest(2.5)
    await pilot.press("escape", "f1")
    await camera.until(pilot, lambda: app.current_mode == "browse")
    camera.rest(2.5)


async def ask(pilot: Pilot[None], app: LwtuiApp, camera: Camera, text: str) -> None:
    """Type a prompt, and look on while it is answered."""
    screen: Any = app.screen
    screen.prompt.focus()
    for number, letter in enumerate(text):
        await pilot.press("space" if letter == " " else letter)
        if number % 2:
            camera.look(0.12)
    await pilot.press("enter")
    await camera.until(pilot, lambda: not screen.busy)
    camera.rest()


async def record(size: tuple[int, int]) -> list[Frame]:
    app = LwtuiApp(welcome=True)
    camera = Camera(app)
    async with app.run_test(size=size) as pilot:
        app.animation_level = "none"
        await flow(pilot, app, camera)
    app.services.close()
    return camera.frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("screenshots/cast.svg"))
    parser.add_argument("--width", type=int, default=100)
    parser.add_argument("--height", type=int, default=30)
    parser.add_argument("--stills", type=Path, help="a folder for single frames, to look at")
    options = parser.parse_args()
    out, stills = options.out.absolute(), options.stills and options.stills.absolute()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"LWTUI_HOME": home, "HF_HUB_OFFLINE": "1"}
        os.chdir(home)
        frames = asyncio.run(record((options.width, options.height)))
    title = "lwtui: from the first start to the first answer"
    out.write_text(draw(frames, options.width, title), encoding="utf-8")
    if stills:
        stills.mkdir(parents=True, exist_ok=True)
        for number in range(len(frames)):
            picture = draw(frames, options.width, title, still=number)
            (stills / f"{number:03}.svg").write_text(picture, encoding="utf-8")
    seconds = sum(frame.seconds for frame in frames)
    size = out.stat().st_size / 1000
    print(f"{options.out}: {len(frames)} frames, {seconds:.0f} s, {size:.0f} kB")  # noqa: T201


if __name__ == "__main__":
    main()
