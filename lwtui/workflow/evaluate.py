"""Evaluate learnwares on tasks: plan a run, run it, go on with it, look at it."""

from __future__ import annotations

import dataclasses
import platform
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.evaluate.record import RunModel, RunRecord, RunSettings, RunTask
from lwtui.isolated import run_isolated
from lwtui.jobs import JobContext, Progress

if TYPE_CHECKING:
    from lwtui.evaluate.store import RunStore
    from lwtui.learnware.collection import Collection

OnChange = Callable[[], None]
PATIENCE = 10.0
"""Seconds to wait for a process that still ends, such as that of a command line just killed."""
_PACKAGES = (
    "lwtui",
    "lm_eval",
    "torch",
    "transformers",
    "peft",
    "llama-cpp-python",
    "datasets",
    "tokenizers",
    "numpy",
    "scipy",
    "ray",
)


def plan(
    tasks: Sequence[str],
    *,
    models: Sequence[str] = (),
    top: int = 0,
    with_base: bool = True,
    settings: RunSettings | None = None,
    name: str = "",
    collection: Collection | None = None,
    context: JobContext | None = None,
) -> RunRecord:
    """What would be run; nothing is written.

    ``tasks`` are folders, names of the harness's tasks, or groups; ``models`` learnware ids.
    ``top`` takes the best learnwares of a match for the one folder instead, with their base.
    Raises ``BadInput`` (nothing to run, unknown task or model, a setting that cannot be).
    """
    from lwtui.evaluate.models import columns
    from lwtui.learnware.collection import Collection as OpenCollection

    settings = settings or RunSettings()
    _check(settings, tasks, models, top)
    context = context or JobContext()
    found = _tasks(tasks, settings, context)
    own = collection is None
    collection = collection or OpenCollection.open()
    try:
        pick, similar = "", dict[str, float]()
        if top:
            pick, similar = _match(found, top, settings, collection, context)
        chosen = columns(
            [*models, *similar], collection, settings, with_base=with_base, similarities=similar
        )
    finally:
        if own:
            collection.close()
    return RunRecord(
        id="",
        name=name.strip() or _name(found, chosen),
        created="",
        state="waiting",
        models=chosen,
        tasks=found,
        settings=settings,
        pick=pick,
        versions=versions(),
    )


def preview(record: RunRecord, task: str, model: str, context: JobContext | None = None) -> str:
    """The prompt of the task's first row as that model sees it.

    Raises ``BadInput``, ``BackendError`` (the model does not load), ``LwtuiError`` (the task).
    """
    from lwtui.evaluate.codec import record_to_text

    chosen = [each for each in record.models if each.id == model]
    wanted = [each for each in record.tasks if each.name == task]
    if not chosen or not wanted:
        raise BadInput(f"The run has no cell {model} on {task}.")
    part = dataclasses.replace(record, models=tuple(chosen), tasks=tuple(wanted))
    request = {"record": record_to_text(part), "plans": _plans(part)}
    answer = run_isolated("lwtui.evaluate.worker:preview", request, context or JobContext())
    return str(answer["prompt"])


def notices(record: RunRecord) -> list[str]:
    """Where rows of the data go when this is run, a sentence each; empty: they stay here."""
    from lwtui.backend.served import is_served, notice, served, served_by_id

    plans = [served_by_id(model.id) for model in record.models if is_served(model.id)]
    if record.settings.backend == "openai":
        plans.append(served(""))
    said = [notice(url) for url in dict.fromkeys(plan.server for plan in plans)]
    if record.settings.engine == "ray":
        said.append(
            "Prompts leave this process: the machines of the Ray cluster read them "
            f"(address: {record.settings.ray_address})."
        )
    return said


def start(record: RunRecord, context: JobContext, on_change: OnChange | None = None) -> RunRecord:
    """Create the run and run it to its end in a process of its own; return it as it then is.

    ``on_change`` is called on this thread whenever cells have changed on disk. A cancel raises
    ``Cancelled`` and leaves the run ``paused``; ``LwtuiError`` when its process died leaves it
    ``stopped``. Either way :func:`resume` goes on without repeating a finished work unit.
    """
    return run(create(record), context, on_change)


def create(record: RunRecord) -> str:
    """Write a planned run without running it; return its id."""
    from lwtui.evaluate.store import RunStore, new_id, runs_folder

    _plans(record)  # says what is missing before anything is written
    identifier = new_id()
    created = datetime.now().astimezone().isoformat(timespec="seconds")
    record = dataclasses.replace(record, id=identifier, created=created, state="waiting")
    RunStore.create(runs_folder() / identifier, record).close()
    return identifier


def resume(run_id: str, context: JobContext, on_change: OnChange | None = None) -> RunRecord:
    """Go on with a run; cells that failed are tried again. A run that is done is left as it is.

    Raises ``BadInput`` (no such run, a model of it has changed or is gone, it is running)."""
    return run(run_id, context, on_change)


def run(run_id: str, context: JobContext, on_change: OnChange | None = None) -> RunRecord:
    """Run what is left of a run that exists. See :func:`start`."""
    from lwtui.evaluate.store import RunStore, find_run, is_running

    folder = find_run(run_id)
    with RunStore.open(folder) as store:
        record = store.record()
        if all(cell.state == "done" for cell in store.cells()):
            return record
        request = {"folder": str(folder), "plans": _plans(record), "patience": PATIENCE}
        try:
            run_isolated("lwtui.evaluate.worker:run", request, _heard(context, on_change))
        except LwtuiError as error:
            paused = isinstance(error, Cancelled)
            if not is_running(
                folder, patience=1.0
            ):  # else another process has it, and has refused us
                store.set_state("paused" if paused else "stopped", "" if paused else str(error))
            raise
        return store.record()


