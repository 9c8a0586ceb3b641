"""Names, prompts, answers and messages of an evaluation are text and nothing else."""

from __future__ import annotations

import math
from dataclasses import replace

from lwtui.evaluate.reading import Reading
from lwtui.evaluate.record import Cell, RunModel, RunRecord, RunTask, Sample, Score
from lwtui.jobs import JobContext
from lwtui.tui.evaluation_services import EvaluationRequest, Which
from lwtui.tui.screens.evaluate import EvaluateScreen

from .fake_evaluation import differences, record, table
from .fakes import FakeServices
from .helpers import app_with, ready, wait_until
from .hostile import check_screen, check_shown, hostile_texts


def hostile_record(texts: list[str]) -> RunRecord:
    # A run's file is UTF-8, which holds no lone surrogates.
    names = [text.encode("utf-8", "replace").decode() for text in texts]
    models = tuple(RunModel(f"{text}{n}") for n, text in enumerate(names[:5]))
    return replace(
        record(),
        name=texts[0],
        message=texts[1],
        models=(*models, RunModel("starter/base", is_base=True)),
        tasks=tuple(
            RunTask(f"{text}{n}", "harness", group=text, metric=text)
            for n, text in enumerate(names[5:8])
        ),
        pick=models[0].id,
    )


class HostileRuns(FakeServices):
    """Everything an evaluation says is hostile."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__(3)
        self.texts = texts
        run = hostile_record(texts)
        self.sentence = texts[2]
        cells = []
        for number, (model, task) in enumerate((m, t) for m in run.models for t in run.tasks):
            value = (0.5, math.nan, math.inf, -3.0)[number % 4]
            scores = (Score(texts[3], value, 0.1), Score(texts[4], 0.1, None, 0.0, math.nan))
            state = "failed" if number % 5 == 4 else "done"
            cells.append(
                Cell(model.id, task.name, state, 3, 3, scores, message=texts[number % 9])  # type: ignore[arg-type]
            )
        self.keep(run, tuple(cells))

    def read_run(self, run_id: str) -> Reading:
        run = self.kept[run_id].record
        return Reading(self.sentence, differences(run), table(run))

    def plan_evaluation(self, request: EvaluationRequest, context: JobContext) -> RunRecord:
        context.progress(1, 2, self.texts[3])
        return replace(hostile_record(self.texts), id="")

    def preview_prompt(self, record: RunRecord, task: str, model: str, context: JobContext) -> str:
        return "".join(self.texts)

    def task_names(self, context: JobContext) -> list[str]:
        return [f"med{text}" for text in self.texts]

    def samples(
        self, run_id: str, model: str, task: str, which: Which, other: str, offset: int, limit: int
    ) -> tuple[list[tuple[Sample, Sample | None]], int]:
        found: list[tuple[Sample, Sample | None]] = []
        for number, text in enumerate(self.texts):
            own = Sample(
                model, task, number, text, text, text, math.nan, (True, False, None)[number % 3],
                {text: 1.0}, (text, "b"), (-math.inf, (math.nan, -1.0)[number % 2]),
            )  # fmt: skip
            found.append((own, None if which == "all" else replace(own, model=text)))
        return found, len(found)


async def test_hostile_text_in_every_part_of_an_evaluation() -> None:
    app = app_with(HostileRuns(hostile_texts(12, seed=2)))
    async with app.run_test(size=(100, 30)) as pilot:
        await ready(pilot)
        await pilot.press("4")
        await wait_until(pilot, lambda: isinstance(app.screen, EvaluateScreen))
        screen = app.screen
        assert isinstance(screen, EvaluateScreen)
        await wait_until(pilot, lambda: screen.query_one("#runs").display)
        check_screen(app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.step == "run")
        check_screen(app)
        for key in ("down", "right", "t", "down", "d", "d"):
            await pilot.press(key)
            check_screen(app)
        screen.query_one("#matrix").cursor = (0, 0)  # type: ignore[attr-defined]
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.step == "samples")
        await wait_until(pilot, lambda: screen.query_one("#samples").row_count == 12)  # type: ignore[attr-defined]
        for key in ("down", "down", "w", "b"):
            await pilot.press(key)
            await pilot.pause()
            check_screen(app)
        for key in ("escape", "r"):
            await pilot.press(key)
            await pilot.pause()
            check_screen(app)
        await pilot.press("escape", "delete")
        await pilot.pause()
        check_screen(app)
        await pilot.press("escape", "n", *"med")
        await pilot.pause()
        check_screen(app)
        await pilot.press("enter")
        await wait_until(pilot, lambda: screen.step == "plan")
        await pilot.pause()
        check_screen(app)
        await pilot.press("5")
        await pilot.pause()
        check_screen(app)
        check_shown(app, "evaluate")
