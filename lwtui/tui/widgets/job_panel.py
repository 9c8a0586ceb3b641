"""A running job: what it does, how far it is, how long it will take, and a button that stops it."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, ProgressBar, Static

from lwtui.jobs import Progress
from lwtui.tui.text import human_size, human_time, one_line, plain

ENOUGH = 0.3
"""Seconds of a stage after which its speed can be told."""


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

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._stage: Progress | None = None
        """The first report of the stage that runs now."""

    def start(self, title: str) -> None:
        self._stage = None
        self.query_one("#job-title", Static).update(Content.styled(one_line(title), "bold"))
        self.query_one(ProgressBar).update(total=None, progress=0)
        self.query_one("#job-state", Static).update("starting…")
        self.query_one(Button).disabled = False

    def show(self, progress: Progress) -> None:
        """Show the stage, how far it is, its speed and the estimate of what remains of it."""
        stage = self._stage
        if stage is None or stage.note != progress.note or progress.done < stage.done:
            stage = self._stage = progress
        self.query_one(ProgressBar).update(total=progress.total, progress=progress.done)
        first = [one_line(progress.note)] if progress.note else []
        if progress.total:
            first.append(_amount(progress))
        gained, took = progress.done - stage.done, progress.elapsed - stage.elapsed
        second = [f"{human_time(progress.elapsed)} so far"]
        if gained > 0 and took >= ENOUGH and progress.total and progress.done < progress.total:
            speed = gained / took
            second.append(_speed(speed, progress))
            second.append(f"about {human_time((progress.total - progress.done) / speed)} left")
        elif progress.remaining is not None and progress.fraction and progress.fraction < 1:
            second.append(f"about {human_time(progress.remaining)} left")
        text = "\n".join(" · ".join(parts) for parts in (first, second) if parts)
        self.query_one("#job-state", Static).update(plain(text))

    def stopping(self) -> None:
        self.query_one(Button).disabled = True
        self.query_one("#job-state", Static).update("stopping…")

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        event.stop()
        self.post_message(self.Stop())


def _in_bytes(progress: Progress) -> bool:
    """Reading a dataset counts the bytes on disk; all other stages count rows."""
    return progress.note.startswith("reading ")


def _amount(progress: Progress) -> str:
    total = progress.total or 0
    if _in_bytes(progress):
        return f"{human_size(progress.done)} of {human_size(total)}"
    return f"{progress.done:,.0f} of {total:,.0f} rows"


def _speed(speed: float, progress: Progress) -> str:
    if _in_bytes(progress):
        return f"{human_size(speed)}/s"
    return f"{speed:,.1f} rows/s" if speed < 10 else f"{speed:,.0f} rows/s"