def runs() -> list[RunRecord]:
    """All runs, newest first."""
    from lwtui.evaluate.store import list_runs

    return list_runs()


def open_run(run_id: str) -> RunStore:
    """A run by its id, the beginning of one, its name, or ``last``. Close it when done."""
    from lwtui.evaluate.store import RunStore, find_run

    return RunStore.open(find_run(run_id))


def rename(run_id: str, name: str) -> None:
    name = name.strip()
    if not name:
        raise BadInput("A run's name cannot be empty.")
    with open_run(run_id) as store:
        store.rename(name)


def delete(run_id: str) -> None:
    """Remove a run, a damaged one too. Raises ``BadInput`` while it is running."""
    from lwtui.evaluate.store import delete_run, find_run

    delete_run(find_run(run_id))


def export(run_id: str, kind: str, target: Path, *, overwrite: bool = False) -> Path:
    """Write a run as ``json`` (a folder, in the harness's own layout), ``csv`` or ``markdown``.

    Raises ``BadInput`` for an unknown kind and for a target that is there already."""
    from lwtui.evaluate.export import export as write

    with open_run(run_id) as store:
        return write(store, kind, target, overwrite=overwrite)


def versions() -> dict[str, str]:
    """Package to version for all that decides numbers, and ``python`` and ``platform``."""
    import importlib.metadata

    from lwtui import __version__

    found = {"lwtui": __version__}
    for package in _PACKAGES[1:]:
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found | {"python": sys.version.split()[0], "platform": platform.platform()}


def _check(settings: RunSettings, tasks: Sequence[str], models: Sequence[str], top: int) -> None:
    if not tasks:
        raise BadInput("No task to evaluate on.", hint="Name a folder or a task.")
    if bool(models) == bool(top):
        raise BadInput(
            "Say which models: --models ID,ID or --top K.",
            hint="One of them, not both." if models else None,
        )
    least = (("limit", settings.limit, 1), ("few_shot", settings.few_shot, 0))
    for field, value, lowest in (*least, ("seed", settings.seed, 0), ("batch", settings.batch, 1)):
        if value is not None and value < lowest:
            raise BadInput(f"Must be {lowest} or more, not {value}.", field=field)
    if settings.engine not in ("local", "ray"):
        raise BadInput(f"There is no engine {settings.engine!r}.", hint="Engines: local, ray.")


def _tasks(names: Sequence[str], settings: RunSettings, context: JobContext) -> tuple[RunTask, ...]:
    """Each once, and each with a name of its own: it is the row of the matrix."""
    from lwtui.evaluate.tasks import find_tasks

    kept: dict[str, RunTask] = {}
    for task in find_tasks(list(names), settings, context):
        same = kept.get(task.name)
        if same is not None and (same.kind, same.path) == (task.kind, task.path):
            continue
        name, number = task.name, 2
        while name in kept:
            name, number = f"{task.name} ({number})", number + 1
        kept[name] = dataclasses.replace(task, name=name)
    return tuple(kept.values())


def _match(
    tasks: Sequence[RunTask],
    top: int,
    settings: RunSettings,
    collection: Collection,
    context: JobContext,
) -> tuple[str, dict[str, float]]:
    """What a match picks for the folder, and the similarity of the best ``top``."""
    from lwtui.dataset import FieldMap
    from lwtui.match.result import Filters
    from lwtui.workflow.match import match

    folders = [task for task in tasks if task.kind == "folder"]
    if len(folders) != 1:
        raise BadInput(
            f"--top matches learnwares to one folder, and {len(folders)} were named.",
            hint="Name one folder, or the models themselves: --models ID,ID",
        )
    given = ",".join(f"{role}={column}" for role, column in settings.fields.items())
    fields = FieldMap.parse(given) if given else None
    result = match(
        Path(folders[0].path),
        filters=Filters(here=True),
        top=top,
        seed=settings.seed,
        fields=fields,
        collection=collection,
        context=context,
    )
    if not result.matches:
        raise BadInput("No learnware here suits this folder.", hint="Name models: --models ID,ID")
    return result.selected or "", {each.id: each.similarity for each in result.matches}


def _plans(record: RunRecord) -> dict[str, Any]:
    from lwtui.evaluate.models import plan_of, plan_to_data
    from lwtui.learnware.collection import Collection as OpenCollection

    with OpenCollection.open() as collection:
        return {model.id: plan_to_data(plan_of(model, collection)) for model in record.models}


def _heard(context: JobContext, on_change: OnChange | None) -> JobContext:
    """``context``, which also says that something changed."""

    def hear(progress: Progress) -> None:
        context.progress(progress.done, progress.total, progress.note)
        if on_change is not None:
            on_change()

    return JobContext(hear, context.cancel)


def _name(tasks: Sequence[RunTask], models: Sequence[RunModel]) -> str:
    learnwares = [model for model in models if not model.is_base] or list(models)
    first = tasks[0].group or tasks[0].name
    more = f" and {len(tasks) - 1} more" if len(tasks) > 1 and not tasks[0].group else ""
    count = "1 model" if len(learnwares) == 1 else f"{len(learnwares)} models"
    return f"{first}{more}, {count}"
