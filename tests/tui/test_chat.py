"""Chat: stream, stop, regenerate, copy, begin anew, survive a model that dies."""

from __future__ import annotations

import threading

from textual.pilot import Pilot
from textual.widgets import Markdown

from lwtui.chat.session import ChatSession
from lwtui.errors import BackendError
from lwtui.jobs import JobContext
from lwtui.tui.app import LwtuiApp
from lwtui.tui.screens.chat import ChatScreen
from lwtui.tui.widgets.answer import Answer
from lwtui.tui.widgets.prompt import PromptArea
from lwtui.tui.widgets.transcript import Transcript
from lwtui.tui.widgets.turns import AnswerPart, PromptPart

from .fakes import FakeChat, FakeServices
from .helpers import app_with, ready, screen_text, text_of, wait_until

LONG = " ".join(f"word{number}" for number in range(400))


def chat_screen(app: LwtuiApp) -> ChatScreen:
    screen = app.get_screen_stack("chat")[0]
    assert isinstance(screen, ChatScreen)
    return screen


async def open_chat(pilot: Pilot[None], app: LwtuiApp) -> ChatScreen:
    await ready(pilot)
    await pilot.press("c")
    await wait_until(pilot, lambda: app.current_mode == "chat")
    screen = chat_screen(app)
    await wait_until(pilot, lambda: screen._chat is not None and screen._loading is None)
    return screen


async def ask(pilot: Pilot[None], screen: ChatScreen, text: str) -> None:
    before = len(screen.transcript.turns)
    await pilot.press(*text, "enter")
    await wait_until(pilot, lambda: len(screen.transcript.turns) > before)


async def answered(pilot: Pilot[None], screen: ChatScreen) -> Answer:
    await wait_until(pilot, lambda: screen._last is not None and screen._answer is None)
    await wait_until(pilot, lambda: not screen.transcript._filling)
    assert screen._last is not None
    return screen._last


async def test_an_answer_streams_as_markdown() -> None:
    app = app_with(FakeServices(3, "Take **two** steps:\n\n1. wait\n2. ask"))
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_chat(pilot, app)
        assert "fastest on this machine" in text_of(app, "#chat-head")
        await ask(pilot, screen, "what now")
        answer = await answered(pilot, screen)
        assert answer.text == "Take **two** steps:\n\n1. wait\n2. ask"
        assert screen.query_one(AnswerPart).source == answer.text
        await wait_until(pilot, lambda: "Take two steps:" in screen_text(app))
        shown = screen_text(app)
        assert "▌ what now" in shown
        assert "starter/finance-000 · 5 tokens · " in shown
        assert "tokens/s · first after 0.08 s" in shown
        assert "llama_cpp/cpu" in text_of(app, "#chat-head")
        assert "what now" in text_of(app, "#chat-head")


async def test_escape_stops_and_keeps_the_text() -> None:
    services = FakeServices(3, LONG)
    services.chat_gate = threading.Semaphore(0)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_chat(pilot, app)
        await ask(pilot, screen, "go")
        services.chat_gate.release(20)
        await wait_until(pilot, lambda: screen._answer and "word19" in screen._answer.text)
        await pilot.press(*"more", "enter")  # not now: the prompt keeps it
        assert screen.query_one(PromptArea).text == "more"
        await pilot.press("escape")
        answer = await answered(pilot, screen)
        assert answer.text.strip() == " ".join(f"word{n}" for n in range(20))
        assert "stopped" in screen_text(app)
        # Escape again leaves the prompt, so that number keys change the mode.
        await pilot.press("escape", "1")
        await wait_until(pilot, lambda: app.current_mode == "browse")


async def test_regenerate_replaces_the_answer() -> None:
    services = FakeServices(3, "first answer")
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_chat(pilot, app)
        await ask(pilot, screen, "hm")
        await answered(pilot, screen)
        services.chats[0].answer = "second answer"
        await pilot.press("ctrl+r")
        await wait_until(pilot, lambda: screen._last and screen._last.text == "second answer")
        assert len(screen.query(AnswerPart)) == 1
        assert len(screen.query(PromptPart)) == 1
        assert services.chats[0].prompts == ["hm"]


async def test_copy_takes_the_whole_last_answer() -> None:
    app = app_with(FakeServices(3, "`code` and **more**"))
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_chat(pilot, app)
        await ask(pilot, screen, "x")
        await answered(pilot, screen)
        await pilot.press("ctrl+y")
        assert app.clipboard == "`code` and **more**"


async def test_new_chat_while_an_answer_streams() -> None:
    services = FakeServices(3, LONG)
    services.chat_gate = threading.Semaphore(5)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_chat(pilot, app)
        await ask(pilot, screen, "x")
        await wait_until(pilot, lambda: screen._answer and "word3" in screen._answer.text)
        await pilot.press("ctrl+n")
        await wait_until(pilot, lambda: not screen.query_one(Transcript).parts)
        services.chat_gate.release(10_000)
        await ask(pilot, screen, "y")
        answer = await answered(pilot, screen)
        assert answer.text == LONG
        assert services.chats[0].prompts == ["y"]


