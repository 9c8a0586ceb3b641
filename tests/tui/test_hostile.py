"""Whatever data, cards and models contain, it is shown as text: never as markup or a command."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from textual import events

from lwtui.dataset.example import Example, Problem
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.model import DataSource, Learnware, Score
from lwtui.match.result import MatchResult
from lwtui.tui.match_services import DataChoice
from lwtui.tui.services import DatasetView, Place
from lwtui.tui.widgets.row_table import RowTable

from .fakes import FakeServices, learnware
from .helpers import app_with, ready, wait_until
from .hostile import check_screen, check_shown, hostile_texts


def hostile_learnware(number: int, text: str) -> Learnware:
    made = learnware(
        number, title=text, description=text, domain=text, task=text, languages=(text,),
        licence=text, tags=(text,), data=(DataSource(text, text, text, 3),),
    )  # fmt: skip
    return dataclasses.replace(
        made,
        model=dataclasses.replace(made.model, base=text),
        provenance=dataclasses.replace(made.provenance, location=text, made_by=text),
        scores=(Score(text, text, 0.5, 0.4),),
    )


class HostileServices(FakeServices):
    """Everything it says is hostile."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(0, "".join(texts))
        self.learnwares = [hostile_learnware(number, text) for number, text in enumerate(texts)]
        self.offered = [Place(text, Path("/demo"), "demo") for text in texts[:4]]
        self.texts = texts
        self.view = DatasetView(
            name=texts[0],
            layout=texts[1],
            fields=tuple(("prompt", text) for text in texts[:3]),
            examples=tuple(
                Example(text, text, None if number % 3 else text, (text,))
                for number, text in enumerate(texts)
            ),
            problems=tuple(Problem(text, 3, text) for text in texts),
            skipped=4,
        )

    def machine(self) -> str:
        return self.texts[0]

    def preview(self, path: Path, choice: DataChoice | None = None) -> DatasetView:
        if path.name == "bad":
            raise BadInput(self.texts[2], hint=self.texts[3], field=self.texts[4])
        return self.view

    def match(
        self, path: Path, *, verify: int, context: JobContext, choice: DataChoice | None = None
    ) -> MatchResult:
        context.progress(1, 2, self.texts[0])
        result = super().match(path, verify=verify, context=context)
        return dataclasses.replace(result, dataset=self.texts[0], confidence=self.texts[1])


async def test_hostile_text_everywhere() -> None:
    services = HostileServices(hostile_texts(24))
    app = app_with(services)
    async with app.run_test(size=(110, 30)) as pilot:
        await wait_until(pilot, lambda: app.current_mode == "browse")
        await wait_until(pilot, lambda: app.screen.query_one("#body").display)
        check_screen(app)
        for _ in range(0, 24, 6):
            await pilot.press(*["down"] * 6)
            check_screen(app)
        await pilot.press("2")
        await wait_until(pilot, lambda: app.current_mode == "match" and app.screen.query("#places"))
        await wait_until(pilot, lambda: app.screen.query_one("#places").option_count == 4)
        check_screen(app)
        await pilot.press("slash", *"/bad", "enter")
        await wait_until(pilot, lambda: list(app._notifications))
        check_screen(app)
        app.screen.query_one("#places").focus()
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen.step == "preview")
        check_screen(app)
        await pilot.press("s")
        await wait_until(pilot, lambda: app.screen.step == "results")
        check_screen(app)
        await pilot.press("down", "d", "enter")
        await wait_until(pilot, lambda: app.current_mode == "chat" and app.screen._chat)
        await pilot.press("x", "enter")
        await wait_until(pilot, lambda: app.screen._last and app.screen._answer is None)
        check_screen(app)
        check_shown(app, "browse, match, chat")


async def test_hostile_prompts_and_answers() -> None:
    text = "".join(hostile_texts(20, seed=1))
    app = app_with(FakeServices(3, text))
    async with app.run_test(size=(60, 40)) as pilot:
        await ready(pilot)
        await pilot.press("c")
        await wait_until(pilot, lambda: app.current_mode == "chat" and app.screen._chat)
        prompt = app.screen.query_one("#prompt")
        prompt.post_message(events.Paste(f"x{text}"))
        await wait_until(pilot, lambda: prompt.text.startswith("x"))
        check_screen(app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen._last and app.screen._answer is None)
        check_screen(app)
        await pilot.press("ctrl+y")
        check_screen(app)


async def test_file_names_with_markup_and_escapes_in_the_tree(
    tmp_path: Path, monkeypatch: object
) -> None:
    for name in ("[bold]x", "\x1b[31mred", "a\nb", "漢字", "[@click=app.quit]q"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path)  # type: ignore[attr-defined]
    app = app_with(FakeServices(3))
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("2")
        await wait_until(pilot, lambda: app.current_mode == "match" and app.screen.query("#places"))
        tree = app.screen.query_one("FolderTree")
        await wait_until(pilot, lambda: len(tree.root.children) == 5)
        check_screen(app)
        assert isinstance(app.screen.query("RowTable").first(), RowTable)
