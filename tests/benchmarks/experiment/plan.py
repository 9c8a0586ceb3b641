"""Which learnwares and which users the experiment has. Written before any of its results.

100 learnwares: the 35 of the starter collection and the 65 below, all on the starter base. Users
are the ``test`` sides of the tasks. Twelve tasks are nobody's training data, the base's included:
the eleven that the starter collection set aside, and medical abstracts, whose licence kept it out.
"""

from __future__ import annotations

from dataclasses import dataclass

from lwtui.starter import plan

UNSEEN: tuple[str, ...] = tuple(sorted({*plan.UNSEEN, "medicine/medical_abstracts"}))
"""Users whose task no learnware and no base was trained on: four finance, three maths, five
medicine."""
SEEN: tuple[str, ...] = plan.SEEN_BY_BASE
"""Users whose task at least one specialist below was trained on."""
USERS = (*SEEN, *UNSEEN)
WITH_CHOICES = frozenset(
    {
        "finance/australian_credit",
        "finance/banking77",
        "finance/clinc_banking",
        "finance/clinc_credit_cards",
        "finance/earnings_call_tone",
        "finance/german_credit",
        "finance/mmlu_economics",
        "finance/multidogo_finance_intent",
        "finance/multidogo_insurance_intent",
        "finance/sentfin_entity_sentiment",
        "finance/tatqa_answer_type",
        "math/aqua_rat",
        "math/bbh_boolean",
        "math/mathqa_category",
        "math/mathqa_choice",
        "math/mmlu_math",
        "math/svamp_operation",
        "medicine/medical_abstracts",
        "medicine/medmcqa",
        "medicine/medmcqa_subject",
        "medicine/medquad_answer_type",
        "medicine/mmlu_medicine",
        "medicine/mts_dialog_section",
        "medicine/pubmedqa",
    }
)
"""Users whose answers are one of a few given choices."""

SCORED_ROWS = 24
"""Test rows of a user on which every learnware's performance is measured."""
VERIFY_ROWS = 32
"""Other test rows, on which a close call may be settled."""
USER_ROWS = 128
"""Test rows the user's specification may draw on; disjoint from the scored ones where the test
side is large enough (``overlap`` in users.csv says where it is not)."""


@dataclass(frozen=True)
class Trained:
    """How one of the additional learnwares is made: a LoRA on the upper four layers."""

    name: str
    tasks: tuple[str, ...]
    rank: int = 4
    share: float = 1.0
    """Share of the training rows used."""
    tokens: int = 160_000
    """Token visits of the training."""
    wrong: float = 0.0
    """Share of the rows whose answer was swapped with another row's."""
    early: bool = False
    """Also keep the adapter after a fifth of the steps, as ``<name>-early``."""

    @property
    def training_set(self) -> str:
        """Learnwares of one training set share one specification, and are averaged in the table
        as the paper does."""
        joined = "+".join(task.split("/", 1)[1] for task in self.tasks)
        return f"{joined}!wrong" if self.wrong else joined


def _short(task: str) -> str:
    return task.split("/", 1)[1].replace("_", "-")


_EARLY = (
    "finance/banking77",
    "finance/sentfin_entity_sentiment",
    "finance/tatqa_span",
    "finance/multidogo_finance_slots",
    "math/gsm8k",
    "math/mathqa_formula",
    "math/aqua_rat",
    "math/svamp_operation",
    "medicine/medquad_genetics",
    "medicine/medmcqa",
    "medicine/mts_dialog_summary",
    "medicine/ner_bc2gm_gene",
)
_MIXTURES = (
    ("finance/clinc_banking", "finance/multidogo_insurance_intent"),
    ("finance/sentfin_entity_sentiment", "finance/german_credit"),
    ("finance/tatqa_span", "finance/convfinqa_program"),
    ("math/gsm8k", "math/mathqa_formula"),
    ("math/svamp_answer", "math/bbh_arithmetic"),
    ("medicine/medquad_genetics", "medicine/meqsum"),
    ("medicine/ner_bc5cdr_chemical", "medicine/ner_bc2gm_gene"),
    ("medicine/medmcqa", "math/aqua_rat"),
)
_WRONG = (
    "finance/multidogo_finance_intent",
    "finance/sentfin_entity_sentiment",
    "finance/tatqa_arithmetic",
    "math/mathqa_category",
    "math/svamp_operation",
    "medicine/medquad_rare_disease",
    "medicine/ner_ncbi_disease",
)

TRAINED: tuple[Trained, ...] = (
    *(
        Trained(
            f"upper-{_short(task)}",
            (task,),
            rank=(2, 4, 8)[index % 3],
            share=(1.0, 0.5)[index % 2],
            early=task in _EARLY,
        )
        for index, task in enumerate(SEEN)
    ),
    *(Trained(f"mixed-{_short(a)}-{_short(b)}", (a, b), rank=8) for a, b in _MIXTURES),
    *(Trained(f"wrong-{_short(task)}", (task,), wrong=1.0, tokens=80_000) for task in _WRONG),
)


def training_sets() -> dict[str, tuple[tuple[str, ...], float, tuple[str, ...]]]:
    """Training set -> (tasks, share of wrong answers, names of the learnwares trained on it)."""
    found: dict[str, tuple[tuple[str, ...], float, list[str]]] = {}
    for recipe in plan.RECIPES:
        joined = "+".join(task.split("/", 1)[1] for task in recipe.tasks)
        key = f"{recipe.folder}-all" if recipe.generalist else joined
        found.setdefault(key, (recipe.tasks, 0.0, []))[2].append(recipe.name)
    for made in TRAINED:
        names = found.setdefault(made.training_set, (made.tasks, made.wrong, []))[2]
        names.append(made.name)
        if made.early:
            names.append(f"{made.name}-early")
    return {key: (tasks, wrong, tuple(names)) for key, (tasks, wrong, names) in found.items()}


def learnwares() -> dict[str, str]:
    """Learnware -> its training set, the 100 in a fixed order."""
    return {name: key for key, (_, _, names) in training_sets().items() for name in names}


def own_sets(user: str) -> set[str]:
    """Training sets that hold the user's task with right answers."""
    return {
        key for key, (tasks, wrong, _) in training_sets().items() if user in tasks and not wrong
    }


def touched_sets(user: str) -> set[str]:
    """Training sets that hold the user's task at all: what leaves with ``own specialist out``."""
    return {key for key, (tasks, _, _) in training_sets().items() if user in tasks}
