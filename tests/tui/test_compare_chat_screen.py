"""One prompt to several learnwares, in the app."""

from __future__ import annotations

import threading

from textual.pilot import Pilot
from textual.widgets import Input

from lwtui.dataset.example import Example
from lwtui.errors import BadInput
from lwtui.tui.app import LwtuiApp
from lwtui.tui.chat_tool_services import DatasetRows
from lwtui.tui.screens.compare_chat import CompareScreen
from lwtui.tui.screens.pick import PickScreen
from lwtui.tui.widgets.prompt import PromptArea

from .fakes import FakeServices, learnware
from .helpers import app_with, screen_text, text_of, wait_until
from .hostile import check_screen, hostile_texts
from .test_chat_tools import open_chat


async def open_compare(pilot: Pilot[None]) -> CompareScreen:
    await pilot.press("ctrl+g")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
    screen = pilot.app.screen
    assert isinstance(screen, CompareScreen)
    await wait_until(pilot, lambda: len(screen._columns) >= 2)
    return screen


def answers(screen: CompareScreen) -> list[str]:
    return [column.text for column in screen._columns]


async def add(pilot: Pilot[None], screen: CompareScreen, name: str) -> None:
    number = len(screen._columns)
    await pilot.press("ctrl+l")
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, PickScreen))
    pilot.app.screen.query_one(Input).value = name
    await pilot.press("enter")  # it waits for what was typed
    await wait_until(pilot, lambda: len(screen._columns) == number + 1)
    await wait_until(pilot, lambda: not screen._answering)


async def test_side_by_side_then_on_with_one() -> None:
    services = FakeServices(24, "**yes** indeed")
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        chat = await open_chat(pilot, "Is it?")
        screen = await open_compare(pilot)
        assert screen.query_one(PromptArea).text == "Is it?"  # the last question
        await pilot.press("enter")
        await wait_until(pilot, lambda: all(answers(screen)) and not screen._answering)
        assert answers(screen) == ["finance-000: **yes** indeed", "base: **yes** indeed"]
        shown = screen_text(app)
        assert shown.count("first after 0.0") == 2
        assert "tokens/s" in shown
        assert "one after the other" in shown

        await add(pilot, screen, "medicine-007")
        assert answers(screen)[2] == "medicine-007: **yes** indeed"
        assert app.focused is not screen._columns[2].body  # the prompt keeps the focus
        await pilot.press("escape")
        assert app.focused is screen._columns[2].body
        await pilot.press("ctrl+y")
        assert app.clipboard == "medicine-007: **yes** indeed"
        # Asked again alone, and all: in place of what they said.
        (made,) = services.comparisons
        for key in ("r", "ctrl+r"):
            await pilot.press(key)
            await wait_until(pilot, lambda: not screen._answering)
            assert [len(session.turns) for session in made.sessions] == [2, 2, 2]
        await pilot.press("left", "x")
        await wait_until(pilot, lambda: len(screen._columns) == 2)
        assert [s.learnware for s in made.sessions][1] == "starter/medicine-007"
        # Another mode hides it and takes nothing away.
        await pilot.press("1")
        await wait_until(pilot, lambda: app.current_mode == "browse")
        await pilot.press("3", "ctrl+g")
        await wait_until(pilot, lambda: app.screen is screen)
        assert not made.closed
        # A second prompt goes on from the first.
        await pilot.press("i", *"Sure?", "enter")
        await wait_until(pilot, lambda: len(made.sessions[1].turns) == 4)
        await wait_until(pilot, lambda: not screen._answering)
        services.save_session(made.sessions[1])
        screen._columns[1].body.focus()
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen is chat)
        assert made.kept == [made.sessions[1]]
        await wait_until(pilot, lambda: made.closed)
        await wait_until(pilot, lambda: chat.session and len(chat.session.turns) == 4)
        assert chat.session.learnware == "starter/medicine-007"


async def test_stopping_and_what_breaks() -> None:
    services = FakeServices(3, "one two three")
    services.learnwares += [learnware(n) for n in (30, 31)]
    services.compare_gate = threading.Semaphore(2)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        chat = await open_chat(pilot)
        screen = await open_compare(pilot)
        await pilot.press(*"hi", "enter")
        await wait_until(pilot, lambda: answers(screen)[0] == "finance-000: one ")
        assert "its turn will come" in screen_text(app)
        await pilot.press(*"more", "enter")  # one round at a time; nothing typed is lost
        assert screen.query_one(PromptArea).text == "more"
        await pilot.press("escape")
        await wait_until(pilot, lambda: not screen._answering)
        assert answers(screen) == ["finance-000: one ", ""]
        assert screen_text(app).count("stopped") == 2
        services.compare_gate.release(1000)
        # Too narrow for three: what has no room is a step away.
        await add(pilot, screen, "finance-030")
        assert [column.display for column in screen._columns] == [False, True, True]
        assert "finance-000" in text_of(app, "#compare-head")
        await pilot.press("escape", "right")
        await wait_until(pilot, lambda: screen._columns[0].display)
        # One that breaks says so; the others answer.
        (made,) = services.comparisons
        made.sessions[0].learnware = "starter/broken"
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: not screen._answering)
        assert "The model's process was killed." in screen_text(app)
        assert answers(screen)[1] == "base: one two three"
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen is chat)
        await wait_until(pilot, lambda: made.closed)

        # Nothing to compare: said, and back in the chat.
        services.compare_error = BadInput("It cannot run here.")
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: list(app._notifications))
        await wait_until(pilot, lambda: app.screen is chat)


async def test_a_base_is_compared_with_what_is_picked() -> None:
    services = FakeServices(6, "yes")
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        assert isinstance(app, LwtuiApp)
        await pilot.press("3")
        await wait_until(pilot, lambda: app.current_mode == "chat")
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: isinstance(app.screen, PickScreen) and app.screen._rows)
        await pilot.press("escape")
        await wait_until(pilot, lambda: app.screen.__class__.__name__ == "ChatScreen")
        await pilot.press("ctrl+g")
        await wait_until(pilot, lambda: isinstance(app.screen, PickScreen) and app.screen._rows)
        await pilot.press("down", "enter")
        await wait_until(pilot, lambda: isinstance(app.screen, CompareScreen))
        await wait_until(pilot, lambda: len(app.screen._columns) == 2)
        (made,) = services.comparisons
        assert [s.learnware for s in made.sessions] == ["starter/medicine-001", "starter/base"]


async def test_hostile_answers_are_text() -> None:
    texts = hostile_texts(12, seed=3)
    services = FakeServices(3, " ".join(texts))
    services.rows = DatasetRows(
        "x", tuple(Example("hi", answer=text) for text in texts), more=False
    )
    app = app_with(services)
    async with app.run_test(size=(100, 30)) as pilot:
        chat = await open_chat(pilot)
        chat._attached = ("hi", texts[0])
        await pilot.press(*"hi", "enter")
        await wait_until(pilot, lambda: chat._expected is not None)
        check_screen(app)  # the meter says what the data expects
        screen = await open_compare(pilot)
        await pilot.press("enter")
        await wait_until(pilot, lambda: all(answers(screen)) and not screen._answering)
        await wait_until(pilot, lambda: "tokens/s" in screen_text(app))
        check_screen(app)
        await pilot.press("escape", "ctrl+y")
        assert "\x1b" not in app.clipboard
