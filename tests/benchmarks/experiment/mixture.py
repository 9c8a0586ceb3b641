"""Several learnwares for one dataset whose rows come from several tasks: is the set worth it?

    python -m tests.benchmarks.experiment.mixture --data DIR --work DIR [--tune]

A mixed user brings 64 rows in all, in equal shares. The rows are clustered, every cluster is given
its pick as a dataset of its own would be (gain to expect, or the base when nothing is expected to
beat it), and each scored row, seen as a prompt alone, is routed to a cluster's pick. Compared with
one pick for all, the base, the best single learnware in hindsight, and one per task when the tasks
are known. ``--tune`` prints the same for other mixes, drawn at random, on which the constants were
chosen. Losses are means over a mix's tasks, nats/token, on rows no specification has seen.
"""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lwtui.match.expect import expected_gains
from tests.benchmarks.experiment import (
    embeddings,
    expected,
    gradients,
    mixture_rows,
    plan,
    recipes,
    value,
)
from tests.benchmarks.experiment.mixture_groups import Choice, choose_clusters, cover, nearest
from tests.benchmarks.experiment.study import RESULTS
from tests.benchmarks.experiment.text import WORD

Array = NDArray[np.float64]
ROWS = 64
PARTS = gradients.gradient.PARTS

MIXES: dict[str, tuple[tuple[str, ...], ...]] = {
    "seen, one domain": (
        ("finance/banking77", "finance/tatqa_span"),
        ("finance/sentfin_entity_sentiment", "finance/german_credit"),
        ("math/gsm8k", "math/bbh_boolean"),
        ("medicine/medquad_genetics", "medicine/ner_bc2gm_gene"),
        ("medicine/medmcqa", "medicine/mts_dialog_summary"),
    ),
    "seen, two domains": (
        ("finance/banking77", "medicine/medquad_rare_disease"),
        ("finance/tatqa_arithmetic", "math/gsm8k"),
        ("math/svamp_operation", "medicine/ner_ncbi_disease"),
        ("finance/multidogo_insurance_intent", "math/mathqa_formula"),
        ("medicine/pubmedqa", "math/aqua_rat"),
    ),
    "seen and unseen": (
        ("finance/clinc_banking", "finance/clinc_credit_cards"),
        ("math/mathqa_category", "math/theoremqa"),
        ("medicine/mts_dialog_section", "medicine/covid_qa"),
        ("finance/multidogo_finance_slots", "medicine/ner_anatomy"),
    ),
    "unseen": (
        ("finance/earnings_call_tone", "medicine/medical_abstracts"),
        ("medicine/medquad_cancer_public", "math/bbh_object_counting"),
    ),
    "three tasks": (
        ("finance/banking77", "math/gsm8k", "medicine/ner_bc5cdr_chemical"),
        ("finance/tatqa_span", "finance/sentfin_entity_sentiment",
         "finance/multidogo_insurance_slots"),
        ("medicine/meqsum", "math/svamp_answer", "finance/australian_credit"),
        ("medicine/medquad_genetics", "medicine/medquad_neuro_kidney_heart",
         "medicine/medquad_answer_type"),
    ),
}  # fmt: skip
"""Chosen before any of their results."""


def tuning_mixes() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Other mixes, drawn at random: 30 of two tasks and 10 of three."""
    source = random.Random("mixtures to tune on")
    known = {frozenset(mix) for mixes in MIXES.values() for mix in mixes}
    found: list[tuple[str, ...]] = []
    while len(found) < 40:
        mix = tuple(source.sample(plan.USERS, 2 if len(found) < 30 else 3))
        if frozenset(mix) not in known:
            found.append(mix)
    return {"two tasks": tuple(found[:30]), "three tasks": tuple(found[30:])}


@dataclass(frozen=True)
class Data:
    """Everything cached that mixes need, by user in the order of the plan."""

    sets: dict[str, Array]
    """Centred unit directions of the training sets by part, (sets, dimension)."""
    mean: dict[str, Array]
    rows: list[dict[str, Array]]
    """Unit row gradients of each user's specification by part."""
    hidden: list[Array]
    text: list[list[str]]
    scored: list[mixture_rows.Prompts]
    loss: Array
    """Summed answer losses (sets and the base, users, scored rows)."""
    tokens: Array
    anchored: expected.Anchored


def read(data: Path, work: Path, layout: str) -> Data:
    mixture_rows.cache(data, work, (layout,))
    measured = value.read(work)
    raw: dict[str, list[Array]] = {part: [] for part in PARTS}
    for key in measured.sets:
        cached = gradients.load(work, "training", key, "mixed", ROWS)
        for part in PARTS:
            raw[part].append(recipes.part_rows(cached, part, False).mean(0))
    stacked = {part: recipes.unit(np.stack(found)) for part, found in raw.items()}
    mean = {part: found.mean(0) for part, found in stacked.items()}
    found = np.load(work / "embeddings" / "reference.npz", allow_pickle=False)
    rows, hidden = [], []
    for user in plan.USERS:
        cached = gradients.load(work, "user", user, layout, ROWS)
        rows.append({part: recipes.part_rows(cached, part, False) for part in PARTS})
        hidden.append(found[f"user|{user.replace('/', '.')}|{layout}|prompts"])
    losses, tokens = _losses(measured)
    return Data(
        {part: recipes.unit(vectors - mean[part]) for part, vectors in stacked.items()},
        mean,
        rows,
        hidden,
        [embeddings.texts(data, "user", user, layout, False) for user in plan.USERS],
        [mixture_rows.load(data, work, user, layout) for user in plan.USERS],
        losses,
        tokens,
        expected.measure(measured),
    )


