"""Drive the real app on the starter collection and save what it shows.

    python tests/screenshots.py [--out screenshots] [--width 120] [--height 36] [--only evaluate]

One SVG a screen: the first start, browse, search, palette, jumping, help, a light theme, the
catalogue of the Hub, what a pull would do, the preview of a demo folder, its fields, its
specification under way, the ranking, two rankings compared, a chat, its settings, a comparison, and
an evaluation from the form to its rows.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from textual.pilot import Pilot

sys.path.insert(0, str(Path(__file__).resolve().parent))

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scenes import away, chat, everywhere, over, verify
from tui.helpers import ready, screen_text, text_of, wait_until

from lwtui import paths
from lwtui.tui.app import LwtuiApp
from tests.hub.server import HubServer

PATIENCE = 300.0
DEMO = "finance-support"


async def take(out: Path, width: int, height: int, only: list[str]) -> list[Path]:
    """Go the way of a new user, or the parts of it named; returns the files written."""
    app = LwtuiApp()
    files: list[Path] = []

    async def shoot(pilot: Pilot[None], name: str) -> None:
        await pilot.pause()
        file = out / f"{name}.svg"
        file.write_text(app.export_screenshot(title="lwtui"), encoding="utf-8")
        files.append(file)

    async with app.run_test(size=(width, height)) as pilot:
        await ready(pilot)
        for part in WAY:
            if not only or part.__name__ in only:
                await part(pilot, app, shoot)
    app.services.close()
    return files


async def welcome(pilot: Pilot[None], app: LwtuiApp, shoot) -> None:  # type: ignore[no-untyped-def]
    """What the first start shows."""
    app.look_for_first_run()
    await wait_until(pilot, lambda: len(app.screen_stack) > 1)
    await shoot(pilot, "welcome")
    await away(pilot)


async def browse(pilot: Pilot[None], app: LwtuiApp, shoot) -> None:  # type: ignore[no-untyped-def]
    await pilot.press("down")
    await shoot(pilot, "browse")
    table = app.screen.query_one("#learnwares")
    everything = table.row_count
    await pilot.press("slash", *"medicine")
    await wait_until(pilot, lambda: 0 < table.row_count < everything)
    await shoot(pilot, "search")
    await pilot.press("escape")


async def hub(pilot: Pilot[None], app: LwtuiApp, shoot) -> None:  # type: ignore[no-untyped-def]
    """The catalogue without a network; a pull from a Hub on loopback that has two small models."""
    from huggingface_hub import constants

    await pilot.press("1", "s", "s")
    table = app.screen.query_one("#hub-models")
    await wait_until(pilot, lambda: table.row_count > 10)
    await pilot.press("down")
    await wait_until(pilot, lambda: "HF_HUB_OFFLINE" in screen_text(app))
    await shoot(pilot, "hub")
    with HubServer() as server, tempfile.TemporaryDirectory() as cache:
        os.environ |= {"HF_ENDPOINT": server.url, "HF_HOME": cache}
        del os.environ["HF_HUB_OFFLINE"]
        constants.HF_HUB_OFFLINE = False  # read when it is imported
        offer_starter(server)
        await pilot.press("slash", *"bank/", "enter")
        await wait_until(pilot, lambda: table.row_count == 2)
        await pilot.press("down", "p")
        await wait_until(pilot, lambda: "comes along" in screen_text(app))
        await shoot(pilot, "pull")
        await pilot.press("escape")
    del os.environ["HF_ENDPOINT"], os.environ["HF_HOME"]
    os.environ["HF_HUB_OFFLINE"] = "1"
    await pilot.press("escape", "s")


def offer_starter(server: HubServer) -> None:
    """The starter base and one of its adapters, as repositories."""
    folder = paths.starter_root() / "models" / "starter"
    for name, source in (("bank/base", "base"), ("bank/card-intents", "banking-intent")):
        files: dict[str, Path | str | bytes] = {
            path.name: path for path in (folder / source).iterdir() if path.suffix != ".gguf"
        }
        card: dict[str, object] = {"license": "apache-2.0", "tags": ["finance"]}
        if "adapter_config.json" in files:
            config = json.loads((folder / source / "adapter_config.json").read_text("utf-8"))
            files["adapter_config.json"] = json.dumps(
                {**config, "base_model_name_or_path": "bank/base"}
            )
            card |= {"base_model": "bank/base", "datasets": ["PolyAI/banking77"]}
        files.pop("README.md")
        server.add_model(name, files, card=card, downloads=len(source) * 100)


async def match(pilot: Pilot[None], app: LwtuiApp, shoot) -> None:  # type: ignore[no-untyped-def]
    await pilot.press("2")
    await wait_until(pilot, lambda: app.current_mode == "match" and app.screen.query("#places"))
    screen = app.screen
    demos = sorted(path.name for path in paths.demo_root().iterdir() if path.is_dir())
    await wait_until(pilot, lambda: screen.query_one("#places").option_count == len(demos))
    await shoot(pilot, "match-folders")
    await pilot.press(*["down"] * demos.index(DEMO), "enter")
    await wait_until(pilot, lambda: screen.step == "preview")
    await shoot(pilot, "match-preview")
    await over(pilot, "f")
    await shoot(pilot, "match-fields")
    await away(pilot)
    await pilot.press("s")
    await wait_until(
        pilot,
        lambda: screen.step == "results" or (app.house.jobs and app.house.jobs[0].percent > "10%"),
        PATIENCE,
    )
    if screen.step == "job":
        await shoot(pilot, "match-job")
    await wait_until(pilot, lambda: screen.step == "results", PATIENCE)
    await shoot(pilot, "match")
    await verify(pilot, app)
    await wait_until(pilot, lambda: "verified:" in text_of(app, "#match-head"), PATIENCE)
    await wait_until(pilot, lambda: screen.step == "results")
    await shoot(pilot, "match-verified")
    await over(pilot, "C")
    await pilot.press("enter")
    await shoot(pilot, "match-compared")
    await away(pilot)


async def evaluate(pilot: Pilot[None], app: LwtuiApp, shoot) -> None:  # type: ignore[no-untyped-def]
    await pilot.press("f4")
    await wait_until(pilot, lambda: app.current_mode == "evaluate")
    await wait_until(pilot, lambda: "reading" not in text_of(app, "#runs-teach"))
    screen = app.screen
    await shoot(pilot, "evaluate-empty")
    await pilot.press("n")
    await shoot(pilot, "evaluate-form")
    screen.query_one("#form-tasks").value = str(paths.demo_root() / DEMO)
    await pilot.press("enter")
    await wait_until(pilot, lambda: screen.step == "plan", PATIENCE)
    await wait_until(pilot, lambda: "reading the" not in text_of(app, "#plan-prompt"), PATIENCE)
    await shoot(pilot, "evaluate-plan")
    await pilot.press("s")
    await wait_until(
        pilot, lambda: screen.job is None or app.house.jobs[0].percent > "20%", PATIENCE
    )
    await shoot(pilot, "evaluate-running")
    await wait_until(pilot, lambda: screen.job is None, PATIENCE)
    await wait_until(pilot, lambda: "★" in screen_text(app), PATIENCE)
    await wait_until(pilot, lambda: "comparison" in screen_text(app), PATIENCE)
    await shoot(pilot, "evaluate")
    await pilot.press("enter")
    await wait_until(pilot, lambda: screen.step == "samples")
    await wait_until(pilot, lambda: screen.query_one("#samples").row_count)
    await pilot.press("b")
    await wait_until(pilot, lambda: "is right" in text_of(app, "#samples-head"))
    await wait_until(pilot, lambda: "reading" not in text_of(app, "#samples-head"))
    await shoot(pilot, "evaluate-rows")
    await pilot.press("f5")
    await wait_until(pilot, lambda: app.current_mode == "jobs")
    await shoot(pilot, "jobs")


WAY = (welcome, browse, everywhere, hub, match, chat, evaluate)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("screenshots"))
    parser.add_argument("--width", type=int, default=120)
    parser.add_argument("--height", type=int, default=36)
    names = [part.__name__ for part in WAY]
    parser.add_argument(
        "--only", nargs="*", default=[], choices=names, help="chat goes on from match"
    )
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"LWTUI_HOME": home, "HF_HUB_OFFLINE": "1"}
        out = arguments.out.absolute()
        folder = Path(home) / "my-data"  # what the tree of folders shows
        for name in ("letters", "questions", "tickets"):
            (folder / name).mkdir(parents=True)
        os.chdir(folder)
        files = asyncio.run(take(out, arguments.width, arguments.height, arguments.only))
    for file in files:
        print(file)  # noqa: T201


if __name__ == "__main__":
    main()
