"""Jobs: everything long that this session has run, with progress, time left and a cancel."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from lwtui.tui.bindings import bindings_of
from lwtui.tui.messages import RunningJob
from lwtui.tui.pull_job import PullJob
from lwtui.tui.screens.mode import ModeScreen
from lwtui.tui.text import bar, human_size, human_time, one_line
from lwtui.tui.widgets.job_parts import JobParts
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

if TYPE_CHECKING:
    from lwtui.tui.screens.end_pull import Ending

BAR = 10
REFRESH = 1.0
"""Seconds between two looks at the clock."""
COLUMNS = (
    Column("job", 24, flex=3),
    Column("state", 10),
    Column("progress", BAR + 5, rank=1),
    Column("left", 11, right=True),
    Column("speed", 10, right=True, rank=2),
    Column("size", 17, right=True, rank=4),
    Column("took", 12, right=True, rank=3),
)
STATES: dict[str, Cell] = {
    "running": ("▶ running", "accent"),
    "paused": ("‖ paused", "accent"),
    "done": ("✓ done", "good"),
    "stopped": ("■ stopped", "dim"),
    "failed": ("✗ failed", "bad"),
}
TEACH = Content.assemble(
    ("No job yet.\n\n", "bold"),
    "Pulls, specifications, matches, evaluations and the loading of models are listed here while "
    "this session lasts. They go on while you look at another screen. A pull that was not finished "
    "is listed again next time.",
)


class JobsScreen(ModeScreen):
    MODE = "jobs"
    CSS_PATH = "jobs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("jobs")
    AUTO_FOCUS = "#jobs"

    def compose_body(self) -> ComposeResult:
        yield Static(TEACH, id="jobs-teach")
        yield RowTable(COLUMNS, self._cells, id="jobs")
        yield JobParts(id="jobs-parts")
        yield Static(id="jobs-note", markup=False)

    def on_mount(self) -> None:
        self.watch(self.app, "house", self._update)
        self.set_interval(REFRESH, self._tick)

    @property
    def _jobs(self) -> list[RunningJob]:
        """Newest first."""
        return self.lwtui.session_jobs[::-1]

    @property
    def _job(self) -> RunningJob | None:
        jobs, cursor = self._jobs, self.query_one(RowTable).cursor
        return jobs[cursor] if 0 <= cursor < len(jobs) else None

    @property
    def _pull(self) -> PullJob | None:
        return self._job if isinstance(self._job, PullJob) else None

    def _update(self) -> None:
        table, count = self.query_one(RowTable), len(self._jobs)
        self.query_one("#jobs-teach").display = not count
        table.display = bool(count)
        if count != table.row_count:
            table.set_rows(count, table.cursor + count - table.row_count if table.cursor else 0)
        table.refresh()
        self._show_note()

    def _tick(self) -> None:
        if self.lwtui.house.jobs and self.app.screen is self:
            self.query_one(RowTable).refresh()

    def _cells(self, row: int) -> list[Cell]:
        job = self._jobs[row]
        progress, running = job.progress, job.state == "running"
        share = progress.fraction if progress is not None else None
        if share is not None and job.state == "done":
            share = 1.0  # whatever was left to report when it ended
        shown = "" if share is None else f"{bar(share, BAR)} {share:4.0%}"
        left = job.remaining if running else None
        return [
            one_line(job.title, 120),
            ("stopping", "dim") if running and job.cancel.cancelled else STATES[job.state],
            (shown, "dim" if not running else "accent"),
            human_time(left) if left else "",
            (speed(job), "dim"),
            (amount(job), "dim"),
            (human_time(job.seconds), "dim"),
        ]

    @on(RowTable.Moved)
    def _show_note(self) -> None:
        job = self._job
        note = job.message if job is not None else ""
        progress = job.progress if job is not None and job.state == "running" else None
        if progress is not None:
            note = progress.note
        self.query_one(JobParts).show(progress.parts if progress is not None else ())
        self.query_one("#jobs-note", Static).update(Content(one_line(note, 600)))
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what runs can be cancelled, and only pulls pause."""
        job, pull = self._job, self._pull
        if action == "pause":
            return pull is not None and (pull.can_pause or pull.can_resume)
        if action == "cancel":
            if pull is not None:
                return pull.can_discard
            return job is not None and job.state == "running" and not job.cancel.cancelled
        return action != "open" or job is not None

    def action_pause(self) -> None:
        pull = self._pull
        if pull is None:
            return
        if pull.can_pause:
            self.lwtui.stop_pull(pull, "pause")
        else:
            self.lwtui.resume_pull(pull)
        self._update()

    def action_cancel(self) -> None:
        job, pull = self._job, self._pull
        if pull is not None:
            self._end_pull(pull)
        elif job is not None:
            job.cancel.cancel()
            self._update()

    def _end_pull(self, pull: PullJob) -> None:
        """What was fetched can stay for another time."""
        from lwtui.tui.screens.end_pull import EndPullScreen

        def chosen(ending: Ending | None) -> None:
            if ending is not None:
                self.lwtui.stop_pull(pull, ending)
                self._update()

        self.app.push_screen(EndPullScreen(pull), chosen)

    @on(RowTable.Chosen)
    async def action_open(self) -> None:
        if self._job is not None:
            await self.lwtui.action_mode(self._job.mode)


def speed(job: RunningJob) -> str:
    """``12 rows/s``, ``8.1 MB/s``, as far as it can be told."""
    a_second = job.speed
    if a_second is None or (job.state == "paused"):
        return ""
    if job.unit == "bytes":
        return f"{human_size(a_second)}/s" if a_second > 0 else "0 B/s"
    return f"{a_second:.0f} {job.unit}/s" if a_second >= 10 else f"{a_second:.1f} {job.unit}/s"


def amount(job: RunningJob) -> str:
    """``3.1 of 15.2 GB``, for jobs that count bytes."""
    progress = job.progress
    if job.unit != "bytes" or progress is None or not progress.total:
        return ""
    total = human_size(progress.total)
    done = human_size(min(progress.done, progress.total)).removesuffix(f" {total.split()[-1]}")
    return f"{done} of {total}"
