"""Progress: the share that is done, and how long the rest takes."""

from __future__ import annotations

from lwtui.jobs import JobContext, Part, Progress


def test_the_rest_is_told_from_what_this_job_did() -> None:
    assert Progress(60, 100, elapsed=10, start=40).remaining == 20
    assert Progress(60, 100, elapsed=10, start=40).fraction == 0.6
    assert Progress(50, 100, elapsed=10).remaining == 10
    assert Progress(40, 100, elapsed=10, start=40).remaining is None
    assert Progress(5, None, elapsed=10).remaining is None
    assert Progress(120, 100, elapsed=10).remaining == 0


def test_a_job_that_goes_on_counts_from_where_it_was() -> None:
    told: list[Progress] = []
    context = JobContext(told.append)
    context.progress(0, None, "asking")
    parts = (Part("a", 40, 60),)
    context.progress(40, 100, "fetching", parts)
    context.progress(60, 100, "fetching")
    assert [each.start for each in told] == [0, 40, 40]
    assert told[1].parts == parts
    context.progress(0, 10, "another step")
    assert told[-1].start == 0