def _losses(measured: value.Measured) -> tuple[Array, Array]:
    """Of each training set the mean of its learnwares; the base last; a user with fewer scored
    rows has zeros."""
    shape = (len(measured.users), plan.SCORED_ROWS)
    loss, tokens = np.zeros((len(measured.sets) + 1, *shape)), np.zeros(shape)
    for user, base in enumerate(measured.base_rows):
        held = base[: plan.SCORED_ROWS]
        count = len(held)
        loss[-1, user, :count], tokens[user, :count] = held[:, 0], held[:, 1]
        for index, key in enumerate(measured.sets):
            names = expected.names_of(measured, key)
            each = [measured.rows[name][user][:count, 0] for name in names]
            loss[index, user, :count] = np.mean(each, axis=0)
    return loss, tokens


class Mix:
    """One mixed user: its rows, and what is expected of every learnware on any of them."""

    def __init__(self, data: Data, mix: Sequence[str], has: str = "answers") -> None:
        self.data = data
        self.users = [plan.USERS.index(user) for user in mix]
        share = ROWS // len(mix)
        counts = [min(share, len(data.rows[u]["prompt"])) for u in self.users]
        self.task = np.repeat(np.arange(len(mix)), counts)
        taken = list(zip(self.users, counts, strict=True))
        parts = PARTS if has == "answers" else ("prompt",)
        self.parts = {p: np.concatenate([data.rows[u][p][:n] for u, n in taken]) for p in parts}
        self.hidden = np.concatenate([data.hidden[u][:n] for u, n in taken])
        self.text = [line for u, n in taken for line in data.text[u][:n]]
        own = set(mix)
        self._anchors = [i for i, t in enumerate(expected.STARTER_TASKS) if t not in own]
        self.scored = [data.scored[u] for u in self.users]

    def gains(self, chosen: NDArray[np.int64]) -> Array:
        """Gains to expect of every set and of the base (0) on some of the rows, (sets + 1,).
        Nothing was measured on the mix's own tasks."""
        ours = self.similarity({p: rows[chosen].mean(0) for p, rows in self.parts.items()})
        found = self.data.anchored
        near = ours[[found.places[i] for i in self._anchors]]
        return np.append(expected_gains(near, ours, found.gains[:, self._anchors], found.own), 0.0)

    def similarity(self, parts: dict[str, Array]) -> Array:
        """Mean cosine of centred directions with every set, (…, sets)."""
        found = [
            recipes.unit(recipes.unit(vector) - self.data.mean[p]) @ self.data.sets[p].T
            for p, vector in parts.items()
        ]
        return np.mean(found, axis=0)

    def loss(self, routed: Sequence[NDArray[np.int64]]) -> float:
        """Of the learnwares each task's scored rows went to, the mean over the tasks."""
        found = []
        for user, chosen in zip(self.users, routed, strict=True):
            rows = np.arange(len(chosen))
            total = self.data.loss[chosen, user, rows].sum()
            found.append(total / self.data.tokens[user, : len(chosen)].sum())
        return float(np.mean(found))

    def all_to(self, chosen: Sequence[int]) -> float:
        """The loss with one learnware for each task."""
        return self.loss(
            [np.full(len(s.text), c) for s, c in zip(self.scored, chosen, strict=True)]
        )

    def oracles(self) -> tuple[float, float]:
        """The best one learnware (or the base) for all, and the best for each task."""
        ways = range(len(self.data.loss))
        alone = [self.all_to([way] * len(self.users)) for way in ways]
        each = self.data.loss[:, self.users].sum(-1) / self.data.tokens[self.users].sum(-1)
        return min(alone), self.all_to(each.argmin(0).tolist())


def features(mix: Mix, way: str) -> tuple[Array, list[Array]]:
    """Centred unit rows (rows, ·) of the specification, and of each task's scored prompts."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    if way == "text":
        fitted = TfidfVectorizer(sublinear_tf=True, token_pattern=WORD).fit(mix.text)
        rows = fitted.transform(mix.text).toarray()
        prompts = [fitted.transform(s.text).toarray() for s in mix.scored]
    elif way == "hidden":
        rows, prompts = mix.hidden, [s.hidden for s in mix.scored]
    else:
        rows, prompts = mix.parts["prompt"], [s.gradient for s in mix.scored]
    mean = mix.data.mean["prompt"] if way == "gradient" else recipes.unit(rows).mean(0)
    centred = [recipes.unit(recipes.unit(found) - mean) for found in [rows, *prompts]]
    return centred[0], centred[1:]


def all_parts(mix: Mix) -> Array:
    """Centred unit gradients of all parts side by side."""
    found = [recipes.unit(rows - mix.data.mean[part]) for part, rows in mix.parts.items()]
    return recipes.unit(np.concatenate(found, axis=1))


def accuracy(choice: Choice, mix: Mix, routed: Sequence[NDArray[np.int64]]) -> float:
    """Share of the scored rows that go where most rows of their task lie."""
    right = []
    for task, places in enumerate(routed):
        home = np.bincount(choice.labels[mix.task == task]).argmax()
        right.append(np.mean(places == home))
    return float(np.mean(right))
