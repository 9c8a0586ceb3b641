"""The baselines that look at the text and not at what a model would learn from it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.experiment import embeddings, plan, recipes

Array = NDArray[np.float64]
REDUCED = 10
"""Points of a reduced set, as Beimingwu keeps by default for text."""
GAMMA = 0.1
WORD = r"(?u)\b\w+\b|[^\w\s]"


def tfidf(data: Path, answers: bool, layout: str = "instruction", centre: bool = True) -> Array:
    """Cosine of mean TF-IDF vectors, (users, sets). The vocabulary is of the training sets."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    sets = [embeddings.texts(data, "training", k, "mixed", answers) for k in plan.training_sets()]
    users = [embeddings.texts(data, "user", task, layout, answers) for task in plan.USERS]
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2, token_pattern=WORD)
    vectorizer.fit([line for lines in sets for line in lines])
    theirs = np.stack([np.asarray(vectorizer.transform(lines).mean(0)).ravel() for lines in sets])
    ours = np.stack([np.asarray(vectorizer.transform(lines).mean(0)).ravel() for lines in users])
    return _cosine(ours, theirs, centre)


def _cosine(ours: Array, theirs: Array, centre: bool) -> Array:
    ours, theirs = recipes.unit(ours), recipes.unit(theirs)
    if centre:
        mean = theirs.mean(0)
        ours, theirs = recipes.unit(ours - mean), recipes.unit(theirs - mean)
    return np.asarray(ours @ theirs.T, dtype=np.float64)


def _rows(work: Path, model: str, answers: bool, layout: str) -> tuple[list[Array], list[Array]]:
    found = np.load(work / "embeddings" / f"{model}.npz", allow_pickle=False)
    label = "texts" if answers else "prompts"
    users = [found[f"user|{t.replace('/', '.')}|{layout}|{label}"] for t in plan.USERS]
    sets = [found[f"training|{key}|mixed|{label}"] for key in plan.training_sets()]
    return users, sets


def mean_embedding(
    work: Path, model: str, answers: bool, layout: str = "instruction", centre: bool = True
) -> Array:
    """Cosine of mean embeddings, (users, sets)."""
    users, sets = _rows(work, model, answers, layout)
    ours = np.stack([recipes.unit(rows).mean(0) for rows in users])
    theirs = np.stack([recipes.unit(rows).mean(0) for rows in sets])
    return _cosine(ours, theirs, centre)


def rkme(work: Path, model: str, answers: bool, layout: str = "instruction") -> Array:
    """−MMD² between reduced kernel mean embeddings, Gaussian kernel, (users, sets).

    Reduced set: k-means centres of the rows' embeddings; weights in closed form, K⁻¹k (Wu et al.
    2023, eq. 6), without the gradient steps on the points that follow in the original.
    """
    users, sets = _rows(work, model, answers, layout)
    scale = float(np.mean([np.linalg.norm(rows, axis=1).mean() for rows in sets]))
    reduced = [[_reduced(rows / scale) for rows in side] for side in (users, sets)]
    result = np.zeros((len(users), len(sets)))
    for i, (points, weights) in enumerate(reduced[0]):
        for j, (others, shares) in enumerate(reduced[1]):
            result[i, j] = 2 * weights @ _kernel(points, others) @ shares
            result[i, j] -= shares @ _kernel(others, others) @ shares
        result[i] -= weights @ _kernel(points, points) @ weights
    return result


def _reduced(rows: Array) -> tuple[Array, Array]:
    from sklearn.cluster import KMeans

    points = KMeans(min(REDUCED, len(rows)), n_init=1, random_state=0).fit(rows).cluster_centers_
    kernel = _kernel(points, points) + 1e-6 * np.eye(len(points))
    return points, np.linalg.solve(kernel, _kernel(points, rows).mean(1))


def _kernel(one: Array, other: Array) -> Array:
    squared = (one**2).sum(1)[:, None] + (other**2).sum(1)[None] - 2 * one @ other.T
    return np.asarray(np.exp(-GAMMA * np.maximum(squared, 0)), dtype=np.float64)
