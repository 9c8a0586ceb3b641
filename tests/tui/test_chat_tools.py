"""The tools of Chat: settings, presets, the meter, rows of data, switching, export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static, TextArea

from lwtui.backend.protocol import GenerationSettings
from lwtui.chat.session import ChatSession, Turn
from lwtui.config import Config, Preset
from lwtui.errors import BadInput
from lwtui.tui.sampling_fields import read_settings, summary
from lwtui.tui.screens.ask import AskScreen, ConfirmScreen
from lwtui.tui.screens.attach_row import AttachRowScreen
from lwtui.tui.screens.chat import ChatScreen
from lwtui.tui.screens.chat_presets import PresetScreen
from lwtui.tui.screens.chat_settings import ChatSettingsScreen
from lwtui.tui.screens.pick import PickScreen
from lwtui.tui.widgets.context_meter import ContextMeter
from lwtui.tui.widgets.row_table import RowTable
from lwtui.workflow.chat_context import Counted, usage_of
from lwtui.workflow.dataset_rows import first_rows, prompt_of

from .fakes import FakeServices
from .helpers import app_with, ready, screen_text, wait_until


async def open_chat(pilot: Pilot[None], ask: str = "") -> ChatScreen:
    """The chat with the first learnware, its model loaded, with one answer if ``ask`` says so."""
    await ready(pilot)
    await pilot.press("c")
    app = pilot.app
    await wait_until(pilot, lambda: app.current_mode == "chat" and app.screen.handle is not None)
    screen = app.screen
    assert isinstance(screen, ChatScreen)
    if ask:
        await pilot.press(*ask, "enter")
        await wait_until(pilot, lambda: screen.session.turns and not screen.busy)
    return screen


def meter(screen: ChatScreen) -> str:
    return str(screen.query_one(ContextMeter).render())


async def dialogue(pilot: Pilot[None], kind: type) -> object:
    await wait_until(pilot, lambda: isinstance(pilot.app.screen, kind))
    return pilot.app.screen


async def test_settings_and_presets_hold_for_the_conversation() -> None:
    app = app_with(FakeServices(3, "hello there"))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_chat(pilot, "hi")
        session = screen.handle.session
        # The line under the prompt counts what is being typed.
        screen.prompt.text = "word " * 1000
        await wait_until(pilot, lambda: "~1,2" in meter(screen))
        screen.prompt.text = "word " * 2000
        await wait_until(pilot, lambda: "oldest messages will be left out" in meter(screen))
        screen.prompt.text = ""
        await pilot.press("ctrl+t")
        form = await dialogue(pilot, ChatSettingsScreen)
        system = form.query_one("#system", TextArea)
        await pilot.press(*"Be brief.")
        assert system.text == "Be brief."
        assert form.query_one("#set-temperature", Input).placeholder == "0.7"
        form.query_one("#set-temperature", Input).value = "hot"
        form.query_one("#set-seed", Input).value = "7"
        await pilot.press("ctrl+s")
        # Nothing wrong is taken: the field is named, and has the focus.
        await wait_until(pilot, lambda: "Must be a number from 0 to 10" in screen_text(app))
        assert app.focused is form.query_one("#set-temperature")
        await pilot.press("0", ".", "2", "enter")
        await wait_until(pilot, lambda: app.screen is screen)
        await wait_until(pilot, lambda: session.system == "Be brief.")
        assert session.settings == GenerationSettings(temperature=0.2, seed=7)
        await wait_until(pilot, lambda: "system prompt · temperature 0.2, seed 7" in meter(screen))
        await pilot.press("ctrl+t")
        form = await dialogue(pilot, ChatSettingsScreen)
        assert form.query_one("#set-seed", Input).value == "7"
        await pilot.press("ctrl+r", "ctrl+s")
        await wait_until(pilot, lambda: session.settings == GenerationSettings())
        assert session.system == "Be brief."
        # Presets, by a digit: there is none yet, and how to write one is shown.
        await wait_until(pilot, lambda: app.screen is screen)
        await pilot.press("f6")
        await dialogue(pilot, PresetScreen)
        assert "[[preset]]" in screen_text(app)
        await pilot.press("escape")
        app.config = Config(presets=(Preset("careful", "Doubt.", 0.1), Preset("wild", seed=3)))
        await wait_until(pilot, lambda: app.screen is screen)
        await pilot.press("f6")
        await dialogue(pilot, PresetScreen)
        await pilot.press("1")
        await wait_until(pilot, lambda: session.system == "Doubt.")
        assert session.settings == GenerationSettings(temperature=0.1)
        # In the form a preset fills the fields.
        await wait_until(pilot, lambda: app.screen is screen)
        await pilot.press("ctrl+t")
        form = await dialogue(pilot, ChatSettingsScreen)
        await pilot.press("f6")
        await dialogue(pilot, PresetScreen)
        await pilot.press("2")
        await wait_until(pilot, lambda: form.query_one("#set-seed", Input).value == "3")
        assert form.query_one("#set-temperature", Input).value == ""
        assert form.query_one("#system", TextArea).text == "Doubt."


async def test_a_row_of_data_becomes_the_prompt() -> None:
    services = FakeServices(3, "card_arrival")
    app = app_with(services)
    async with app.run_test(size=(120, 36)) as pilot:
        screen = await open_chat(pilot)
        await pilot.press("f7")
        form = await dialogue(pilot, AttachRowScreen)
        await wait_until(pilot, lambda: form._places)
        form.query_one("#attach-path", Input).focus()
        await pilot.press(*"/missing", "enter")
        await wait_until(pilot, lambda: "There is no such file" in screen_text(app))
        form.query_one("#attach-places").focus()
        await pilot.press("enter")
        table = form.query_one("#attach-rows", RowTable)
        await wait_until(pilot, lambda: table.row_count == 100)
        await pilot.press("G")
        await wait_until(pilot, lambda: table.row_count == 200)
        await pilot.press("home", "down")
        await wait_until(
            pilot, lambda: "→ card_arrival" in str(form.query_one("#attach-row", Static).render())
        )
        await pilot.press("enter")
        await wait_until(pilot, lambda: app.screen is screen)
        assert screen.prompt.text == "Where is my card number 1?"
        assert app.focused is screen.prompt
        await pilot.press("enter")
        await wait_until(pilot, lambda: "expected: card_arrival ✓" in meter(screen))
        turns = screen.handle.session.turns
        await wait_until(pilot, lambda: turns[-1].note == "expected: card_arrival")
        # Another question is none of the data's.
        await pilot.press(*"And?", "enter")
        await wait_until(pilot, lambda: len(turns) == 4 and not screen.busy)
        await wait_until(pilot, lambda: "expected" not in meter(screen))


async def test_another_learnware_goes_on_and_all_is_exported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = app_with(FakeServices(24, "hello"))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await open_chat(pilot, "What is 2/3?")
        await pilot.press("f8")
        form = await dialogue(pilot, PickScreen)
        await wait_until(pilot, lambda: len(form._rows) == 24)
        assert "same base" in screen_text(app)
        await pilot.press(*"nothing like it")
        await wait_until(pilot, lambda: "None on this machine is like that" in screen_text(app))
        await pilot.press("enter")  # nothing to choose
        form.query_one(Input).value = "medicine-007"
        await wait_until(pilot, lambda: len(form._rows) == 1)
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.learnware.id == "starter/medicine-007")
        assert screen.session is not None
        assert [turn.content for turn in screen.session.turns] == ["What is 2/3?", "hello"]
        await wait_until(pilot, lambda: not screen.busy)

        # Export: it asks before it replaces a file.
        target = tmp_path / "What-is-2-3.md"
        await pilot.press("f9")
        form = await dialogue(pilot, AskScreen)
        assert form.query_one(Input).value == str(target)
        await pilot.press("enter")
        await wait_until(pilot, target.exists)
        assert "## You\n\nWhat is 2/3?" in target.read_text()
        target.write_text("mine")
        await wait_until(pilot, lambda: app.screen is screen)
        for key, kept in (("n", True), ("y", False)):
            await pilot.press("f9")
            await dialogue(pilot, AskScreen)
            await pilot.press("enter")
            await dialogue(pilot, ConfirmScreen)
            await pilot.press(key)
            await wait_until(pilot, lambda: app.screen is screen)
            await wait_until(pilot, lambda k=kept: (target.read_text() == "mine") == k)
        await pilot.press("f9")
        form = await dialogue(pilot, AskScreen)
        form.query_one(Input).value = str(tmp_path / "talk.json")
        await pilot.press("enter")
        await wait_until(pilot, (tmp_path / "talk.json").exists)
        assert json.loads((tmp_path / "talk.json").read_text())["messages"][1]["content"] == "hello"


def test_usage_is_counted_then_estimated() -> None:
    from lwtui.backend.protocol import Finished

    session = ChatSession("a/b", system="x" * 400)
    assert usage_of(session, 1000).tokens == 105
    session.ask("y" * 400)
    turn = session.begin_answer()
    turn.content, turn.tokens = "z" * 100, 50  # 2 bytes a token here
    counted = Counted.at_end(session, Finished("stop", 230, 50, 0.1, 0.5, dropped_messages=1))
    usage = usage_of(session, 1000, counted)
    assert (usage.tokens, usage.exact, usage.left_out, usage.full) == (280, True, 1, False)
    longer = usage.with_draft("w" * 1000)
    assert (longer.tokens, longer.exact, longer.full) == (785, False, True)
    # Edited since: the count is no longer of this conversation.
    session.turns[1] = Turn("assistant", "other", tokens=1)
    assert not usage_of(session, 1000, counted).exact
    assert usage_of(ChatSession("a/b"), 0).fraction == 0


def test_parameters_are_checked() -> None:
    usual = GenerationSettings(temperature=0.0)
    chosen = read_settings({"temperature": " ", "top_k": "5", "seed": "0"}, usual)
    assert chosen == GenerationSettings(temperature=0.0, top_k=5, seed=0)
    assert summary(chosen, usual) == "top k 5, seed 0"
    for wrong in ({"top_k": "2.5"}, {"top_p": "1.1"}, {"seed": "-1"}, {"temperature": "nan"}):
        with pytest.raises(BadInput, match="Must be a"):
            read_settings(wrong, usual)


def test_rows_of_a_folder_are_prompts(tmp_path: Path) -> None:
    lines = [
        {"question": f"Which {n}?", "choices": ["one", "two"], "answer": "one"} for n in range(5)
    ]
    (tmp_path / "rows.jsonl").write_text("\n".join(json.dumps(line) for line in lines))
    rows = first_rows(tmp_path, 3)
    assert (len(rows.examples), rows.more, rows.offered) == (3, True, True)
    assert prompt_of(rows.examples[0], offered=True) == "Which 0?\n\nA. one\nB. two"
    assert prompt_of(rows.examples[0]) == "Which 0?"
    with pytest.raises(BadInput):
        first_rows(tmp_path / "nothing", 3)


def test_all_tools_have_keys_that_no_field_takes() -> None:
    """The prompt has the focus nearly always: its keys stay its own."""
    from lwtui.tui.actions import chat, chat_tools

    app_keys = {"ctrl+p", "ctrl+q", "ctrl+o", "ctrl+e"}
    editing = {f"ctrl+{letter}" for letter in "aewukzcxvd"}
    others = {key for action in chat.ACTIONS for key in action.keys.split(",")}
    for action in chat_tools.ACTIONS:
        assert action.priority
        assert not set(action.keys.split(",")) & (app_keys | editing | others)
