"""What the index computes: projections, the best of many, filters, twins."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwtui.learnware.model import DataSource, Learnware, ModelFile, ModelInfo, Score, Semantic
from lwtui.match.index import scan
from lwtui.match.index.project import COPIES, project, quantised, sign_planes
from lwtui.match.index.query import Query
from lwtui.match.index.scan import passing
from lwtui.match.index.segment import block_of
from lwtui.match.index.upkeep import facts_of
from lwtui.match.rank import passes
from lwtui.match.result import Filters

from .index_vectors import KIND, vectors, wanted


@pytest.mark.parametrize("likeness", [0.0, 0.5, 0.9])
def test_the_error_of_a_projection_is_within_its_bound(likeness: float) -> None:
    source = np.random.default_rng(0)
    one = source.normal(size=(300, 28672)).astype(np.float32)
    two = source.normal(size=(300, 28672)).astype(np.float32)
    one /= np.linalg.norm(one, axis=1, keepdims=True)
    two = likeness * one + (1 - likeness**2) ** 0.5 * two / np.linalg.norm(
        two, axis=1, keepdims=True
    )
    true = (one * two).sum(1)
    ours, theirs = project(one, 1024), project(two, 1024)
    error = (ours * theirs).sum(1) - true
    assert np.sqrt(np.mean(error**2)) <= 1.1 * ((1 + likeness**2) / 1024) ** 0.5
    assert abs(error.mean()) < 4 * error.std() / 300**0.5
    codes = [quantised(each).astype(np.float32) for each in (ours, theirs)]
    lengths = np.prod([np.linalg.norm(each, axis=1) for each in codes], axis=0)
    exact = (ours * theirs).sum(1) / np.prod(
        [np.linalg.norm(each, axis=1) for each in (ours, theirs)], axis=0
    )
    assert np.abs((codes[0] * codes[1]).sum(1) / lengths - exact).max() < 0.002
    planes = [sign_planes(quantised(each), 512) for each in (ours, theirs)]
    differ = np.bitwise_count(planes[0] ^ planes[1]).sum(0)
    assert np.abs(np.cos(np.pi * differ / 512) - true).mean() < 2 / 512**0.5


def test_a_projection_of_a_spike_keeps_its_length() -> None:
    spike = np.zeros((1, 28672), np.float32)
    spike[0, 7] = 1
    assert np.linalg.norm(project(spike, 1024)) == pytest.approx(1)
    assert np.count_nonzero(project(spike, 1024)) == COPIES
    short = np.eye(40, dtype=np.float32)
    assert project(short, 1024) @ project(short, 1024).T == pytest.approx(short, abs=1e-5)


def test_the_best_few_of_many_are_the_ones_with_the_highest_scores() -> None:
    scores = np.random.default_rng(0).normal(size=50_000).astype(np.float32)
    scores[::3] = -np.inf
    halves = [(half, half) for half in np.array_split(scores, 3)]
    for count in (1, 100, 2000, 40_000):
        best = scan._best(halves, 0, count)
        expected = min(count, int(np.isfinite(scores).sum()))
        assert sorted(best) == sorted(np.argsort(-scores, kind="stable")[:expected])


WORDS = st.sampled_from(["", "finance", "FINANCE", "straße", "STRASSE", "İ", "i", "me/a", "ME/A"])


@settings(max_examples=60, deadline=None)
@given(
    learnwares=st.lists(
        st.builds(
            lambda domain, base, licence, languages, size: Learnware(
                "me/A",
                ModelInfo("adapter", base=base, files=(ModelFile("a", "peft", size),)),
                Semantic(domain=domain, licence=licence, languages=tuple(languages)),
            ),
            *(WORDS, WORDS, WORDS, st.lists(WORDS, max_size=3), st.integers(0, 30)),
        ),
        min_size=1,
        max_size=20,
    ),
    filters=st.builds(Filters, WORDS, WORDS, WORDS, WORDS, st.sampled_from([0, 20, 110])),
    big_base=st.booleans(),
)
def test_filters_give_the_same_answers_as_ranking_does(
    learnwares: list[Learnware], filters: Filters, big_base: bool
) -> None:
    base = Learnware("me/b", ModelInfo("base", files=(ModelFile("b", "safetensors", 100),)))

    def base_of(learnware: Learnware) -> Learnware | None:
        return base if big_base else None

    facts = [facts_of(each, None, KIND, base_of, 7, 0) for each in learnwares]
    block = block_of(KIND, facts, np.ones((len(facts), KIND.row_bytes), np.int8))
    block.live = np.ones(len(facts), bool)  # type: ignore[attr-defined]
    mask = passing(block, Query.of(KIND, wanted(vectors(1))), filters)  # type: ignore[arg-type]
    assert list(mask) == [passes(each, base_of(each), filters) for each in learnwares]


def test_twins_share_a_hash_only_when_data_and_tasks_are_known_and_equal() -> None:
    def twin(name: str, data: str, task: str) -> int:
        semantic = Semantic(data=(DataSource(data),) if data else ())
        scores = (Score(task, "answer loss", 1.0),) if task else ()
        learnware = Learnware(f"me/{name}", ModelInfo("adapter"), semantic, scores=scores)
        return facts_of(learnware, None, KIND, lambda _: None, 0, 0).twin

    assert twin("a", "BANK", "t") == twin("b", "BANK", "t") != 0
    assert twin("a", "BANK", "t") != twin("a", "BANK", "u")
    assert twin("a", "", "t") == twin("a", "BANK", "") == 0
