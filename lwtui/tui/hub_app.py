"""The part of the app that brings learnwares in and out: pulls and all other jobs of the Hub."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

from textual.reactive import reactive

from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.tui import hub_messages as told
from lwtui.tui import messages
from lwtui.tui.background import in_thread, tell
from lwtui.tui.job_keeper import JobKeeper
from lwtui.tui.pull_job import PullJob
from lwtui.tui.running_job import RunningJob
from lwtui.tui.text import human_size, one_line
from lwtui.tui.unfinished import Unfinished

if TYPE_CHECKING:
    from lwtui.dock.record import PullPlan
    from lwtui.learnware.model import Learnware
    from lwtui.tui.hub_services import KnownReport, Method, PublishView, UpdateView


class HubApp(JobKeeper):
    collection_revision: reactive[int] = reactive(0)
    """Grows when the collection has changed; screens that show it watch this."""

    def collection_changed(self) -> None:
        self.collection_revision += 1

    def tell_user(self, text: str, title: str = "") -> None:
        """A notification; nothing in it is markup."""
        self.notify(one_line(text, 400), title=one_line(title, 100), markup=False)

    # Pulls

    def pull_of(self, repo: str) -> PullJob | None:
        """The newest pull of this repository in the list of jobs."""
        jobs = (job for job in reversed(self.session_jobs) if isinstance(job, PullJob))
        return next((job for job in jobs if job.repo == repo), None)

    def offer_pull(self, repo: str, revision: str = "") -> None:
        """Show what a pull would do; it starts when the user says so."""
        from lwtui.tui.screens.pull_plan import PullPlanScreen

        job = self.pull_of(repo)
        if job is not None and job.state == "running":
            self.tell_user(f"{repo} is being pulled: see Jobs (5).")
        elif job is not None and job.can_resume:
            self.resume_pull(job)
            self.tell_user(f"{repo}: the pull goes on, see Jobs (5).")
        elif not isinstance(self.screen, PullPlanScreen):
            self.push_screen(PullPlanScreen(repo, revision), self._pull_chosen)

    def _pull_chosen(self, plan: PullPlan | None) -> None:
        if plan is not None:
            self.start_pull(plan)

    def start_pull(self, plan: PullPlan) -> PullJob:
        job = PullJob(
            plan.repo, plan.revision, plan.quantisation, plan.size, plan.size - plan.missing
        )
        self._run_pull(job)
        return job

    def resume_pull(self, job: PullJob) -> None:
        if job.can_resume:
            self._run_pull(job)

    def _run_pull(self, job: PullJob) -> None:
        job.begin()
        job.again = partial(self.resume_pull, job)
        self.count_job(job)
        work = partial(self.services.pull, job.repo, job.revision, job.quantisation)
        self.run_job(job, lambda context: work(context=context), self._pulled)

    def stop_pull(self, job: PullJob, ending: Literal["pause", "keep", "discard"]) -> None:
        """End a pull, or a paused one for good; ``discard`` removes what it fetched."""
        job.ending = ending
        if job.state == "running":
            job.cancel.cancel()
        elif ending == "discard":
            self._discard(job)

    def job_failed(self, job: RunningJob, error: Exception) -> None:
        if not isinstance(job, PullJob) or not isinstance(error, Cancelled):
            super().job_failed(job, error)
        elif job.ending == "discard":
            self._discard(job)

    def _discard(self, job: PullJob) -> None:
        job.state = "stopped"
        job.ending = "discard"

        def work() -> None:
            try:
                freed = self.services.discard_pull(job.repo)
            except BadInput:
                freed = 0  # it was stopped before anything was written
            except (LwtuiError, OSError) as error:
                tell(self, messages.Failed(f"{job.title}: not discarded", error))
                return
            tell(self, told.Discarded(job, freed))

        in_thread(work, "discard")

    def on_discarded(self, message: told.Discarded) -> None:
        message.job.progress = None
        message.job.message = f"Discarded, {human_size(message.freed)} freed."
        self.house_changed()

    def _pulled(self, learnware: Learnware) -> None:
        self.tell_user(f"{learnware.id} is here: it can be chatted with.", "Pulled")
        self.collection_changed()

    # What else is done with the Hub, as jobs

    def adopt(self, repos: list[str]) -> None:
        title = f"Adopt {len(repos)} models of the cache"
        self.do_job(
            RunningJob(title, "browse", "models", "adoption"),
            lambda context: self.services.adopt(repos, context),
            self._adopted,
        )

    def _adopted(self, learnwares: list[Learnware]) -> None:
        self.tell_user(f"{len(learnwares)} models of the cache are in the collection now.")
        self.collection_changed()

    def specify_learnware(self, learnware_id: str, method: Method) -> None:
        title = f"Specify {one_line(learnware_id, 100)}"
        job = RunningJob(title, "browse", kind="specification")
        job.kept = Unfinished(job.kind, title, {"learnware": learnware_id, "method": method})
        self.do_job(
            job,
            lambda context: self.services.specify_learnware(learnware_id, method, context),
            partial(self._changed, "has a specification now and can be matched."),
        )

    def convert(self, learnware_id: str) -> None:
        title = f"Convert {one_line(learnware_id, 100)} to GGUF"
        job = RunningJob(title, "browse", "tensors", "conversion")
        job.kept = Unfinished(job.kind, title, {"learnware": learnware_id})
        self.do_job(
            job,
            lambda context: self.services.convert(learnware_id, context),
            partial(self._changed, "has a GGUF adapter now and runs with llama.cpp."),
        )

    def _changed(self, what: str, learnware: Learnware) -> None:
        self.tell_user(f"{learnware.id} {what}")
        self.collection_changed()

    def publish(self, view: PublishView) -> None:
        title = f"Publish {one_line(view.to, 100)}"
        self.do_job(
            RunningJob(title, "jobs", "bytes", "publication"),
            lambda context: self.services.publish(view, context),
            lambda address: self.tell_user(f"It can be found at {address}", "Published"),
        )

    def subscribe(self, repo: str) -> None:
        title = f"Subscribe to {one_line(repo, 100)}"
        job = RunningJob(title, "browse", "learnwares", "index")
        job.kept = Unfinished(job.kind, title, {"repo": repo})
        self.do_job(job, lambda context: self.services.subscribe(repo, context), self._known)

    def refresh_indexes(self) -> None:
        job = RunningJob("Read the indexes anew", "browse", "learnwares", "index")
        self.do_job(job, self.services.refresh_indexes, self._known)

    def _known(self, report: KnownReport) -> None:
        count = report.learnwares
        self.tell_user(f"{count:,} learnwares are known by it: Browse lists, Match ranks them.")
        for problem in report.problems[:3]:
            self.notify(one_line(problem, 300), title="Left out", severity="warning", markup=False)
        self.collection_changed()

    def look_for_updates(self) -> None:
        job = RunningJob("Look for newer revisions", "browse", "learnwares", "other")
        self.do_job(job, self.services.updates, self._updates_found)

    def _updates_found(self, updates: list[UpdateView]) -> None:
        if not updates:
            self.tell_user("Every learnware that was pulled is the newest there is.")
            return
        from lwtui.tui.screens.updates import UpdatesScreen

        self.push_screen(UpdatesScreen(updates), self._update_chosen)

    def _update_chosen(self, update: UpdateView | None) -> None:
        if update is not None:
            self.offer_pull(update.id, update.there)
