"""Ways to split a mixed user's rows into groups, give each its learnware, and route prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lwtui.match.mixture import cover
from lwtui.spec.rows import GROUPS, ROWS_PER_GROUP, centred, spherical_k_means, unit
from tests.benchmarks.experiment.text import WORD

Array = NDArray[np.float32]
Gains = Callable[[NDArray[np.int64]], NDArray[np.float64]]
"""What is expected of every option on some rows."""
LEAST_SILHOUETTE = 0.15
LEAST_SIMILARITY = 0.01
"""What a further learnware must add to the rows' mean similarity."""
MOST = 4


@dataclass(frozen=True)
class View:
    """One way to look at rows: centred unit vectors of the specification's and of each task's
    scored prompts."""

    rows: Array
    scored: list[Array]


@dataclass(frozen=True)
class Choice:
    """A set of options, and where the rows go."""

    options: list[int]
    places: NDArray[np.int64]
    """Of each row of the specification among ``options``."""
    groups: NDArray[np.int64]
    """The same rows' groups."""
    place_of: NDArray[np.int64]
    """Of each group."""


def view(rows: Array, scored: Sequence[Array], centre: Array | None = None) -> View:
    """Centred by the rows' own mean unless another is given."""
    middle = unit(rows).mean(0) if centre is None else centre
    return View(centred(rows, middle), [centred(each, middle) for each in scored])


def text_view(rows: Sequence[str], scored: Sequence[Sequence[str]]) -> View:
    """TF-IDF; the vocabulary is the user's."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    fitted = TfidfVectorizer(sublinear_tf=True, token_pattern=WORD).fit(rows)
    return view(fitted.transform(rows).toarray(), [fitted.transform(s).toarray() for s in scored])


def by_silhouette(rows: Array, gains: Gains) -> Choice:
    """As many groups as have the best silhouette, each with its pick."""
    from sklearn.metrics import silhouette_score

    best, groups = LEAST_SILHOUETTE, np.zeros(len(rows), np.int64)
    for count in range(2, MOST + 1):
        labels, centroids = spherical_k_means(rows, count)
        if len(centroids) < 2:
            continue
        found = float(silhouette_score(rows, labels, metric="cosine"))
        if found > best:
            best, groups = found, labels
    picks = np.array([gains(np.flatnonzero(groups == g)).argmax() for g in range(groups.max() + 1)])
    options, place_of = np.unique(picks, return_inverse=True)
    return Choice(options.tolist(), place_of[groups], groups, place_of)


def by_cover(rows: Array, gains: Gains) -> Choice:
    """As the product does: groups, covered by few options."""
    groups, centroids = spherical_k_means(rows, min(GROUPS, len(rows) // ROWS_PER_GROUP))
    values = np.stack([gains(np.flatnonzero(groups == g)) for g in range(len(centroids))])
    options, place_of = cover(values, np.bincount(groups) / len(rows))
    return Choice(options, place_of[groups], groups, place_of)


def by_similarity(similarity: NDArray[np.float64]) -> Choice:
    """Options that cover the rows one by one, by the similarity of each (rows, options)."""
    shares = np.full(len(similarity), 1 / len(similarity))
    options, places = cover(similarity, shares, LEAST_SIMILARITY, MOST)
    return Choice(options, places, places, np.arange(len(options)))


def route(choice: Choice, by: View) -> list[NDArray[np.int64]]:
    """Places of each task's scored prompts: of the group whose mean is nearest."""
    groups = range(len(choice.place_of))
    means = unit(np.stack([by.rows[choice.groups == group].sum(0) for group in groups]))
    return [choice.place_of[(prompts @ means.T).argmax(1)] for prompts in by.scored]


def rows_right(
    choice: Choice, task: NDArray[np.int64], routed: Sequence[NDArray[np.int64]]
) -> float:
    """Share of the scored prompts that go where most rows of their task do; mean over tasks."""
    homes = [np.bincount(choice.places[task == each]).argmax() for each in range(len(routed))]
    return float(np.mean([(r == home).mean() for r, home in zip(routed, homes, strict=True)]))
