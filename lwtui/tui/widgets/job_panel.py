"""A running job: what it does, how far it is, how long it will take, and a button that stops it."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, ProgressBar, Static

from lwtui.jobs import Progress
from lwtui.tui.text import human_time, one_line, plain


class JobPanel(Vertical):
    """Posts :class:`JobPanel.Stop` when the button is pressed."""

    DEFAULT_CSS = """
    JobPanel {
        align: center middle; height: 1fr;
        & > Static { width: 64; max-width: 90%; height: auto; }
        & > ProgressBar { width: 64; max-width: 90%; margin: 1 0; }
        & Bar { width: 1fr; }
        & Bar > .bar--bar { color: $accent; background: $panel; }
        & Bar > .bar--complete { color: $success; background: $panel; }
        & Bar > .bar--indeterminate { color: $accent; background: $panel; }
        & > Button { margin-top: 1; }
    }
    """

    class Stop(Message):
        """The user wants the job to stop."""

    def compose(self) -> ComposeResult:
        yield Static(id="job-title", markup=False)
        yield ProgressBar(show_eta=False)
        yield Static(id="job-state", markup=False)
        yield Button("Stop  (escape)", compact=True, id="job-stop")

    def start(self, title: str) -> None:
        self.query_one("#job-title", Static).update(Content.styled(one_line(title), "bold"))
        self.query_one(ProgressBar).update(total=None, progress=0)
        self.query_one("#job-state", Static).update("starting…")
        self.query_one(Button).disabled = False

    def show(self, progress: Progress) -> None:
        """Show how far it is and the estimate of what remains."""
        self.query_one(ProgressBar).update(total=progress.total, progress=progress.done)
        parts = [one_line(progress.note)] if progress.note else []
        if progress.total:
            parts.append(f"{progress.done:,.0f} of {progress.total:,.0f} rows")
        parts.append(f"{human_time(progress.elapsed)} so far")
        if progress.remaining is not None and progress.fraction and progress.fraction < 1:
            parts.append(f"about {human_time(progress.remaining)} left")
        self.query_one("#job-state", Static).update(plain(" · ".join(parts)))

    def stopping(self) -> None:
        self.query_one(Button).disabled = True
        self.query_one("#job-state", Static).update("stopping…")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Stop())
