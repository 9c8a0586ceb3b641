"""Which column of the files plays which role, and how many rows are specified."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button, Input, Select, Static

from lwtui.tui.match_services import ROWS, DataChoice
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import clean, one_line, plain
from lwtui.tui.widgets.line_input import LineInput

ROLES = (
    ("prompt", "what is asked"),
    ("input", "what it is about, if apart"),
    ("answer", "the right answer or class"),
    ("choices", "the answers to choose from"),
    ("messages", "a whole conversation"),
    ("system", "the system prompt"),
)
NONE = "-"
MOST_ROWS = 1_000_000


class FieldsScreen(Dialogue[DataChoice | None]):
    """Dismissed with the choice, or None. ``found``: the columns in use now, by role."""

    CSS_PATH = ["dialogue.tcss", "fields_form.tcss"]  # type: ignore[assignment]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Close and change nothing"),
        Binding("ctrl+s", "use", "Read the data in this way", priority=True),
        Binding("ctrl+d", "reset", "Find the fields by their names again", priority=True),
    ]

    def __init__(
        self,
        name: str,
        columns: tuple[str, ...],
        found: tuple[tuple[str, str], ...],
        choice: DataChoice,
        problem: str = "",
    ) -> None:
        super().__init__(f"Fields of {name}")
        self._columns = columns
        self._found = dict(found)
        self._choice = choice
        self._problem = problem

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="fields", can_focus=False):
            if self._problem:
                yield Static(clean(self._problem), classes="text warning", markup=False)
            for role, meaning in ROLES:
                with Horizontal(classes="field"):
                    yield Static(role, classes="role")
                    yield self._select(role)
                    yield Static(meaning, classes="muted")
            with Horizontal(classes="field"):
                yield Static("rows", classes="role")
                yield LineInput(
                    str(self._choice.rows), id="field-rows", type="integer", compact=True
                )
                yield Static("to draw at random", classes="muted")
        yield Static(id="fields-said", classes="warning", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Use  (ctrl+s)", id="use", variant="primary", compact=True)
            yield Button("By name  (ctrl+d)", id="reset", compact=True)
            yield Button("Close  (escape)", id="close", compact=True)

    def _select(self, role: str) -> Select[str]:
        value = self._found.get(role, "")
        # Choices may lie in several columns, which are offered as they were found.
        named = dict.fromkeys([*filter(None, [value]), *self._columns])
        names = [(plain(one_line(name, 60)), name) for name in named]
        options = [(plain("none"), NONE), *names]
        return Select(
            options, value=value or NONE, allow_blank=False, id=f"field-{role}", compact=True
        )

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#field-prompt").focus()

    def action_use(self) -> None:
        text = self.query_one("#field-rows", Input).value.strip().replace(",", "")
        rows = int(text) if text.isdecimal() else 0
        if not 1 <= rows <= MOST_ROWS:
            self._say(f"rows: a number from 1 to {MOST_ROWS:,}; {ROWS} is usual and enough.")
            return
        chosen = {role: str(self.query_one(f"#field-{role}", Select).value) for role, _ in ROLES}
        if chosen["prompt"] == NONE and chosen["messages"] == NONE:
            self._say("A column must hold what is asked: choose one for prompt or for messages.")
            return
        self.dismiss(DataChoice(self._named(chosen), rows))

    def _named(self, chosen: dict[str, str]) -> dict[str, str]:
        """The roles that were named before, and those that were changed now. The others go on being
        found by name, also in files with other columns."""
        before = {role: self._found.get(role, NONE) for role, _ in ROLES}
        changed = {role: name for role, name in chosen.items() if name != before[role]}
        return {**self._choice.fields, **changed}

    def action_reset(self) -> None:
        self.dismiss(DataChoice())

    def _say(self, text: str) -> None:
        self.query_one("#fields-said", Static).update(text)

    @on(Input.Submitted)
    def _entered(self) -> None:
        self.action_use()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "use":
            self.action_use()
        elif event.button.id == "reset":
            self.action_reset()
        else:
            self.dismiss(None)
