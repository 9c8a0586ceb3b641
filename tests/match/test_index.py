"""The index against a plain dictionary with exact cosines, whatever happens to its files."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lwtui.match.index import store
from lwtui.match.index.query import Query
from lwtui.match.index.scan import search
from lwtui.match.index.segment import Block, Facts, block_of, hash64, joined
from lwtui.match.index.store import MANIFEST, Store
from lwtui.match.result import Filters

from .index_vectors import DOMAINS, KIND, Vectors, cosine, row, vectors, wanted

TOLERANCE = 6 / KIND.width**0.5
"""Six standard errors of a projected cosine."""


def check_search(
    kept: Store, model: dict[str, tuple[Vectors, str, int]], ours: Vectors, filters: Filters
) -> None:
    found = search(kept.snapshot(), Query.of(KIND, wanted(ours)), filters)
    expected = {
        name: cosine(ours, theirs)
        for name, (theirs, domain, size) in model.items()
        if set(ours) & set(theirs)
        and (not filters.domain or domain.casefold() == filters.domain.casefold())
        and (not filters.max_bytes or size <= filters.max_bytes)
    }
    assert sorted(found.ids()) == sorted(expected)
    assert found.passing == len(expected)
    assert list(found.similarities) == sorted(found.similarities, reverse=True)
    for name, similarity in zip(found.ids(), found.similarities, strict=True):
        assert similarity == pytest.approx(expected[name], abs=TOLERANCE)


class Killed(BaseException):
    """What a process feels of ``kill -9``: nothing after it happens."""


@contextlib.contextmanager
def killed_at(step: int) -> Iterator[None]:
    """Before the ``step``-th file operation, half done where that can be."""
    left = step

    def tick(half: Path | None = None) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            if half is not None:
                half.write_bytes(b"half")
            raise Killed

    def write_segment(path: Path, block: Block, do=store.write_segment) -> None:
        tick(path.with_name(f"{path.name}.tmp"))
        do(path, block)
        tick()

    def write_atomically(path: Path, data: bytes, do=store.write_atomically) -> None:
        tick(path.with_name(f".{path.name}.tmp"))
        do(path, data)
        tick()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "write_segment", write_segment)
        patch.setattr(store, "write_atomically", write_atomically)
        with contextlib.suppress(Killed):
            yield


names = st.sampled_from([f"me/{number}" for number in range(12)])
seeds = st.integers(0, 40)
part_sets = st.sampled_from([7, 7, 7, 1, 2, 3, 4])
domains = st.sampled_from(DOMAINS)
sizes = st.sampled_from([0, 10, 2**40])


class IndexMachine(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "index")
        self.kept = Store(self.path, KIND)
        self.model: dict[str, tuple[Vectors, str, int]] = {}
        self.damaged = True  # nothing is there yet

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()

    def restored(self) -> None:
        """What lost files are for: everything is added again."""
        if self.damaged:
            blocks = [row(name, *entry) for name, entry in self.model.items()]
            self.kept.update([joined(blocks)] if blocks else [row("x", {})], [hash64("x")])
            self.kept.update([], [hash64("x")])
            self.damaged = False

    @rule(
        entries=st.dictionaries(names, st.tuples(seeds, part_sets, domains, sizes), min_size=1),
        gone=st.sets(names, max_size=3),
        step=st.integers(0, 12),
    )
    def change(self, entries: dict[str, tuple[int, int, str, int]], gone: set[str], step: int):
        self.restored()
        new = {
            name: (vectors(seed, parts), domain, size)
            for name, (seed, parts, domain, size) in entries.items()
        }
        block = joined([row(name, *entry) for name, entry in new.items()])
        old = dict(self.model)
        after = {name: entry for name, entry in old.items() if name not in gone} | new
        with killed_at(step):
            self.kept.update([block], [hash64(name) for name in gone])
        self.kept = Store(self.path, KIND) if step else self.kept
        snapshot = self.kept.snapshot()
        assert not snapshot.problem
        stamped = {seg.name(i) for seg in snapshot.segments for i in np.flatnonzero(seg.live)}
        assert stamped in (set(old), set(after))
        self.model = after if self._is(after) else old

    def _is(self, state: dict[str, tuple[Vectors, str, int]]) -> bool:
        rows = {}
        for segment in self.kept.snapshot().segments:
            for place in np.flatnonzero(segment.live):
                codes = segment.read_codes(np.array([place]), slice(0, KIND.row_bytes))
                rows[segment.name(place)] = (codes.tobytes(), int(segment["size"][place]))
        return rows == {
            name: (row(name, *entry)["codes"].tobytes(), entry[2]) for name, entry in state.items()
        }

    @rule(gone=st.sets(names, min_size=1))
    def remove(self, gone: set[str]) -> None:
        self.restored()
        self.kept.update([], [hash64(name) for name in gone])
        self.model = {name: entry for name, entry in self.model.items() if name not in gone}

    @rule()
    def reopen(self) -> None:
        self.kept = Store(self.path, KIND)

    @precondition(lambda self: not self.damaged)
    @rule(which=st.integers(0, 10**6), keep=st.floats(0, 0.99), delete=st.booleans())
    def damage(self, which: int, keep: float, delete: bool) -> None:
        listed = self.kept.snapshot().listed
        files = [MANIFEST, *(x for each in listed for x in (each.name, each.dead) if x)]
        file = self.path / files[which % len(files)]
        data = file.read_bytes()
        file.unlink()
        if not delete:
            file.write_bytes(data[: int(len(data) * keep)])
        self.kept = Store(self.path, KIND)
        assert self.kept.snapshot().problem
        assert self.kept.snapshot().rows == 0
        self.damaged = True

    @invariant()
    def the_dictionary_says_the_same(self) -> None:
        if hasattr(self, "kept") and not self.damaged:
            check_search(self.kept, self.model, vectors(3), Filters())

    @precondition(lambda self: not self.damaged)
    @rule(seed=seeds, parts=part_sets, domain=domains, max_bytes=sizes)
    def look(self, seed: int, parts: int, domain: str, max_bytes: int) -> None:
        filters = Filters(domain=domain.upper(), max_bytes=max_bytes)
        check_search(self.kept, self.model, vectors(seed, parts), filters)


IndexMachine.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestAgainstADictionary = IndexMachine.TestCase


def test_what_cannot_be_compared_is_not_found(tmp_path: Path) -> None:
    kept = Store(tmp_path, KIND)
    codes = np.ones((3, KIND.row_bytes), np.int8)
    facts = [Facts("me/fits", 1, has=7), Facts("me/odd", 1, has=5, odd=2), Facts("me/broken", 1)]
    kept.update([block_of(KIND, facts, codes)])
    ours = vectors(1)
    assert search(kept.snapshot(), Query.of(KIND, wanted(ours)), Filters()).ids() == ["me/fits"]
    prompt = wanted({"prompt": ours["prompt"]})
    found = search(kept.snapshot(), Query.of(KIND, prompt), Filters())
    assert sorted(found.ids()) == ["me/fits", "me/odd"]
    with pytest.raises(ValueError, match="does not fit"):
        Query.of(KIND, wanted({"prompt": ours["prompt"][:-1]}))


@pytest.mark.parametrize("change", [{"mean": "other"}, {"anchors": "other"}, {"version": 99}])
def test_an_index_of_another_mean_is_built_anew(tmp_path: Path, change: dict) -> None:
    kept = Store(tmp_path, KIND)
    kept.update([row("me/a", vectors(1))])
    other = Store(tmp_path, dataclasses.replace(KIND, **change))
    assert "another mean" in other.snapshot().problem
    assert other.snapshot().rows == 0
    block = row("me/b", vectors(2))
    other.update([Block(block.columns, other.kind)])
    assert [other.snapshot().segments[0].name(0), other.snapshot().rows] == ["me/b", 1]
    assert kept.snapshot().problem  # the first process sees that its index is gone
    assert len(list(tmp_path.glob("*.safetensors"))) == 1


def test_a_manifest_that_was_tampered_with_is_seen(tmp_path: Path) -> None:
    Store(tmp_path, KIND).update([row("me/a", vectors(1))])
    file = tmp_path / MANIFEST
    file.write_bytes(file.read_bytes().replace(b'"rows": 1', b'"rows": 2'))
    assert Store(tmp_path, KIND).snapshot().problem == "the manifest is damaged"


def test_many_small_changes_leave_few_files_and_what_was_removed_makes_room(
    tmp_path: Path,
) -> None:
    kept = Store(tmp_path, KIND)
    for number in range(40):
        kept.update([row(f"me/{number}", vectors(number))])
    assert kept.snapshot().rows == 40
    assert len(kept.snapshot().segments) < store._MERGED
    kept.update([], [hash64(f"me/{number}") for number in range(39)])
    assert kept.snapshot().rows == 1
    assert sum(map(len, kept.snapshot().segments)) == 1
    assert len(list(tmp_path.iterdir())) == 3  # manifest, lock, segment


WRITER = """
import sys
from pathlib import Path
from lwtui.match.index.store import Store
from tests.match.test_index import KIND, row, vectors
kept = Store(Path(sys.argv[1]), KIND)
for number in range(int(sys.argv[2])):
    kept.update([row(f"me/{number}", vectors(number))])
    print(number, flush=True)
