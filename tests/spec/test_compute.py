"""Rounds, the early stop and going on after an interruption."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lwtui.dataset.example import Example
from lwtui.errors import Cancelled
from lwtui.jobs import JobContext, Progress
from lwtui.spec.checkpoint import KEPT_SECONDS, Checkpoint
from lwtui.spec.compute import FIRST_ROUND, compute, rounds
from lwtui.spec.gradient import GROUPS, PARTS, Partial
from lwtui.spec.reference import Reference
from lwtui.spec.space import Space
from lwtui.spec.stability import stability

ALIKE = tuple(
    Example(f"Is the card number {n} blocked?", "", "declined_card" if n % 2 else "lost_card")
    for n in range(60)
)


def drawn(space: Space, rows: int, noise: float, parts: tuple[str, ...] = PARTS) -> Partial:
    """Sums of unit vectors that scatter round one direction."""
    source = np.random.default_rng(1)
    sums = {part: np.zeros((GROUPS, space.part_dimension(part)), np.float32) for part in PARTS}
    for part in parts:
        centre = source.normal(size=space.part_dimension(part))
        for row in range(rows):
            vector = centre + noise * source.normal(size=len(centre))
            sums[part][row % GROUPS] += vector / np.linalg.norm(vector)
    return Partial(sums, {part: rows * (part in parts) for part in PARTS}, rows)


@pytest.mark.parametrize("noise", [1.0, 4.0])
def test_stability_is_the_cosine_with_what_infinitely_many_rows_would_give(
    space: Space, noise: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lwtui.spec.compare.space_mean", lambda *_: {})
    rows = 32
    expected = 1 / np.sqrt(1 + noise**2 / rows)
    assert stability(drawn(space, rows, noise), space) == pytest.approx(expected, abs=0.01)


def test_stability_of_too_few_rows_is_nothing(space: Space) -> None:
    assert stability(drawn(space, 3, 0.1), space) == 0.0
    assert stability(drawn(space, 0, 0.1), space) == 0.0


def test_stability_heeds_only_the_parts_there_are(space: Space) -> None:
    assert stability(drawn(space, 64, 0.5, parts=("prompt",)), space) > 0.9


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("rows", [1, 15, 16, 17, 64, 1000])
def test_rounds_cover_every_row_once(rows: int, early: bool) -> None:
    covered = [row for begin, end in rounds(rows, early=early) for row in range(begin, end)]
    assert covered == list(range(rows))


def test_it_stops_once_it_is_stable_and_says_how_many_rows_it_used(
    reference: Reference, space: Space
) -> None:
    every = compute(ALIKE, space, "gradient", reference=reference)
    few = compute(ALIKE, space, "gradient", reference=reference, stop_at=0.01)
    never = compute(ALIKE, space, "gradient", reference=reference, stop_at=1.1)
    assert (every.rows, few.rows, never.rows) == (60, FIRST_ROUND, 60)
    first = compute(ALIKE[:FIRST_ROUND], space, "gradient", reference=reference)
    assert few.to_bytes() == first.to_bytes()
    for part in every.parts:
        assert np.allclose(every.parts[part], never.parts[part], atol=1e-4)


def interrupted_after(rows: int) -> Callable[[Progress], None]:
    def on_progress(progress: Progress) -> None:
        if progress.done >= rows:
            raise Cancelled

    return on_progress


def test_an_interrupted_computation_goes_on_where_it_was(
    reference: Reference, space: Space, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lwtui.spec.checkpoint.SECONDS", 0.0)
    whole = compute(ALIKE, space, "gradient", reference=reference, stop_at=1.1)
    context = JobContext(interrupted_after(40))
    with pytest.raises(Cancelled):
        compute(
            ALIKE, space, "gradient",
            reference=reference, stop_at=1.1, partials=tmp_path, context=context,
        )  # fmt: skip
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0
    seen: list[float] = []
    context = JobContext(lambda progress: seen.append(progress.done))
    again = compute(
        ALIKE, space, "gradient",
        reference=reference, stop_at=1.1, partials=tmp_path, context=context,
    )  # fmt: skip
    assert sorted(seen)[1] == 32
    assert again.to_bytes() == whole.to_bytes()
    assert list(tmp_path.iterdir()) == []


def test_other_rows_do_not_meet_it_and_damage_is_ignored(
    reference: Reference, space: Space, tmp_path: Path, rows: list
) -> None:
    partial = drawn(space, 16, 1.0)
    ours = Checkpoint(tmp_path, rows, space, seconds=0)
    ours.save(partial)
    found = Checkpoint(tmp_path, rows, space).load()
    assert found is not None
    assert (found.counts, found.rows) == (partial.counts, 16)
    assert all(np.array_equal(found.sums[part], partial.sums[part]) for part in PARTS)
    assert Checkpoint(tmp_path, rows[1:], space).load() is None
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:1000])
    assert Checkpoint(tmp_path, rows, space).load() is None


def test_nothing_short_is_written_and_nothing_old_is_kept(
    space: Space, tmp_path: Path, rows: list
) -> None:

    Checkpoint(tmp_path, rows, space).save(drawn(space, 16, 1.0))
    assert list(tmp_path.iterdir()) == []
    old = tmp_path / "0.partial.safetensors"
    old.write_bytes(b"")
    long_ago = time.time() - KEPT_SECONDS - 60
    os.utime(old, (long_ago, long_ago))
    assert Checkpoint(tmp_path, rows, space).load() is None
    assert not old.exists()


def test_transformers_is_not_imported_for_a_gradient() -> None:
    """It costs a process more seconds than the specification itself."""
    code = (
        "import sys; from lwtui.dataset.example import Example; "
        "from lwtui.spec.compute import compute; from lwtui.spec.space import find_space; "
        "compute([Example('What is gout?', '', 'A disease.')], find_space('starter'), 'gradient'); "
        "sys.exit('transformers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
