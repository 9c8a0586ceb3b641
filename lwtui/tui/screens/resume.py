"""What ran when the app was last left, and whether to go on with it."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from lwtui.tui.running_job import RunningJob
from lwtui.tui.screens.dialogue import Dialogue
from lwtui.tui.text import one_line

GoingOn = Literal["go on", "forget"]

GOES_ON = {"pull": "goes on from what is here", "evaluation": "goes on where it stopped"}
"""What going on means for each kind of job; the others start anew."""


class ResumeScreen(Dialogue["GoingOn | None"]):
    """Dismissed with None to decide later, in the list of jobs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Later: they wait in Jobs"),
        Binding("x", "dismiss('forget')", "Forget them"),
    ]

    def __init__(self, jobs: list[RunningJob]) -> None:
        count = len(jobs)
        super().__init__(f"{count} job{'s were' if count != 1 else ' was'} running")
        self._jobs = jobs

    def compose_body(self) -> ComposeResult:
        lines = [
            Content.assemble(
                (one_line(job.title, 60), "bold"),
                (f"  {GOES_ON.get(job.kind, 'starts anew')}", "$foreground-muted"),
            )
            for job in self._jobs
        ]
        with VerticalScroll(id="resume-scroll"):
            yield Static(Content("\n").join(lines), id="resume-jobs", markup=False)
        with Horizontal(classes="buttons"):
            yield Button("Go on  (enter)", id="go-on", variant="primary", compact=True)
            yield Button("Forget  (x)", id="forget", compact=True)
            yield Button("Later, in Jobs  (escape)", id="later", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#go-on").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        name = event.button.id
        self.dismiss("go on" if name == "go-on" else "forget" if name == "forget" else None)
