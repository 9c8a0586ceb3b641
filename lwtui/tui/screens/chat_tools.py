"""What a chat offers beside asking: a part of the chat's screen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from textual import on, work
from textual.app import ComposeResult
from textual.widgets import TextArea

from lwtui.errors import LwtuiError
from lwtui.tui import messages
from lwtui.tui.sampling_fields import differing, summary
from lwtui.tui.screens.mode import ModeScreen
from lwtui.tui.text import clean, one_line
from lwtui.tui.widgets.context_meter import ContextMeter
from lwtui.tui.widgets.prompt import PromptArea

if TYPE_CHECKING:
    from lwtui.backend.protocol import GenerationSettings
    from lwtui.chat.session import ChatSession
    from lwtui.learnware.model import Learnware
    from lwtui.tui.screens.chat_settings import ChatSettings
    from lwtui.tui.screens.compare_chat import CompareScreen
    from lwtui.tui.services import ChatHandle
    from lwtui.workflow.chat_context import ContextUsage

LONG_ANSWER = 80
"""Characters from which on an expected answer is a text, and equal words are not to be expected."""


class ChatRoom(Protocol):
    """What the chat's screen offers to its tools."""

    @property
    def learnware(self) -> Learnware | None: ...

    @property
    def session(self) -> ChatSession | None:
        """The conversation on show."""

    @property
    def handle(self) -> ChatHandle | None:
        """None while no model is loaded for it."""

    @property
    def busy(self) -> bool:
        """An answer streams, or a model loads."""

    @property
    def prompt(self) -> PromptArea: ...

    @property
    def data(self) -> Path | None:
        """The dataset that led here."""

    async def switch_to(self, learnware: Learnware) -> None: ...

    async def show_session(self, session_id: str) -> None: ...

    def sessions_changed(self) -> None:
        """The list of conversations is to be read again."""


