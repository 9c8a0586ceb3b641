"""Batches on several threads: each core has its own, and none waits for another within one.

Torch's own threads meet at the end of every operation and spin until then: on a machine that does
something else besides, two of them can take ten times as long as one. A batch is computed by the
same number of threads whatever the others do, and results come in order, so sums are reproducible.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from lwtui.errors import Cancelled
from lwtui.jobs import JobContext

Job = TypeVar("Job")
Result = TypeVar("Result")


def in_order(
    jobs: Sequence[Job],
    work: Callable[[Job, Callable[[], None]], Result],
    workers: int,
    context: JobContext,
) -> Iterator[Result]:
    """``work(job, check)`` of every job, in their order; at most ``workers`` + 1 are ahead.

    ``check`` raises ``Cancelled`` once the job is cancelled, or when nobody wants the rest.
    """
    if workers == 1 or len(jobs) == 1:
        for job in jobs:
            yield work(job, context.check)
        return
    import torch

    stop = threading.Event()

    def check() -> None:
        context.check()
        if stop.is_set():
            raise Cancelled

    cores = torch.get_num_threads()
    share = max(1, cores // workers)
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(workers, "gradients", torch.set_num_threads, (share,)) as pool:
        try:
            for job in jobs:
                waiting.append(pool.submit(work, job, check))
                if len(waiting) > workers:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            stop.set()
            for future in waiting:
                future.cancel()
            torch.set_num_threads(cores)
