"""Batches on several threads come in order, stop together and pass errors on."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from lwtui.errors import Cancelled, LwtuiError
from lwtui.jobs import CancelToken, JobContext
from lwtui.spec.parallel import in_order


@pytest.mark.parametrize("workers", [1, 3])
def test_results_come_in_order(workers: int) -> None:
    found = in_order(range(20), lambda job, check: job * job, workers, JobContext())
    assert list(found) == [job * job for job in range(20)]


def test_threads_work_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=30)

    def work(job: int, check: Callable[[], None]) -> int:
        return together.wait()

    assert sorted(in_order(range(2), work, 2, JobContext())) == [0, 1]


def test_a_cancel_ends_the_batches_under_way() -> None:
    token = CancelToken()
    begun = threading.Event()

    def work(job: int, check: Callable[[], None]) -> int:
        begun.set()
        while True:
            check()

    def cancel() -> None:
        begun.wait(30)
        token.cancel()

    threading.Thread(target=cancel).start()
    with pytest.raises(Cancelled):
        list(in_order(range(4), work, 2, JobContext(cancel=token)))


def test_an_error_in_one_ends_the_others() -> None:
    def work(job: int, check: Callable[[], None]) -> int:
        if job == 0:
            raise LwtuiError("no")
        while True:
            check()

    with pytest.raises(LwtuiError, match="no"):
        list(in_order(range(4), work, 2, JobContext()))
