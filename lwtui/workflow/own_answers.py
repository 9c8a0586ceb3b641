"""A model's own answers to the fixed probe prompts, as rows to specify."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from lwtui.dock.probe import probe_set
from lwtui.errors import LwtuiError
from lwtui.jobs import JobContext
from lwtui.learnware.model import MINIMUM_ROWS, Learnware

if TYPE_CHECKING:
    from lwtui.backend.client import ModelProcess

PARTS = ("answer", "output")
"""What a specification of own answers keeps. The prompts are the same for every model and tell
nothing of this one: with their part the right specialist was found for 10 of 30 tasks among true
specifications, without it for 15 (``tests/benchmarks/own_answers.py``)."""


def ask(process: ModelProcess, context: JobContext | None = None) -> list[tuple[str, str]]:
    """The probe prompts with a loaded model's greedy answers; those it leaves empty are left out.

    Progress counts answers. Raises ``Cancelled`` and ``BackendError``.
    """
    from lwtui.backend.protocol import Completion, Message

    probe = probe_set()
    requests = [
        Completion(process.render([Message("user", prompt)]), probe.max_tokens)
        for prompt in probe.prompts
    ]
    answers = [done.text.strip() for done in process.complete(requests, context)]
    asked = zip(probe.prompts, answers, strict=True)
    return [(prompt, answer) for prompt, answer in asked if answer]


def write_answers(
    learnware: Learnware, base: Learnware | None, file: Path, context: JobContext
) -> int:
    """Run a learnware on the probe prompts, in a process of its own, and write the rows as JSON
    lines; how many there are. Raises ``BadInput`` when it cannot run here."""
    from lwtui.backend.choose import choose
    from lwtui.backend.client import ModelProcess

    choice = choose(learnware, base)
    with ModelProcess() as process:
        context.progress(0, None, f"loading {learnware.id}")
        process.load(choice.plan, context)
        rows = ask(process, context)
    if len(rows) < MINIMUM_ROWS:
        raise LwtuiError(
            f"{learnware.id} answered {len(rows)} of {len(probe_set().prompts)} prompts.",
            hint=f"A specification needs {MINIMUM_ROWS}. Does it chat? lwtui check {learnware.id}",
        )
    with file.open("w", encoding="utf-8") as out:
        for prompt, answer in rows:
            out.write(json.dumps({"instruction": prompt, "output": answer}) + "\n")
    return len(rows)