"""


def present(kept: Store) -> list[int]:
    """Numbers of what is there, in order."""
    segments = kept.snapshot().segments
    found = [each.name(place) for each in segments for place in np.flatnonzero(each.live)]
    return sorted(int(name.removeprefix("me/")) for name in found)


def writer(folder: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(folder), str(count)]
    root = Path(__file__).parents[2]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)


@pytest.mark.parametrize("lines", [1, 9, 17])
def test_a_killed_writer_leaves_a_sound_index(tmp_path: Path, lines: int) -> None:
    with writer(tmp_path, 10_000) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    kept = Store(tmp_path, KIND)
    numbers = present(kept)
    assert not kept.snapshot().problem
    assert len(numbers) >= lines
    assert numbers == list(range(len(numbers)))
    kept.update([row("me/10000", vectors(1))])
    assert present(kept) == [*numbers, 10_000]


def test_a_reader_sees_whole_states_while_another_process_writes(tmp_path: Path) -> None:
    with writer(tmp_path, 60) as process:
        kept, seen = Store(tmp_path, KIND), 0
        query = Query.of(KIND, wanted(vectors(1)))
        while process.poll() is None or seen < 60:
            snapshot = kept.snapshot()
            found = search(snapshot, query, Filters())
            numbers = sorted(int(name.removeprefix("me/")) for name in found.ids())
            assert numbers == list(range(len(numbers)))
            assert len(numbers) >= seen
            seen = len(numbers)
    assert process.returncode == 0
