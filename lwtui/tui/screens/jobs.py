"""Jobs: everything long of this session and what the last one left, with all one can do to it."""

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
from lwtui.tui.widgets.job_detail import JobDetail, as_text
from lwtui.tui.widgets.job_parts import JobParts
from lwtui.tui.widgets.row_table import Cell, Column, RowTable

if TYPE_CHECKING:
    from lwtui.tui.screens.end_pull import Ending

BAR = 10
REFRESH = 1.0
"""Seconds between two looks at the clock."""
LONGEST_UNIT = 4
"""Letters of a unit that its column has room for; the pane below names the others."""
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
    "Pulls, matches, specifications and evaluations are listed here. They go on while you look at "
    "another screen; what runs when you leave is offered again at the next start.\n\n",
    ("F2  ", "bold $accent"), "match your data\n",
    ("F4  ", "bold $accent"), "evaluate learnwares\n",
    ("F1  ", "bold $accent"), "pull a model: s shows the Hub, p pulls\n",
)  # fmt: skip


class JobsScreen(ModeScreen):
    MODE = "jobs"
    CSS_PATH = "jobs.tcss"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("jobs")
    AUTO_FOCUS = "#jobs"

    def __init__(self) -> None:
        super().__init__()
        self._under: RunningJob | None = None
        """The job the cursor was last on."""

    def compose_body(self) -> ComposeResult:
        yield Static(TEACH, id="jobs-teach")
        yield RowTable(COLUMNS, self._cells, id="jobs")
        yield JobParts(id="jobs-parts")
        yield JobDetail(id="jobs-detail")

    def on_mount(self) -> None:
        self.watch(self.app, "house", self._update)
        self.set_interval(REFRESH, self._tick)

    @property
    def _jobs(self) -> list[RunningJob]:
        """Newest first."""
        return self.lwtui.session_jobs[::-1]

    @property
    def _job(self) -> RunningJob | None:
        tables = self.query(RowTable)  # none before the screen is composed
        jobs, cursor = self._jobs, tables.first().cursor if tables else -1
        return jobs[cursor] if 0 <= cursor < len(jobs) else None

    @property
    def _pull(self) -> PullJob | None:
        return self._job if isinstance(self._job, PullJob) else None

    def _update(self) -> None:
        table, count = self.query_one(RowTable), len(self._jobs)
        self.query_one("#jobs-teach").display = not count
        table.display = bool(count)
        if count != table.row_count:
            table.set_rows(count, self._kept_cursor(count))
        table.refresh()
        self._show_job()

    def _kept_cursor(self, count: int) -> int:
        """The cursor stays on its job, as long as that is listed; at the top it stays there."""
        at = self.query_one(RowTable).cursor
        if at and self._under in self._jobs:
            return self._jobs.index(self._under)
        return max(0, min(at, count - 1))

    def _tick(self) -> None:
        if self.lwtui.house.jobs and self.app.screen is self:
            self.query_one(RowTable).refresh()
            self.query_one(JobDetail).show(self._job)

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
    def _show_job(self) -> None:
        self._under = job = self._job
        progress = job.progress if job is not None and job.state == "running" else None
        self.query_one(JobParts).show(progress.parts if progress is not None else ())
        self.query_one(JobDetail).show(job)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The footer shows what can be done with the job under the cursor."""
        job, pull = self._job, self._pull
        if action == "clear":
            return any(each.is_over for each in self._jobs)
        if job is None:
            return action not in ("pause", "cancel", "retry", "open", "log", "copy")
        if action == "open":
            return job.mode != self.MODE
        if action == "pause":
            return job.can_pause or job.can_resume
        if action == "retry":
            return job.can_retry
        if action == "cancel":
            if pull is not None:
                return pull.can_discard
            return job.state == "running" and not job.cancel.cancelled
        return True

    def action_pause(self) -> None:
        job, pull = self._job, self._pull
        if job is not None and job.can_resume:
            self.lwtui.retry_job(job)
        elif pull is not None and pull.can_pause:
            self.lwtui.stop_pull(pull, "pause")
        elif job is not None and job.can_pause:
            job.cancel.cancel()
        self._update()

    def action_cancel(self) -> None:
        job, pull = self._job, self._pull
        if pull is not None:
            self._end_pull(pull)
        elif job is not None:
            job.cancel.cancel()
            self._update()

    def action_retry(self) -> None:
        if self._job is not None:
            self.lwtui.retry_job(self._job)
            self._update()

    def action_clear(self) -> None:
        self.lwtui.clear_jobs()
        self._update()

    def action_log(self) -> None:
        detail = self.query_one(JobDetail)
        self.toggle_class("-log")
        (detail if self.has_class("-log") else self.query_one(RowTable)).focus()

    def action_copy(self) -> None:
        if self._job is not None:
            self.app.copy_to_clipboard(as_text(self._job))
            self.lwtui.tell_user("What is known of the job is copied.")

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
        if self._job is not None and self._job.mode != self.MODE:
            await self.lwtui.action_mode(self._job.mode)


def speed(job: RunningJob) -> str:
    """``12 rows/s``, ``8.1 MB/s``, as far as it can be told."""
    a_second = job.speed
    if a_second is None or (job.state == "paused"):
        return ""
    if job.unit == "bytes":
        return f"{human_size(a_second)}/s" if a_second > 0 else "0 B/s"
    unit = "" if len(job.unit) > LONGEST_UNIT else f" {job.unit}"
    return f"{a_second:.0f}{unit}/s" if a_second >= 10 else f"{a_second:.1f}{unit}/s"


def amount(job: RunningJob) -> str:
    """``3.1 of 15.2 GB``, for jobs that count bytes."""
    progress = job.progress
    if job.unit != "bytes" or progress is None or not progress.total:
        return ""
    total = human_size(progress.total)
    done = human_size(min(progress.done, progress.total)).removesuffix(f" {total.split()[-1]}")
    return f"{done} of {total}"
