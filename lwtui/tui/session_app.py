"""The part of the app that goes on where an earlier session stopped, and asks before it stops."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

from textual.screen import Screen

from lwtui.errors import LwtuiError
from lwtui.tui import hub_messages as told
from lwtui.tui.background import in_thread, tell
from lwtui.tui.evaluation_job import EvaluationJob
from lwtui.tui.hub_app import HubApp
from lwtui.tui.pull_job import PullJob
from lwtui.tui.running_job import RunningJob
from lwtui.tui.session_messages import FirstRun
from lwtui.tui.text import clean, one_line
from lwtui.tui.unfinished import LeftBehind, Unfinished

if TYPE_CHECKING:
    from lwtui.tui.hub_services import Method
    from lwtui.tui.screens.evaluate import EvaluateScreen
    from lwtui.tui.screens.match import MatchScreen
    from lwtui.tui.screens.quit import Leaving
    from lwtui.tui.screens.resume import GoingOn
    from lwtui.tui.screens.welcome import Choice

RETRIED = "It ran when lwtui was left: r runs it again."
RESUMED = "It ran when lwtui was left: space goes on with it."


class SessionApp(HubApp):
    async def action_mode(self, mode: str) -> None:
        raise NotImplementedError

    # Evaluations

    def evaluation_job(self, name: str, run_id: str) -> EvaluationJob:
        """The job of a run that starts, or goes on, now."""
        job = self._evaluation_of(run_id) if run_id else None
        if job is None:
            job = EvaluationJob(f"Evaluating {one_line(name, 60)}", run_id)
        else:
            job.restart()
        job.again = partial(self._evaluate_again, job)
        self.count_job(job)
        return job

    def evaluation_written(self, job: RunningJob, run_id: str) -> None:
        """Its run is on disk: from now on it can go on."""
        if isinstance(job, EvaluationJob):
            job.name_run(run_id)
            self.keep_jobs()

    def evaluation_gone(self, run_id: str) -> None:
        """The run was deleted."""
        job = self._evaluation_of(run_id)
        if job is not None:
            job.name_run("")
            job.again = None
            job.state = "stopped" if job.state == "paused" else job.state
            job.message = "Its run was deleted."
            self.house_changed()

    def _evaluation_of(self, run_id: str) -> EvaluationJob | None:
        jobs = (job for job in self.session_jobs if isinstance(job, EvaluationJob))
        return next((job for job in jobs if job.run_id == run_id), None)

    def _evaluate_again(self, job: EvaluationJob) -> None:
        async def go_on() -> None:
            screen: EvaluateScreen = await self._mode_screen("evaluate")
            screen.go_on(job.run_id)

        self.call_later(self._then_back, go_on)

    def _match_again(self, path: Path, verify: int) -> None:
        async def match() -> None:
            screen: MatchScreen = await self._mode_screen("match")
            screen.resume(path, verify)

        self.call_later(self._then_back, match)

    async def _mode_screen(self, mode: str) -> Any:
        await self.action_mode(mode)
        return self.screen

    async def _then_back(self, start: Callable[[], Awaitable[None]]) -> None:
        """Whoever starts something in the list of jobs watches it there."""
        listed = self.current_mode == "jobs"
        await start()
        if listed:
            await self.action_mode("jobs")

    # What an earlier session left

    def find_unfinished(self) -> None:
        """Look for what an earlier session left unfinished."""

        def work() -> None:
            try:
                left = LeftBehind()
                pulls = self.services.unfinished_pulls()
                wanted = any(job.kind == "evaluation" for job in left.jobs)
                runs = self.services.runs() if wanted else []
            except (LwtuiError, OSError):
                return  # a convenience: starting the same thing again says what is wrong
            open_runs = frozenset(run.id for run in runs if run.state != "done")
            tell(self, told.UnfinishedFound(pulls, left, open_runs))

        in_thread(work, "unfinished")

    def on_unfinished_found(self, message: told.UnfinishedFound) -> None:
        for pull in message.pulls:
            if self.pull_of(pull.repo) is None:
                job = PullJob.begun_earlier(pull)
                job.again = partial(self.resume_pull, job)
                self.session_jobs.insert(0, job)
        found = [self._left_job(each, message.runs) for each in message.left.jobs]
        jobs = [job for job in found if job is not None]
        count = len(message.pulls) - sum(isinstance(job, PullJob) for job in jobs)
        if count > 0:
            self.tell_user(f"{count} unfinished pull{'s' * (count != 1)} can go on: see Jobs (5).")
        if jobs:
            self._offer_to_go_on(jobs, message.left)
        else:
            in_thread(message.left.forget, "unfinished")
        self.house_changed()

    def _left_job(self, left: Unfinished, runs: frozenset[str]) -> RunningJob | None:
        """The job that goes on with it; None when there is nothing to go on with."""
        name = left.text("learnware")
        if left.kind == "pull":
            pull = self.pull_of(left.text("repo"))
            return pull if pull is not None and pull.can_resume else None
        if left.kind == "evaluation":
            if left.text("run") not in runs:
                return None
            evaluation = EvaluationJob(left.title, left.text("run"))
            evaluation.again = partial(self._evaluate_again, evaluation)
            return self._listed(evaluation, RESUMED)
        if left.kind == "match":
            job = RunningJob(left.title, "match", kind="match")
            job.again = partial(self._match_again, Path(left.text("path")), left.number("verify"))
        elif left.kind == "specification":
            job = RunningJob(left.title, "browse", kind="specification")
            specify = partial(self.specify_learnware, name, _method(left.text("method")))
            job.again = partial(self._instead, job, specify)
        elif left.kind == "conversion":
            job = RunningJob(left.title, "browse", kind="conversion")
            job.again = partial(self._instead, job, partial(self.convert, name))
        elif left.kind == "index":
            job = RunningJob(left.title, "browse", kind="index")
            subscribe = partial(self.subscribe, left.text("repo"))
            job.again = partial(self._instead, job, subscribe)
        else:
            return None
        return self._listed(job, RETRIED)

    def _instead(self, job: RunningJob, start: Callable[[], None]) -> None:
        """Another job takes its place in the list."""
        self.session_jobs.remove(job)
        start()

    def _listed(self, job: RunningJob, message: str) -> RunningJob:
        """In the list of jobs, where it waits."""
        job.was_left(message, "paused" if isinstance(job, EvaluationJob) else "stopped")
        self.session_jobs.insert(0, job)
        return job

    def _offer_to_go_on(self, jobs: list[RunningJob], left: LeftBehind) -> None:
        from lwtui.tui.screens.resume import ResumeScreen

        def answered(answer: GoingOn | None) -> None:
            if answer == "go on":
                self.call_later(self._go_on, jobs)
            elif answer == "forget":
                self.session_jobs = [
                    job for job in self.session_jobs if job not in jobs or isinstance(job, PullJob)
                ]
                self.house_changed()
            in_thread(left.forget, "unfinished")

        if len(self.screen_stack) == 1 and self.current_mode in ("start", "browse"):
            self.push_screen(ResumeScreen(jobs), answered)
        else:  # the user is busy with something else by now
            count = len(jobs)
            self.tell_user(f"{count} job{'s' * (count != 1)} of last time can go on: see Jobs (5).")
            answered(None)

    async def _go_on(self, jobs: list[RunningJob]) -> None:
        """Start all of them, and show in the list of jobs how they do."""
        await self.action_mode("jobs")
        for job in jobs:
            self.retry_job(job)

    # The first time

    def look_for_first_run(self) -> None:
        from lwtui.tui.first_run import is_first_run, welcomed

        def work() -> None:
            if is_first_run():
                tell(self, FirstRun(self.services.places()))
                welcomed()

        in_thread(work, "first run")

    def on_first_run(self, message: FirstRun) -> None:
        from lwtui.tui.screens.welcome import WelcomeScreen

        if len(self.screen_stack) == 1 and self.current_mode == "browse":  # no key was faster
            self.push_screen(WelcomeScreen(message.places), self._welcome_answered)

    async def _welcome_answered(self, choice: Choice | None) -> None:
        if choice is None:
            return
        if isinstance(choice, Path):
            self._match_again(choice, 0)
        elif choice == "own":
            screen: MatchScreen = await self._mode_screen("match")
            screen.action_path()
        else:
            await self.action_mode(choice)

    # Leaving

    async def action_quit(self) -> None:
        """Leave, after asking if something runs; a second time leaves whatever runs."""
        from lwtui.tui.screens.quit import QuitScreen

        if self.lasting_jobs and not isinstance(self.screen, QuitScreen):
            self.push_screen(QuitScreen(), self._leaving_chosen)
        else:
            self.leave()

    def _leaving_chosen(self, answer: Leaving | None) -> None:
        if answer is not None:
            self.leave(forget=answer == "forget")

    def leave(self, *, forget: bool = False) -> None:
        """Stop everything and end; ``forget``: the next session does not go on with it."""
        self.unfinished.close(forget=forget)
        self.stop_everything()
        self.exit()

    def stop_everything(self) -> None:
        """Ask every job and every model to stop; returns at once."""
        self.unfinished.close()
        self.stop_jobs()
        self.services.stop()


def _method(name: str) -> Method:
    """How a specification was to be made; a file may say anything."""
    from lwtui.tui.hub_services import Method

    return cast(Method, name) if name in get_args(Method) else "auto"


def offer_prompt(screen: Screen[None], text: str) -> None:
    """Put it into an empty prompt, selected: enter sends it, and typing takes its place."""
    from lwtui.tui.widgets.prompt import PromptArea

    prompt = screen.query_one(PromptArea)
    if text and not prompt.text.strip():
        prompt.text = clean(text)
        prompt.select_all()
