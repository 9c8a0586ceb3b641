"""Several learnwares for one dataset whose rows come from several tasks: is the set worth it?

    python -m tests.benchmarks.experiment.mixture --data DIR --work DIR [--tune]

A mixed user brings 64 rows in all, in equal shares. The rows are clustered, every cluster is given
its pick as a dataset of its own would be (gain to expect, or the base when nothing is expected to
beat it), and each scored row, seen as a prompt alone, is routed to a cluster's pick. Compared with
one pick for all, the base, the best single learnware in hindsight, and one per task when the tasks
are known. Losses are means over a mix's tasks, nats/token, on rows no specification has seen.

``--tune`` prints the same for other mixes, drawn at random. On those and on the demo folders the
margin, the number of groups and the pooling of hidden states were settled.
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
    expected,
    gradients,
    mixture_groups,
    mixture_rows,
    plan,
    recipes,
    value,
)
from tests.benchmarks.experiment.mixture_groups import Choice, View
from tests.benchmarks.experiment.study import RESULTS
from tests.benchmarks.experiment.table import against, interval

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
    prompts: list[mixture_rows.Prompts]
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
    rows = []
    for user in plan.USERS:
        cached = gradients.load(work, "user", user, layout, ROWS)
        rows.append({part: recipes.part_rows(cached, part, False) for part in PARTS})
    losses, tokens = _losses(measured)
    return Data(
        {part: recipes.unit(vectors - mean[part]) for part, vectors in stacked.items()},
        mean,
        rows,
        [mixture_rows.load(data, work, user, layout) for user in plan.USERS],
        losses,
        tokens,
        expected.measure(measured),
    )


def _losses(measured: value.Measured) -> tuple[Array, Array]:
    """Of each training set the mean of its learnwares; the base last."""
    shape = (len(measured.users), plan.SCORED_ROWS)
    loss, tokens = np.zeros((len(measured.sets) + 1, *shape)), np.zeros(shape)
    for user, base in enumerate(measured.base_rows):
        held = base[: plan.SCORED_ROWS]
        loss[-1, user], tokens[user] = held[:, 0], held[:, 1]
        for index, key in enumerate(measured.sets):
            names = expected.names_of(measured, key)
            each = [measured.rows[name][user][: plan.SCORED_ROWS, 0] for name in names]
            loss[index, user] = np.mean(each, axis=0)
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
        self._anchors = [i for i, t in enumerate(expected.STARTER_TASKS) if t not in mix]
        prompts = [data.prompts[u] for u in self.users]
        self.views = {
            "prompt gradient": mixture_groups.view(
                self.parts["prompt"],
                [one.scored_gradients for one in prompts],
                data.mean["prompt"],
            ),
            "hidden state": mixture_groups.view(
                np.concatenate([data.prompts[u].states[:n] for u, n in taken]),
                [one.scored_states for one in prompts],
            ),
            "text": mixture_groups.text_view(
                [line for u, n in taken for line in data.prompts[u].text[:n]],
                [one.scored_text for one in prompts],
            ),
        }

    @property
    def all_parts(self) -> Array:
        """The rows' centred unit gradients of all parts side by side."""
        found = [recipes.unit(r - self.data.mean[p]) for p, r in self.parts.items()]
        return recipes.unit(np.concatenate(found, axis=1))

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
        """Of the options that each task's scored rows went to; the mean over the tasks."""
        each = np.arange(plan.SCORED_ROWS)
        losses = [self.data.loss[c, u, each].sum() for u, c in zip(self.users, routed, strict=True)]
        return float(np.mean(np.array(losses) / self.data.tokens[self.users].sum(1)))

    def all_to(self, chosen: Sequence[int]) -> float:
        """The loss with one option for each task."""
        return self.loss([np.full(plan.SCORED_ROWS, option) for option in chosen])


@dataclass(frozen=True)
class Outcome:
    """What one way came to for one mix."""

    loss: float
    right: float = float("nan")
    learnwares: int = 1


GROUPED = (
    ("all gradients", "silhouette", "prompt gradient"),
    ("prompt gradient", "silhouette", "prompt gradient"),
    ("hidden state", "silhouette", "hidden state"),
    ("text", "silhouette", "text"),
    ("rows", "similarity", "hidden state"),
    ("prompt gradient", "cover", "prompt gradient"),
    ("text", "cover", "text"),
    ("hidden state", "cover", "hidden state"),
    ("hidden state", "cover", "prompt gradient"),
    ("hidden state", "cover", "text"),
    ("hidden state", "cover", "learnware's prompts"),
    ("hidden state", "cover", "tasks known"),
)
"""(what rows are grouped by, how the set is chosen, what prompts are routed by)."""
PRODUCT = "hidden state, cover, hidden state"


