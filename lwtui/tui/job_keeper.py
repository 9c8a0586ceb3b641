"""The part of the app that knows its jobs: starts them, counts them, hears of their end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.reactive import reactive
from textual.timer import Timer

from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.jobs import JobContext
from lwtui.tui import attention, messages
from lwtui.tui.background import in_thread, tell
from lwtui.tui.complaints import Bug, Complaints
from lwtui.tui.house import House
from lwtui.tui.hub_messages import JobFinished
from lwtui.tui.running_job import JobKind, RunningJob
from lwtui.tui.text import one_line
from lwtui.tui.unfinished import Unfinished, UnfinishedFile

if TYPE_CHECKING:
    from lwtui.tui.services import Services

ALONE = ("match", "evaluation")
"""Kinds of jobs that run one at a time, and show what they found on a screen of their own."""
LONG = 5.0
"""Seconds after which the end of a job is worth a sound, for who looks elsewhere."""
PAINT = 0.1
"""Seconds between two looks at jobs that report all the time, at least."""
FAREWELL = 5.0
"""Seconds that leaving waits for jobs that were told to stop."""


class JobKeeper(Complaints):
    house: reactive[House] = reactive(House())
    services: Services

    def __init__(self) -> None:
        super().__init__()
        self.session_jobs: list[RunningJob] = []
        """Every job since the app was opened, the oldest first."""
        self.unfinished = UnfinishedFile()
        self._job_threads: list[threading.Thread] = []
        self._to_paint: Timer | None = None

    def start_job(
        self,
        title: str,
        mode: str = "match",
        unit: str = "rows",
        kind: JobKind = "other",
        *,
        again: Callable[[], None] | None = None,
        kept: Unfinished | None = None,
    ) -> RunningJob:
        """Count a long job in the header and stop it when the app quits. ``again`` runs it anew,
        if it failed or was stopped; ``kept`` lets the next session go on with it."""
        job = RunningJob(title, mode, unit, kind)
        job.again, job.kept = again, kept
        self.count_job(job)
        return job

    def count_job(self, job: RunningJob) -> None:
        """The job runs now."""
        if job not in self.session_jobs:
            self.session_jobs.append(job)
        self.house = replace(self.house, jobs=(*self.house.jobs, job))
        self.keep_jobs()

    def do_job(
        self,
        job: RunningJob,
        work: Callable[[JobContext], Any],
        then: Callable[[Any], None] | None = None,
    ) -> RunningJob:
        """Run a job that only the app looks after. It can be run again as it was."""
        job.again = partial(self._do_again, job, work, then)
        self.count_job(job)
        self.run_job(job, work, then)
        return job

    def _do_again(
        self,
        job: RunningJob,
        work: Callable[[JobContext], Any],
        then: Callable[[Any], None] | None,
    ) -> None:
        job.restart()
        self.do_job(job, work, then)

    def run_job(
        self,
        job: RunningJob,
        work: Callable[[JobContext], Any],
        then: Callable[[Any], None] | None = None,
    ) -> None:
        """Run ``work`` in a thread of its own; ``then`` gets its result, back in the app."""
        cancel = job.cancel  # one that goes on gets a new one

        def run() -> None:
            def report(progress: Any) -> None:
                if job.cancel is cancel:
                    tell(self, messages.JobProgressed(job, progress))

            try:
                value = work(JobContext(report, cancel))
            except (LwtuiError, OSError) as error:
                tell(self, JobFinished(job, error))
            except BaseException as error:
                # A bug; but no job of the list may run for ever because of it.
                bug = Bug()
                bug.__cause__ = error
                tell(self, JobFinished(job, bug))
                raise
            else:
                tell(self, JobFinished(job, None, value, then))

        self._job_threads = [thread for thread in self._job_threads if thread.is_alive()]
        self._job_threads.append(in_thread(run, job.title))

    def retry_job(self, job: RunningJob) -> None:
        """Run a job again that failed or was stopped."""
        if not job.can_retry or job.again is None:
            return
        if job.kind in ALONE and any(each.kind == job.kind for each in self.house.jobs):
            self.complain(self.busy_with(job.kind), "Not now")
            return
        if job.kind == "match" and job in self.session_jobs:
            self.session_jobs.remove(job)  # it begins anew, as another job
        job.again()

    def clear_jobs(self) -> None:
        """Forget jobs that are over; those that can go on stay."""
        self.session_jobs = [job for job in self.session_jobs if not job.is_over]
        self.house_changed()

    def on_job_finished(self, message: JobFinished) -> None:
        self.end_job(message.job, message.error)
        if message.error is not None:
            self.job_failed(message.job, message.error)
        elif message.then is not None:
            message.then(message.value)

    def job_failed(self, job: RunningJob, error: Exception) -> None:
        stopped = isinstance(error, Cancelled)
        self.complain(error, f"{job.title}: {'stopped' if stopped else 'failed'}")

    def on_job_progressed(self, message: messages.JobProgressed) -> None:
        message.job.advance(message.progress)
        if self._to_paint is None:
            self._to_paint = self.set_timer(PAINT, self.house_changed)

    def house_changed(self) -> None:
        """What shows jobs is to be painted again."""
        if self._to_paint is not None:
            self._to_paint.stop()
            self._to_paint = None
        self.house = replace(self.house, revision=self.house.revision + 1)

    def end_job(self, job: RunningJob, error: Exception | None = None) -> None:
        job.end(error)
        if job.seconds > LONG and not isinstance(error, Cancelled):
            self.notify_done(f"{job.title}: {'done' if error is None else 'failed'}")
            if error is None and job.kind in ALONE and job.mode != self.current_mode:
                self.notify(f"{one_line(job.title, 80)}: done. See Jobs (5).", markup=False)
        self.house = replace(self.house, jobs=tuple(j for j in self.house.jobs if j is not job))
        self.keep_jobs()

    def notify_done(self, title: str) -> None:
        """Something long is over: call whoever went elsewhere meanwhile."""
        if not self.app_focus:
            attention.call(self, self.config.notify, title)

    @property
    def lasting_jobs(self) -> list[RunningJob]:
        """What runs and is more than a model being loaded or a list being read."""
        return [job for job in self.house.jobs if job.kind not in ("model", "other")]

    def keep_jobs(self) -> None:
        """What a next session could go on with is on disk before anything can happen to us."""
        self.unfinished.keep([job.kept for job in self.house.jobs if job.kept is not None])

    def busy_with(self, kind: JobKind) -> BadInput:
        """Why a second job of a kind does not start."""
        return BadInput(f"Another {kind} is running.", hint="Wait for it, or stop it in Jobs (5).")

    def stop_jobs(self) -> None:
        """Ask every job to stop; returns at once."""
        for job in self.house.jobs:
            job.cancel.cancel()

    def await_jobs(self) -> None:
        """After :meth:`stop_jobs`: give them a moment to leave things in order."""
        for thread in self._job_threads:
            thread.join(FAREWELL)
