"""All that is known of one job: what it is, when it began, what it said, and why it failed."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from lwtui.tui.complaints import LONGEST, describe
from lwtui.tui.running_job import JobKind, RunningJob
from lwtui.tui.text import clean, human_size, human_time, one_line

WHAT: dict[JobKind, str] = {
    "pull": "brings a model of the Hub here; paused, it keeps what it has",
    "match": "specifies a dataset and ranks the learnwares for it",
    "evaluation": "runs models on tasks; paused, it keeps every row it has",
    "specification": "makes a specification, so that the learnware can be matched",
    "conversion": "makes an adapter a GGUF for llama.cpp",
    "publication": "sends a learnware to the Hub",
    "index": "reads lists of specifications that others publish",
    "adoption": "takes in models that other tools downloaded",
    "model": "loads a model for a chat",
}
"""What each kind of job does, in a line."""


class JobDetail(VerticalScroll):
    """Can be scrolled with the keys when it has the focus."""

    DEFAULT_CSS = """
    JobDetail {
        height: auto; max-height: 9; padding: 0 1; margin-top: 1; scrollbar-size-vertical: 1;
        border-top: solid $panel;
        & > Static { height: auto; }
    }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._noted: tuple[object, ...] = ()
        """Which notes are on show: a long log is not laid out anew for every step of a job."""

    def compose(self) -> ComposeResult:
        yield Static(id="job-text", markup=False)
        yield Static(id="job-notes", markup=False)

    def show(self, job: RunningJob | None) -> None:
        self.display = job is not None
        if job is None:
            return
        self.query_one("#job-text", Static).update(head(job))
        last = job.notes[-1] if job.notes else None
        noted = (id(job), len(job.notes), last)
        if noted != self._noted:
            self._noted = noted
            notes = self.query_one("#job-notes", Static)
            notes.update(log(job))
            notes.display = last is not None


def head(job: RunningJob) -> Content:
    """What it is, how it does, and why it failed or waits."""
    what = WHAT.get(job.kind, "")
    lines = [
        Content.assemble(
            (one_line(job.title, 200), "bold"), (f"  {what}" if what else "", "$foreground-muted")
        ),
        Content.styled(times(job), "$foreground-muted"),
    ]
    if job.message:
        lines.append(Content.styled(why(job), "$text-error" if job.state == "failed" else ""))
    return Content("\n").join(lines)


def log(job: RunningJob) -> Content:
    """What it said, the newest first."""
    return Content("\n").join(
        Content.assemble((f"{note.at:%H:%M:%S}  ", "$foreground-muted"), one_line(note.text, 300))
        for note in reversed(job.notes)
    )


def times(job: RunningJob) -> str:
    """When it began, how long it ran or runs, and how much it did."""
    parts = [f"began {job.started:%H:%M:%S}", f"{job.state}, {human_time(job.seconds)}"]
    progress = job.progress
    if progress is not None and progress.done:
        if job.unit == "bytes":
            much = [human_size(progress.done), human_size(progress.total or 0)]
        else:
            much = [f"{progress.done:,.0f}", f"{progress.total or 0:,.0f}"]
        of = f" of {much[1]}" if progress.total else ""
        parts.append(f"{much[0]}{of} {'' if job.unit == 'bytes' else job.unit}".rstrip())
    return " · ".join(parts)


def why(job: RunningJob) -> str:
    """Why it failed or waits, with what to do next and where."""
    return describe(job.error) if job.error is not None else clean(job.message[:LONGEST])


def as_text(job: RunningJob) -> str:
    """All of it, to be copied into a report; the oldest note first."""
    lines = [one_line(job.title, 200), times(job)]
    lines += [why(job)] if job.message else []
    lines += [f"{note.at:%H:%M:%S}  {one_line(note.text)}" for note in job.notes]
    return "\n".join(lines)
