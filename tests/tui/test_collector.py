"""Garbage is collected when nothing else is done, and never piles up."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from lwtui.tui import collector
from lwtui.tui.collector import Collector


class Knot:
    """Garbage that only a full collection finds."""

    def __init__(self) -> None:
        self.me = self


def old_garbage() -> weakref.ref[Knot]:
    knot = Knot()
    gc.collect(1)  # it has survived: it is no longer young
    return weakref.ref(knot)


@pytest.fixture(autouse=True)
def _own_thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    gc.collect()
    gc.set_threshold(700, 10, 10_000)
    yield
    gc.set_threshold(*before)


def busy(monkeypatch: pytest.MonkeyPatch, share: float) -> None:
    """Each look finds that the thread has used so much of the processor since the last."""
    clock = iter(range(10_000))
    monkeypatch.setattr(collector.time, "thread_time", lambda: next(clock) * share * collector.LOOK)


def test_while_the_thread_works_garbage_waits_until_there_is_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy(monkeypatch, 0.5)
    keeper = Collector()
    garbage = old_garbage()
    monkeypatch.setattr(collector.gc, "get_count", lambda: (0, 0, collector.WORTH_IT))
    keeper.look()
    assert garbage() is not None
    grown = collector.resident() + 2 * collector.TOO_MUCH
    monkeypatch.setattr(collector, "resident", lambda: grown)
    keeper.look()
    assert garbage() is None


def test_an_idle_thread_collects_what_is_worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    busy(monkeypatch, 0.0)
    keeper = Collector()
    garbage = old_garbage()
    monkeypatch.setattr(collector.gc, "get_count", lambda: (0, 0, collector.WORTH_IT - 1))
    keeper.look()
    assert garbage() is not None
    monkeypatch.setattr(collector.gc, "get_count", lambda: (0, 0, collector.WORTH_IT))
    keeper.look()
    assert garbage() is None


def test_what_was_set_aside_is_looked_through_once_nobody_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy(monkeypatch, 0.0)
    keeper = Collector()
    garbage = old_garbage()
    collector.set_aside()
    monkeypatch.setattr(collector.gc, "get_count", lambda: (0, 0, collector.WORTH_IT))
    for _ in range(collector.AWAY - 1):
        keeper.look()
    assert garbage() is not None
    keeper.look()
    assert garbage() is None
