"""Asks before jobs are stopped by leaving, and says what becomes of each."""

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
from lwtui.tui.text import human_time, one_line

Leaving = Literal["go on next time", "forget"]

BECOMES = {
    "pull": "keeps what it has fetched",
    "evaluation": "keeps every row it has run",
    "match": "starts anew",
    "specification": "starts anew",
    "conversion": "starts anew",
    "index": "starts anew",
    "publication": "stops; what was sent is not sent again",
    "adoption": "stops; what was taken in stays",
}
"""What leaving does to each kind of job."""


class QuitScreen(Dialogue["Leaving | None"]):
    """Dismissed with what is to become of the jobs, or None to stay."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n", "dismiss(None)", "Stay"),
        Binding("x", "dismiss('forget')", "Quit, and do not offer to go on next time"),
    ]

    def __init__(self) -> None:
        super().__init__("Quit while jobs run?")

    def compose_body(self) -> ComposeResult:
        with VerticalScroll(id="quit-scroll"):
            yield Static(id="quit-jobs", markup=False)
        yield Static(
            "Leaving stops them, and the next start offers to go on. Nothing that was saved is "
            "lost. ctrl+q again quits at once.",
            classes="text muted",
        )
        with Horizontal(classes="buttons"):
            yield Button(
                "Quit, go on next time  (enter)", id="later", variant="primary", compact=True
            )
            yield Button("Quit, forget  (x)", id="forget", compact=True)
            yield Button("Stay  (escape)", id="stay", compact=True)

    def on_mount(self) -> None:
        super().on_mount()
        self.query_one("#later").focus()
        self.watch(self.app, "house", self._show)

    def _show(self) -> None:
        jobs = self.lwtui.lasting_jobs
        lines = [job_line(job) for job in jobs]
        said = Content("\n").join(lines) if lines else Content("Nothing runs any more.")
        self.query_one("#quit-jobs", Static).update(said)

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        name = event.button.id
        self.dismiss(
            "go on next time" if name == "later" else "forget" if name == "forget" else None
        )


def job_line(job: RunningJob) -> Content:
    """Its name, how far it is, and what leaving does to it."""
    left = f", about {human_time(job.remaining)} left" if job.remaining else ""
    far = f"  {job.percent}{left}" if job.percent else ""
    return Content.assemble(
        (one_line(job.title, 60), "bold"),
        (far, "$accent"),
        (f"\n  {BECOMES.get(job.kind, 'stops')}", "$foreground-muted"),
    )
