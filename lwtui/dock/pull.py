"""A pull from its plan to the learnware in the collection, resumable at every moment."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any

from lwtui.dock import hub, pull_plan, pull_state, register
from lwtui.dock.cache_layout import CachedRepository
from lwtui.dock.download import download
from lwtui.dock.hub_errors import HubError, hub_errors
from lwtui.dock.record import PullFile, PullPlan
from lwtui.dock.transport import Patience, Traffic
from lwtui.errors import BadInput, Cancelled, LwtuiError
from lwtui.jobs import JobContext, Part
from lwtui.learnware.collection import Collection
from lwtui.learnware.model import Learnware
from lwtui.learnware.storage import human_size

WORKERS = 6
"""Files at once. More connections than this a home line and the Hub's limits do not reward."""
_SECONDS = 0.15
"""Between two reports."""
_IDLE = 4.0
"""Seconds without a byte after which that is said."""
_WINDOW = 8.0
"""Seconds over which the speed is measured."""

ASKED = ("repo", "revision", "quantisation", "base")


def run(request: dict[str, Any], context: JobContext) -> dict[str, Any]:
    """The target of a process of its own: ``repo``, ``revision``, ``quantisation``, ``base`` in;
    ``id`` of the learnware out."""
    asked = {name: str(request.get(name) or "") for name in ASKED}
    try:
        with Collection.open() as collection:
            return {"id": pull(asked, collection, context).id}
    except BadInput as error:
        # What is between the processes knows the plain kinds alone.
        raise BadInput(
            error.message, hint=error.hint, file=error.file, line=error.line, field=error.field
        ) from error
    except OSError as error:
        raise LwtuiError(f"{error.strerror or error}.", file=error.filename) from error


def pull(
    asked: dict[str, str],
    collection: Collection,
    context: JobContext,
    patience: Patience | None = None,
) -> Learnware:
    """Plan, fetch, check, register; go on with what an earlier try left.

    Whatever ends it, the collection holds the learnware wholly or not at all, and the same call
    goes on where this one stopped. Raises ``BadInput``, ``LwtuiError``, ``Cancelled``.
    """
    hub.quiet()
    traffic = Traffic(patience or Patience())
    begun = _begun(asked, collection, context, traffic)
    plan = begun.plan
    there = register.registered(plan, collection)
    if there is not None:
        pull_state.end(begun)
        return there
    pull_plan.check_room(plan)
    try:
        transfer(plan, context, traffic)
        learnware = register.register(plan, collection, context, asked["base"])
    except LwtuiError as error:
        if _is_final(error):
            pull_state.fail(begun, error.message)
        raise
    pull_state.end(begun)
    return learnware


def _is_final(error: LwtuiError) -> bool:
    """Whether the same commit would fail again: a file that is wrong, gone, or not sound."""
    if isinstance(error, HubError):
        return error.kind == "other"
    return isinstance(error, BadInput)


def _begun(
    asked: dict[str, str], collection: Collection, context: JobContext, traffic: Traffic
) -> pull_state.Begun:
    """The pull to go on with, or a new one."""
    found = pull_state.find(asked["repo"])
    if found is not None and _goes_on(found, asked):
        # The same commit, though the branch may have moved on: its parts are here.
        return pull_state.Begun(
            pull_plan.look_again(found.plan), found.asked, found.started, found.had
        )
    context.progress(0, None, f"asking the Hub for {asked['repo']}")
    try:
        plan = _patiently(lambda: plan_for(asked, collection), context, traffic)
    except HubError as error:
        if error.kind in ("offline", "network") and _is_cached(asked["repo"]):
            error.hint = f"{error.hint} The cache has it, or some of it: `lwtui pull --cached`."
        raise
    if register.registered(plan, collection) is not None:
        return pull_state.Begun(plan, asked, "")
    return pull_state.begin(plan, asked)


def _is_cached(repo: str) -> bool:
    return (CachedRepository.of(repo).folder / "snapshots").is_dir()


def _goes_on(found: pull_state.Begun, asked: dict[str, str]) -> bool:
    same = all(found.asked[name] == asked[name] or not asked[name] for name in ASKED[1:])
    return same and not found.failed


def plan_for(asked: dict[str, str], collection: Collection) -> PullPlan:
    """The plan of a pull as it was asked for."""
    return pull_plan.make_plan(
        asked["repo"],
        lambda name: collection.find_base(name),
        revision=asked["revision"],
        quantisation=asked["quantisation"],
        base=asked["base"],
    )


