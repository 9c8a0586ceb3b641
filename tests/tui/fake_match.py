"""A match without models, behind the interface of the workflow."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lwtui.dataset.example import Example, Problem
from lwtui.errors import BadInput
from lwtui.jobs import JobContext
from lwtui.learnware.model import Learnware, ModelInfo, Semantic
from lwtui.match.compare import compare
from lwtui.match.ranking import Ranking
from lwtui.match.requirements import Requirement
from lwtui.match.result import Match, MatchResult, Verification
from lwtui.match.why import domain_shares
from lwtui.tui.match_services import DataChoice
from lwtui.tui.services import DatasetView, Place
from lwtui.workflow.requirements import Rerun


class FakeMatch:
    """Implements ``MatchServices``. ``match_gate`` makes the specification wait for the test."""

    learnwares: list[Learnware]

    def __init__(self) -> None:
        self.match_gate: threading.Semaphore | None = None
        self.remembered: list[Path] = []
        self.existing: list[Path] = []
        self.verified: list[int] = []
        self.far = False
        """Nothing fits the data, and a match says so."""
        self.gains = False
        """Learnwares were measured on the anchors."""
        self.read_as: list[DataChoice] = []
        """How each dataset was read that was matched."""
        self.kept_choices: dict[Path, DataChoice] = {}
        self.requirements: dict[str, list[Ranking]] = {}
        self.unreadable_columns: tuple[str, ...] = ()
        """Columns of a dataset in which no field is found, until one is named."""
        self.offered: list[Place] = [
            Place("finance-support", Path("/demo/finance-support"), "demo"),
            Place("clinic-questions", Path("/demo/clinic-questions"), "demo"),
            Place("school-word-problems", Path("/demo/school-word-problems"), "demo"),
        ]
        self.view = DatasetView(
            name="finance-support",
            layout="prompt/answer",
            fields=(("prompt", "message"), ("answer", "intent")),
            examples=tuple(
                Example(f"My card did not arrive, what now? ({n})", answer="card_arrival")
                for n in range(12)
            ),
            files=1,
            rows=64,
            skipped=2,
            problems=(Problem("rows.jsonl", 7, "not JSON"), Problem("rows.jsonl", 9, "no prompt")),
            columns=("message", "intent", "channel", "language"),
        )

    def places(self) -> list[Place]:
        saved = [
            Place(name, Path("/data/saved"), "saved", note=f"{found[-1].when[:10]} · medicine-001")
            for name, found in self.requirements.items()
        ]
        return self.offered + saved

    def remember(self, path: Path) -> None:
        self.remembered.append(path)

    def forget(self, path: Path) -> None:
        self.offered = [each for each in self.offered if each.path != path]

    def first_there(self, paths: Sequence[Path]) -> Path:
        return next((path for path in paths if path in self.existing), paths[0])

    def preview(self, path: Path, choice: DataChoice | None = None) -> DatasetView:
        if "missing" in str(path):
            raise BadInput("There is no such file or folder.", file=path)
        choice = choice or self.kept_choices.get(path, DataChoice())
        if self.unreadable_columns and "prompt" not in choice.fields:
            raise BadInput("nothing here can be used: no column looks like a prompt.", file=path)
        fields = {**dict(self.view.fields), **choice.fields}
        shown = tuple((role, column) for role, column in fields.items() if column != "-")
        return replace(self.view, fields=shown, choice=choice)

    def columns(self, path: Path) -> tuple[str, ...]:
        return self.unreadable_columns

    def keep_choice(self, path: Path, choice: DataChoice) -> None:
        self.kept_choices[path] = choice

    def save_requirement(
        self, name: str, result: MatchResult, path: Path | None, choice: DataChoice
    ) -> None:
        if name in self.requirements:
            raise BadInput(f"There is a requirement {name!r} already.")
        self.requirements[name] = [Ranking.of(result, "2026-11-20T08:00:00+00:00")]

    def match_again(self, name: str, context: JobContext) -> Rerun:
        result = self.match(Path(name), verify=0, context=context)
        ranking = Ranking.of(result, "2026-11-21T08:00:00+00:00")
        laid = compare(self.requirements[name][-1], ranking)
        self.requirements[name].append(ranking)
        saved = Requirement(
            name, self.view.name, "/data/saved", rankings=tuple(self.requirements[name])
        )
        return Rerun(saved, result, laid)

    def rename_requirement(self, name: str, new: str) -> None:
        self.requirements = {
            new if each == name else each: it for each, it in self.requirements.items()
        }

    def delete_requirement(self, name: str) -> None:
        del self.requirements[name]

    def saved_rankings(self) -> list[tuple[str, Ranking]]:
        return [
            (name, each) for name, found in self.requirements.items() for each in reversed(found)
        ]

    def match(
        self,
        path: Path,
        *,
        verify: int,
        context: JobContext,
        choice: DataChoice | None = None,
    ) -> MatchResult:
        self.read_as.append(choice or DataChoice())
        self.verified.append(verify)
        for row in range(129):
            if self.match_gate is not None:
                while not self.match_gate.acquire(timeout=0.02):
                    context.check()
            context.progress(row, 128, "gradients" if row else "loading the reference model")
        ranked = [item for item in self.learnwares if item.specifications][:10]
        matches = tuple(
            Match(
                item,
                0.82 - 0.09 * rank,
                0.95 - 0.08 * rank,
                {"prompt": 0.5, "answer": 0.4},
                (0.79 - 0.09 * rank, 0.85 - 0.09 * rank),
                1.5 + 0.2 * rank if rank < verify else None,
                0 if rank >= verify else 32 if rank < 2 else 16 if rank < 4 else 8,
                0.62 - 0.11 * rank if self.gains else None,
                fits=rank != 3,
            )
            for rank, item in enumerate(ranked)
        )
        verification = Verification(32, verify, 2.7, 3.0, evaluations=160) if verify else None
        if self.far and not verify:
            return self._far(matches)
        return MatchResult(
            self.view.name, "starter", "gradient", 64, matches,
            "clear" if matches else "none", len(self.learnwares) - len(ranked), verification,
            rows_skipped=2, problems=tuple(str(problem) for problem in self.view.problems),
            probability=(0.97 if verify else 0.932) if matches else None, rows_seen=1_234,
            domains=domain_shares(matches),
        )  # fmt: skip

    def _far(self, matches: tuple[Match, ...]) -> MatchResult:
        base = Learnware("starter/base", ModelInfo("base"), Semantic(title="The bare base"))
        reason = "Nothing here was made for data like this: the highest similarity is 0.09"
        return MatchResult(
            self.view.name, "starter", "gradient", 64,
            tuple(
                replace(match, similarity=match.similarity - 0.73, interval=None)
                for match in matches
            ),
            "close call", abstained=True, reason=f"{reason}, below 0.15", base=base,
        )  # fmt: skip
