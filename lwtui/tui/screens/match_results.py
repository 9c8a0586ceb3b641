"""The part of Match that works with a ranking: chat, evaluate, pull, save, compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on, work

from lwtui.errors import BadInput, LwtuiError
from lwtui.evaluate.record import RunSettings
from lwtui.match.ranking import Ranking
from lwtui.tui import messages
from lwtui.tui.evaluation_messages import OpenEvaluation
from lwtui.tui.evaluation_services import EvaluationRequest
from lwtui.tui.match_messages import RankingsRead, RequirementSaved
from lwtui.tui.match_services import DataChoice
from lwtui.tui.screens.match_data import MatchData
from lwtui.tui.text import one_line
from lwtui.tui.widgets.match_view import MatchView
from lwtui.tui.widgets.row_table import RowTable

if TYPE_CHECKING:
    from lwtui.learnware.model import Learnware
    from lwtui.match.result import Match, MatchResult

EVALUATED = 3
"""How many learnwares ``e`` runs, beside their base."""
VERIFIED = 12
"""How many learnwares ``v`` runs on held-back rows unless the user says otherwise."""
MOST_VERIFIED = 100
RECENT = 12
"""How many matches of this session can be compared."""
PROMPT = 8_000
"""Characters of a row that are offered as a prompt."""


class MatchResults(MatchData):
    def __init__(self) -> None:
        super().__init__()
        self._recent: list[tuple[str, Ranking]] = []
        """What was matched in this session, the newest first."""

    def _start(self, verify: int) -> None:
        raise NotImplementedError

    @property
    def result(self) -> MatchResult | None:
        return self.query_one(MatchView).result

    @property
    def match(self) -> Match | None:
        """The match under the cursor."""
        return self.query_one(MatchView).match if self.step == "results" else None

    def bare_base(self) -> Learnware | None:
        """The bare base, when it is recommended."""
        result = self.result
        return result.base if result is not None and result.abstained else None

    def note_recent(self, result: MatchResult, ranking: Ranking | None = None) -> None:
        """It can be compared with later ones. ``ranking``: as it was noted on disk, if it was."""
        verified = ", verified" if result.verification is not None else ""
        ranking = ranking or Ranking.of(result)
        name = f"{result.dataset}, {result.rows} rows{verified}"
        self._recent = [(name, ranking), *self._recent][:RECENT]

    # Chat, evaluate, pull

    def action_chat(self) -> None:
        match = self.match
        if match is not None:
            self._open_chat(match.learnware)

    def action_base(self) -> None:
        base = self.bare_base()
        if self.step == "results" and base is not None:
            self._open_chat(base)

    def _open_chat(self, learnware: Learnware) -> None:
        examples = self._view.examples if self._view is not None else ()
        prompt = examples[0].question[:PROMPT] if examples else ""
        self.app.post_message(messages.OpenChat(learnware, self._path, prompt))

    @on(RowTable.Chosen, "#matches")
    def _match_chosen(self) -> None:
        self.action_chat()

    def action_pull(self) -> None:
        match = self.match
        if match is None:
            return
        if match.learnware.pulled:
            self.lwtui.tell_user(f"{match.id} is on this machine already.")
        else:
            self.lwtui.offer_pull(match.id)

    def action_evaluate(self) -> None:
        result = self.result
        if self.step != "results" or result is None or not result.matches:
            return
        if self._path is None:
            self._needs_data("evaluated")
            return
        here = [match.id for match in result.matches if match.learnware.pulled]
        chosen = self.match
        if not here or (chosen is not None and not chosen.learnware.pulled):
            self.action_pull()
            return
        best = tuple(here[:EVALUATED])
        choice = self.choice or DataChoice()
        request = EvaluationRequest(
            (str(self._path),),
            best,
            pick=result.runnable or "",
            settings=RunSettings(fields=dict(choice.fields)),
        )
        self.app.post_message(OpenEvaluation(request, go=True))

    def _needs_data(self, what: str) -> None:
        error = BadInput(
            f"A specification holds no rows, so it cannot be {what}.",
            hint="Choose the folder of the data itself: n, then its path.",
        )
        self.lwtui.complain(error, "The data is needed")

    # Verify

    def action_verify(self) -> None:
        if self.step != "results" or self._job is not None:
            return
        if self._path is None:
            self._needs_data("verified")
            return
        from lwtui.tui.screens.ask import AskScreen

        text = (
            "Each is run on rows of your data that were held back, beside its bare base, and "
            "ranked by what was measured. Of a clear match the winner alone is run, the others "
            "only if it does not beat the base."
        )
        title = "Verify how many of the best?"
        self.app.push_screen(AskScreen(title, str(VERIFIED), text), self._verify_chosen)

    def _verify_chosen(self, text: str | None) -> None:
        if text is None:
            return
        count = int(text) if text.isdecimal() and len(text) < 9 else 0
        if not 1 <= count <= MOST_VERIFIED:
            error = BadInput(f"{one_line(text, 40)!r}: a number from 1 to {MOST_VERIFIED}.")
            self.lwtui.complain(error, "Verify")
            return
        self._start(verify=count)

    # Save and compare

    def action_save(self) -> None:
        result = self.result
        if self.step != "results" or result is None:
            return
        from lwtui.tui.screens.ask import AskScreen

        text = (
            "Its specification is kept on this machine, and no row of the data. Match it again "
            "from the list of folders when the collection has grown; the data is not read then."
        )

        def named(name: str | None) -> None:
            if name:
                self.save_requirement(name, result)

        offered = "".join(c if c.isalnum() or c in " .+-_" else "-" for c in result.dataset)
        screen = AskScreen("Save this requirement as", offered.strip(" .-_")[:60], text)
        self.app.push_screen(screen, named)

    @work(thread=True, group="save")
    def save_requirement(self, name: str, result: MatchResult) -> None:
        try:
            choice = self.choice or DataChoice()
            self.services.save_requirement(name, result, self._path, choice)
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("The requirement was not saved", error))
            return
        self.post_message(RequirementSaved(name))

    def on_requirement_saved(self, message: RequirementSaved) -> None:
        self.lwtui.tell_user(f"{message.name}: match it again from the list of folders.", "Saved")
        self.read_places()

    def action_compare(self) -> None:
        if self.step == "results" and self.result is not None:
            self.read_rankings()

    @work(thread=True, exclusive=True, group="rankings")
    def read_rankings(self) -> None:
        try:
            rankings = self.services.saved_rankings()
        except (LwtuiError, OSError) as error:
            self.post_message(messages.Failed("Saved requirements could not be read", error))
            return
        self.post_message(RankingsRead(rankings))

    def on_rankings_read(self, message: RankingsRead) -> None:
        result = self.result
        if result is None or not self.is_current:
            return
        from lwtui.tui.screens.compare_matches import CompareMatchesScreen

        current = self._recent[0][1] if self._recent else Ranking.of(result)
        saved = [
            (f"saved: {name}", each) for name, each in message.rankings if each.when != current.when
        ]
        others = [*self._recent[1:], *saved]
        since = self.query_one(MatchView).since
        self.app.push_screen(CompareMatchesScreen(current, others, since))

    # What was pulled meanwhile

    def collection_changed(self) -> None:
        """Something was pulled: matches that were only on the Hub may be here now."""
        result = self.result
        matches = result.matches if result is not None else ()
        away = [match.id for match in matches if not match.learnware.pulled]
        if away:
            self.read_arrived(away)

    @work(thread=True, exclusive=True, group="arrived")
    def read_arrived(self, ids: list[str]) -> None:
        try:
            found = {each: self.services.learnware(each) for each in ids}
        except (LwtuiError, OSError):
            return  # the rows stay as they were, and a chat with one says what is wrong
        self.app.call_from_thread(self.query_one(MatchView).arrived, found)