def _patiently(action: Callable[[], PullPlan], context: JobContext, traffic: Traffic) -> PullPlan:
    """Try again with growing pauses while the trouble is a passing one."""
    for pause in traffic.patience.pauses[:5]:
        try:
            return action()
        except HubError as error:
            if not error.passing or error.kind == "not a hub":
                raise
            seconds = error.wait or pause
            if seconds > traffic.patience.longest_wait:
                raise
            what = "the Hub asks to wait" if error.kind == "rate" else "the Hub was not reached"
            _count_down(seconds, what, context)
    return action()


def _count_down(seconds: float, why: str, context: JobContext) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        context.progress(0, None, f"{why}, trying again in {max(1, round(left))} s")
        time.sleep(min(0.2, left))


def transfer(plan: PullPlan, context: JobContext, traffic: Traffic) -> None:
    """Have every file of the plan in the cache, several at once, each checked by its hash."""
    commits = {file.repo: pull_plan.commit_of(plan, file.repo) for file in plan.files}
    with hub_errors(plan.repo, doing="Writing to the cache"):
        for repo, commit in commits.items():
            CachedRepository.of(repo).prepare(commit)
    counts = _Counts(plan)
    # The largest first: nobody waits at the end for one that began late.
    waiting = sorted(plan.files, key=lambda file: -(file.size - file.have))
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="pull") as pool:
        jobs = {
            pool.submit(download, file, commits[file.repo], traffic, counts.report_of(file)): file
            for file in waiting
        }
        try:
            _watch(set(jobs), counts, context, traffic)
        finally:
            traffic.stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
    with hub_errors(plan.repo, doing="Writing to the cache"):
        CachedRepository.of(plan.repo).set_ref(plan.ref, plan.revision)
        if plan.base:
            CachedRepository.of(plan.base).set_ref("main", plan.base_revision)


def _watch(
    running: set[Future[Any]], counts: _Counts, context: JobContext, traffic: Traffic
) -> None:
    """Report until all are done; raise what the first of them raises."""
    while running:
        done, running = wait(running, timeout=_SECONDS, return_when=FIRST_COMPLETED)
        failed = [error for job in done if (error := job.exception()) is not None]
        real = [error for error in failed if not isinstance(error, Cancelled)]
        if failed:
            raise (real or failed)[0]
        counts.show(context, traffic)


class _Counts:
    """How much of each file is here, and how fast it came."""

    def __init__(self, plan: PullPlan) -> None:
        self._total = plan.size
        self._files = {(file.repo, file.path): file for file in plan.files}
        self._have = {(file.repo, file.path): file.have for file in plan.files}
        self._several = bool(plan.base)
        self._lock = threading.Lock()
        self._last, self._arrived = 0, time.monotonic()
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), sum(self._have.values()))])

    def report_of(self, file: PullFile) -> Callable[[int], None]:
        key = (file.repo, file.path)

        def report(have: int) -> None:
            with self._lock:
                self._have[key] = have

        return report

    def show(self, context: JobContext, traffic: Traffic) -> None:
        with self._lock:
            have = dict(self._have)
        done = sum(have.values())
        parts = tuple(
            Part(f"{repo}/{path}" if self._several else path, count, self._files[repo, path].size)
            for (repo, path), count in have.items()
            if 0 < count < self._files[repo, path].size
        )
        note = traffic.note or self._speed(done)
        context.progress(done, self._total, note, parts)

    def _speed(self, done: int) -> str:
        """Speed of the last seconds, and what remains at it."""
        now = time.monotonic()
        self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[0][0] < now - _WINDOW:
            self._seen.popleft()
        if done > self._last:
            self._last, self._arrived = done, now
        if now - self._arrived > _IDLE and done < self._total:
            return f"nothing has arrived for {now - self._arrived:.0f} s"
        start, before = self._seen[0]
        if now - start < 1.0 or done <= before:
            return f"fetching, {human_size(done)} of {human_size(self._total)}"
        speed = (done - before) / (now - start)
        left = _duration((self._total - done) / speed)
        return f"{human_size(done)} of {human_size(self._total)}, {human_size(speed)}/s, {left}"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s left"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min left"
    return f"{seconds / 3600:.1f} h left"
