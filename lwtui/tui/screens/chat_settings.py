"""How a conversation is asked: its system prompt and its parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Grid, Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Static, TextArea

from lwtui.backend.protocol import GenerationSettings
from lwtui.config import Preset
from lwtui.errors import BadInput
from lwtui.tui.sampling_fields import FIELDS, differing, read_settings, shown
from lwtui.tui.screens.chat_presets import PresetScreen
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import clean, one_line
from lwtui.tui.widgets.line_input import LineInput

LONGEST_SYSTEM = 100_000
"""Characters."""


@dataclass(frozen=True)
class ChatSettings:
    """What the user has chosen."""

    system: str
    settings: GenerationSettings


class SystemArea(TextArea):
    """Takes text only, as a terminal's paste may hold more."""

    async def _on_paste(self, event: events.Paste) -> None:
        event.text = clean(event.text)
        await super()._on_paste(event)
        event.prevent_default()


class ChatSettingsScreen(Dialogue[ChatSettings | None]):
    """Dismissed with what is to hold from the next answer on, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close, change nothing"),
        Binding("ctrl+s", "apply", "Use from the next answer on", priority=True),
        Binding("ctrl+r", "reset", "All as the learnware's task suggests", priority=True),
        Binding("f6", "preset", "Fill in from a preset", priority=True),
    ]
    CSS = """
    ChatSettingsScreen {
        #system {
            height: 5; border: none; padding: 0 1; background: $panel; scrollbar-size-vertical: 1;
            &:focus { border: none; }
        }
        #sampling {
            grid-size: 4; grid-columns: 16 1fr 16 1fr; grid-rows: 1; height: auto; margin-top: 1;
            & > .label { color: $foreground-muted; }
            & > Input { margin: 0 2 0 0; }
        }
        #settings-help { height: 2; margin-top: 1; }
        #settings-help.-wrong { color: $text-error; }
    }
    """

    def __init__(self, learnware: str, now: ChatSettings, suggested: GenerationSettings) -> None:
        super().__init__(f"Settings of this conversation with {learnware}")
        self._now = now
        self._suggested = suggested

    def compose_body(self) -> ComposeResult:
        yield Static("system prompt: what the model is told before everything", classes="muted")
        yield SystemArea(
            clean(self._now.system), id="system", tab_behavior="focus",
            highlight_cursor_line=False, placeholder="none",
        )  # fmt: skip
        chosen = differing(self._now.settings, self._suggested)
        with Grid(id="sampling"):
            for field in FIELDS:
                yield Static(field.label, classes="label", markup=False)
                usual = shown(getattr(self._suggested, field.name)) or "any"
                yield LineInput(
                    chosen.get(field.name, ""), placeholder=usual, id=f"set-{field.name}",
                    compact=True, select_on_focus=True,
                )  # fmt: skip
        yield Static(id="settings-help", classes="muted", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Use  (ctrl+s)", id="apply", variant="primary", compact=True)
            yield Button("Reset  (ctrl+r)", id="reset", compact=True)
            yield Button("Preset  (f6)", id="preset", compact=True)
            yield Button("Close  (esc)", id="close", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#system").focus()
        self.watch(self, "focused", self._help)

    def _help(self, focused: Widget | None) -> None:
        text = "Empty fields are as the learnware's task suggests, which is what they show."
        for field in FIELDS:
            if focused is not None and focused.id == f"set-{field.name}":
                text = field.help
        if focused is not None and focused.id == "system":
            text = "Small specialists were trained without one and may answer worse with it."
        note = self.query_one("#settings-help", Static)
        note.remove_class("-wrong")
        note.update(Content(text))

    def _input(self, name: str) -> LineInput:
        return self.query_one(f"#set-{name}", LineInput)

    def action_apply(self) -> None:
        texts = {field.name: self._input(field.name).value for field in FIELDS}
        system = self.query_one("#system", TextArea).text.strip()
        try:
            if len(system) > LONGEST_SYSTEM:
                raise BadInput("The system prompt is too long for any model.", field="system")
            settings = read_settings(texts, self._suggested)
        except BadInput as error:
            wrong = next((field for field in FIELDS if field.label == error.field), None)
            if wrong is not None:
                self._input(wrong.name).focus()
            self.call_after_refresh(self._complain, error)
            return
        self.dismiss(ChatSettings(system, settings))

    def _complain(self, error: BadInput) -> None:
        note = self.query_one("#settings-help", Static)
        note.add_class("-wrong")
        note.update(Content(f"✗ {error.field}: {one_line(error.message, 200)}"))

    def action_reset(self) -> None:
        for field in FIELDS:
            self._input(field.name).value = ""

    @work
    async def action_preset(self) -> None:
        preset = await self.app.push_screen_wait(PresetScreen(self.lwtui.config.presets))
        if preset is not None:
            self._fill(preset)

    def _fill(self, preset: Preset) -> None:
        for field in FIELDS:
            value = preset.changes.get(field.name)
            self._input(field.name).value = shown(value)  # type: ignore[arg-type]
        if preset.system:
            self.query_one("#system", TextArea).text = clean(preset.system)

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_apply()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        if event.button.id == "close":
            self.dismiss(None)
        elif event.button.id == "reset":
            self.action_reset()
        elif event.button.id == "preset":
            self.action_preset()
        else:
            self.action_apply()
