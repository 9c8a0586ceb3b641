"""The part of the app that knows its jobs: starts them, counts them, hears of their end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual.app import App
from textual.reactive import reactive

from lwtui.config import Config
from lwtui.errors import Cancelled, LwtuiError
from lwtui.jobs import JobContext
from lwtui.tui import messages
from lwtui.tui.background import in_thread, tell
from lwtui.tui.house import House
from lwtui.tui.hub_messages import JobFinished
from lwtui.tui.messages import RunningJob
from lwtui.tui.text import clean

if TYPE_CHECKING:
    from lwtui.tui.services import Services

LONG = 5.0
"""Seconds after which the end of a job is worth a sound, for who looks elsewhere."""
FAREWELL = 5.0
"""Seconds that leaving waits for jobs that were told to stop."""


class JobKeeper(App[None]):
    house: reactive[House] = reactive(House())
    services: Services

    def __init__(self) -> None:
        super().__init__()
        self.config = Config()
        self.session_jobs: list[RunningJob] = []
        """Every job since the app was opened, the oldest first."""
        self._job_threads: list[threading.Thread] = []

    def start_job(self, title: str, mode: str = "match", unit: str = "rows") -> RunningJob:
        """Count a long job in the header and stop it when the app quits."""
        job = RunningJob(title, mode, unit)
        self.count_job(job)
        return job

    def count_job(self, job: RunningJob) -> None:
        """The job runs now."""
        if job not in self.session_jobs:
            self.session_jobs.append(job)
        self.house = replace(self.house, jobs=(*self.house.jobs, job))

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
            except BaseException:
                # A bug; but no job of the list may run for ever because of it.
                tell(self, JobFinished(job, LwtuiError("It ended by an error of lwtui's own.")))
                raise
            else:
                tell(self, JobFinished(job, None, value, then))

        self._job_threads = [thread for thread in self._job_threads if thread.is_alive()]
        self._job_threads.append(in_thread(run, job.title))

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
        self.house_changed()

    def house_changed(self) -> None:
        """What shows jobs is to be painted again."""
        self.house = replace(self.house, revision=self.house.revision + 1)

    def end_job(self, job: RunningJob, error: Exception | None = None) -> None:
        job.end(error)
        if job.seconds > LONG and not self.app_focus and self.config.notify == "bell":
            self.bell()  # whoever went elsewhere meanwhile
        self.house = replace(self.house, jobs=tuple(j for j in self.house.jobs if j is not job))

    def stop_jobs(self) -> None:
        """Ask every job to stop; returns at once."""
        for job in self.house.jobs:
            job.cancel.cancel()

    def await_jobs(self) -> None:
        """After :meth:`stop_jobs`: give them a moment to leave things in order."""
        for thread in self._job_threads:
            thread.join(FAREWELL)

    def complain(self, error: Exception, title: str) -> None:
        """Show an error the user can act on. Its text is shown as it is, never as markup."""
        title = clean(title)
        if isinstance(error, Cancelled):
            self.notify(clean(str(error)), title=title, markup=False)
        else:
            self.notify(clean(str(error)), title=title, severity="error", timeout=15, markup=False)
