"""Check a learnware: its files, its base, its specification, and whether it runs."""

from __future__ import annotations

import dataclasses

from lwtui.errors import Cancelled, LwtuiError
from lwtui.jobs import JobContext
from lwtui.learnware.checks import CheckItem, CheckReport, check_static
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware

_PROMPT = "Hello."
_TOKENS = 8


def check(id: str, *, run: bool = True, context: JobContext | None = None) -> CheckReport:
    """Look at everything that can be told without loading the model, then (``run``) load it and
    let it generate a few tokens. Progress counts bytes read.

    What is wrong with the learnware is in the report; raises ``BadInput`` for an unknown id and
    ``Cancelled``.
    """
    context = context or JobContext()
    with Collection.open() as collection:
        learnware = collection.get(id)
        base = collection.base_of(learnware)
    report = check_static(learnware, base, context)
    harmful = [item.name for item in report.items if item.name in _FIRST and not item.ok]
    if not run:
        return report
    if harmful:
        item = CheckItem("runs", False, f"not tried, since {harmful[0]} failed")
    else:
        item = _run(learnware, base, context)
    return dataclasses.replace(report, items=(*report.items, item))


_FIRST = ("files", "safety", "weights", "base")
"""What must hold before a model is loaded at all."""


def _run(learnware: Learnware, base: Learnware | None, context: JobContext) -> CheckItem:
    from lwtui.backend.choose import choose
    from lwtui.backend.client import ModelProcess
    from lwtui.backend.protocol import Chunk, Finished, GenerationSettings, Message

    settings = GenerationSettings(max_tokens=_TOKENS, temperature=0.0)
    try:
        choice = choose(learnware, base)
        with ModelProcess() as process:
            context.progress(0, None, "loading the model")
            ready = process.load(choice.plan, context)
            text, finished = "", None
            for item in process.generate([Message("user", _PROMPT)], settings):
                context.check()
                if isinstance(item, Chunk):
                    text += item.text
                elif isinstance(item, Finished):
                    finished = item
    except Cancelled:
        raise
    except LwtuiError as error:
        return CheckItem("runs", False, error.message, error.hint or "")
    if finished is None or not finished.tokens:
        return CheckItem("runs", False, "it loads, but generates nothing")
    where = f"{ready.backend} on {ready.device}"
    return CheckItem("runs", True, f"{where}, loaded in {ready.load_seconds:.1f} s: {text!r}")
