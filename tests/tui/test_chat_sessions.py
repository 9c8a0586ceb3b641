"""Conversations in the app: listed, found, opened, renamed, deleted and had back, forked."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from lwtui import paths
from lwtui.chat.session import ChatSession, Turn
from lwtui.chat.store import ChatStore
from lwtui.tui.app import LwtuiApp
from lwtui.tui.screens.ask import AskScreen
from lwtui.tui.screens.chat import ChatScreen
from lwtui.tui.workflow_services import WorkflowServices

from .fakes import FakeServices
from .helpers import app_with, ready, screen_text, text_of, wait_until

LEARNWARE = "starter/finance-000"


def conversation(title: str, count: int, learnware: str = LEARNWARE) -> ChatSession:
    """``count`` questions, each with its answer."""
    turns = []
    for number in range(count):
        turns.append(Turn("user", f"{title}: question {number}"))
        text = f"Answer **{number}**.\n\n- one\n- two\n\n```\ncode {number}\n```\n"
        turns.append(Turn("assistant", text, learnware, tokens=20, seconds=1.1, first=0.1))
    return ChatSession(learnware, title=title, turns=turns)


async def chat_of(pilot: Pilot[None], app: LwtuiApp) -> ChatScreen:
    await ready(pilot)
    await pilot.press("3")
    await wait_until(pilot, lambda: app.current_mode == "chat")
    screen = app.screen
    assert isinstance(screen, ChatScreen)
    return screen


async def settled(pilot: Pilot[None], screen: ChatScreen) -> None:
    await wait_until(pilot, lambda: not screen.busy and not screen.transcript._filling)


async def opened(pilot: Pilot[None], screen: ChatScreen, session: ChatSession) -> None:
    await wait_until(pilot, lambda: screen.session and screen.session.id == session.id)
    await wait_until(pilot, lambda: len(screen.transcript.turns) == len(session.turns))
    await settled(pilot, screen)


def services_with(*sessions: ChatSession) -> FakeServices:
    services = FakeServices(24, "hello")
    for session in sessions:
        services.save_session(session)
    return services


async def test_open_search_and_go_on_with_a_conversation() -> None:
    old, new = conversation("cards", 1), conversation("drugs", 40)
    services = services_with(old, new)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await chat_of(pilot, app)
        await wait_until(pilot, lambda: "go on with “drugs”" in screen_text(app))
        await pilot.press(*"a draft", "ctrl+s", "j", "enter")  # the list; the second is older
        await opened(pilot, screen, old)
        assert services.chats == []  # nothing is loaded before it is needed
        assert screen.prompt.has_focus
        assert screen.prompt.text == ""
        shown = screen_text(app)
        assert "cards: question 0" in shown
        assert "20 tokens · 19.0 tokens/s · first after 0.10 s" in shown
        await pilot.press("ctrl+f", *"question 17")
        await wait_until(pilot, lambda: "you: " in screen_text(app))
        await pilot.press("enter")
        await opened(pilot, screen, new)
        assert screen.position == 34
        assert screen.transcript.has_focus
        assert "drugs: question 17" in screen_text(app)
        # The next prompt loads the model and goes on; the list shows it first.
        await pilot.press("i", *"and now", "enter")
        await wait_until(pilot, lambda: len(services.kept_chats[new.id].turns) == 82)
        await settled(pilot, screen)
        assert services.chats[0].session.id == new.id
        assert services.kept_chats[new.id].turns[-1].content == "hello"
        # Another conversation with the same learnware needs no loading; what was typed is kept.
        await pilot.press(*"unsent")
        await screen.show_session(old.id)
        await opened(pilot, screen, old)
        assert screen.handle is services.chats[0]
        await screen.show_session(new.id)
        await opened(pilot, screen, services.kept_chats[new.id])
        assert screen.prompt.text == "unsent"
        await pilot.press("ctrl+n")
        assert screen.prompt.text == "a draft"
        assert len(services.chats) == 1


async def test_rename_delete_and_bring_back() -> None:
    first, second = conversation("cards", 1), conversation("drugs", 2)
    services = services_with(first, second)
    app = app_with(services)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await chat_of(pilot, app)
        assert not screen.pane.display
        await wait_until(pilot, lambda: len(screen.pane.sessions) == 2)
        await pilot.press("ctrl+s")
        assert screen.pane.display
        await pilot.press("j", "R")
        await wait_until(pilot, lambda: isinstance(app.screen, AskScreen))
        app.screen.query_one(Input).value = "[b]bank cards"
        await pilot.press("enter")
        await wait_until(pilot, lambda: "[b]bank cards" in screen_text(app))
        await pilot.press("enter")
        await opened(pilot, screen, first)
        assert not screen.pane.display  # there is room for one of both
        await pilot.press("ctrl+s", "D")  # the one in sight
        await wait_until(pilot, lambda: first.id in services.trash)
        await wait_until(pilot, lambda: len(screen.pane.sessions) == 1)
        assert screen.session is None or screen.session.id != first.id
        assert screen.transcript.turns == []
        await pilot.press("u")
        await wait_until(pilot, lambda: len(screen.pane.sessions) == 2)
        await pilot.press("escape")
        assert screen.prompt.has_focus


async def test_a_conversation_whose_learnware_is_gone_goes_on_with_another() -> None:
    session = conversation("old", 1, "someone/[gone]")
    services = services_with(session)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await chat_of(pilot, app)
        await wait_until(pilot, lambda: screen.pane.sessions)
        await pilot.press("ctrl+r")
        await opened(pilot, screen, session)
        assert "someone/[gone] is not on this machine" in text_of(app, "#chat-head")
        await pilot.press(*"hi", "enter")
        await wait_until(pilot, lambda: getattr(app.screen, "_rows", None))
        await pilot.press(*"medicine-001")
        await wait_until(pilot, lambda: len(app.screen._rows) == 1)
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen is screen and screen.handle)
        assert screen.prompt.text == "hi"
        await pilot.press("enter")
        await wait_until(pilot, lambda: len(screen.session.turns) == 4)
        await settled(pilot, screen)
        assert [turn.learnware for turn in screen.session.turns[1::2]] == [
            "someone/[gone]",
            "starter/medicine-001",
        ]


async def test_edit_continue_fork_and_copy_the_marked_message() -> None:
    session = conversation("cards", 3)
    services = services_with(session)
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await chat_of(pilot, app)
        await wait_until(pilot, lambda: screen.pane.sessions)
        await pilot.press("ctrl+r")
        await opened(pilot, screen, session)
        await pilot.press("escape", "y")
        assert app.clipboard == session.turns[5].content
        await pilot.press("k", "k", "Y")
        assert app.clipboard == "code 1\n"
        # A fork ends with the marked message, and is a conversation of its own.
        await pilot.press("f")
        await wait_until(pilot, lambda: screen.session and screen.session.forked_from == session.id)
        await settled(pilot, screen)
        assert len(screen.transcript.turns) == 4
        await wait_until(pilot, lambda: len(screen.pane.sessions) == 2)
        # Editing can be left; sent, it replaces the message and what followed.
        await pilot.press(*"keep me", "escape", "g", "e")
        assert screen.prompt.text == "cards: question 0"
        await pilot.press("escape")
        assert screen.prompt.text == "keep me"
        await pilot.press("escape", "g", "e", "end", "!", "enter")
        await wait_until(pilot, lambda: screen.handle and len(screen.session.turns) == 2)
        await settled(pilot, screen)
        assert screen.session.turns[0].content == "cards: question 0!"
        assert screen.prompt.text == "keep me"
        assert len(services.kept_chats[session.id].turns) == 6
        services.chats[0].answer = " and more"
        await pilot.press("escape", "c")
        await wait_until(pilot, lambda: screen.session.turns[1].content == "hello and more")
        await settled(pilot, screen)
        await wait_until(pilot, lambda: "hello and more" in screen_text(app))
        # Up recalls what was asked, down the draft.
        await pilot.press("i", "home", "up")
        assert screen.prompt.text == "cards: question 0!"
        await pilot.press("down")
        assert screen.prompt.text == "keep me"


async def test_find_in_a_conversation() -> None:
    session = conversation("cards", 60)
    app = app_with(services_with(session))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await chat_of(pilot, app)
        await wait_until(pilot, lambda: screen.pane.sessions)
        await pilot.press("ctrl+r")
        await opened(pilot, screen, session)
        await pilot.press("escape", "slash", *"question 1")
        await wait_until(pilot, lambda: "of 11" in text_of(app, "#find-count"))
        await pilot.press("enter")
        assert screen.position == 38
        await pilot.press("n")
        assert screen.position == 2
        await pilot.press("N", "N")
        assert screen.position == 36
        await settled(pilot, screen)
        assert "question 18" in screen_text(app)
        await pilot.press("escape")
        assert not screen.query_one("#find").display


async def test_the_mouse_marks_messages_and_opens_conversations() -> None:
    session = conversation("cards", 1)
    app = app_with(services_with(session))
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await chat_of(pilot, app)
        await wait_until(pilot, lambda: screen.pane.sessions)
        await pilot.click(OptionList, offset=(4, 0))
        await opened(pilot, screen, session)
        await pilot.click("PromptPart", offset=(3, 0))
        assert screen.position == 0
        await pilot.press("e")
        assert screen.prompt.text == "cards: question 0"


@pytest.mark.timeout(120)
async def test_five_thousand_messages_of_the_real_store() -> None:
    """Opened at the end, a few widgets are enough; searched, it is shown at the found message."""
    long = conversation("long", 2500, "starter/base")
    with ChatStore() as store:
        store.save(long)
        store.save(conversation("short", 1, "starter/base"))
    services = WorkflowServices()
    app = LwtuiApp(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await chat_of(pilot, app)
        await wait_until(pilot, lambda: len(screen.pane.sessions) == 2)
        assert screen.pane.sessions[1].turns == 5000
        await pilot.press("ctrl+s", "j", "enter")
        await opened(pilot, screen, long)
        assert "Answer 2499." in screen_text(app)
        assert len(screen.transcript._widgets) < 60
        await pilot.press("ctrl+f", *"question 1234")
        await wait_until(pilot, lambda: "long: question 1234" in screen_text(app))
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.position == 2468)
        await settled(pilot, screen)
        assert "Answer 1234." in screen_text(app)
        assert len(screen.transcript._widgets) < 60
        await pilot.press("D")
        await wait_until(pilot, lambda: len(screen.pane.text) and screen.session is None)
    services.close()
    with ChatStore(paths.home() / "chats.db") as store:
        assert [summary.title for summary in store.trash()] == ["long"]