def outcomes(mix: Mix) -> dict[str, Outcome]:
    """Every way for one mix."""
    base, tasks = len(mix.data.loss) - 1, len(mix.users)
    everything = np.arange(len(mix.task))
    single = int(mix.gains(everything).argmax())
    picks = [int(mix.gains(everything[mix.task == t]).argmax()) for t in range(tasks)]
    each = mix.data.loss[:, mix.users].sum(-1) / mix.data.tokens[mix.users].sum(-1)
    found = {
        "base": Outcome(mix.all_to([base] * tasks), 1.0),
        "single pick": Outcome(mix.all_to([single] * tasks), 1.0),
        "best single (hindsight)": Outcome(float(each.mean(1).min()), 1.0),
        "pick per task, tasks known": Outcome(mix.all_to(picks), 1.0, len(set(picks))),
        "best per task (hindsight)": Outcome(
            float(each.min(0).mean()), 1.0, len(set(each.argmin(0)))
        ),
    }
    choices: dict[tuple[str, str], Choice] = {}
    for by, how, routed_by in GROUPED:
        if (by, how) not in choices:
            choices[by, how] = _choose(mix, by, how)
        choice = choices[by, how]
        routed = _routed(mix, choice, routed_by)
        right = mixture_groups.rows_right(choice, mix.task, routed)
        loss = mix.loss([np.array(choice.options)[places] for places in routed])
        found[f"{by}, {how}, {routed_by}"] = Outcome(loss, right, len(choice.options))
    return found


def _choose(mix: Mix, by: str, how: str) -> Choice:
    if by == "rows":
        return mixture_groups.by_similarity(mix.similarity(mix.parts))
    rows = mix.all_parts if by == "all gradients" else mix.views[by].rows
    how_to = {"silhouette": mixture_groups.by_silhouette, "cover": mixture_groups.by_cover}
    return how_to[how](rows, mix.gains)


def _routed(mix: Mix, choice: Choice, by: str) -> list[NDArray[np.int64]]:
    if by in mix.views:
        return mixture_groups.route(choice, mix.views[by])
    if by == "tasks known":
        homes = [np.bincount(choice.places[mix.task == t]).argmax() for t in range(len(mix.users))]
        return [np.full(plan.SCORED_ROWS, home) for home in homes]
    sets = np.vstack([mix.data.sets["prompt"], np.zeros_like(mix.data.sets["prompt"][:1])])
    own = View(sets[choice.options], mix.views["prompt gradient"].scored)
    return [(prompts @ own.rows.T).argmax(1) for prompts in own.scored]


def show(title: str, found: list[dict[str, Outcome]]) -> None:
    """A table of means over mixes, against the single pick."""
    print(f"\n{title}: {len(found)} mixes")
    print(f"{'':<52}{'loss':>7}{'right':>7}{'set':>5}  {'w/t/l':<9}95 % of the difference")
    single = np.array([one["single pick"].loss for one in found])
    for way in found[0]:
        loss = np.array([one[way].loss for one in found])
        right = np.mean([one[way].right for one in found])
        count = np.mean([one[way].learnwares for one in found])
        low, high = interval(loss, single)
        print(
            f"{way:<52}{loss.mean():7.3f}{right:7.2f}{count:5.1f}  {against(loss, single):<9}"
            f"[{low:+.3f}, {high:+.3f}]"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--tune", action="store_true", help="the mixes that constants come from")
    arguments = parser.parse_args()
    mixes = tuning_mixes() if arguments.tune else MIXES
    groups = {**mixes, "one task": tuple((user,) for user in plan.USERS)}
    lines = []
    for layout in mixture_rows.LAYOUTS:
        data = read(arguments.data, arguments.work, layout)
        for has in ("answers", "prompts only"):
            found = {
                group: [outcomes(Mix(data, mix, has)) for mix in chosen]
                for group, chosen in groups.items()
            }
            show(f"{layout}, {has}, mixed", [o for g in mixes for o in found[g]])
            show(f"{layout}, {has}, one task", found["one task"])
            for group, some in found.items():
                for way in some[0]:
                    figures = [
                        np.mean([getattr(one[way], name) for one in some])
                        for name in ("loss", "right", "learnwares")
                    ]
                    lines.append([layout, has, group, len(some), way, *np.round(figures, 4)])
    if arguments.tune:
        return
    with (RESULTS / "mixture.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(
            ["layout", "user_has", "group", "mixes", "way", "loss", "rows_right", "learnwares"]
        )
        writer.writerows(lines)


if __name__ == "__main__":
    main()