async def test_a_model_that_dies_leaves_its_text_and_the_next_prompt_works() -> None:
    services = FakeServices(3, "one two three four")
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_chat(pilot, app)
        services.chats[0].fail = BackendError("The model's process was [killed].")
        await ask(pilot, screen, "x")
        answer = await answered(pilot, screen)
        assert answer.text == "one two "
        assert "✗ The model's process was [killed]." in screen_text(app)
        await ask(pilot, screen, "y")
        answer = await answered(pilot, screen)
        assert answer.text == "one two three four"


async def test_a_model_that_does_not_load_is_tried_again_with_the_next_prompt() -> None:
    class Fails(FakeServices):
        failures = 1

        def open_chat(
            self, learnware_id: str, context: JobContext, session: ChatSession | None = None
        ) -> FakeChat:
            if self.failures:
                self.failures -= 1
                raise BackendError("Out of memory.", hint="Close something.")
            return super().open_chat(learnware_id, context, session)

    app = app_with(Fails(3, "hello"))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("c")
        await wait_until(pilot, lambda: list(app._notifications))
        assert "Out of memory. Close something." in next(iter(app._notifications)).message
        screen = chat_screen(app)
        await wait_until(pilot, lambda: "next prompt loads" in text_of(app, "#chat-head"))
        await pilot.press(*"hi", "enter")
        answer = await answered(pilot, screen)
        assert answer.text == "hello"


async def test_a_prompt_sent_while_the_model_loads_waits_for_it() -> None:
    gate = threading.Event()

    class Slow(FakeServices):
        def open_chat(
            self, learnware_id: str, context: JobContext, session: ChatSession | None = None
        ) -> FakeChat:
            while not gate.wait(0.02):
                context.check()
            return super().open_chat(learnware_id, context, session)

    app = app_with(Slow(3, "hello"))
    async with app.run_test(size=(120, 36)) as pilot:
        await ready(pilot)
        await pilot.press("c")
        await wait_until(pilot, lambda: app.current_mode == "chat" and app.house.jobs)
        await pilot.press(*"hi", "enter")
        screen = chat_screen(app)
        assert "loading the model" in text_of(app, "#chat-head")
        gate.set()
        answer = await answered(pilot, screen)
        assert answer.text == "hello"
        assert app.house.jobs == ()


async def test_without_a_learnware_the_base_answers() -> None:
    services = FakeServices(3, "hello")
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        await ready(pilot)
        await pilot.press("3")
        await wait_until(pilot, lambda: app.current_mode == "chat")
        assert "Talk with a learnware." in screen_text(app)
        await pilot.press(*"hi", "enter")
        answer = await answered(pilot, chat_screen(app))
        assert answer.text == "hello"
        assert "starter/finance-000" in text_of(app, "#chat-head")


async def test_the_picker_opens_another_learnware() -> None:
    services = FakeServices(24, "hello")
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_chat(pilot, app)
        await ask(pilot, screen, "x")
        await answered(pilot, screen)
        await pilot.press("ctrl+l")
        await wait_until(pilot, lambda: app.screen is not screen and app.screen._rows)
        await pilot.press(*"medicine-007")
        await wait_until(pilot, lambda: len(app.screen._rows) == 1)
        await pilot.press("enter")
        await wait_until(pilot, lambda: "medicine-007" in text_of(app, "#chat-head"))
        await wait_until(pilot, lambda: screen._chat and not screen.busy)
        await ask(pilot, screen, "y")  # the same conversation goes on
        await answered(pilot, screen)
        assert [turn.learnware for turn in screen.session.turns] == [
            "",
            "starter/finance-000",
            "",
            "starter/medicine-007",
        ]


async def test_new_lines_in_the_prompt() -> None:
    services = FakeServices(3, "hello")
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_chat(pilot, app)
        await pilot.press("a", "shift+enter", "b", "ctrl+j", "1", "enter")
        await answered(pilot, screen)
        assert services.chats[0].prompts == ["a\nb\n1"]
        await pilot.press("enter", "space", "enter")  # nothing to send
        assert len(screen.query(PromptPart)) == 1


async def test_links_are_shown_and_not_opened(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", lambda url, *_, **__: opened.append(url))
    app = app_with(FakeServices(3, "[click](file:///etc/passwd)"))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_chat(pilot, app)
        await ask(pilot, screen, "x")
        await answered(pilot, screen)
        shown = screen.query_one(AnswerPart)
        shown.post_message(Markdown.LinkClicked(shown, "file:///etc/passwd"))
        await wait_until(pilot, lambda: list(app._notifications))
        assert opened == []


async def test_scrolling_up_stays_there_while_the_answer_goes_on() -> None:
    services = FakeServices(3, LONG)
    services.chat_gate = threading.Semaphore(300)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_chat(pilot, app)
        await ask(pilot, screen, "x")
        await wait_until(pilot, lambda: screen._answer and "word299" in screen._answer.text)
        transcript = screen.query_one(Transcript)
        await wait_until(pilot, lambda: transcript.scroll_offset.y > 0)
        assert transcript.scroll_offset.y == transcript.max_scroll_y
        transcript.focus()
        await pilot.press("home")
        await wait_until(pilot, lambda: transcript.scroll_offset.y == 0)
        services.chat_gate.release(10_000)
        await answered(pilot, screen)
        assert transcript.scroll_offset.y == 0
