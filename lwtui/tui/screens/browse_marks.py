"""What Browse does with several learnwares at once: pull, evaluate, remove."""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING

from lwtui.errors import LwtuiError
from lwtui.jobs import JobContext
from lwtui.tui import messages
from lwtui.tui.background import in_thread, tell
from lwtui.tui.browse_messages import PullsPlanned, RemovalPlanned, Restored
from lwtui.tui.evaluation_messages import OpenEvaluation
from lwtui.tui.evaluation_services import EvaluationRequest
from lwtui.tui.screens.browse_order import BrowseOrder
from lwtui.tui.services import Removal
from lwtui.tui.text import human_size, one_line

if TYPE_CHECKING:
    from lwtui.dock.record import PullPlan
    from lwtui.tui.pull_job import PullJob

NAMED = 8
"""So many are named in a question; the rest is counted."""


class BrowseMarks(BrowseOrder):
    """The part of the browse screen that acts on what is marked."""

    def __init__(self) -> None:
        super().__init__()
        self._queue: deque[PullPlan] = deque()
        self._pulling: PullJob | None = None

    def on_mount(self) -> None:
        self.watch(self.app, "house", self._pull_next, init=False)

    @property
    def marks(self) -> list[str]:
        """Ids of what is marked in the list that is shown."""
        return list(self.hub.marked if self.source == "hub" else self.pane.marked)

    @property
    def marked_away(self) -> bool:
        """Whether any that is marked is not on this machine."""
        if self.source == "hub":
            return any(not each.here for each in self.hub.marked.values())
        return any(not each.pulled for each in self.pane.marked.values())

    def unmark(self) -> None:
        if self.source == "hub":
            self.hub.unmark()
        else:
            self.pane.unmark()

    def action_mark(self) -> None:
        (self.hub.table if self.source == "hub" else self.pane.table).action_mark()

    def action_mark_all(self) -> None:
        (self.hub.table if self.source == "hub" else self.pane.table).action_mark_all()

    # Evaluate

    def action_evaluate(self) -> None:
        if not self.marks:
            self.on_learnware(lambda each: self._evaluate((each.id,)))
            return
        if self.source == "hub":
            here = tuple(each.id for each in self.hub.marked.values() if each.here)
        else:
            here = tuple(each.id for each in self.pane.marked.values() if each.pulled)
        away = len(self.marks) - len(here)
        if away:
            what = "is" if away == 1 else "are"
            self.lwtui.tell_user(f"{away} of the marked {what} not on this machine: p pulls.")
        if here:
            self._evaluate(here)

    def _evaluate(self, ids: tuple[str, ...]) -> None:
        self.app.post_message(OpenEvaluation(EvaluationRequest(models=ids)))

    # Pull

    def action_pull(self) -> None:
        if not self.marks:
            super().action_pull()
            return
        if self.source == "hub":
            away = [m.id for m in self.hub.marked.values() if not (m.here or m.missing)]
        else:
            away = [each.id for each in self.pane.marked.values() if not each.pulled]
        if len(away) == 1:
            self.unmark()
            self.lwtui.offer_pull(away[0])
        elif away:
            self.lwtui.tell_user(f"Looking what {len(away)} pulls would fetch…")
            in_thread(partial(self._plan_pulls, away), "plan pulls")
        else:
            self.lwtui.tell_user("All that is marked is here already.")

    def _plan_pulls(self, repos: list[str]) -> None:
        plans, refused = [], []
        for repo in repos:
            try:
                plans.append(self.services.plan_pull(repo, "", "", JobContext()).plan)
            except (LwtuiError, OSError) as error:
                refused.append((repo, str(error)))
        tell(self, PullsPlanned(plans, refused))

    def on_pulls_planned(self, message: PullsPlanned) -> None:
        from lwtui.tui.screens.ask import ConfirmScreen

        plans = message.plans
        lines = [f"{plan.repo}  {human_size(plan.missing)}" for plan in plans]
        text = (
            f"They are fetched one after the other into the Hugging Face cache.\n\n{_some(lines)}"
        )
        if message.refused:
            text += "\n\nNot pulled:\n" + _some([f"{repo}: {why}" for repo, why in message.refused])
        if not plans:
            self.app.push_screen(ConfirmScreen("None of these can be pulled", text, "Close"))
            return
        size = human_size(sum(plan.missing for plan in plans))

        def answered(yes: bool | None) -> None:
            if yes:
                self.unmark()
                self._queue.extend(plans)
                self._pull_next()

        title = f"Pull {len(plans)} model{'s' * (len(plans) != 1)}, {size}?"
        self.app.push_screen(ConfirmScreen(title, text, "Pull"), answered)

    def _pull_next(self) -> None:
        if self._pulling is not None and self._pulling.state in ("running", "paused"):
            return
        self._pulling = self.lwtui.start_pull(self._queue.popleft()) if self._queue else None

    # Remove

    def action_remove(self) -> None:
        if self.source == "hub":
            self.lwtui.tell_user("What is on the Hub cannot be removed from here.")
            return
        ids = [each.id for each in self.pane.chosen]
        if ids:
            self._ask(
                "Nothing was removed", lambda: RemovalPlanned(self.services.plan_removal(ids))
            )

    def on_removal_planned(self, message: RemovalPlanned) -> None:
        from lwtui.tui.screens.ask import ConfirmScreen

        removal = message.removal
        refused = _some([why for _, why in removal.refused])
        if not removal.ids:
            error = LwtuiError(refused)
            self.app.post_message(messages.Failed("Nothing was removed", error))
            return
        count = len(removal.ids)
        text = _some(list(removal.ids))
        text += f"\n\n{human_size(removal.freed)} are freed when lwtui is left."
        if removal.stays:
            text += (
                f"\nThe weights of {len(removal.stays)} stay where they lie (in the Hugging Face"
                " cache, or their folder): lwtui made no copy of them."
            )
        if refused:
            text += f"\n\nNot removed:\n{refused}"

        def answered(yes: bool | None) -> None:
            if yes:
                self._remove(removal)

        title = f"Remove {count} learnware{'s' * (count != 1)}?"
        self.app.push_screen(ConfirmScreen(title, text, "Remove"), answered)

    def _remove(self, removal: Removal) -> None:
        self.pane.unmark(removal.ids)
        count = len(removal.ids)
        job = self.lwtui.start_job(
            f"Remove {count} learnware{'s' * (count != 1)}", "browse", "learnwares"
        )

        def work(context: JobContext) -> int:
            try:
                return self.services.remove(removal.ids, context)
            finally:
                tell(self, Restored(()))

        self.lwtui.run_job(job, work, self._removed)

    def _removed(self, count: int) -> None:
        what = "learnware is" if count == 1 else "learnwares are"
        self.lwtui.tell_user(f"{count} {what} removed; U puts them back.")

    def action_restore(self) -> None:
        self._ask("Not put back", lambda: Restored(self.services.restore_removed()))

    def on_restored(self, message: Restored) -> None:
        if message.ids:
            self.lwtui.tell_user(f"{len(message.ids)} put back: {', '.join(message.ids[:3])}")
        self.lwtui.collection_changed()


def _some(lines: list[str]) -> str:
    rest = len(lines) - NAMED
    shown = [one_line(line, 200) for line in lines[:NAMED]]
    return "\n".join([*shown, *([f"… and {rest:,} more"] if rest > 0 else [])])