class ChatTools(ModeScreen):
    """Actions of ``lwtui.tui.actions.chat_tools``."""

    _attached: tuple[str, str] | None = None
    """A row that was taken as a prompt, and the answer that the data has for it."""
    _expected: tuple[str, bool | None] | None = None
    """The answer that the last one should have been, and whether it was."""
    _compare: CompareScreen | None = None
    """A comparison that is open, in sight or not."""

    @property
    def room(self) -> ChatRoom:
        return cast("ChatRoom", self)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hide from the footer what makes no sense now."""
        del parameters
        session = self.room.session
        if action in ("settings", "preset"):
            return session is not None
        if action == "switch":
            return session is not None and not self.room.busy
        if action == "export":
            return session is not None and bool(session.turns)
        return True

    # The line under the prompt

    def compose_meter(self) -> ComposeResult:
        """The line under the prompt."""
        yield ContextMeter(id="meter")

    def tools_changed(self) -> None:
        """Another conversation, another learnware, or an answer has ended."""
        self._see_whether_expected()
        for meter in self.query(ContextMeter):
            meter.show(self._usage(), self._how_asked(), self._expected)

    @on(TextArea.Changed, "#prompt")
    def _typed(self, event: TextArea.Changed) -> None:
        for meter in self.query(ContextMeter):
            meter.draft(event.text_area.text)

    def _usage(self) -> ContextUsage | None:
        session, handle, learnware = self.room.session, self.room.handle, self.room.learnware
        if session is None:
            return None
        if handle is not None:
            return handle.usage
        from lwtui.backend.choose import LONGEST_CONTEXT
        from lwtui.workflow.chat_context import usage_of

        trained = learnware.model.context_length if learnware is not None else 0
        return usage_of(session, min(trained, LONGEST_CONTEXT))

    def _suggested(self) -> GenerationSettings:
        handle, learnware = self.room.handle, self.room.learnware
        if handle is not None:
            return handle.suggested
        from lwtui.backend.protocol import GenerationSettings
        from lwtui.workflow.chat import default_settings

        return default_settings(learnware) if learnware is not None else GenerationSettings()

    def _how_asked(self) -> str:
        session = self.room.session
        if session is None:
            return ""
        parts = ["system prompt"] if session.system.strip() else []
        if chosen := summary(session.settings, self._suggested()):
            parts.append(chosen)
        return " · ".join(parts)

    # System prompt, parameters, presets

    @work
    async def action_settings(self) -> None:
        from lwtui.tui.screens.chat_settings import ChatSettings, ChatSettingsScreen

        session = self.room.session
        if session is None:
            return
        now = ChatSettings(session.system, session.settings)
        screen = ChatSettingsScreen(session.learnware, now, self._suggested())
        chosen = await self.app.push_screen_wait(screen)
        if chosen is not None and chosen != now:
            self.configure_chat(session, chosen)

    @work
    async def action_preset(self) -> None:
        from lwtui.tui.screens.chat_presets import PresetScreen, settings_of
        from lwtui.tui.screens.chat_settings import ChatSettings

        session = self.room.session
        if session is None:
            return
        preset = await self.app.push_screen_wait(PresetScreen(self.lwtui.config.presets))
        if preset is not None:
            settings = settings_of(preset, self._suggested())
            self.configure_chat(session, ChatSettings(preset.system or session.system, settings))
            self.notify(f"{one_line(preset.name, 80)}: from the next answer on.", markup=False)

    @work(thread=True, group="configure")
    def configure_chat(self, session: ChatSession, chosen: ChatSettings) -> None:
        """From the next answer on, and kept with the conversation."""
        handle = self.room.handle
        try:
            if handle is not None and handle.session is session:
                handle.configure(chosen.settings)
                handle.set_system(chosen.system)
            else:
                session.settings, session.system = chosen.settings, chosen.system
                if session.turns:
                    self.services.save_session(session)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The settings were not kept", error))
            return
        self.app.call_from_thread(self.tools_changed)

    # A row of data as the prompt

    @work
    async def action_attach(self) -> None:
        from lwtui.tui.screens.attach_row import AttachRowScreen

        row = await self.app.push_screen_wait(AttachRowScreen(self.room.data))
        if row is None:
            return
        prompt = self.room.prompt
        prompt.text = clean(row.prompt)
        prompt.move_cursor(prompt.document.end)
        prompt.focus()
        self._attached = (prompt.text, row.answer) if row.answer else None

    def _see_whether_expected(self) -> None:
        session = self.room.session
        turns = session.turns if session is not None else []
        answered = len(turns) > 1 and turns[-1].role == "assistant" and turns[-1].tokens > 0
        if not answered or turns[-1].status == "running":
            return
        self._expected = None
        if self._attached is None or turns[-2].content.strip() != self._attached[0].strip():
            return
        answer = self._attached[1]
        given = None if len(answer) > LONG_ANSWER else _same(answer, turns[-1].content)
        self._expected = (answer, given)
        note = f"expected: {one_line(answer, 2000)}"
        if note not in turns[-1].note:
            self.remark_chat(note)

    @work(thread=True, group="configure")
    def remark_chat(self, note: str) -> None:
        handle = self.room.handle
        try:
            if handle is not None:
                handle.remark(note)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The expected answer was not noted", error))

    # Another learnware

    @work
    async def action_switch(self) -> None:
        from lwtui.tui.screens.pick import PickScreen

        session = self.room.session
        if session is None or self.room.busy:
            return
        screen = PickScreen("Go on with", current=self.room.learnware)
        learnware: Learnware | None = await self.app.push_screen_wait(screen)
        if learnware is not None and learnware.id != session.learnware:
            await self.room.switch_to(learnware)

    # Export

    @work
    async def action_export(self) -> None:
        from lwtui.tui.screens.ask import AskScreen
        from lwtui.workflow.export_chat import file_name

        session = self.room.session
        if session is None:
            return
        help = "Markdown to read; JSON, with everything there is, if the name ends in .json."
        suggested = str(Path.cwd() / file_name(session))
        target = await self.app.push_screen_wait(AskScreen("Export to", suggested, help))
        if target is not None:
            self.write_chat(session, Path(target), False)

    @work(thread=True, group="export")
    def write_chat(self, session: ChatSession, target: Path, replace: bool) -> None:
        try:
            written = self.services.export_chat(session, target, replace)
        except FileExistsError:
            self.app.call_from_thread(self._ask_to_replace, session, target)
            return
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The conversation was not exported", error))
            return
        self.app.call_from_thread(self.notify, clean(str(written)), title="Written", markup=False)

    @work
    async def _ask_to_replace(self, session: ChatSession, target: Path) -> None:
        from lwtui.tui.screens.ask import ConfirmScreen

        text = f"{target} is there already."
        if await self.app.push_screen_wait(ConfirmScreen("Replace the file?", text, "Replace")):
            self.write_chat(session, target, True)

    # Compare

    @work
    async def action_compare(self) -> None:
        """Begin a comparison; to the one that is open, if another mode was looked at meanwhile."""
        from lwtui.tui.screens.compare_chat import CompareScreen
        from lwtui.tui.screens.pick import PickScreen

        if self._compare is not None:
            self.app.push_screen(self._compare, self._compared)
            return
        learnware, session = self.room.learnware, self.room.session
        names = [learnware.id] if learnware is not None else []
        if learnware is None or learnware.model.kind != "adapter":
            title = "Compare with" if names else "Compare with its base"
            other = await self.app.push_screen_wait(PickScreen(title, current=learnware))
            if other is None:
                return
            names.append(other.id)
        changes: dict[str, object] = {}
        if session is not None:
            chosen = differing(session.settings, self._suggested())
            changes = {name: getattr(session.settings, name) for name in chosen}
        if self.room.busy:
            self.notify("The chat still answers: times will be longer while it does.")
        self._compare = CompareScreen(
            names, session.system if session is not None else "", changes, self._to_compare()
        )
        self.app.install_screen(self._compare, "compare")  # another mode may cover it
        self.app.push_screen(self._compare, self._compared)

    def _compared(self, _result: None) -> None:
        """The user has closed it, or goes on with one conversation of it."""
        screen, self._compare = self._compare, None
        if screen is not None:
            self.call_later(self._end_compare, screen)

    async def _end_compare(self, screen: CompareScreen) -> None:
        self.app.uninstall_screen(screen)
        await screen.remove()
        if screen.kept:
            await self.room.show_session(screen.kept)
            self.room.sessions_changed()

    def _to_compare(self) -> str:
        """What is typed in the prompt, else the last question."""
        if self.room.prompt.text.strip():
            return self.room.prompt.text
        turns = self.room.session.turns if self.room.session is not None else []
        return next((turn.content for turn in reversed(turns) if turn.role == "user"), "")


def _same(expected: str, answer: str) -> bool:
    """Whether an answer says what the data has, but for case and a full stop."""
    one, other = (text.strip().strip(".").casefold() for text in (expected, answer))
    return one == other
